//! JSON Web Keys (RFC 7517): one, or a set of them.
//!
//! A key of a file is read strictly, and a mistake names the member. In a set, keys that are not understood are
//! left out, as section 5 asks: whoever publishes it may have newer ones than we know.

mod algorithm;
mod members;
mod public;

pub use public::public;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::asn1::{self, BIT_STRING, CONTEXT_1, INTEGER, OCTET_STRING, SEQUENCE};
use crate::asymmetric::{self, PrivateKey};
use crate::{CryptoKey, KeyMaterial, Purpose};
use algorithm::Algorithm;
use members::Members;

/// A longer set is something else.
pub const SET_BYTES_MAX: usize = 1024 * 1024;

/// Further keys of a set are left out.
pub const SET_KEYS_MAX: usize = 1000;

/// Why a text is no JWK, or none that can be used. Holds no part of a key.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct JwkError(String);

/// The keys of a set that are understood.
#[derive(Debug, Clone, Default)]
pub struct JwkSet {
    /// In the order of the set.
    pub keys: Vec<CryptoKey>,
    /// Why others are left out.
    pub left_out: Vec<JwkError>,
}

/// Reads one key. Its `kid` is the stable id, and it is for the purposes that `use`, `alg` and `key_ops` allow.
///
/// # Errors
/// What is wrong with it, by the name of the member.
pub fn parse(text: &[u8]) -> Result<CryptoKey, JwkError> {
    if text.len() > SET_BYTES_MAX {
        return Err(JwkError(format!("the text is longer than {SET_BYTES_MAX} bytes")));
    }
    Members::parse(text).and_then(|members| key(&members))
}

/// Reads a set.
///
/// # Errors
/// A text that is no set. Keys that are not understood are left out.
pub fn parse_set(text: &[u8]) -> Result<JwkSet, JwkError> {
    if text.len() > SET_BYTES_MAX {
        return Err(JwkError(format!("the set is longer than {SET_BYTES_MAX} bytes")));
    }
    let mut whole = Members::parse(text)?;
    let Some(Value::Array(keys)) = whole.take("keys") else {
        return Err(JwkError("`keys` is missing, or is no array".to_owned()));
    };
    let mut set = JwkSet::default();
    for (index, value) in keys.into_iter().enumerate() {
        if index == SET_KEYS_MAX {
            set.left_out.push(JwkError(format!("there are more than {SET_KEYS_MAX} keys")));
            break;
        }
        match Members::of(value).and_then(|members| key(&members)) {
            Ok(key) => set.keys.push(key),
            Err(JwkError(reason)) => set.left_out.push(JwkError(format!("key {}: {reason}", index + 1))),
        }
    }
    Ok(set)
}

fn key(members: &Members) -> Result<CryptoKey, JwkError> {
    let kty = members.required_name("kty")?;
    let is_for_signatures = match members.name("use")? {
        Some("sig") => Some(true),
        Some("enc") => Some(false),
        Some(other) => return Err(JwkError(format!("`use` is `{other}`; it is `sig` or `enc`"))),
        None => None,
    };
    let algorithm = match members.name("alg")? {
        Some(name) => Some(Algorithm::of(name, kty, members.name("crv")?, is_for_signatures)?),
        None => None,
    };
    let material = match kty {
        "oct" => symmetric(members, algorithm)?,
        "RSA" => asymmetric(members, rsa_public(members)?, rsa_private)?,
        "EC" => {
            let curve = Curve::of(members)?;
            asymmetric(members, curve.public(members)?, |members| curve.private(members))?
        }
        "OKP" => asymmetric(members, ed25519_public(members)?, ed25519_private)?,
        other => {
            return Err(JwkError(format!("`kty` is `{other}`; `oct`, `RSA`, `EC` and `OKP` are offered")));
        }
    };
    let key = match members.name("kid")? {
        Some(kid) => CryptoKey::named(kid, material),
        None => CryptoKey::new(material),
    };
    let is_for_signatures = is_for_signatures.or(algorithm.map(Algorithm::is_signature));
    let operations = members.texts("key_ops")?;
    if is_for_signatures.is_none() && operations.is_none() {
        return Ok(key);
    }
    Ok(key.limited_to(purposes(is_for_signatures, operations.as_deref())))
}

/// The purposes that `use` (or what `alg` says in its place) and `key_ops` leave.
fn purposes(is_for_signatures: Option<bool>, operations: Option<&[String]>) -> Vec<Purpose> {
    const ALL: [(Purpose, bool, &[&str]); 4] = [
        (Purpose::Sign, true, &["sign"]),
        (Purpose::Verify, true, &["verify"]),
        (Purpose::Encrypt, false, &["encrypt", "wrapKey", "deriveKey", "deriveBits"]),
        (Purpose::Decrypt, false, &["decrypt", "unwrapKey", "deriveKey", "deriveBits"]),
    ];
    let left = ALL.into_iter().filter(|(_, is_signature, names)| {
        let is_named = |known: &[String]| known.iter().any(|known| names.contains(&known.as_str()));
        is_for_signatures.is_none_or(|wanted| wanted == *is_signature) && operations.is_none_or(is_named)
    });
    // No member speaks of passwords.
    left.map(|(purpose, ..)| purpose).chain([Purpose::Password]).collect()
}

