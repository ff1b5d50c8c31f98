//! [`Identity`]: a private key and the certificates that prove who has it.

use std::sync::Arc;

use rustls::sign::CertifiedKey;

use super::TlsError;
use crate::CryptoKey;

/// A private key with its certificates, checked: they belong together and are valid now.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The key and its chain as handshakes use them.
    pub certified: Arc<CertifiedKey>,
    /// What it is called in messages: file and alias.
    pub label: String,
    /// When the first certificate of the chain expires, in seconds since 1970.
    pub not_after: i64,
}

impl Identity {
    /// Makes an identity of a private key with at least one certificate. `label` says where it comes from.
    ///
    /// # Errors
    /// No private key, no certificate, a key that does not belong to its certificate, a certificate that is
    /// expired or not yet valid, a kind of key that cannot be used.
    pub fn new(_key: &CryptoKey, _label: impl Into<String>) -> Result<Self, TlsError> {
        Err(TlsError("not yet".into()))
    }
}
