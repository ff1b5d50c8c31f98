//! [`Secret`]: bytes that are overwritten when the last holder lets go, and that nothing prints.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::{CryptoKey, KeyMaterial, Purpose};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A secret. Cheap to clone; has no `Display`, and its `Debug` says only that it is one.
#[derive(Clone)]
pub struct Secret(Kind);

/// What a secret is.
#[derive(Clone)]
enum Kind {
    Generic(Arc<Zeroizing<Vec<u8>>>),
    Key(CryptoKey),
}

impl Secret {
    /// A secret of opaque bytes: a password, an API key.
    pub fn generic(bytes: Vec<u8>) -> Self {
        Self(Kind::Generic(Arc::new(Zeroizing::new(bytes))))
    }

    /// A generic secret from base64: padded or not, and with white space between, as programs that make it
    /// leave behind. `None` when it is something else.
    pub fn from_base64(text: &[u8]) -> Option<Self> {
        let text: Zeroizing<Vec<u8>> =
            Zeroizing::new(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
        BASE64.decode(&*text).ok().map(Self::generic)
    }

    /// The bytes of a generic secret or of a symmetric key; `None` for any other kind.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Generic(bytes) => Some(bytes),
            Kind::Key(key) => match key.material() {
                KeyMaterial::Symmetric { bytes, .. } => Some(bytes),
                _ => None,
            },
        }
    }

    /// The key; `None` for a generic secret.
    pub fn key(&self) -> Option<&CryptoKey> {
        match &self.0 {
            Kind::Generic(_) => None,
            Kind::Key(key) => Some(key),
        }
    }

    /// Whether it can and may serve the purpose. A generic secret can serve any.
    pub fn is_for(&self, purpose: Purpose) -> bool {
        self.key().is_none_or(|key| key.is_for(purpose))
    }

    /// The name by which tokens refer to it: the alias or `kid` of a key.
    pub fn stable_id(&self) -> Option<&str> {
        self.key().and_then(CryptoKey::stable_id)
    }
}

impl From<CryptoKey> for Secret {
    fn from(key: CryptoKey) -> Self {
        Self(Kind::Key(key))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_programs_write_it() {
        let bytes =
            |text: &str| Secret::from_base64(text.as_bytes()).map(|secret| secret.bytes().unwrap().to_vec());
        assert_eq!(bytes("c2VjcmV0"), Some(b"secret".to_vec()));
        assert_eq!(bytes(" c2Vj\r\ncmV0IQ==\n"), Some(b"secret!".to_vec()));
        assert_eq!(bytes("c2VjcmV0IQ"), Some(b"secret!".to_vec()));
        assert_eq!(bytes("-_8="), None);
        assert_eq!(bytes("secret!"), None);
        assert_eq!(bytes(""), Some(Vec::new()));
    }

    #[test]
    fn nothing_prints_it() {
        let secret = Secret::generic(b"opensesame".to_vec());
        assert_eq!(
            format!("{secret:?} {:#?}", vec![Some(&secret)]),
            "[secret] [\n    Some(\n        [secret],\n    ),\n]"
        );
        assert_eq!(secret.clone().bytes(), Some(b"opensesame".as_slice()));
    }
}
