//! `ReverseProxyHandler`: sends requests to the protected application.

use exchange::{Context, Handler, HandlerRef, Outcome, Request};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use transport::client::{Client, Forwarded};

use super::properties::{ClientProperties, limit_upgrade};

/// Sends requests to the protected application and passes its responses on, entities streamed both ways.
///
/// Where a request goes is in its URI; `baseURI` on a route or a handler sets it. An application that cannot
/// be reached is answered with 502, one that stays silent with 504, too many waiting requests with 503. The
/// application learns about the client in `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
///
/// ```json
/// {
///   "name": "app",
///   "type": "ReverseProxyHandler",
///   "config": { "connections": 128, "soTimeout": "30 seconds", "websocket": { "enabled": true } }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReverseProxyHandler(ClientProperties);

impl ObjectConfig for ReverseProxyHandler {
    const TYPE: &'static str = "ReverseProxyHandler";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let client = self.0.client(Forwarded::XForwarded, b)?;
        Ok(HandlerRef::new(Proxy { client, allows_websocket: self.0.allows_websocket() }))
    }
}

struct Proxy {
    client: Client,
    allows_websocket: bool,
}

impl Handler for Proxy {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        limit_upgrade(&mut request.headers, self.allows_websocket);
        self.client.send(cx, request).await
    }
}
