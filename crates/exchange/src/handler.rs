//! The whole runtime contract: [`Handler`], [`Filter`] and [`Edit`].
//!
//! # Fallible to write, infallible to call
//! The author of a handler writes `async fn` and `?`. The erasing twins in this file ([`HandlerRef`],
//! [`FilterRef`]) box the future and turn an `Err(Fault)` into its response, with the fault attached. So a
//! filter that calls [`Next::run`] always gets a [`Response`], on failures too, and may still add its
//! headers to it.
//!
//! # `&mut Request` stays with the caller
//! A filter that has awaited the response may still read `request.uri`. The body is taken out by whoever
//! sends it; to send a request twice, buffer its body first, so that memory is spent in plain sight.
//!
//! # Filters that never wait
//! A filter that only changes headers needs no future. It implements [`Edit`], and a chain runs a stretch
//! of edits as plain calls: about 14 instructions of overhead each, where a boxed future costs hundreds.
//!
//! # Facts
//! What a filter learns (a token, a policy decision) it adds to the [`Context`]. It is visible to what runs
//! inside that filter, and is gone again on the way out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::chain::{Chain, run_filters};
use crate::{Context, Fault, Request, Response};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What handlers and filters return.
pub type Outcome = Result<Response, Fault>;

/// Answers a request.
pub trait Handler: Send + Sync + 'static {
    /// Produces the response. An `Err` becomes the fault's own response.
    fn handle(&self, cx: &mut Context, request: &mut Request) -> impl Future<Output = Outcome> + Send;
}

/// Stands between a request and the next filter or handler. May call `next` never, once, or again.
pub trait Filter: Send + Sync + 'static {
    /// Handles the request on the way in and the response on the way out.
    fn filter(
        &self,
        cx: &mut Context,
        request: &mut Request,
        next: Next<'_>,
    ) -> impl Future<Output = Outcome> + Send;
}

/// A filter that never waits: it changes the request, the response, or both.
pub trait Edit: Send + Sync + 'static {
    /// Changes the request on its way in. An `Err` ends the request with the fault's response.
    fn request(&self, _cx: &mut Context, _request: &mut Request) -> Result<(), Fault> {
        Ok(())
    }

    /// Changes the response on its way out. Runs only when [`Edit::request`] succeeded.
    fn response(&self, _cx: &mut Context, _request: &Request, _response: &mut Response) -> Result<(), Fault> {
        Ok(())
    }
}

/// A shared handler of any type.
#[derive(Clone)]
pub struct HandlerRef(pub(crate) HandlerKind);

#[derive(Clone)]
pub(crate) enum HandlerKind {
    /// Known as such, so that filters put around it join it instead of nesting.
    Chain(Arc<Chain>),
    Other(Arc<dyn DynHandler>),
}

impl HandlerRef {
    /// Erases the type of a handler.
    pub fn new(handler: impl Handler) -> Self {
        Self(HandlerKind::Other(Arc::new(handler)))
    }

    /// Answers the request; a fault has become a response.
    pub fn handle<'b>(&'b self, cx: &'b mut Context, request: &'b mut Request) -> BoxFuture<'b, Response> {
        match &self.0 {
            HandlerKind::Chain(chain) => chain.handle(cx, request),
            HandlerKind::Other(handler) => handler.handle(cx, request),
        }
    }
}

impl std::fmt::Debug for HandlerRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandlerRef")
    }
}

/// A shared filter of any type, waiting or not.
#[derive(Clone)]
pub struct FilterRef(pub(crate) FilterKind);

#[derive(Clone)]
pub(crate) enum FilterKind {
    Waits(Arc<dyn DynFilter>),
    Edits(Arc<dyn Edit>),
    Several(Arc<[FilterRef]>),
}

impl FilterRef {
    /// Erases the type of a filter that waits.
    pub fn new(filter: impl Filter) -> Self {
        Self(FilterKind::Waits(Arc::new(filter)))
    }

    /// Erases the type of a filter that never waits.
    pub fn edit(edit: impl Edit) -> Self {
        Self(FilterKind::Edits(Arc::new(edit)))
    }

