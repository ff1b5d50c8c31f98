//! [`Verifier`]: verifies signed texts.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};

use super::{Needs, SignatureAlgorithm};
use crate::jose::halves::{PublicHalf, check_purpose};
use crate::jose::{Header, JoseError, compact};
use crate::{CryptoKey, KeyMaterial, Purpose};

/// A key that verifies by one algorithm.
pub struct Verifier {
    algorithm: SignatureAlgorithm,
    kind: Kind,
}

enum Kind {
    Mac(Box<hmac::Key>),
    Public(Box<ParsedPublicKey>),
}

impl Verifier {
    /// The key, for this algorithm. Of a private key, its public half is used.
    ///
    /// # Errors
    /// A key of another kind, curve or size than the algorithm needs, or one that is for something else. A
    /// symmetric key never verifies an asymmetric signature, nor the other way round.
    pub fn new(key: &CryptoKey, algorithm: SignatureAlgorithm) -> Result<Self, JoseError> {
        check_purpose(key, Purpose::Verify, algorithm.name())?;
        let kind = match algorithm.needs() {
            Needs::Mac(mac) => {
                let KeyMaterial::Symmetric { bytes, .. } = key.material() else {
                    return Err(JoseError::Key(format!("`{algorithm}` needs a symmetric key")));
                };
                Kind::Mac(Box::new(algorithm.mac(mac, bytes)?))
            }
            Needs::Pair(pair, _) => {
                let half = PublicHalf::of(key)?.filter(|half| half.pair == pair);
                let half = half.ok_or_else(|| {
                    JoseError::Key(format!("`{algorithm}` needs a public key of {}", pair.name()))
                })?;
                let parsed = ParsedPublicKey::new(verification(algorithm), &half.spki);
                Kind::Public(Box::new(parsed.map_err(|_| JoseError::Failed)?))
            }
        };
        Ok(Self { algorithm, kind })
    }

    /// Verifies, and returns the payload. A `kid` has no say: whoever chooses the key reads it from [`Header`].
    ///
    /// # Errors
    /// [`JoseError::Invalid`], whatever is wrong.
    pub fn verify(&self, text: &str) -> Result<Vec<u8>, JoseError> {
        let [header, payload, signature] = compact::parts(text)?;
        if !self.algorithm.is_called(Header::decode(header)?.alg()) {
            return Err(JoseError::Invalid);
        }
        let signature = compact::decode(signature)?;
        let signed = &text.as_bytes()[..header.len() + 1 + payload.len()];
        let verified = match &self.kind {
            Kind::Mac(key) => hmac::verify(key, signed, &signature),
            Kind::Public(key) => key.verify_sig(signed, &signature),
        };
        verified.map_err(|_| JoseError::Invalid)?;
        Ok(std::mem::take(&mut *compact::decode(payload)?))
    }
}

/// Signatures of curves are two numbers of a fixed length, never DER (RFC 7518, section 3.4).
fn verification(algorithm: SignatureAlgorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        SignatureAlgorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        SignatureAlgorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        SignatureAlgorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        SignatureAlgorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        SignatureAlgorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        SignatureAlgorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        SignatureAlgorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        SignatureAlgorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        SignatureAlgorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
        // Those with a MAC never get here.
        _ => &ED25519,
    }
}
