//! `portcullis keys generate-cert`: what `openssl req -x509` does.

use std::path::PathBuf;

use clap::Args;
use source::Diagnostic;

use super::files::{self, Access};
use super::generate_key::say_made;
use super::wanted::CertificateArguments;
use super::{Done, pem};

#[derive(Args)]
pub(crate) struct Arguments {
    /// File to write the private key to, as PEM without a password.
    #[arg(long, value_name = "FILE")]
    key_out: PathBuf,
    /// File to write the certificate to, as PEM.
    #[arg(long, value_name = "FILE")]
    cert_out: PathBuf,
    #[command(flatten)]
    certificate: CertificateArguments,
    /// Replace files of these names.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    let force = arguments.force;
    files::is_free(&arguments.key_out, force)?;
    files::is_free(&arguments.cert_out, force)?;
    let made = arguments.certificate.generate()?;
    let key = pem::block("PRIVATE KEY", &made.pkcs8);
    files::write(&arguments.key_out, key.as_bytes(), Access::Owner, force)?;
    let certificate = pem::block("CERTIFICATE", &made.certificate);
    files::write(&arguments.cert_out, certificate.as_bytes(), Access::Everybody, force)?;
    let mut done = Done::default();
    let place = format!("{}, {}", arguments.key_out.display(), arguments.cert_out.display());
    say_made(&mut done, &made.certificate, &place);
    Ok(done)
}
