//! [`SignatureAlgorithm`]: the algorithms of RFC 7518, section 3, and of RFC 8037.

use std::fmt;
use std::str::FromStr;

use super::super::JoseError;

/// How a text is signed (RFC 7518, section 3.1; RFC 8037, section 3.1). `none` is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSA as in PKCS#1 v1.5, with SHA-256.
    Rs256,
    /// RSA as in PKCS#1 v1.5, with SHA-384.
    Rs384,
    /// RSA as in PKCS#1 v1.5, with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256, and a salt of its length.
    Ps256,
    /// RSA-PSS with SHA-384, and a salt of its length.
    Ps384,
    /// RSA-PSS with SHA-512, and a salt of its length.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519. Texts may call it `Ed25519`, too (RFC 9864, section 2.2).
    EdDsa,
}

impl SignatureAlgorithm {
    /// All of them, in the order of the RFCs.
    pub const ALL: [Self; 13] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];

    /// The name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether a header may call it so.
    pub(super) fn is_called(self, name: &str) -> bool {
        name == self.name() || (self == Self::EdDsa && name == "Ed25519")
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = JoseError;

    fn from_str(name: &str) -> Result<Self, JoseError> {
        Self::ALL.into_iter().find(|known| known.is_called(name)).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|known| known.name()).collect();
            JoseError::Key(format!("`{name}` is no signature algorithm; they are {}", known.join(", ")))
        })
    }
}
