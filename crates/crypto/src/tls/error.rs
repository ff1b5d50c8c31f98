//! [`TlsError`]: why a key, a certificate or a setting cannot be used for TLS.

/// Why a key, a certificate or a setting cannot be used for TLS. Names what it is about, never a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(pub String);
