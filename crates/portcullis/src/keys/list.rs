//! `portcullis keys list`: what `keytool -list -v` shows, in short.

use std::path::PathBuf;

use clap::Args;
use crypto::KeyMaterial;
use crypto::keystore::{Entry, EntryKind};
use source::Diagnostic;

use super::password::PasswordArguments;
use super::{Done, certificate, errors, store};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The key store.
    keystore: PathBuf,
    /// Show only this entry.
    #[arg(long)]
    alias: Option<String>,
    #[command(flatten)]
    password: PasswordArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    let password = arguments.password.read()?;
    let password = password.as_ref().map(|password| password.as_slice());
    let keystore = store::read(&arguments.keystore, password)?;
    let mut done = Done::default();
    if let Some(alias) = &arguments.alias {
        let entry =
            keystore.get(alias).ok_or_else(|| errors::no_entry(&arguments.keystore, alias, &keystore))?;
        show(entry, password, &mut done);
        return Ok(done);
    }
    let count = keystore.entries().len();
    let entries = if count == 1 { "entry" } else { "entries" };
    done.say(&format!("{}, {count} {entries}", keystore.kind()));
    if password.is_none() {
        done.remark(errors::unchecked(&arguments.keystore));
    }
    for entry in keystore.entries() {
        done.say("");
        show(entry, password, &mut done);
    }
    for loose in keystore.loose_certificates() {
        done.say("");
        done.say(&loose.alias);
        done.say("  certificate, not marked as trusted: Java does not see it");
        show_certificate(&loose.der, &mut done);
    }
    if keystore.unencrypted_keys() > 0 {
        done.remark(errors::unencrypted_keys(&arguments.keystore, keystore.unencrypted_keys()));
    }
    Ok(done)
}

fn show(entry: &Entry, password: Option<&[u8]>, done: &mut Done) {
    done.say(&entry.alias);
    let created = entry.created.map_or(String::new(), |at| format!(", created {}", certificate::day(at)));
    let kind = match entry.kind {
        EntryKind::TrustedCertificate => "trusted certificate".to_owned(),
        EntryKind::PrivateKey => "private key".to_owned(),
        EntryKind::SecretKey => match entry.key(password).as_ref().map(|key| key.material()) {
            Ok(KeyMaterial::Symmetric { algorithm, bytes }) => {
                format!("secret key, {algorithm}, {} bits", bytes.len() * 8)
            }
            _ => "secret key, with a password of its own".to_owned(),
        },
    };
    done.say(&format!("  {kind}{created}"));
    match entry.chain() {
        [] if entry.kind == EntryKind::PrivateKey => done.say("  no certificate"),
        [] => {}
        [first, others @ ..] => {
            show_certificate(first, done);
            for other in others {
                let facts = certificate::facts(other);
                let subject = facts
                    .map_or_else(|| "a certificate that cannot be read".to_owned(), |facts| facts.subject);
                done.say(&format!("  chain     {subject}"));
            }
        }
    }
}

fn show_certificate(der: &[u8], done: &mut Done) {
    let Some(facts) = certificate::facts(der) else {
        done.say("  a certificate that cannot be read");
        return;
    };
    done.say(&format!("  subject   {}", facts.subject));
    if facts.issuer != facts.subject {
        done.say(&format!("  issuer    {}", facts.issuer));
    }
    if !facts.names.is_empty() {
        done.say(&format!("  names     {}", facts.names.join(", ")));
    }
    done.say(&format!("  key       {}", facts.key));
    let invalid = facts.invalid.map_or(String::new(), |why| format!(" {why}"));
    done.say(&format!("  valid     {} to {}{invalid}", facts.not_before, facts.not_after));
    done.say(&format!("  SHA-256   {}", facts.sha256));
}
