//! [`ServerTls`]: what a listener presents, to be replaced while connections run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoServerSessionStorage, ServerConfig, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use super::names::{Wildcard, normalize};
use super::trust::Believed;
use super::verify::ClientVerifier;
use super::{Identity, Negotiation, TlsError, Trust, suites};

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
#[derive(Debug, Clone, PartialEq)]
pub struct ServerTlsSettings {
    /// Protocols, suites, ALPN.
    pub negotiation: Negotiation,
    /// Whether clients have to show certificates.
    pub client_auth: ClientAuth,
    /// Whose certificates of clients are believed; several add up. Needed unless `client_auth` is `None`.
    pub trust: Vec<Trust>,
    /// By server name, exact or `*.` and a domain; the longest match wins, a wildcard stands for one label. A
    /// name that is there several times has several identities: see `default`.
    pub server_names: Vec<(String, Identity)>,
    /// For every other name, and for clients that name none, at least one. Of several, the client gets the
    /// first that it can verify and whose certificate is for the name; the first it can verify if none is.
    pub default: Vec<Identity>,
}

/// The TLS of a listener. Connections that are open keep what they began with.
#[derive(Debug, Default)]
pub struct ServerTls {
    table: ArcSwapOption<Table>,
}

/// What one connection is served with.
#[derive(Debug, Clone)]
pub struct ServerEntry {
    /// The configuration of the handshake.
    pub config: Arc<ServerConfig>,
    /// Whose identity it presents.
    pub identity: Identity,
    table: Arc<Table>,
}

/// Settings made ready.
#[derive(Debug)]
struct Table {
    settings: ServerTlsSettings,
    /// Verifies clients.
    verifier: Arc<dyn ClientCertVerifier>,
    exact: HashMap<String, Place>,
    /// By the domain behind the `*.`.
    wildcard: HashMap<String, Place>,
    default: Place,
}

/// The identities of a name, at least one.
type Place = Vec<(Identity, Arc<ServerConfig>)>;

impl ServerTls {
    /// Without anything to present yet: handshakes fail until [`ServerTls::replace`].
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Serves new connections with these settings. Session tickets given out before are no longer accepted,
    /// unless the settings are what they were.
    ///
    /// # Errors
    /// Settings that do not make sense together; what was served before stays.
    pub fn replace(&self, settings: ServerTlsSettings) -> Result<(), TlsError> {
        if self.table.load().as_ref().is_some_and(|table| table.settings == settings) {
            return Ok(());
        }
        self.table.store(Some(Arc::new(Table::new(settings)?)));
        Ok(())
    }

    /// What this client gets; `None` before there is anything.
    pub fn entry(&self, hello: &ClientHello<'_>) -> Option<ServerEntry> {
        let table = self.table.load_full()?;
        let (identity, config) = table.choose(hello);
        Some(ServerEntry { config: config.clone(), identity: identity.clone(), table })
    }
}

impl ServerEntry {
    /// Whether the certificate that is presented is for this host (RFC 6125; without alternative names, the
    /// common name counts, as in Java).
    pub fn is_for(&self, host: &str) -> bool {
        self.identity.is_for(host, Wildcard::OneLabel)
    }

    /// As [`ServerEntry::is_for`], and the bare domain of a wildcard counts too, as in Jetty.
    pub fn is_for_as_in_jetty(&self, host: &str) -> bool {
        self.identity.is_for(host, Wildcard::OneLabelOrNone)
    }

    /// Verifies the certificates of a client once more: the handshake does not, when it resumes a session, and
    /// one may have expired since.
    ///
    /// # Errors
    /// What the handshake would fail with if it were a full one.
    pub fn verify_client(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Result<(), rustls::Error> {
        let Some((end_entity, intermediates)) = chain.split_first() else { return Ok(()) };
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(since);
        self.table.verifier.verify_client_cert(end_entity, intermediates, now).map(|_| ())
    }

    /// Whether a client that names this host could have got this very entry.
    pub fn serves(&self, host: &str) -> bool {
        self.table.place(host).iter().any(|(_, config)| Arc::ptr_eq(config, &self.config))
    }
}

impl Table {
    fn new(settings: ServerTlsSettings) -> Result<Self, TlsError> {
        let mut configs = Configs::new(&settings)?;
        let mut table = Self {
            verifier: configs.verifier.clone(),
            exact: HashMap::new(),
            wildcard: HashMap::new(),
            default: settings
                .default
                .iter()
                .map(|identity| configs.of(identity))
                .collect::<Result<_, _>>()?,
            settings,
        };
        if table.default.is_empty() {
            return Err(TlsError::no_identity());
        }
        for (name, identity) in &table.settings.server_names {
            let normal = normalize(name);
            let (names, key) = match normal.strip_prefix("*.") {
                Some(domain) => (&mut table.wildcard, domain),
                None => (&mut table.exact, normal.as_str()),
            };
            if !is_host_name(key) {
                return Err(TlsError::server_name(name));
            }
            names.entry(key.to_owned()).or_default().push(configs.of(identity)?);
        }
        table.check_suites()?;
        Ok(table)
    }

