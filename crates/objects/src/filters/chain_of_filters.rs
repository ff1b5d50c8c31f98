//! `ChainOfFilters`: several filters under one name.

use exchange::FilterRef;
use heap::{Builder, ObjectConfig, Ref};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Several filters that can be used wherever one filter can, for example to reuse or decorate them together.
///
/// ```json
/// {
///   "type": "ChainOfFilters",
///   "config": {
///     "filters": ["TransactionIdOutboundFilter", { "type": "DateHeaderFilter" }]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainOfFilters {
    /// The filters, in the order in which they see the request.
    filters: Vec<Ref<FilterRef>>,
}

impl ObjectConfig for ChainOfFilters {
    const TYPE: &'static str = "ChainOfFilters";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::several(b.get_all(&self.filters)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(filters: &str, expected: Expect) {
        check_filter("ChainOfFilters", &format!(r#"{{"filters": [{filters}]}}"#), "GET /", expected);
    }

    fn adds(message: &str, value: &str) -> String {
        let config = format!(r#"{{"messageType": "{message}", "add": {{"x": ["{value}"]}}}}"#);
        format!(r#"{{"type": "HeaderFilter", "config": {config}}}"#)
    }

    #[test]
    fn runs_them_in_order_and_back() {
        let filters =
            ["REQUEST", "RESPONSE"].map(|message| format!("{}, {}", adds(message, "1"), adds(message, "2")));
        check(
            &filters.join(", "),
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
    fn none_is_no_obstacle() {
        check(
            "",
            expect![[r#"
            GET http://app.example/

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_filter_that_answers_ends_it() {
        let refuse = r#"{"type": "ConditionEnforcementFilter", "config": {"condition": "${false}"}}"#;
        check(
            &format!("{}, {refuse}, {}", adds("RESPONSE", "out"), adds("REQUEST", "in")),
            expect![[r#"
            403 Forbidden
            content-type: text/plain; charset=utf-8
            x: out

            403 Forbidden
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn filters_are_needed() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "ChainOfFilters"}, {"type": "ChainOfFilters", "config": {"filters": ["none"]}}
            ]}}}"#,
            expect![[r#"
                error[PC0303]: ChainOfFilters needs the field `filters`
                 --> config.json:2:17
                  |
                2 |                 {"type": "ChainOfFilters"}, {"type": "ChainOfFilters", "config": {"filters": ["none"]}}
                  |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0306]: no object is named `none`
                 --> config.json:2:95
                  |
                2 |                 {"type": "ChainOfFilters"}, {"type": "ChainOfFilters", "config": {"filters": ["none"]}}
                  |                                                                                               ^^^^^^ a Filter is needed here
            "#]],
        );
    }
}
