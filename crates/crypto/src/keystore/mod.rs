//! [`KeyStore`]: files of keys and certificates that Java programs share: PKCS#12, JKS, JCEKS.
//!
//! Read by our own code, because configurations move here with the stores they have, and a store opens here
//! if and only if it opens in Java: with entry passwords of their own, secret keys, ciphers of twenty years
//! ago, and whatever type the configuration claims. What is written is PKCS#12 only.
//!
//! A file is untrusted: every length is checked against what is there before it is used, and whatever grows
//! with the file has a limit.

mod ber;
mod certificate;
mod cursor;
mod error;
mod jceks;
mod jks;
mod oids;
mod pbe;
mod pkcs12;
mod pkcs8;
mod serialised;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::{CryptoKey, KeyMaterial};

pub use error::KeyStoreError;
pub use writer::{NewEntry, write_pkcs12};

/// A larger file is no key store that somebody made on purpose.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The trust stores of operating systems have some 150 entries.
pub const ENTRIES_MAX: usize = 10_000;

/// A longer chain would not fit in a handshake.
pub const CHAIN_MAX: usize = 100;

/// A key store whose integrity has been checked, if there was a password to check it with.
#[derive(Debug)]
pub struct KeyStore {
    kind: KeyStoreType,
    entries: Vec<Entry>,
    by_alias: HashMap<String, usize>,
    loose: Vec<LooseCertificate>,
    unencrypted_keys: usize,
}

/// What a file is, by its first bytes. The type that a configuration claims is of no interest, to Java neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStoreType {
    /// RFC 7292, `.p12` or `.pfx`; what everything writes today.
    Pkcs12,
    /// What Java wrote by default until version 8.
    Jks,
    /// What Java wrote secret keys to until version 8.
    Jceks,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A private key with its certificates.
    PrivateKey,
    /// A symmetric key, or a password that keytool imported.
    SecretKey,
    /// A certificate that is trusted.
    TrustedCertificate,
}

/// An entry; its key stays encrypted until it is asked for.
pub struct Entry {
    /// Its name, in lower case as Java has it.
    pub alias: String,
    /// What it holds.
    pub kind: EntryKind,
    /// When it was put into the store, where the store says so.
    pub created: Option<SystemTime>,
    content: Content,
    /// Leaf first; the one certificate of a trusted entry.
    chain: Vec<Vec<u8>>,
}

/// A certificate that belongs to no key and is not marked as trusted, so that Java does not see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseCertificate {
    /// Its name in the file in lower case, else its subject.
    pub alias: String,
    /// Its DER.
    pub der: Vec<u8>,
}

/// What protects the key of an entry.
enum Content {
    Certificate,
    /// DER of an `EncryptedPrivateKeyInfo` (RFC 5958, section 3).
    Encrypted(Vec<u8>),
    /// A secret key of a JCEKS file.
    Sealed(jceks::Sealed),
}

impl KeyStore {
    /// Reads a key store of any type.
    ///
    /// With a password the integrity of the whole file is checked. Without one, only what is not encrypted
    /// can be read, unchecked: certificates of JKS files and of PKCS#12 files that were made so.
    ///
    /// # Errors
    /// No key store, a damaged one, a wrong password, or none for an encrypted one. An entry with a password
    /// of its own is no error here.
    pub fn open(bytes: &[u8], store_password: Option<&[u8]>) -> Result<Self, KeyStoreError> {
        KeyStoreError::at_most("bytes", bytes.len() as u64, BYTES_MAX as u64)?;
        let found = match bytes {
            [] => "an empty file",
            [0x30, ..] => return pkcs12::open(bytes, store_password),
            [0xFE, 0xED, 0xFE, 0xED, ..] => return jks::open(KeyStoreType::Jks, bytes, store_password),
            [0xCE, 0xCE, 0xCE, 0xCE, ..] => return jks::open(KeyStoreType::Jceks, bytes, store_password),
            _ if bytes.windows(11).take(4096).any(|window| window == b"-----BEGIN ") => "PEM text",
            _ => "something else",
        };
        Err(KeyStoreError::NotAKeyStore { found })
    }

