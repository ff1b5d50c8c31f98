//! `TrustAllManager`: believes everybody.

use crypto::tls::Trust;
use heap::{Builder, Declarer, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node};

use super::errors;
use super::managers::{TrustManager, TrustManagerRef};

/// Believes every certificate of every peer, for tests.
///
/// Whoever stands between the gateway and the server can then read and change everything. It is reported
/// whenever a configuration with it is loaded. Use [SecretsTrustManager](SecretsTrustManager.md) instead.
///
/// ```json
/// {
///   "name": "BlindTrustClientHandler",
///   "type": "ReverseProxyHandler",
///   "config": {
///     "tls": { "type": "ClientTlsOptions", "config": { "trustManager": { "type": "TrustAllManager" } } }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TrustAllManager {}

impl ObjectConfig for TrustAllManager {
    const TYPE: &'static str = "TrustAllManager";
    type Object = TrustManagerRef;

    fn build(self, _: &mut Builder<'_>) -> Result<TrustManagerRef, Diagnostic> {
        Ok(TrustManagerRef::new(Everybody))
    }

    fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        declarer.report(errors::trusts_all(&config.span));
    }
}

struct Everybody;

impl TrustManager for Everybody {
    async fn trust(&self) -> Result<Trust, Diagnostic> {
        Ok(Trust::All)
    }
}
