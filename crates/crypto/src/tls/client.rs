//! [`ClientTls`]: how origins are called over TLS, to be replaced while connections run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};

use super::trust::{Believed, TrustAnchors};
use super::verify::ServerVerifier;
use super::{Identity, Negotiation, TlsError, Trust, suites};

/// Servers whose sessions are remembered, so that handshakes with them are short.
const SESSIONS_MAX: usize = 256;

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
#[derive(Debug, Clone, PartialEq)]
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
    generation: AtomicU64,
    /// The settings in use; those of [`ClientTls::system`] until they are needed.
    settings: Mutex<Option<ClientTlsSettings>>,
}

impl ClientTls {
    /// Without settings yet: connecting fails until [`ClientTls::replace`].
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The trust anchors of the operating system and no certificate of our own, read on first use: what
    /// handlers without `tls` have.
    pub fn system() -> Arc<Self> {
        let settings = ClientTlsSettings {
            negotiation: Negotiation::default(),
            trust: Vec::new(),
            identities: Vec::new(),
            hostname_verifier: HostnameVerifier::Strict,
        };
        Arc::new(Self { settings: Mutex::new(Some(settings)), ..Self::default() })
    }

    /// Makes new connections with these settings. Connections made before are not used again, unless the
    /// settings are what they were.
    ///
    /// # Errors
    /// Settings that do not make sense together; what was used before stays.
    pub fn replace(&self, settings: ClientTlsSettings) -> Result<(), TlsError> {
        let mut current = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if self.config.load().is_some() && current.as_ref() == Some(&settings) {
            return Ok(());
        }
        self.config.store(Some(Arc::new(build(&settings)?)));
        // Behind the settings: who sees the new count gets the new settings.
        self.generation.fetch_add(1, Ordering::Release);
        *current = Some(settings);
        Ok(())
    }

    /// What a new connection is made with.
    ///
    /// # Errors
    /// No settings yet; no trust anchors in the operating system.
    pub fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        if let Some(config) = self.config.load_full() {
            return Ok(config);
        }
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster.
        if let Some(config) = self.config.load_full() {
            return Ok(config);
        }
        let config = Arc::new(build(settings.as_ref().ok_or_else(TlsError::not_ready)?)?);
        self.config.store(Some(config.clone()));
        Ok(config)
    }

    /// Counts the calls of [`ClientTls::replace`] that changed something, so that a pool can tell old
    /// connections from new ones. Ask for it before [`ClientTls::config`].
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

fn build(settings: &ClientTlsSettings) -> Result<ClientConfig, TlsError> {
    let (provider, versions) = suites::provider(&settings.negotiation)?;
    let believed = match settings.trust.is_empty() {
        true => Believed::of(&[Trust::Anchors(TrustAnchors::native()?)])?,
        false => Believed::of(&settings.trust)?,
    };
    let verifier = ServerVerifier::new(believed, settings.hostname_verifier, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|error| TlsError::engine("the settings of TLS", error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match settings.identities.is_empty() {
        true => builder.with_no_client_auth(),
        false => builder.with_client_cert_resolver(Arc::new(Identities(settings.identities.clone()))),
    };
    config.alpn_protocols = settings.negotiation.alpn_names();
    // Of these settings only: a session was agreed on with whom they trust.
    config.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
    Ok(config)
}

/// The certificates of a client.
#[derive(Debug)]
struct Identities(Vec<Identity>);

impl ResolvesClientCert for Identities {
    /// The first whose key the server understands and whose issuer it names. Without such a one, the first it
    /// understands: a server that trusts a pinned certificate does not name its issuer.
    fn resolve(&self, subjects: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let suits = |identity: &&Identity| identity.certified.key.choose_scheme(schemes).is_some();
        let is_asked_for = |identity: &&Identity| identity.is_issued_by(subjects);
        let found = self.0.iter().filter(suits).find(is_asked_for).or_else(|| self.0.iter().find(suits));
        found.map(|identity| identity.certified.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
