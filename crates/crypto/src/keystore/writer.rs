//! Writes PKCS#12 files that Java opens, each kind of entry as that kind.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use p12_keystore::secret::{Secret, SecretKeyType};
use p12_keystore::{Certificate, KeyStore as Writer, KeyStoreEntry, PrivateKey, PrivateKeyChain};

use super::{ENTRIES_MAX, KeyStore, KeyStoreError, oids};
use crate::KeyMaterial;

/// Ten times what Java 17 writes, which still opens in some 50 ms.
const ROUNDS: u32 = 100_000;

/// An entry to write.
pub struct NewEntry {
    /// Its name; written in lower case, as Java does.
    pub alias: String,
    /// When it was made.
    pub created: SystemTime,
    /// What it holds. A [`KeyMaterial::Certificate`] becomes a trusted certificate.
    pub key: KeyMaterial,
}

impl NewEntry {
    /// Whether such a file can hold it.
    ///
    /// # Errors
    /// [`KeyStoreError::Entry`] with the reason why not.
    pub fn check(&self) -> Result<(), KeyStoreError> {
        new_entry(self, &mut HashSet::new()).map(drop)
    }
}

/// Writes a PKCS#12 file; one password protects the file and each key in it, as keytool has it.
///
/// # Errors
/// [`KeyStoreError::NotWritable`]: an empty or non-ASCII password, which Java could not open; two entries of one
/// name; an entry that such a file cannot hold.
pub fn write_pkcs12(entries: &[NewEntry], password: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
    let password = str::from_utf8(password).ok().filter(|text| is_for_java(text));
    let password = password.ok_or(KeyStoreError::NotWritable(
        "its password must be printable ASCII, and not empty, because Java opens no others",
    ))?;
    KeyStoreError::at_most("entries", entries.len() as u64, ENTRIES_MAX as u64)?;
    let mut writer = Writer::new();
    let mut ids = HashSet::new();
    for entry in entries {
        let alias = entry.alias.to_lowercase();
        let written = new_entry(entry, &mut ids)?;
        if writer.entry(&alias).is_some() {
            return Err(KeyStoreError::NotWritable("there is another of this name").of_entry(&alias));
        }
        writer.add_entry(&alias, written);
    }
    let writing = writer.writer(password).encryption_iterations(ROUNDS).mac_iterations(ROUNDS);
    let bytes =
        writing.write().map_err(|_| KeyStoreError::NotWritable("the entries do not fit the format"))?;
    // A store that lacks a key is worse than none, and the library says nothing of secrets it leaves out.
    match KeyStore::open(&bytes, Some(password.as_bytes())) {
        Ok(store) if store.entries().len() == entries.len() => Ok(bytes),
        _ => Err(KeyStoreError::NotWritable("the entries cannot be read back")),
    }
}

/// Whether Java takes this as the password of a PKCS#12 file.
fn is_for_java(password: &str) -> bool {
    !password.is_empty() && password.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn new_entry(entry: &NewEntry, ids: &mut HashSet<u128>) -> Result<KeyStoreEntry, KeyStoreError> {
    if entry.alias.chars().any(|character| u32::from(character) > 0xFFFF) {
        let reason = KeyStoreError::NotWritable("its name has characters that the format does not have");
        return Err(reason.of_entry(&entry.alias));
    }
    content(entry, ids).map_err(|reason| reason.of_entry(&entry.alias))
}

fn content(entry: &NewEntry, ids: &mut HashSet<u128>) -> Result<KeyStoreEntry, KeyStoreError> {
    let certificate = |der: &[u8]| {
        Certificate::from_der(der).map_err(|_| KeyStoreError::NotWritable("its certificate cannot be read"))
    };
    Ok(match &entry.key {
        KeyMaterial::Certificate { der } => KeyStoreEntry::Certificate(certificate(der)?),
        KeyMaterial::Private { pkcs8, chain, .. } => {
            let key = PrivateKey::from_der(pkcs8);
            let key = key.map_err(|_| KeyStoreError::NotWritable("its private key cannot be read"))?;
            let chain = chain.iter().map(|der| certificate(der)).collect::<Result<Vec<_>, _>>()?;
            KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(local_key_id(entry.created, ids), key, chain))
        }
        KeyMaterial::Symmetric { algorithm, bytes } => {
            let algorithm = oids::of_key(algorithm)
                .ok_or(KeyStoreError::NotWritable("Java has no identifier for the algorithm of its key"))?;
            let mut secret = Secret::builder(SecretKeyType::from_oid(&algorithm));
            secret.with_key(bytes.to_vec()).with_local_key_id(local_key_id(entry.created, ids));
            let secret = secret.build();
            KeyStoreEntry::Secret(secret.map_err(|_| KeyStoreError::NotWritable("its key cannot be used"))?)
        }
        KeyMaterial::Public { .. } => {
            return Err(KeyStoreError::NotWritable("it is a public key without a certificate"));
        }
        KeyMaterial::Token { .. } => {
            return Err(KeyStoreError::NotWritable("its private key stays in a hardware module"));
        }
    })
}

/// Java keeps the time of an entry where others have the identifier that ties a certificate to its key, so that
/// no two entries may be of the same time.
fn local_key_id(created: SystemTime, ids: &mut HashSet<u128>) -> String {
    let mut ms = created.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    while !ids.insert(ms) {
        ms += 1;
    }
    format!("Time {ms}")
}
