//! `ReverseProxyHandler`: sends requests to the protected application.

use exchange::{Context, Handler, HandlerRef, Outcome, Request};
use heap::{Builder, Declarer, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node};
use transport::client::Forwarded;

use super::properties::{ClientProperties, limit_upgrade};
use super::sender::Sender;

/// Sends requests to the protected application and passes its responses on, entities streamed both ways.
///
/// Where a request goes is in its URI; `baseURI` on a route or a handler sets it. An application that cannot
/// be reached is answered with 502, one that stays silent with 504, too many waiting requests with 503. The
/// application learns about the client in `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
///
/// With `retries`, requests that fail are sent again; with `circuitBreaker`, an application that keeps failing is
/// left alone for a while. The breaker counts every attempt, and what it refuses is not sent again.
///
/// ```json
/// {
///   "name": "app",
///   "type": "ReverseProxyHandler",
///   "config": {
///     "connections": 128,
///     "soTimeout": "30 seconds",
///     "websocket": { "enabled": true },
///     "retries": { "count": 2, "delay": "1 second" },
///     "circuitBreaker": {
///       "maxFailures": 10,
///       "openDuration": "30 seconds",
///       "slidingCounter": { "size": 100 }
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReverseProxyHandler(ClientProperties);

impl ObjectConfig for ReverseProxyHandler {
    const TYPE: &'static str = "ReverseProxyHandler";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let sender = self.0.sender(Forwarded::XForwarded, b)?;
        Ok(HandlerRef::new(Proxy { sender, allows_websocket: self.0.allows_websocket() }))
    }

    fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        self.0.check_tls(declarer, config);
    }
}

struct Proxy {
    sender: Sender,
    allows_websocket: bool,
}

impl Handler for Proxy {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        limit_upgrade(&mut request.headers, self.allows_websocket);
        self.sender.send(cx, request).await
    }
}
