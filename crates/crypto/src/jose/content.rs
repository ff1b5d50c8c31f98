//! [`ContentEncryption`]: the algorithms of RFC 7518, section 5.

use std::fmt;
use std::str::FromStr;

use super::JoseError;

/// How content is encrypted and protected from change (RFC 7518, section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentEncryption {
    /// AES-128 in GCM.
    A128Gcm,
    /// AES-192 in GCM.
    A192Gcm,
    /// AES-256 in GCM.
    A256Gcm,
    /// AES-128 in CBC, with HMAC-SHA-256.
    A128CbcHs256,
    /// AES-192 in CBC, with HMAC-SHA-384.
    A192CbcHs384,
    /// AES-256 in CBC, with HMAC-SHA-512.
    A256CbcHs512,
}

impl ContentEncryption {
    /// All of them, in the order of the RFC.
    pub const ALL: [Self; 6] = [
        Self::A128CbcHs256,
        Self::A192CbcHs384,
        Self::A256CbcHs512,
        Self::A128Gcm,
        Self::A192Gcm,
        Self::A256Gcm,
    ];

    /// The name in `enc`.
    pub fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A192Gcm => "A192GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A192CbcHs384 => "A192CBC-HS384",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    /// The length of its key, in bytes.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
        }
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ContentEncryption {
    type Err = JoseError;

    fn from_str(name: &str) -> Result<Self, JoseError> {
        Self::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|known| known.name()).collect();
            JoseError::Key(format!("`{name}` is no content encryption; they are {}", known.join(", ")))
        })
    }
}
