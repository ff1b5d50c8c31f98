//! [`Trust`]: whom we believe.

use super::TlsError;

/// Whom we believe.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Anybody: for tests only.
    All,
    /// Whoever has a certificate that one of these vouches for, or that is one of these.
    Anchors(TrustAnchors),
}

/// Certificates that are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    /// DER of the certificates, at least one.
    pub certificates: Vec<Vec<u8>>,
    /// DER of lists of revoked certificates (RFC 5280, section 5); none checks no revocation.
    pub crls: Vec<Vec<u8>>,
    /// Where the anchors come from, for messages.
    pub label: String,
}

impl TrustAnchors {
    /// The trust anchors of the operating system.
    ///
    /// # Errors
    /// When there are none.
    pub fn native() -> Result<Self, TlsError> {
        Err(TlsError("not yet".into()))
    }
}
