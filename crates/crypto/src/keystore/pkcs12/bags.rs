//! The bags of a PKCS#12 file: keys, certificates, secrets, and what the file says about each.

use std::time::{Duration, SystemTime};

use super::super::ber::{self, BMP_STRING, OCTET_STRING, Reader, SET};
use super::super::{ENTRIES_MAX, KeyStoreError, oids};

const WHAT: &str = "an entry";

/// A file has a few bags for each entry: a key with a chain is several.
const BAGS_MAX: u64 = 4 * ENTRIES_MAX as u64;

/// Everything in a file, in its order.
#[derive(Default)]
pub(super) struct Bags {
    pub(super) bags: Vec<Bag>,
    pub(super) unencrypted_keys: usize,
}

pub(super) struct Bag {
    pub(super) content: BagContent,
    pub(super) friendly_name: Option<String>,
    pub(super) local_key_id: Option<Vec<u8>>,
    /// Marked as trusted, as Java does.
    pub(super) is_trusted: bool,
}

pub(super) enum BagContent {
    /// DER of an `EncryptedPrivateKeyInfo`.
    PrivateKey(Vec<u8>),
    /// The same around the bytes of a symmetric key.
    SecretKey(Vec<u8>),
    Certificate(Vec<u8>),
}

impl Bag {
    /// Java writes when a key was made where others write a digest of it.
    pub(super) fn created(&self) -> Option<SystemTime> {
        let id = str::from_utf8(self.local_key_id.as_deref()?).ok()?;
        let ms = id.strip_prefix("Time ")?.parse().ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms))
    }
}

impl Bags {
    /// Reads `SafeContents`, which may be BER of its own.
    pub(super) fn read(&mut self, contents: &[u8]) -> Result<(), KeyStoreError> {
        let contents = zeroize::Zeroizing::new(ber::normalise(contents, WHAT)?);
        let mut contents = Reader::new(&contents).sequence(WHAT)?;
        while !contents.is_empty() {
            self.bag(contents.sequence(WHAT)?)?;
            KeyStoreError::at_most("bags", self.bags.len() as u64, BAGS_MAX)?;
        }
        Ok(())
    }

    fn bag(&mut self, mut bag: Reader<'_>) -> Result<(), KeyStoreError> {
        let oid = bag.oid(WHAT)?;
        let value = bag.explicit(0, WHAT)?;
        let content = match oid {
            oids::SHROUDED_KEY_BAG => BagContent::PrivateKey({ value }.whole(WHAT)?.to_vec()),
            oids::CERTIFICATE_BAG => BagContent::Certificate(certificate({ value }.sequence(WHAT)?)?),
            oids::SECRET_BAG => BagContent::SecretKey(secret({ value }.sequence(WHAT)?)?),
            oids::KEY_BAG => {
                self.unencrypted_keys += 1;
                return Ok(());
            }
            // Lists of revoked certificates and bags in bags, which Java ignores.
            _ => return Ok(()),
        };
        let mut bag_read = Bag { content, friendly_name: None, local_key_id: None, is_trusted: false };
        if !bag.is_empty() {
            bag_read.attributes(Reader::new(bag.tagged(SET, WHAT)?))?;
        }
        self.bags.push(bag_read);
        Ok(())
    }
}

impl Bag {
    fn attributes(&mut self, mut attributes: Reader<'_>) -> Result<(), KeyStoreError> {
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence(WHAT)?;
            let oid = attribute.oid(WHAT)?;
            let mut values = Reader::new(attribute.tagged(SET, WHAT)?);
            match oid {
                oids::FRIENDLY_NAME if !values.is_empty() => {
                    self.friendly_name = Some(text(values.tagged(BMP_STRING, WHAT)?)?);
                }
                oids::LOCAL_KEY_ID if !values.is_empty() => {
                    self.local_key_id = Some(values.octets(WHAT)?.to_vec());
                }
                oids::TRUSTED_KEY_USAGE => self.is_trusted = true,
                _ => {}
            }
        }
        Ok(())
    }
}

fn certificate(mut bag: Reader<'_>) -> Result<Vec<u8>, KeyStoreError> {
    let oid = bag.oid(WHAT)?;
    if oid != oids::X509_CERTIFICATE {
        return Err(KeyStoreError::unsupported("a type of certificate,", oid));
    }
    Ok(bag.explicit(0, WHAT)?.octets(WHAT)?.to_vec())
}

/// Java says of a secret that it is a shrouded key, in a string.
fn secret(mut bag: Reader<'_>) -> Result<Vec<u8>, KeyStoreError> {
    let oid = bag.oid(WHAT)?;
    if oid != oids::SHROUDED_KEY_BAG {
        return Err(KeyStoreError::unsupported("a type of secret,", oid));
    }
    Ok(bag.explicit(0, WHAT)?.tagged(OCTET_STRING, WHAT)?.to_vec())
}

/// A string of two bytes each, which may be halves of a surrogate pair.
fn text(bytes: &[u8]) -> Result<String, KeyStoreError> {
    let units: Vec<u16> =
        bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])).collect();
    String::from_utf16(&units).map_err(|_| KeyStoreError::malformed("an alias"))
}
