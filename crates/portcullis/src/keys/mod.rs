//! `portcullis keys` and `portcullis build-trust-store`: what procedures do with keytool and openssl, in one
//! command for each step and without a JDK.
//!
//! What is written is PKCS12 or PEM. A file or an entry that exists is replaced only with `--force`, a file with
//! a key is readable for its owner only, and no file is ever half written.

pub(crate) mod build_trust_store;
mod certificate;
mod convert;
mod errors;
mod export;
mod files;
mod generate_cert;
mod generate_key;
mod generate_secret;
mod import_cert;
mod list;
mod password;
mod pem;
mod place;
mod store;
mod subject;
mod wanted;

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use source::Diagnostic;

use crate::check;

pub(crate) use errors::CODES;

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Show the entries of a key store, of type PKCS12, JKS or JCEKS.
    List(list::Arguments),
    /// Make a private key and a self-signed certificate, in a key store or as PEM.
    GenerateKey(generate_key::Arguments),
    /// Make a symmetric key in a key store, or put a password there.
    GenerateSecret(generate_secret::Arguments),
    /// Make a private key and a self-signed certificate as two PEM files.
    GenerateCert(generate_cert::Arguments),
    /// Put a certificate into a key store as one that is trusted.
    ImportCert(import_cert::Arguments),
    /// Take a key or certificates out of a key store.
    Export(export::Arguments),
    /// Write a key store of any type as PKCS12.
    Convert(convert::Arguments),
}

impl KeysCommand {
    pub(crate) fn run(self) -> ExitCode {
        finish(match self {
            Self::List(arguments) => list::run(&arguments),
            Self::GenerateKey(arguments) => generate_key::run(&arguments),
            Self::GenerateSecret(arguments) => generate_secret::run(&arguments),
            Self::GenerateCert(arguments) => generate_cert::run(&arguments),
            Self::ImportCert(arguments) => import_cert::run(&arguments),
            Self::Export(arguments) => export::run(&arguments),
            Self::Convert(arguments) => convert::run(&arguments),
        })
    }
}

/// What a command has to say once it is done: a text for standard output, and remarks.
#[derive(Default)]
pub(crate) struct Done {
    text: String,
    remarks: Vec<Diagnostic>,
}

impl Done {
    fn say(&mut self, line: &str) {
        // Names come from files: they must not send commands to the terminal.
        self.text.push_str(
            &line.replace(|character: char| character.is_control() && character != '\n', "\u{fffd}"),
        );
        self.text.push('\n');
    }

    fn remark(&mut self, remark: Diagnostic) {
        self.remarks.push(remark);
    }
}

/// Prints how a command ended.
pub(crate) fn finish(result: Result<Done, Diagnostic>) -> ExitCode {
    match result {
        Ok(done) => {
            // Whoever read it may have gone; that is no reason to panic.
            let _ = std::io::stdout().lock().write_all(done.text.as_bytes());
            if !done.remarks.is_empty() {
                check::print(&done.remarks);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            check::print(&[error]);
            ExitCode::FAILURE
        }
    }
}
