//! [`ServerTls`]: what a listener presents, to be replaced while connections run.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::server::ClientHello;

use super::{Identity, Negotiation, TlsError, Trust};

/// The authentication that is expected of clients (`clientAuth`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// No certificate is asked for.
    #[default]
    None,
    /// A certificate is asked for, and the handshake succeeds without.
    Request,
    /// Without a certificate that is trusted, the handshake fails.
    Required,
}

/// All that a listener's TLS is made of.
#[derive(Debug, Clone)]
pub struct ServerTlsSettings {
    /// Protocols, suites, ALPN.
    pub negotiation: Negotiation,
    /// Whether clients have to show certificates.
    pub client_auth: ClientAuth,
    /// Whose certificates of clients are believed; several add up. Needed unless `client_auth` is `None`.
    pub trust: Vec<Trust>,
    /// By server name, exact or `*.` and a domain; the longest match wins, a wildcard stands for one label.
    pub server_names: Vec<(String, Identity)>,
    /// For every other name, and for clients that name none; the first that the client can verify. At least one.
    pub default: Vec<Identity>,
}

/// The TLS of a listener. Connections that are open keep what they began with.
#[derive(Debug, Default)]
pub struct ServerTls {
    table: ArcSwapOption<Table>,
}

#[derive(Debug)]
struct Table;

/// What one connection is served with.
#[derive(Debug, Clone)]
pub struct ServerEntry {
    /// The configuration of the handshake.
    pub config: Arc<ServerConfig>,
    /// Whose identity it presents.
    pub identity: Identity,
}

impl ServerTls {
    /// Without anything to present yet: handshakes fail until [`ServerTls::replace`].
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Serves new connections with these settings. Session tickets given out before are no longer accepted.
    ///
    /// # Errors
    /// Settings that do not make sense together; what was served before stays.
    pub fn replace(&self, _settings: ServerTlsSettings) -> Result<(), TlsError> {
        Err(TlsError("not yet".into()))
    }

    /// What this client gets; `None` before there is anything.
    pub fn entry(&self, _hello: &ClientHello<'_>) -> Option<ServerEntry> {
        self.table.load();
        None
    }
}

impl ServerEntry {
    /// Whether the certificate that is presented is for this host (RFC 6125; without alternative names, the
    /// common name counts, as in Java).
    pub fn is_for(&self, _host: &str) -> bool {
        false
    }
}
