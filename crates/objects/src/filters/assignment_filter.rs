//! `AssignmentFilter`: writes values to places in the request, the response, the attributes or the session.

use exchange::{Context, Edit, Exchange, ExchangeMut, Fault, Filter, FilterRef, Next, Outcome, Request};
use expression::{Any, Expr, LValue};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Assigns values to places such as `${attributes.user}`, `${session.user}` or `${request.method}`.
///
/// The assignments of a list run in order, and each sees what those before it have done. One that fails is
/// reported in the log and skipped; the request goes on.
///
/// ```json
/// {
///   "type": "AssignmentFilter",
///   "config": {
///     "onRequest": [
///       {
///         "condition": "${request.method == 'GET'}",
///         "target": "${attributes.page}",
///         "value": "${request.uri.path}"
///       }
///     ],
///     "onResponse": [{ "target": "${response.headers['x-page']}", "value": "${attributes.page}" }]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentFilter {
    /// Assignments to make before the request goes on.
    #[serde(default)]
    on_request: Vec<Assignment>,
    /// Assignments to make when the response comes back.
    #[serde(default)]
    on_response: Vec<Assignment>,
}

/// One assignment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    /// Whether to assign; always when absent.
    condition: Option<Expr<bool>>,
    /// The place to assign to.
    target: LValue,
    /// The value; null when absent, which removes a header field or a session entry.
    value: Option<Expr<Any>>,
}

impl ObjectConfig for AssignmentFilter {
    const TYPE: &'static str = "AssignmentFilter";
    type Object = FilterRef;

    fn build(self, _: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        // An assignment on the way back may still change the request, which an edit cannot.
        Ok(if self.on_response.is_empty() { FilterRef::edit(self) } else { FilterRef::new(self) })
    }
}

impl Edit for AssignmentFilter {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        for assignment in &self.on_request {
            assignment.make(cx.scope_mut(request));
        }
        Ok(())
    }
}

impl Filter for AssignmentFilter {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        Edit::request(self, cx, request)?;
        let mut response = next.run(cx, request).await;
        for assignment in &self.on_response {
            assignment.make(cx.scope_mut(request).with(&mut response));
        }
        Ok(response)
    }
}

impl Assignment {
    fn make(&self, mut scope: ExchangeMut<'_>) {
        let Some(value) = self.value(scope.read()) else { return };
        match self.target.assign(&mut scope, value) {
            Ok(()) => {}
            // What is missing in the session is missed by later requests, and a person may be logged in or not by it.
            Err(why) if self.target.uses().session => {
                tracing::error!(target_place = ?self.target, "A session entry was not written: {why}.");
            }
            Err(why) => tracing::warn!(target_place = ?self.target, "An assignment was skipped: {why}."),
        }
    }

    /// The value, if the assignment is to be made.
    fn value(&self, scope: Exchange<'_>) -> Option<expression::Value<'static>> {
        if self.condition.as_ref().is_some_and(|condition| !condition.is_true(&scope)) {
            return None;
        }
        Some(self.value.as_ref().map_or(expression::Value::Null, |value| value.value(&scope).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter, check_level};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, expected: Expect) {
        check_filter("AssignmentFilter", config, "GET /a?q=1\nx: 1", expected);
    }

    #[test]
    fn assigns_to_the_request_in_order() {
        check(
            r#"{"onRequest": [
                {"target": "${attributes.a}", "value": "${request.headers['x'][0]}"},
                {"target": "${request.headers['y']}", "value": "${attributes.a}${request.method}"},
                {"target": "${request.method}", "value": "PUT"},
                {"target": "${request.uri.path}", "value": "/b c"}
            ]}"#,
            expect![[r#"
                PUT http://app.example/b%20c?q=1
                x: 1
                y: 1GET

                200 OK
            "#]],
        );
    }

    #[test]
    fn a_missing_value_is_null() {
        check(
            r#"{"onRequest": [{"target": "${request.headers['x']}"}]}"#,
            expect![[r#"
            GET http://app.example/a?q=1

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_condition_that_is_not_true_prevents_it() {
        check(
            r#"{"onRequest": [
                {"condition": "${request.method == 'POST'}", "target": "${request.headers['a']}", "value": "1"},
                {"condition": "${attributes.nothing}", "target": "${request.headers['b']}", "value": "1"},
                {"condition": "${lastElement(split(request.method, ' '))}", "target": "${request.headers['c']}", "value": "1"},
                {"condition": "${request.method == 'GET'}", "target": "${request.headers['d']}", "value": "1"}
            ]}"#,
            expect![[r#"
                GET http://app.example/a?q=1
                x: 1
                d: 1

                200 OK
            "#]],
        );
    }

    #[test]
    fn one_that_fails_is_skipped() {
        check(
            r#"{"onRequest": [
                {"target": "${request.method}", "value": "not a method"},
                {"target": "${request.headers['x']}", "value": "2"}
            ]}"#,
            expect![[r#"
                GET http://app.example/a?q=1
                x: 2

                200 OK
            "#]],
        );
    }

    #[test]
    fn assigns_on_the_way_back() {
        check(
            r#"{"onRequest": [{"target": "${attributes['a']}", "value": {"b": ["${request.method}"]}}],
                "onResponse": [
                    {"target": "${response.headers['b']}", "value": "${attributes.a.b[0]}"},
                    {"target": "${response.status}", "value": 204}
                ]}"#,
            expect![[r#"
                GET http://app.example/a?q=1
                x: 1

                204 No Content
                b: GET
            "#]],
        );
    }

    #[test]
    fn a_key_may_be_computed() {
        check(
            r#"{"onRequest": [
                {"target": "${attributes[request.headers['x'][0]]}", "value": "one"},
                {"target": "${request.headers['y']}", "value": "${attributes['1']}"}
            ]}"#,
            expect![[r#"
                GET http://app.example/a?q=1
                x: 1
                y: one

                200 OK
            "#]],
        );
    }

    #[test]
    fn without_assignments_nothing_happens() {
        check(
            "{}",
            expect![[r#"
            GET http://app.example/a?q=1
            x: 1

            200 OK
        "#]],
        );
    }

    #[test]
    fn places_that_cannot_be_written_are_refused_at_load() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "AssignmentFilter", "config": {"onRequest": [{"target": "${env.x}"}, {"value": 1}]}}
            ]}}}"#,
            expect![[r#"
                error[PC0207]: this is no place to write to: it does not begin with a root that is writable
                 --> config.json:2:83
                  |
                2 |                 {"type": "AssignmentFilter", "config": {"onRequest": [{"target": "${env.x}"}, {"value": 1}]}}
                  |                                                                                   ^^^^^^^^
                  |
                  = help: name a place such as `${attributes.user}` or `${session['token']}`
            "#]],
        );
    }

    #[test]
    fn a_response_made_by_the_gateway_can_be_changed_too() {
        check_level(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "AssignmentFilter",
                 "config": {"onResponse": [{"target": "${response.entity}", "value": "no"}]}},
                {"type": "ConditionEnforcementFilter", "config": {"condition": "${false}"}}
            ]}}}"#,
            "GET /",
            expect![[r#"
                403 Forbidden
                content-type: text/plain; charset=utf-8

                no
            "#]],
        );
    }
}
