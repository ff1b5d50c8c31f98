//! [`Decrypter`]: decrypts texts.

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

use super::agreement::{Agreed, Curve};
use super::wrap::{GcmWrappingKey, WrappingKey};
use super::{KeyManagement, OaepAlgorithm, Way, other_kind, symmetric, wrapping};
use crate::jose::compact::{self, Encrypted};
use crate::jose::content_key::ContentKey;
use crate::jose::halves::{PublicHalf, check_purpose};
use crate::jose::{ContentEncryption, Header, JoseError};
use crate::{CryptoKey, KeyMaterial, Purpose};

/// A key that decrypts texts whose key is managed in one way.
pub struct Decrypter {
    management: KeyManagement,
    encryptions: Vec<ContentEncryption>,
    kind: Kind,
}

enum Kind {
    /// One for each of the content encryptions, in their order.
    Direct(Vec<ContentKey>),
    Wrap(Box<WrappingKey>),
    Gcm(Box<GcmWrappingKey>),
    Oaep(OaepPrivateDecryptingKey, &'static OaepAlgorithm),
    Pkcs1(Pkcs1PrivateDecryptingKey),
    Agree(Box<PrivateKey>, &'static Curve, Option<usize>),
}

impl Decrypter {
    /// The key, for texts of this key management and of one of these content encryptions.
    ///
    /// # Errors
    /// A key of another kind or length than they need, or one that is for something else; the message says which
    /// would do.
    pub fn new(
        key: &CryptoKey,
        management: KeyManagement,
        encryptions: &[ContentEncryption],
    ) -> Result<Self, JoseError> {
        check_purpose(key, Purpose::Decrypt, management.name())?;
        let kind = match management.way() {
            Way::Direct => {
                let bytes = symmetric(key, management)?;
                let keys = encryptions.iter().map(|encryption| ContentKey::new(*encryption, bytes));
                Kind::Direct(keys.collect::<Result<_, _>>()?)
            }
            Way::Wrap(needed) => {
                let made = WrappingKey::new(wrapping(key, management, needed)?);
                Kind::Wrap(Box::new(made.map_err(|_| JoseError::Failed)?))
            }
            Way::Gcm(needed) => {
                let made = GcmWrappingKey::new(wrapping(key, management, needed)?);
                Kind::Gcm(Box::new(made.map_err(|_| JoseError::Failed)?))
            }
            Way::Oaep(algorithm) => {
                let made = OaepPrivateDecryptingKey::new(rsa(key, management)?);
                Kind::Oaep(made.map_err(|_| JoseError::Failed)?, algorithm)
            }
            Way::Pkcs1 => {
                let made = Pkcs1PrivateDecryptingKey::new(rsa(key, management)?);
                Kind::Pkcs1(made.map_err(|_| JoseError::Failed)?)
            }
            Way::Agree(wrapping) => {
                let (key, curve) = agreeing(key, management)?;
                Kind::Agree(Box::new(key), curve, wrapping)
            }
        };
        Ok(Self { management, encryptions: encryptions.to_vec(), kind })
    }

    /// Decrypts, verifies, and inflates up to `content_bytes_max`. A `kid` has no say: whoever chooses the key
    /// reads it from [`Header`].
    ///
    /// # Errors
    /// [`JoseError::Invalid`], whatever is wrong.
    pub fn decrypt(&self, text: &str, content_bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let [encoded, encrypted_key, iv, content, tag] = compact::parts(text)?;
        let header = Header::decode(encoded)?;
        let index = self.encryptions.iter().position(|known| header.enc() == Some(known.name()));
        let index = index.ok_or(JoseError::Invalid)?;
        if header.alg() != self.management.name() {
            return Err(JoseError::Invalid);
        }
        let is_compressed = header.is_compressed()?;
        let encrypted = Encrypted { iv, content, tag };
        if let Kind::Direct(keys) = &self.kind {
            return match encrypted_key {
                "" => encrypted.open(&keys[index], encoded, is_compressed, content_bytes_max),
                _ => Err(JoseError::Invalid),
            };
        }
        let encryption = self.encryptions[index];
        let key = self.content_key(&header, encryption, &compact::decode(encrypted_key)?)?;
        // A key of another length than the encryption needs is no mistake of ours.
        let key = ContentKey::new(encryption, &key).map_err(|_| JoseError::Invalid)?;
        encrypted.open(&key, encoded, is_compressed, content_bytes_max)
    }

    fn content_key(
        &self,
        header: &Header,
        encryption: ContentEncryption,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let bytes = encryption.key_bytes();
        match &self.kind {
            Kind::Direct(_) => Err(JoseError::Invalid),
            Kind::Wrap(key) => key.unwrap(encrypted).map_err(|_| JoseError::Invalid),
            Kind::Gcm(key) => {
                let (mut iv, mut tag) = ([0; 12], [0; 16]);
                compact::decode_into(header.text("iv").ok_or(JoseError::Invalid)?, &mut iv)?;
                compact::decode_into(header.text("tag").ok_or(JoseError::Invalid)?, &mut tag)?;
                key.unwrap(&iv, encrypted, &tag).map_err(|_| JoseError::Invalid)
            }
            Kind::Oaep(key, algorithm) => or_random(bytes, key.min_output_size(), |output| {
                key.decrypt(algorithm, encrypted, output, None).is_ok_and(|plain| plain.len() == bytes)
            }),
            Kind::Pkcs1(key) => or_random(bytes, key.min_output_size(), |output| {
                key.decrypt(encrypted, output).is_ok_and(|plain| plain.len() == bytes)
            }),
            Kind::Agree(key, curve, None) => {
                // The key that is agreed on is not sent along (RFC 7516, section 5.2, step 10).
                if !encrypted.is_empty() {
                    return Err(JoseError::Invalid);
                }
                Agreed { name: encryption.name(), bytes }.receive(curve, key, header)
            }
            Kind::Agree(key, curve, Some(wrapping)) => {
                let agreed = Agreed { name: self.management.name(), bytes: *wrapping };
                let wrapping = WrappingKey::new(&agreed.receive(curve, key, header)?);
                wrapping.and_then(|key| key.unwrap(encrypted)).map_err(|_| JoseError::Invalid)
            }
        }
    }
}

/// What RSA has decrypted, or random bytes in its place when that is no key: whoever sends guesses has to learn
/// from the tag that they were wrong, and from nothing before it (RFC 7516, section 11.5).
fn or_random(
    bytes: usize,
    output_bytes: usize,
    decrypt: impl FnOnce(&mut [u8]) -> bool,
) -> Result<Zeroizing<Vec<u8>>, JoseError> {
    let mut key = Zeroizing::new(vec![0; bytes]);
    rand::fill(&mut key).map_err(|_| JoseError::Failed)?;
    let mut output = Zeroizing::new(vec![0; output_bytes.max(bytes)]);
    let is_key = decrypt(&mut output);
    // Chosen bit by bit, without a branch.
    let mask = 0u8.wrapping_sub(u8::from(is_key));
    for (random, decrypted) in key.iter_mut().zip(output.iter()) {
        *random = (*random & !mask) | (decrypted & mask);
    }
    Ok(key)
}

fn rsa(key: &CryptoKey, management: KeyManagement) -> Result<PrivateDecryptingKey, JoseError> {
    let KeyMaterial::Private { pkcs8, .. } = key.material() else {
        return Err(other_kind(management, "a private key of RSA"));
    };
    PrivateDecryptingKey::from_pkcs8(pkcs8)
        .map_err(|_| other_kind(management, "a private key of RSA of 2048 to 8192 bits"))
}

fn agreeing(key: &CryptoKey, management: KeyManagement) -> Result<(PrivateKey, &'static Curve), JoseError> {
    let needed = || other_kind(management, "a private key of P-256, P-384 or P-521");
    let KeyMaterial::Private { pkcs8, .. } = key.material() else { return Err(needed()) };
    let curve = PublicHalf::of(key)?.and_then(|half| Curve::of(half.pair)).ok_or_else(needed)?;
    let key = PrivateKey::from_private_key_der(curve.algorithm, pkcs8).map_err(|_| needed())?;
    Ok((key, curve))
}
