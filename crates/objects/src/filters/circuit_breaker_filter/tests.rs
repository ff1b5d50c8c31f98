//! When the circuit opens, what it refuses then, and what the log tells.

use crate::decorators::logged::logged;
use crate::testing::{check_complaints, check_level};
use expect_test::{Expect, expect};

/// A level that sends its request through one filter again and again; it ends as the words say.
fn level(config: &str, ends: &[&str]) -> String {
    let bindings: Vec<String> = ends
        .iter()
        .map(|end| {
            format!(
                r#"{{"handler": {{"type": "Chain", "config": {{"handler": "guarded", "filters": [
                    {{"type": "HeaderFilter", "config": {{"messageType": "REQUEST",
                        "replace": {{"x": ["{end}"]}}}}}}]}}}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"heap": [
            {{"name": "guarded", "type": "Chain", "config": {{"handler": "ends",
                "filters": [{{"type": "CircuitBreakerFilter", "config": {config}}}]}}}},
            {{"name": "teapot", "type": "Origin", "config": {{"status": 418}}}},
            {{"name": "ends", "type": "DispatchHandler", "config": {{"bindings": [
                {{"condition": "${{request.headers['x'][0] == 'fault'}}", "handler":
                    {{"type": "Chain", "config": {{"handler": "teapot", "filters": [
                    {{"type": "StaticRequestFilter", "config": {{"method": "GET", "uri": "${{null}}"}}}}]}}}}}},
                {{"condition": "${{request.headers['x'][0] == 'refused'}}", "handler":
                    {{"type": "Chain", "config": {{"handler": "teapot", "filters": [
                    {{"type": "ConditionEnforcementFilter", "config": {{"condition": "${{false}}"}}}}]}}}}}},
                {{"condition": "${{request.headers['x'][0] == '500'}}", "handler":
                    {{"type": "Origin", "config": {{"status": 500, "entity": "broken"}}}}}},
                {{"handler": {{"type": "Origin"}}}}]}}}}],
        "handler": {{"type": "SequenceHandler", "config": {{"bindings": [{}]}}}}}}"#,
        bindings.join(", ")
    )
}

#[track_caller]
fn check(config: &str, ends: &[&str], expected: Expect) {
    check_level(&level(config, ends), "GET /", expected);
}

