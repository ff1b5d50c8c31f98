//! `HandlerServlet`: where OpenIG 2 entered its handlers.

use exchange::HandlerRef;
use expression::Expr;
use heap::{Builder, ObjectConfig, Ref, Spanned, Status};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::dispatch_handler::{always, base_of};

/// Hands every request to a handler. Of OpenIG 2: name the handler itself instead, as `handler`.
///
/// ```json
/// {
///   "type": "HandlerServlet",
///   "config": { "handler": "ClientHandler", "baseURI": "http://app.example.com:8081" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandlerServlet {
    /// Answers the requests.
    handler: Ref<HandlerRef>,
    /// Where the requests are sent, as `baseURI` of `DispatchHandler`.
    #[serde(rename = "baseURI")]
    base_uri: Option<Spanned<Expr<String>>>,
}

impl ObjectConfig for HandlerServlet {
    const TYPE: &'static str = "HandlerServlet";
    const STATUS: Status = Status::Deprecated;
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let handler = b.get(&self.handler);
        match self.base_uri {
            Some(base) => Ok(always(handler, base_of(base, b)?)),
            None => Ok(handler),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::testing::{check_complaints, check_handler, check_level};

    #[test]
    fn hands_requests_to_its_handler() {
        check_handler(
            "HandlerServlet",
            r#"{"handler": {"type": "Origin"}}"#,
            "GET /p",
            expect![[r#"
            GET http://app.example/p

            200 OK
        "#]],
        );
    }

    #[test]
    fn sends_requests_to_its_base() {
        check_handler(
            "HandlerServlet",
            r#"{"handler": {"type": "Origin"}, "baseURI": "https://b.example:8443"}"#,
            "GET /p?q",
            expect![[r#"
                GET https://b.example:8443/p?q

                200 OK
            "#]],
        );
    }

    #[test]
    fn names_what_replaces_it() {
        check_complaints(
            r#"{"handler": {"type": "HandlerServlet", "config": {"handler": "ClientHandler"}}}"#,
            expect![[r#"
                warning[PC0311]: `HandlerServlet` is an object type of older releases; write the name of its `handler` in place of its own
                 --> config.json:1:22
                  |
                1 | {"handler": {"type": "HandlerServlet", "config": {"handler": "ClientHandler"}}}
                  |                      ^^^^^^^^^^^^^^^^
            "#]],
        );
        check_level(
            r#"{"handler": {"type": "HandlerServlet"}}"#,
            "GET /",
            expect![[r#"
            config.json:1:13: error[PC0303]: HandlerServlet needs the field `handler`
            config.json:1:22: warning[PC0311]: `HandlerServlet` is an object type of older releases; write the name of its `handler` in place of its own
        "#]],
        );
    }
}
