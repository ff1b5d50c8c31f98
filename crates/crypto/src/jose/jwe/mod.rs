//! Encrypted texts in compact serialization (RFC 7516).
//!
//! Whoever encrypts or decrypts fixes how the key is managed, and which content encryptions there may be.

mod agreement;
mod decrypter;
mod encrypter;
mod wrap;

pub use decrypter::Decrypter;
pub use encrypter::Encrypter;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm};

use super::JoseError;
use crate::{CryptoKey, KeyMaterial};

/// How the key of the content gets from one side to the other (RFC 7518, section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyManagement {
    /// The key that both sides have is that of the content (section 4.5).
    Dir,
    /// Wrapped with AES-128 (section 4.4).
    A128Kw,
    /// Wrapped with AES-192 (section 4.4).
    A192Kw,
    /// Wrapped with AES-256 (section 4.4).
    A256Kw,
    /// Encrypted with AES-128 in GCM (section 4.7).
    A128GcmKw,
    /// Encrypted with AES-192 in GCM (section 4.7).
    A192GcmKw,
    /// Encrypted with AES-256 in GCM (section 4.7).
    A256GcmKw,
    /// Encrypted with RSA, OAEP with SHA-1 (section 4.3).
    RsaOaep,
    /// Encrypted with RSA, OAEP with SHA-256 (section 4.3).
    RsaOaep256,
    /// Encrypted with RSA as in PKCS#1 v1.5 (section 4.2).
    ///
    /// Broken again and again, and left to texts that old programs have made: it decrypts only, and no name that a
    /// configuration has stands for it, so that somebody has to ask for it on purpose.
    Rsa15,
    /// Agreed on with a key pair made for one text (section 4.6).
    EcdhEs,
    /// Wrapped with AES-128, by a key agreed on (section 4.6).
    EcdhEsA128Kw,
    /// Wrapped with AES-192, by a key agreed on (section 4.6).
    EcdhEsA192Kw,
    /// Wrapped with AES-256, by a key agreed on (section 4.6).
    EcdhEsA256Kw,
}

impl KeyManagement {
    /// All that a name stands for, in the order of the RFC.
    pub const ALL: [Self; 13] = [
        Self::RsaOaep,
        Self::RsaOaep256,
        Self::A128Kw,
        Self::A192Kw,
        Self::A256Kw,
        Self::Dir,
        Self::EcdhEs,
        Self::EcdhEsA128Kw,
        Self::EcdhEsA192Kw,
        Self::EcdhEsA256Kw,
        Self::A128GcmKw,
        Self::A192GcmKw,
        Self::A256GcmKw,
    ];

    /// The name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::A128Kw => "A128KW",
            Self::A192Kw => "A192KW",
            Self::A256Kw => "A256KW",
            Self::A128GcmKw => "A128GCMKW",
            Self::A192GcmKw => "A192GCMKW",
            Self::A256GcmKw => "A256GCMKW",
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::Rsa15 => "RSA1_5",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA192Kw => "ECDH-ES+A192KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    fn way(self) -> Way {
        match self {
            Self::Dir => Way::Direct,
            Self::A128Kw => Way::Wrap(16),
            Self::A192Kw => Way::Wrap(24),
            Self::A256Kw => Way::Wrap(32),
            Self::A128GcmKw => Way::Gcm(16),
            Self::A192GcmKw => Way::Gcm(24),
            Self::A256GcmKw => Way::Gcm(32),
            Self::RsaOaep => Way::Oaep(&OAEP_SHA1_MGF1SHA1),
            Self::RsaOaep256 => Way::Oaep(&OAEP_SHA256_MGF1SHA256),
            Self::Rsa15 => Way::Pkcs1,
            Self::EcdhEs => Way::Agree(None),
            Self::EcdhEsA128Kw => Way::Agree(Some(16)),
            Self::EcdhEsA192Kw => Way::Agree(Some(24)),
            Self::EcdhEsA256Kw => Way::Agree(Some(32)),
        }
    }
}

/// A way to the key of the content, with the length of the key that wraps it in bytes.
enum Way {
    Direct,
    Wrap(usize),
    Gcm(usize),
    Oaep(&'static OaepAlgorithm),
    Pkcs1,
    Agree(Option<usize>),
}

impl fmt::Display for KeyManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyManagement {
    type Err = JoseError;

    fn from_str(name: &str) -> Result<Self, JoseError> {
        Self::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|known| known.name()).collect();
            JoseError::Key(format!(
                "`{name}` is no way to encrypt keys that is offered; they are {}",
                known.join(", ")
            ))
        })
    }
}

/// The bytes of a symmetric key.
fn symmetric(key: &CryptoKey, management: KeyManagement) -> Result<&[u8], JoseError> {
    match key.material() {
        KeyMaterial::Symmetric { bytes, .. } => Ok(bytes),
        _ => Err(JoseError::Key(format!("`{management}` needs a symmetric key"))),
    }
}

/// The bytes of a symmetric key of this length.
fn wrapping(key: &CryptoKey, management: KeyManagement, needed: usize) -> Result<&[u8], JoseError> {
    let bytes = symmetric(key, management)?;
    if bytes.len() == needed {
        return Ok(bytes);
    }
    let length = bytes.len();
    Err(JoseError::Key(format!("`{management}` needs a key of {needed} bytes, and this one has {length}")))
}

fn other_kind(management: KeyManagement, needed: &str) -> JoseError {
    JoseError::Key(format!("`{management}` needs {needed}"))
}

#[cfg(test)]
mod tests;
