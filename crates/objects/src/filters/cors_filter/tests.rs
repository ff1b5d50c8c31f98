//! What pages of other origins may do, and what browsers are told about it.

use crate::testing::{check_complaints, check_filter, check_level};
use expect_test::{Expect, expect};

#[track_caller]
fn check(policy: &str, request: &str, expected: Expect) {
    check_filter("CorsFilter", &format!(r#"{{"policies": [{policy}]}}"#), request, expected);
}

/// The filter in front of an application that sends `fields`.
#[track_caller]
fn check_before(fields: &str, policy: &str, request: &str, expected: Expect) {
    let filter = format!(r#"{{"type": "CorsFilter", "config": {{"policies": [{policy}]}}}}"#);
    let origin = format!(r#"{{"type": "Origin", "config": {{"headers": {fields}}}}}"#);
    check_level(
        &format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}], "handler": {origin}}}}}}}"#
        ),
        request,
        expected,
    );
}

#[track_caller]
fn check_mistakes(config: &str, expected: Expect) {
    let filter = format!(r#"{{"type": "CorsFilter", "config": {config}}}"#);
    check_complaints(
        &format!(
            "{{\"handler\": {{\"type\": \"Chain\", \"config\": {{\"handler\": {{\"type\": \"Origin\"}}, \"filters\": [\n\
             {filter}\n]}}}}}}"
        ),
        expected,
    );
}

/// The answer alone: nothing may have reached the application.
const PREFLIGHT: &str = "OPTIONS /a\norigin: https://www.example\naccess-control-request-method: PUT";

const POLICY: &str = r#"{"acceptedOrigins": ["https://www.example"], "acceptedMethods": ["GET", "PUT"],
    "acceptedHeaders": ["Content-Type", "x-one"], "exposedHeaders": ["X-Two", "X-Three"], "maxAge": "2 minutes",
    "allowCredentials": true}"#;