    /// Every name has an identity that some client could verify.
    fn check_suites(&self) -> Result<(), TlsError> {
        let mut places = self.exact.values().chain(self.wildcard.values()).chain([&self.default]);
        match places.find(|place| !place.iter().any(can_be_presented)) {
            Some(place) => Err(TlsError::no_suite_for_key(&place[0].0.label)),
            None => Ok(()),
        }
    }

    fn place(&self, host: &str) -> &Place {
        let host = normalize(host);
        self.exact
            .get(&host)
            .or_else(|| host.split_once('.').and_then(|(_, domain)| self.wildcard.get(domain)))
            .unwrap_or(&self.default)
    }

    fn choose(&self, hello: &ClientHello<'_>) -> &(Identity, Arc<ServerConfig>) {
        let name = hello.server_name();
        let place = name.map_or(&self.default, |name| self.place(name));
        // The usual case needs no look at all.
        if let [only] = place.as_slice() {
            return only;
        }
        let suits = |(identity, config): &&(Identity, Arc<ServerConfig>)| can_verify(hello, identity, config);
        let is_named = |(identity, _): &&(Identity, Arc<ServerConfig>)| {
            name.is_some_and(|name| identity.is_for(name, Wildcard::OneLabel))
        };
        place.iter().filter(suits).find(is_named).or_else(|| place.iter().find(suits)).unwrap_or(&place[0])
    }
}

/// Whether the client understands what this identity signs with, in a suite both know.
fn can_verify(hello: &ClientHello<'_>, identity: &Identity, config: &ServerConfig) -> bool {
    let key = &identity.certified.key;
    let offered = hello.cipher_suites();
    let mut common =
        config.crypto_provider().cipher_suites.iter().filter(|suite| offered.contains(&suite.suite()));
    key.choose_scheme(hello.signature_schemes()).is_some() && common.any(|suite| is_for_key(suite, identity))
}

/// Whether there is a client at all that could verify this identity.
fn can_be_presented((identity, config): &(Identity, Arc<ServerConfig>)) -> bool {
    config.crypto_provider().cipher_suites.iter().any(|suite| is_for_key(suite, identity))
}

/// Whether the suite authenticates with keys of this kind.
fn is_for_key(suite: &SupportedCipherSuite, identity: &Identity) -> bool {
    match suite {
        SupportedCipherSuite::Tls13(_) => true,
        SupportedCipherSuite::Tls12(suite) => identity.certified.key.choose_scheme(suite.sign).is_some(),
    }
}

/// One configuration per identity, so that sessions of one are never resumed with another.
struct Configs {
    negotiation: Negotiation,
    provider: Arc<rustls::crypto::CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    verifier: Arc<dyn ClientCertVerifier>,
    made: HashMap<Vec<CertificateDer<'static>>, Arc<ServerConfig>>,
}

impl Configs {
    fn new(settings: &ServerTlsSettings) -> Result<Self, TlsError> {
        let (provider, versions) = suites::provider(&settings.negotiation)?;
        let verifier: Arc<dyn ClientCertVerifier> = match settings.client_auth {
            ClientAuth::None => WebPkiClientVerifier::no_client_auth(),
            _ if settings.trust.is_empty() => return Err(TlsError::no_trust()),
            auth => {
                let believed = Believed::of(&settings.trust)?;
                Arc::new(ClientVerifier::new(believed, auth == ClientAuth::Required, &provider)?)
            }
        };
        let negotiation = settings.negotiation.clone();
        Ok(Self { negotiation, provider, versions, verifier, made: HashMap::new() })
    }

    fn of(&mut self, identity: &Identity) -> Result<(Identity, Arc<ServerConfig>), TlsError> {
        if let Some(config) = self.made.get(&identity.certified.cert) {
            return Ok((identity.clone(), config.clone()));
        }
        let failed = |error| TlsError::engine(&identity.label, error);
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&self.versions)
            .map_err(failed)?
            .with_client_cert_verifier(self.verifier.clone())
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified.clone())));
        // Servers of Java prefer their own order, and so do we.
        config.ignore_client_order = true;
        config.alpn_protocols = self.negotiation.alpn_names();
        // Sessions are kept by the clients, encrypted: nothing here grows with their number. Data before the
        // end of the handshake, which could be replayed, stays off.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new().map_err(failed)?;
        config.max_early_data_size = 0;
        let config = Arc::new(config);
        self.made.insert(identity.certified.cert.clone(), config.clone());
        Ok((identity.clone(), config))
    }
}

fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
