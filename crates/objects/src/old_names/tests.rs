//! Configurations of every age: what they say in, the complaints and what they do out.

use expect_test::{Expect, expect};

use super::OLD_NAMES;
use crate::testing::{check_brief, check_level};

#[test]
fn the_tables_are_sorted_and_name_nothing_twice() {
    assert!(OLD_NAMES.types.is_sorted_by(|left, right| left.name < right.name));
    let names: Vec<_> = OLD_NAMES.fields.iter().map(|old| (old.name, old.owner)).collect();
    assert!(names.is_sorted_by(|left, right| left < right), "{names:?}");
    for old in OLD_NAMES.fields.iter().filter(|old| old.owner.is_empty()) {
        assert_eq!(OLD_NAMES.fields.iter().filter(|other| other.name == old.name).count(), 1, "{}", old.name);
    }
}

/// Every object type of the tables, in place of a handler or filter, in a heap.
#[test]
fn every_old_object_type_names_what_replaces_it() {
    let objects: String = OLD_NAMES
        .types
        .iter()
        .map(|old| format!(r#"{{"name": "{0}", "type": "{0}", "config": {{}}}},"#, old.name))
        .collect();
    let heap = objects.trim_end_matches(',');
    check_brief(
        &format!(r#"{{"heap": [{heap}], "handler": {{"type": "Origin"}}}}"#),
        expect![[r#"
            config.json:1:46: error[PC0305]: the object type `AuditDecorator` is not offered by this version | it is of an older release: write an `AuditService`; what uses it stays closed
            config.json:1:112: warning[PC0311]: `CaptureFilter` is an object type of older releases; write `"capture": "all"` beside the `type` of a handler or filter (`CaptureDecorator`)
            config.json:1:178: warning[PC0311]: `ConsoleLogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
            config.json:1:251: error[PC0305]: the object type `DestroyDetectHandler` is not offered by this version | it is of an older release: write nothing: it was part of the original product's own tests; what uses it stays closed
            config.json:1:325: warning[PC0311]: `DispatchServlet` is an object type of older releases; write a `DispatchHandler` with conditions such as `${find(request.uri.path, '^/app')}`
            config.json:1:354: error[PC0303]: DispatchServlet needs the field `bindings`
            config.json:1:394: warning[PC0311]: `ExceptionFilter` is an object type of older releases; write a `SwitchFilter` whose `onResponse` looks at `response.status`
            config.json:1:423: error[PC0303]: ExceptionFilter needs the field `handler`
            config.json:1:459: warning[PC0311]: `FileLogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
            config.json:1:523: warning[PC0311]: `HandlerServlet` is an object type of older releases; write the name of its `handler` in place of its own
            config.json:1:551: error[PC0303]: HandlerServlet needs the field `handler`
            config.json:1:583: warning[PC0311]: `LogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
            config.json:1:651: error[PC0305]: the object type `MonitorEndpointHandler` is not offered by this version | it is of an older release: write nothing: metrics need no object; what uses it stays closed
            config.json:1:730: error[PC0305]: the object type `OAuth2ClientFilter` is not offered by this version | it is of an older release: write `AuthorizationCodeOAuth2ClientFilter`; what uses it stays closed
            config.json:1:801: error[PC0305]: the object type `OAuth2RSFilter` is not offered by this version | it is of an older release: write `OAuth2ResourceServerFilter`; what uses it stays closed
            config.json:1:875: error[PC0305]: the object type `SamlFederationHandler` is not offered by this version | it is of an older release: write `SamlFederationFilter`; what uses it stays closed
            config.json:1:947: warning[PC0311]: `Slf4jLogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
            config.json:1:1011: error[PC0305]: the object type `StatusHandler` is not offered by this version | it is of an older release: write `StaticResponseHandler`; what uses it stays closed
            config.json:1:1076: error[PC0305]: the object type `TeapotHandler` is not offered by this version | it is of an older release: write a `StaticResponseHandler` with the status 418; what uses it stays closed
        "#]],
    );
}

/// What has been renamed and nothing else.
#[test]
fn aliases_name_the_type_of_today() {
    check_brief(
        r#"{"heap": [
            {"name": "a", "type": "RedirectFilter", "config": {"baseURI": "http://a.example"}},
            {"name": "b", "type": "RouterHandler"}
        ], "handler": {"type": "Origin"}}"#,
        expect![[r#"
            config.json:2:35: warning[PC0311]: `RedirectFilter` is an older name of `LocationHeaderFilter`
            config.json:3:35: warning[PC0311]: `RouterHandler` is an older name of `Router`
        "#]],
    );
    check_level(
        r#"{"handler": {"type": "Chain", "config": {
            "filters": [{"type": "RedirectFilter", "config": {"baseURI": "http://a.example"}}],
            "handler": {"type": "Origin", "config": {"status": 302, "headers": {"Location": "http://b.example/p"}}}
        }}}"#,
        "GET /",
        expect![[r#"
            GET http://app.example/

            302 Found
            location: http://a.example/p
        "#]],
    );
}

/// Each case is the field of an object in old words.
#[track_caller]
fn check_field(object: &str, expected: Expect) {
    check_brief(&format!(r#"{{"heap": [{object}], "handler": {{"type": "Origin"}}}}"#), expected);
}

#[test]
fn log_sinks_are_ignored_wherever_they_stood() {
    check_field(
        r#"{"name": "a", "type": "ClientHandler", "logSink": "LogSink", "config": {"logSink": "LogSink"}}"#,
        expect![[r#"
            config.json:1:50: warning[PC0314]: `logSink` of ClientHandler is a name of older releases and is ignored: every message goes to the one log of the program
            config.json:1:83: warning[PC0314]: `logSink` of ClientHandler is a name of older releases and is ignored: every message goes to the one log of the program
        "#]],
    );
}

#[test]
fn the_words_of_the_audit_decorator_are_ignored_wherever_they_stood() {
    check_brief(
        r#"{
          "heap": [{"name": "a", "type": "ClientHandler", "audit": "tag"}],
          "globalDecorators": {"audit": ["tag"]},
          "handler": {"type": "Origin", "audit": true}
        }"#,
        expect![[r#"
            config.json:2:59: warning[PC0314]: `audit` of ClientHandler is a name of older releases and is ignored: requests are audited by the `auditService` of a route or of config.json
            config.json:3:32: warning[PC0314]: `audit` of globalDecorators is a name of older releases and is ignored: requests are audited by the `auditService` of a route or of config.json
            config.json:4:41: warning[PC0314]: `audit` of Origin is a name of older releases and is ignored: requests are audited by the `auditService` of a route or of config.json
        "#]],
    );
}

#[test]
fn captures_of_the_oldest_kind() {
    check_field(
        r#"{"name": "capture", "type": "CaptureDecorator", "config": {"captureExchange": true, "file": "/tmp/log"}}"#,
        expect![[r#"
            config.json:1:70: warning[PC0314]: `captureExchange` of CaptureDecorator is a name of older releases; write `captureContext`
            config.json:1:95: warning[PC0314]: `file` of CaptureDecorator is a name of older releases and is ignored: captured messages go to the log
        "#]],
    );
    check_field(
        r#"{"name": "c", "type": "CaptureFilter", "config": {"file": "/tmp/log", "charset": "UTF-8"}}"#,
        expect![[r#"
            config.json:1:33: warning[PC0311]: `CaptureFilter` is an object type of older releases; write `"capture": "all"` beside the `type` of a handler or filter (`CaptureDecorator`)
            config.json:1:61: warning[PC0314]: `file` of CaptureFilter is a name of older releases and is ignored: captured messages go to the log
            config.json:1:81: warning[PC0314]: `charset` of CaptureFilter is a name of older releases and is ignored: the log is written in UTF-8
        "#]],
    );
}

#[test]
fn a_time_out_of_sessions() {
    check_field(
        r#"{"name": "s", "type": "InMemorySessionManager", "config": {"timeout": "1 hour"}}"#,
        expect![[r#"
            config.json:1:70: warning[PC0314]: `timeout` of InMemorySessionManager is a name of older releases; write `sessionTimeout`
        "#]],
    );
    check_field(
        r#"{"name": "s", "type": "InMemorySessionManager", "config": {"timeout": "1 hour", "sessionTimeout": "2 hours"}}"#,
        expect![[r#"
            config.json:1:69: error[PC0302]: InMemorySessionManager: duplicate field `sessionTimeout`
            config.json:1:70: warning[PC0314]: `timeout` of InMemorySessionManager is a name of older releases; write `sessionTimeout`
        "#]],
    );
}

#[test]
fn remarks_and_switched_off_fields_are_silent() {
    check_brief(
        r#"{
          "comment": "a", "_comment": "b", "comments": ["c"],
          "heap": [{"name": "a", "type": "ClientHandler", "comment": "d", "_capture": "all",
                    "config": {"comment": "e", "_connections": 1}}],
          "handler": {"type": "Origin"}
        }"#,
        expect![[""]],
    );
}

/// As OpenIG 2.1 printed it in its guide: servlets, log sinks, a heap of objects.
#[test]
fn a_whole_configuration_of_version_2() {
    let config = r#"{
      "heap": {"objects": [
        {"name": "LogSink", "comment": "Default sink for logging information.", "type": "ConsoleLogSink",
         "config": {"level": "DEBUG"}},
        {"name": "CaptureFilter", "type": "CaptureFilter",
         "config": {"captureEntity": false, "file": "/tmp/gateway.log"}},
        {"name": "ClientHandler", "type": "Origin", "config": {}},
        {"name": "OutgoingChain", "type": "Chain",
         "config": {"filters": ["CaptureFilter"], "handler": "ClientHandler"}},
        {"name": "HandlerServlet", "type": "HandlerServlet",
         "config": {"handler": "OutgoingChain", "baseURI": "http://www.example.com:8081"}},
        {"name": "DispatchServlet", "type": "DispatchServlet",
         "config": {"bindings": [{"pattern": "^/app", "object": "HandlerServlet"}]}}
      ]},
      "handler": "DispatchServlet"
    }"#;
    check_brief(
        config,
        expect![[r#"
        config.json:2:16: warning[PC0314]: `objects` of a heap is a name of older releases; write the array as `heap`
        config.json:3:89: warning[PC0311]: `ConsoleLogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
        config.json:5:43: warning[PC0311]: `CaptureFilter` is an object type of older releases; write `"capture": "all"` beside the `type` of a handler or filter (`CaptureDecorator`)
        config.json:6:45: warning[PC0314]: `file` of CaptureFilter is a name of older releases and is ignored: captured messages go to the log
        config.json:10:44: warning[PC0311]: `HandlerServlet` is an object type of older releases; write the name of its `handler` in place of its own
        config.json:12:45: warning[PC0311]: `DispatchServlet` is an object type of older releases; write a `DispatchHandler` with conditions such as `${find(request.uri.path, '^/app')}`
    "#]],
    );
    check_level(
        config,
        "GET /app/page",
        expect![[r#"
        GET http://www.example.com:8081/app/page

        200 OK
    "#]],
    );
    check_level(
        config,
        "GET /elsewhere",
        expect![[r#"
        404 Not Found
        content-type: text/plain; charset=utf-8

        404 Not Found
        Transaction transaction-1

    "#]],
    );
}
