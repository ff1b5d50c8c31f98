//! A PKCS12 file that entries are added to.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crypto::KeyMaterial;
use crypto::keystore::{BYTES_MAX, EntryKind, KeyStore, KeyStoreType, NewEntry, write_pkcs12};
use source::Diagnostic;

use super::errors;
use super::files::{self, Access};

/// A store, new or read, that is not written yet.
pub(super) struct Store<'a> {
    path: PathBuf,
    password: &'a [u8],
    entries: Vec<NewEntry>,
}

/// Opens a key store of any type.
pub(super) fn read(path: &Path, password: Option<&[u8]>) -> Result<KeyStore, Diagnostic> {
    let bytes = files::read(path, BYTES_MAX)?;
    KeyStore::open(&bytes, password).map_err(|error| errors::key_store(path, &error))
}

impl<'a> Store<'a> {
    /// A store of its own.
    pub(super) fn new(path: &Path, password: &'a [u8]) -> Self {
        Self { path: path.to_owned(), password, entries: Vec::new() }
    }

    /// The store in this file, with every key decrypted, or a new one if there is no file.
    pub(super) fn open(path: &Path, password: &'a [u8]) -> Result<Self, Diagnostic> {
        let mut store = Self::new(path, password);
        if path.symlink_metadata().is_err() {
            return Ok(store);
        }
        let existing = read(path, Some(password))?;
        if existing.kind() != KeyStoreType::Pkcs12 {
            return Err(errors::only_pkcs12(path, existing.kind()));
        }
        let others = existing.loose_certificates().len() + existing.unencrypted_keys();
        if others > 0 {
            return Err(errors::would_be_lost(path, others));
        }
        for entry in existing.entries() {
            let key = entry.key(Some(password)).map_err(|error| errors::key_store(path, &error))?;
            let created = entry.created.unwrap_or_else(SystemTime::now);
            let key = key.material().clone();
            store.entries.push(NewEntry { alias: entry.alias.clone(), created, key });
        }
        Ok(store)
    }

    /// Adds an entry; one of the same name is replaced only with `force`.
    pub(super) fn add(&mut self, alias: &str, key: KeyMaterial, force: bool) -> Result<(), Diagnostic> {
        self.add_made(alias, SystemTime::now(), key, force)
    }

    /// Adds an entry that was made before.
    pub(super) fn add_made(
        &mut self,
        alias: &str,
        created: SystemTime,
        key: KeyMaterial,
        force: bool,
    ) -> Result<(), Diagnostic> {
        let alias = alias.to_lowercase();
        if alias.is_empty() {
            return Err(errors::no_alias());
        }
        let entry = NewEntry { alias, created, key };
        entry.check().map_err(|error| errors::key_store(&self.path, &error))?;
        match self.entries.iter_mut().find(|existing| existing.alias == entry.alias) {
            Some(existing) if force => *existing = entry,
            Some(existing) => return Err(errors::entry_exists(&self.path, &existing.alias)),
            None => self.entries.push(entry),
        }
        Ok(())
    }

    /// What the entry of this name is.
    pub(super) fn kind_of(&self, alias: &str) -> Option<EntryKind> {
        let alias = alias.to_lowercase();
        let entry = self.entries.iter().find(|entry| entry.alias == alias)?;
        Some(match entry.key {
            KeyMaterial::Private { .. } | KeyMaterial::Token { .. } => EntryKind::PrivateKey,
            KeyMaterial::Symmetric { .. } => EntryKind::SecretKey,
            KeyMaterial::Public { .. } | KeyMaterial::Certificate { .. } => EntryKind::TrustedCertificate,
        })
    }

    /// Writes the file over what it was read from.
    pub(super) fn save(self) -> Result<(), Diagnostic> {
        self.write(true)
    }

    /// Writes the file, over another one only with `force`.
    pub(super) fn write(self, force: bool) -> Result<(), Diagnostic> {
        let bytes = write_pkcs12(&self.entries, self.password);
        let bytes = bytes.map_err(|error| errors::key_store(&self.path, &error))?;
        let is_public = |entry: &NewEntry| matches!(entry.key, KeyMaterial::Certificate { .. });
        let access = if self.entries.iter().all(is_public) { Access::Everybody } else { Access::Owner };
        files::write(&self.path, &bytes, access, force)
    }
}
