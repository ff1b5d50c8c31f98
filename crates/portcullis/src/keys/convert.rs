//! `portcullis keys convert`: what `keytool -importkeystore` does.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use source::Diagnostic;

use super::import_cert::add_trusted;
use super::password::{self, EntryPasswordArguments, PasswordArguments};
use super::store::{self, Store};
use super::{Done, errors, files};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The key store to read, of type PKCS12, JKS or JCEKS.
    keystore: PathBuf,
    /// The PKCS12 file to write.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    password: PasswordArguments,
    #[command(flatten)]
    entry_password: EntryPasswordArguments,
    /// File with the password of the new store. Default: that of the old one.
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    /// That password itself, which other users of the machine may see in the list of processes.
    #[arg(long, value_name = "PASSWORD", conflicts_with = "new_password_file")]
    new_password: Option<String>,
    /// Leave out entries that cannot be converted, instead of writing nothing.
    #[arg(long)]
    skip: bool,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
}

const NOTHING_WRITTEN: &str = "nothing is written; give the password of the entries with `--entry-password-file`, or \
     leave out what cannot be converted with `--skip`";

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    files::is_free(&arguments.output, arguments.force)?;
    let password = arguments.password.needed()?;
    let own = arguments.entry_password.read()?;
    let new = password::read(arguments.new_password_file.as_deref(), arguments.new_password.as_deref())?;
    let new = new.unwrap_or_else(|| password.clone());
    let source = store::read(&arguments.keystore, Some(&password))?;
    let mut target = Store::new(&arguments.output, &new);
    let mut done = Done::default();
    for entry in source.entries() {
        // The password of the entries is that of some of them only.
        let key = own.as_ref().map_or_else(|| entry.key(Some(&password)), |own| entry.key(Some(own)));
        let key = key.or_else(|_| entry.key(Some(&password)));
        let converted = match &key {
            Ok(key) => {
                let created = entry.created.unwrap_or_else(SystemTime::now);
                target.add_made(&entry.alias, created, key.material().clone(), false)
            }
            Err(error) => Err(errors::key_store(&arguments.keystore, error)),
        };
        match converted {
            Ok(()) => done.say(&format!("{}: converted", entry.alias)),
            Err(error) if !arguments.skip => return Err(error.help(NOTHING_WRITTEN)),
            Err(error) => done.remark(errors::left_out(&error)),
        }
    }
    if source.entries().len() == 0 {
        // What OpenSSL makes of certificates is meant to be trusted, only that it cannot say so.
        for loose in source.loose_certificates() {
            add_trusted(&mut target, &loose.alias, loose.der.clone(), false, &mut done)?;
        }
    }
    if source.unencrypted_keys() > 0 {
        done.remark(errors::unencrypted_keys(&arguments.keystore, source.unencrypted_keys()));
    }
    target.write(arguments.force)?;
    done.say(&format!(
        "{} ({}) is written as {} (PKCS12).",
        arguments.keystore.display(),
        source.kind(),
        arguments.output.display()
    ));
    Ok(done)
}
