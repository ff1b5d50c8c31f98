//! `CryptoHeaderFilter`: encrypts or decrypts header fields.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::{Cipher, Purpose, Secret, SecretId, SecretStoreRef, Transformation};
use encoding_rs::{Encoding, UTF_8};
use exchange::{Context, Fault, Filter, FilterRef, HeaderName, HeaderValue, Headers, Next, Outcome, Request};
use heap::{Base64Secret, Builder, Declarer, FieldName, ObjectConfig, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Code, Diagnostic, Node, Span};

use super::charset::charset_named;
use super::header_filter::MessageType;
use crate::secrets::{SecretsProviderField, provider_of};

/// The algorithm when none is given, as the product has it.
const DEFAULT_ALGORITHM: &str = "AES/ECB/PKCS5Padding";

const WEAK_CIPHER: Code = Code::new(
    410,
    "weak-cipher",
    "A filter encrypts with a cipher that protects little.\n\n\
     ECB encrypts equal values to equal values, and a value that was changed on its way decrypts to another \
     one without an error. DES has keys so short that all of them can be tried. They are offered because \
     applications exist that understand nothing else.\n\n\
     Where the other end is a gateway like this one, set `algorithm` to `AES/GCM/NoPadding` on both sides. The \
     key stays as it is if it has 16 or 32 bytes.\n",
);

/// The codes of this filter.
pub(crate) const CODES: &[&Code] = &[&WEAK_CIPHER];

/// Encrypts or decrypts the values of header fields, for an application or a gateway that has the same key.
///
/// An encrypted value is base64. A value that cannot be encrypted or decrypted, because it was made with another
/// key or is no base64, becomes empty, and the log has an error: what arrives is never taken for what was meant.
///
/// The algorithms are `AES/ECB/PKCS5Padding` (the default), `DES/ECB/PKCS5Padding`,
/// `DESede/ECB/PKCS5Padding`, and, as an addition, `AES/GCM/NoPadding`, which alone notices changes: its values
/// are a nonce of 12 bytes, the ciphertext and a tag of 16 bytes. Modes with a start value, such as CBC, are
/// refused: there is no place for it in the field, so that what they encrypt could never be decrypted.
///
/// ```json
/// {
///   "type": "CryptoHeaderFilter",
///   "config": {
///     "messageType": "REQUEST",
///     "operation": "ENCRYPT",
///     "algorithm": "AES/GCM/NoPadding",
///     "keySecretId": "header.key",
///     "secretsProvider": { "type": "SystemAndEnvSecretStore" },
///     "headers": ["x-user"]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CryptoHeaderFilter {
    /// Which message to change.
    message_type: MessageType,
    /// Whether to encrypt or to decrypt.
    operation: Operation,
    /// The key, base64-encoded. Either this or `keySecretId` is needed.
    key: Option<Spanned<Base64Secret>>,
    /// The id of the secret that is the key. To decrypt, every valid secret of this id is tried.
    key_secret_id: Option<Spanned<heap::SecretId>>,
    /// Where the secret is looked up.
    secrets_provider: Option<SecretsProviderField>,
    /// The cipher, in Java's words: `AES/ECB/PKCS5Padding` by default.
    algorithm: Option<Spanned<String>>,
    /// The type of the key: `AES`, `DES` or `DESede`, as the algorithm has it.
    key_type: Option<Spanned<String>>,
    /// How text becomes bytes: `UTF-8` by default.
    charset: Option<Spanned<String>>,
    /// Names of the fields. All their values are changed.
    #[serde(default)]
    headers: Vec<FieldName>,
}

/// What happens to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Operation {
    /// Text becomes base64 of what it encrypts to.
    Encrypt,
    /// Base64 becomes the text that was encrypted.
    Decrypt,
}

impl CryptoHeaderFilter {
    fn algorithm(&self) -> &str {
        self.algorithm.as_ref().map_or(DEFAULT_ALGORITHM, |algorithm| algorithm)
    }
}

impl ObjectConfig for CryptoHeaderFilter {
    const TYPE: &'static str = "CryptoHeaderFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let transformation = Transformation::parse(self.algorithm())
            .map_err(|error| b.error(error.to_string(), self.algorithm.as_ref().map(Spanned::span)))?;
        if let Some(key_type) = &self.key_type
            && !key_type.eq_ignore_ascii_case(transformation.key_type())
        {
            let message = format!("the algorithm has keys of the type `{}`", transformation.key_type());
            return Err(b.error(message, Some(key_type.span())));
        }
        let charset = match &self.charset {
            None => UTF_8,
            // What has another encoding for output cannot be written.
            Some(name) => charset_named(name)
                .filter(|charset| charset.output_encoding() == *charset)
                .ok_or_else(|| {
                    b.error(
                        format!("`{}` is not a charset to write in; use for example UTF-8", **name),
                        Some(name.span()),
                    )
                })?,
        };
        let key = match (self.key, self.key_secret_id) {
            (Some(key), None) => {
                let cipher = Cipher::new(transformation, &key.0);
                Key::Fixed(cipher.map_err(|error| b.error(error.to_string(), Some(key.span())))?)
            }
            (None, Some(id)) => {
                let secrets = provider_of(self.secrets_provider.as_ref(), b);
                Key::Secret { id: id.into_inner().0, secrets, transformation }
            }
            (None, None) => return Err(b.error("`key` or `keySecretId` is needed", None)),
            (Some(_), Some(id)) => {
                return Err(b.error("`key` and `keySecretId` exclude one another", Some(id.span())));
            }
        };
        Ok(FilterRef::new(CryptoHeaders {
            message_type: self.message_type,
            operation: self.operation,
            key,
            charset,
            headers: self.headers.into_iter().map(|name| name.0).collect(),
        }))
    }

    fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        let weakness = Transformation::parse(self.algorithm()).ok().and_then(Transformation::weakness);
        if let Some(weakness) = weakness {
            let span = self.algorithm.as_ref().map_or(&config.span, Spanned::span);
            declarer.report(weak_cipher(self.algorithm(), weakness, span));
        }
    }
}

