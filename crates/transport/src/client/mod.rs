//! The client side: sends requests to origins over pooled connections.

pub(crate) mod attempt;
mod body;
pub(crate) mod encode;
pub(crate) mod head;
mod lanes;
mod options;
mod pool;
mod resolver;
pub mod stream;
pub(crate) mod wire;

use std::sync::Arc;

use exchange::{Body, Context, Fault, Request, Response};
use http::Method;

pub use crate::h2::options::ClientHttp2Options;
pub use options::{ClientOptions, Forwarded};
pub use resolver::{Resolver, ResolverError};

use lanes::Lane;
use pool::{Granted, Origin, Permit, Pool};
use wire::Wire;

use crate::h1::writer::Framing;
use crate::h2;

/// Sends requests. Its connections close when it is dropped.
#[derive(Debug)]
pub struct Client {
    options: ClientOptions,
    pool: Pool,
}

impl Client {
    /// A client without connections.
    pub fn new(options: ClientOptions) -> Self {
        Self { options, pool: Pool::new() }
    }

    /// Sends a request to the origin of its URI. The body is taken out; the head stays with the caller.
    ///
    /// A request whose idle connection turns out to be closed is sent once more on a fresh one, if its method
    /// is idempotent or the origin has not acted on it, and if its body is held and not streamed.
    ///
    /// # Errors
    /// `BadGateway` when the origin cannot be reached, does not prove who it is, or does not speak HTTP;
    /// `GatewayTimeout` when it is silent, `Unavailable` when no connection becomes free; for a body of the
    /// client that fails, the fault that tells the client so.
    pub async fn send(&self, cx: &Context, request: &mut Request) -> Result<Response, Fault> {
        if request.method == Method::CONNECT {
            return Err(Fault::internal("CONNECT is not sent to origins"));
        }
        let origin = self.pool.origin(&request.uri, &self.options);
        let framing = encode::framing(request);
        let mut body = request.body.take();
        // Another protocol can only be switched to from HTTP/1.
        let may_be_http2 =
            origin.lanes.may_be(&request.uri, &self.options) && !encode::wants_upgrade(request);
        if may_be_http2 && origin.lanes.is_known(&request.uri) {
            return Box::pin(self.send_multiplexed(&origin, cx, request, body, framing)).await;
        }
        let mut permit = self.permit(origin, request).await?;
        if let Some(wire) = permit.idle_wire(&self.options) {
            let again = if self.options.retries { body.duplicate() } else { None };
            let failure = match attempt::run(wire, permit, cx, request, body, &self.options, framing).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let repeatable = failure.nothing_sent || request.method.is_idempotent();
            match again {
                Some(again) if failure.was_stale && repeatable => body = again,
                _ => return Err(failure.fault),
            }
            permit = failure.permit;
        }
        // In a box of its own, so that the usual case, an idle connection that works, stays small.
        Box::pin(self.send_fresh(permit, may_be_http2, cx, request, body, framing)).await
    }

    async fn permit(&self, origin: Arc<Origin>, request: &Request) -> Result<Permit, Fault> {
        match Pool::permit(origin, &request.uri, &self.options)? {
            Granted::Now(permit) => Ok(permit),
            Granted::Later(waiting) => Box::pin(waiting.permit(&request.uri, &self.options)).await,
        }
    }

    async fn send_fresh(
        &self,
        permit: Permit,
        may_be_http2: bool,
        cx: &Context,
        request: &Request,
        body: Body,
        framing: Framing,
    ) -> Result<Response, Fault> {
        let wire = Wire::connect(&request.uri, &self.options, may_be_http2).await?;
        if wire.speaks_http2() {
            let origin = self.pool.origin(&request.uri, &self.options);
            // What was agreed on stays with the origin, whatever becomes of the stream.
            let lane = origin.lanes.adopt(wire, &request.uri, &self.options).await?;
            drop(permit);
            let sent = h2::client::run(lane, cx, request, body, &self.options, framing).await;
            return sent.map_err(|failure| failure.fault);
        }
        let sent = attempt::run(wire, permit, cx, request, body, &self.options, framing).await;
        sent.map_err(|failure| failure.fault)
    }

    /// Sends a request to an origin that speaks HTTP/2, as far as we know.
    async fn send_multiplexed(
        &self,
        origin: &Arc<Origin>,
        cx: &Context,
        request: &Request,
        mut body: Body,
        framing: Framing,
    ) -> Result<Response, Fault> {
        let mut retries_left = usize::from(self.options.retries);
        loop {
            let permit = match origin.lanes.enter(&request.uri, &self.options).await? {
                Lane::Stream(permit) => permit,
                Lane::Wire(wire) => {
                    let permit = self.permit(origin.clone(), request).await?;
                    let sent = attempt::run(wire, permit, cx, request, body, &self.options, framing).await;
                    return sent.map_err(|failure| failure.fault);
                }
            };
            let again = if retries_left > 0 { body.duplicate() } else { None };
            let failure = match h2::client::run(permit, cx, request, body, &self.options, framing).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            if failure.needs_http1 {
                origin.lanes.refuse();
            }
            let repeatable = failure.not_processed || (failure.was_stale && request.method.is_idempotent());
            match again {
                Some(again) if repeatable => body = again,
                _ => return Err(failure.fault),
            }
            retries_left -= 1;
        }
    }
}

/// For the fuzz targets: the framing that the head of a response announces.
#[cfg(fuzzing)]
pub(crate) fn parse_response_head(head: &bytes::Bytes) -> Result<crate::h1::framing::Decoder, &'static str> {
    head::parse_head(head, true).map(|head| head.body)
}
