//! How a store writes its secrets down: as they are, in base64, or in a format that is an object of its own.

use std::collections::HashMap;
use std::sync::Arc;

use crypto::{Purpose, Secret, SecretError, SecretId, SecretStoreRef};
use heap::{Builder, Role, Word, WordOr};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// A longer file is something else than a secret.
const BYTES_MAX: usize = 64 * 1024;

/// A format with rules of its own, for which secrets may be keys.
pub trait SecretPropertyFormat: Send + Sync + 'static {
    /// How long a text may be.
    fn bytes_max(&self) -> usize {
        BYTES_MAX
    }

    /// What opens texts that are encrypted.
    fn password(&self) -> Option<&PasswordSource> {
        None
    }

    /// Makes secrets of a text, the active one first. Runs where it may take its time.
    ///
    /// # Errors
    /// What is wrong with the text, without a part of a secret.
    fn decode(&self, text: &[u8], password: Option<&[u8]>) -> Result<Vec<Secret>, String>;
}

/// Where a password comes from.
#[derive(Debug)]
pub struct PasswordSource {
    /// Its id.
    pub(super) id: SecretId,
    /// Who has it.
    pub(super) secrets: SecretStoreRef,
}

impl PasswordSource {
    /// The password as it is now.
    pub(super) async fn password(&self) -> Result<Secret, SecretError> {
        self.secrets.active(&self.id, Purpose::Password).await
    }
}

/// A shared format of any type: the role of `PemPropertyFormat` and the others.
#[derive(Clone)]
pub struct SecretPropertyFormatRef(Arc<dyn SecretPropertyFormat>);

impl SecretPropertyFormatRef {
    /// Erases the type of a format.
    pub(super) fn new(format: impl SecretPropertyFormat) -> Self {
        Self(Arc::new(format))
    }

    /// The secrets that a text holds.
    async fn read(&self, id: &SecretId, text: Zeroizing<Vec<u8>>) -> Result<Vec<Secret>, SecretError> {
        let password = match self.0.password() {
            Some(source) => Some(source.password().await?),
            None => None,
        };
        let format = Arc::clone(&self.0);
        // Deriving a key from a password is meant to be slow.
        let decoding =
            spawn_blocking(move || format.decode(&text, password.as_ref().and_then(Secret::bytes)));
        let decoded = decoding
            .await
            .map_err(|panicked| SecretError::Unreadable { id: id.clone(), cause: panicked.into() })?;
        decoded.map_err(|reason| SecretError::Malformed { id: id.clone(), reason: reason.into() })
    }
}

impl Role for SecretPropertyFormatRef {
    const REFERENCE: &'static str = "$ref:SecretPropertyFormat";
}

/// The two formats that need no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub(super) enum Coding {
    /// Base64-encoded.
    Base64,
    /// As it is.
    Plain,
}

impl Word for Coding {
    const WORDS: &'static [&'static str] = &["BASE64", "PLAIN"];

    fn of(index: usize) -> Self {
        if index == 0 { Self::Base64 } else { Self::Plain }
    }
}

/// How a secret is written down, in a configuration.
pub(super) type SecretFormat = WordOr<Coding, SecretPropertyFormatRef>;

/// The format of one secret, where it is not that of the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FormatMapping {
    /// Which secret.
    secret_id: heap::SecretId,
    /// How it is written down: `BASE64`, `PLAIN`, or a format by name or in place.
    format: SecretFormat,
}

/// How a secret is written down.
#[derive(Clone)]
pub(super) enum Format {
    Coded(Coding),
    Object(SecretPropertyFormatRef),
}

impl Format {
    fn new(format: &SecretFormat, b: &Builder<'_>) -> Self {
        match format {
            WordOr::Word(coding) => Self::Coded(*coding),
            WordOr::Object(format) => Self::Object(b.get(format)),
        }
    }

    /// How long a text of this format may be.
    pub(super) fn bytes_max(&self) -> usize {
        match self {
            Self::Coded(_) => BYTES_MAX,
            Self::Object(format) => format.0.bytes_max(),
        }
    }

    /// The secrets that a text holds, the active one first.
    pub(super) async fn read(
        &self,
        id: &SecretId,
        text: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<Secret>, SecretError> {
        let secret = match self {
            Self::Object(format) => return format.read(id, text).await,
            Self::Coded(Coding::Plain) => Some(Secret::generic(text.to_vec())),
            Self::Coded(Coding::Base64) => Secret::from_base64(&text),
        };
        let malformed =
            |reason: &'static str| SecretError::Malformed { id: id.clone(), reason: reason.into() };
        let secret = secret.ok_or_else(|| malformed("it is not base64"))?;
        if secret.bytes().is_some_and(<[u8]>::is_empty) {
            return Err(malformed("it is empty"));
        }
        Ok(vec![secret])
    }
}

/// The formats of a store's secrets.
pub(super) struct Formats {
    usual: Format,
    of: HashMap<SecretId, Format>,
}

impl Formats {
    /// Those of a configuration; `BASE64` where it says nothing.
    pub(super) fn new(usual: Option<&SecretFormat>, mappings: Vec<FormatMapping>, b: &Builder<'_>) -> Self {
        let usual = usual.map_or(Format::Coded(Coding::Base64), |usual| Format::new(usual, b));
        let of = mappings
            .into_iter()
            .map(|FormatMapping { secret_id, format }| (secret_id.0, Format::new(&format, b)));
        Self { usual, of: of.collect() }
    }

    pub(super) fn of(&self, id: &SecretId) -> &Format {
        self.of.get(id).unwrap_or(&self.usual)
    }
}

impl Default for Formats {
    fn default() -> Self {
        Self { usual: Format::Coded(Coding::Base64), of: HashMap::new() }
    }
}
