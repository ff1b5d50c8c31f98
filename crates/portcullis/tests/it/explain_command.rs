//! `portcullis explain`: which way a request takes, and why, without sending it.

use std::process::{Command, Output};

use expect_test::{Expect, expect};
use serde_json::Value;
use testbed::GatewayBuilder;

use crate::{PROGRAM, answer_route, gateway};

fn explain(builder: &GatewayBuilder, options: &[&str], request: &[&str]) -> Output {
    let folder = builder.folder().path().to_str().unwrap();
    let arguments = [&["explain", "-d", folder], options, &["--"], request].concat();
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

#[track_caller]
fn check(builder: &GatewayBuilder, request: &[&str], expected: Expect) {
    let output = explain(builder, &[], request);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    expected.assert_eq(&String::from_utf8(output.stdout).unwrap());
}

/// Routes with conditions on the path, the method and a header.
fn routes() -> GatewayBuilder {
    let chain = r#"{
  "condition": "${find(request.uri.path, '^/app') and request.method == 'POST'}",
  "baseURI": "http://app.example.com",
  "heap": [ { "name": "Clean", "type": "HeaderFilter", "config": { "messageType": "REQUEST", "remove": ["x"] } } ],
  "handler": {
    "type": "Chain",
    "capture": "request",
    "config": {
      "filters": [
        "Clean",
        { "type": "ConditionalFilter", "config": {
            "condition": "${request.headers['Accept'][0] == 'text/html'}", "delegate": { "type": "DateHeaderFilter" } } },
        { "type": "SwitchFilter", "config": { "onRequest": [
            { "condition": "${request.method == 'TRACE'}", "handler": "Refuse" } ] } }
      ],
      "handler": "ReverseProxyHandler"
    }
  }
}
"#;
    gateway()
        .config(
            r#"{ "handler": { "type": "Router", "name": "_router", "config": { "defaultHandler": "Refuse" } },
  "heap": [ { "name": "Refuse", "type": "StaticResponseHandler", "config": { "status": 403 } } ] }"#,
        )
        .route(
            "10-secret",
            &answer_route("x").replacen(
                '{',
                r#"{ "condition": "${request.headers['Authorization'][0] == 'Bearer &{key|abc}'}", "#,
                1,
            ),
        )
        .route("20-app", chain)
        .route("30-broken", r#"{ "condition": "${find(request.uri.path, '^/broken')}", "handler": "Nope" }"#)
        .route("40-file", r#"{ "handler": }"#)
        .route(
            "50-only-get",
            &answer_route("x").replacen(
                '{',
                r#"{ "condition": "${request.uri.path == '/' && request.method == 'GET'}", "#,
                1,
            ),
        )
}

#[test]
fn the_way_through_a_route_with_filters() {
    check(
        &routes(),
        &["POST", "https://www.example.com/app/x?secret=1", "-H", "Accept: text/html"],
        expect![[r#"
            POST https://www.example.com/app/x

            Router `_router` (config/config.json:1:14): routes of config/routes
              - 10-secret: no
                  ${request.headers['Authorization'][0] == 'Bearer &{key|abc}'} = false
                    request.headers['Authorization'][0] = null
              - 20-app: yes
                  ${find(request.uri.path, '^/app') and request.method == 'POST'} = true
                    find(request.uri.path, '^/app') = true
                      request.uri.path = "/app/x"
                    request.method == 'POST' = true
                      request.method = "POST"
              - 30-broken: not asked
              - 40-file: not asked
              - 50-only-get: not asked
              Chain (config/routes/20-app.json:5:14), decorated: capture, baseURI
                HeaderFilter `Clean` (config/routes/20-app.json:4:13)
                ConditionalFilter (config/routes/20-app.json:11:9)
                  - 1: yes
                      ${request.headers['Accept'][0] == 'text/html'} = true
                        request.headers['Accept'][0] = "text/html"
                  DateHeaderFilter (config/routes/20-app.json:12:88)
                SwitchFilter (config/routes/20-app.json:13:9): goes on; what `onResponse` does depends on the response
                  - 1: no
                      ${request.method == 'TRACE'} = false
                        request.method = "POST"
                ReverseProxyHandler `ReverseProxyHandler`
        "#]],
    );
}

#[test]
fn a_request_that_no_route_takes_goes_to_the_default_handler() {
    check(
        &routes(),
        &["https://www.example.com/"],
        expect![[r#"
            GET https://www.example.com/

            Router `_router` (config/config.json:1:14): routes of config/routes
              - 10-secret: no
                  ${request.headers['Authorization'][0] == 'Bearer &{key|abc}'} = false
                    request.headers['Authorization'][0] = null
              - 20-app: no
                  ${find(request.uri.path, '^/app') and request.method == 'POST'} = false
                    find(request.uri.path, '^/app') = false
                      request.uri.path = "/"
                    request.method == 'POST' = false
                      request.method = "GET"
              - 30-broken: no
                  ${find(request.uri.path, '^/broken')} = false
                    request.uri.path = "/"
              - 40-file: cannot be told, the file is broken; see `portcullis check`
              - 50-only-get: yes
                  ${request.uri.path == '/' && request.method == 'GET'} = true
                    request.uri.path == '/' = true
                      request.uri.path = "/"
                    request.method == 'GET' = true
                      request.method = "GET"
              StaticResponseHandler (config/routes/50-only-get.json:1:85)
        "#]],
    );
    check(
        &routes(),
        &["-X", "DELETE", "https://www.example.com/"],
        expect![[r#"
            DELETE https://www.example.com/

            Router `_router` (config/config.json:1:14): routes of config/routes
              - 10-secret: no
                  ${request.headers['Authorization'][0] == 'Bearer &{key|abc}'} = false
                    request.headers['Authorization'][0] = null
              - 20-app: no
                  ${find(request.uri.path, '^/app') and request.method == 'POST'} = false
                    find(request.uri.path, '^/app') = false
                      request.uri.path = "/"
                    request.method == 'POST' = false
                      request.method = "DELETE"
              - 30-broken: no
                  ${find(request.uri.path, '^/broken')} = false
                    request.uri.path = "/"
              - 40-file: cannot be told, the file is broken; see `portcullis check`
              - 50-only-get: no
                  ${request.uri.path == '/' && request.method == 'GET'} = false
                    request.uri.path == '/' = true
                      request.uri.path = "/"
                    request.method == 'GET' = false
                      request.method = "DELETE"
              StaticResponseHandler `Refuse` (config/config.json:2:13)
        "#]],
    );
}

#[test]
fn the_default_configuration_can_be_explained_too() {
    check(
        &gateway(),
        &["https://www.example.com/nowhere"],
        expect![[r#"
        GET https://www.example.com/nowhere

        Router `_router`
          DispatchHandler
            - 1: no
                ${request.method == 'GET' and request.uri.path == '/'} = false
                  request.method == 'GET' = true
                    request.method = "GET"
                  request.uri.path == '/' = false
                    request.uri.path = "/nowhere"
            - 2: no
                ${request.uri.path == '/'} = false
                  request.uri.path = "/nowhere"
            - 3: yes
                no condition: takes every request
            StaticResponseHandler
    "#]],
    );
    check(
        &gateway().config(r#"{ "handler": { "type": "Router" } }"#),
        &["https://www.example.com/"],
        expect![[r#"
            GET https://www.example.com/

            Router (config/config.json:1:14)
              answer: 404: no route takes the request, and there is no default handler
        "#]],
    );
}

#[test]
fn a_route_that_is_broken_takes_its_requests_and_answers_503() {
    check(
        &routes(),
        &["https://www.example.com/broken"],
        expect![[r#"
            GET https://www.example.com/broken

            Router `_router` (config/config.json:1:14): routes of config/routes
              - 10-secret: no
                  ${request.headers['Authorization'][0] == 'Bearer &{key|abc}'} = false
                    request.headers['Authorization'][0] = null
              - 20-app: no
                  ${find(request.uri.path, '^/app') and request.method == 'POST'} = false
                    find(request.uri.path, '^/app') = false
                      request.uri.path = "/broken"
                    request.method == 'POST' = false
                      request.method = "GET"
              - 30-broken: yes, but broken: the answer is 503
                  ${find(request.uri.path, '^/broken')} = true
                    request.uri.path = "/broken"
              - 40-file: not asked
              - 50-only-get: not asked
              answer: 503 until the file is mended; see `portcullis check`
        "#]],
    );
}

#[test]
fn credentials_are_not_shown() {
    let request =
        ["https://www.example.com/", "-H", "Authorization: Bearer s3cr3t", "-H", "Cookie: sid=s3cr3t"];
    let builder = routes().route(
        "00-cookie",
        &answer_route("x").replacen('{', r#"{ "condition": "${request.cookies['sid'][0].value == 'abc' or find(request.headers['Cookie'][0], 'x')}", "#, 1),
    );
    for format in ["human", "json"] {
        let output = explain(&builder, &["--format", format], &request);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(text.contains("(hidden)") && text.contains("&{key|abc}"), "{text}");
        assert!(!text.contains("s3cr3t") && !text.contains("Bearer abc"), "{text}");
    }
}

#[test]
fn branches_of_handlers_are_followed() {
    let builder = gateway().config(
        r#"{ "handler": { "type": "DispatchHandler", "config": { "bindings": [
    { "condition": "${request.uri.path == '/a'}", "handler": { "type": "Delegate", "config": { "delegate": "WelcomeHandler" } } },
    { "condition": "${find(request.uri.path, '^/b')}", "handler": { "type": "SequenceHandler", "config": { "bindings": [
        { "handler": { "type": "WelcomeHandler" }, "postcondition": "${response.status.code == 200}" },
        { "handler": "${'Client'}Handler" } ] } } },
    { "handler": { "type": "WelcomeHandler" } } ] } },
  "heap": [ { "name": "WelcomeHandler", "type": "WelcomeHandler" } ] }"#,
    );
    check(
        &builder,
        &["http://h/a"],
        expect![[r#"
        GET http://h/a

        DispatchHandler (config/config.json:1:14)
          - 1: yes
              ${request.uri.path == '/a'} = true
                request.uri.path = "/a"
          - 2: not asked
          - 3: not asked
          Delegate (config/config.json:2:62)
            WelcomeHandler `WelcomeHandler` (config/config.json:7:13)
    "#]],
    );
    check(
        &builder,
        &["http://h/b"],
        expect![[r#"
        GET http://h/b

        DispatchHandler (config/config.json:1:14)
          - 1: no
              ${request.uri.path == '/a'} = false
                request.uri.path = "/b"
          - 2: yes
              ${find(request.uri.path, '^/b')} = true
                request.uri.path = "/b"
          - 3: not asked
          SequenceHandler (config/config.json:3:67): in order, until a `postcondition` does not hold for the response
            WelcomeHandler (config/config.json:4:22)
            ClientHandler `ClientHandler`
    "#]],
    );
    check(
        &builder,
        &["http://h/c"],
        expect![[r#"
        GET http://h/c

        DispatchHandler (config/config.json:1:14)
          - 1: no
              ${request.uri.path == '/a'} = false
                request.uri.path = "/c"
          - 2: no
              ${find(request.uri.path, '^/b')} = false
                request.uri.path = "/c"
          - 3: yes
              no condition: takes every request
          WelcomeHandler (config/config.json:6:18)
    "#]],
    );
}

#[test]
fn routers_within_routes_are_followed() {
    let inner = r#"{ "handler": { "type": "Router", "config": { "directory": "${openig.configDirectory}/inner" } },
  "heap": [ { "name": "Own", "type": "WelcomeHandler" } ] }"#;
    let builder = gateway()
        .route("10-outer", inner)
        .file("config/inner/1.json", r#"{ "condition": "${request.method == 'PUT'}", "handler": "Own" }"#)
        .file("config/inner/2.json", r#"{ "handler": "Own" }"#);
    check(
        &builder,
        &["http://h/a"],
        expect![[r#"
        GET http://h/a

        Router `_router`: routes of config/routes
          - 10-outer: yes
              no condition: takes every request
          Router (config/routes/10-outer.json:1:14): routes of config/inner
            - 1: no
                ${request.method == 'PUT'} = false
                  request.method = "GET"
            - 2: yes
                no condition: takes every request
            WelcomeHandler `Own` (config/routes/10-outer.json:2:13)
    "#]],
    );
}

#[test]
fn a_body_can_be_looked_at() {
    let builder = gateway().route(
        "1",
        &answer_route("x").replacen('{', r#"{ "condition": "${request.entity.json.user == 'anna'}", "#, 1),
    );
    check(
        &builder,
        &["http://h/", "-d", r#"{ "user": "anna" }"#],
        expect![[r#"
        POST http://h/

        Router `_router`: routes of config/routes
          - 1: yes
              ${request.entity.json.user == 'anna'} = true
                request.entity.json.user = "anna"
          StaticResponseHandler (config/routes/1.json:1:69)
    "#]],
    );
}

#[test]
fn machines_can_read_it() {
    let output = explain(&routes(), &["--format", "json"], &["https://h/broken"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    expect![[r#"[{"name":"10-secret","outcome":"notMatched","condition":{"text":"${request.headers['Authorization'][0] == 'Bearer &{key|abc}'}","holds":false,"parts":[{"text":"request.headers['Authorization'][0]","value":"null"}]}},{"name":"20-app","outcome":"notMatched","condition":{"text":"${find(request.uri.path, '^/app') and request.method == 'POST'}","holds":false,"parts":[{"text":"find(request.uri.path, '^/app')","value":"false","parts":[{"text":"request.uri.path","value":"\"/broken\""}]},{"text":"request.method == 'POST'","value":"false","parts":[{"text":"request.method","value":"\"GET\""}]}]}},{"name":"30-broken","outcome":"closed","condition":{"text":"${find(request.uri.path, '^/broken')}","holds":true,"parts":[{"text":"request.uri.path","value":"\"/broken\""}]}},{"name":"40-file","outcome":"notAsked"},{"name":"50-only-get","outcome":"notAsked"}]"#]].assert_eq(&found["handler"]["choices"].to_string());
    expect![[r#"[{"type":"answer","note":"503 until the file is mended; see `portcullis check`"}]"#]]
        .assert_eq(&found["handler"]["steps"].to_string());
}

#[test]
fn nothing_is_sent_written_or_listened_on() {
    let origin = testbed::upstream().get("/", "x").start();
    let builder = gateway().route("all", &crate::proxy_route(&origin.uri()));
    let count = || std::fs::read_dir(builder.folder().path()).unwrap().count();
    let before = count();
    let output = explain(&builder, &[], &["http://h/"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("ReverseProxyHandler"));
    assert_eq!((origin.connections(), count()), (0, before));
}

#[test]
fn what_cannot_be_explained_is_told() {
    let told = |builder: &GatewayBuilder, request: &[&str], code: i32, expected: Expect| {
        let output = explain(builder, &[], request);
        assert_eq!(output.status.code(), Some(code), "{request:?}");
        assert!(output.stdout.is_empty());
        expected.assert_eq(String::from_utf8(output.stderr).unwrap().lines().next().unwrap());
    };
    let any = gateway();
    told(&any, &["GET"], 2, expect!["error: a URL such as https://host/path is needed"]);
    told(
        &any,
        &["GET", "/path"],
        2,
        expect!["error: `/path` is neither a method nor a URL such as https://host/path"],
    );
    told(
        &any,
        &["https://"],
        2,
        expect!["error: `https://` is no URL the gateway takes: `` is not a host, or a host and port"],
    );
    told(&any, &["https://h/", "-H"], 2, expect!["error: `-H` needs a word behind it"]);
    told(
        &any,
        &["https://h/", "-H", "no colon"],
        2,
        expect!["error: `no colon` is no header field: it has no colon"],
    );
    told(
        &any,
        &["https://h/", "-H", "a b: c"],
        2,
        expect!["error: `a b` cannot be the name of a header field"],
    );
    told(
        &any,
        &["https://h/", "-k"],
        2,
        expect!["error: `-k` is none of -X METHOD, -H 'Name: value', -d BODY"],
    );
    told(&any, &[], 2, expect!["error: the following required arguments were not provided:"]);
    told(
        &gateway().config(r#"{ "handler": "Nope" }"#),
        &["https://h/"],
        1,
        expect!["error[PC0306]: no object is named `Nope`"],
    );
}
