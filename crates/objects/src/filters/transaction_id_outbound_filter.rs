//! `TransactionIdOutboundFilter`: passes the transaction id on, so that logs of several servers can be joined.

use exchange::{Context, Edit, Fault, FilterRef, HeaderName, HeaderValue, Request};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Sends the transaction id on in `X-ForgeRock-TransactionId`.
///
/// The value is the id of this request, a slash, and the number of the outgoing call, counted from 0. A value
/// that the client sent is replaced.
///
/// ```json
/// { "type": "TransactionIdOutboundFilter", "config": {} }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionIdOutboundFilter {}

const TRANSACTION_ID: HeaderName = HeaderName::from_static("x-forgerock-transactionid");

impl ObjectConfig for TransactionIdOutboundFilter {
    const TYPE: &'static str = "TransactionIdOutboundFilter";
    type Object = FilterRef;

    fn build(self, _: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::edit(self))
    }
}

impl Edit for TransactionIdOutboundFilter {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        request.headers.remove(TRANSACTION_ID);
        match HeaderValue::from_str(&cx.transaction().next_call()) {
            Ok(id) => {
                request.headers.insert(TRANSACTION_ID, id);
            }
            // Only an id that a trusted peer gave can hold such characters.
            Err(_) => tracing::warn!("The transaction id cannot be sent on in a header."),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check_filter;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(request: &str, expected: Expect) {
        check_filter("TransactionIdOutboundFilter", "{}", request, expected);
    }

    #[test]
    fn sends_id_and_number() {
        check(
            "GET /",
            expect![[r#"
            GET http://app.example/
            x-forgerock-transactionid: transaction-1/0

            200 OK
        "#]],
        );
    }

    #[test]
    fn replaces_what_the_client_sent() {
        check(
            "GET /\nX-ForgeRock-TransactionId: forged\nX-ForgeRock-TransactionId: twice",
            expect![[r#"
            GET http://app.example/
            x-forgerock-transactionid: transaction-1/0

            200 OK
        "#]],
        );
    }

    #[test]
    fn counts_the_calls_of_one_request() {
        let twice = r#"{"filters": [{"type": "TransactionIdOutboundFilter"}, {"type": "SwitchFilter", "config":
            {"onRequest": [{"handler": {"type": "Chain", "config": {
                "filters": [{"type": "TransactionIdOutboundFilter"}], "handler": {"type": "Origin"}}}}]}}]}"#;
        check_filter(
            "ChainOfFilters",
            twice,
            "GET /",
            expect![[r#"
            GET http://app.example/
            x-forgerock-transactionid: transaction-1/1

            200 OK
        "#]],
        );
    }
}