fn symmetric(members: &Members, algorithm: Option<&Algorithm>) -> Result<KeyMaterial, JwkError> {
    let bytes = members.required_bytes("k")?;
    if bytes.is_empty() {
        return Err(JwkError("`k` is empty".to_owned()));
    }
    let algorithm = match algorithm {
        Some(algorithm) => algorithm.symmetric(bytes.len())?,
        None => "RAW",
    };
    Ok(KeyMaterial::Symmetric { algorithm: algorithm.to_owned(), bytes })
}

/// A key of two halves, of which the private one is there or not.
fn asymmetric(
    members: &Members,
    spki: Vec<u8>,
    private: impl FnOnce(&Members) -> Result<Zeroizing<Vec<u8>>, JwkError>,
) -> Result<KeyMaterial, JwkError> {
    asymmetric::check_public(&spki).map_err(|reason| JwkError(reason.to_owned()))?;
    let chain = members.chain(&spki)?;
    if !members.has("d") {
        return Ok(KeyMaterial::Public { spki });
    }
    let key =
        PrivateKey::from_pkcs8(private(members)?).map_err(|reason| JwkError(format!("`d`: {reason}")))?;
    if key.spki != spki {
        return Err(JwkError("`d` does not belong to the public key".to_owned()));
    }
    Ok(KeyMaterial::Private { algorithm: key.algorithm.to_owned(), pkcs8: key.pkcs8, chain })
}

fn rsa_public(members: &Members) -> Result<Vec<u8>, JwkError> {
    let [n, e] = [members.required_number("n")?, members.required_number("e")?];
    Ok(asymmetric::public_from_pkcs1(&asn1::element(SEQUENCE, &[&n, &e])))
}

fn rsa_private(members: &Members) -> Result<Zeroizing<Vec<u8>>, JwkError> {
    if members.has("oth") {
        return Err(JwkError("`oth`: keys of RSA with more than two primes are not offered".to_owned()));
    }
    let numbers = ["n", "e", "d", "p", "q", "dp", "dq", "qi"].map(|name| members.required_number(name));
    let numbers = numbers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut parts = vec![asn1::VERSION_0];
    parts.extend(numbers.iter().map(|number| number.as_slice()));
    Ok(asn1::private_key_info(asn1::RSA, &asn1::element(SEQUENCE, &parts)))
}

/// A curve of `EC` keys.
struct Curve {
    name: &'static str,
    /// The content of its object identifier.
    id: &'static [u8],
    coordinate_bytes: usize,
}

const CURVES: [Curve; 3] = [
    Curve { name: "P-256", id: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], coordinate_bytes: 32 },
    Curve { name: "P-384", id: &[0x2B, 0x81, 0x04, 0x00, 0x22], coordinate_bytes: 48 },
    Curve { name: "P-521", id: &[0x2B, 0x81, 0x04, 0x00, 0x23], coordinate_bytes: 66 },
];

impl Curve {
    fn of(members: &Members) -> Result<&'static Self, JwkError> {
        let name = members.required_name("crv")?;
        let found = CURVES.iter().find(|curve| curve.name == name);
        found.ok_or_else(|| JwkError(format!("`crv` is `{name}`; `P-256`, `P-384` and `P-521` are offered")))
    }

    fn bytes(&self, members: &Members, name: &'static str) -> Result<Zeroizing<Vec<u8>>, JwkError> {
        members.required_bytes_of(name, self.coordinate_bytes, self.name)
    }

    /// The uncompressed point.
    fn point(&self, members: &Members) -> Result<Vec<u8>, JwkError> {
        Ok([&[4], &**self.bytes(members, "x")?, &**self.bytes(members, "y")?].concat())
    }

    fn public(&self, members: &Members) -> Result<Vec<u8>, JwkError> {
        Ok(asn1::public_key_info(&asn1::elliptic_curve(self.id), &self.point(members)?))
    }

    fn private(&self, members: &Members) -> Result<Zeroizing<Vec<u8>>, JwkError> {
        let d = asn1::element(OCTET_STRING, &[&self.bytes(members, "d")?]);
        let point = asn1::element(BIT_STRING, &[&[0], &self.point(members)?]);
        let key = asn1::element(SEQUENCE, &[&[INTEGER, 1, 1], &d, &asn1::element(CONTEXT_1, &[&point])]);
        Ok(asn1::private_key_info(&asn1::elliptic_curve(self.id), &key))
    }
}

/// The name and the length of the keys of the one curve of `OKP` that is offered.
const ED_25519: (&str, usize) = ("Ed25519", 32);

fn ed25519_public(members: &Members) -> Result<Vec<u8>, JwkError> {
    let name = members.required_name("crv")?;
    if name != ED_25519.0 {
        return Err(JwkError(format!("`crv` is `{name}`; `Ed25519` is offered")));
    }
    Ok(asn1::public_key_info(asn1::ED25519, &members.required_bytes_of("x", ED_25519.1, ED_25519.0)?))
}

fn ed25519_private(members: &Members) -> Result<Zeroizing<Vec<u8>>, JwkError> {
    let d = members.required_bytes_of("d", ED_25519.1, ED_25519.0)?;
    Ok(asn1::private_key_info(asn1::ED25519, &asn1::element(OCTET_STRING, &[&d])))
}

#[cfg(test)]
mod tests;
