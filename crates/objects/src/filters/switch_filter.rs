//! `SwitchFilter`: diverts a request or a response to another handler.

use exchange::{Context, Exchange, Filter, FilterRef, HandlerRef, Next, Outcome, Request};
use expression::Expr;
use heap::{Builder, ObjectConfig, Ref};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Hands the request to another handler when a condition holds, on the way in or on the way out.
///
/// The cases of a list are tried in order; the first whose condition holds ends the matter. A diverted
/// request never reaches what stands behind the filter; a diverted response is replaced by what the handler
/// answers.
///
/// ```json
/// {
///   "type": "SwitchFilter",
///   "config": {
///     "onResponse": [
///       {
///         "condition": "${response.status.code == 502}",
///         "handler": { "type": "StaticResponseHandler", "config": { "status": 503 } }
///       }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SwitchFilter {
    /// Where to divert requests.
    #[serde(default)]
    on_request: Vec<CaseConfig>,
    /// Where to divert responses.
    #[serde(default)]
    on_response: Vec<CaseConfig>,
}

/// One condition and where it leads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CaseConfig {
    /// When to divert; always when absent.
    condition: Option<Expr<bool>>,
    /// What answers then.
    handler: Ref<HandlerRef>,
}

impl ObjectConfig for SwitchFilter {
    const TYPE: &'static str = "SwitchFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let cases = |configured: Vec<CaseConfig>| {
            let cases = configured.into_iter();
            cases.map(|case| Case { handler: b.get(&case.handler), condition: case.condition }).collect()
        };
        Ok(FilterRef::new(Switch {
            on_request: cases(self.on_request),
            on_response: cases(self.on_response),
        }))
    }
}

struct Switch {
    on_request: Vec<Case>,
    on_response: Vec<Case>,
}

struct Case {
    condition: Option<Expr<bool>>,
    handler: HandlerRef,
}

impl Filter for Switch {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        if let Some(handler) = first(&self.on_request, cx.scope(request)) {
            return Ok(handler.handle(cx, request).await);
        }
        let response = next.run(cx, request).await;
        Ok(match first(&self.on_response, cx.scope(request).with(&response)) {
            Some(handler) => handler.handle(cx, request).await,
            None => response,
        })
    }
}

/// The handler of the first case that holds.
fn first<'s>(cases: &'s [Case], scope: Exchange<'_>) -> Option<&'s HandlerRef> {
    let holds = |case: &&Case| case.condition.as_ref().is_none_or(|condition| condition.is_true(&scope));
    cases.iter().find(holds).map(|case| &case.handler)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, expected: Expect) {
        let teapot = r#"{"type": "Origin", "config": {"status": 418}}"#;
        let gone = r#"{"type": "Origin", "config": {"status": 410}}"#;
        let config = config.replace("TEAPOT", teapot).replace("GONE", gone);
        check_filter("SwitchFilter", &config, "GET /a", expected);
    }

    #[test]
    fn the_first_case_that_holds_diverts_the_request() {
        check(
            r#"{"onRequest": [
                {"condition": "${request.method == 'PUT'}", "handler": GONE},
                {"condition": "${request.method == 'GET'}", "handler": TEAPOT},
                {"handler": GONE}
            ]}"#,
            expect![[r#"
                GET http://app.example/a

                418 I'm a teapot
            "#]],
        );
    }

    #[test]
    fn a_case_without_condition_always_holds() {
        check(
            r#"{"onRequest": [{"handler": GONE}]}"#,
            expect![[r#"
            GET http://app.example/a

            410 Gone
        "#]],
        );
    }

    #[test]
    fn no_case_lets_everything_pass() {
        check(
            r#"{"onRequest": [{"condition": "${null}", "handler": GONE}], "onResponse": []}"#,
            expect![[r#"
                GET http://app.example/a

                410 Gone
            "#]],
        );
        check(
            "{}",
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_response_is_replaced() {
        check(
            r#"{"onResponse": [{"condition": "${response.status.code == 200}", "handler": TEAPOT}]}"#,
            expect![[r#"
                GET http://app.example/a

                GET http://app.example/a

                418 I'm a teapot
            "#]],
        );
    }

    #[test]
    fn a_diverted_request_is_not_diverted_again() {
        check(
            r#"{"onRequest": [{"handler": TEAPOT}], "onResponse": [{"handler": GONE}]}"#,
            expect![[r#"
            GET http://app.example/a

            418 I'm a teapot
        "#]],
        );
    }

    #[test]
    fn a_case_needs_a_handler() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "SwitchFilter", "config": {"onRequest": [{"condition": "${true}"}]}}
            ]}}}"#,
            expect![[r#"
                error[PC0303]: an entry in `onRequest` of SwitchFilter needs the field `handler`
                 --> config.json:2:67
                  |
                2 |                 {"type": "SwitchFilter", "config": {"onRequest": [{"condition": "${true}"}]}}
                  |                                                                   ^^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
