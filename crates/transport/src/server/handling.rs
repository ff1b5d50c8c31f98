//! [`handle`]: runs the handler for one request.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context as TaskContext, Poll};

use exchange::{Context, Fault, HandlerRef, Request, Response};

/// Runs the handler until it answers or panics, which is answered too. `None`: `client_left` said so first.
pub(crate) async fn handle(
    handler: &HandlerRef,
    cx: &mut Context,
    request: &mut Request,
    mut client_left: impl FnMut(&mut TaskContext<'_>) -> bool,
) -> Option<Response> {
    let outcome = {
        let mut handling = handler.handle(cx, request);
        poll_fn(|task| {
            match catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(task))) {
                Ok(Poll::Ready(response)) => return Poll::Ready(Some(Ok(response))),
                Err(_) => return Poll::Ready(Some(Err(Panicked))),
                Ok(Poll::Pending) => {}
            }
            match client_left(task) {
                true => Poll::Ready(None),
                false => Poll::Pending,
            }
        })
        .await
    };
    let answer_panic = |Panicked| Fault::internal("A handler panicked").closing().into_response(cx);
    outcome.map(|outcome| outcome.unwrap_or_else(answer_panic))
}

struct Panicked;
