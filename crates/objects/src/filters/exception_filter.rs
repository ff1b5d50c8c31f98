//! `ExceptionFilter`: answers for what failed behind it.

use exchange::{Context, Filter, FilterRef, HandlerRef, Next, Origin, Outcome, Request};
use heap::{Builder, ObjectConfig, Ref, Status};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Leaves the answer to a handler when something failed behind it. Of OpenIG 3.0 and before: write a
/// `SwitchFilter` whose `onResponse` looks at the status instead.
///
/// Something failed when the origin could not be reached or did not answer as it should, and when the gateway
/// itself could not go on. A request that was refused, and an error that the origin answered, are no failures.
///
/// ```json
/// {
///   "type": "ExceptionFilter",
///   "config": {
///     "handler": { "type": "StaticResponseHandler", "config": { "status": 503 } }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionFilter {
    /// Answers in place of what failed.
    handler: Ref<HandlerRef>,
}

impl ObjectConfig for ExceptionFilter {
    const TYPE: &'static str = "ExceptionFilter";
    const STATUS: Status = Status::Deprecated;
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::new(Catch { handler: b.get(&self.handler) }))
    }
}

struct Catch {
    handler: HandlerRef,
}

impl Filter for Catch {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let response = next.run(cx, request).await;
        let failure = response.cause.as_ref().filter(|fault| fault.kind().origin() != Origin::Client);
        let Some(failure) = failure else { return Ok(response) };
        // The handler's answer hides the failure from the client, not from the log.
        tracing::warn!(
            target: "ExceptionFilter", transaction = %cx.transaction(), error = %failure,
            "Something failed; a handler answers in its place."
        );
        Ok(self.handler.handle(cx, request).await)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::testing::{check_complaints, check_level};

    /// Plays a request through an `ExceptionFilter` that answers 503, in front of this handler.
    #[track_caller]
    fn check(handler: &str, expected: Expect) {
        let filter = r#"{"type": "ExceptionFilter", "config": {
            "handler": {"type": "StaticResponseHandler", "config": {"status": 503, "entity": "later"}}}}"#;
        let config = format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"filters": [{filter}], "handler": {handler}}}}}}}"#
        );
        check_level(&config, "GET /", expected);
    }

    #[test]
    fn a_handler_answers_for_what_failed() {
        // An expression that yields null for the address of an origin is a failure of the gateway.
        check(
            r#"{"type": "DispatchHandler", "config": {"bindings": [
                {"baseURI": "${attributes.none}", "handler": {"type": "Origin"}}]}}"#,
            expect![[r#"
                503 Service Unavailable

                later
            "#]],
        );
        check(
            r#"{"type": "ClientHandler", "baseURI": "http://127.0.0.1:1"}"#,
            expect![[r#"
            503 Service Unavailable

            later
        "#]],
        );
    }

    #[test]
    fn answers_and_refusals_pass() {
        check(
            r#"{"type": "Origin", "config": {"status": 500}}"#,
            expect![[r#"
            GET http://app.example/

            500 Internal Server Error
        "#]],
        );
        check(
            r#"{"type": "DispatchHandler", "config": {"bindings": []}}"#,
            expect![[r#"
            404 Not Found
            content-type: text/plain; charset=utf-8

            404 Not Found
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn names_what_replaces_it() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {
  "filters": [{"type": "ExceptionFilter"}], "handler": {"type": "Origin"}
}}}"#,
            expect![[r#"
                error[PC0303]: ExceptionFilter needs the field `handler`
                 --> config.json:2:15
                  |
                2 |   "filters": [{"type": "ExceptionFilter"}], "handler": {"type": "Origin"}
                  |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^
                warning[PC0311]: `ExceptionFilter` is an object type of older releases; write a `SwitchFilter` whose `onResponse` looks at `response.status`
                 --> config.json:2:24
                  |
                2 |   "filters": [{"type": "ExceptionFilter"}], "handler": {"type": "Origin"}
                  |                        ^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