#[track_caller]
fn check_refused(config: &str, expected: Expect) {
    let filter = format!("{{\"type\": \"CircuitBreakerFilter\",\n \"config\": {config}}}");
    let chain = format!(r#"{{"filters": [{filter}], "handler": {{"type": "Origin"}}}}"#);
    check_complaints(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#), expected);
}

const TWO_OF_THREE: &str = r#"{"maxFailures": 2, "openDuration": "1 hour", "slidingCounter": {"size": 3}}"#;

#[test]
fn too_many_faults_open_it() {
    check(
        TWO_OF_THREE,
        &["ok", "fault", "ok", "fault", "ok"],
        expect![[r#"
            GET http://app.example/
            x: ok

            GET http://app.example/
            x: ok

            503 Service Unavailable
            content-type: text/plain; charset=utf-8
            retry-after: 3600

            503 Service Unavailable
            Transaction transaction-1

        "#]],
    );
}

#[test]
fn fewer_do_not() {
    check(
        TWO_OF_THREE,
        &["fault", "ok", "ok", "fault", "ok", "ok"],
        expect![[r#"
            GET http://app.example/
            x: ok

            GET http://app.example/
            x: ok

            GET http://app.example/
            x: ok

            GET http://app.example/
            x: ok

            200 OK
        "#]],
    );
}

#[test]
fn what_the_gateway_refuses_is_no_failure() {
    check(
        TWO_OF_THREE,
        &["refused", "refused", "refused", "ok"],
        expect![[r#"
            GET http://app.example/
            x: ok

            200 OK
        "#]],
    );
}

#[test]
fn an_answer_is_a_failure_only_when_the_condition_says_so() {
    check(
        TWO_OF_THREE,
        &["500", "500", "500", "ok"],
        expect![[r#"
            GET http://app.example/
            x: 500

            GET http://app.example/
            x: 500

            GET http://app.example/
            x: 500

            GET http://app.example/
            x: ok

            200 OK
        "#]],
    );
    let condition =
        TWO_OF_THREE.replacen('{', r#"{"failureCondition": "${response.status.code >= 500}", "#, 1);
    check(
        &condition,
        &["500", "500", "ok"],
        expect![[r#"
        GET http://app.example/
        x: 500

        GET http://app.example/
        x: 500

        503 Service Unavailable
        content-type: text/plain; charset=utf-8
        retry-after: 3600

        503 Service Unavailable
        Transaction transaction-1

    "#]],
    );
    let condition =
        TWO_OF_THREE.replacen('{', r#"{"failureCondition": "${response.entity.string == 'broken'}", "#, 1);
    check(
        &condition,
        &["500", "fault", "ok"],
        expect![[r#"
        GET http://app.example/
        x: 500

        503 Service Unavailable
        content-type: text/plain; charset=utf-8
        retry-after: 3600

        503 Service Unavailable
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn the_open_handler_answers_instead() {
    let config = TWO_OF_THREE.replacen('{', r#"{"openHandler": "teapot", "#, 1);
    check(
        &config,
        &["fault", "fault", "ok", "fault"],
        expect![[r#"
            GET http://app.example/
            x: ok

            GET http://app.example/
            x: fault

            418 I'm a teapot
        "#]],
    );
}

#[test]
fn a_trial_follows_when_the_time_is_over() {
    let config = r#"{"maxFailures": 1, "openDuration": "1 ns", "slidingCounter": {"size": 2}}"#;
    check(
        config,
        &["fault", "fault", "ok", "ok"],
        expect![[r#"
            GET http://app.example/
            x: ok

            GET http://app.example/
            x: ok

            200 OK
        "#]],
    );
}

#[test]
fn the_log_tells_of_changes_and_not_of_each_request_in_between() {
    let log = logged(&level(TWO_OF_THREE, &["ok", "fault", "fault", "ok", "ok", "ok"]), "GET /");
    expect![[r#"
        ERROR exchange::fault: The uri of a StaticRequestFilter is null. transaction=transaction-1 status=500
        ERROR exchange::fault: The uri of a StaticRequestFilter is null. transaction=transaction-1 status=500
         WARN CircuitBreaker: The circuit opens: too many requests have failed. name="CircuitBreakerFilter@3:29" failures=2 requests=3 open_duration=3600s
    "#]].assert_eq(&log);
    let config = r#"{"maxFailures": 1, "openDuration": "1 ns", "slidingCounter": {"size": 2}}"#;
    let log = logged(&level(config, &["fault", "fault", "ok", "ok"]), "GET /");
    expect![[r#"
        ERROR exchange::fault: The uri of a StaticRequestFilter is null. transaction=transaction-1 status=500
         WARN CircuitBreaker: The circuit opens: too many requests have failed. name="CircuitBreakerFilter@3:29" failures=1 requests=1 open_duration=1ns
        INFO CircuitBreaker: One request is let through as a trial. name="CircuitBreakerFilter@3:29"
        ERROR exchange::fault: The uri of a StaticRequestFilter is null. transaction=transaction-1 status=500
         WARN CircuitBreaker: The circuit stays open: the trial has failed. name="CircuitBreakerFilter@3:29" open_duration=1ns
        INFO CircuitBreaker: One request is let through as a trial. name="CircuitBreakerFilter@3:29"
        INFO CircuitBreaker: The circuit closes: the trial was answered. name="CircuitBreakerFilter@3:29"
    "#]].assert_eq(&log);
}

#[test]
fn every_property_is_accepted() {
    check_refused(
        r#"{"maxFailures": "${1}", "openDuration": "1 day", "slidingCounter": {"size": "${2}"},
         "openHandler": {"type": "Origin"}, "executor": {"type": "ScheduledExecutorService"}}"#,
        expect![[""]],
    );
}

#[test]
fn three_properties_are_needed() {
    check_refused(
        "{}",
        expect![[r#"
        error[PC0303]: CircuitBreakerFilter needs the field `maxFailures`
         --> config.json:2:12
          |
        2 |  "config": {}}], "handler": {"type": "Origin"}}}}
          |            ^^
        error[PC0303]: CircuitBreakerFilter needs the field `openDuration`
         --> config.json:2:12
          |
        2 |  "config": {}}], "handler": {"type": "Origin"}}}}
          |            ^^
        error[PC0303]: CircuitBreakerFilter needs the field `slidingCounter`
         --> config.json:2:12
          |
        2 |  "config": {}}], "handler": {"type": "Origin"}}}}
          |            ^^
    "#]],
    );
    check_refused(
        r#"{"maxFailures": 1, "openDuration": "1 s", "slidingCounter": {}}"#,
        expect![[r#"
        error[PC0303]: `slidingCounter` of CircuitBreakerFilter needs the field `size`
         --> config.json:2:72
          |
        2 |  "config": {"maxFailures": 1, "openDuration": "1 s", "slidingCounter": {}}}], "handler": {"type": "Origin"}}}}
          |                                                                        ^^
    "#]],
    );
}

#[track_caller]
fn check_limits(failures: &str, duration: &str, size: &str, expected: Expect) {
    check_refused(
        &format!(
            r#"{{"maxFailures": {failures}, "openDuration": "{duration}", "slidingCounter": {{"size": {size}}}}}"#
        ),
        expected,
    );
}

#[test]
fn numbers_without_sense_are_refused() {
    check_limits(
        "0",
        "1 s",
        "2",
        expect![[r#"
        error[PC0313]: maxFailures must be at least 1
         --> config.json:2:28
          |
        2 |  "config": {"maxFailures": 0, "openDuration": "1 s", "slidingCounter": {"size": 2}}}], "handler": {"type": "Origin"}}}}
          |                            ^
    "#]],
    );
    check_limits(
        "-1",
        "1 s",
        "2",
        expect![[r#"
        error[PC0302]: CircuitBreakerFilter: a whole number from 0 to 4294967295 is needed here, found `-1`
         --> config.json:2:28
          |
        2 |  "config": {"maxFailures": -1, "openDuration": "1 s", "slidingCounter": {"size": 2}}}], "handler": {"type": "Origin"}}}}
          |                            ^^
    "#]],
    );
    check_limits(
        "2",
        "1 s",
        "2",
        expect![[r#"
        error[PC0313]: size must be greater than maxFailures and at most 1000000
         --> config.json:2:81
          |
        2 |  "config": {"maxFailures": 2, "openDuration": "1 s", "slidingCounter": {"size": 2}}}], "handler": {"type": "Origin"}}}}
          |                                                                                 ^
    "#]],
    );
    check_limits(
        "2",
        "1 s",
        "1000001",
        expect![[r#"
        error[PC0313]: size must be greater than maxFailures and at most 1000000
         --> config.json:2:81
          |
        2 |  "config": {"maxFailures": 2, "openDuration": "1 s", "slidingCounter": {"size": 1000001}}}], "handler": {"type": "Origin"}}}}
          |                                                                                 ^^^^^^^
    "#]],
    );
}

