//! Where people are sent, and what their browser remembers meanwhile.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use expect_test::{Expect, expect};

use crate::testing::{check_complaints, check_filter, check_level, play};

const CONFIG: &str = r#"{"fragmentCaptureEndpoint": "/a/fragment"}"#;
const LOGIN: &str = r#"{"status": 302, "headers": {"Location": "https://login.example/?a=b&c=\"d\"",
    "Set-Cookie": "state=1; Path=/"}, "entity": "gone"}"#;

/// The filter in front of something that answers so.
fn level(config: &str, origin: &str) -> String {
    let filter = format!(r#"{{"type": "FragmentFilter", "config": {config}}}"#);
    format!(
        r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}],
            "handler": {{"type": "Origin", "config": {origin}}}}}}}}}"#
    )
}

fn cookie(captures: &str) -> String {
    format!("ig-fragment-cookie={}", URL_SAFE_NO_PAD.encode(captures))
}

fn post(form: &str) -> String {
    format!(
        "POST /a/fragment\norigin: http://app.example\ncontent-type: application/x-www-form-urlencoded\n\n{form}"
    )
}

/// What a browser remembers after a request: the cookie's own value, or the field as it is.
fn remembered(request: &str) -> String {
    let shown = play(&level(CONFIG, "{}"), request).unwrap();
    let field = shown.lines().find_map(|line| line.strip_prefix("set-cookie: ig-fragment-cookie="));
    let value = field.unwrap_or_default().split(';').next().unwrap_or_default();
    String::from_utf8(URL_SAFE_NO_PAD.decode(value).unwrap()).unwrap()
}

