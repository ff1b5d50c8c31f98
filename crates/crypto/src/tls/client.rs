//! [`ClientTls`]: how origins are called over TLS, to be replaced while connections run.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ClientConfig;

use super::{Identity, Negotiation, TlsError, Trust};

/// Whether the certificate of a server has to be for the name it is called by (`hostnameVerifier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostnameVerifier {
    /// It need not be: for tests only.
    AllowAll,
    /// It has to be.
    #[default]
    Strict,
}

/// All that a client's TLS is made of.
#[derive(Debug, Clone)]
pub struct ClientTlsSettings {
    /// Protocols, suites, ALPN.
    pub negotiation: Negotiation,
    /// Whom to believe; several add up. Empty: the trust anchors of the operating system.
    pub trust: Vec<Trust>,
    /// Certificates to show when the server asks; the first that suits.
    pub identities: Vec<Identity>,
    /// Whether names are checked.
    pub hostname_verifier: HostnameVerifier,
}

/// The TLS of a client.
#[derive(Debug, Default)]
pub struct ClientTls {
    config: ArcSwapOption<ClientConfig>,
}

impl ClientTls {
    /// Without settings yet: connecting fails until [`ClientTls::replace`].
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The trust anchors of the operating system and no certificate of our own, read on first use: what
    /// handlers without `tls` have.
    pub fn system() -> Arc<Self> {
        Arc::default()
    }

    /// Makes new connections with these settings. Connections made before are not used again.
    ///
    /// # Errors
    /// Settings that do not make sense together; what was used before stays.
    pub fn replace(&self, _settings: ClientTlsSettings) -> Result<(), TlsError> {
        Err(TlsError("not yet".into()))
    }

    /// What a new connection is made with.
    ///
    /// # Errors
    /// No settings yet; no trust anchors in the operating system.
    pub fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        self.config.load_full().ok_or_else(|| TlsError("TLS is not ready".into()))
    }

    /// Counts the calls of [`ClientTls::replace`], so that a pool can tell old connections from new ones.
    pub fn generation(&self) -> u64 {
        0
    }
}
