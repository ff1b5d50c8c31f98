//! Where a key that is made goes: into a key store, or into a PEM file.

use std::path::PathBuf;

use clap::Args;
use crypto::KeyMaterial;
use source::Diagnostic;

use super::files::{self, Access};
use super::password::PasswordArguments;
use super::store::Store;
use super::{errors, pem};

/// The place.
#[derive(Args)]
pub(super) struct PlaceArguments {
    /// The key store to put the key into; made if it does not exist.
    #[arg(long, required_unless_present = "pem", requires = "alias")]
    keystore: Option<PathBuf>,
    /// The name of the entry.
    #[arg(long, requires = "keystore")]
    alias: Option<String>,
    /// Write a PEM file instead, as PemPropertyFormat reads it.
    #[arg(long, value_name = "FILE", conflicts_with = "keystore")]
    pem: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordArguments,
    /// Replace an entry of this name, or the PEM file.
    #[arg(long)]
    force: bool,
}

impl PlaceArguments {
    /// Puts a key there, which is made only once it is clear that there is a place for it. Says which place.
    pub(super) fn put(
        &self,
        make: impl FnOnce() -> Result<KeyMaterial, Diagnostic>,
    ) -> Result<(String, KeyMaterial), Diagnostic> {
        match (&self.pem, &self.keystore, &self.alias) {
            (Some(path), ..) => {
                files::is_free(path, self.force)?;
                let key = make()?;
                files::write(path, pem::of_key(&key).as_bytes(), Access::Owner, self.force)?;
                Ok((path.display().to_string(), key))
            }
            (None, Some(path), Some(alias)) => {
                let password = self.password.needed()?;
                let mut store = Store::open(path, &password)?;
                let key = make()?;
                store.add(alias, key.clone(), self.force)?;
                store.save()?;
                Ok((format!("{}: {}", path.display(), alias.to_lowercase()), key))
            }
            // The command line is read so that this cannot be.
            _ => {
                Err(errors::key_input("say where to write the key: `--keystore` with `--alias`, or `--pem`"))
            }
        }
    }
}
