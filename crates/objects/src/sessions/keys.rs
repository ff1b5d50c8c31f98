//! [`SessionKeys`]: the keys that sessions are encrypted with, wherever they are kept.
//!
//! The active key encrypts; every valid key decrypts, so that a key is replaced without ending a session. The
//! store of secrets is asked anew at an interval. When it cannot answer, or yields a key that does not fit, the
//! keys that were last good stay in use, and the log says why, once.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use crypto::jose::{ContentEncryption, DirectKey, JoseError};
use crypto::{CryptoKey, KeyMaterial, Purpose, Secret, SecretId, SecretStoreRef};
use exchange::Fault;
use heap::{Builder, Spanned, Stop};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use source::{Diagnostic, Span};
use zeroize::Zeroizing;

use super::errors;
use super::marker::Marker;
use crate::secrets::{SecretsProviderField, provider_of};

/// Time between two questions to the store of secrets.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// Valid keys beside the active one. Whoever sends nonsense has each of them tried.
const OLDER_KEYS_MAX: usize = 16;

/// An algorithm for authenticated encryption (RFC 7518, section 5.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum EncryptionMethod {
    /// AES-128 in CBC mode with HMAC-SHA-256; a key of 32 bytes.
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
    /// AES-192 in CBC mode with HMAC-SHA-384; a key of 48 bytes.
    #[serde(rename = "A192CBC-HS384")]
    A192CbcHs384,
    /// AES-256 in CBC mode with HMAC-SHA-512; a key of 64 bytes.
    #[serde(rename = "A256CBC-HS512")]
    A256CbcHs512,
    /// AES-128 in GCM; a key of 16 bytes.
    #[serde(rename = "A128GCM")]
    A128Gcm,
    /// AES-192 in GCM; a key of 24 bytes.
    #[serde(rename = "A192GCM")]
    A192Gcm,
    /// AES-256 in GCM; a key of 32 bytes.
    #[default]
    #[serde(rename = "A256GCM")]
    A256Gcm,
}

impl From<EncryptionMethod> for ContentEncryption {
    fn from(method: EncryptionMethod) -> Self {
        match method {
            EncryptionMethod::A128CbcHs256 => Self::A128CbcHs256,
            EncryptionMethod::A192CbcHs384 => Self::A192CbcHs384,
            EncryptionMethod::A256CbcHs512 => Self::A256CbcHs512,
            EncryptionMethod::A128Gcm => Self::A128Gcm,
            EncryptionMethod::A192Gcm => Self::A192Gcm,
            EncryptionMethod::A256Gcm => Self::A256Gcm,
        }
    }
}

/// The fields of a session manager that say which keys it uses.
pub(crate) struct KeyFields {
    /// `authenticatedEncryptionSecretId`.
    pub(crate) secret_id: Option<Spanned<heap::SecretId>>,
    /// `encryptionMethod`.
    pub(crate) encryption_method: Option<EncryptionMethod>,
    /// `secretsProvider`.
    pub(crate) secrets_provider: Option<SecretsProviderField>,
}

/// Keys in use. See the module.
pub(crate) struct SessionKeys {
    object: String,
    span: Span,
    encryption: ContentEncryption,
    current: ArcSwap<KeyRing>,
    changes: AtomicU64,
}

/// The keys of a moment.
#[derive(Default)]
struct KeyRing {
    /// The active one first. None before the first answer of the store.
    keys: Vec<Arc<DirectKey>>,
    /// Derived from them, in the same order.
    markers: Vec<Marker>,
    /// Of the bytes of all keys, to notice a change.
    digest: Option<[u8; 32]>,
}

/// Who is asked for keys.
struct Asked {
    id: SecretId,
    secrets: SecretStoreRef,
}

