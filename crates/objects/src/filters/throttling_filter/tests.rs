//! What passes and what is refused, request by request.

use expect_test::{Expect, expect};

use crate::testing::{check_complaints, check_filter, check_level};

/// Plays a request through one filter, three times in a row. What is shown: the requests that reached the
/// origin, then the last answer.
#[track_caller]
fn check(config: &str, request: &str, expected: Expect) {
    let filter = format!(r#"{{"name": "limit", "type": "ThrottlingFilter", "config": {config}}}"#);
    let origin = r#"{"type": "Origin"}"#;
    check_level(
        &format!(
            r#"{{"heap": [{filter},
                {{"name": "limited", "type": "Chain", "config": {{"filters": ["limit"], "handler": {origin}}}}}],
            "handler": {{"type": "SequenceHandler", "config": {{"bindings":
                [{{"handler": "limited"}}, {{"handler": "limited"}}, {{"handler": "limited"}}]}}}}}}"#
        ),
        request,
        expected,
    );
}

#[track_caller]
fn check_refused(config: &str, expected: Expect) {
    let filter = format!(
        r#"{{"type": "ThrottlingFilter",
 "config": {config}}}"#
    );
    let chain = format!(r#"{{"filters": [{filter}], "handler": {{"type": "Origin"}}}}"#);
    check_complaints(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#), expected);
}

#[test]
fn what_exceeds_the_rate_is_refused_with_429() {
    check(
        r#"{"rate": {"numberOfRequests": 2, "duration": "1 hour"}}"#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a

        GET http://app.example/a

        429 Too Many Requests
        content-type: text/plain; charset=utf-8
        retry-after: 1800

        429 Too Many Requests
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn what_does_not_exceed_it_passes() {
    check(
        r#"{"rate": {"numberOfRequests": 3, "duration": "1 hour"}}"#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a

        GET http://app.example/a

        GET http://app.example/a

        200 OK
    "#]],
    );
}

#[test]
fn a_part_of_a_second_counts_as_one() {
    check(
        r#"{"rate": {"numberOfRequests": 2, "duration": "3999 ms"}}"#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a

        GET http://app.example/a

        429 Too Many Requests
        content-type: text/plain; charset=utf-8
        retry-after: 2

        429 Too Many Requests
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn a_rate_of_no_requests_blocks() {
    check_filter(
        "ThrottlingFilter",
        r#"{"rate": {"numberOfRequests": 0, "duration": "1 second"}}"#,
        "GET /a",
        expect![[r#"
            429 Too Many Requests
            content-type: text/plain; charset=utf-8

            429 Too Many Requests
            Transaction transaction-1

        "#]],
    );
}

#[test]
fn each_group_has_the_whole_rate() {
    let config = r#"{"requestGroupingPolicy": "${request.headers['group'][0]}",
        "rate": {"numberOfRequests": 1, "duration": "1 hour"}}"#;
    let binding = |group: &str| {
        format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"handler": "limited", "filters": [
                {{"type": "HeaderFilter", "config": {{"messageType": "REQUEST",
                    "replace": {{"group": ["{group}"]}}}}}}]}}}}}}"#
        )
    };
    check_level(
        &format!(
            r#"{{"heap": [{{"name": "limited", "type": "Chain", "config": {{"handler": {{"type": "Origin"}},
                "filters": [{{"type": "ThrottlingFilter", "config": {config}}}]}}}}],
            "handler": {{"type": "SequenceHandler", "config": {{"bindings": [{}, {}, {}, {}]}}}}}}"#,
            binding("a"),
            binding("b"),
            binding("c"),
            binding("a"),
        ),
        "GET /",
        expect![[r#"
            GET http://app.example/
            group: a

            GET http://app.example/
            group: b

            GET http://app.example/
            group: c

            429 Too Many Requests
            content-type: text/plain; charset=utf-8
            retry-after: 3600

            429 Too Many Requests
            Transaction transaction-1

        "#]],
    );
}

#[test]
fn a_group_that_is_null_is_an_error() {
    check_filter(
        "ThrottlingFilter",
        r#"{"requestGroupingPolicy": "${request.headers['x'][0]}",
            "rate": {"numberOfRequests": 2, "duration": "1 hour"}}"#,
        "GET /a",
        expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
    );
}

#[test]
fn the_entity_may_name_the_group() {
    check(
        r#"{"requestGroupingPolicy": "${request.entity.json.user}",
            "rate": {"numberOfRequests": 1, "duration": "1 hour"}}"#,
        "POST /\n\n{\"user\": \"a\"}",
        expect![[r#"
            POST http://app.example/

            {"user": "a"}

            429 Too Many Requests
            content-type: text/plain; charset=utf-8
            retry-after: 3600

            429 Too Many Requests
            Transaction transaction-1

        "#]],
    );
}

#[test]
fn every_property_is_accepted() {
    check_refused(
        r#"{"rate": {"numberOfRequests": "${1 + 1}", "duration": "1 day"}, "requestGroupingPolicy": "a",
            "cleaningInterval": "1 day", "executor": {"type": "ScheduledExecutorService"}, "maxGroups": 1}"#,
        expect![[""]],
    );
}

