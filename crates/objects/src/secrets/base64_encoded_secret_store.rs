//! `Base64EncodedSecretStore`: secrets in the configuration itself.

use std::collections::HashMap;

use crypto::{Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef};
use heap::{Base64Secret, Builder, ObjectConfig};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Holds secrets that stand in the configuration, base64-encoded.
///
/// Base64 hides nothing: whoever can read the file has the secrets. Use this store to try things out, and
/// [FileSystemSecretStore](FileSystemSecretStore.md) or
/// [SystemAndEnvSecretStore](SystemAndEnvSecretStore.md) beyond that.
///
/// ```json
/// {
///   "type": "Base64EncodedSecretStore",
///   "config": { "secrets": { "agent.password": "cGFzc3dvcmQ=" } }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Base64EncodedSecretStore {
    /// The secrets by their ids.
    secrets: IndexMap<heap::SecretId, Base64Secret>,
}

impl ObjectConfig for Base64EncodedSecretStore {
    const TYPE: &'static str = "Base64EncodedSecretStore";
    type Object = SecretStoreRef;

    fn build(self, _: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        let secrets = self.secrets.into_iter().map(|(id, secret)| (id.0, secret.0)).collect();
        Ok(SecretStoreRef::new(Held(secrets)))
    }
}

struct Held(HashMap<SecretId, Secret>);

impl SecretStore for Held {
    async fn secrets(&self, id: &SecretId, _: Purpose) -> Result<Vec<Secret>, SecretError> {
        Ok(self.0.get(id).cloned().into_iter().collect())
    }
}
