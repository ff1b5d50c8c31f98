//! [`Negotiation`]: protocols, cipher suites and ALPN, by the names of Java's TLS.

use super::TlsError;

/// A version of TLS that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// What is negotiated in handshakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiation {
    /// The versions that are offered.
    pub protocols: Vec<Protocol>,
    /// JSSE names of the suites that are offered, the preferred one first; empty for all.
    pub suites: Vec<String>,
    /// Whether HTTP/2 is offered by ALPN, before HTTP/1.1.
    pub http2: bool,
    /// Whether ALPN is used at all.
    pub alpn: bool,
}

impl Default for Negotiation {
    fn default() -> Self {
        Self {
            protocols: vec![Protocol::Tls12, Protocol::Tls13],
            suites: Vec::new(),
            http2: false,
            alpn: true,
        }
    }
}

impl Negotiation {
    /// Reads the lists of a configuration: `sslEnabledProtocols`, `sslCipherSuites`, `sslContextAlgorithm`.
    /// Yields warnings about names that cannot be offered.
    ///
    /// # Errors
    /// A name that nobody knows; lists of which nothing is left that can be offered.
    pub fn from_jsse(
        _protocols: &[String],
        _suites: &[String],
        _context_algorithm: Option<&str>,
    ) -> Result<(Self, Vec<String>), TlsError> {
        Err(TlsError("not yet".into()))
    }
}
