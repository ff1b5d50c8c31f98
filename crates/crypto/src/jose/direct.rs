//! [`DirectKey`]: a shared key that encrypts content by itself, `alg: dir` (RFC 7518, section 4.5).

use zeroize::Zeroizing;

use super::{ContentEncryption, JoseError};
use crate::CryptoKey;

/// A symmetric key for texts in compact serialization (RFC 7516, section 3.1) that it encrypts directly.
///
/// Cheap to use: everything that depends on the key alone is worked out once.
pub struct DirectKey {
    encryption: ContentEncryption,
}

impl DirectKey {
    /// The key for texts of this encryption.
    ///
    /// # Errors
    /// A key that is not symmetric, or has another length than the encryption needs; both are named.
    pub fn new(key: &CryptoKey, encryption: ContentEncryption) -> Result<Self, JoseError> {
        let _ = key;
        Ok(Self { encryption })
    }

    /// A key of random bytes.
    ///
    /// # Errors
    /// [`JoseError::Failed`].
    pub fn random(encryption: ContentEncryption) -> Result<Self, JoseError> {
        Ok(Self { encryption })
    }

    /// Encrypts, after compression (`zip: DEF`) if asked for.
    ///
    /// # Errors
    /// [`JoseError::Failed`].
    pub fn seal(&self, content: &[u8], is_compressed: bool) -> Result<String, JoseError> {
        let _ = (content, is_compressed, self.encryption);
        Err(JoseError::Failed)
    }

    /// Verifies, decrypts, and inflates up to `content_bytes_max`.
    ///
    /// # Errors
    /// [`JoseError::Invalid`], whatever is wrong.
    pub fn open(&self, text: &str, content_bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let _ = (text, content_bytes_max);
        Err(JoseError::Invalid)
    }
}
