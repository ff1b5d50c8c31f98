//! `KeyStoreSecretStore`: keys and certificates from a key store of Java.

mod entries;
mod problem;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::{CryptoKey, Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef, keystore};
use heap::{Builder, ObjectConfig, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use source::Diagnostic;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::file_system_secret_store::read_file;
use super::format::PasswordSource;
use super::mappings::{Aliases, Mapping};
use super::refresh::{AutoRefresh, READ_TIMEOUT, REFRESH_INTERVAL, good_for};
use super::{SecretsProviderField, errors, provider_of};
use entries::Passwords;
use problem::{Place, Places, Problem};

/// Reads keys and certificates from a key store of Java: PKCS#12, JKS or JCEKS.
///
/// Each mapping gives a secret the entries of one or several aliases. The first is the active one: it signs, decrypts,
/// and proves who we are. The others are valid beside it, which is how a key is replaced without a gap. An entry
/// is a private key with its certificates, a symmetric key, or a certificate to verify with. Upper and lower case of
/// aliases are the same. Tokens refer to an entry by its alias.
///
/// The file is read when the configuration is loaded, and a file, password or alias that is wrong keeps the
/// configuration from loading. It is read again when it has changed: within a second, without a restart. When it cannot
/// be read any more, the log says so once, and the entries that were read last stay in use.
///
/// What a file is, its first bytes tell, as for Java: `storeType` need not be right. Certificates that `openssl pkcs12`
/// has written without marking them as trusted can be mapped, too. A file is at most 16 MiB long.
///
/// ```json
/// {
///   "name": "Keys",
///   "type": "KeyStoreSecretStore",
///   "config": {
///     "file": "/nonexistent/keystore.p12",
///     "storePasswordSecretId": "keystore.password",
///     "secretsProvider": { "type": "SystemAndEnvSecretStore" },
///     "mappings": [{ "secretId": "signing.key", "aliases": ["signing-2026", "signing-2025"] }]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyStoreSecretStore {
    /// The file. A relative path starts at the instance folder.
    file: Spanned<PathBuf>,
    /// Accepted: `PKCS12`, `JKS` or `JCEKS`. The file itself tells.
    #[expect(dead_code, reason = "accepted; an unknown type is an error")]
    store_type: Option<StoreType>,
    /// The password of the file.
    #[serde(alias = "storePassword")]
    store_password_secret_id: Spanned<heap::SecretId>,
    /// The password of every entry that is mapped; when absent, it is that of the file.
    #[serde(alias = "keyEntryPassword")]
    entry_password_secret_id: Option<Spanned<heap::SecretId>>,
    /// Where the passwords come from.
    secrets_provider: Option<SecretsProviderField>,
    /// Which entries are which secrets.
    mappings: Vec<Mapping>,
    /// How long entries that have been read may be used without another look: 5 minutes by default.
    lease_expiry: Option<TimeSpan>,
    /// Whether a changed file is noticed before that.
    auto_refresh: Option<AutoRefresh>,
}

/// The types that Java's stores have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
enum StoreType {
    Pkcs12,
    Jks,
    Jceks,
}

impl ObjectConfig for KeyStoreSecretStore {
    const TYPE: &'static str = "KeyStoreSecretStore";
    type Object = SecretStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        let aliases = Aliases::new(self.mappings, b)?;
        let provider = provider_of(self.secrets_provider.as_ref(), b);
        let places = Places {
            file: self.file.span().clone(),
            store_password: self.store_password_secret_id.span().clone(),
            entry_password: self.entry_password_secret_id.as_ref().map(|id| id.span().clone()),
        };
        let source =
            |id: Spanned<heap::SecretId>| PasswordSource { id: id.into_inner().0, secrets: provider.clone() };
        let store = Arc::new(KeyStore {
            path: b.paths().instance.join(&*self.file),
            aliases: Arc::new(aliases),
            store_password: source(self.store_password_secret_id),
            entry_password: self.entry_password_secret_id.map(source),
            good_for: good_for(self.lease_expiry, self.auto_refresh.as_ref()),
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        });
        let first = Arc::clone(&store);
        b.load(async move {
            first.load().await.err().map(|problem| places.complain(&problem)).into_iter().collect()
        });
        Ok(SecretStoreRef::new(Shared(store)))
    }
}

struct KeyStore {
    path: PathBuf,
    aliases: Arc<Aliases>,
    store_password: PasswordSource,
    entry_password: Option<PasswordSource>,
    /// How long what was read may be used; for ever when `None`.
    good_for: Option<Duration>,
    known: Mutex<Known>,
    /// Held while the file is read, so that requests that come together read it once.
    reading: tokio::sync::Mutex<()>,
}

/// What is known of the file.
#[derive(Default)]
struct Known {
    /// What was read last without a problem: a digest of the file and its entries.
    good: Option<([u8; 32], Keys)>,
    /// When the file was looked at, and what was wrong with it then.
    looked: Option<(Instant, Option<Problem>)>,
}

