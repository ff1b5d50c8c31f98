//! `TrustManager`: whom to believe, from a key store.

use crypto::tls::{Trust, TrustAnchors};
use heap::{Builder, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::errors;
use super::key_store::KeyStoreRef;
use super::managers::{self, TrustManagerRef};
use super::options::check_algorithm;

/// Believes whoever has a certificate of a key store, or one that these vouch for.
///
/// The trusted certificates of the store count, and, as in Java, the own certificate of each private key. A PKCS12
/// file made with `openssl` marks none as trusted; if it has no others, all its certificates count.
/// [SecretsTrustManager](SecretsTrustManager.md) replaces this type.
///
/// ```json
/// {
///   "name": "MyTrustManager",
///   "type": "TrustManager",
///   "config": {
///     "keystore": {
///       "type": "KeyStore",
///       "config": {
///         "url": "file://${openig.instanceDirectory}/secrets/truststore.p12",
///         "passwordSecretId": "trustmanager.keystore.secret.id",
///         "secretsProvider": "SystemAndEnvSecretStore"
///       }
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TrustManager {
    /// The store of the certificates.
    keystore: Ref<KeyStoreRef>,
    /// Accepted: `PKIX` and `SunX509` verify alike here.
    alg: Option<Spanned<String>>,
}

impl ObjectConfig for TrustManager {
    const TYPE: &'static str = "TrustManager";
    const STATUS: heap::Status = heap::Status::Deprecated;
    type Object = TrustManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<TrustManagerRef, Diagnostic> {
        check_algorithm(self.alg.as_ref())?;
        Ok(TrustManagerRef::new(StoreTrust(b.get(&self.keystore))))
    }
}

struct StoreTrust(KeyStoreRef);

impl managers::TrustManager for StoreTrust {
    async fn trust(&self) -> Result<Trust, Diagnostic> {
        let store = self.0.open().await?.store;
        // Only the first of a chain: its issuers are not what the store says to trust.
        let mut certificates: Vec<Vec<u8>> =
            store.entries().filter_map(|entry| entry.chain().first().cloned()).collect();
        if certificates.is_empty() {
            certificates = store.loose_certificates().iter().map(|loose| loose.der.clone()).collect();
        }
        if certificates.is_empty() {
            return Err(errors::empty_trust_store(self.0.path(), self.0.span()));
        }
        let label = format!("`{}`", self.0.path().display());
        Ok(Trust::Anchors(TrustAnchors { certificates, crls: Vec::new(), label }))
    }
}
