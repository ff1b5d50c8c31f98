//! [`CryptoKey`]: a key or certificate among the secrets, with what is known about it.

use std::fmt;
use std::sync::Arc;

use rustls::sign::SigningKey;
use zeroize::Zeroizing;

use crate::Purpose;

/// A key, a key pair, or a certificate. Cheap to clone; its `Debug` shows what it is and nothing secret.
#[derive(Clone)]
pub struct CryptoKey(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    stable_id: Option<String>,
    /// What it may be used for, where it says so itself.
    purposes: Option<Vec<Purpose>>,
    origin: Option<String>,
    material: KeyMaterial,
}

/// What a [`CryptoKey`] is made of.
#[derive(Clone)]
pub enum KeyMaterial {
    /// A symmetric key.
    Symmetric {
        /// The name that Java's architecture has for its algorithm: `AES`, `HmacSHA512`. Where it came without
        /// one, `Hmac` leaves the hash open, and `RAW` leaves everything open.
        algorithm: String,
        /// The raw bytes.
        bytes: Zeroizing<Vec<u8>>,
    },
    /// A private key with the certificates that go with it.
    Private {
        /// The name that Java's architecture has for its algorithm: `RSA`, `EC`, `Ed25519`.
        algorithm: String,
        /// DER of `PrivateKeyInfo` (PKCS#8, RFC 5958).
        pkcs8: Zeroizing<Vec<u8>>,
        /// DER of the certificates, that of the key first; empty for a key without certificate.
        chain: Vec<Vec<u8>>,
    },
    /// A private key that stays in a hardware module, with the certificates that go with it.
    Token {
        /// The name that Java's architecture has for its algorithm: `RSA`, `EC`.
        algorithm: String,
        /// Signs with it.
        signer: Arc<dyn SigningKey>,
        /// DER of the certificates, that of the key first; empty for a key without certificate.
        chain: Vec<Vec<u8>>,
    },
    /// A public key without certificate.
    Public {
        /// DER of `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
        spki: Vec<u8>,
    },
    /// A certificate to trust, or to verify with.
    Certificate {
        /// Its DER.
        der: Vec<u8>,
    },
}

impl CryptoKey {
    /// A key that nobody refers to by name.
    pub fn new(material: KeyMaterial) -> Self {
        Self(Arc::new(Inner { stable_id: None, purposes: None, origin: None, material }))
    }

    /// A key with the name by which tokens and configurations refer to it: an alias, a `kid`.
    pub fn named(stable_id: impl Into<String>, material: KeyMaterial) -> Self {
        Self(Arc::new(Inner { stable_id: Some(stable_id.into()), purposes: None, origin: None, material }))
    }

    /// The alias in its key store, or the `kid` of its JWK.
    pub fn stable_id(&self) -> Option<&str> {
        self.0.stable_id.as_deref()
    }

    /// Says that it may be used for these purposes only.
    #[must_use]
    pub fn limited_to(self, purposes: Vec<Purpose>) -> Self {
        let inner = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Inner { purposes: Some(purposes), ..inner }))
    }

    /// Whether it can serve the purpose, since a certificate cannot sign, and whether it may.
    pub fn is_for(&self, purpose: Purpose) -> bool {
        let can_be = match &self.0.material {
            KeyMaterial::Symmetric { .. } => true,
            KeyMaterial::Private { .. } => purpose != Purpose::Password,
            // What is encrypted to it would have to be decrypted by the module.
            KeyMaterial::Token { .. } => matches!(purpose, Purpose::Sign | Purpose::Verify),
            KeyMaterial::Public { .. } | KeyMaterial::Certificate { .. } => {
                matches!(purpose, Purpose::Verify | Purpose::Encrypt)
            }
        };
        can_be && self.0.purposes.as_ref().is_none_or(|purposes| purposes.contains(&purpose))
    }

    /// Says where it comes from: a file, and the alias in it.
    #[must_use]
    pub fn with_origin(self, origin: impl Into<String>) -> Self {
        let inner = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Inner { origin: Some(origin.into()), ..inner }))
    }

    /// Where it comes from, for complaints about it.
    pub fn origin(&self) -> Option<&str> {
        self.0.origin.as_deref()
    }

    /// What it is made of.
    pub fn material(&self) -> &KeyMaterial {
        &self.0.material
    }
}

impl fmt::Debug for CryptoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0.material {
            KeyMaterial::Symmetric { algorithm, .. } => format!("{algorithm} key"),
            KeyMaterial::Private { algorithm, chain, .. } => {
                format!("{algorithm} private key, {} certificates", chain.len())
            }
            KeyMaterial::Token { algorithm, chain, .. } => {
                format!("{algorithm} private key in a module, {} certificates", chain.len())
            }
            KeyMaterial::Public { .. } => "public key".to_owned(),
            KeyMaterial::Certificate { .. } => "certificate".to_owned(),
        };
        write!(
            f,
            "[{kind}{}{}]",
            if self.0.stable_id.is_some() { ": " } else { "" },
            self.stable_id().unwrap_or_default()
        )
    }
}
