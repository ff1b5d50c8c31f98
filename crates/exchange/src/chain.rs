//! [`Chain`]: filters in order, then a handler. Also the loop that every [`Next`] runs.
//!
//! One future serves a whole stretch of edits: they are plain calls before and after the await.

use std::sync::Arc;

use crate::handler::{FilterKind, HandlerKind, Then};
use crate::{BoxFuture, Context, FilterRef, HandlerRef, Next, Request, Response};

/// Filters in the order of the request, then a handler. Responses unwind in reverse.
#[derive(Debug, Clone)]
pub struct Chain {
    filters: Vec<FilterRef>,
    handler: HandlerRef,
}

impl Chain {
    /// A chain as one handler; with no filter it is the handler itself. Filters before a chain join it, so
    /// that decorations cost no future of their own.
    pub fn handler(filters: Vec<FilterRef>, handler: HandlerRef) -> HandlerRef {
        let mut filters: Vec<FilterRef> = filters.into_iter().flat_map(FilterRef::flattened).collect();
        if filters.is_empty() {
            return handler;
        }
        let handler = match handler.0 {
            HandlerKind::Chain(inner) => {
                filters.extend(inner.filters.iter().cloned());
                inner.handler.clone()
            }
            HandlerKind::Other(_) => handler,
        };
        HandlerRef(HandlerKind::Chain(Arc::new(Self { filters, handler })))
    }

    pub(crate) fn handle<'b>(
        &'b self,
        cx: &'b mut Context,
        request: &'b mut Request,
    ) -> BoxFuture<'b, Response> {
        Box::pin(run_filters(&self.filters, Then::Handler(&self.handler), cx, request))
    }
}

/// Runs `filters` and what stands behind them.
pub(crate) async fn run_filters(
    filters: &[FilterRef],
    then: Then<'_>,
    cx: &mut Context,
    request: &mut Request,
) -> Response {
    // What an edit learns is for those inside of it, and gone when the response has passed it.
    let facts = cx.facts();
    let mut passed = 0;
    let mut refused = None;
    for filter in filters {
        let FilterKind::Edits(edit) = &filter.0 else { break };
        if let Err(fault) = edit.request(cx, request) {
            refused = Some(fault.into_response(cx));
            break;
        }
        passed += 1;
    }
    let mut response = match refused {
        Some(response) => response,
        None => run_rest(&filters[passed..], then, cx, request).await,
    };
    for filter in filters[..passed].iter().rev() {
        if let FilterKind::Edits(edit) = &filter.0
            && let Err(fault) = edit.response(cx, request, &mut response)
        {
            response = fault.into_response(cx);
        }
    }
    cx.forget(facts);
    response
}

/// `filters` is empty or begins with one that waits.
async fn run_rest(
    filters: &[FilterRef],
    then: Then<'_>,
    cx: &mut Context,
    request: &mut Request,
) -> Response {
    match (filters.split_first(), then) {
        (Some((first, rest)), then) => first.filter(cx, request, Next { filters: rest, then }).await,
        (None, Then::Handler(handler)) => handler.handle(cx, request).await,
        (None, Then::Outer(next)) => next.run(cx, request).await,
    }
}
