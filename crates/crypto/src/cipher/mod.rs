//! [`Cipher`]: encrypts short values, by the names that Java gives to what it does.
//!
//! Old applications exchange values with the gateway in the ciphers of their time. Those are offered for them
//! and nothing else: each tells its weakness, and one without any stands beside them.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use zeroize::Zeroizing;

use crate::Secret;

/// What a cipher does, without its key: `AES/ECB/PKCS5Padding` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transformation {
    /// AES, each block for itself.
    AesEcb,
    /// AES in Galois/counter mode. The nonce stands before the ciphertext and the tag behind it.
    AesGcm,
    /// DES, each block for itself.
    DesEcb,
    /// DES three times with three keys, each block for itself.
    TripleDesEcb,
}

/// Why there is no cipher, or none of this key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CipherError {
    /// A name of Java that stands for nothing here.
    #[error(
        "`{0}` is not offered; use `AES/GCM/NoPadding`, `AES/ECB/PKCS5Padding`, `DESede/ECB/PKCS5Padding` or \
         `DES/ECB/PKCS5Padding`"
    )]
    NotOffered(String),
    /// A mode that works with a start value, which the other end would have to know.
    #[error(
        "`{0}` needs a start value that is sent along, and there is no place for one; use `AES/GCM/NoPadding`"
    )]
    NeedsStartValue(String),
    /// The key has another length.
    #[error("a key of {key_type} has {lengths} bytes, and this one has {length}")]
    KeyLength {
        /// `AES`, `DES` or `DESede`.
        key_type: &'static str,
        /// What would do.
        lengths: &'static str,
        /// What was given.
        length: usize,
    },
    /// The secret is no generic one, or one that the cipher knows to be weak.
    #[error("the key cannot be used with this cipher")]
    Unusable,
    /// What was to be decrypted was not encrypted with this key, or has been changed.
    #[error("the value was not encrypted with this key, or has been changed")]
    Rejected,
    /// Encryption failed, which it does for no known reason.
    #[error("the value could not be encrypted")]
    Failed,
}

impl Transformation {
    /// Reads a name as Java does: in any case, and `AES` alone is `AES/ECB/PKCS5Padding`.
    ///
    /// # Errors
    /// A name that Java knows and this crate does not offer, or that nobody knows.
    pub fn parse(name: &str) -> Result<Self, CipherError> {
        let parts: Vec<String> = name.split('/').map(|part| part.trim().to_ascii_uppercase()).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["AES"] | ["AES", "ECB", "PKCS5PADDING"] => Ok(Self::AesEcb),
            ["AES", "GCM", "NOPADDING"] => Ok(Self::AesGcm),
            ["DES"] | ["DES", "ECB", "PKCS5PADDING"] => Ok(Self::DesEcb),
            ["DESEDE" | "TRIPLEDES"] | ["DESEDE" | "TRIPLEDES", "ECB", "PKCS5PADDING"] => {
                Ok(Self::TripleDesEcb)
            }
            ["AES" | "DES" | "DESEDE" | "TRIPLEDES", "CBC" | "CFB" | "CTR" | "OFB", _] => {
                Err(CipherError::NeedsStartValue(name.to_owned()))
            }
            _ => Err(CipherError::NotOffered(name.to_owned())),
        }
    }

    /// Java's name for the type of its keys.
    pub fn key_type(self) -> &'static str {
        match self {
            Self::AesEcb | Self::AesGcm => "AES",
            Self::DesEcb => "DES",
            Self::TripleDesEcb => "DESede",
        }
    }

    /// What is wrong with it, as the end of a sentence.
    pub fn weakness(self) -> Option<&'static str> {
        match self {
            Self::AesEcb => Some("shows which values are equal, and does not notice changes"),
            Self::AesGcm => None,
            Self::DesEcb => Some("can be broken by trying all keys"),
            Self::TripleDesEcb => {
                Some("is withdrawn, shows which values are equal, and does not notice changes")
            }
        }
    }

    fn key_lengths(self) -> &'static str {
        match self {
            Self::AesEcb => "16, 24 or 32",
            Self::AesGcm => "16 or 32",
            Self::DesEcb => "8",
            Self::TripleDesEcb => "24",
        }
    }
}

