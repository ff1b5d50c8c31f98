//! `DateHeaderFilter`: dates responses that carry no date.

use std::time::SystemTime;

use exchange::{Context, Edit, Fault, FilterRef, HeaderValue, Request, Response, header};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Adds the header `Date` to responses that have none (RFC 9110, section 6.6.1).
///
/// ```json
/// { "type": "DateHeaderFilter", "config": {} }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DateHeaderFilter {}

impl ObjectConfig for DateHeaderFilter {
    const TYPE: &'static str = "DateHeaderFilter";
    type Object = FilterRef;

    fn build(self, _: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::edit(self))
    }
}

impl Edit for DateHeaderFilter {
    fn response(&self, _: &mut Context, _: &Request, response: &mut Response) -> Result<(), Fault> {
        response.headers.entry(header::DATE).or_insert_with(|| {
            let date = httpdate::fmt_http_date(SystemTime::now());
            HeaderValue::from_str(&date).expect("a formatted date is plain ASCII")
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_level};
    use expect_test::{Expect, expect};

    /// Shows whether the date is well-formed rather than the date itself.
    #[track_caller]
    fn check(origin: &str, expected: Expect) {
        let form = "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} 2[0-9]{3} [0-9:]{8} GMT$";
        let show = format!(
            r#"{{"type": "HeaderFilter", "config": {{"messageType": "RESPONSE", "remove": ["date"], "add":
                {{"well-formed": ["${{find(response.headers['date'][0], '{form}')}}"],
                  "count": ["${{length(response.headers['date'])}}"]}}}}}}"#
        );
        check_level(
            &format!(
                r#"{{"handler": {{"type": "Chain", "config": {{
                    "filters": [{show}, {{"type": "DateHeaderFilter"}}],
                    "handler": {{"type": "Origin", "config": {{"headers": {origin}}}}}}}}}}}"#
            ),
            "GET /",
            expected,
        );
    }

    #[test]
    fn adds_a_date() {
        check(
            "{}",
            expect![[r#"
            GET http://app.example/

            200 OK
            well-formed: true
            count: 1
        "#]],
        );
    }

    #[test]
    fn keeps_the_date_of_the_origin() {
        check(
            r#"{"Date": "yesterday"}"#,
            expect![[r#"
            GET http://app.example/

            200 OK
            well-formed: false
            count: 1
        "#]],
        );
    }

    #[test]
    fn has_no_properties() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "DateHeaderFilter", "config": {"format": "iso"}}
            ]}}}"#,
            expect![[r#"
                warning[PC0304]: DateHeaderFilter has no field `format`; it is ignored
                 --> config.json:2:57
                  |
                2 |                 {"type": "DateHeaderFilter", "config": {"format": "iso"}}
                  |                                                         ^^^^^^^^
            "#]],
        );
    }
}
