//! Which cookies reach the application and the browser, and what the session keeps.

use crate::testing::{check_complaints, check_session, play};
use expect_test::{Expect, expect};

/// The filter in front of an application that sets these cookies.
fn level(config: &str, cookies: &[&str]) -> String {
    let cookies: Vec<String> = cookies.iter().map(|cookie| format!("\"{cookie}\"")).collect();
    let set = format!(
        r#"{{"type": "HeaderFilter", "config": {{"messageType": "RESPONSE", "add": {{"Set-Cookie": [{}]}}}}}}"#,
        cookies.join(", ")
    );
    let filter = format!(r#"{{"type": "CookieFilter", "config": {config}}}"#);
    format!(
        r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}, {set}], "handler": {{"type": "Origin"}}}}}}}}"#
    )
}

#[track_caller]
fn check(config: &str, cookies: &[&str], requests: &[&str], expected: Expect) {
    check_session(&level(config, cookies), requests, expected);
}

/// The cookies that the application gets with a second request, when it has set these with the first.
fn sent(cookies: &[&str], first: &str, second: &str) -> String {
    let keep = level("{}", cookies);
    let session = exchange::Session::new("1", indexmap::IndexMap::new());
    let shown = crate::testing::play_all(&keep, &[first, second], Some(&session)).unwrap();
    let fields: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("cookie: ")).collect();
    assert!(fields.len() < 2, "{shown}");
    fields.first().copied().unwrap_or_default().to_owned()
}

