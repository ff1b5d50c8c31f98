//! `portcullis build-trust-store`: a PKCS12 file of certificates that Java programs trust as well.
//!
//! It takes what `iam build-trust-store` of Airlock takes. OpenSSL cannot make such a file, because it does not
//! mark certificates as trusted in the way that Java looks for.

use std::path::{Path, PathBuf};

use clap::Args;
use source::Diagnostic;
use zeroize::Zeroizing;

use super::import_cert::add_trusted;
use super::password::PasswordArguments;
use super::store::Store;
use super::{Done, certificate, errors, files};

/// The password that Airlock's documentation has its trust stores opened with. It protects nothing that is
/// secret: a trust store holds certificates only.
const PASSWORD: &[u8] = b"password";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Certificates to trust, as PEM or DER; may be repeated.
    #[arg(long, required = true, value_name = "FILE")]
    certs: Vec<PathBuf>,
    /// The trust store to write.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// The name of the entry, one for each --certs. Default: the name of the file. Further certificates of one
    /// file get it with -2, -3 and so on.
    #[arg(long)]
    alias: Vec<String>,
    #[command(flatten)]
    password: PasswordArguments,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    if !arguments.alias.is_empty() && arguments.alias.len() != arguments.certs.len() {
        return Err(errors::aliases_of_certificates(arguments.alias.len(), arguments.certs.len()));
    }
    files::is_free(&arguments.output, arguments.force)?;
    let mut done = Done::default();
    let password = match arguments.password.read()? {
        Some(password) => password,
        None => {
            done.remark(errors::default_password(&arguments.output));
            Zeroizing::new(PASSWORD.to_vec())
        }
    };
    let mut store = Store::new(&arguments.output, &password);
    for (index, path) in arguments.certs.iter().enumerate() {
        let certificates = certificate::read_all(path)?;
        let alias = arguments.alias.get(index).cloned().unwrap_or_else(|| name(path));
        for (alias, der) in certificate::numbered(&alias, certificates.len()).zip(certificates) {
            if store.kind_of(&alias).is_some() {
                return Err(errors::alias_taken(path, &alias));
            }
            add_trusted(&mut store, &alias, der, false, &mut done)?;
        }
    }
    store.write(arguments.force)?;
    done.say(&format!("{} is written.", arguments.output.display()));
    Ok(done)
}

/// The name of a file without its folder and its last extension.
fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
