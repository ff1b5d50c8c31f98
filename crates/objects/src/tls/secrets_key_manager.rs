//! `SecretsKeyManager`: a private key from a store of secrets.

use crypto::{CryptoKey, KeyMaterial, Purpose, SecretId, SecretStoreRef};
use heap::{Builder, ObjectConfig, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Span};

use super::errors;
use super::managers::{KeyManager, KeyManagerRef, NamedKey};
use crate::secrets::{SecretsProviderField, provider_of};

/// Proves who the gateway is with a private key and its certificates from a store of secrets.
///
/// In [ServerTlsOptions](ServerTlsOptions.md) it is the key that clients see; in
/// [ClientTlsOptions](ClientTlsOptions.md) the one that servers ask for. The active secret of the id is used: with a
/// [KeyStoreSecretStore](KeyStoreSecretStore.md) that is the key of the first alias of its mapping. A changed file is
/// noticed within seconds.
///
/// ```json
/// {
///   "type": "SecretsKeyManager",
///   "config": {
///     "signingSecretId": "key.manager.secret.id",
///     "secretsProvider": {
///       "type": "FileSystemSecretStore",
///       "config": {
///         "directory": "/run",
///         "suffix": ".pem",
///         "mappings": [{ "secretId": "key.manager.secret.id", "format": { "type": "PemPropertyFormat" } }]
///       }
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretsKeyManager {
    /// The id of the secret that is the key.
    signing_secret_id: Spanned<heap::SecretId>,
    /// Where the secret is looked up.
    secrets_provider: Option<SecretsProviderField>,
}

impl ObjectConfig for SecretsKeyManager {
    const TYPE: &'static str = "SecretsKeyManager";
    type Object = KeyManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<KeyManagerRef, Diagnostic> {
        let secrets = provider_of(self.secrets_provider.as_ref(), b);
        let span = self.signing_secret_id.span().clone();
        Ok(SecretKey::manager(self.signing_secret_id.into_inner().0, span, secrets))
    }
}

/// The key that is the active secret of an id.
pub(super) struct SecretKey {
    id: SecretId,
    span: Span,
    secrets: SecretStoreRef,
}

impl SecretKey {
    pub(super) fn manager(id: SecretId, span: Span, secrets: SecretStoreRef) -> KeyManagerRef {
        KeyManagerRef::new(Self { id, span, secrets })
    }
}

impl KeyManager for SecretKey {
    async fn keys(&self) -> Result<Vec<NamedKey>, Diagnostic> {
        let secret = self.secrets.active(&self.id, Purpose::Sign).await;
        let secret = secret.map_err(|error| errors::no_key(&error, &self.span))?;
        let origin = secret.key().and_then(CryptoKey::origin);
        let label = match (origin, secret.stable_id()) {
            (Some(origin), _) => format!("`{}` ({origin})", self.id),
            (None, Some(alias)) => format!("`{}` (alias `{alias}`)", self.id),
            (None, None) => format!("`{}`", self.id),
        };
        match secret.key() {
            Some(key)
                if matches!(key.material(), KeyMaterial::Private { .. } | KeyMaterial::Token { .. }) =>
            {
                Ok(vec![NamedKey { key: key.clone(), label, span: self.span.clone() }])
            }
            found => Err(errors::no_private_key(&label, kind(found.map(|key| key.material())), &self.span)),
        }
    }
}

/// What a secret is, in words.
pub(super) fn kind(material: Option<&KeyMaterial>) -> &'static str {
    match material {
        None => "no key but bytes, such as a password",
        Some(KeyMaterial::Symmetric { .. }) => "a symmetric key",
        Some(KeyMaterial::Public { .. }) => "a public key",
        Some(KeyMaterial::Certificate { .. }) => "a certificate",
        Some(KeyMaterial::Private { .. } | KeyMaterial::Token { .. }) => "a private key",
    }
}