#[test]
fn by_default_cookies_are_kept_in_the_session() {
    check(
        "{}",
        &["SID=one; Path=/; HttpOnly", "theme=dark; Path=/"],
        &["GET /a\ncookie: SID=forged; IG_SESSIONID=1", "GET /b"],
        expect![[r#"
            GET http://app.example/a

            200 OK
            GET http://app.example/b
            cookie: SID=one; theme=dark

            200 OK
            session: {
              "cookieJar": [
                {
                  "name": "SID",
                  "value": "one",
                  "domain": "app.example",
                  "path": "/",
                  "hostOnly": true,
                  "secure": false
                },
                {
                  "name": "theme",
                  "value": "dark",
                  "domain": "app.example",
                  "path": "/",
                  "hostOnly": true,
                  "secure": false
                }
              ]
            }
        "#]],
    );
}

#[test]
fn suppressed_cookies_pass_in_no_direction_and_relayed_ones_in_both() {
    check(
        r#"{"suppressed": ["Drop"], "relayed": ["pass", "PASS-TOO"]}"#,
        &["drop=1", "Pass=2; Path=/x; Unknown=1", "keep=3"],
        &[
            "GET /a\ncookie: drop=4; PASS=\"5 6\";pass-too=7\ncookie: keep=8; pass=9",
            "GET /a\ncookie: pass=10",
        ],
        expect![[r#"
            GET http://app.example/a
            cookie: PASS="5 6"; pass-too=7; pass=9

            200 OK
            set-cookie: Pass=2; Path=/x; Unknown=1
            GET http://app.example/a
            cookie: pass=10; keep=3

            200 OK
            set-cookie: Pass=2; Path=/x; Unknown=1
            session: {
              "cookieJar": [
                {
                  "name": "keep",
                  "value": "3",
                  "domain": "app.example",
                  "path": "/",
                  "hostOnly": true,
                  "secure": false
                }
              ]
            }
        "#]],
    );
}

#[test]
fn managed_comes_before_suppressed_before_relayed() {
    let lists = r#""managed": ["a"], "suppressed": ["a", "b"], "relayed": ["a", "b", "c"]"#;
    let set = ["a=1", "b=2", "c=3", "d=4"];
    let request = "GET /\ncookie: a=5; b=6; c=7; d=8";
    check(
        &format!(r#"{{{lists}, "defaultAction": "SUPPRESS"}}"#),
        &set,
        &[request, request],
        expect![[r#"
        GET http://app.example/
        cookie: c=7

        200 OK
        set-cookie: c=3
        GET http://app.example/
        cookie: c=7; a=1

        200 OK
        set-cookie: c=3
        session: {
          "cookieJar": [
            {
              "name": "a",
              "value": "1",
              "domain": "app.example",
              "path": "/",
              "hostOnly": true,
              "secure": false
            }
          ]
        }
    "#]],
    );
    check(
        &format!(r#"{{{lists}, "defaultAction": "RELAY"}}"#),
        &set,
        &[request],
        expect![[r#"
        GET http://app.example/
        cookie: c=7; d=8

        200 OK
        set-cookie: c=3
        set-cookie: d=4
        session: {
          "cookieJar": [
            {
              "name": "a",
              "value": "1",
              "domain": "app.example",
              "path": "/",
              "hostOnly": true,
              "secure": false
            }
          ]
        }
    "#]],
    );
}

#[test]
fn without_managed_cookies_there_need_be_no_session() {
    let relay = level(r#"{"defaultAction": "RELAY"}"#, &["a=1; Path=/"]);
    assert_eq!(
        play(&relay, "GET /\ncookie: b=2;c = 3").unwrap(),
        "GET http://app.example/\ncookie: b=2; c = 3\n\n200 OK\nset-cookie: a=1; Path=/\n"
    );
    let shown = play(&level("{}", &[]), "GET /").unwrap();
    assert!(shown.starts_with("500 "), "{shown}");
}

#[test]
fn a_path_that_fits_is_needed() {
    let set = [
        "root=1; Path=/",
        "folder=2; Path=/a",
        "slash=3; Path=/a/",
        "own=4",
        "bad=5; Path=x",
        "b=6; Path=/b",
    ];
    let sent = |path: &str| sent(&set, "GET /a/page", &format!("GET {path}"));
    assert_eq!(sent("/a/b"), "slash=3; folder=2; own=4; bad=5; root=1");
    assert_eq!(sent("/a"), "folder=2; own=4; bad=5; root=1");
    assert_eq!(sent("/ab"), "root=1");
    assert_eq!(sent("/b?/a/"), "b=6; root=1");
}

#[test]
fn a_domain_that_fits_is_needed() {
    let set = [
        "host=1",
        "own=2; Domain=www.shop.example",
        "above=3; Domain=.Shop.Example",
        "top=4; Domain=example",
    ];
    let others = ["other=5; Domain=bank.example", "below=6; Domain=x.www.shop.example", "none=7; Domain="];
    let set = [set.as_slice(), others.as_slice()].concat();
    let sent = |host: &str| sent(&set, "GET http://www.shop.example/", &format!("GET http://{host}/"));
    assert_eq!(sent("WWW.shop.example:81"), "host=1; own=2; above=3; none=7");
    assert_eq!(sent("x.www.shop.example"), "own=2; above=3");
    assert_eq!(sent("shop.example"), "above=3");
    assert_eq!(sent("notshop.example"), "");
    assert_eq!(sent("bank.example"), "");
}

#[test]
fn an_address_has_no_domain_above_it() {
    let set = ["a=1; Domain=0.2.1", "b=2; Domain=192.0.2.1"];
    assert_eq!(sent(&set, "GET http://192.0.2.1/", "GET http://192.0.2.1/"), "b=2");
    assert_eq!(sent(&set, "GET http://192.0.2.1/", "GET http://8.192.0.2.1/"), "");
    assert_eq!(sent(&["a=1; Domain=localhost"], "GET http://localhost/", "GET http://localhost/"), "a=1");
}

#[test]
fn a_secure_cookie_is_sent_over_tls_only() {
    let set = ["a=1; Secure", "b=2; secure=x"];
    assert_eq!(sent(&set, "GET /", "GET /"), "");
    assert_eq!(sent(&set, "GET /", "GET https://app.example/"), "a=1; b=2");
}

#[test]
fn the_age_of_a_cookie_ends_it() {
    let set = [
        "a=1; Max-Age=1000; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "b=2; Max-Age=0",
        "c=3; Max-Age=-5",
        "d=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "e=5; Expires=Fri, 31-Dec-9999 23:59:59 GMT",
        "f=6; Max-Age=99999999999999999999",
        "g=7; Max-Age=soon; Expires=never",
    ];
    assert_eq!(sent(&set, "GET /", "GET /"), "a=1; e=5; f=6; g=7");
}

#[test]
fn a_cookie_that_is_set_again_is_replaced_and_an_ended_one_removed() {
    check(
        "{}",
        &["a=1; Path=/", "b=2; Path=/", "a=3; Path=/", "a=4; Path=/x"],
        &["GET /"],
        expect![[r#"
        GET http://app.example/

        200 OK
        session: {
          "cookieJar": [
            {
              "name": "b",
              "value": "2",
              "domain": "app.example",
              "path": "/",
              "hostOnly": true,
              "secure": false
            },
            {
              "name": "a",
              "value": "3",
              "domain": "app.example",
              "path": "/",
              "hostOnly": true,
              "secure": false
            },
            {
              "name": "a",
              "value": "4",
              "domain": "app.example",
              "path": "/x",
              "hostOnly": true,
              "secure": false
            }
          ]
        }
    "#]],
    );
    check(
        "{}",
        &["a=1", "a=; Max-Age=0"],
        &["GET /"],
        expect![[r#"
        GET http://app.example/

        200 OK
        session: {}
    "#]],
    );
}

#[test]
fn what_is_no_cookie_is_neither_kept_nor_passed_on() {
    let long = format!("long={}", "x".repeat(4092));
    let fits = format!("fits={}", "x".repeat(4091));
    let set = ["nameless", "=empty", "", &long, &fits];
    let shown = sent(&set, "GET /", "GET /");
    assert_eq!((shown.len(), &shown[..6]), (4096, "fits=x"));
}

#[test]
fn the_jar_is_bounded_and_the_oldest_go_first() {
    let many: Vec<String> = (0..101).map(|number| format!("n{number}={number}; Path=/")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let shown = sent(&many, "GET /", "GET /");
    assert!(shown.starts_with("n1=1; n2=2; ") && shown.ends_with("; n100=100"), "{shown}");
    let large: Vec<String> = (0..9).map(|number| format!("n{number}={}; Path=/", "x".repeat(4000))).collect();
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    let shown = sent(&large, "GET /", "GET /");
    let names: Vec<&str> = shown.split("; ").map(|pair| &pair[..2]).collect();
    assert_eq!(names, ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"]);
}

#[test]
fn a_domain_may_name_the_host_that_the_request_is_sent_to() {
    let set = r#"{"type": "HeaderFilter", "config": {"messageType": "RESPONSE",
        "add": {"Set-Cookie": ["a=1; Domain=inner.example", "b=2; Domain=other.example"]}}}"#;
    let level = format!(
        r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{{"type": "CookieFilter"}}, {set}],
            "handler": {{"type": "Origin", "baseURI": "http://www.inner.example:8081"}}}}}}}}"#
    );
    check_session(
        &level,
        &["GET /", "GET /"],
        expect![[r#"
        GET http://www.inner.example:8081/

        200 OK
        GET http://www.inner.example:8081/
        cookie: a=1

        200 OK
        session: {
          "cookieJar": [
            {
              "name": "a",
              "value": "1",
              "domain": "app.example",
              "path": "/",
              "hostOnly": true,
              "secure": false
            }
          ]
        }
    "#]],
    );
}

#[test]
fn a_broken_jar_counts_as_empty() {
    let assign = |value: &str| {
        let filter = format!(
            r#"{{"type": "AssignmentFilter", "config": {{"onRequest": [
                {{"target": "${{session.cookieJar}}", "value": {value}}}]}}}}"#
        );
        let filters = format!(r#"[{filter}, {{"type": "CookieFilter"}}]"#);
        format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"filters": {filters}, "handler": {{"type": "Origin"}}}}}}}}"#
        )
    };
    for value in [r#""text""#, "1", r#"[1, "a", {"name": "a"}, {}]"#] {
        let session = exchange::Session::new("1", indexmap::IndexMap::new());
        let shown = crate::testing::play_all(&assign(value), &["GET /"], Some(&session)).unwrap();
        assert_eq!(shown, "GET http://app.example/\n\n200 OK\n");
    }
}

#[test]
fn mistakes_are_found_at_load() {
    check_complaints(
        r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
            {"type": "CookieFilter", "config": {"defaultAction": "KEEP", "managed": "SID"}}
        ]}}}"#,
        expect![[r#"
            error[PC0302]: CookieFilter: `KEEP` is not one of `MANAGE`, `SUPPRESS`, `RELAY`
             --> config.json:2:66
              |
            2 |             {"type": "CookieFilter", "config": {"defaultAction": "KEEP", "managed": "SID"}}
              |                                                                  ^^^^^^
            error[PC0302]: CookieFilter: an array is needed here, found "SID"
             --> config.json:2:85
              |
            2 |             {"type": "CookieFilter", "config": {"defaultAction": "KEEP", "managed": "SID"}}
              |                                                                                     ^^^^^
        "#]],
    );
}