impl SessionKeys {
    /// Keys as configured: fetched while the configuration is loaded, which fails without them, and kept fresh
    /// from then on. Without a secret id it is a random key, which survives a reload of this file.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub(crate) fn new(fields: KeyFields, b: &mut Builder<'_>) -> Result<Arc<Self>, Diagnostic> {
        let encryption = ContentEncryption::from(fields.encryption_method.unwrap_or_default());
        let Some(id) = fields.secret_id else { return Self::of_this_process(encryption, b) };
        let keys = Arc::new(Self::with(KeyRing::default(), encryption, id.span().clone(), b));
        let secrets = provider_of(fields.secrets_provider.as_ref(), b);
        let asked = Asked { id: id.into_inner().0, secrets };
        let asked = Arc::new(asked);
        b.load({
            let (keys, asked) = (keys.clone(), asked.clone());
            async move { keys.refresh(&asked).await.unwrap_or_else(|complaint| vec![*complaint]) }
        });
        b.background("session keys", {
            let keys = keys.clone();
            move |stop| keys.watch(asked, stop)
        });
        Ok(keys)
    }

    /// Keys for A256GCM that never change, the active one first, each made of one byte.
    #[cfg(test)]
    pub(crate) fn fixed(bytes: &[u8]) -> Arc<Self> {
        let source = source::Source::new("config.json", "{}");
        let span = source::parse(&source).root.map(|root| root.span).expect("an empty object has a place");
        let encryption = ContentEncryption::A256Gcm;
        let key = |byte: &u8| DirectKey::new(&raw(&[*byte; 32]), encryption).map(Arc::new);
        let ring = KeyRing {
            keys: bytes.iter().map(key).collect::<Result<_, _>>().expect("32 bytes are such a key"),
            markers: bytes.iter().map(|byte| Marker::of(&[*byte; 32])).collect(),
            digest: None,
        };
        let (current, changes) = (ArcSwap::from_pointee(ring), AtomicU64::new(0));
        Arc::new(Self { object: "keys".to_owned(), span, encryption, current, changes })
    }

    fn of_this_process(encryption: ContentEncryption, b: &mut Builder<'_>) -> Result<Arc<Self>, Diagnostic> {
        let name = b.lasting_name();
        let place = format!("{}\n{name}\n{encryption}\nthe key of sessions", b.file());
        let ring = b.shared(&place, || DirectKey::random(encryption).map(Arc::new));
        let Ok(key) = &*ring else {
            return Err(b.error("the operating system gives no random bytes for a key", None));
        };
        let span = b.span().clone();
        let keys = Self::with(
            KeyRing { keys: vec![key.clone()], ..KeyRing::default() },
            encryption,
            span.clone(),
            b,
        );
        b.load(async move { vec![errors::own_key(&span)] });
        // What the environment shares lives as long as somebody holds it.
        b.background("session keys", move |mut stop| async move {
            stop.stopped().await;
            drop(ring);
        });
        Ok(Arc::new(keys))
    }

    fn with(ring: KeyRing, encryption: ContentEncryption, span: Span, b: &Builder<'_>) -> Self {
        let object = b.name().to_owned();
        Self { object, span, encryption, current: ArcSwap::from_pointee(ring), changes: AtomicU64::new(0) }
    }

    /// Encrypts with the active key, after compression if asked for. The text is made of characters that a cookie
    /// may have.
    ///
    /// # Errors
    /// There is no key, or the cryptographic library refuses: the session cannot be kept.
    pub(crate) fn seal(&self, content: &[u8], is_compressed: bool) -> Result<String, Fault> {
        let ring = self.current.load();
        let Some(active) = ring.keys.first() else {
            return Err(Fault::internal("There is no key to encrypt a session with."));
        };
        active
            .seal(content, is_compressed)
            .map_err(|error| Fault::internal("A session cannot be encrypted.").because(error))
    }

    /// What the text says, if it was encrypted with one of the valid keys and says at most so many bytes.
    pub(crate) fn open(&self, text: &str, content_bytes_max: usize) -> Option<Zeroizing<Vec<u8>>> {
        let ring = self.current.load();
        ring.keys.iter().find_map(|key| key.open(text, content_bytes_max).ok())
    }

    /// What stands for a text where others may look: a mark by each valid key, that of the active one first. None
    /// without a secret id.
    pub(crate) fn marks(&self, text: &str) -> Vec<[u8; 32]> {
        self.current.load().markers.iter().map(|marker| marker.mark(text)).collect()
    }

    /// How often the keys have changed. What was opened under another number may be worth nothing any more.
    pub(crate) fn generation(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    async fn watch(self: Arc<Self>, asked: Arc<Asked>, mut stop: Stop) {
        let mut told = String::new();
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(REFRESH_INTERVAL) => {}
            }
            match self.refresh(&asked).await {
                Ok(warnings) => {
                    told.clear();
                    for warning in warnings {
                        tracing::warn!("{}", warning.render(false));
                    }
                }
                Err(complaint) => {
                    let text = complaint.to_string();
                    if told != text {
                        tracing::error!("{}", complaint.render(false));
                        tracing::error!(
                            object = self.object,
                            "The keys of sessions cannot be used; those that were read last stay in use."
                        );
                        told = text;
                    }
                }
            }
        }
    }

    /// Asks the store and takes over what has changed.
    ///
    /// # Errors
    /// The active key cannot be used; what was in use before stays.
    async fn refresh(&self, asked: &Asked) -> Result<Vec<Diagnostic>, Box<Diagnostic>> {
        let unreadable = |error| Box::new(errors::unreadable_key(&error, &self.span));
        let active = asked.secrets.active(&asked.id, Purpose::Encrypt).await.map_err(unreadable)?;
        let mut secrets = vec![active];
        let valid = asked.secrets.secrets(&asked.id, Purpose::Decrypt).await.map_err(unreadable)?;
        secrets.extend(valid.into_iter().take(OLDER_KEYS_MAX + 1));
        let digest = digest(&secrets);
        if self.current.load().digest == Some(digest) {
            return Ok(Vec::new());
        }
        let (keys, markers, warnings) = self.usable(&asked.id, &secrets)?;
        let before = self.current.swap(Arc::new(KeyRing { keys, markers, digest: Some(digest) }));
        if before.digest.is_some() {
            self.changes.fetch_add(1, Ordering::AcqRel);
            tracing::info!(object = self.object, "The keys of sessions have changed and are in use.");
        }
        Ok(warnings)
    }

    /// The first secret has to be usable; of the others, those that are not are left out with a warning.
    fn usable(&self, id: &SecretId, secrets: &[Secret]) -> Result<Usable, Box<Diagnostic>> {
        let (mut keys, mut markers, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen: Vec<&[u8]> = Vec::new();
        for (at, secret) in secrets.iter().enumerate() {
            match self.key(id, secret) {
                // The active key is among the valid ones again.
                Ok(_) if secret.bytes().is_some_and(|bytes| seen.contains(&bytes)) => {}
                Ok(key) => {
                    keys.push(Arc::new(key));
                    markers.push(Marker::of(secret.bytes().unwrap_or_default()));
                }
                Err(why) if at == 0 => return Err(Box::new(errors::unusable_key(&why, &self.span))),
                Err(why) => warnings.push(errors::key_left_out(&why, &self.span)),
            }
            seen.extend(secret.bytes());
        }
        Ok((keys, markers, warnings))
    }

    fn key(&self, id: &SecretId, secret: &Secret) -> Result<DirectKey, String> {
        let encryption = self.encryption;
        let mut name = format!("`{id}`");
        if let Some(alias) = secret.stable_id() {
            let _ = write!(name, " (`{alias}`)");
        }
        let Some(bytes) = secret.bytes() else {
            return Err(format!("the key {name} is not symmetric, and sessions need a symmetric key"));
        };
        let (found, needed) = (bytes.len(), encryption.key_bytes());
        if found != needed {
            return Err(format!("the key {name} has {found} bytes, and {encryption} needs {needed}"));
        }
        let key = secret.key().map_or_else(|| Cow::Owned(raw(bytes)), Cow::Borrowed);
        DirectKey::new(&key, encryption).map_err(|error| match error {
            JoseError::Key(why) => why,
            other => format!("the key {name} cannot be used: {other}"),
        })
    }
}

type Usable = (Vec<Arc<DirectKey>>, Vec<Marker>, Vec<Diagnostic>);

/// A generic secret as a key.
fn raw(bytes: &[u8]) -> CryptoKey {
    let bytes = Zeroizing::new(bytes.to_vec());
    CryptoKey::new(KeyMaterial::Symmetric { algorithm: "RAW".to_owned(), bytes })
}

fn digest(secrets: &[Secret]) -> [u8; 32] {
    let digest = secrets.iter().fold(Sha256::new(), |digest, secret| {
        let bytes = secret.bytes().unwrap_or_default();
        digest.chain_update((bytes.len() as u64).to_be_bytes()).chain_update(bytes)
    });
    digest.finalize().into()
}

#[cfg(test)]
impl SessionKeys {
    /// What a rotation does.
    pub(crate) fn replace(&self, keys: Vec<Arc<DirectKey>>) {
        self.current.store(Arc::new(KeyRing { keys, ..KeyRing::default() }));
        self.changes.fetch_add(1, Ordering::AcqRel);
    }
}