#[test]
fn exactly_one_rate_is_needed() {
    check_refused(
        "{}",
        expect![[r#"
        error[PC0313]: ThrottlingFilter needs `rate` or `throttlingRatePolicy`
         --> config.json:1:54
          |
        1 |   {"handler": {"type": "Chain", "config": {"filters": [{"type": "ThrottlingFilter",
          |  ______________________________________________________^
        2 | |  "config": {}}], "handler": {"type": "Origin"}}}}
          | |______________^
    "#]],
    );
    check_refused(
        r#"{"rate": {"numberOfRequests": 2, "duration": "1 s"}, "throttlingRatePolicy":
            {"type": "MappedThrottlingPolicy", "config": {"throttlingRateMapper": "", "throttlingRatesMapping": {}}}}"#,
        expect![[r#"
            error[PC0313]: the rate is either `rate` or what `throttlingRatePolicy` says, not both
             --> config.json:2:21
              |
            2 |  "config": {"rate": {"numberOfRequests": 2, "duration": "1 s"}, "throttlingRatePolicy":
              |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn a_rate_needs_both_of_its_parts() {
    check_refused(
        r#"{"rate": {"duration": "1 s"}}"#,
        expect![[r#"
        error[PC0303]: `rate` of ThrottlingFilter needs the field `numberOfRequests`
         --> config.json:2:21
          |
        2 |  "config": {"rate": {"duration": "1 s"}}}], "handler": {"type": "Origin"}}}}
          |                     ^^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check_refused(
        r#"{"rate": {"numberOfRequests": -1, "duration": "unlimited"}}"#,
        expect![[r#"
        error[PC0302]: ThrottlingFilter: a whole number from 0 to 4294967295 is needed here, found `-1`
         --> config.json:2:42
          |
        2 |  "config": {"rate": {"numberOfRequests": -1, "duration": "unlimited"}}}], "handler": {"type": "Origin"}}}}
          |                                          ^^
        error[PC0302]: ThrottlingFilter: a limited duration longer than zero is needed here
         --> config.json:2:58
          |
        2 |  "config": {"rate": {"numberOfRequests": -1, "duration": "unlimited"}}}], "handler": {"type": "Origin"}}}}
          |                                                          ^^^^^^^^^^^
    "#]],
    );
    check_refused(
        r#"{"rate": {"numberOfRequests": 1, "duration": "0 s"}}"#,
        expect![[r#"
        error[PC0302]: ThrottlingFilter: a limited duration longer than zero is needed here
         --> config.json:2:57
          |
        2 |  "config": {"rate": {"numberOfRequests": 1, "duration": "0 s"}}}], "handler": {"type": "Origin"}}}}
          |                                                         ^^^^^
    "#]],
    );
}

#[test]
fn settings_without_sense_are_refused() {
    let rate = r#""rate": {"numberOfRequests": 2, "duration": "1 s"}"#;
    check_refused(
        &format!(r#"{{"cleaningInterval": "0 s", {rate}}}"#),
        expect![[r#"
        error[PC0313]: cleaningInterval must be longer than nothing and at most a day
         --> config.json:2:33
          |
        2 |  "config": {"cleaningInterval": "0 s", "rate": {"numberOfRequests": 2, "duration": "1 s"}}}], "handler": {"type": "Origin"}}}}
          |                                 ^^^^^
    "#]],
    );
    check_refused(
        &format!(r#"{{"cleaningInterval": "25 hours", {rate}}}"#),
        expect![[r#"
        error[PC0313]: cleaningInterval must be longer than nothing and at most a day
         --> config.json:2:33
          |
        2 |  "config": {"cleaningInterval": "25 hours", "rate": {"numberOfRequests": 2, "duration": "1 s"}}}], "handler": {"type": "Origin"}}}}
          |                                 ^^^^^^^^^^
    "#]],
    );
    check_refused(
        &format!(r#"{{"cleaningInterval": "unlimited", {rate}}}"#),
        expect![[r#"
        error[PC0313]: cleaningInterval must be longer than nothing and at most a day
         --> config.json:2:33
          |
        2 |  "config": {"cleaningInterval": "unlimited", "rate": {"numberOfRequests": 2, "duration": "1 s"}}}], "handler": {"type": "Origin"}}}}
          |                                 ^^^^^^^^^^^
    "#]],
    );
    check_refused(
        &format!(r#"{{"maxGroups": 0, {rate}}}"#),
        expect![[r#"
        error[PC0313]: maxGroups must be at least 1
         --> config.json:2:26
          |
        2 |  "config": {"maxGroups": 0, "rate": {"numberOfRequests": 2, "duration": "1 s"}}}], "handler": {"type": "Origin"}}}}
          |                          ^
    "#]],
    );
    check_refused(
        r#"{"throttlingRatePolicy": {"type": "ScheduledExecutorService"}}"#,
        expect![[r#"
        error[PC0307]: `ScheduledExecutorService@2:37` is a ScheduledExecutorService, but a ThrottlingPolicy is needed here
         --> config.json:2:37
          |
        2 |  "config": {"throttlingRatePolicy": {"type": "ScheduledExecutorService"}}}], "handler": {"type": "Origin"}}}}
          |                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#]],
    );
}