    fn new(kind: KeyStoreType) -> Self {
        Self { kind, entries: Vec::new(), by_alias: HashMap::new(), loose: Vec::new(), unencrypted_keys: 0 }
    }

    /// What the file is.
    pub fn kind(&self) -> KeyStoreType {
        self.kind
    }

    /// The entries in the order of the file.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entry of this name, in any case.
    pub fn get(&self, alias: &str) -> Option<&Entry> {
        self.by_alias.get(&alias.to_lowercase()).map(|&index| &self.entries[index])
    }

    /// Certificates that are not trusted entries and in no chain. Trust stores that `openssl pkcs12` makes have
    /// nothing else.
    pub fn loose_certificates(&self) -> &[LooseCertificate] {
        &self.loose
    }

    /// How many private keys lie in the file unencrypted. Java ignores them, and so do we.
    pub fn unencrypted_keys(&self) -> usize {
        self.unencrypted_keys
    }

    /// Adds an entry; one of the same name is replaced at its place, as in Java.
    fn insert(&mut self, mut entry: Entry) -> Result<(), KeyStoreError> {
        entry.alias = entry.alias.to_lowercase();
        if let Some(&index) = self.by_alias.get(&entry.alias) {
            self.entries[index] = entry;
            return Ok(());
        }
        KeyStoreError::at_most("entries", self.entries.len() as u64 + 1, ENTRIES_MAX as u64)?;
        self.by_alias.insert(entry.alias.clone(), self.entries.len());
        self.entries.push(entry);
        Ok(())
    }
}

impl Entry {
    fn trusted(alias: String, created: Option<SystemTime>, der: Vec<u8>) -> Self {
        let (kind, content) = (EntryKind::TrustedCertificate, Content::Certificate);
        Self { alias, kind, created, content, chain: vec![der] }
    }

    /// DER of its certificates, that of the key first; none of a secret key. Needs no password.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The key or certificate, with the alias as its name. `password` is that of the entry, which is the one of
    /// the store unless somebody took another; a certificate needs none.
    ///
    /// # Errors
    /// [`KeyStoreError::Entry`]: a wrong password, none, or a protection that is not supported.
    pub fn key(&self, password: Option<&[u8]>) -> Result<CryptoKey, KeyStoreError> {
        let material = self.material(password).map_err(|reason| reason.of_entry(&self.alias))?;
        Ok(CryptoKey::named(self.alias.clone(), material))
    }

    fn material(&self, password: Option<&[u8]>) -> Result<KeyMaterial, KeyStoreError> {
        let password = || password.ok_or(KeyStoreError::PasswordNeeded);
        match &self.content {
            Content::Certificate => {
                Ok(KeyMaterial::Certificate { der: self.chain.first().cloned().unwrap_or_default() })
            }
            Content::Encrypted(info) => {
                let plain = decrypt_pkcs8(info, password()?)?;
                if self.kind == EntryKind::SecretKey {
                    return pkcs8::secret_key(&plain);
                }
                let algorithm = pkcs8::algorithm(&plain)?;
                Ok(KeyMaterial::Private { algorithm, pkcs8: plain, chain: self.chain.clone() })
            }
            Content::Sealed(sealed) => sealed.open(password()?),
        }
    }
}

/// Decrypts DER of an `EncryptedPrivateKeyInfo` to that of the `PrivateKeyInfo` in it, whatever protects it.
///
/// # Errors
/// A wrong password, damage, or an algorithm that is not supported.
pub(crate) fn decrypt_pkcs8(info: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    const WHAT: &str = "an encrypted key";
    let mut info = ber::Reader::new(info).sequence(WHAT)?;
    let mut algorithm = info.sequence(WHAT)?;
    let encrypted = info.octets(WHAT)?;
    match algorithm.oid(WHAT)? {
        oids::JKS_KEY => jks::decrypt(encrypted, password),
        oids::JCEKS_KEY => jceks::decrypt(algorithm, encrypted, password),
        oid => pbe::decrypt(oid, algorithm, encrypted, password),
    }
}

impl fmt::Display for KeyStoreType {
    /// The name that Java and configurations have for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs12 => "PKCS12",
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
        })
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:?}: {}, {} certificates]", self.kind, self.alias, self.chain.len())
    }
}
