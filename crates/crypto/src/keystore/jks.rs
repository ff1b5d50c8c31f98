//! JKS: Java's own format until version 8, and the frame of JCEKS.
//!
//! Certificates are not encrypted. Keys are, with a stream that SHA-1 makes of password and salt, and the whole
//! file has a digest that begins with the password.

use std::time::{Duration, SystemTime};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};
use zeroize::Zeroizing;

use super::cursor::Cursor;
use super::{CHAIN_MAX, Content, ENTRIES_MAX, Entry, EntryKind, KeyStore, KeyStoreError, KeyStoreType};
use super::{certificate, jceks};

/// What the digest of the file begins with, after the password.
const WHITENER: &[u8] = b"Mighty Aphrodite";

/// Reads a file that begins with one of the two magic numbers.
pub(super) fn open(
    kind: KeyStoreType,
    bytes: &[u8],
    password: Option<&[u8]>,
) -> Result<KeyStore, KeyStoreError> {
    let mut file = Cursor::new(bytes);
    file.u32("its first bytes")?;
    let version = file.u32("its version")?;
    if !matches!(version, 1 | 2) {
        return Err(KeyStoreError::unsupported("version", version));
    }
    let count = file.u32("the number of entries")?;
    KeyStoreError::at_most("entries", count.into(), ENTRIES_MAX as u64)?;
    let mut store = KeyStore::new(kind);
    for _ in 0..count {
        store.insert(entry(kind, version, &mut file)?)?;
    }
    let before = file.before();
    let sealed = file.take(SHA1_OUTPUT_LEN, "the digest at its end")?;
    if let Some(password) = password {
        let digest = sha1(&[&utf16(password)?, WHITENER, before]);
        verify_slices_are_equal(digest.as_ref(), sealed).map_err(|_| KeyStoreError::WrongPassword)?;
    }
    Ok(store)
}

fn entry(kind: KeyStoreType, version: u32, file: &mut Cursor<'_>) -> Result<Entry, KeyStoreError> {
    let tag = file.u32("an entry")?;
    let alias = file.text("an alias")?;
    let ms = file.u64("the date of an entry")?;
    let created = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms));
    match tag {
        1 => {
            let key = file.bytes("a private key")?.to_vec();
            let count = file.u32("a chain of certificates")?;
            KeyStoreError::at_most("certificates in a chain", count.into(), CHAIN_MAX as u64)?;
            let chain = (0..count).map(|_| certificate(version, file)).collect::<Result<_, _>>()?;
            let content = Content::Encrypted(key);
            Ok(Entry { alias, kind: EntryKind::PrivateKey, created, content, chain })
        }
        2 => Ok(Entry::trusted(alias, created, certificate(version, file)?)),
        3 if kind == KeyStoreType::Jceks => {
            let content = Content::Sealed(jceks::Sealed::read(file)?);
            Ok(Entry { alias, kind: EntryKind::SecretKey, created, content, chain: Vec::new() })
        }
        _ => Err(KeyStoreError::unsupported("a kind of entry,", tag)),
    }
}

fn certificate(version: u32, file: &mut Cursor<'_>) -> Result<Vec<u8>, KeyStoreError> {
    if version > 1 {
        let kind = file.text("the type of a certificate")?;
        if !matches!(kind.as_str(), "X.509" | "X509") {
            return Err(KeyStoreError::unsupported("a type of certificate,", kind));
        }
    }
    let der = file.bytes("a certificate")?;
    certificate::names(der)?;
    Ok(der.to_vec())
}

/// Decrypts a key: salt, the key under a stream, and a digest by which a wrong password shows.
pub(super) fn decrypt(encrypted: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    const WHAT: &str = "a private key";
    let password = utf16(password)?;
    let split = encrypted.split_at_checked(SHA1_OUTPUT_LEN);
    let (salt, rest) = split.ok_or(KeyStoreError::malformed(WHAT))?;
    let length = rest.len().checked_sub(SHA1_OUTPUT_LEN).ok_or(KeyStoreError::malformed(WHAT))?;
    let (key, check) = rest.split_at(length);

    let mut plain = Zeroizing::new(key.to_vec());
    let mut stream = Zeroizing::new(salt.to_vec());
    for block in plain.chunks_mut(SHA1_OUTPUT_LEN) {
        let next = sha1(&[&password, &stream]);
        stream.copy_from_slice(next.as_ref());
        block.iter_mut().zip(stream.iter()).for_each(|(byte, mask)| *byte ^= mask);
    }
    let digest = sha1(&[&password, &plain]);
    verify_slices_are_equal(digest.as_ref(), check).map_err(|_| KeyStoreError::WrongPassword)?;
    Ok(plain)
}

fn sha1(parts: &[&[u8]]) -> digest::Digest {
    let mut context = digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    context.finish()
}

/// A password as Java's characters, big end first.
fn utf16(password: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    let text = str::from_utf8(password).map_err(|_| KeyStoreError::PasswordNotText)?;
    Ok(Zeroizing::new(text.encode_utf16().flat_map(u16::to_be_bytes).collect()))
}
