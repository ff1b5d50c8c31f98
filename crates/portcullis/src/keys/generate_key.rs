//! `portcullis keys generate-key`: what `keytool -genkeypair` does.

use std::path::PathBuf;

use clap::Args;
use crypto::KeyMaterial;
use source::Diagnostic;

use super::files::{self, Access};
use super::password::PasswordArguments;
use super::store::Store;
use super::wanted::CertificateArguments;
use super::{Done, certificate, pem};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The key store to put the key into; made if it does not exist.
    #[arg(long, required_unless_present = "pem", requires = "alias")]
    keystore: Option<PathBuf>,
    /// The name of the entry.
    #[arg(long, requires = "keystore")]
    alias: Option<String>,
    /// Write one PEM file with key and certificate instead, as PemPropertyFormat reads it.
    #[arg(long, value_name = "FILE", conflicts_with = "keystore")]
    pem: Option<PathBuf>,
    #[command(flatten)]
    certificate: CertificateArguments,
    #[command(flatten)]
    password: PasswordArguments,
    /// Replace an entry of this name, or the PEM file.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    let mut done = Done::default();
    if let Some(path) = &arguments.pem {
        files::is_free(path, arguments.force)?;
        let made = arguments.certificate.generate()?;
        let text = pem::key_with_chain(&made.pkcs8, std::slice::from_ref(&made.certificate));
        files::write(path, text.as_bytes(), Access::Owner, arguments.force)?;
        say_made(&mut done, &made.certificate, &path.display().to_string());
    }
    if let (Some(path), Some(alias)) = (&arguments.keystore, &arguments.alias) {
        let password = arguments.password.needed()?;
        let mut store = Store::open(path, &password)?;
        let made = arguments.certificate.generate()?;
        let chain = vec![made.certificate.clone()];
        let algorithm = arguments.certificate.algorithm();
        store.add(alias, KeyMaterial::Private { algorithm, pkcs8: made.pkcs8, chain }, arguments.force)?;
        store.save()?;
        say_made(&mut done, &made.certificate, &format!("{}: {}", path.display(), alias.to_lowercase()));
    }
    Ok(done)
}

/// Says what was made.
pub(super) fn say_made(done: &mut Done, der: &[u8], place: &str) {
    let Some(facts) = certificate::facts(der) else { return };
    done.say(&format!(
        "{place}: {} key and certificate of {}, valid until {}",
        facts.key, facts.subject, facts.not_after
    ));
    match facts.names.as_slice() {
        [] => {
            done.say("The certificate names no host, so that clients that check names refuse it; see --san.")
        }
        names => done.say(&format!("It is valid for {}.", names.join(", "))),
    }
}
