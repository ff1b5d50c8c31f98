//! What becomes of cookies, and what stays as it was.

use crate::testing::{check_complaints, play};
use expect_test::{Expect, expect};

/// The fields `Set-Cookie` that a browser gets when the application sends `cookies`.
#[track_caller]
fn check(rules: &str, cookies: &[&str], expected: &[&str]) {
    let cookies: Vec<String> =
        cookies.iter().map(|cookie| serde_json::Value::from(*cookie).to_string()).collect();
    let set = format!(
        r#"{{"type": "HeaderFilter", "config": {{"messageType": "RESPONSE", "add": {{"Set-Cookie": [{}]}}}}}}"#,
        cookies.join(", ")
    );
    let filter = format!(r#"{{"type": "SetCookieUpdateFilter", "config": {{"cookies": {rules}}}}}"#);
    let level = format!(
        r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}, {set}], "handler": {{"type": "Origin"}}}}}}}}"#
    );
    let shown = play(&level, "GET /a").unwrap();
    let got: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
    assert_eq!(got, expected, "{rules}");
}

#[test]
fn attributes_are_added_and_replaced() {
    check(
        r#"{"SID": {"secure": true, "http-only": true, "SameSite": "lax", "Max-Age": 60, "path": "/app",
            "domain": "shop.example", "expires": "Thu, 01 Jan 2099 00:00:00 GMT", "value": "new"}}"#,
        &["SID=old", "SID=old; path=/;  SAMESITE = None; Secure; MAX-AGE=5"],
        &[
            "SID=new; Secure; HttpOnly; SameSite=Lax; Max-Age=60; Path=/app; Domain=shop.example; \
             Expires=Thu, 01 Jan 2099 00:00:00 GMT",
            "SID=new; Path=/app; SameSite=Lax; Secure; Max-Age=60; HttpOnly; Domain=shop.example; \
             Expires=Thu, 01 Jan 2099 00:00:00 GMT",
        ],
    );
}

