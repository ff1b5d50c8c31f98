//! `ConditionEnforcementFilter`: refuses requests for which a condition does not hold.

use exchange::{Context, Edit, Fault, FaultKind, Filter, FilterRef, HandlerRef, Next, Outcome, Request};
use expression::Expr;
use heap::{Builder, ObjectConfig, Ref};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Lets a request pass only when a condition holds.
///
/// A condition that is null, not a boolean, or cannot be evaluated does not hold: the request is refused.
///
/// ```json
/// {
///   "type": "ConditionEnforcementFilter",
///   "config": {
///     "condition": "${not empty request.headers['x-api-version']}",
///     "failureHandler": { "type": "StaticResponseHandler", "config": { "status": 400 } }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionEnforcementFilter {
    /// What must hold. Evaluated on the way in.
    condition: Expr<bool>,
    /// Answers the requests that are refused. When absent, the answer is 403.
    failure_handler: Option<Ref<HandlerRef>>,
}

impl ObjectConfig for ConditionEnforcementFilter {
    const TYPE: &'static str = "ConditionEnforcementFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(match &self.failure_handler {
            Some(handler) => FilterRef::new(Divert { handler: b.get(handler), condition: self.condition }),
            None => FilterRef::edit(Refuse { condition: self.condition }),
        })
    }
}

/// Refuses with 403, without waiting for anything.
struct Refuse {
    condition: Expr<bool>,
}

impl Edit for Refuse {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        if self.condition.is_true(&cx.scope(request)) {
            return Ok(());
        }
        Err(Fault::new(FaultKind::Forbidden, format!("The condition {:?} does not hold.", self.condition)))
    }
}

/// Leaves the answer to a handler.
struct Divert {
    condition: Expr<bool>,
    handler: HandlerRef,
}

impl Filter for Divert {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        if self.condition.is_true(&cx.scope(request)) {
            Ok(next.run(cx, request).await)
        } else {
            Ok(self.handler.handle(cx, request).await)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, expected: Expect) {
        check_filter("ConditionEnforcementFilter", config, "GET /a", expected);
    }

    #[test]
    fn passes_when_true() {
        check(
            r#"{"condition": "${request.uri.path == '/a'}"}"#,
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
    }

    #[test]
    fn refuses_with_403() {
        check(
            r#"{"condition": "${request.uri.path == '/b'}"}"#,
            expect![[r#"
            403 Forbidden
            content-type: text/plain; charset=utf-8

            403 Forbidden
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn refuses_when_null_or_not_a_boolean() {
        check(
            r#"{"condition": "${attributes.allowed}"}"#,
            expect![[r#"
            403 Forbidden
            content-type: text/plain; charset=utf-8

            403 Forbidden
            Transaction transaction-1

        "#]],
        );
        check(
            r#"{"condition": "${lastElement(split(request.method, ' '))}"}"#,
            expect![[r#"
                403 Forbidden
                content-type: text/plain; charset=utf-8

                403 Forbidden
                Transaction transaction-1

            "#]],
        );
    }

    #[test]
    fn the_handler_answers_instead() {
        let failure = r#"{"type": "Origin", "config": {"status": 418}}"#;
        check(
            &format!(r#"{{"condition": "${{false}}", "failureHandler": {failure}}}"#),
            expect![[r#"
            GET http://app.example/a

            418 I'm a teapot
        "#]],
        );
        check(
            &format!(r#"{{"condition": "${{true}}", "failureHandler": {failure}}}"#),
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
    }

    #[test]
    fn the_condition_is_needed() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "ConditionEnforcementFilter"}
            ]}}}"#,
            expect![[r#"
                error[PC0303]: ConditionEnforcementFilter needs the field `condition`
                 --> config.json:2:17
                  |
                2 |                 {"type": "ConditionEnforcementFilter"}
                  |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
