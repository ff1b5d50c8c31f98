//! Cipher suites by the names of Java's TLS (JSSE), and the provider that offers some of them.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, SupportedProtocolVersion};

use super::TlsError;
use super::options::{Negotiation, Protocol};

/// Those that can be offered.
const OFFERED: [(&str, CipherSuite); 9] = [
    ("TLS_AES_256_GCM_SHA384", CipherSuite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", CipherSuite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// Those that JDK 17 supports and that cannot be offered, by key exchange: no forward secrecy, CBC, or DSS.
const JDK_ONLY: [(&str, &[&str]); 5] = [
    ("TLS_ECDHE_ECDSA_WITH_", &CBC_WITH_ELLIPTIC_CURVES),
    ("TLS_ECDHE_RSA_WITH_", &CBC_WITH_ELLIPTIC_CURVES),
    ("TLS_DHE_RSA_WITH_", &CLASSIC),
    ("TLS_DHE_DSS_WITH_", &CLASSIC),
    ("TLS_RSA_WITH_", &CLASSIC),
];

const CBC_WITH_ELLIPTIC_CURVES: [&str; 4] =
    ["AES_256_CBC_SHA384", "AES_128_CBC_SHA256", "AES_256_CBC_SHA", "AES_128_CBC_SHA"];

const CLASSIC: [&str; 7] = [
    "AES_256_GCM_SHA384",
    "CHACHA20_POLY1305_SHA256",
    "AES_128_GCM_SHA256",
    "AES_256_CBC_SHA256",
    "AES_128_CBC_SHA256",
    "AES_256_CBC_SHA",
    "AES_128_CBC_SHA",
];

/// Parts of names that older Javas and other providers know, none of which can be offered.
const FAMILIES: [&str; 15] = [
    "_anon_",
    "_NULL_",
    "_3DES_",
    "_DES_",
    "_DES40_",
    "_RC4_",
    "_RC2_",
    "_IDEA_",
    "_EXPORT_",
    "_KRB5_",
    "_CCM",
    "_ARIA_",
    "_CAMELLIA_",
    "_PSK_",
    "_SEED_",
];

/// A signal of old protocols among the names, without a meaning of its own here.
const RENEGOTIATION_SIGNAL: &str = "TLS_EMPTY_RENEGOTIATION_INFO_SCSV";

/// What a name of JSSE stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// It can be offered, with this protocol.
    Offered(Protocol),
    /// Java knows it, and it cannot be offered.
    NotOffered,
    /// It means nothing here.
    Signal,
    /// Nobody knows it.
    Unknown,
}

pub(super) fn named(name: &str) -> Named {
    if OFFERED.iter().any(|(offered, _)| *offered == name) {
        let is_tls12 = name.contains("_WITH_");
        return Named::Offered(if is_tls12 { Protocol::Tls12 } else { Protocol::Tls13 });
    }
    if name == RENEGOTIATION_SIGNAL {
        return Named::Signal;
    }
    let of_jdk = JDK_ONLY.iter().any(|(exchange, ciphers)| {
        name.strip_prefix(exchange).is_some_and(|cipher| ciphers.contains(&cipher))
    });
    let (is_old, is_new) = (name.starts_with("SSL_"), name.starts_with("TLS_"));
    let of_family =
        is_old || name.starts_with("TLS_ECDH_") || FAMILIES.iter().any(|part| name.contains(part));
    match of_jdk
        || (is_old || is_new) && of_family && name.contains("_WITH_")
        || name.starts_with("TLS_AES_128_CCM_")
    {
        true => Named::NotOffered,
        false => Named::Unknown,
    }
}

/// The cryptography that offers exactly what is negotiated, and the versions.
pub(super) fn provider(
    negotiation: &Negotiation,
) -> Result<(Arc<CryptoProvider>, Vec<&'static SupportedProtocolVersion>), TlsError> {
    let mut provider = aws_lc_rs::default_provider();
    if !negotiation.suites.is_empty() {
        let by_name = |name: &String| {
            let (_, wanted) = OFFERED.iter().find(|(offered, _)| offered == name)?;
            provider.cipher_suites.iter().find(|suite| suite.suite() == *wanted).copied()
        };
        provider.cipher_suites = negotiation.suites.iter().filter_map(by_name).collect();
    }
    // A version without a suite would be agreed on, and then fail.
    let usable = |version: &&SupportedProtocolVersion| {
        provider.cipher_suites.iter().any(|suite| suite.version() == *version)
    };
    let versions = negotiation.protocols.iter().map(|protocol| match protocol {
        Protocol::Tls12 => &TLS12,
        Protocol::Tls13 => &TLS13,
    });
    let versions: Vec<_> = versions.filter(usable).collect();
    provider.cipher_suites.retain(|suite| versions.contains(&suite.version()));
    if negotiation.protocols.is_empty() {
        return Err(TlsError::no_protocol_left());
    }
    if versions.is_empty() {
        return Err(TlsError::no_suite_left(&negotiation.protocol_names()));
    }
    Ok((Arc::new(provider), versions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_jdk_17_are_known_and_others_are_not() {
        for known in [
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_256_CBC_SHA256",
            "SSL_RSA_WITH_3DES_EDE_CBC_SHA",
            "SSL_RSA_WITH_RC4_128_MD5",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_KRB5_WITH_3DES_EDE_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
            "TLS_AES_128_CCM_SHA256",
            "TLS_PSK_WITH_AES_128_GCM_SHA256",
        ] {
            assert_eq!(named(known), Named::NotOffered, "{known}");
        }
        for unknown in [
            "",
            "TLS_AES_256_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA384",
            "ECDHE-RSA-AES128-GCM-SHA256",
            "tls_aes_256_gcm_sha384",
            "SSL_",
            "TLS_anon_",
        ] {
            assert_eq!(named(unknown), Named::Unknown, "{unknown}");
        }
        assert_eq!(named("TLS_AES_256_GCM_SHA384"), Named::Offered(Protocol::Tls13));
        assert_eq!(named("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), Named::Offered(Protocol::Tls12));
        assert_eq!(named("TLS_EMPTY_RENEGOTIATION_INFO_SCSV"), Named::Signal);
    }

    #[test]
    fn everything_that_the_library_has_is_offered() {
        let suites = aws_lc_rs::default_provider().cipher_suites;
        assert_eq!(suites.len(), OFFERED.len());
        assert!(suites.iter().all(|suite| OFFERED.iter().any(|(_, offered)| suite.suite() == *offered)));
    }
}
