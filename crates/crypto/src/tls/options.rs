//! [`Negotiation`]: protocols, cipher suites and ALPN, by the names of Java's TLS.

use super::TlsError;
use super::suites::{self, Named};

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
    /// An empty list is one that is not configured; the algorithm decides about protocols only without a list
    /// of them. Yields warnings about names that cannot be offered.
    ///
    /// # Errors
    /// A name that nobody knows; lists of which nothing is left that can be offered.
    pub fn from_jsse(
        protocols: &[String],
        suites: &[String],
        context_algorithm: Option<&str>,
    ) -> Result<(Self, Vec<String>), TlsError> {
        let mut warnings = Vec::new();
        let of_context = context_protocols(context_algorithm.unwrap_or("TLS"))?;
        let mut negotiation = Self {
            protocols: if protocols.is_empty() { of_context.to_vec() } else { Vec::new() },
            ..Self::default()
        };
        for name in protocols {
            match name.as_str() {
                "TLSv1.3" => negotiation.protocols.push(Protocol::Tls13),
                "TLSv1.2" => negotiation.protocols.push(Protocol::Tls12),
                "TLSv1.1" | "TLSv1" | "SSLv3" | "SSLv2" | "SSLv2Hello" => {
                    warnings.push(format!("the protocol `{name}` is broken and is not offered"));
                }
                _ => return Err(TlsError::unknown_protocol(name)),
            }
        }
        negotiation.protocols.sort_unstable();
        negotiation.protocols.dedup();
        if negotiation.protocols.is_empty() {
            return Err(TlsError::no_protocol_left());
        }
        for name in suites {
            match suites::named(name) {
                Named::Offered(_) if negotiation.suites.contains(name) => {}
                Named::Offered(_) => negotiation.suites.push(name.clone()),
                Named::NotOffered => {
                    warnings.push(format!("the cipher suite `{name}` is outdated and is not offered"));
                }
                Named::Signal => {}
                Named::Unknown => return Err(TlsError::unknown_suite(name)),
            }
        }
        let usable = |name: &String| match suites::named(name) {
            Named::Offered(protocol) => negotiation.protocols.contains(&protocol),
            _ => false,
        };
        // An empty list would mean all of them.
        if !suites.is_empty() && !negotiation.suites.iter().any(usable) {
            return Err(TlsError::no_suite_left(&negotiation.protocol_names()));
        }
        Ok((negotiation, warnings))
    }

    /// The names of ALPN, the preferred one first.
    pub(super) fn alpn_names(&self) -> Vec<Vec<u8>> {
        match (self.alpn, self.http2) {
            (false, _) => Vec::new(),
            (true, false) => vec![b"http/1.1".to_vec()],
            (true, true) => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        }
    }

    pub(super) fn protocol_names(&self) -> String {
        let name = |protocol: &Protocol| match protocol {
            Protocol::Tls12 => "TLSv1.2",
            Protocol::Tls13 => "TLSv1.3",
        };
        self.protocols.iter().map(name).collect::<Vec<_>>().join(" and ")
    }
}

/// What a context of this algorithm offers; names of algorithms have no case in Java.
fn context_protocols(algorithm: &str) -> Result<&'static [Protocol], TlsError> {
    match algorithm.to_ascii_uppercase().as_str() {
        "TLS" | "SSL" | "DEFAULT" | "TLSV1.3" => Ok(&[Protocol::Tls12, Protocol::Tls13]),
        "TLSV1.2" => Ok(&[Protocol::Tls12]),
        "TLSV1.1" | "TLSV1" | "SSLV3" | "SSLV2" => Ok(&[]),
        _ => Err(TlsError::unknown_context(algorithm)),
    }
}
