//! [`Signer`]: signs texts.

use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use rustls::SignatureScheme;
use rustls::sign::SigningKey;
use serde_json::Map;

use super::{Needs, SignatureAlgorithm};
use crate::jose::halves::{Pair, PublicHalf, check_purpose};
use crate::jose::{JoseError, Labels, compact};
use crate::{CryptoKey, KeyMaterial, Purpose, asn1};

/// A key that signs by one algorithm.
///
/// Keys of hardware modules sign in the module, which a call waits for.
pub struct Signer {
    algorithm: SignatureAlgorithm,
    kind: Kind,
}

enum Kind {
    Mac(Box<hmac::Key>),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Curve(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    Module(Arc<dyn SigningKey>, Pair, SignatureScheme),
}

impl Signer {
    /// The key, for this algorithm.
    ///
    /// # Errors
    /// A key of another kind, curve or size than the algorithm needs, or one that is for something else; the
    /// message says which would do.
    pub fn new(key: &CryptoKey, algorithm: SignatureAlgorithm) -> Result<Self, JoseError> {
        check_purpose(key, Purpose::Sign, algorithm.name())?;
        let kind = match (algorithm.needs(), key.material()) {
            (Needs::Mac(mac), KeyMaterial::Symmetric { bytes, .. }) => {
                Kind::Mac(Box::new(algorithm.mac(mac, bytes)?))
            }
            (Needs::Pair(pair, scheme), KeyMaterial::Private { pkcs8, .. }) => {
                private(pair, scheme, pkcs8).ok_or_else(|| other_kind(algorithm, pair))?
            }
            (Needs::Pair(pair, scheme), KeyMaterial::Token { signer, .. }) => {
                let half = PublicHalf::of(key)?.filter(|half| half.pair == pair);
                let is_offered = signer.choose_scheme(&[scheme]).is_some();
                half.filter(|_| is_offered).ok_or_else(|| other_kind(algorithm, pair))?;
                Kind::Module(Arc::clone(signer), pair, scheme)
            }
            (Needs::Mac(_), _) => {
                return Err(JoseError::Key(format!("`{algorithm}` needs a symmetric key")));
            }
            (Needs::Pair(pair, _), _) => return Err(other_kind(algorithm, pair)),
        };
        Ok(Self { algorithm, kind })
    }

    /// Signs.
    ///
    /// # Errors
    /// [`JoseError::Failed`].
    pub fn sign(&self, payload: &[u8], labels: &Labels<'_>) -> Result<String, JoseError> {
        let mut members = Map::new();
        members.insert("alg".to_owned(), self.algorithm.name().into());
        let mut text = labels.encode(members);
        text.push('.');
        compact::push(&mut text, payload);
        let signature = self.signature(text.as_bytes()).ok_or(JoseError::Failed)?;
        text.push('.');
        compact::push(&mut text, &signature);
        Ok(text)
    }

    fn signature(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.kind {
            Kind::Mac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Kind::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Kind::Curve(key) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
            Kind::Ed25519(key) => Some(key.try_sign(message).ok()?.as_ref().to_vec()),
            Kind::Module(key, pair, scheme) => {
                let signature = key.choose_scheme(&[*scheme])?.sign(message).ok()?;
                match pair {
                    Pair::P256 => halves(&signature, 32),
                    Pair::P384 => halves(&signature, 48),
                    Pair::P521 => halves(&signature, 66),
                    Pair::Rsa | Pair::Ed25519 => Some(signature),
                }
            }
        }
    }
}

/// A key in the format of PKCS#8, when it is of this kind.
fn private(pair: Pair, scheme: SignatureScheme, pkcs8: &[u8]) -> Option<Kind> {
    let curve = |curve: &'static EcdsaSigningAlgorithm| {
        EcdsaKeyPair::from_pkcs8(curve, pkcs8).ok().map(|key| Kind::Curve(Box::new(key)))
    };
    match pair {
        Pair::Rsa => {
            let key = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
            Some(Kind::Rsa(Box::new(key), encoding(scheme)))
        }
        Pair::P256 => curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Pair::P384 => curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Pair::P521 => curve(&ECDSA_P521_SHA512_FIXED_SIGNING),
        Pair::Ed25519 => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
            Some(Kind::Ed25519(Box::new(key)))
        }
    }
}

fn encoding(scheme: SignatureScheme) -> &'static dyn RsaEncoding {
    match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => &RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA384 => &RSA_PKCS1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA512 => &RSA_PKCS1_SHA512,
        SignatureScheme::RSA_PSS_SHA256 => &RSA_PSS_SHA256,
        SignatureScheme::RSA_PSS_SHA384 => &RSA_PSS_SHA384,
        _ => &RSA_PSS_SHA512,
    }
}

/// The two numbers of an ECDSA signature, each of so many bytes, from the DER that TLS has them in (RFC 7518,
/// section 3.4).
fn halves(signature: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let numbers = asn1::sequence(signature)?;
    let [r, s] = numbers.as_slice() else { return None };
    let mut made = Vec::with_capacity(2 * bytes);
    for number in [r, s] {
        let digits = number.value();
        let digits = &digits[digits.iter().take_while(|byte| **byte == 0).count()..];
        made.resize(made.len() + bytes.checked_sub(digits.len())?, 0);
        made.extend_from_slice(digits);
    }
    Some(made)
}

fn other_kind(algorithm: SignatureAlgorithm, pair: Pair) -> JoseError {
    let of_rsa = if pair == Pair::Rsa { " of 2048 to 8192 bits" } else { "" };
    JoseError::Key(format!("`{algorithm}` needs a private key of {}{of_rsa}", pair.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{SEQUENCE, element, unsigned};

    #[test]
    fn short_numbers_are_filled_up() {
        let made = |r: &[u8], s: &[u8]| halves(&element(SEQUENCE, &[&unsigned(r), &unsigned(s)]), 4);
        assert_eq!(made(&[1, 2, 3, 4], &[5, 6, 7, 8]), Some(vec![1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(made(&[0x80, 0, 0, 1], &[7]), Some(vec![0x80, 0, 0, 1, 0, 0, 0, 7]));
        assert_eq!(made(&[1, 2, 3, 4, 5], &[1]), None);
        assert_eq!(halves(&element(SEQUENCE, &[&unsigned(&[1])]), 4), None);
        assert_eq!(halves(b"", 4), None);
    }
}
