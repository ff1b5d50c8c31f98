//! `KeyManager`: private keys from a key store.

use std::sync::{Arc, Mutex, PoisonError};

use crypto::Secret;
use crypto::keystore::{Entry, EntryKind, KeyStore};
use heap::{Builder, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::errors;
use super::key_store::{KeyStoreRef, OpenStore};
use super::managers::{self, KeyManagerRef, NamedKey};
use super::options::check_algorithm;
use super::password::{Password, PlainPassword};
use crate::secrets::SecretsProviderField;

/// Proves who the gateway is with the private keys of a key store.
///
/// Every private key of the store is offered, in its order; the peer gets the first that it can verify. Of several
/// keys those that cannot be used, such as expired ones, are left out with a warning.
/// [SecretsKeyManager](SecretsKeyManager.md) replaces this type and names the key it means.
///
/// ```json
/// {
///   "name": "MyKeyManager",
///   "type": "KeyManager",
///   "config": {
///     "keystore": {
///       "type": "KeyStore",
///       "config": {
///         "url": "file://${openig.instanceDirectory}/secrets/keystore.p12",
///         "passwordSecretId": "keymanager.keystore.secret.id",
///         "secretsProvider": "SystemAndEnvSecretStore"
///       }
///     },
///     "passwordSecretId": "keymanager.secret.id",
///     "secretsProvider": "SystemAndEnvSecretStore"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyManager {
    /// The store of the keys.
    keystore: Ref<KeyStoreRef>,
    /// The id of the secret that is the password of the keys. Without it they have that of the store.
    password_secret_id: Option<Spanned<heap::SecretId>>,
    /// The password itself, as in old releases.
    password: Option<Spanned<PlainPassword>>,
    /// Accepted: `SunX509` and `PKIX` choose alike here.
    alg: Option<Spanned<String>>,
    /// Where the secret is looked up.
    secrets_provider: Option<SecretsProviderField>,
}

impl ObjectConfig for KeyManager {
    const TYPE: &'static str = "KeyManager";
    const STATUS: heap::Status = heap::Status::Deprecated;
    type Object = KeyManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<KeyManagerRef, Diagnostic> {
        check_algorithm(self.alg.as_ref())?;
        let store = b.get(&self.keystore);
        let password =
            Password::of(self.password_secret_id, self.password, self.secrets_provider.as_ref(), b)?;
        Ok(KeyManagerRef::new(StoreKeys { store, password, known: Mutex::default() }))
    }
}

struct StoreKeys {
    store: KeyStoreRef,
    password: Password,
    known: Mutex<Option<Known>>,
}

/// The keys of the last good reading, so that passwords are not derived again every second.
struct Known {
    store: Arc<KeyStore>,
    password: Option<Secret>,
    keys: Vec<NamedKey>,
}

impl managers::KeyManager for StoreKeys {
    async fn keys(&self) -> Result<Vec<NamedKey>, Diagnostic> {
        let own = self.password.get().await?;
        let OpenStore { store, password } = self.store.open().await?;
        let password = own.or(password);
        if let Some(keys) = self.known(&store, password.as_ref()) {
            return Ok(keys);
        }
        let entries: Vec<&Entry> =
            store.entries().filter(|entry| entry.kind == EntryKind::PrivateKey).collect();
        if entries.is_empty() {
            let aliases: Vec<String> = store.entries().map(|entry| format!("`{}`", entry.alias)).collect();
            return Err(errors::store_without_keys(self.store.path(), &aliases, self.store.span()));
        }
        let keys = entries.into_iter().map(|entry| self.key(entry, password.as_ref()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Known { store, password, keys: keys.clone() });
        Ok(keys)
    }
}

impl StoreKeys {
    fn known(&self, store: &Arc<KeyStore>, password: Option<&Secret>) -> Option<Vec<NamedKey>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &&Known| {
            let before = known.password.as_ref().and_then(Secret::bytes);
            Arc::ptr_eq(&known.store, store) && before == password.and_then(Secret::bytes)
        };
        known.as_ref().filter(is_same).map(|known| known.keys.clone())
    }

    fn key(&self, entry: &Entry, password: Option<&Secret>) -> Result<NamedKey, Diagnostic> {
        let place = self.password.span().unwrap_or(self.store.span());
        let key = entry.key(password.and_then(Secret::bytes));
        let key = key.map_err(|error| errors::key_store(self.store.path(), &error, place))?;
        let label = format!("`{}` (alias `{}`)", self.store.path().display(), entry.alias);
        Ok(NamedKey { key, label, span: self.store.span().clone() })
    }
}
