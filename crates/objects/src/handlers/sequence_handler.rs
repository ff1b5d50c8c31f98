//! `SequenceHandler`: handlers one after another, until one's response says stop.

use exchange::{BodyError, Context, Fault, FaultKind, Handler, HandlerRef, Outcome, Request};
use expression::Expr;
use heap::{Builder, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Sends a request to several handlers in turn and answers with the last response.
///
/// After each response its postcondition decides whether the sequence goes on. Each handler gets the whole
/// request body, which is buffered for that; the responses in between are dropped.
///
/// ```json
/// {
///   "type": "SequenceHandler",
///   "config": {
///     "bindings": [
///       { "handler": "ClientHandler", "postcondition": "${response.status.code == 200}" },
///       { "handler": "ReverseProxyHandler" }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SequenceHandler {
    /// The handlers, at least one.
    bindings: Spanned<Vec<Binding>>,
}

/// One step of a [`SequenceHandler`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Binding {
    /// Answers the request.
    handler: Ref<HandlerRef>,
    /// Whether the next step runs; absent means yes. Null, a value that is not a boolean, and an expression
    /// that fails end the sequence with this step's response.
    postcondition: Option<Expr<bool>>,
}

impl ObjectConfig for SequenceHandler {
    const TYPE: &'static str = "SequenceHandler";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        if self.bindings.is_empty() {
            return Err(b.error("a sequence needs at least one binding", Some(self.bindings.span())));
        }
        let steps = self.bindings.into_inner().into_iter();
        let steps = steps.map(|binding| (b.get(&binding.handler), binding.postcondition)).collect();
        Ok(HandlerRef::new(Sequence { steps }))
    }
}

struct Sequence {
    /// At least one.
    steps: Vec<(HandlerRef, Option<Expr<bool>>)>,
}

impl Handler for Sequence {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let (last, earlier) = self.steps.split_last().expect("build refuses a sequence without steps");
        if !earlier.is_empty() {
            request.body.buffer(&cx.storage).await.map_err(request_fault)?;
        }
        for (handler, postcondition) in earlier {
            let body = request.body.duplicate().expect("the body was buffered above");
            let mut response = handler.handle(cx, request).await;
            request.body = body;
            let Some(postcondition) = postcondition else { continue };
            // The handler may be a proxy, whose response is still on its way.
            if postcondition.uses().response_entity {
                response.body.buffer(&cx.storage).await.map_err(response_fault)?;
            }
            if !postcondition.is_true(&cx.scope(request).with(&response)) {
                return Ok(response);
            }
        }
        Ok(last.0.handle(cx, request).await)
    }
}

fn request_fault(error: BodyError) -> Fault {
    let kind = match &error {
        BodyError::TooLarge { .. } => FaultKind::TooLarge,
        BodyError::TimedOut => FaultKind::RequestTimeout,
        BodyError::Storage(_) => FaultKind::Internal,
        BodyError::Incomplete | BodyError::Malformed(_) | BodyError::Connection(_) => FaultKind::BadRequest,
    };
    Fault::new(kind, "The request body could not be buffered for a sequence.").because(error).closing()
}

fn response_fault(error: BodyError) -> Fault {
    Fault::new(FaultKind::BadGateway, "A response in a sequence could not be buffered.").because(error)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_handler};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(bindings: &str, request: &str, expected: Expect) {
        check_handler("SequenceHandler", &format!(r#"{{"bindings": [{bindings}]}}"#), request, expected);
    }

    const ONE: &str = r#""handler": {"type": "Origin", "config": {"status": 201, "entity": "one"}}"#;
    const TWO: &str = r#""handler": {"type": "Origin", "config": {"status": 202, "entity": "two"}}"#;

    #[test]
    fn the_last_response_is_the_answer_and_each_step_gets_the_body() {
        check(
            &format!("{{{ONE}}}, {{{TWO}}}"),
            "POST /a\n\nbody",
            expect![[r#"
            POST http://app.example/a

            body

            POST http://app.example/a

            body

            202 Accepted

            two
        "#]],
        );
    }

    #[test]
    fn goes_on_while_the_postcondition_holds() {
        let condition = r#""postcondition": "${response.entity.string == 'one'}""#;
        check(
            &format!("{{{ONE}, {condition}}}, {{{TWO}}}"),
            "GET /",
            expect![[r#"
            GET http://app.example/

            GET http://app.example/

            202 Accepted

            two
        "#]],
        );
        check(
            &format!("{{{TWO}, {condition}}}, {{{ONE}}}"),
            "GET /",
            expect![[r#"
            GET http://app.example/

            202 Accepted

            two
        "#]],
        );
    }

    #[test]
    fn a_postcondition_that_is_null_ends_the_sequence() {
        let condition = r#""postcondition": "${attributes.absent}""#;
        check(
            &format!("{{{ONE}, {condition}}}, {{{TWO}}}"),
            "GET /",
            expect![[r#"
            GET http://app.example/

            201 Created

            one
        "#]],
        );
    }

    #[test]
    fn the_postcondition_of_the_last_step_changes_nothing() {
        check(
            &format!(r#"{{{ONE}, "postcondition": false}}"#),
            "GET /",
            expect![[r#"
            GET http://app.example/

            201 Created

            one
        "#]],
        );
    }

    #[test]
    fn an_empty_sequence_is_refused() {
        check_complaints(
            r#"{"handler": {"type": "SequenceHandler", "config": {"bindings": []}}}"#,
            expect![[r#"
            error[PC0313]: a sequence needs at least one binding
             --> config.json:1:64
              |
            1 | {"handler": {"type": "SequenceHandler", "config": {"bindings": []}}}
              |                                                                ^^
        "#]],
        );
    }
}