#[test]
fn durations_without_sense_are_refused() {
    check_limits(
        "2",
        "0 s",
        "3",
        expect![[r#"
        error[PC0313]: openDuration must be longer than nothing and at most a day
         --> config.json:2:47
          |
        2 |  "config": {"maxFailures": 2, "openDuration": "0 s", "slidingCounter": {"size": 3}}}], "handler": {"type": "Origin"}}}}
          |                                               ^^^^^
    "#]],
    );
    check_limits(
        "2",
        "25 hours",
        "3",
        expect![[r#"
        error[PC0313]: openDuration must be longer than nothing and at most a day
         --> config.json:2:47
          |
        2 |  "config": {"maxFailures": 2, "openDuration": "25 hours", "slidingCounter": {"size": 3}}}], "handler": {"type": "Origin"}}}}
          |                                               ^^^^^^^^^^
    "#]],
    );
    check_limits(
        "2",
        "unlimited",
        "3",
        expect![[r#"
        error[PC0313]: openDuration must be longer than nothing and at most a day
         --> config.json:2:47
          |
        2 |  "config": {"maxFailures": 2, "openDuration": "unlimited", "slidingCounter": {"size": 3}}}], "handler": {"type": "Origin"}}}}
          |                                               ^^^^^^^^^^^
    "#]],
    );
}