/// A cipher with its key.
pub struct Cipher(Kind);

enum Kind {
    Blocks(Box<(PaddedBlockEncryptingKey, PaddedBlockDecryptingKey)>),
    Sealed(RandomizedNonceKey),
}

impl Cipher {
    /// A cipher with a key.
    ///
    /// # Errors
    /// A key of the wrong length or kind.
    pub fn new(transformation: Transformation, key: &Secret) -> Result<Self, CipherError> {
        let key = key.bytes().ok_or(CipherError::Unusable)?;
        let wrong_length = CipherError::KeyLength {
            key_type: transformation.key_type(),
            lengths: transformation.key_lengths(),
            length: key.len(),
        };
        #[expect(deprecated, reason = "what old applications still send")]
        let algorithm = match (transformation, key.len()) {
            (Transformation::AesEcb, 16) => &AES_128,
            (Transformation::AesEcb, 24) => &AES_192,
            (Transformation::AesEcb, 32) => &AES_256,
            (Transformation::DesEcb, 8) => &aws_lc_rs::cipher::DES_FOR_LEGACY_USE_ONLY,
            (Transformation::TripleDesEcb, 24) => &aws_lc_rs::cipher::DES_EDE3_FOR_LEGACY_USE_ONLY,
            (Transformation::AesGcm, 16 | 32) => {
                let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
                let key = RandomizedNonceKey::new(algorithm, key).map_err(|_| CipherError::Unusable)?;
                return Ok(Self(Kind::Sealed(key)));
            }
            _ => return Err(wrong_length),
        };
        Self::of_blocks(algorithm, key)
    }

    fn of_blocks(algorithm: &'static Algorithm, key: &[u8]) -> Result<Self, CipherError> {
        let unbound = || UnboundCipherKey::new(algorithm, key).map_err(|_| CipherError::Unusable);
        let encrypting =
            PaddedBlockEncryptingKey::ecb_pkcs7(unbound()?).map_err(|_| CipherError::Unusable)?;
        let decrypting =
            PaddedBlockDecryptingKey::ecb_pkcs7(unbound()?).map_err(|_| CipherError::Unusable)?;
        Ok(Self(Kind::Blocks(Box::new((encrypting, decrypting)))))
    }

    /// The value, encrypted.
    ///
    /// # Errors
    /// [`CipherError::Failed`].
    pub fn encrypt(&self, value: &[u8]) -> Result<Vec<u8>, CipherError> {
        match &self.0 {
            Kind::Blocks(keys) => {
                let mut text = value.to_vec();
                keys.0.encrypt(&mut text).map_err(|_| CipherError::Failed)?;
                Ok(text)
            }
            Kind::Sealed(key) => {
                let mut text = value.to_vec();
                let nonce = key.seal_in_place_append_tag(Aad::empty(), &mut text);
                let nonce = nonce.map_err(|_| CipherError::Failed)?;
                Ok([nonce.as_ref().as_slice(), &text].concat())
            }
        }
    }

    /// The value that was encrypted.
    ///
    /// # Errors
    /// [`CipherError::Rejected`].
    pub fn decrypt(&self, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        match &self.0 {
            Kind::Blocks(keys) => {
                let mut text = Zeroizing::new(encrypted.to_vec());
                let value =
                    keys.1.decrypt(&mut text, DecryptionContext::None).map_err(|_| CipherError::Rejected)?;
                Ok(Zeroizing::new(value.to_vec()))
            }
            Kind::Sealed(key) => {
                let (nonce, text) = encrypted.split_at_checked(NONCE_LEN).ok_or(CipherError::Rejected)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CipherError::Rejected)?;
                let mut text = Zeroizing::new(text.to_vec());
                let value = key.open_in_place(nonce, Aad::empty(), &mut text);
                Ok(Zeroizing::new(value.map_err(|_| CipherError::Rejected)?.to_vec()))
            }
        }
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher")
    }
}

#[cfg(test)]
mod tests;
