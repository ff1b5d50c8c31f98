//! [`DirectKey`]: a shared key that encrypts content by itself, `alg: dir` (RFC 7518, section 4.5).

use zeroize::Zeroizing;

use super::compact::{self, Encrypted};
use super::content_key::ContentKey;
use super::{ContentEncryption, Header, JoseError};
use crate::{CryptoKey, KeyMaterial};

/// A symmetric key for texts in compact serialization (RFC 7516, section 3.1) that it encrypts directly.
///
/// Cheap to use: everything that depends on the key alone is worked out once, and a header that this type itself
/// has written is recognised without reading it.
///
/// Start values are random. With those of GCM, a key is for 2^32 texts at most (RFC 7518, section 5.3; NIST SP
/// 800-38D, section 8.3); whoever makes more changes it before.
pub struct DirectKey {
    encryption: ContentEncryption,
    key: ContentKey,
    /// What a `kid` has to be, where a text has one.
    stable_id: Option<String>,
    /// The encoded header of texts that are not compressed, and of those that are.
    headers: [String; 2],
}

impl DirectKey {
    /// The key for texts of this encryption.
    ///
    /// # Errors
    /// A key that is not symmetric, or has another length than the encryption needs; both are named.
    pub fn new(key: &CryptoKey, encryption: ContentEncryption) -> Result<Self, JoseError> {
        let KeyMaterial::Symmetric { bytes, .. } = key.material() else {
            return Err(JoseError::Key(format!("`{encryption}` needs a symmetric key, and this is another")));
        };
        let stable_id = key.stable_id().map(str::to_owned);
        Ok(Self::of(encryption, ContentKey::new(encryption, bytes)?, stable_id))
    }

    /// A key of random bytes.
    ///
    /// # Errors
    /// [`JoseError::Failed`].
    pub fn random(encryption: ContentEncryption) -> Result<Self, JoseError> {
        let (key, _) = ContentKey::random(encryption)?;
        Ok(Self::of(encryption, key, None))
    }

    fn of(encryption: ContentEncryption, key: ContentKey, stable_id: Option<String>) -> Self {
        let header = |zip: &str| {
            compact::encode(format!(r#"{{"alg":"dir","enc":"{}"{zip}}}"#, encryption.name()).as_bytes())
        };
        Self { encryption, key, stable_id, headers: [header(""), header(r#","zip":"DEF""#)] }
    }

    /// Encrypts, after compression (`zip: DEF`) if asked for.
    ///
    /// # Errors
    /// [`JoseError::Failed`].
    pub fn seal(&self, content: &[u8], is_compressed: bool) -> Result<String, JoseError> {
        compact::seal(&self.key, &self.headers[usize::from(is_compressed)], &[], content, is_compressed)
    }

    /// Verifies, decrypts, and inflates up to `content_bytes_max`.
    ///
    /// # Errors
    /// [`JoseError::Invalid`], whatever is wrong.
    pub fn open(&self, text: &str, content_bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let [header, encrypted_key, iv, content, tag] = compact::parts(text)?;
        // The key that is agreed on is not sent along (RFC 7516, section 5.2, step 10).
        if !encrypted_key.is_empty() {
            return Err(JoseError::Invalid);
        }
        let known = self.headers.iter().position(|known| known == header);
        let is_compressed = match known {
            Some(index) => index == 1,
            None => self.read(header)?,
        };
        Encrypted { iv, content, tag }.open(&self.key, header, is_compressed, content_bytes_max)
    }

    /// Reads a header that somebody else has written, and says whether the content is compressed.
    fn read(&self, header: &str) -> Result<bool, JoseError> {
        let header = Header::decode(header)?;
        let is_ours = header.alg() == "dir"
            && header.enc() == Some(self.encryption.name())
            && header.kid().is_none_or(|kid| self.stable_id.as_deref() == Some(kid));
        if is_ours { header.is_compressed() } else { Err(JoseError::Invalid) }
    }
}

#[cfg(test)]
mod tests;
