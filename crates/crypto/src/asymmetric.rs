//! Private and public keys of every format that files have, made into the one that the rest works with, and
//! checked once: what comes out of here can be used.

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256,
};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Tag, TagNumber, Tagged};
use pkcs5::EncryptionScheme;
use pkcs5::pbes2::Parameters;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use crate::asn1::{self, SEQUENCE};
use crate::keystore::decrypt_pkcs8;

/// More memory for deriving one key, in bytes, is an attack or a mistake.
const SCRYPT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The same work again, as often as this.
const SCRYPT_LANES_MAX: u16 = 4;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED_25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P_521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

pub(crate) const DSA_REFUSED: &str =
    "keys of DSA are not offered, because TLS and JWT of today have no use for them";

/// What is wrong with a key, as the predicate of a sentence.
type Reason = &'static str;

/// A private key that can be used, with its public half.
#[derive(Clone)]
pub(crate) struct PrivateKey {
    /// Java's name: `RSA`, `EC`, `Ed25519`.
    pub(crate) algorithm: &'static str,
    /// `PrivateKeyInfo`.
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
    /// `SubjectPublicKeyInfo`.
    pub(crate) spki: Vec<u8>,
}

impl PrivateKey {
    /// A key in the format of PKCS#8.
    pub(crate) fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, Reason> {
        let not_pkcs8 = "it is no private key in the format of PKCS#8";
        let elements = asn1::sequence(&pkcs8).ok_or(not_pkcs8)?;
        let [_version, identifier, ..] = elements.as_slice() else { return Err(not_pkcs8) };
        let (algorithm, _) = algorithm(*identifier).ok_or(not_pkcs8)??;
        let key = PrivateKeyDer::Pkcs8(pkcs8.as_slice().into());
        let key = any_supported_type(&key).map_err(|_| {
            "the private key is damaged, or of a size or curve that is not offered (RSA has 2048 to 8192 bits, \
             curves are P-256, P-384 and P-521)"
        })?;
        let spki = key.public_key().ok_or("the private key has no public half")?.to_vec();
        Ok(Self { algorithm, pkcs8, spki })
    }

    /// An `RSAPrivateKey` (PKCS#1).
    pub(crate) fn from_pkcs1(key: &[u8]) -> Result<Self, Reason> {
        Self::from_pkcs8(asn1::private_key_info(asn1::RSA, key))
    }

    /// An `ECPrivateKey` (SEC 1), which has to name its curve.
    pub(crate) fn from_sec1(key: &[u8]) -> Result<Self, Reason> {
        let elements = asn1::sequence(key).ok_or("it is no private key in the format of SEC 1")?;
        const FIRST: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        let named = elements.iter().find(|element| element.tag() == FIRST);
        let curve = named.and_then(|named| AnyRef::from_der(named.value()).ok());
        let curve = curve.filter(|curve| curve.tag() == Tag::ObjectIdentifier);
        let curve = curve.ok_or("the private key does not name its curve")?;
        Self::from_pkcs8(asn1::private_key_info(&asn1::elliptic_curve(curve.value()), key))
    }

    /// An `EncryptedPrivateKeyInfo` (PKCS#8).
    pub(crate) fn from_encrypted(encrypted: &[u8], password: &[u8]) -> Result<Self, String> {
        let plain = match scrypt(encrypted) {
            Some(parameters) => decrypt_scrypt(&parameters?, encrypted, password)?,
            None => decrypt_pkcs8(encrypted, password).map_err(|error| format!("it {error}"))?,
        };
        Ok(Self::from_pkcs8(plain)?)
    }
}

/// The parameters of a key that is encrypted by way of scrypt, which key stores do not do and OpenSSL can.
fn scrypt(encrypted: &[u8]) -> Option<Result<Parameters, Reason>> {
    let elements = asn1::sequence(encrypted)?;
    let scheme = asn1::element(SEQUENCE, &[elements.first()?.value()]);
    let scheme = EncryptionScheme::from_der(&scheme).ok()?;
    let parameters = scheme.pbes2()?;
    let kdf = parameters.kdf.scrypt()?;
    let bytes = kdf.cost_parameter.checked_mul(128 * u64::from(kdf.block_size));
    if bytes.is_none_or(|bytes| bytes > SCRYPT_BYTES_MAX) || kdf.parallelization > SCRYPT_LANES_MAX {
        return Some(Err("deriving the key from the password would take too long"));
    }
    Some(Ok(parameters.clone()))
}

fn decrypt_scrypt(
    parameters: &Parameters,
    encrypted: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let elements = asn1::sequence(encrypted).unwrap_or_default();
    let [_, data] = elements.as_slice() else { return Err("it is no encrypted private key") };
    let plain = parameters.decrypt(password, data.value());
    plain.map(Zeroizing::new).map_err(|_| "it does not open with this password")
}

/// The algorithm of a public key that can be used.
pub(crate) fn check_public(spki: &[u8]) -> Result<&'static str, Reason> {
    let not_spki = "it is no public key";
    let elements = asn1::sequence(spki).ok_or(not_spki)?;
    let [identifier, _key] = elements.as_slice() else { return Err(not_spki) };
    let (name, curve) = algorithm(*identifier).ok_or(not_spki)??;
    let verification: &'static dyn signature::VerificationAlgorithm = match (name, curve) {
        ("RSA", _) => &RSA_PKCS1_2048_8192_SHA256,
        ("Ed25519", _) => &ED25519,
        (_, Some(P_256)) => &ECDSA_P256_SHA256_ASN1,
        (_, Some(P_384)) => &ECDSA_P384_SHA384_ASN1,
        (_, Some(P_521)) => &ECDSA_P521_SHA512_ASN1,
        _ => return Err("the curve of the public key is not offered (P-256, P-384 and P-521 are)"),
    };
    ParsedPublicKey::new(verification, spki)
        .map_err(|_| "the public key is damaged, or of a size that is not offered")?;
    Ok(name)
}

/// How a key of a curve signs in TLS.
pub(crate) fn ecdsa_scheme(spki: &[u8]) -> Option<SignatureScheme> {
    let (_, curve) = algorithm(*asn1::sequence(spki)?.first()?)?.ok()?;
    match curve? {
        P_256 => Some(SignatureScheme::ECDSA_NISTP256_SHA256),
        P_384 => Some(SignatureScheme::ECDSA_NISTP384_SHA384),
        P_521 => Some(SignatureScheme::ECDSA_NISTP521_SHA512),
        _ => None,
    }
}

/// `SubjectPublicKeyInfo` of an `RSAPublicKey` (PKCS#1).
pub(crate) fn public_from_pkcs1(key: &[u8]) -> Vec<u8> {
    asn1::public_key_info(asn1::RSA, key)
}

/// Java's name for the algorithm of a key, and the curve. `None` when it is no `AlgorithmIdentifier`.
fn algorithm(identifier: AnyRef<'_>) -> Option<Result<(&'static str, Option<ObjectIdentifier>), Reason>> {
    if identifier.tag() != Tag::Sequence {
        return None;
    }
    let elements = asn1::elements(identifier.value())?;
    let id = elements.first()?.decode_as::<ObjectIdentifier>().ok()?;
    let curve = elements.get(1).and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    Some(match id {
        RSA => Ok(("RSA", None)),
        EC => Ok(("EC", curve)),
        ED_25519 => Ok(("Ed25519", None)),
        DSA => Err(DSA_REFUSED),
        RSA_PSS => Err("keys of RSA for PSS only are not offered; keys of plain RSA are"),
        _ => Err("the algorithm of the key is not offered (RSA, EC and Ed25519 are)"),
    })
}
