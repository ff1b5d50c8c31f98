//! The check of a PKCS#12 file's integrity, by its password.

use std::ops::RangeInclusive;

use aws_lc_rs::{digest, hmac};
use der::asn1::ObjectIdentifier;

use super::super::ber::Reader;
use super::super::pbe::{self, Derivation, Purpose};
use super::super::{KeyStoreError, oids};

const WHAT: &str = "the check of its integrity";

/// How long the key of PBMAC1 may be: the file says it, and one that says a byte could be forged by trying. More
/// than the upper bound no digest needs.
const KEY_BYTES: RangeInclusive<u64> = 20..=1024;

/// Refuses content that was not protected with this password.
pub(super) fn verify(mut mac: Reader<'_>, content: &[u8], password: &[u8]) -> Result<(), KeyStoreError> {
    let mut info = mac.sequence(WHAT)?;
    let mut algorithm = info.sequence(WHAT)?;
    let expected = info.octets(WHAT)?;
    let oid = algorithm.oid(WHAT)?;
    let keys = if oid == oids::PBMAC1 {
        vec![pbmac1(algorithm.sequence(WHAT)?, password)?]
    } else {
        let salt = mac.octets(WHAT)?;
        let rounds = pbe::rounds(if mac.is_empty() { 1 } else { mac.number(WHAT)? })?;
        let (hash, algorithm) = hash(oid)?;
        let derive =
            |password: &[u8]| pbe::derive(hash, Purpose::Mac, password, salt, rounds, hash.output_len());
        let forms = pbe::as_utf16(password);
        forms.iter().map(|password| hmac::Key::new(algorithm, &derive(password))).collect()
    };
    let is_intact = |key: &hmac::Key| hmac::verify(key, content, expected).is_ok();
    if keys.iter().any(is_intact) { Ok(()) } else { Err(KeyStoreError::WrongPassword) }
}

/// The key of PBMAC1 (RFC 9579), which derives it as PBES2 does.
fn pbmac1(mut parameters: Reader<'_>, password: &[u8]) -> Result<hmac::Key, KeyStoreError> {
    let derivation = Derivation::read(parameters.sequence(WHAT)?)?;
    let oid = parameters.sequence(WHAT)?.oid(WHAT)?;
    let (_, algorithm) = hash(oid)?;
    let length = derivation.key_length.filter(|length| KEY_BYTES.contains(length));
    let length = length.ok_or(KeyStoreError::malformed(WHAT))?;
    Ok(hmac::Key::new(algorithm, &derivation.derive(password, length as usize)?))
}

/// The digest of this name, or of the HMAC of this name.
fn hash(oid: ObjectIdentifier) -> Result<(&'static digest::Algorithm, hmac::Algorithm), KeyStoreError> {
    Ok(match oid {
        oids::SHA1 | oids::HMAC_SHA1 => {
            (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)
        }
        oids::SHA224 | oids::HMAC_SHA224 => (&digest::SHA224, hmac::HMAC_SHA224),
        oids::SHA256 | oids::HMAC_SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        oids::SHA384 | oids::HMAC_SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        oids::SHA512 | oids::HMAC_SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        _ => return Err(KeyStoreError::unsupported("the digest", oid)),
    })
}
