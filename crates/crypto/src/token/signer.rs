//! Signatures by a key that stays in its module, for whoever signs with keys of memory.

use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, OtherError, SignatureAlgorithm, SignatureScheme};

use super::connection::KeyName;
use super::{CALL_TIMEOUT, Token, TokenError};
use crate::asn1::{self, SEQUENCE};
use crate::asymmetric;

/// Schemes of RSA keys, the preferred one first.
const RSA: [SignatureScheme; 6] = [
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA256,
];

/// A private key of a token, and how it signs.
#[derive(Debug, Clone)]
pub(super) struct Signing {
    name: KeyName,
    spki: Vec<u8>,
    algorithm: &'static str,
    schemes: Vec<SignatureScheme>,
}

impl Signing {
    /// A key that signs in the schemes that the token has mechanisms for.
    pub(super) fn new(
        name: KeyName,
        spki: Vec<u8>,
        algorithm: &'static str,
        mechanisms: &[MechanismType],
    ) -> Result<Self, String> {
        let schemes = match algorithm {
            "RSA" => RSA.to_vec(),
            _ => asymmetric::ecdsa_scheme(&spki).into_iter().collect(),
        };
        let schemes: Vec<SignatureScheme> = schemes
            .into_iter()
            .filter(|scheme| mechanisms.contains(&mechanism(*scheme).mechanism_type()))
            .collect();
        if schemes.is_empty() {
            return Err(format!("the token has no mechanism to sign with its key of {algorithm}"));
        }
        Ok(Self { name, spki, algorithm, schemes })
    }

    /// Java's name of the algorithm.
    pub(super) fn algorithm(&self) -> &'static str {
        self.algorithm
    }
}

/// The key as handshakes use it.
pub(super) fn of(signing: Signing, token: Token) -> Arc<dyn SigningKey> {
    Arc::new(TokenKey { signing: Arc::new(signing), token })
}

#[derive(Debug)]
struct TokenKey {
    signing: Arc<Signing>,
    token: Token,
}

impl SigningKey for TokenKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self.signing.schemes.iter().find(|scheme| offered.contains(scheme))?;
        let (signing, token) = (Arc::clone(&self.signing), self.token.clone());
        Some(Box::new(TokenSigner { signing, token, scheme }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.signing.spki.as_slice().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        if self.signing.algorithm == "RSA" { SignatureAlgorithm::RSA } else { SignatureAlgorithm::ECDSA }
    }
}

#[derive(Debug)]
struct TokenSigner {
    signing: Arc<Signing>,
    token: Token,
    scheme: SignatureScheme,
}

impl Signer for TokenSigner {
    /// Waits for the module: handshakes have no other way. The wait is short, and over at once while it hangs.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let (scheme, signing) = (self.scheme, Arc::clone(&self.signing));
        let message = to_be_signed(scheme, message);
        let signature = self.token.run(CALL_TIMEOUT, move |connection| {
            connection.with_key(&signing.name, |session, key| session.sign(&mechanism(scheme), key, &message))
        });
        let signature = signature.map_err(refused)?;
        if self.signing.algorithm == "RSA" {
            return Ok(signature);
        }
        from_halves(&signature).map_err(refused)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

fn refused(error: TokenError) -> Error {
    Error::Other(OtherError(Arc::new(error)))
}

/// Modules digest for RSA themselves, and not for curves.
fn to_be_signed(scheme: SignatureScheme, message: &[u8]) -> Vec<u8> {
    let algorithm = match scheme {
        SignatureScheme::ECDSA_NISTP256_SHA256 => &SHA256,
        SignatureScheme::ECDSA_NISTP384_SHA384 => &SHA384,
        SignatureScheme::ECDSA_NISTP521_SHA512 => &SHA512,
        _ => return message.to_vec(),
    };
    digest::digest(algorithm, message).as_ref().to_vec()
}

fn mechanism(scheme: SignatureScheme) -> Mechanism<'static> {
    let pss = |hash_alg, mgf, length: u64| PkcsPssParams { hash_alg, mgf, s_len: length.into() };
    match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => Mechanism::Sha256RsaPkcs,
        SignatureScheme::RSA_PKCS1_SHA384 => Mechanism::Sha384RsaPkcs,
        SignatureScheme::RSA_PKCS1_SHA512 => Mechanism::Sha512RsaPkcs,
        SignatureScheme::RSA_PSS_SHA256 => {
            Mechanism::Sha256RsaPkcsPss(pss(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32))
        }
        SignatureScheme::RSA_PSS_SHA384 => {
            Mechanism::Sha384RsaPkcsPss(pss(MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48))
        }
        SignatureScheme::RSA_PSS_SHA512 => {
            Mechanism::Sha512RsaPkcsPss(pss(MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64))
        }
        _ => Mechanism::Ecdsa,
    }
}

/// A signature of a curve as TLS has it (RFC 3279), of the two numbers that modules yield one behind the other.
fn from_halves(signature: &[u8]) -> Result<Vec<u8>, TokenError> {
    if signature.is_empty() || !signature.len().is_multiple_of(2) {
        return Err(TokenError::Module("the module has made a signature of an odd length".to_owned()));
    }
    let (r, s) = signature.split_at(signature.len() / 2);
    Ok(asn1::element(SEQUENCE, &[&asn1::unsigned(r), &asn1::unsigned(s)]).to_vec())
}