#[test]
fn a_request_that_is_accepted_gets_the_fields_of_a_response() {
    check(
        POLICY,
        "GET /a\norigin: https://www.example",
        expect![[r#"
        GET http://app.example/a
        origin: https://www.example

        200 OK
        access-control-allow-origin: https://www.example
        access-control-allow-credentials: true
        access-control-expose-headers: x-two, x-three
        vary: origin
    "#]],
    );
}

#[test]
fn a_preflight_request_is_answered_and_does_not_reach_the_application() {
    check(
        POLICY,
        &format!("{PREFLIGHT}\naccess-control-request-headers: X-One, content-type"),
        expect![[r#"
            200 OK
            access-control-allow-origin: https://www.example
            access-control-allow-credentials: true
            access-control-allow-methods: GET, PUT
            access-control-allow-headers: x-one, content-type
            access-control-max-age: 120
            vary: origin
            vary: access-control-request-method
            vary: access-control-request-headers
        "#]],
    );
}

#[test]
fn the_defaults_accept_the_simple_methods_and_no_fields() {
    let policy = r#"{"acceptedOrigins": ["https://www.example"]}"#;
    check(
        policy,
        "POST /a\norigin: https://www.example",
        expect![[r#"
        POST http://app.example/a
        origin: https://www.example

        200 OK
        access-control-allow-origin: https://www.example
        vary: origin
    "#]],
    );
    check(
        policy,
        "PUT /a\norigin: https://www.example",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        policy,
        &PREFLIGHT.replace("PUT", "HEAD"),
        expect![[r#"
        200 OK
        access-control-allow-origin: https://www.example
        access-control-allow-methods: GET, HEAD, POST
        vary: origin
        vary: access-control-request-method
        vary: access-control-request-headers
    "#]],
    );
    check(
        policy,
        &format!("{}\naccess-control-request-headers: x-one", PREFLIGHT.replace("PUT", "GET")),
        expect![[r#"
            403 Forbidden
            content-type: text/plain; charset=utf-8
            vary: origin
            vary: access-control-request-method
            vary: access-control-request-headers

            403 Forbidden
            Transaction transaction-1

        "#]],
    );
}

#[test]
fn a_star_is_for_all_origins_but_null() {
    let policy = r#"{"acceptedOrigins": "*"}"#;
    check(
        policy,
        "GET /a\norigin: app://anything",
        expect![[r#"
        GET http://app.example/a
        origin: app://anything

        200 OK
        access-control-allow-origin: *
        vary: origin
    "#]],
    );
    check(
        policy,
        "GET /a\norigin: null",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        r#"{"acceptedOrigins": ["*", "null"]}"#,
        "GET /a\norigin: null",
        expect![[r#"
        GET http://app.example/a
        origin: null

        200 OK
        access-control-allow-origin: null
        vary: origin
    "#]],
    );
    check(
        r#"{"acceptedOrigins": ["null"]}"#,
        "GET /a\norigin: https://www.example",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn a_star_for_methods_and_fields_is_answered_with_what_was_asked_for() {
    check(
        r#"{"acceptedOrigins": ["https://www.example"], "acceptedMethods": "*", "acceptedHeaders": ["*"],
            "allowCredentials": true, "maxAge": "unlimited"}"#,
        &format!(
            "{PREFLIGHT}\naccess-control-request-headers: authorization\naccess-control-request-headers: ,x-any,"
        ),
        expect![[r#"
            200 OK
            access-control-allow-origin: https://www.example
            access-control-allow-credentials: true
            access-control-allow-methods: PUT
            access-control-allow-headers: authorization, x-any
            access-control-max-age: 86400
            vary: origin
            vary: access-control-request-method
            vary: access-control-request-headers
        "#]],
    );
}

#[test]
fn origins_are_compared_as_a_whole() {
    let policy = r#"{"acceptedOrigins": ["HTTPS://www.Example:443/"]}"#;
    check(
        policy,
        "GET /a\norigin: https://www.example",
        expect![[r#"
        GET http://app.example/a
        origin: https://www.example

        200 OK
        access-control-allow-origin: https://www.example
        vary: origin
    "#]],
    );
    for other in [
        "http://www.example",
        "https://www.example:8443",
        "https://www.example.evil",
        "https://evil-www.example",
        "https://www.example https://evil.example",
        "https://user@www.example",
        "https://www.example/path",
        "www.example",
        "",
        "https://www.example\norigin: https://www.example",
    ] {
        check(
            policy,
            &format!("GET /a\norigin: {other}"),
            expect![[r#"
                403 Forbidden
                content-type: text/plain; charset=utf-8
                vary: origin

                403 Forbidden
                Transaction transaction-1

            "#]],
        );
    }
}

#[test]
fn the_first_policy_that_accepts_the_origin_decides() {
    let policies =
        r#"{"acceptedOrigins": ["https://www.example"]}, {"acceptedOrigins": "*", "acceptedMethods": "*"}"#;
    check(
        policies,
        PREFLIGHT,
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin
        vary: access-control-request-method
        vary: access-control-request-headers

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        policies,
        &PREFLIGHT.replace("www", "other"),
        expect![[r#"
        200 OK
        access-control-allow-origin: *
        access-control-allow-methods: PUT
        vary: origin
        vary: access-control-request-method
        vary: access-control-request-headers
    "#]],
    );
}

#[test]
fn what_a_policy_does_not_list_is_refused() {
    check(
        POLICY,
        "POST /a\norigin: https://www.example",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        POLICY,
        &PREFLIGHT.replace("PUT", "put"),
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin
        vary: access-control-request-method
        vary: access-control-request-headers

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        POLICY,
        &format!("{PREFLIGHT}\naccess-control-request-headers: x-one, x-four"),
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin
        vary: access-control-request-method
        vary: access-control-request-headers

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        POLICY,
        &format!("{PREFLIGHT}\naccess-control-request-headers: x one"),
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin
        vary: access-control-request-method
        vary: access-control-request-headers

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        POLICY,
        "OPTIONS /a\norigin: https://www.example",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn a_handler_answers_what_is_refused() {
    check_filter(
        "CorsFilter",
        r#"{"policies": [], "failureHandler": {"type": "StaticResponseHandler", "config": {"status": 418}}}"#,
        PREFLIGHT,
        expect![[r#"
            418 I'm a teapot
            vary: origin
            vary: access-control-request-method
            vary: access-control-request-headers
        "#]],
    );
}

#[test]
fn requests_of_no_page_and_of_the_own_pages_pass_as_they_are() {
    let fields = r#"{"access-control-allow-origin": "https://app.example", "vary": "Accept"}"#;
    check_before(
        fields,
        POLICY,
        "DELETE /a",
        expect![[r#"
        DELETE http://app.example/a

        200 OK
        access-control-allow-origin: https://app.example
        vary: Accept
        vary: origin
    "#]],
    );
    check_before(
        fields,
        POLICY,
        "DELETE /a\norigin: http://app.example",
        expect![[r#"
        DELETE http://app.example/a
        origin: http://app.example

        200 OK
        access-control-allow-origin: https://app.example
        vary: Accept
        vary: origin
    "#]],
    );
    check_before(
        fields,
        POLICY,
        &PREFLIGHT.replace("www", "app"),
        expect![[r#"
        OPTIONS http://app.example/a
        origin: https://app.example
        access-control-request-method: PUT

        200 OK
        access-control-allow-origin: https://app.example
        vary: Accept
        vary: origin
        vary: access-control-request-method
        vary: access-control-request-headers
    "#]],
    );
}

#[test]
fn pages_of_another_port_or_a_lesser_scheme_are_not_the_own() {
    check(
        POLICY,
        "DELETE /a\norigin: http://app.example:8080",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
    check(
        POLICY,
        "DELETE https://app.example/a\norigin: http://app.example",
        expect![[r#"
        403 Forbidden
        content-type: text/plain; charset=utf-8
        vary: origin

        403 Forbidden
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn fields_of_the_application_are_replaced() {
    check_before(
        r#"{"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "secret", "Access-Control-Max-Age": "9", "Vary": "Accept, Origin"}"#,
        r#"{"acceptedOrigins": ["https://www.example"]}"#,
        "GET /a\norigin: https://www.example",
        expect![[r#"
            GET http://app.example/a
            origin: https://www.example

            200 OK
            vary: Accept, Origin
            access-control-allow-origin: https://www.example
        "#]],
    );
}

#[test]
fn answers_that_the_gateway_makes_further_on_can_be_read_too() {
    let refuse = r#"{"type": "ConditionEnforcementFilter", "config": {"condition": "${false}"}}"#;
    check_filter(
        "ChainOfFilters",
        &format!(
            r#"{{"filters": [{{"type": "CorsFilter", "config": {{"policies": [{POLICY}]}}}}, {refuse}]}}"#
        ),
        "GET /a\norigin: https://www.example",
        expect![[r#"
            403 Forbidden
            content-type: text/plain; charset=utf-8
            access-control-allow-origin: https://www.example
            access-control-allow-credentials: true
            access-control-expose-headers: x-two, x-three
            vary: origin

            403 Forbidden
            Transaction transaction-1

        "#]],
    );
}

#[test]
fn the_older_name_of_the_origins_is_understood() {
    check(
        r#"{"origins": ["https://www.example"]}"#,
        "GET /a\norigin: https://www.example",
        expect![[r#"
        GET http://app.example/a
        origin: https://www.example

        200 OK
        access-control-allow-origin: https://www.example
        vary: origin
    "#]],
    );
    check_mistakes(
        r#"{"policies": [{"origins": ["https://www.example"]}]}"#,
        expect![[r#"
        warning[PC0314]: `origins` of an entry in `policies` of CorsFilter is a name of older releases; write `acceptedOrigins`
         --> config.json:2:49
          |
        2 | {"type": "CorsFilter", "config": {"policies": [{"origins": ["https://www.example"]}]}}
          |                                                 ^^^^^^^^^
    "#]],
    );
}

#[test]
fn an_age_is_told_in_whole_seconds() {
    for (age, expected) in [(r#""1 day 1500 ms""#, "86401"), (r#""zero""#, "0"), ("7", "7")] {
        let config = format!(r#"{{"acceptedOrigins": "*", "acceptedMethods": ["PUT"], "maxAge": {age}}}"#);
        let filter = format!(r#"{{"type": "CorsFilter", "config": {{"policies": [{config}]}}}}"#);
        let level = format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}], "handler": {{"type": "Origin"}}}}}}}}"#
        );
        let shown = crate::testing::play(&level, PREFLIGHT).unwrap();
        assert!(shown.contains(&format!("\naccess-control-max-age: {expected}\n")), "{shown}");
    }
}

#[test]
fn mistakes_are_found_at_load() {
    check_mistakes(
        "{}",
        expect![[r#"
        error[PC0303]: CorsFilter needs the field `policies`
         --> config.json:2:34
          |
        2 | {"type": "CorsFilter", "config": {}}
          |                                  ^^
    "#]],
    );
    check_mistakes(
        r#"{"policies": [{}]}"#,
        expect![[r#"
        error[PC0303]: an entry in `policies` of CorsFilter needs the field `acceptedOrigins`
         --> config.json:2:48
          |
        2 | {"type": "CorsFilter", "config": {"policies": [{}]}}
          |                                                ^^
    "#]],
    );
    check_mistakes(
        r#"{"policies": [{"acceptedOrigins": "https://www.example"}]}"#,
        expect![[r#"
        error[PC0302]: CorsFilter: `https://www.example` must stand in an array; only `*` stands alone
         --> config.json:2:68
          |
        2 | {"type": "CorsFilter", "config": {"policies": [{"acceptedOrigins": "https://www.example"}]}}
          |                                                                    ^^^^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"policies": [{"acceptedOrigins": "*", "acceptedHeaders": ["a b"], "acceptedMethods": 1, "maxAge": "soon",
            "exposedHeaders": "*"}]}"#,
        expect![[r#"
            error[PC0302]: CorsFilter: `a b` cannot be the name of a header field
             --> config.json:2:93
              |
            2 | {"type": "CorsFilter", "config": {"policies": [{"acceptedOrigins": "*", "acceptedHeaders": ["a b"], "acceptedMethods": 1, "maxAge": "...
              |                                                                                             ^^^^^
            error[PC0302]: CorsFilter: an array of strings, or "*" is needed here, found `1`
             --> config.json:2:120
              |
            2 | {"type": "CorsFilter", "config": {"policies": [{"acceptedOrigins": "*", "acceptedHeaders": ["a b"], "acceptedMethods": 1, "maxAge": "...
              |                                                                                                                        ^
            error[PC0302]: CorsFilter: `soon` does not start with a number; expected a number and a unit, such as `5 minutes`, or `unlimited`
             --> config.json:2:133
              |
            2 | ..., "acceptedHeaders": ["a b"], "acceptedMethods": 1, "maxAge": "soon",
              |                                                                  ^^^^^^
            error[PC0302]: CorsFilter: an array is needed here, found "*"
             --> config.json:3:31
              |
            3 |             "exposedHeaders": "*"}]}}
              |                               ^^^
        "#]],
    );
}

#[test]
fn policies_that_could_not_do_what_they_say_are_refused_at_load() {
    check_mistakes(
        r#"{"policies": [{"acceptedOrigins": "*", "allowCredentials": true}]}"#,
        expect![[r#"
        error[PC0313]: with allowCredentials the accepted origins must be listed: with `*` any site could act as the person
         --> config.json:2:68
          |
        2 | {"type": "CorsFilter", "config": {"policies": [{"acceptedOrigins": "*", "allowCredentials": true}]}}
          |                                                                    ^^^
    "#]],
    );
    check_mistakes(
        r#"{"policies": [{"acceptedOrigins": ["https://*.example"]}]}"#,
        expect![[r#"
        error[PC0313]: `https://*.example` is no origin; write for example https://www.example.com
         --> config.json:2:69
          |
        2 | {"type": "CorsFilter", "config": {"policies": [{"acceptedOrigins": ["https://*.example"]}]}}
          |                                                                     ^^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"policies": [{"acceptedOrigins": "*", "acceptedMethods": ["A B"]}]}"#,
        expect![[r#"
        error[PC0313]: `A B` cannot be the name of a method
         --> config.json:2:93
          |
        2 | {"type": "CorsFilter", "config": {"policies": [{"acceptedOrigins": "*", "acceptedMethods": ["A B"]}]}}
          |                                                                                             ^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"policies": [{"acceptedOrigins": [], "exposedHeaders": ["*"], "allowCredentials": true}]}"#,
        expect![[r#"
            error[PC0313]: with allowCredentials the exposed headers must be listed: browsers ignore `*` then
             --> config.json:2:91
              |
            2 | {"type": "CorsFilter", "config": {"policies": [{"acceptedOrigins": [], "exposedHeaders": ["*"], "allowCredentials": true}]}}
              |                                                                                           ^^^
        "#]],
    );
}
