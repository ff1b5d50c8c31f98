//! `ConditionalFilter`: runs another filter for some requests only.

use exchange::{Context, Filter, FilterRef, Next, Outcome, Request};
use expression::Expr;
use heap::{Builder, ObjectConfig, Ref};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Runs a filter when a condition holds, and passes the request by it otherwise.
///
/// A condition that is null, not a boolean, or cannot be evaluated does not hold: the filter is skipped. Do
/// not put a filter that protects something behind a condition that a client can make fail.
///
/// ```json
/// {
///   "type": "ConditionalFilter",
///   "config": {
///     "condition": "${request.method == 'POST'}",
///     "delegate": "TransactionIdOutboundFilter"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionalFilter {
    /// Whether to run the filter. Evaluated once, on the way in.
    condition: Expr<bool>,
    /// The filter to run.
    delegate: Ref<FilterRef>,
}

impl ObjectConfig for ConditionalFilter {
    const TYPE: &'static str = "ConditionalFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(only_if(self.condition, b.get(&self.delegate)))
    }
}

/// A filter that lets requests pass it by unless the condition holds.
pub(super) fn only_if(condition: Expr<bool>, delegate: FilterRef) -> FilterRef {
    FilterRef::new(Conditional { condition, delegate })
}

struct Conditional {
    condition: Expr<bool>,
    delegate: FilterRef,
}

impl Filter for Conditional {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        if self.condition.is_true(&cx.scope(request)) {
            Ok(self.delegate.filter(cx, request, next).await)
        } else {
            Ok(next.run(cx, request).await)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(condition: &str, expected: Expect) {
        let delegate =
            r#"{"type": "HeaderFilter", "config": {"messageType": "REQUEST", "add": {"ran": ["1"]}}}"#;
        let config = format!(r#"{{"condition": "{condition}", "delegate": {delegate}}}"#);
        check_filter("ConditionalFilter", &config, "GET /a", expected);
    }

    #[test]
    fn runs_the_delegate_when_true() {
        check(
            "${request.method == 'GET'}",
            expect![[r#"
            GET http://app.example/a
            ran: 1

            200 OK
        "#]],
        );
    }

    #[test]
    fn skips_it_when_false() {
        check(
            "${request.method == 'PUT'}",
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_condition_that_is_never_true_is_refused() {
        check(
            "yes",
            expect![[r#"
            config.json:1:108: error[PC0302]: ConditionalFilter: a condition is `true`, `false` or one expression such as `${request.method == 'GET'}`; text is never true
        "#]],
        );
        check(
            " ${true}${request.method}",
            expect![[r#"
            config.json:1:108: error[PC0302]: ConditionalFilter: a condition is `true`, `false` or one expression such as `${request.method == 'GET'}`; text with expressions in it is never true
        "#]],
        );
    }

    #[test]
    fn skips_it_when_null_or_not_a_boolean() {
        check(
            "${attributes.nothing}",
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
        check(
            "${lastElement(split(request.method, ' '))}",
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
    }

    #[test]
    fn both_fields_are_needed() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "ConditionalFilter", "config": {}},
                {"type": "ConditionalFilter", "config": {"condition": "${true}"}}
            ]}}}"#,
            expect![[r#"
                error[PC0303]: ConditionalFilter needs the field `condition`
                 --> config.json:2:57
                  |
                2 |                 {"type": "ConditionalFilter", "config": {}},
                  |                                                         ^^
                error[PC0303]: ConditionalFilter needs the field `delegate`
                 --> config.json:2:57
                  |
                2 |                 {"type": "ConditionalFilter", "config": {}},
                  |                                                         ^^
                error[PC0303]: ConditionalFilter needs the field `delegate`
                 --> config.json:3:57
                  |
                3 |                 {"type": "ConditionalFilter", "config": {"condition": "${true}"}}
                  |                                                         ^^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