#[test]
fn what_no_rule_names_stays_byte_for_byte() {
    let cookies =
        ["SID=\"a=b\" ;Priority=High;  Partitioned;path=/", "other=1;secure ; x", "no pair at all", "=x"];
    check(r#"{"nothing": {"secure": true}}"#, &cookies, &cookies);
    check(
        r#"{"SID": {"http-only": true}}"#,
        &cookies,
        &[
            "SID=\"a=b\" ;Priority=High;  Partitioned;path=/; HttpOnly",
            "other=1;secure ; x",
            "no pair at all",
            "=x",
        ],
    );
}

#[test]
fn a_pattern_describes_the_whole_name() {
    let cookies = ["id=1", "grid=2", "ID=3", "id2=4"];
    check(r#"{"id": {"value": "x"}}"#, &cookies, &["id=x", "grid=2", "ID=3", "id2=4"]);
    check(r#"{"(?i)id\\d?": {"value": "x"}}"#, &cookies, &["id=x", "grid=2", "ID=x", "id2=x"]);
}

#[test]
fn rules_run_in_their_order_and_see_what_the_earlier_have_set() {
    check(
        r#"{".*": {"SameSite": "strict", "value": "${previous}1"}, "a": {"value": "${previous}2", "samesite": "lax"}}"#,
        &["a=x", "b=x"],
        &["a=x12; SameSite=Lax", "b=x1; SameSite=Strict"],
    );
}

#[test]
fn previous_is_what_the_cookie_had() {
    let show = |attribute: &str| {
        format!(r#"{{"a": {{"value": "x", "{attribute}": "${{previous}}", "domain": "${{previous}}"}}}}"#)
    };
    for attribute in ["secure", "http-only", "samesite", "max-age", "expires", "path"] {
        check(&show(attribute), &["a=1"], &["a=x"]);
    }
    check(r#"{"a": {"max-age": "${previous + 1}"}}"#, &["a=1; Max-Age=5"], &["a=1; Max-Age=6"]);
    check(r#"{"a": {"max-age": "${previous == null ? 9 : 8}"}}"#, &["a=1"], &["a=1; Max-Age=9"]);
    check(r#"{"a": {"secure": "${not previous}"}}"#, &["a=1", "a=1; Secure"], &["a=1; Secure", "a=1"]);
    check(r#"{"a": {"path": "${previous}/b"}}"#, &["a=1; Path=/a; Path=/c"], &["a=1; Path=/c/b"]);
    check(r#"{"a": {"value": "${toUpperCase(previous)}"}}"#, &["a=b=c; x=y"], &["a=B=C; x=y"]);
}

#[test]
fn expressions_see_request_and_response() {
    check(
        r#"{"a": {"path": "${request.uri.path}", "value": "${response.status.code}"}}"#,
        &["a=1"],
        &["a=200; Path=/a"],
    );
}

#[test]
fn null_leaves_false_and_empty_text_take_away() {
    let cookie = "a=1; Secure; HttpOnly; Path=/x; Expires=Thu, 01 Jan 2099 00:00:00 GMT; secure";
    check(
        r#"{"a": {"secure": "${attributes.none}", "path": null, "value": "${request.headers['none'][0]}"}}"#,
        &[cookie],
        &[cookie],
    );
    check(r#"{"a": {"secure": false, "expires": "", "path": "${''}"}}"#, &[cookie], &["a=1; HttpOnly"]);
    check(
        r#"{"a": {"secure": "False", "http-only": "TRUE", "value": ""}}"#,
        &["a=1;Secure"],
        &["a=; HttpOnly"],
    );
}

#[test]
fn a_value_that_would_mean_something_else_is_not_set() {
    let given = |attribute: &str, value: &str| {
        format!(r#"{{"a": {{"{attribute}": "${{request.method == 'GET' ? urlDecode('{value}') : null}}"}}}}"#)
    };
    for (attribute, value) in [
        ("value", "x; Domain=evil.example"),
        ("value", "x%0d%0aSet-Cookie: b=2"),
        ("path", "no/slash"),
        ("path", "/x;y"),
        ("domain", "a b"),
        ("domain", "a/b"),
        ("samesite", "sometimes"),
        ("max-age", "1.5"),
        ("expires", "tomorrow"),
        ("secure", "yes"),
        ("http-only", "1"),
    ] {
        check(&given(attribute, value), &["a=1; Path=/"], &["a=1; Path=/"]);
    }
    check(r#"{"a": {"value": "${request.headers}"}}"#, &["a=1"], &["a=1"]);
}

#[test]
fn a_cookie_for_all_sites_that_is_not_secure_loses_that() {
    check(
        r#"{"a": {"SameSite": "none"}}"#,
        &["a=1", "a=2; Secure", "a=3; SameSite=Lax"],
        &["a=1", "a=2; Secure; SameSite=None", "a=3"],
    );
    check(r#"{"a": {"secure": "${1 == 2}"}}"#, &["a=1; SameSite=None; Secure"], &["a=1"]);
    check(r#"{"a": {"SameSite": "NONE"}, ".": {"Secure": true}}"#, &["a=1"], &["a=1; SameSite=None; Secure"]);
    // Nobody has changed this one.
    check(r#"{"a": {"path": "${null}"}}"#, &["a=1; SameSite=None"], &["a=1; SameSite=None"]);
}

#[track_caller]
fn check_mistakes(rules: &str, expected: Expect) {
    let filter = format!("\n{{\"type\": \"SetCookieUpdateFilter\", \"config\": {{\"cookies\": {rules}}}}}\n");
    let chain = format!(r#"{{"handler": {{"type": "Origin"}}, "filters": [{filter}]}}"#);
    check_complaints(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#), expected);
}

#[test]
fn mistakes_are_found_at_load() {
    check_mistakes(
        r#"{"a": {"secured": true}, "b(": {"path": "/"}}"#,
        expect![[r#"
        error[PC0302]: SetCookieUpdateFilter: `secured` is no attribute of a cookie; there are value, secure, http-only, SameSite, max-age, expires, path and domain
         --> config.json:2:64
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": {"a": {"secured": true}, "b(": {"path": "/"}}}}
          |                                                                ^^^^^^^^^
        error[PC0302]: SetCookieUpdateFilter: the group has no closing `)`
         --> config.json:2:82
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": {"a": {"secured": true}, "b(": {"path": "/"}}}}
          |                                                                                  ^^^^
    "#]],
    );
}

#[test]
fn constants_that_could_never_be_set_are_refused_at_load() {
    check_mistakes(
        r#"{"a": {"max-age": "1 hour"}}"#,
        expect![[r#"
        error[PC0313]: Max-Age cannot be `1 hour`
         --> config.json:2:75
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": {"a": {"max-age": "1 hour"}}}}
          |                                                                           ^^^^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"a": {"secure": 1}}"#,
        expect![[r#"
        error[PC0313]: Secure is `true` or `false`, not `1`
         --> config.json:2:74
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": {"a": {"secure": 1}}}}
          |                                                                          ^
    "#]],
    );
    check_mistakes(
        r#"{"a": {"value": "x;y"}}"#,
        expect![[r#"
        error[PC0313]: the value of a cookie has neither `;` nor control characters
         --> config.json:2:73
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": {"a": {"value": "x;y"}}}}
          |                                                                         ^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"a": {"value": ["x"]}}"#,
        expect![[r#"
        error[PC0313]: value cannot be a list
         --> config.json:2:73
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": {"a": {"value": ["x"]}}}}
          |                                                                         ^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"a": {"SameSite": "none", "secure": false}}"#,
        expect![[r#"
        error[PC0313]: browsers refuse a cookie with SameSite=None that is not secure; set `secure` to true
         --> config.json:2:76
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": {"a": {"SameSite": "none", "secure": false}}}}
          |                                                                            ^^^^^^
    "#]],
    );
    check_mistakes(
        "1",
        expect![[r#"
        error[PC0302]: SetCookieUpdateFilter: an object is needed here, found `1`
         --> config.json:2:57
          |
        2 | {"type": "SetCookieUpdateFilter", "config": {"cookies": 1}}
          |                                                         ^
    "#]],
    );
}
