//! What keys are for, and the public half of a pair.

use rustls::SignatureScheme;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::JoseError;
use crate::asymmetric::{self, PrivateKey};
use crate::{CryptoKey, KeyMaterial, Purpose};

/// A key pair's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl Pair {
    /// As complaints call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        }
    }
}

/// A public key that can be used, as `SubjectPublicKeyInfo`.
pub(crate) struct PublicHalf {
    pub(crate) pair: Pair,
    pub(crate) spki: Vec<u8>,
}

impl PublicHalf {
    /// That of a pair, a public key or a certificate. `None` for a symmetric key.
    pub(crate) fn of(key: &CryptoKey) -> Result<Option<Self>, JoseError> {
        let spki = match key.material() {
            KeyMaterial::Symmetric { .. } => return Ok(None),
            KeyMaterial::Private { pkcs8, .. } => PrivateKey::from_pkcs8(pkcs8.clone()).map(|key| key.spki),
            KeyMaterial::Token { signer, .. } => signer
                .public_key()
                .map(|spki| spki.to_vec())
                .ok_or("the module does not tell its public half"),
            KeyMaterial::Public { spki } => Ok(spki.clone()),
            KeyMaterial::Certificate { der } => X509Certificate::from_der(der)
                .map(|(_, certificate)| certificate.public_key().raw.to_vec())
                .map_err(|_| "the certificate is damaged"),
        };
        let refused = |reason: &str| JoseError::Key(reason.to_owned());
        let spki = spki.map_err(refused)?;
        let pair = match asymmetric::check_public(&spki).map_err(refused)? {
            "RSA" => Pair::Rsa,
            "Ed25519" => Pair::Ed25519,
            _ => match asymmetric::ecdsa_scheme(&spki) {
                Some(SignatureScheme::ECDSA_NISTP256_SHA256) => Pair::P256,
                Some(SignatureScheme::ECDSA_NISTP384_SHA384) => Pair::P384,
                _ => Pair::P521,
            },
        };
        Ok(Some(Self { pair, spki }))
    }
}

/// Refuses a key that says of itself that it is for something else.
pub(super) fn check_purpose(key: &CryptoKey, purpose: Purpose, algorithm: &str) -> Result<(), JoseError> {
    if key.is_for(purpose) {
        return Ok(());
    }
    let use_made = match purpose {
        Purpose::Sign => "sign",
        Purpose::Verify => "verify signatures",
        Purpose::Encrypt => "encrypt",
        Purpose::Decrypt => "decrypt",
        Purpose::Password => "serve as a password",
    };
    Err(JoseError::Key(format!("the key may not or cannot {use_made} by `{algorithm}`")))
}
