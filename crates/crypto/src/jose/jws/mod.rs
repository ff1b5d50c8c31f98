//! Signed texts in compact serialization (RFC 7515).
//!
//! Whoever signs or verifies fixes the algorithm. A text that names another one is refused, whatever it is signed
//! with: else a stranger could take a public key for the secret of a MAC, or sign nothing at all.

mod algorithm;
mod signer;
mod verifier;

pub use algorithm::SignatureAlgorithm;
pub use signer::Signer;
pub use verifier::Verifier;

use aws_lc_rs::hmac;
use rustls::SignatureScheme;

use super::JoseError;
use super::halves::Pair;

/// What an algorithm works with.
enum Needs {
    /// A symmetric key.
    Mac(hmac::Algorithm),
    /// A pair of this kind; and the algorithm's name in TLS.
    Pair(Pair, SignatureScheme),
}

impl SignatureAlgorithm {
    fn needs(self) -> Needs {
        match self {
            Self::Hs256 => Needs::Mac(hmac::HMAC_SHA256),
            Self::Hs384 => Needs::Mac(hmac::HMAC_SHA384),
            Self::Hs512 => Needs::Mac(hmac::HMAC_SHA512),
            Self::Rs256 => Needs::Pair(Pair::Rsa, SignatureScheme::RSA_PKCS1_SHA256),
            Self::Rs384 => Needs::Pair(Pair::Rsa, SignatureScheme::RSA_PKCS1_SHA384),
            Self::Rs512 => Needs::Pair(Pair::Rsa, SignatureScheme::RSA_PKCS1_SHA512),
            Self::Ps256 => Needs::Pair(Pair::Rsa, SignatureScheme::RSA_PSS_SHA256),
            Self::Ps384 => Needs::Pair(Pair::Rsa, SignatureScheme::RSA_PSS_SHA384),
            Self::Ps512 => Needs::Pair(Pair::Rsa, SignatureScheme::RSA_PSS_SHA512),
            Self::Es256 => Needs::Pair(Pair::P256, SignatureScheme::ECDSA_NISTP256_SHA256),
            Self::Es384 => Needs::Pair(Pair::P384, SignatureScheme::ECDSA_NISTP384_SHA384),
            Self::Es512 => Needs::Pair(Pair::P521, SignatureScheme::ECDSA_NISTP521_SHA512),
            Self::EdDsa => Needs::Pair(Pair::Ed25519, SignatureScheme::ED25519),
        }
    }

    /// A key of a MAC, which is at least as long as what the hash gives (RFC 7518, section 3.2).
    fn mac(self, mac: hmac::Algorithm, bytes: &[u8]) -> Result<hmac::Key, JoseError> {
        let (shortest, length) = (mac.tag_len(), bytes.len());
        if length < shortest {
            return Err(JoseError::Key(format!(
                "`{self}` needs a key of at least {shortest} bytes, and this one has {length}"
            )));
        }
        Ok(hmac::Key::new(mac, bytes))
    }
}

#[cfg(test)]
mod tests;