#[test]
fn a_page_takes_the_place_of_a_redirect_and_keeps_its_cookies() {
    check_level(
        &level(CONFIG, LOGIN),
        "GET /a/page?q='b'&amp\naccept: text/html",
        expect![[r##"
        GET http://app.example/a/page?q='b'&amp
        accept: text/html

        200 OK
        content-type: text/html; charset=utf-8
        cache-control: no-store
        content-security-policy: default-src 'none'; script-src 'sha256-Hk62lrqCF/5uAAQ9gSL072VeBQ7fkxE4UT7PTpwBv3Y='; base-uri 'none'; frame-ancestors 'self'; connect-src 'self'; form-action 'none'
        referrer-policy: same-origin
        x-content-type-options: nosniff
        set-cookie: state=1; Path=/

        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>Log in</title>
        </head>
        <body>
        <div id="capture" data-endpoint="/a/fragment" data-target="/a/page?q=&#39;b&#39;&amp;amp" data-next="https://login.example/?a=b&amp;c=&quot;d&quot;"></div>
        <noscript><p>Without JavaScript you will come back to the beginning of the page.</p><p><a href="https://login.example/?a=b&amp;c=&quot;d&quot;">Log in</a></p></noscript>
        <script>(function () {
          var data = document.getElementById("capture").dataset;
          var fragment = location.hash;
          var next = data.next;
          function go() {
            location.replace(next);
          }
          if (!fragment) {
            return go();
          }
          if (next.indexOf("#") < 0 && new URL(next, location.href).origin === location.origin) {
            next += fragment;
          }
          var told = new URLSearchParams({ target: data.target, fragment: fragment });
          fetch(data.endpoint, { method: "POST", body: told, credentials: "same-origin", redirect: "error" }).then(go, go);
        })();
        </script>
        </body>
        </html>

    "##]],
    );
}

#[test]
fn the_message_is_shown_and_harmless() {
    let config =
        r#"{"fragmentCaptureEndpoint": "/a/fragment", "noJavaScriptMessage": "</noscript><script>1"}"#;
    let shown = play(&level(config, LOGIN), "GET /\naccept: text/html").unwrap();
    assert!(shown.contains("<noscript><p>&lt;/noscript&gt;&lt;script&gt;1</p>"), "{shown}");
}

#[test]
fn only_temporary_redirects_of_pages_are_replaced() {
    let is_replaced = |origin: &str, request: &str| {
        let shown = play(&level(CONFIG, origin), request).unwrap();
        shown.contains("\n200 OK\n") && shown.contains("id=\"capture\"")
    };
    let page = "GET /\naccept: text/html, */*;q=0.1";
    for status in [302, 303, 307] {
        assert!(is_replaced(
            &format!(r#"{{"status": {status}, "headers": {{"Location": "/login"}}}}"#),
            page
        ));
    }
    for status in [200, 301, 308, 401] {
        assert!(!is_replaced(
            &format!(r#"{{"status": {status}, "headers": {{"Location": "/login"}}}}"#),
            page
        ));
    }
    assert!(!is_replaced(r#"{"status": 302}"#, page));
    assert!(!is_replaced(r#"{"status": 302, "headers": {"Location": "javascript:alert(1)"}}"#, page));
    assert!(is_replaced(LOGIN, "GET /\nsec-fetch-mode: navigate"));
    for other in [
        "GET /\naccept: */*",
        "GET /favicon.ico\naccept: image/avif,image/webp",
        "GET /\nsec-fetch-mode: no-cors\naccept: text/html",
        "HEAD /\naccept: text/html",
        "POST /\naccept: text/html",
    ] {
        assert!(!is_replaced(LOGIN, other), "{other}");
    }
}

#[test]
fn the_endpoint_takes_a_fragment_in() {
    check_filter(
        "FragmentFilter",
        CONFIG,
        &post("target=%2Fa%3Fb%3Dc&fragment=%23part%2F2"),
        expect![[r#"
        204 No Content
        cache-control: no-store
        set-cookie: ig-fragment-cookie=W1siL2E_Yj1jIiwiI3BhcnQvMiJdXQ; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600
    "#]],
    );
    assert_eq!(remembered(&post("target=/a&fragment=%23x")), r##"[["/a","#x"]]"##);
}

#[test]
fn the_endpoint_listens_to_pages_of_this_host_only() {
    let good = post("target=/a&fragment=%23x");
    let refusals = [
        (good.replace("app.example", "evil.example"), "403"),
        (good.replace("origin: http://app.example\n", ""), "403"),
        (good.replace("http://app.example", "null"), "403"),
        (good.replace("POST", "GET"), "405"),
        (good.replace("x-www-form-urlencoded", "json"), "400"),
        (post(""), "400"),
        (post("target=/a"), "400"),
        (post("target=/a&fragment="), "400"),
        (post("target=/a&fragment=x"), "400"),
        (post("target=/a&fragment=%23x&fragment=%23y"), "400"),
        (post("target=/a&fragment=%23x%0d%0aSet-Cookie:a"), "400"),
        (post("target=/a&fragment=%23%ff"), "400"),
        (post("target=/a%23b&fragment=%23x"), "400"),
        (post("target=https://evil.example/&fragment=%23x"), "400"),
        (post("target=//evil.example/&fragment=%23x"), "400"),
        (post("target=/%5cevil.example/&fragment=%23x"), "400"),
        (post(&format!("target=/a&fragment=%23{}", "x".repeat(16 * 1024))), "413"),
    ];
    for (request, status) in refusals {
        let shown = play(&level(CONFIG, "{}"), &request).unwrap();
        assert!(shown.starts_with(status) && !shown.contains("set-cookie"), "{request}\n{shown}");
    }
    let same = good.replace("origin: http://app.example", "sec-fetch-site: same-origin");
    assert_eq!(remembered(&same), r##"[["/a","#x"]]"##);
}

#[test]
fn whoever_comes_back_is_sent_to_the_part_once() {
    let cookie = cookie(r##"[["/a","#other"],["/a?b=c","#part"]]"##);
    check_filter(
        "FragmentFilter",
        CONFIG,
        &format!("GET /a?b=c\naccept: text/html\ncookie: {cookie}"),
        expect![[r#"
            302 Found
            location: /a?b=c#part
            cache-control: no-store
            set-cookie: ig-fragment-cookie=W1siL2EiLCIjb3RoZXIiXV0; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600
        "#]],
    );
    let last = self::cookie(r##"[["/a","#part"]]"##);
    check_filter(
        "FragmentFilter",
        CONFIG,
        &format!("GET /a\naccept: text/html\ncookie: {last}"),
        expect![[r#"
            302 Found
            location: /a#part
            cache-control: no-store
            set-cookie: ig-fragment-cookie=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT
        "#]],
    );
}

#[test]
fn other_requests_with_the_cookie_pass() {
    let cookie = cookie(r##"[["/a","#part"]]"##);
    for request in ["GET /a?x\naccept: text/html", "GET /a\naccept: image/png", "POST /a\naccept: text/html"]
    {
        let shown = play(&level(CONFIG, "{}"), &format!("{request}\ncookie: {cookie}")).unwrap();
        assert!(shown.ends_with("\n\n200 OK\n"), "{shown}");
    }
}

#[test]
fn a_planted_cookie_leads_to_no_other_host() {
    for captures in [
        r##"[["//evil.example/","#x"]]"##,
        r##"[["/a","https://evil.example"]]"##,
        r##"[["/a","#x\r\nSet-Cookie: a"]]"##,
        r##"[["/a"]]"##,
        "{",
    ] {
        let cookie = cookie(captures);
        for path in ["/a", "http://app.example//evil.example/"] {
            let request = format!("GET {path}\naccept: text/html\ncookie: {cookie}");
            let shown = play(&level(CONFIG, "{}"), &request).unwrap();
            assert!(shown.ends_with("\n\n200 OK\n"), "{shown}");
        }
    }
    let shown =
        play(&level(CONFIG, "{}"), "GET /a\naccept: text/html\ncookie: ig-fragment-cookie=%%%").unwrap();
    assert!(shown.ends_with("\n\n200 OK\n"), "{shown}");
}

#[test]
fn several_pages_can_be_under_way_until_the_cookie_is_full() {
    let with = |captures: &str, form: &str| {
        let (head, body) =
            post(form).split_once("\n\n").map(|(head, body)| (head.to_owned(), body.to_owned())).unwrap();
        remembered(&format!("{head}\ncookie: {}\n\n{body}", cookie(captures)))
    };
    assert_eq!(with(r##"[["/a","#1"]]"##, "target=/b&fragment=%232"), r##"[["/a","#1"],["/b","#2"]]"##);
    assert_eq!(
        with(r##"[["/a","#1"],["/b","#2"]]"##, "target=/a&fragment=%233"),
        r##"[["/b","#2"],["/a","#3"]]"##
    );
    let long = "x".repeat(2000);
    let kept =
        with(&format!(r##"[["/a","#{long}"],["/b","#2"]]"##), &format!("target=/c&fragment=%23{long}"));
    assert_eq!(kept, format!(r##"[["/b","#2"],["/c","#{long}"]]"##));
    assert_eq!(remembered(&post(&format!("target=/c&fragment=%23{}", "x".repeat(3000)))), "");
}

#[test]
fn the_cookie_can_be_shaped() {
    let config = r#"{"fragmentCaptureEndpoint": "/a/fragment", "cookie": {"name": "part", "domain": "app.example",
        "httpOnly": false, "path": "/a", "sameSite": "STRICT", "secure": true, "maxAge": "2 minutes"}}"#;
    check_filter(
        "FragmentFilter",
        config,
        &post("target=/a&fragment=%23x"),
        expect![[r#"
        204 No Content
        cache-control: no-store
        set-cookie: part=W1siL2EiLCIjeCJdXQ; Path=/a; Domain=app.example; Secure; SameSite=Strict; Max-Age=120
    "#]],
    );
}

#[track_caller]
fn check_mistakes(config: &str, expected: Expect) {
    let filter = format!("\n{{\"type\": \"FragmentFilter\", \"config\": {config}}}\n");
    let chain = format!(r#"{{"handler": {{"type": "Origin"}}, "filters": [{filter}]}}"#);
    check_complaints(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#), expected);
}

#[test]
fn mistakes_are_found_at_load() {
    check_mistakes(
        "{}",
        expect![[r#"
        error[PC0303]: FragmentFilter needs the field `fragmentCaptureEndpoint`
         --> config.json:2:38
          |
        2 | {"type": "FragmentFilter", "config": {}}
          |                                      ^^
    "#]],
    );
    check_mistakes(
        r#"{"fragmentCaptureEndpoint": "fragment"}"#,
        expect![[r#"
        error[PC0313]: `fragment` is no path; write for example /home/fragment
         --> config.json:2:66
          |
        2 | {"type": "FragmentFilter", "config": {"fragmentCaptureEndpoint": "fragment"}}
          |                                                                  ^^^^^^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"fragmentCaptureEndpoint": "//other.example/"}"#,
        expect![[r#"
        error[PC0313]: `//other.example/` is no path; write for example /home/fragment
         --> config.json:2:66
          |
        2 | {"type": "FragmentFilter", "config": {"fragmentCaptureEndpoint": "//other.example/"}}
          |                                                                  ^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"fragmentCaptureEndpoint": "/a", "cookie": {"name": "a b"}}"#,
        expect![[r#"
        error[PC0313]: the name of a cookie is made of letters, digits and `!#$%&'*+-.^_`|~`
         --> config.json:2:91
          |
        2 | {"type": "FragmentFilter", "config": {"fragmentCaptureEndpoint": "/a", "cookie": {"name": "a b"}}}
          |                                                                                           ^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"fragmentCaptureEndpoint": "/a", "cookie": {"maxAge": "zero"}}"#,
        expect![[r#"
        error[PC0302]: FragmentFilter: a limited duration longer than zero is needed here
         --> config.json:2:93
          |
        2 | {"type": "FragmentFilter", "config": {"fragmentCaptureEndpoint": "/a", "cookie": {"maxAge": "zero"}}}
          |                                                                                             ^^^^^^
    "#]],
    );
}
