//! PKCS#12 (RFC 7292): the frame, the check of its integrity, and its parts, some of which are encrypted.

mod bags;
mod link;
mod mac;

use super::ber::{self, OCTET_STRING, Reader, SEQUENCE};
use super::{KeyStore, KeyStoreError, oids, pbe};

/// Java writes two parts, others one for each entry.
const PARTS_MAX: u64 = super::ENTRIES_MAX as u64;

/// Each encrypted part costs a key derivation, and one holds all certificates.
const ENCRYPTED_PARTS_MAX: u64 = 32;

const FRAME: &str = "its frame";
const PART: &str = "a part of it";

/// Reads a file that begins as a sequence.
pub(super) fn open(bytes: &[u8], password: Option<&[u8]>) -> Result<KeyStore, KeyStoreError> {
    let frame = ber::normalise(bytes, FRAME)?;
    let mut frame = Reader::new(&frame).sequence(FRAME)?;
    if frame.number(FRAME) != Ok(3) {
        return Err(KeyStoreError::NotAKeyStore {
            found: "another structure, such as a certificate or a key",
        });
    }
    let (kind, content) = content_info(frame.sequence(FRAME)?)?;
    let Content::Plain(parts) = content else {
        return Err(KeyStoreError::unsupported("the protection", kind));
    };
    if let Some(mac) = frame.optional(SEQUENCE, FRAME)?
        && let Some(password) = password
    {
        mac::verify(Reader::new(mac), parts, password)?;
    }
    let parts = ber::normalise(parts, PART)?;
    let mut parts = Reader::new(&parts).sequence(PART)?;
    let mut bags = bags::Bags::default();
    let (mut count, mut encrypted) = (0, 0);
    while !parts.is_empty() {
        count += 1;
        KeyStoreError::at_most("parts", count, PARTS_MAX)?;
        match content_info(parts.sequence(PART)?)? {
            (_, Content::Plain(part)) => bags.read(part)?,
            (_, Content::Encrypted(part)) => {
                encrypted += 1;
                KeyStoreError::at_most("encrypted parts", encrypted, ENCRYPTED_PARTS_MAX)?;
                bags.read(&decrypt(part, password.ok_or(KeyStoreError::PasswordNeeded)?)?)?;
            }
            (oid, Content::Other) => return Err(KeyStoreError::unsupported("the protection", oid)),
        }
    }
    link::link(bags)
}

enum Content<'a> {
    Plain(&'a [u8]),
    Encrypted(Reader<'a>),
    Other,
}

fn content_info(mut info: Reader<'_>) -> Result<(der::asn1::ObjectIdentifier, Content<'_>), KeyStoreError> {
    let oid = info.oid(PART)?;
    let content = match oid {
        oids::DATA => Content::Plain(info.explicit(0, PART)?.octets(PART)?),
        oids::ENCRYPTED_DATA => Content::Encrypted(info.explicit(0, PART)?.sequence(PART)?),
        _ => Content::Other,
    };
    Ok((oid, content))
}

/// Decrypts `EncryptedData` (RFC 5652, section 8).
fn decrypt(mut data: Reader<'_>, password: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyStoreError> {
    data.number(PART)?;
    let mut info = data.sequence(PART)?;
    info.oid(PART)?;
    let mut algorithm = info.sequence(PART)?;
    let encrypted = match info.any(PART)? {
        (0x80, encrypted) => encrypted.to_vec(),
        // The same string in pieces.
        (0xA0, pieces) => {
            let mut pieces = Reader::new(pieces);
            let mut encrypted = Vec::new();
            while !pieces.is_empty() {
                encrypted.extend_from_slice(pieces.tagged(OCTET_STRING, PART)?);
            }
            encrypted
        }
        _ => return Err(KeyStoreError::malformed(PART)),
    };
    let oid = algorithm.oid(PART)?;
    pbe::decrypt(oid, algorithm, &encrypted, password)
}
