//! `CaptureFilter`: how messages were logged before there were decorators.

use exchange::FilterRef;
use expression::Expr;
use heap::{Builder, ObjectConfig, RawNode, Status};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::conditional_filter::only_if;
use crate::decorators::capture_filter;

/// Logs the request that comes to it and the response that it passes on. Of OpenIG 3.0 and before: write
/// `"capture": "all"` beside the `type` of a handler or filter instead, see `CaptureDecorator`.
///
/// The messages go to the log, as those of the decorator do, with the target `CaptureDecorator`; in the field
/// `logger` stands `CaptureFilter.<name>`. What usually is a secret is masked.
///
/// ```json
/// {
///   "type": "CaptureFilter",
///   "config": { "captureEntity": false, "file": "/tmp/gateway.log" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaptureFilter {
    /// Whether to log entities that are text.
    #[serde(default = "captures_entity")]
    capture_entity: bool,
    /// Whether to log this request and its response; always, when absent. When it does not hold, the request
    /// passes unlogged.
    condition: Option<Expr<bool>>,
    /// Accepted and ignored: captured messages go to the log.
    #[expect(dead_code, reason = "read so that it is known, and not used")]
    file: Option<RawNode>,
    /// Accepted and ignored: the log is written in UTF-8.
    #[expect(dead_code, reason = "read so that it is known, and not used")]
    charset: Option<RawNode>,
}

fn captures_entity() -> bool {
    true
}

impl ObjectConfig for CaptureFilter {
    const TYPE: &'static str = "CaptureFilter";
    const STATUS: Status = Status::Deprecated;
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let capture = capture_filter(b.name(), self.capture_entity);
        Ok(match self.condition {
            Some(condition) => only_if(condition, capture),
            None => capture,
        })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::decorators::logged::logged;
    use crate::testing::check_complaints;

    /// Plays a request through a `CaptureFilter` named `c` and compares the log.
    #[track_caller]
    fn check(config: &str, expected: Expect) {
        let config = format!(
            r#"{{
              "heap": [{{"name": "c", "type": "CaptureFilter", "config": {config}}}],
              "handler": {{"type": "Chain", "config": {{
                "filters": ["c"],
                "handler": {{"type": "Origin", "config": {{"entity": "out", "headers": {{"Content-Type": "text/plain"}}}}}}
              }}}}
            }}"#
        );
        expected.assert_eq(&logged(&config, "POST /p\nContent-Type: text/plain\nCookie: a=b\n\nin"));
    }

    #[test]
    fn logs_both_messages_with_their_entities() {
        check(
            "{}",
            expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/p HTTP/1.1
            content-type: text/plain
            cookie: *****

              in
             logger="CaptureFilter.c"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: text/plain

              out
             logger="CaptureFilter.c"
        "#]],
        );
    }

    #[test]
    fn leaves_entities_out_when_told_so() {
        check(
            r#"{"captureEntity": false, "file": "/nonexistent/log", "charset": "UTF-8"}"#,
            expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/p HTTP/1.1
            content-type: text/plain
            cookie: *****

            [entity]
             logger="CaptureFilter.c"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: text/plain

            [entity]
             logger="CaptureFilter.c"
        "#]],
        );
    }

    #[test]
    fn logs_nothing_when_the_condition_does_not_hold() {
        check(r#"{"condition": "${request.method == 'GET'}"}"#, expect![[""]]);
        check(
            r#"{"captureEntity": false, "condition": "${request.method == 'POST'}"}"#,
            expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/p HTTP/1.1
            content-type: text/plain
            cookie: *****

            [entity]
             logger="CaptureFilter.c"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: text/plain

            [entity]
             logger="CaptureFilter.c"
        "#]],
        );
    }

    #[test]
    fn names_what_replaces_it() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {
  "filters": [{"type": "CaptureFilter", "config": {"file": "/tmp/log"}}],
  "handler": {"type": "Origin"}
}}}"#,
            expect![[r#"
                warning[PC0311]: `CaptureFilter` is an object type of older releases; write `"capture": "all"` beside the `type` of a handler or filter (`CaptureDecorator`)
                 --> config.json:2:24
                  |
                2 |   "filters": [{"type": "CaptureFilter", "config": {"file": "/tmp/log"}}],
                  |                        ^^^^^^^^^^^^^^^
                warning[PC0314]: `file` of CaptureFilter is a name of older releases and is ignored: captured messages go to the log
                 --> config.json:2:52
                  |
                2 |   "filters": [{"type": "CaptureFilter", "config": {"file": "/tmp/log"}}],
                  |                                                    ^^^^^^
            "#]],
        );
    }
}
