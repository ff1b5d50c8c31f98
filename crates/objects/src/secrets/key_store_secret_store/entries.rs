//! From the bytes of a key store to the keys of every secret. Runs where it may take its time.

use std::collections::HashMap;
use std::path::Path;

use crypto::keystore::{KeyStore, KeyStoreError};
use crypto::{CryptoKey, KeyMaterial, Secret, SecretId};
use heap::Spanned;
use sha2::{Digest, Sha256};

use super::super::mappings::Aliases;
use super::problem::{Place, Problem};

/// A message does not list more aliases than this.
const ALIASES_SHOWN_MAX: usize = 10;

/// What opens a file and its entries.
pub(super) struct Passwords {
    pub(super) store: Secret,
    /// When absent, it is that of the file.
    pub(super) entry: Option<Secret>,
}

impl Passwords {
    /// Adds the passwords, because another password makes another outcome.
    pub(super) fn digest(&self, digest: Sha256) -> Sha256 {
        let passwords = [Some(&self.store), self.entry.as_ref()];
        passwords.into_iter().flatten().fold(digest, |digest, password| {
            let bytes = password.bytes().unwrap_or_default();
            digest.chain_update((bytes.len() as u64).to_be_bytes()).chain_update(bytes)
        })
    }
}

/// The keys of every secret, the active one first.
pub(super) fn read(
    path: &Path,
    bytes: &[u8],
    passwords: &Passwords,
    aliases: &Aliases,
) -> Result<HashMap<SecretId, Vec<CryptoKey>>, Problem> {
    let file = path.display();
    let store = KeyStore::open(bytes, passwords.store.bytes()).map_err(|error| {
        let place = if error.is_about_password() { Place::StorePassword } else { Place::File };
        Problem::new(place, format!("the key store `{file}` {error}"))
    })?;
    aliases.read(|alias| key(&store, path, passwords, alias))
}

fn key(
    store: &KeyStore,
    path: &Path,
    passwords: &Passwords,
    alias: &Spanned<String>,
) -> Result<CryptoKey, Problem> {
    let file = path.display();
    let origin = format!("`{}` of {file}", &**alias);
    if let Some(entry) = store.get(alias) {
        let password = passwords.entry.as_ref().unwrap_or(&passwords.store);
        let key = entry.key(password.bytes()).map_err(|error| {
            let place = match &error {
                KeyStoreError::Entry { reason, .. } if reason.is_about_password() => Place::EntryPassword,
                _ => Place::Alias(alias.span().clone()),
            };
            Problem::new(place, format!("the key store `{file}` {error}"))
        })?;
        return Ok(key.with_origin(origin));
    }
    let name = alias.to_lowercase();
    if let Some(loose) = store.loose_certificates().iter().find(|loose| loose.alias.to_lowercase() == name) {
        let material = KeyMaterial::Certificate { der: loose.der.clone() };
        return Ok(CryptoKey::named(name, material).with_origin(origin));
    }
    let message = format!("the key store `{file}` has no entry `{}`; {}", &**alias, listed(store));
    Err(Problem::new(Place::Alias(alias.span().clone()), message))
}

/// What there is instead.
fn listed(store: &KeyStore) -> String {
    let entries = store.entries().map(|entry| entry.alias.as_str());
    let all: Vec<&str> =
        entries.chain(store.loose_certificates().iter().map(|loose| loose.alias.as_str())).collect();
    let shown: Vec<String> = all.iter().take(ALIASES_SHOWN_MAX).map(|alias| format!("`{alias}`")).collect();
    let listed = match all.len() {
        0 => "it has none".to_owned(),
        count if count > shown.len() => {
            format!("it has {}, and {} more", shown.join(", "), count - shown.len())
        }
        _ => format!("it has {}", shown.join(", ")),
    };
    match store.unencrypted_keys() {
        0 => listed,
        count => format!("{listed}, and {count} unencrypted private keys, which Java does not read either"),
    }
}
