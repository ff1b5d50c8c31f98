//! What is kept over a login, what is not, and what comes back.

use expect_test::{Expect, expect};
use expression::Value;

use crate::testing::{check_complaints, play_all};

/// The filter in front of a login: until somebody has logged in, which here is a cookie, nothing else answers.
fn level(config: &str) -> String {
    let filter = format!(r#"{{"type": "DataPreservationFilter", "config": {config}}}"#);
    let login = r#"{"type": "SwitchFilter", "config": {"onRequest": [{
        "condition": "${empty request.cookies['user']}",
        "handler": {"type": "StaticResponseHandler",
            "config": {"status": 302, "headers": {"Location": ["https://login.example/"]}}}}]}}"#;
    format!(
        r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}, {login}], "handler": {{"type": "Origin"}}}}}}}}"#
    )
}

const FORM: &str = "POST /order?id=1\norigin: http://app.example\naccept: text/html\n\
    content-type: application/x-www-form-urlencoded; charset=utf-8\n\n";
const BACK: &str = "GET /order?id=1\naccept: text/html\ncookie: user=1";

/// What the browser gets for each request, and how many entities the session holds in the end.
fn visit(config: &str, requests: &[&str]) -> (String, usize) {
    let session = exchange::Session::new("1", indexmap::IndexMap::new());
    let shown = play_all(&level(config), requests, Some(&session)).unwrap();
    let waiting = match session.get(super::SHELF) {
        Value::List(list) => list.len(),
        Value::Null => 0,
        other => panic!("{other:?}"),
    };
    (shown, waiting)
}

#[track_caller]
fn check(config: &str, requests: &[&str], expected: Expect) {
    let (shown, waiting) = visit(config, requests);
    expected.assert_eq(&format!("{shown}{waiting} in the session\n"));
}

/// How many entities are kept for a request that is sent to the login.
#[track_caller]
fn kept(config: &str, request: &str) -> usize {
    let (shown, waiting) = visit(config, &[request]);
    assert!(shown.starts_with("302 Found\nlocation: https://login.example/\n"), "{shown}");
    waiting
}

#[test]
fn a_form_is_kept_over_the_login_and_sent_again_once() {
    check(
        "{}",
        &[
            &format!("{FORM}item=a+%26%20%3Cb%3E%22%27&item=line%0D%0Atwo&empty=&%C3%BC=%E2%82%AC"),
            BACK,
            BACK,
        ],
        expect![[r#"
            302 Found
            location: https://login.example/
            200 OK
            content-type: text/html; charset=utf-8
            cache-control: no-store
            content-security-policy: default-src 'none'; script-src 'sha256-wqNrH8V2w9k8Vx3hhoBV74QSW0SYXnBmfILh8sUsK2Q='; base-uri 'none'; frame-ancestors 'self'
            referrer-policy: same-origin
            x-content-type-options: nosniff

            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>Continue</title>
            </head>
            <body>
            <form id="preserved" method="post" action="/order?id=1" accept-charset="utf-8">
            <input type="hidden" name="item" value="a &amp; &lt;b&gt;&quot;&#39;">
            <input type="hidden" name="item" value="line&#13;&#10;two">
            <input type="hidden" name="empty" value="">
            <input type="hidden" name="ü" value="€">
            <noscript><p>Press the button to send the form that you have filled in before you logged in.</p><button>Continue</button></noscript>
            </form>
            <script>HTMLFormElement.prototype.submit.call(document.getElementById("preserved"));</script>
            </body>
            </html>

            GET http://app.example/order?id=1
            accept: text/html
            cookie: user=1

            200 OK
            0 in the session
        "#]],
    );
}

#[test]
fn whoever_is_logged_in_notices_nothing() {
    let form = FORM.replace("\n\n", "\ncookie: user=1\n\n");
    check(
        "{}",
        &[&format!("{form}a=b"), BACK],
        expect![[r#"
        POST http://app.example/order?id=1
        origin: http://app.example
        accept: text/html
        content-type: application/x-www-form-urlencoded; charset=utf-8
        cookie: user=1

        a=b

        200 OK
        GET http://app.example/order?id=1
        accept: text/html
        cookie: user=1

        200 OK
        0 in the session
    "#]],
    );
}

#[test]
fn the_redirect_of_an_application_that_got_the_form_is_its_own() {
    let filter = r#"{"type": "DataPreservationFilter"}"#;
    let origin = r#"{"type": "Origin", "config": {"status": 303, "headers": {"Location": "/done"}}}"#;
    let level = format!(
        r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}], "handler": {origin}}}}}}}"#
    );
    let session = exchange::Session::new("1", indexmap::IndexMap::new());
    let shown = play_all(&level, &[&format!("{FORM}a=b")], Some(&session)).unwrap();
    assert!(shown.ends_with("\na=b\n\n303 See Other\nlocation: /done\n"), "{shown}");
    assert!(!session.is_changed());
}

