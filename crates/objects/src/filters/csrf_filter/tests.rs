//! What passes with a token, what without, and who gets to know it.

use crate::testing::{check_complaints, check_filter, play};
use expect_test::{Expect, expect};

#[track_caller]
fn check(config: &str, request: &str, expected: Expect) {
    check_filter("CsrfFilter", config, request, expected);
}

/// The status of the answer to a request, and the token in it.
fn ask(config: &str, request: &str) -> (String, Option<String>) {
    let filter = format!(r#"{{"type": "CsrfFilter", "config": {config}}}"#);
    let shown = play(
        &format!(r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}], "handler": {{"type": "Origin"}}}}}}}}"#),
        request,
    )
    .unwrap();
    let answer = shown.split_once("\n\n").filter(|(seen, _)| seen.contains("http://"));
    let answer = answer.map_or(shown.as_str(), |(_, answer)| answer);
    let token = answer.lines().find_map(|line| line.strip_prefix("x-csrf-token: "));
    (answer.lines().next().unwrap().to_owned(), token.map(str::to_owned))
}

const CONFIG: &str = r#"{"cookieName": "SID"}"#;

#[test]
fn every_response_has_the_token_of_the_cookie() {
    check(
        CONFIG,
        "GET /a\ncookie: a=b; SID=one; c=d",
        expect![[r#"
        GET http://app.example/a
        cookie: a=b; SID=one; c=d

        200 OK
        x-csrf-token: Kc1x21twWCqxzgP4UnmzoGaRIbRDJLG9Ws_sN3Ho8xQ
        vary: cookie
    "#]],
    );
}

#[test]
fn the_right_token_lets_a_request_pass() {
    let (_, token) = ask(CONFIG, "GET /\ncookie: SID=one");
    let token = token.unwrap();
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let request = format!("{method} /\ncookie: SID=one\nX-csrf-TOKEN: {token}");
        assert_eq!(ask(CONFIG, &request), ("200 OK".to_owned(), Some(token.clone())));
    }
}

#[test]
fn a_missing_or_wrong_token_is_refused_and_told_the_right_one() {
    let (_, token) = ask(CONFIG, "GET /\ncookie: SID=one");
    let (_, other) = ask(CONFIG, "GET /\ncookie: SID=two");
    let (token, other) = (token.unwrap(), other.unwrap());
    let wrong = [
        String::new(),
        "\nx-csrf-token:".to_owned(),
        format!("\nx-csrf-token: {other}"),
        format!("\nx-csrf-token: {}", token.to_lowercase()),
        format!("\nx-csrf-token: {}", &token[1..]),
        format!("\nx-csrf-token: {token}A"),
        format!("\nx-csrf-token: {token}\nx-csrf-token: {token}"),
    ];
    for fields in wrong {
        let request = format!("POST /\ncookie: SID=one{fields}");
        assert_eq!(ask(CONFIG, &request), ("403 Forbidden".to_owned(), Some(token.clone())), "{request}");
    }
}

#[test]
fn the_refusal_tells_nothing_but_the_status() {
    check(
        CONFIG,
        "POST /\ncookie: SID=one",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        x-csrf-token: Kc1x21twWCqxzgP4UnmzoGaRIbRDJLG9Ws_sN3Ho8xQ
        vary: cookie

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn safe_methods_can_be_included() {
    let strict = r#"{"cookieName": "SID", "excludeSafeMethods": false}"#;
    for method in ["GET", "HEAD", "OPTIONS"] {
        let request = format!("{method} /\ncookie: SID=one");
        assert_eq!(ask(CONFIG, &request).0, "200 OK");
        let (status, token) = ask(strict, &request);
        assert_eq!(status, "403 Forbidden");
        assert_eq!(ask(strict, &format!("{request}\nx-csrf-token: {}", token.unwrap())).0, "200 OK");
    }
    assert_eq!(ask(CONFIG, "TRACE /\ncookie: SID=one").0, "403 Forbidden");
}

#[test]
fn without_the_cookie_only_safe_methods_pass_and_there_is_no_token() {
    for cookies in ["", "\ncookie: SID=", "\ncookie: sid=one; ASID=one", "\ncookie: SID"] {
        assert_eq!(ask(CONFIG, &format!("GET /{cookies}")), ("200 OK".to_owned(), None));
        let request = format!("POST /{cookies}\nx-csrf-token: 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
        assert_eq!(ask(CONFIG, &request), ("403 Forbidden".to_owned(), None));
    }
}

#[test]
fn a_planted_second_cookie_does_not_give_the_token_away() {
    let (_, planted) = ask(CONFIG, "GET /\ncookie: SID=planted");
    let request = "POST /\ncookie: SID=planted; SID=one";
    let (status, both) = ask(CONFIG, &format!("{request}\nx-csrf-token: {}", planted.unwrap()));
    assert_eq!(status, "403 Forbidden");
    assert_eq!(ask(CONFIG, &format!("{request}\nx-csrf-token: {}", both.unwrap())).0, "200 OK");
}

#[test]
fn a_cookie_that_is_set_anew_has_a_new_token() {
    let origin = |cookie: &str| {
        let set = format!(
            r#"{{"type": "HeaderFilter", "config": {{"messageType": "RESPONSE", "add": {{"Set-Cookie": [{cookie}]}}}}}}"#
        );
        format!(r#"{{"filters": [{{"type": "CsrfFilter", "config": {CONFIG}}}, {set}]}}"#)
    };
    check_filter(
        "ChainOfFilters",
        &origin(r#""other=1", "SID=old; Path=/x", "SID=two; Path=/; HttpOnly""#),
        "GET /\ncookie: SID=one",
        expect![[r#"
            GET http://app.example/
            cookie: SID=one

            200 OK
            set-cookie: other=1
            set-cookie: SID=old; Path=/x
            set-cookie: SID=two; Path=/; HttpOnly
            x-csrf-token: zDu_jSdGnUCRp5nUeYEmpxXfR1u2BaDSYMXAuNfC5pw
            vary: cookie
        "#]],
    );
    check(
        CONFIG,
        "GET /\ncookie: SID=two",
        expect![[r#"
        GET http://app.example/
        cookie: SID=two

        200 OK
        x-csrf-token: zDu_jSdGnUCRp5nUeYEmpxXfR1u2BaDSYMXAuNfC5pw
        vary: cookie
    "#]],
    );
    check_filter(
        "ChainOfFilters",
        &origin(r#""SID=; Max-Age=0""#),
        "GET /\ncookie: SID=one",
        expect![[r#"
            GET http://app.example/
            cookie: SID=one

            200 OK
            set-cookie: SID=; Max-Age=0
        "#]],
    );
}

#[test]
fn the_field_can_be_named_and_replaces_that_of_the_application() {
    let set = r#"{"type": "HeaderFilter", "config": {"messageType": "RESPONSE",
        "add": {"X-Anti": ["of the application"], "Vary": ["Accept, Cookie"]}}}"#;
    let filter = r#"{"type": "CsrfFilter", "config": {"cookieName": "SID", "headerName": "X-Anti"}}"#;
    check_filter(
        "ChainOfFilters",
        &format!(r#"{{"filters": [{filter}, {set}]}}"#),
        "GET /\ncookie: SID=one",
        expect![[r#"
            GET http://app.example/
            cookie: SID=one

            200 OK
            vary: Accept, Cookie
            x-anti: Kc1x21twWCqxzgP4UnmzoGaRIbRDJLG9Ws_sN3Ho8xQ
        "#]],
    );
}

#[test]
fn a_handler_answers_what_is_refused() {
    check(
        r#"{"cookieName": "SID", "failureHandler": {"type": "Origin", "config": {"status": 418}}}"#,
        "POST /\ncookie: SID=one",
        expect![[r#"
            POST http://app.example/
            cookie: SID=one

            418 I'm a teapot
            x-csrf-token: Kc1x21twWCqxzgP4UnmzoGaRIbRDJLG9Ws_sN3Ho8xQ
            vary: cookie
        "#]],
    );
}

const COOKIE: &str = r#"{"cookieName": "SID", "token": "COOKIE", "excludeSafeMethods": false}"#;

#[test]
fn the_cookie_itself_can_be_the_token() {
    let status = |request: &str| ask(COOKIE, request).0;
    for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE"] {
        let request = format!("{method} /\ncookie: a=b; SID=one");
        assert_eq!(status(&format!("{request}\nX-CSRF-Token: one")), "200 OK", "{request}");
        for wrong in
            ["", "\nX-CSRF-Token:", "\nX-CSRF-Token: On", "\nX-CSRF-Token: One", "\nX-CSRF-Token: one2"]
        {
            assert_eq!(status(&format!("{request}{wrong}")), "403 Forbidden", "{request}{wrong}");
        }
        assert_eq!(status(&format!("{request}\nX-CSRF-Token: one\nX-CSRF-Token: one")), "403 Forbidden");
    }
}

#[test]
fn a_token_that_is_the_cookie_is_told_to_nobody() {
    check(
        r#"{"cookieName": "SID", "token": "COOKIE"}"#,
        "GET /\ncookie: SID=one",
        expect![[r#"
            GET http://app.example/
            cookie: SID=one

            200 OK
        "#]],
    );
    check(
        COOKIE,
        "POST /\ncookie: SID=one",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn without_the_cookie_that_is_the_token_only_safe_methods_pass() {
    for cookies in ["", "\ncookie: SID=", "\ncookie: SID"] {
        for token in ["", "\nX-CSRF-Token:", "\nX-CSRF-Token: one"] {
            assert_eq!(ask(COOKIE, &format!("GET /{cookies}{token}")).0, "200 OK");
            assert_eq!(ask(COOKIE, &format!("POST /{cookies}{token}")).0, "403 Forbidden");
        }
    }
}

#[test]
fn a_planted_cookie_does_not_become_the_token() {
    for token in ["planted", "one", "planted, one", "planted\\none"] {
        let request = format!("POST /\ncookie: SID=planted; SID=one\nX-CSRF-Token: {token}");
        assert_eq!(ask(COOKIE, &request).0, "403 Forbidden", "{request}");
    }
}

#[test]
fn excluded_paths_pass_with_everything_below_them() {
    let config = r#"{"cookieName": "SID", "excludedPaths": ["/openidm/example", "/openidm/my-project/"]}"#;
    let status = |path: &str| ask(config, &format!("POST {path}\ncookie: SID=one")).0;
    for path in [
        "/openidm/example",
        "/openidm/example/",
        "/openidm/example/a/b?c",
        "/openidm/ex%61mple",
        "/openidm/my-project",
        "/openidm/my-project/x",
    ] {
        assert_eq!(status(path), "200 OK", "{path}");
    }
    for path in [
        "/openidm/example2",
        "/openidm/Example",
        "/openidm",
        "/",
        "/a/openidm/example",
        "/openidm/example/../secret",
        "/openidm/example/%2e%2e/secret",
        "/openidm/example%2fx",
        "//openidm/example",
        "/openidm//example",
        "/x?/openidm/example",
    ] {
        assert_eq!(status(path), "403 Forbidden", "{path}");
    }
}

#[test]
fn mistakes_are_found_at_load() {
    check_complaints(
        r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
            {"type": "CsrfFilter", "config": {}},
            {"type": "CsrfFilter", "config": {"cookieName": "SID", "headerName": "a b"}}
        ]}}}"#,
        expect![[r#"
            error[PC0303]: CsrfFilter needs the field `cookieName`
             --> config.json:2:46
              |
            2 |             {"type": "CsrfFilter", "config": {}},
              |                                              ^^
            error[PC0302]: CsrfFilter: `a b` cannot be the name of a header field
             --> config.json:3:82
              |
            3 |             {"type": "CsrfFilter", "config": {"cookieName": "SID", "headerName": "a b"}}
              |                                                                                  ^^^^^
        "#]],
    );
    check_complaints(
        r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
            {"type": "CsrfFilter", "config": {"cookieName": "a=b"}}
        ]}}}"#,
        expect![[r#"
            error[PC0313]: `a=b` cannot be the name of a cookie
             --> config.json:2:61
              |
            2 |             {"type": "CsrfFilter", "config": {"cookieName": "a=b"}}
              |                                                             ^^^^^
        "#]],
    );
    for path in ["", "/", "login", "//"] {
        let config = format!(r#"{{"cookieName": "SID", "excludedPaths": ["/a", "{path}"]}}"#);
        let chain = format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"handler": {{"type": "Origin"}}, "filters": [{{"type": "CsrfFilter", "config": {config}}}]}}}}}}"#
        );
        let complaints: String = play(&chain, "GET /").unwrap_err().iter().map(ToString::to_string).collect();
        assert!(
            complaints.contains(&format!("`{path}` is not a path that could be excluded")),
            "{complaints}"
        );
    }
}
