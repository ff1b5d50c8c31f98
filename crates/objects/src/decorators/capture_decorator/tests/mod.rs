//! What `CaptureDecorator` logs, and that nobody else notices. What it hides is in `hidden.rs`, when it logs in
//! `points.rs`.

mod hidden;
mod points;

use super::super::logged::logged;
use crate::testing::{check_complaints, check_level};
use expect_test::{Expect, expect};

/// The log of one request to an origin that is decorated with `value` and answers with `origin`.
#[track_caller]
fn check(config: &str, origin: &str, request: &str, expected: Expect) {
    let config = format!(
        r#"{{"heap": [{{"name": "capture", "type": "CaptureDecorator", "config": {config}}}],
            "handler": {{"type": "Origin", "name": "end", "capture": "all", "config": {origin}}}}}"#
    );
    expected.assert_eq(&logged(&config, request));
}

#[test]
fn request_and_response_of_a_handler() {
    check(
        "{}",
        r#"{"status": 404, "headers": {"X": "1"}}"#,
        "GET /a?b=c\nY: 2\nY: 3",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            GET http://app.example/a?b=c HTTP/1.1
            y: 2
            y: 3
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 404 Not Found
            x: 1
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

#[test]
fn an_entity_is_only_mentioned_unless_asked_for() {
    check(
        "{}",
        r#"{"entity": "answer"}"#,
        "POST /\nContent-Type: text/plain\n\nquestion",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/ HTTP/1.1
            content-type: text/plain

            [entity]
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK

            [entity]
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

const ENTITIES: &str = r#"{"captureEntity": true}"#;

#[test]
fn an_entity_of_text_is_shown() {
    check(
        ENTITIES,
        r#"{"headers": {"Content-Type": "text/html; charset=UTF-8"}, "entity": "one\ntwo"}"#,
        "POST /\n\nquestion",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/ HTTP/1.1

              question
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: text/html; charset=UTF-8

              one
              two
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

#[test]
fn other_entities_are_not() {
    check(
        ENTITIES,
        r#"{"headers": {"Content-Type": "image/png"}, "entity": "png"}"#,
        "POST /\nContent-Type: text/plain\nContent-Encoding: gzip\n\nzipped",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/ HTTP/1.1
            content-type: text/plain
            content-encoding: gzip

            [binary entity]
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: image/png

            [binary entity]
             logger="CaptureDecorator.capture.end"
        "#]],
    );
    check(
        ENTITIES,
        r#"{"headers": {"Content-Type": "text/event-stream"}, "entity": "data: 1"}"#,
        "GET /",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            GET http://app.example/ HTTP/1.1
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: text/event-stream

            [entity]
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

#[test]
fn a_long_entity_is_cut_in_the_log_only() {
    check(
        r#"{"captureEntity": true, "maxEntityLength": 5}"#,
        "{}",
        "POST /\n\n123456",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/ HTTP/1.1

              12345
            [the entity goes on; maxEntityLength ends it here]
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
             logger="CaptureDecorator.capture.end"
        "#]],
    );
    check(
        r#"{"captureEntity": true, "maxEntityLength": 6}"#,
        "{}",
        "POST /\n\n123456",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/ HTTP/1.1

              123456
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
             logger="CaptureDecorator.capture.end"
        "#]],
    );
    check_level(
        r#"{"heap": [{"name": "capture", "type": "CaptureDecorator",
                      "config": {"captureEntity": true, "maxEntityLength": 2}}],
            "handler": {"type": "Origin", "capture": "all", "config": {"entity": "answer"}}}"#,
        "POST /\n\n123456",
        expect![[r#"
            POST http://app.example/

            123456

            200 OK

            answer
        "#]],
    );
}

#[test]
fn contexts_are_shown_as_json() {
    let config = r#"{"heap": [{"name": "capture", "type": "CaptureDecorator",
            "config": {"captureContext": true, "masks": {"attributes": ["card"]}}}],
        "handler": {"type": "Chain", "config": {
            "filters": [{"type": "AssignmentFilter", "config": {"onRequest": [
                {"target": "${attributes.user}", "value": {"name": "bob\nforged", "password": "pw", "card": 4111}},
                {"target": "${attributes.link}", "value": "https://app.example/?code=1"}
            ]}}],
            "handler": {"type": "Origin", "name": "end", "capture": "request"}}}}"#;
    // The time of the request is the only thing that differs from run to run.
    let shown = logged(config, "GET /");
    let shown: String = shown
        .lines()
        .filter(|line| !line.contains("requestReceivedTime"))
        .map(|line| format!("{line}\n"))
        .collect();
    expect![[r#"
        INFO CaptureDecorator: 

        --- (request) id:transaction-1 --->

        GET http://app.example/ HTTP/1.1

        Contexts as JSON:
          {
            "attributes": {
              "attributes": {
                "user": {
                  "name": "bob\nforged",
                  "password": "*****",
                  "card": "*****"
                },
                "link": "https://app.example/?code=*****"
              }
            },
            "client": {
              "remoteAddress": "192.0.2.1",
              "remotePort": 50000,
              "localAddress": "192.0.2.9",
              "localPort": 8080,
              "isSecure": false,
              "isExternal": true,
              "remoteUser": null,
              "userAgent": null,
              "certificates": []
            },
            "requestAudit": {
            },
            "router": null,
            "session": {
              "session": null
            },
            "transactionId": {
              "transactionId": {
                "value": "transaction-1"
              }
            }
          }
         logger="CaptureDecorator.capture.end"
    "#]]
    .assert_eq(&shown);
}

#[test]
fn no_text_can_forge_a_line_of_the_log() {
    check(
        ENTITIES,
        r#"{"headers": {"Content-Type": "text/plain"}, "entity": "a\r\n INFO forged\u001b[2K\u2028 INFO\u202e"}"#,
        "GET /",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            GET http://app.example/ HTTP/1.1
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: text/plain

              a
               INFO forged\u{1b}[2K\u{2028} INFO\u{202e}
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

#[test]
fn mistakes_are_found_at_load() {
    check_complaints(
        r#"{"handler": {"type": "Origin", "capture": "everything"}}"#,
        expect![[r#"
        error[PC0302]: capture: `everything` is not a point of capture; there are all, none, request, response, filtered_request and filtered_response
         --> config.json:1:43
          |
        1 | {"handler": {"type": "Origin", "capture": "everything"}}
          |                                           ^^^^^^^^^^^^
    "#]],
    );
    check_complaints(
        r#"{"handler": {"type": "Origin", "capture": ["all", "sometimes"]}}"#,
        expect![[r#"
            error[PC0302]: capture: `sometimes` is not a point of capture; there are all, none, request, response, filtered_request and filtered_response
             --> config.json:1:43
              |
            1 | {"handler": {"type": "Origin", "capture": ["all", "sometimes"]}}
              |                                           ^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
    check_complaints(
        r#"{"handler": {"type": "Origin", "capture": true}}"#,
        expect![[r#"
        error[PC0302]: capture: a point of capture such as "all", or an array of them is needed here, found `true`
         --> config.json:1:43
          |
        1 | {"handler": {"type": "Origin", "capture": true}}
          |                                           ^^^^
    "#]],
    );
    check_complaints(
        r#"{"heap": [{"name": "c", "type": "CaptureDecorator", "config": {"maxEntityLength": 2147483648}},
                     {"name": "d", "type": "CaptureDecorator", "config": {"maxEntityLength": -1}},
                     {"name": "e", "type": "CaptureDecorator",
                      "config": {"captureExchange": true, "file": "/tmp/x", "masks": {"header": []}}}],
            "handler": {"type": "Origin"}}"#,
        expect![[r#"
            error[PC0313]: `maxEntityLength` must be at least 0 and less than 2 GiB
             --> config.json:1:83
              |
            1 | {"heap": [{"name": "c", "type": "CaptureDecorator", "config": {"maxEntityLength": 2147483648}},
              |                                                                                   ^^^^^^^^^^
            error[PC0313]: `maxEntityLength` must be at least 0 and less than 2 GiB
             --> config.json:2:94
              |
            2 |                      {"name": "d", "type": "CaptureDecorator", "config": {"maxEntityLength": -1}},
              |                                                                                              ^^
            warning[PC0314]: `captureExchange` of CaptureDecorator is a name of older releases; write `captureContext`
             --> config.json:4:34
              |
            4 |                       "config": {"captureExchange": true, "file": "/tmp/x", "masks": {"header": []}}}],
              |                                  ^^^^^^^^^^^^^^^^^
            warning[PC0314]: `file` of CaptureDecorator is a name of older releases and is ignored: captured messages go to the log
             --> config.json:4:59
              |
            4 |                       "config": {"captureExchange": true, "file": "/tmp/x", "masks": {"header": []}}}],
              |                                                           ^^^^^^
            warning[PC0304]: `masks` of CaptureDecorator has no field `header`; it is ignored
             --> config.json:4:87
              |
            4 |                       "config": {"captureExchange": true, "file": "/tmp/x", "masks": {"header": []}}}],
              |                                                                                       ^^^^^^^^
              |
              = help: did you mean `headers`?
        "#]],
    );
}
