//! `KeyStore`: a file of keys and certificates.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::Secret;
use crypto::keystore;
use heap::{Builder, ObjectConfig, Role, Spanned};
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use source::{Diagnostic, Span};

use super::errors;
use super::password::{Password, PlainPassword};
use crate::secrets::SecretsProviderField;

/// A larger file is not read.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A folder of a network that does not answer for so long counts as unreadable.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The types whose files are read. Which one a file is shows in its first bytes.
const TYPES: [&str; 3] = ["JCEKS", "JKS", "PKCS12"];

/// A file of keys and certificates: PKCS12, JKS or JCEKS.
///
/// A [KeyManager](KeyManager.md) takes private keys from it, a [TrustManager](TrustManager.md) certificates to
/// believe. A [KeyStoreSecretStore](KeyStoreSecretStore.md) replaces it. A changed file is noticed within seconds.
///
/// ```json
/// {
///   "name": "MyKeyStore",
///   "type": "KeyStore",
///   "config": {
///     "url": "file://${openig.instanceDirectory}/secrets/keystore.p12",
///     "passwordSecretId": "keystore.secret.id",
///     "secretsProvider": "SystemAndEnvSecretStore"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyStore {
    /// The file: a URL `file:///…`, or a path. A relative path starts at the instance folder.
    url: Spanned<String>,
    /// The id of the secret that is the password of the store. A store whose content is encrypted needs it.
    password_secret_id: Option<Spanned<heap::SecretId>>,
    /// The password itself, as in old releases.
    password: Option<Spanned<PlainPassword>>,
    /// `PKCS12`, `JKS` or `JCEKS`. The file itself shows which of them it is, so this need not be right.
    #[serde(rename = "type")]
    store_type: Option<Spanned<String>>,
    /// Where the secret is looked up.
    secrets_provider: Option<SecretsProviderField>,
}

impl ObjectConfig for KeyStore {
    const TYPE: &'static str = "KeyStore";
    const STATUS: heap::Status = heap::Status::Deprecated;
    type Object = KeyStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<KeyStoreRef, Diagnostic> {
        if let Some(store_type) = &self.store_type
            && !TYPES.iter().any(|known| known.eq_ignore_ascii_case(store_type))
        {
            return Err(errors::store_type(store_type, store_type.span()));
        }
        let path = path_of(&self.url, &b.paths().instance)
            .map_err(|reason| errors::url(&self.url, reason, self.url.span()))?;
        let provider = self.secrets_provider.as_ref();
        let password = Password::of(self.password_secret_id, self.password, provider, b)?;
        let span = self.url.span().clone();
        Ok(KeyStoreRef(Arc::new(StoreFile { path, span, password, opened: Mutex::default() })))
    }
}

/// The path of a URL, or one that is given as such.
fn path_of(url: &str, instance: &Path) -> Result<PathBuf, &'static str> {
    let is_scheme = |text: &str| text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => return Ok(instance.join(url)),
    };
    if !scheme.eq_ignore_ascii_case("file") {
        return Err("its scheme is not `file`");
    }
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest),
    };
    if !path.starts_with('/') {
        return Err("the path behind `file://` must begin with a slash");
    }
    let path = percent_decode_str(path).decode_utf8().map_err(|_| "its path is not UTF-8")?;
    Ok(PathBuf::from(path.as_ref()))
}

/// A key store, opened again whenever its file has changed.
#[derive(Clone)]
pub struct KeyStoreRef(Arc<StoreFile>);

impl Role for KeyStoreRef {
    const REFERENCE: &'static str = "$ref:KeyStore";
}

struct StoreFile {
    path: PathBuf,
    /// Of the URL.
    span: Span,
    password: Password,
    opened: Mutex<Option<Opened>>,
}

/// The last good reading, so that passwords are not derived again every second.
struct Opened {
    digest: [u8; 32],
    store: Arc<keystore::KeyStore>,
}

/// A key store as it is at the moment.
pub(super) struct OpenStore {
    pub(super) store: Arc<keystore::KeyStore>,
    /// Its password, which is also that of its keys unless they have one of their own.
    pub(super) password: Option<Secret>,
}

impl KeyStoreRef {
    /// The store at the moment.
    ///
    /// # Errors
    /// A file that is missing or no key store; a password that is missing or wrong.
    pub(super) async fn open(&self) -> Result<OpenStore, Diagnostic> {
        let file = &self.0;
        let password = file.password.get().await?;
        let bytes = read_file(&file.path).await;
        let bytes = bytes.map_err(|error| errors::unreadable_store(&file.path, &error, &file.span))?;
        let digest = digest(&bytes, password.as_ref().and_then(Secret::bytes));
        if let Some(store) = self.known(digest) {
            return Ok(OpenStore { store, password });
        }
        let opener = password.clone();
        // Deriving a key from a password takes its time on purpose.
        let opening = tokio::task::spawn_blocking(move || {
            keystore::KeyStore::open(&bytes, opener.as_ref().and_then(Secret::bytes))
        });
        let opening = opening.await.map_err(|panic| errors::unreadable_store(&file.path, &panic, &file.span));
        let store = opening?.map_err(|error| {
            let place = if error.is_about_password() { file.password.span() } else { None };
            errors::key_store(&file.path, &error, place.unwrap_or(&file.span))
        })?;
        let store = Arc::new(store);
        let mut opened = file.opened.lock().unwrap_or_else(PoisonError::into_inner);
        *opened = Some(Opened { digest, store: store.clone() });
        Ok(OpenStore { store, password })
    }

    fn known(&self, digest: [u8; 32]) -> Option<Arc<keystore::KeyStore>> {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().filter(|opened| opened.digest == digest).map(|opened| opened.store.clone())
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// The place of the URL.
    pub(super) fn span(&self) -> &Span {
        &self.0.span
    }
}

fn digest(bytes: &[u8], password: Option<&[u8]>) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(bytes);
    digest.update([u8::from(password.is_some())]);
    digest.update(password.unwrap_or_default());
    digest.finalize().into()
}

/// Reads a small file without keeping others waiting.
pub(super) async fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other("it is larger than 16 MiB"));
        }
        Ok(bytes)
    });
    let read = tokio::time::timeout(READ_TIMEOUT, reading).await;
    read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map_err(io::Error::other)?
}
