//! `ClientHandler`: sends requests to third-party services.

use exchange::{Context, Fault, FaultKind, Handler, HandlerRef, Outcome, Request};
use heap::{Builder, Declarer, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node};
use transport::client::Forwarded;

use super::properties::{ClientProperties, limit_upgrade};
use super::sender::Sender;

/// Sends requests to services that the gateway itself uses, such as an authorization server.
///
/// It takes the properties of `ReverseProxyHandler`, which is the one to use for a protected application. The
/// service learns nothing about the client, and WebSocket connections are not opened. A service that cannot
/// be reached or stays silent is a failure of what called it: unless that handles it, the answer is 500. An open
/// `circuitBreaker` is such a failure, too.
///
/// ```json
/// {
///   "name": "tokens",
///   "type": "ClientHandler",
///   "config": { "connectionTimeout": "2 seconds", "soTimeout": "5 seconds" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ClientHandler(ClientProperties);

impl ObjectConfig for ClientHandler {
    const TYPE: &'static str = "ClientHandler";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        self.0.sender(Forwarded::None, b).map(|sender| HandlerRef::new(Caller(sender)))
    }

    fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        self.0.check_tls(declarer, config);
    }
}

struct Caller(Sender);

impl Handler for Caller {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        limit_upgrade(&mut request.headers, false);
        self.0.send(cx, request).await.map_err(|fault| match fault.kind() {
            FaultKind::BadGateway | FaultKind::GatewayTimeout | FaultKind::Unavailable => {
                let is_told = fault.is_told();
                let outer = Fault::internal("A service that the gateway uses did not answer.").because(fault);
                if is_told { outer.told() } else { outer }
            }
            _ => fault,
        })
    }
}
