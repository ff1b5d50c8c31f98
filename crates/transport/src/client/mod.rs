//! The client side: sends requests to origins over pooled connections.

mod attempt;
mod body;
mod encode;
mod head;
mod options;
mod pool;
mod resolver;
mod wire;

use exchange::{Body, Context, Fault, Request, Response};
use http::Method;

pub use options::{ClientOptions, Forwarded};
pub use resolver::{Resolver, ResolverError};

use pool::{Granted, Permit, Pool};
use wire::Wire;

use crate::h1::writer::Framing;

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
    /// is idempotent or nothing of it had been sent, and if its body is held and not streamed.
    ///
    /// # Errors
    /// `BadGateway` when the origin cannot be reached, does not prove who it is, or does not speak HTTP, `GatewayTimeout` when it is
    /// silent, `Unavailable` when no connection becomes free; for a body of the client that fails, the fault
    /// that tells the client so.
    pub async fn send(&self, cx: &Context, request: &mut Request) -> Result<Response, Fault> {
        if request.method == Method::CONNECT {
            return Err(Fault::internal("CONNECT is not sent to origins"));
        }
        let mut permit = match self.pool.permit(&request.uri, &self.options)? {
            Granted::Now(permit) => permit,
            Granted::Later(waiting) => Box::pin(waiting.permit(&request.uri, &self.options)).await?,
        };
        let framing = encode::framing(request);
        let mut body = request.body.take();
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
        Box::pin(self.send_fresh(permit, cx, request, body, framing)).await
    }

    async fn send_fresh(
        &self,
        permit: Permit,
        cx: &Context,
        request: &Request,
        body: Body,
        framing: Framing,
    ) -> Result<Response, Fault> {
        let wire = Wire::connect(&request.uri, &self.options).await?;
        let sent = attempt::run(wire, permit, cx, request, body, &self.options, framing).await;
        sent.map_err(|failure| failure.fault)
    }
}

/// For the fuzz targets: the framing that the head of a response announces.
#[cfg(fuzzing)]
pub(crate) fn parse_response_head(head: &bytes::Bytes) -> Result<crate::h1::framing::Decoder, &'static str> {
    head::parse_head(head, true).map(|head| head.body)
}
