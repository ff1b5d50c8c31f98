//! When `CaptureDecorator` logs.

use expect_test::{Expect, expect};

use crate::decorators::logged::logged;

/// The points at which a filter is captured, in the order of the log.
#[track_caller]
fn check_points(value: &str, expected: Expect) {
    let config = format!(
        r#"{{"handler": {{"type": "Chain", "config": {{
            "filters": [{{"type": "ChainOfFilters", "name": "both", "capture": {value}, "config": {{"filters": [
                {{"type": "HeaderFilter", "config": {{"messageType": "REQUEST", "add": {{"in": ["1"]}}}}}},
                {{"type": "HeaderFilter", "config": {{"messageType": "RESPONSE", "add": {{"out": ["1"]}}}}}}
            ]}}}}],
            "handler": {{"type": "Origin"}}}}}}}}"#
    );
    let lines = logged(&config, "GET /");
    let shown: Vec<&str> =
        lines.lines().filter(|line| line.contains("---") || line.contains(": 1")).collect();
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn all_points_of_a_filter() {
    check_points(
        r#""all""#,
        expect![[r#"
        --- (request) id:transaction-1 --->
        --- (filtered-request) id:transaction-1 --->
        in: 1
        <--- (response) id:transaction-1 ---
        <--- (filtered-response) id:transaction-1 ---
        out: 1"#]],
    );
}

#[test]
fn some_points_of_a_filter() {
    check_points(
        r#"["FILTERED_REQUEST", "response"]"#,
        expect![[r#"
        --- (filtered-request) id:transaction-1 --->
        in: 1
        <--- (response) id:transaction-1 ---"#]],
    );
    check_points(r#"["request"]"#, expect!["--- (request) id:transaction-1 --->"]);
    check_points(
        r#""filtered_response""#,
        expect![[r#"
        <--- (filtered-response) id:transaction-1 ---
        out: 1"#]],
    );
}

#[test]
fn none_prevails() {
    check_points(r#"["all", "none"]"#, expect![[""]]);
    check_points("[]", expect![[""]]);
}

#[test]
fn filtered_points_say_nothing_about_a_handler() {
    let config = r#"{"handler": {"type": "Origin", "capture": ["filtered_request", "filtered_response"]}}"#;
    expect![[""]].assert_eq(&logged(config, "GET /"));
}
