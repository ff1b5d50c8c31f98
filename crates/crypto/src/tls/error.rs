//! [`TlsError`]: why a key, a certificate or a setting cannot be used for TLS.

use std::fmt::Display;

/// Why a key, a certificate or a setting cannot be used for TLS. Names what it is about, never a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(pub String);

impl TlsError {
    pub(super) fn no_private_key(label: &str) -> Self {
        Self(format!("{label} is no private key"))
    }

    pub(super) fn no_certificate(label: &str) -> Self {
        Self(format!("the private key {label} has no certificate"))
    }

    pub(super) fn unusable_key(label: &str, algorithm: &str) -> Self {
        Self(format!(
            "the private key {label} ({algorithm}) cannot be used for TLS: RSA from 2048 bits, EC on P-256, P-384 \
             or P-521, and Ed25519 can"
        ))
    }

    pub(super) fn key_mismatch(label: &str, subject: impl Display) -> Self {
        Self(format!("the private key {label} does not belong to its certificate `{subject}`"))
    }

    pub(super) fn unreadable_certificate(label: &str, reason: impl Display) -> Self {
        Self(format!("a certificate of {label} cannot be read: {reason}"))
    }

    pub(super) fn expired(label: &str, subject: impl Display, when: impl Display) -> Self {
        Self(format!("the certificate `{subject}` of {label} expired on {when}"))
    }

    pub(super) fn not_yet_valid(label: &str, subject: impl Display, when: impl Display) -> Self {
        Self(format!("the certificate `{subject}` of {label} is not valid before {when}"))
    }

    pub(super) fn no_anchors(label: &str) -> Self {
        Self(format!("{label} holds no certificate to trust"))
    }

    pub(super) fn unreadable_crl(label: &str, reason: impl Display) -> Self {
        Self(format!("a list of revoked certificates of {label} cannot be used: {reason}"))
    }

    pub(super) fn no_native_anchors(reason: impl Display) -> Self {
        Self(format!("the operating system has no trust anchors: {reason}"))
    }

    pub(super) fn no_trust() -> Self {
        Self("certificates of clients are asked for, and nothing says which of them to trust".to_owned())
    }

    pub(super) fn no_identity() -> Self {
        Self("there is no private key with certificate to present".to_owned())
    }

    pub(super) fn server_name(name: &str) -> Self {
        Self(format!("`{name}` is no server name: it takes a host name, or `*.` and a domain"))
    }

    pub(super) fn unknown_protocol(name: &str) -> Self {
        Self(format!("no protocol is called `{name}`; `TLSv1.3` and `TLSv1.2` can be offered"))
    }

    pub(super) fn unknown_suite(name: &str) -> Self {
        Self(format!("no cipher suite is called `{name}`; names look like `TLS_AES_256_GCM_SHA384`"))
    }

    pub(super) fn unknown_context(name: &str) -> Self {
        Self(format!("no algorithm of TLS contexts is called `{name}`; `TLS`, `TLSv1.3` and `TLSv1.2` are"))
    }

    pub(super) fn no_protocol_left() -> Self {
        Self("none of the protocols can be offered; `TLSv1.3` and `TLSv1.2` can".to_owned())
    }

    pub(super) fn no_suite_left(protocols: &str) -> Self {
        Self(format!("none of the cipher suites can be offered with {protocols}"))
    }

    pub(super) fn no_suite_for_key(label: &str) -> Self {
        Self(format!("none of the cipher suites that are offered is for the kind of key of {label}"))
    }

    pub(super) fn not_ready() -> Self {
        Self("TLS has no settings yet".to_owned())
    }

    pub(super) fn engine(what: &str, error: impl Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}
