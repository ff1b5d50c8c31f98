//! `portcullis keys import-cert`: what `keytool -importcert` does for certificates that are to be trusted.

use std::path::PathBuf;

use clap::Args;
use crypto::KeyMaterial;
use crypto::keystore::EntryKind;
use source::Diagnostic;

use super::password::PasswordArguments;
use super::store::Store;
use super::{Done, certificate, errors};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The key store to put the certificate into; made if it does not exist.
    #[arg(long)]
    keystore: PathBuf,
    /// The name of the entry; further certificates of the file get it with -2, -3 and so on.
    #[arg(long)]
    alias: String,
    /// The certificate, as PEM or DER.
    #[arg(long)]
    file: PathBuf,
    #[command(flatten)]
    password: PasswordArguments,
    /// Replace a certificate of this name.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    let certificates = certificate::read_all(&arguments.file)?;
    let password = arguments.password.needed()?;
    let mut store = Store::open(&arguments.keystore, &password)?;
    let mut done = Done::default();
    let aliases = certificate::numbered(&arguments.alias, certificates.len());
    for (alias, der) in aliases.zip(certificates) {
        // Whoever has put a certificate in place of a key has lost the key.
        if matches!(store.kind_of(&alias), Some(EntryKind::PrivateKey | EntryKind::SecretKey)) {
            return Err(errors::would_destroy_key(&arguments.keystore, &alias));
        }
        add_trusted(&mut store, &alias, der, arguments.force, &mut done)?;
    }
    store.save()?;
    Ok(done)
}

/// Adds a certificate to trust, and says whose it is.
pub(super) fn add_trusted(
    store: &mut Store<'_>,
    alias: &str,
    der: Vec<u8>,
    force: bool,
    done: &mut Done,
) -> Result<(), Diagnostic> {
    if let Some(facts) = certificate::facts(&der) {
        done.say(&format!(
            "{alias}: trusted certificate of {}, valid until {}",
            facts.subject, facts.not_after
        ));
        if let Some(why) = facts.invalid {
            done.remark(errors::not_valid_now(alias, why, &facts.not_before, &facts.not_after));
        }
    }
    store.add(alias, KeyMaterial::Certificate { der }, force)
}
