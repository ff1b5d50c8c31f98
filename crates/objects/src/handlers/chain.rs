//! `Chain`: filters in order, then a handler.

use exchange::{FilterRef, HandlerRef};
use heap::{Builder, ObjectConfig, Ref};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Sends a request through filters, in the order of the list, and then to a handler.
///
/// The response comes back through the same filters in reverse.
///
/// ```json
/// {
///   "type": "Chain",
///   "config": {
///     "filters": [
///       { "type": "HeaderFilter", "config": { "messageType": "REQUEST", "remove": ["x-internal"] } }
///     ],
///     "handler": "ReverseProxyHandler"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// The filters. An empty list leaves the handler alone.
    filters: Vec<Ref<FilterRef>>,
    /// Answers what the filters let through.
    handler: Ref<HandlerRef>,
}

impl ObjectConfig for Chain {
    const TYPE: &'static str = "Chain";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        Ok(exchange::Chain::handler(b.get_all(&self.filters), b.get(&self.handler)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_handler};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, request: &str, expected: Expect) {
        check_handler("Chain", config, request, expected);
    }

    /// A header filter as JSON text.
    fn adds(message: &str, value: &str) -> String {
        let config = format!(r#"{{"messageType": "{message}", "add": {{"x": ["{value}"]}}}}"#);
        format!(r#"{{"type": "HeaderFilter", "config": {config}}}"#)
    }

    #[test]
    fn requests_pass_in_order_and_responses_in_reverse() {
        let filters =
            [adds("REQUEST", "1"), adds("REQUEST", "2"), adds("RESPONSE", "1"), adds("RESPONSE", "2")];
        let config = format!(r#"{{"filters": [{}], "handler": {{"type": "Origin"}}}}"#, filters.join(","));
        check(
            &config,
            "GET /",
            expect![[r#"
            GET http://app.example/
            x: 1
            x: 2

            200 OK
            x: 2
            x: 1
        "#]],
        );
    }

    #[test]
    fn chains_nest() {
        let inner =
            format!(r#"{{"filters": [{}], "handler": {{"type": "Origin"}}}}"#, adds("REQUEST", "inner"));
        let config = format!(
            r#"{{"filters": [{}], "handler": {{"type": "Chain", "config": {inner}}}}}"#,
            adds("REQUEST", "outer")
        );
        check(
            &config,
            "GET /",
            expect![[r#"
            GET http://app.example/
            x: outer
            x: inner

            200 OK
        "#]],
        );
    }

    #[test]
    fn no_filter_is_no_obstacle() {
        check(
            r#"{"filters": [], "handler": {"type": "Origin"}}"#,
            "GET /a",
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
    }

    #[test]
    fn needs_filters_and_handler() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {}}}"#,
            expect![[r#"
            error[PC0303]: Chain needs the field `filters`
             --> config.json:1:41
              |
            1 | {"handler": {"type": "Chain", "config": {}}}
              |                                         ^^
            error[PC0303]: Chain needs the field `handler`
             --> config.json:1:41
              |
            1 | {"handler": {"type": "Chain", "config": {}}}
              |                                         ^^
        "#]],
        );
    }
}
