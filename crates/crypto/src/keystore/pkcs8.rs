//! What is known of a decrypted key (PKCS#8, RFC 5958).

use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::ber::Reader;
use super::{KeyStoreError, oids};
use crate::KeyMaterial;

const WHAT: &str = "a key";

/// The name that Java's architecture has for the algorithm of a private key.
pub(crate) fn algorithm(pkcs8: &[u8]) -> Result<String, KeyStoreError> {
    parts(pkcs8).map(|(algorithm, _)| oids::key_name(algorithm))
}

/// A symmetric key, which Java wraps like a private one, only that its bytes are just there.
pub(super) fn secret_key(pkcs8: &[u8]) -> Result<KeyMaterial, KeyStoreError> {
    let (algorithm, bytes) = parts(pkcs8)?;
    let bytes = Zeroizing::new(bytes.to_vec());
    Ok(KeyMaterial::Symmetric { algorithm: oids::key_name(algorithm), bytes })
}

fn parts(pkcs8: &[u8]) -> Result<(ObjectIdentifier, &[u8]), KeyStoreError> {
    let mut info = Reader::new(pkcs8).sequence(WHAT)?;
    info.number(WHAT)?;
    let algorithm = info.sequence(WHAT)?.oid(WHAT)?;
    Ok((algorithm, info.octets(WHAT)?))
}
