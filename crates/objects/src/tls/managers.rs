//! [`KeyManagerRef`] and [`TrustManagerRef`]: who yields keys, and whom to believe.
//!
//! Both are asked while the gateway runs, not only at its start, and both may have to wait: for a store of
//! secrets, for a file. Their complaints are diagnostics, because they are about a place in the configuration
//! whenever they come up.

use std::fmt;
use std::sync::Arc;

use crypto::CryptoKey;
use crypto::tls::{Trust, TrustAnchors};
use exchange::BoxFuture;
use heap::Role;
use source::{Diagnostic, Span};

use super::errors;

/// A key that a manager yields.
#[derive(Clone, Debug)]
pub(super) struct NamedKey {
    pub(super) key: CryptoKey,
    /// Where it comes from, for messages: file and alias, or the id of a secret.
    pub(super) label: String,
    /// The field that led to it.
    pub(super) span: Span,
}

/// Yields private keys with their certificates.
pub(super) trait KeyManager: Send + Sync + 'static {
    /// The keys, the preferred one first; at least one.
    fn keys(&self) -> impl Future<Output = Result<Vec<NamedKey>, Diagnostic>> + Send;
}

/// Yields whom to believe.
pub(super) trait TrustManager: Send + Sync + 'static {
    /// Whom to believe at the moment.
    fn trust(&self) -> impl Future<Output = Result<Trust, Diagnostic>> + Send;
}

/// A key manager of any type.
#[derive(Clone)]
pub struct KeyManagerRef(Arc<dyn DynKeyManager>);

impl KeyManagerRef {
    pub(super) fn new(manager: impl KeyManager) -> Self {
        Self(Arc::new(manager))
    }

    pub(super) async fn keys(&self) -> Result<Vec<NamedKey>, Diagnostic> {
        self.0.keys().await
    }
}

impl Role for KeyManagerRef {
    const REFERENCE: &'static str = "$ref:KeyManager";
}

impl fmt::Debug for KeyManagerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyManagerRef")
    }
}

/// A trust manager of any type.
#[derive(Clone)]
pub struct TrustManagerRef(Arc<dyn DynTrustManager>);

impl TrustManagerRef {
    pub(super) fn new(manager: impl TrustManager) -> Self {
        Self(Arc::new(manager))
    }

    pub(super) async fn trust(&self) -> Result<Trust, Diagnostic> {
        self.0.trust().await
    }
}

impl Role for TrustManagerRef {
    const REFERENCE: &'static str = "$ref:TrustManager";
}

impl fmt::Debug for TrustManagerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustManagerRef")
    }
}

/// The trust anchors of the operating system, in place of those of a Java runtime. Read once.
pub(super) struct SystemTrust {
    anchors: std::sync::OnceLock<TrustAnchors>,
    span: Span,
}

impl SystemTrust {
    /// `span` is the object that names no trust manager.
    pub(super) fn new(span: Span) -> Self {
        Self { anchors: std::sync::OnceLock::new(), span }
    }
}

impl TrustManager for SystemTrust {
    async fn trust(&self) -> Result<Trust, Diagnostic> {
        if self.anchors.get().is_none() {
            let found = TrustAnchors::native().map_err(|error| errors::trust(&error, &self.span))?;
            // Whoever was quicker has read the same.
            let _ = self.anchors.set(found);
        }
        Ok(Trust::Anchors(self.anchors.get().cloned().unwrap_or_default()))
    }
}

/// [`KeyManager`] with its future boxed.
trait DynKeyManager: Send + Sync {
    fn keys(&self) -> BoxFuture<'_, Result<Vec<NamedKey>, Diagnostic>>;
}

impl<M: KeyManager> DynKeyManager for M {
    fn keys(&self) -> BoxFuture<'_, Result<Vec<NamedKey>, Diagnostic>> {
        Box::pin(KeyManager::keys(self))
    }
}

/// [`TrustManager`] with its future boxed.
trait DynTrustManager: Send + Sync {
    fn trust(&self) -> BoxFuture<'_, Result<Trust, Diagnostic>>;
}

impl<M: TrustManager> DynTrustManager for M {
    fn trust(&self) -> BoxFuture<'_, Result<Trust, Diagnostic>> {
        Box::pin(TrustManager::trust(self))
    }
}