/// The keys of every secret, the active one first.
type Keys = Arc<HashMap<SecretId, Vec<CryptoKey>>>;

impl KeyStore {
    /// The keys of all secrets: those that are known, or else those of the file. The last good ones stay in use when
    /// the file cannot be read any more.
    async fn keys(&self) -> Result<Keys, Problem> {
        if let Some(known) = self.known() {
            return known;
        }
        let _reading = self.reading.lock().await;
        if let Some(known) = self.known() {
            return known;
        }
        match self.load().await {
            Err(problem) => self.note(&problem).ok_or(problem),
            loaded => loaded,
        }
    }

    /// What was found out not too long ago.
    fn known(&self) -> Option<Result<Keys, Problem>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (looked, problem) = known.looked.as_ref()?;
        // What is broken is looked at again soon, whatever the lease.
        let good_for = if problem.is_some() { Some(REFRESH_INTERVAL) } else { self.good_for };
        if good_for.is_some_and(|good_for| looked.elapsed() >= good_for) {
            return None;
        }
        let good = known.good.as_ref().map(|(_, keys)| Ok(Arc::clone(keys)));
        good.or_else(|| problem.clone().map(Err))
    }

    /// Remembers a problem, tells it unless it has been told already, and yields what stays in use.
    fn note(&self, problem: &Problem) -> Option<Keys> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = known.looked.as_ref().is_some_and(|(_, told)| told.as_ref() == Some(problem));
        let good = known.good.as_ref().map(|(_, keys)| Arc::clone(keys));
        if good.is_some() && !is_told {
            tracing::error!(
                file = %self.path.display(),
                error = %problem,
                "A key store has changed and cannot be used; the entries that were read last stay in use."
            );
        }
        known.looked = Some((Instant::now(), Some(problem.clone())));
        good
    }

    /// Reads the file, and takes it over when nothing is wrong with it.
    async fn load(&self) -> Result<Keys, Problem> {
        let passwords = self.passwords().await?;
        let path = self.path.clone();
        let reading = spawn_blocking(move || read_file(&path, keystore::BYTES_MAX));
        let unreadable = |error: &dyn std::fmt::Display| {
            Problem::new(Place::File, format!("`{}` cannot be read: {error}", self.path.display()))
        };
        let bytes = timeout(READ_TIMEOUT, reading).await.map_err(|slow| unreadable(&slow))?;
        let bytes = bytes.map_err(|panicked| unreadable(&panicked))?.map_err(|error| unreadable(&error))?;
        let bytes = bytes.ok_or_else(|| unreadable(&"there is no such file"))?;
        let digest = passwords.digest(Sha256::new().chain_update(&*bytes)).finalize().into();
        if let Some(keys) = self.unchanged(digest) {
            return Ok(keys);
        }
        let (aliases, path) = (Arc::clone(&self.aliases), self.path.clone());
        // Deriving keys from passwords is meant to be slow.
        let opening = spawn_blocking(move || entries::read(&path, &bytes, &passwords, &aliases));
        let keys = Arc::new(opening.await.map_err(|panicked| unreadable(&panicked))??);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.good.is_some() {
            tracing::info!(file = %self.path.display(), "A key store has changed and is in use.");
        }
        *known = Known { good: Some((digest, Arc::clone(&keys))), looked: Some((Instant::now(), None)) };
        Ok(keys)
    }

    /// What was read before, when the file is the same as then.
    fn unchanged(&self, digest: [u8; 32]) -> Option<Keys> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, keys) = known.good.as_ref().filter(|(good, _)| *good == digest)?;
        let keys = Arc::clone(keys);
        let before = known.looked.replace((Instant::now(), None));
        if before.is_some_and(|(_, problem)| problem.is_some()) {
            tracing::info!(file = %self.path.display(), "A key store can be used again.");
        }
        Some(keys)
    }

    async fn passwords(&self) -> Result<Passwords, Problem> {
        let told = |place: Place, error: &SecretError| {
            let (file, error) = (self.path.display(), errors::told(error));
            Problem::new(place, format!("there is no password for the key store `{file}`: {error}"))
        };
        let store =
            self.store_password.password().await.map_err(|error| told(Place::StorePassword, &error))?;
        let entry = match &self.entry_password {
            Some(source) => {
                Some(source.password().await.map_err(|error| told(Place::EntryPassword, &error))?)
            }
            None => None,
        };
        Ok(Passwords { store, entry })
    }
}

/// The store as others hold it.
struct Shared(Arc<KeyStore>);

impl SecretStore for Shared {
    async fn secrets(&self, id: &SecretId, purpose: Purpose) -> Result<Vec<Secret>, SecretError> {
        if !self.0.aliases.contains(id) {
            return Ok(Vec::new());
        }
        let keys = self.0.keys().await.map_err(|problem| problem.into_error(id))?;
        let keys = keys.get(id).into_iter().flatten();
        purpose.choose(id, keys.cloned().map(Secret::from).collect())
    }
}

#[cfg(test)]
mod tests;
