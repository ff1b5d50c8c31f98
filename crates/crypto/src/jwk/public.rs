//! The public half of a key as JWK, for those who verify what it signs or encrypt to it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{CURVES, ED_25519, JwkError};
use crate::jose::{Pair, PublicHalf};
use crate::{CryptoKey, asn1};

/// The public half of a key pair or certificate (RFC 7518, sections 6.2.1 and 6.3.1; RFC 8037, section 2). Its
/// `kid` is the stable id.
///
/// # Errors
/// A symmetric key, which has no public half, or one that cannot be used.
pub fn public(key: &CryptoKey) -> Result<String, JwkError> {
    let half = PublicHalf::of(key).map_err(|error| JwkError(error.to_string()))?;
    let half = half.ok_or_else(|| JwkError("a symmetric key has no public half".to_owned()))?;
    let members = members(&half).ok_or_else(|| JwkError("the public key is damaged".to_owned()))?;
    let kid = key.stable_id().map(|kid| ("kid", kid.to_owned()));
    let all = members.into_iter().chain(kid).map(|(name, value)| (name.to_owned(), value.into()));
    Ok(Value::Object(all.collect::<Map<String, Value>>()).to_string())
}

fn members(half: &PublicHalf) -> Option<Vec<(&'static str, String)>> {
    let elements = asn1::sequence(&half.spki)?;
    // The first byte counts the bits of the last one that are not used, of which keys have none.
    let key = elements.get(1)?.value().get(1..)?;
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match half.pair {
        Pair::Rsa => {
            let numbers = asn1::sequence(key)?;
            let [n, e] = numbers.as_slice() else { return None };
            let number = |value: &[u8]| text(&value[value.iter().take_while(|byte| **byte == 0).count()..]);
            Some(vec![("kty", "RSA".to_owned()), ("n", number(n.value())), ("e", number(e.value()))])
        }
        Pair::Ed25519 => {
            Some(vec![("kty", "OKP".to_owned()), ("crv", ED_25519.0.to_owned()), ("x", text(key))])
        }
        Pair::P256 | Pair::P384 | Pair::P521 => {
            let curve = CURVES.iter().find(|curve| curve.name == half.pair.name())?;
            let coordinates = key.strip_prefix(&[4])?;
            let (x, y) = coordinates.split_at_checked(curve.coordinate_bytes)?;
            let (kty, crv) = ("EC".to_owned(), curve.name.to_owned());
            Some(vec![("kty", kty), ("crv", crv), ("x", text(x)), ("y", text(y))])
        }
    }
}