    /// Several filters as one, in the order of the request.
    pub fn several(filters: Vec<FilterRef>) -> Self {
        Self(FilterKind::Several(filters.into()))
    }

    /// The filter itself, or those it is made of.
    pub(crate) fn flattened(self) -> Vec<FilterRef> {
        match self.0 {
            FilterKind::Several(filters) => filters.iter().cloned().flat_map(FilterRef::flattened).collect(),
            _ => vec![self],
        }
    }

    /// Runs this one filter before `next`.
    pub fn filter<'b>(
        &'b self,
        cx: &'b mut Context,
        request: &'b mut Request,
        next: Next<'b>,
    ) -> BoxFuture<'b, Response> {
        match &self.0 {
            FilterKind::Waits(filter) => filter.filter(cx, request, next),
            FilterKind::Several(filters) => {
                Box::pin(async move { run_filters(filters, Then::Outer(&next), cx, request).await })
            }
            FilterKind::Edits(_) => Box::pin(async move {
                run_filters(std::slice::from_ref(self), Then::Outer(&next), cx, request).await
            }),
        }
    }
}

impl std::fmt::Debug for FilterRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FilterRef")
    }
}

/// What stands behind a filter: the remaining filters and the handler at the end.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    pub(crate) filters: &'a [FilterRef],
    pub(crate) then: Then<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum Then<'a> {
    Handler(&'a HandlerRef),
    Outer(&'a Next<'a>),
}

impl<'a> Next<'a> {
    /// The rest of a chain: `filters` in order, then `handler`.
    pub fn new(filters: &'a [FilterRef], handler: &'a HandlerRef) -> Self {
        Self { filters, then: Then::Handler(handler) }
    }

    /// `filters` in order, then whatever stood behind the caller. For filters made of filters.
    pub fn before(filters: &'a [FilterRef], outer: &'a Next<'a>) -> Self {
        Self { filters, then: Then::Outer(outer) }
    }

    /// Runs what stands behind. Always yields a response: a fault has become one.
    pub fn run<'b>(self, cx: &'b mut Context, request: &'b mut Request) -> BoxFuture<'b, Response>
    where
        'a: 'b,
    {
        match (self.filters, self.then) {
            ([], Then::Handler(handler)) => handler.handle(cx, request),
            ([], Then::Outer(next)) => next.run(cx, request),
            (filters, then) => Box::pin(run_filters(filters, then, cx, request)),
        }
    }
}

pub(crate) trait DynHandler: Send + Sync {
    fn handle<'b>(&'b self, cx: &'b mut Context, request: &'b mut Request) -> BoxFuture<'b, Response>;
}

impl<H: Handler> DynHandler for H {
    fn handle<'b>(&'b self, cx: &'b mut Context, request: &'b mut Request) -> BoxFuture<'b, Response> {
        Box::pin(async move {
            let mark = cx.enter();
            let outcome = if cx.is_too_deep() {
                Err(Fault::too_deep())
            } else {
                Handler::handle(self, cx, request).await
            };
            let response = outcome.unwrap_or_else(|fault| fault.into_response(cx));
            cx.leave(mark);
            response
        })
    }
}

pub(crate) trait DynFilter: Send + Sync {
    fn filter<'b>(
        &'b self,
        cx: &'b mut Context,
        request: &'b mut Request,
        next: Next<'b>,
    ) -> BoxFuture<'b, Response>;
}

impl<F: Filter> DynFilter for F {
    fn filter<'b>(
        &'b self,
        cx: &'b mut Context,
        request: &'b mut Request,
        next: Next<'b>,
    ) -> BoxFuture<'b, Response> {
        Box::pin(async move {
            let mark = cx.enter();
            let outcome = if cx.is_too_deep() {
                Err(Fault::too_deep())
            } else {
                Filter::filter(self, cx, request, next).await
            };
            let response = outcome.unwrap_or_else(|fault| fault.into_response(cx));
            cx.leave(mark);
            response
        })
    }
}