fn weak_cipher(algorithm: &str, weakness: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(&WEAK_CIPHER, format!("`{algorithm}` {weakness}"))
        .at(span)
        .help("where the other end is a gateway like this one, use `AES/GCM/NoPadding` on both sides")
}

struct CryptoHeaders {
    message_type: MessageType,
    operation: Operation,
    key: Key,
    charset: &'static Encoding,
    headers: Vec<HeaderName>,
}

enum Key {
    Fixed(Cipher),
    Secret { id: SecretId, secrets: SecretStoreRef, transformation: Transformation },
}

impl Filter for CryptoHeaders {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        if self.message_type == MessageType::Request {
            self.change(&mut request.headers).await?;
            return Ok(next.run(cx, request).await);
        }
        let mut response = next.run(cx, request).await;
        self.change(&mut response.headers).await?;
        Ok(response)
    }
}

impl CryptoHeaders {
    async fn change(&self, headers: &mut Headers) -> Result<(), Fault> {
        if !self.headers.iter().any(|name| headers.contains_key(name)) {
            return Ok(());
        }
        let looked_up = self.looked_up().await?;
        let ciphers = match &self.key {
            Key::Fixed(cipher) => std::slice::from_ref(cipher),
            Key::Secret { .. } => &looked_up,
        };
        for name in &self.headers {
            let values: Vec<HeaderValue> =
                headers.get_all(name).iter().map(|value| self.changed(name, value, ciphers)).collect();
            headers.replace_all(name, values);
        }
        Ok(())
    }

    /// The ciphers of the valid secrets, the active one first; none for a fixed key.
    async fn looked_up(&self) -> Result<Vec<Cipher>, Fault> {
        let Key::Secret { id, secrets, transformation } = &self.key else { return Ok(Vec::new()) };
        let no_key = || Fault::internal("There is no key to work on header fields with.");
        let cipher = |key: &Secret| {
            Cipher::new(*transformation, key)
                .map_err(|error| no_key().because(format!("the secret `{id}` cannot be used: {error}")))
        };
        match self.operation {
            Operation::Encrypt => {
                let active = secrets.active(id, Purpose::Encrypt).await;
                Ok(vec![cipher(&active.map_err(|error| no_key().because(error))?)?])
            }
            Operation::Decrypt => {
                let valid = secrets.secrets(id, Purpose::Decrypt).await;
                let valid = valid.map_err(|error| no_key().because(error))?;
                if valid.is_empty() {
                    return Err(no_key().because(crypto::SecretError::NotFound(id.clone())));
                }
                valid.iter().map(cipher).collect()
            }
        }
    }

    /// The value as it goes on: empty when it cannot be worked on.
    fn changed(&self, name: &HeaderName, value: &HeaderValue, ciphers: &[Cipher]) -> HeaderValue {
        let changed = match self.operation {
            Operation::Encrypt => ciphers.first().and_then(|cipher| self.encrypted(value, cipher)),
            Operation::Decrypt => self.decrypted(value, ciphers),
        };
        changed.unwrap_or_else(|| {
            let operation = self.operation;
            tracing::error!(header = %name, ?operation, "A header value could not be worked on; it is left empty.");
            HeaderValue::from_static("")
        })
    }

    fn encrypted(&self, value: &HeaderValue, cipher: &Cipher) -> Option<HeaderValue> {
        let text = std::str::from_utf8(value.as_bytes()).ok()?;
        let (bytes, _, has_gaps) = self.charset.encode(text);
        let encrypted = cipher.encrypt(&bytes).ok().filter(|_| !has_gaps)?;
        HeaderValue::try_from(STANDARD.encode(encrypted)).ok()
    }

    fn decrypted(&self, value: &HeaderValue, ciphers: &[Cipher]) -> Option<HeaderValue> {
        let encrypted = STANDARD.decode(value.as_bytes().trim_ascii()).ok()?;
        let bytes = ciphers.iter().find_map(|cipher| cipher.decrypt(&encrypted).ok())?;
        let text = self.charset.decode_without_bom_handling_and_without_replacement(&bytes)?;
        // What was encrypted may hold line breaks, which would be further fields.
        HeaderValue::from_bytes(text.as_bytes()).ok()
    }
}

#[cfg(test)]
mod tests;
