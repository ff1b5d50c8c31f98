//! [`Encrypter`]: encrypts texts.

use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use serde_json::{Map, Value};

use super::agreement::{Agreed, Curve};
use super::wrap::{GcmWrappingKey, WrappingKey};
use super::{KeyManagement, OaepAlgorithm, Way, other_kind, symmetric, wrapping};
use crate::jose::content_key::ContentKey;
use crate::jose::halves::{Pair, PublicHalf, check_purpose};
use crate::jose::{ContentEncryption, JoseError, Labels, compact};
use crate::{CryptoKey, Purpose};

/// A key that encrypts texts by one key management and one content encryption.
pub struct Encrypter {
    management: KeyManagement,
    encryption: ContentEncryption,
    kind: Kind,
}

enum Kind {
    Direct(ContentKey),
    Wrap(Box<WrappingKey>),
    Gcm(Box<GcmWrappingKey>),
    Oaep(OaepPublicEncryptingKey, &'static OaepAlgorithm),
    Agree { receiver_spki: Vec<u8>, curve: &'static Curve, wrapping: Option<usize> },
}

/// The key of a content, and how it is sent along.
struct Managed {
    key: ContentKey,
    encrypted: Vec<u8>,
}

impl Encrypter {
    /// The key, for this key management and content encryption.
    ///
    /// # Errors
    /// A key of another kind or length than they need, or one that is for something else; and `RSA1_5`, which
    /// decrypts only.
    pub fn new(
        key: &CryptoKey,
        management: KeyManagement,
        encryption: ContentEncryption,
    ) -> Result<Self, JoseError> {
        check_purpose(key, Purpose::Encrypt, management.name())?;
        let kind = match management.way() {
            Way::Direct => Kind::Direct(ContentKey::new(encryption, symmetric(key, management)?)?),
            Way::Wrap(needed) => {
                let made = WrappingKey::new(wrapping(key, management, needed)?);
                Kind::Wrap(Box::new(made.map_err(|_| JoseError::Failed)?))
            }
            Way::Gcm(needed) => {
                let made = GcmWrappingKey::new(wrapping(key, management, needed)?);
                Kind::Gcm(Box::new(made.map_err(|_| JoseError::Failed)?))
            }
            Way::Oaep(algorithm) => {
                let needed = || other_kind(management, "a public key of RSA of 2048 to 8192 bits");
                let half = PublicHalf::of(key)?.filter(|half| half.pair == Pair::Rsa).ok_or_else(needed)?;
                let key = PublicEncryptingKey::from_der(&half.spki).map_err(|_| needed())?;
                Kind::Oaep(OaepPublicEncryptingKey::new(key).map_err(|_| JoseError::Failed)?, algorithm)
            }
            Way::Pkcs1 => {
                return Err(JoseError::Key(format!(
                    "`{management}` only decrypts what old programs have made; encrypt with `{}`",
                    KeyManagement::RsaOaep256
                )));
            }
            Way::Agree(wrapping) => {
                let needed = || other_kind(management, "a public key of P-256, P-384 or P-521");
                let half = PublicHalf::of(key)?.ok_or_else(needed)?;
                let curve = Curve::of(half.pair).ok_or_else(needed)?;
                Kind::Agree { receiver_spki: half.spki, curve, wrapping }
            }
        };
        Ok(Self { management, encryption, kind })
    }

    /// Encrypts, after compression (`zip: DEF`) if asked for.
    ///
    /// # Errors
    /// [`JoseError::Failed`].
    pub fn encrypt(
        &self,
        content: &[u8],
        is_compressed: bool,
        labels: &Labels<'_>,
    ) -> Result<String, JoseError> {
        let mut members = Map::new();
        members.insert("alg".to_owned(), self.management.name().into());
        members.insert("enc".to_owned(), self.encryption.name().into());
        if is_compressed {
            members.insert("zip".to_owned(), "DEF".into());
        }
        if let Kind::Direct(key) = &self.kind {
            return compact::seal(key, &labels.encode(members), &[], content, is_compressed);
        }
        let managed = self.manage(&mut members)?;
        compact::seal(&managed.key, &labels.encode(members), &managed.encrypted, content, is_compressed)
    }

    fn manage(&self, members: &mut Map<String, Value>) -> Result<Managed, JoseError> {
        if let Kind::Agree { receiver_spki, curve, wrapping: None } = &self.kind {
            let agreed = Agreed { name: self.encryption.name(), bytes: self.encryption.key_bytes() };
            let key = ContentKey::new(self.encryption, &agreed.send(curve, receiver_spki, members)?)?;
            return Ok(Managed { key, encrypted: Vec::new() });
        }
        let (content_key, bytes) = ContentKey::random(self.encryption)?;
        let encrypted = match &self.kind {
            Kind::Direct(_) | Kind::Agree { wrapping: None, .. } => return Err(JoseError::Failed),
            Kind::Wrap(key) => key.wrap(&bytes).map_err(|_| JoseError::Failed)?,
            Kind::Gcm(key) => {
                let wrapped = key.wrap(&bytes).map_err(|_| JoseError::Failed)?;
                members.insert("iv".to_owned(), compact::encode(&wrapped.iv).into());
                members.insert("tag".to_owned(), compact::encode(&wrapped.tag).into());
                wrapped.key
            }
            Kind::Oaep(key, algorithm) => {
                let mut encrypted = vec![0; key.ciphertext_size()];
                let length = key.encrypt(algorithm, &bytes, &mut encrypted, None).map(|made| made.len());
                encrypted.truncate(length.map_err(|_| JoseError::Failed)?);
                encrypted
            }
            Kind::Agree { receiver_spki, curve, wrapping: Some(wrapping) } => {
                let agreed = Agreed { name: self.management.name(), bytes: *wrapping };
                let key = WrappingKey::new(&agreed.send(curve, receiver_spki, members)?);
                key.and_then(|key| key.wrap(&bytes)).map_err(|_| JoseError::Failed)?
            }
        };
        Ok(Managed { key: content_key, encrypted })
    }
}
