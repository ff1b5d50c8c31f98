//! `LogSink`: where OpenIG 3 and before wrote its log.

use heap::{Builder, ObjectConfig, RawNode, Role, Status};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Accepted for configurations of OpenIG 3 and before; does nothing.
///
/// Every message goes to the one log of the program. Remove the object, and the fields `logSink` that name it.
///
/// ```json
/// { "name": "LogSink", "type": "LogSink", "config": { "level": "DEBUG" } }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "properties that are accepted and ignored are never read")]
pub struct LogSink {
    /// Accepted and ignored: `PORTCULLIS_LOG` chooses what is logged.
    level: Option<RawNode>,
    /// Accepted and ignored: the log goes to one place.
    file: Option<RawNode>,
    /// Accepted and ignored: the log goes to one place.
    stream: Option<RawNode>,
    /// Accepted and ignored: the log goes to one place.
    base: Option<RawNode>,
}

/// Nothing takes a log sink, so it can only stand in a heap.
#[derive(Clone)]
pub struct LogSinkRef;

impl Role for LogSinkRef {
    const REFERENCE: &'static str = "$ref:LogSink";
}

impl ObjectConfig for LogSink {
    const TYPE: &'static str = "LogSink";
    const ALIASES: &'static [&'static str] = &["ConsoleLogSink", "FileLogSink", "Slf4jLogSink"];
    const STATUS: Status = Status::Deprecated;
    type Object = LogSinkRef;

    fn build(self, _: &mut Builder<'_>) -> Result<LogSinkRef, Diagnostic> {
        Ok(LogSinkRef)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_level};
    use expect_test::expect;

    #[test]
    fn configurations_of_version_3_load() {
        check_level(
            r#"{
              "heap": {"objects": [
                {"name": "LogSink", "type": "ConsoleLogSink", "config": {"level": "DEBUG", "stream": "ERR"}},
                {"name": "file", "type": "FileLogSink", "config": {"file": "/tmp/log"}},
                {"name": "slf4j", "type": "Slf4jLogSink", "config": {"base": "org"}}
              ]},
              "handler": {"type": "Origin"}
            }"#,
            "GET /",
            expect![[r#"
                GET http://app.example/

                200 OK
            "#]],
        );
    }

    #[test]
    fn the_older_names_are_told() {
        check_complaints(
            r#"{"heap": [{"name": "l", "type": "ConsoleLogSink"}], "handler": {"type": "Origin"}}"#,
            expect![[r#"
                warning[PC0311]: `ConsoleLogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
                 --> config.json:1:33
                  |
                1 | {"heap": [{"name": "l", "type": "ConsoleLogSink"}], "handler": {"type": "Origin"}}
                  |                                 ^^^^^^^^^^^^^^^^
            "#]],
        );
        check_complaints(
            r#"{"heap": [{"name": "l", "type": "LogSink"}], "handler": "l"}"#,
            expect![[r#"
                warning[PC0311]: `LogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
                 --> config.json:1:33
                  |
                1 | {"heap": [{"name": "l", "type": "LogSink"}], "handler": "l"}
                  |                                 ^^^^^^^^^
                error[PC0307]: `l` is a LogSink, but a Handler is needed here
                 --> config.json:1:57
                  |
                1 | {"heap": [{"name": "l", "type": "LogSink"}], "handler": "l"}
                  |                                                         ^^^
            "#]],
        );
    }
}