#[test]
fn only_forms_of_pages_of_this_host_are_kept() {
    let good = format!("{FORM}a=b");
    assert_eq!(kept("{}", &good), 1);
    assert_eq!(kept("{}", &good.replace("origin: http://app.example", "sec-fetch-site: same-origin")), 1);
    assert_eq!(kept("{}", &good.replace("accept: text/html", "sec-fetch-mode: navigate")), 1);
    for (part, other) in [
        ("app.example", "evil.example"),
        ("http://app.example", "null"),
        ("origin: http://app.example\n", ""),
        ("origin: http://app.example", "sec-fetch-site: same-site"),
        ("accept: text/html", "accept: application/json"),
        ("accept: text/html", "sec-fetch-mode: cors\naccept: text/html"),
        ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
        ("application/x-www-form-urlencoded", "application/json"),
        ("application/x-www-form-urlencoded", "text/plain"),
        ("content-type:", "x-type:"),
        ("POST", "PUT"),
        ("POST /order", "POST http://app.example//evil.example/order"),
        ("a=b", "a=%FF"),
        ("a=b", "a=%00"),
        ("a=b", "a=b&=c"),
        ("a=b", ""),
    ] {
        let request = good.replace(part, other);
        assert_ne!(request, good);
        assert_eq!(kept("{}", &request), 0, "{request}");
    }
}

#[test]
fn the_length_is_limited() {
    let form = |length: usize| format!("{FORM}{}", "a".repeat(length));
    assert_eq!(kept("{}", &form(4096)), 1);
    assert_eq!(kept("{}", &form(4097)), 0);
    assert_eq!(kept(r#"{"maxContentLength": 10}"#, &form(10)), 1);
    assert_eq!(kept(r#"{"maxContentLength": 10}"#, &form(11)), 0);
    assert_eq!(kept(r#"{"maxContentLength": 0}"#, &form(1)), 0);
}

#[test]
fn what_is_kept_expires() {
    let (shown, _) = visit(r#"{"lifetime": "1 ns"}"#, &[&format!("{FORM}a=b"), BACK]);
    assert!(
        shown.ends_with("\n\n200 OK\n") && shown.contains("GET http://app.example/order?id=1"),
        "{shown}"
    );
}

#[test]
fn only_a_page_of_the_same_address_gets_it_back() {
    let form = format!("{FORM}a=b");
    for other in [
        BACK.replace("id=1", "id=2"),
        BACK.replace("accept: text/html", "accept: image/png"),
        BACK.replace("GET", "HEAD"),
    ] {
        let (shown, waiting) = visit("{}", &[&form, &other]);
        assert!(shown.ends_with("\n\n200 OK\n") && waiting == 1, "{shown}");
    }
}

#[test]
fn four_forms_wait_at_most_and_one_for_each_address() {
    let forms: Vec<String> =
        (0..5).map(|id| format!("{FORM}a={id}").replace("id=1", &format!("id={id}"))).collect();
    let mut requests: Vec<&str> = forms.iter().map(String::as_str).collect();
    assert_eq!(visit("{}", &requests).1, 4);
    let first = BACK.replace("id=1", "id=0");
    requests.push(&first);
    assert!(visit("{}", &requests).0.ends_with("\n\n200 OK\n"));
    assert_eq!(visit("{}", &[&forms[1], &forms[1]]).1, 1);
}

#[test]
fn the_message_is_shown_and_harmless() {
    let config = r#"{"noJavaScriptMessage": "</noscript><script>1"}"#;
    let (shown, _) = visit(config, &[&format!("{FORM}a=b"), BACK]);
    assert!(shown.contains("<noscript><p>&lt;/noscript&gt;&lt;script&gt;1</p><button>"), "{shown}");
}

#[test]
fn without_a_session_the_redirect_goes_its_way() {
    let shown = play_all(&level("{}"), &[&format!("{FORM}a=b")], None).unwrap();
    assert!(shown.starts_with("302 Found\n"), "{shown}");
}

#[test]
fn mistakes_are_found_at_load() {
    check_complaints(
        r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
            {"type": "DataPreservationFilter", "config": {"maxContentLength": 1048577}}
        ]}}}"#,
        expect![[r#"
            error[PC0313]: maxContentLength is at most 1048576 bytes: sessions are no file store
             --> config.json:2:79
              |
            2 |             {"type": "DataPreservationFilter", "config": {"maxContentLength": 1048577}}
              |                                                                               ^^^^^^^
        "#]],
    );
    check_complaints(
        r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
            {"type": "DataPreservationFilter", "config": {"maxContentLength": -1, "lifetime": "unlimited"}}
        ]}}}"#,
        expect![[r#"
            error[PC0302]: DataPreservationFilter: a whole number from 0 to 4294967295 is needed here, found `-1`
             --> config.json:2:79
              |
            2 |             {"type": "DataPreservationFilter", "config": {"maxContentLength": -1, "lifetime": "unlimited"}}
              |                                                                               ^^
            error[PC0302]: DataPreservationFilter: a limited duration longer than zero is needed here
             --> config.json:2:95
              |
            2 |             {"type": "DataPreservationFilter", "config": {"maxContentLength": -1, "lifetime": "unlimited"}}
              |                                                                                               ^^^^^^^^^^^
        "#]],
    );
}
