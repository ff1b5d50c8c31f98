//! `SecretsProvider`: several stores of secrets under one name.

use crypto::SecretStoreRef;
use heap::{Builder, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::several;

/// Asks several stores for a secret, in order.
///
/// The first store that has the secret gives the active one, which is used to prove and to encrypt; secrets of
/// the same id in further stores are valid beside it, which is how a secret is replaced without a gap. A store
/// that fails is not passed over: a secret must not be taken from elsewhere because its own store is broken.
///
/// A field `secretsProvider` takes the name of a provider or of a store, one declared in place, or an array of
/// these. Where the field is left out, the old `secrets` of the file (or of one around it) answers, and without
/// that the environment, read as [SystemAndEnvSecretStore](SystemAndEnvSecretStore.md) reads it.
///
/// ```json
/// {
///   "name": "Secrets",
///   "type": "SecretsProvider",
///   "config": {
///     "stores": [
///       { "type": "FileSystemSecretStore", "config": { "directory": "/run", "suffix": ".secret" } },
///       { "type": "SystemAndEnvSecretStore" }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SecretsProvider {
    /// The stores to ask.
    stores: Spanned<Vec<Ref<SecretStoreRef>>>,
}

impl ObjectConfig for SecretsProvider {
    const TYPE: &'static str = "SecretsProvider";
    type Object = SecretStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        if self.stores.is_empty() {
            return Err(b.error("a provider without stores has no secrets", Some(self.stores.span())));
        }
        Ok(several(b.get_all(&self.stores)))
    }
}
