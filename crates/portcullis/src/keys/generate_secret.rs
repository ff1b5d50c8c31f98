//! `portcullis keys generate-secret`: what `keytool -genseckey` and `keytool -importpass` do.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crypto::{KeyMaterial, generate};
use source::Diagnostic;

use super::files::{self, Access};
use super::password::{self, PasswordArguments};
use super::store::Store;
use super::{Done, errors, pem};

/// What Java calls a password that is imported.
const IMPORTED: &str = "PBEWithMD5AndDES";

#[derive(Args)]
pub(crate) struct Arguments {
    /// The key store to put the key into; made if it does not exist.
    #[arg(long, required_unless_present = "pem", requires = "alias")]
    keystore: Option<PathBuf>,
    /// The name of the entry.
    #[arg(long, requires = "keystore")]
    alias: Option<String>,
    /// Write a PEM file instead, as PemPropertyFormat reads it.
    #[arg(long, value_name = "FILE", conflicts_with = "keystore")]
    pem: Option<PathBuf>,
    /// What the key is for.
    #[arg(long, value_enum, ignore_case = true, default_value_t = SecretAlgorithm::HmacSha512)]
    algorithm: SecretAlgorithm,
    /// Bits of the key. Default: as many as the algorithm yields, 256 for AES.
    #[arg(long)]
    size: Option<u32>,
    /// Store the password in this file, `-` for standard input, instead of a new key.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["algorithm", "size"])]
    import: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordArguments,
    /// Replace an entry of this name, or the PEM file.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SecretAlgorithm {
    #[value(name = "HmacSHA256")]
    HmacSha256,
    #[value(name = "HmacSHA384")]
    HmacSha384,
    #[value(name = "HmacSHA512")]
    HmacSha512,
    #[value(name = "AES")]
    Aes,
}

/// Longer than any token of a session needs.
const BITS_MAX: u32 = 8192;

impl SecretAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "HmacSHA256",
            Self::HmacSha384 => "HmacSHA384",
            Self::HmacSha512 => "HmacSHA512",
            Self::Aes => "AES",
        }
    }

    /// The size asked for, if a key of it is of use.
    fn bits(self, asked: Option<u32>) -> Result<u32, Diagnostic> {
        // A shorter key than the digest weakens it (RFC 7518, section 3.2).
        let (default, sizes) = match self {
            Self::HmacSha256 => (256, "256 to 8192, in steps of 8"),
            Self::HmacSha384 => (384, "384 to 8192, in steps of 8"),
            Self::HmacSha512 => (512, "512 to 8192, in steps of 8"),
            Self::Aes => (256, "128, 192 or 256"),
        };
        let bits = asked.unwrap_or(default);
        let is_of_use = match self {
            Self::Aes => matches!(bits, 128 | 192 | 256),
            _ => bits.is_multiple_of(8) && (default..=BITS_MAX).contains(&bits),
        };
        if is_of_use { Ok(bits) } else { Err(errors::key_size(self.name(), bits, sizes)) }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    let (algorithm, bytes, label) = match &arguments.import {
        Some(file) => (IMPORTED, password::from_file(file)?, "GENERIC SECRET"),
        None => {
            let algorithm = arguments.algorithm;
            let bytes = generate::random(algorithm.bits(arguments.size)? as usize / 8);
            let bytes = bytes.map_err(|error| errors::key_input(&error.to_string()))?;
            let is_aes = algorithm == SecretAlgorithm::Aes;
            (algorithm.name(), bytes, if is_aes { "AES SECRET KEY" } else { "HMAC SECRET KEY" })
        }
    };
    if bytes.is_empty() {
        return Err(errors::key_input("the password to store is empty"));
    }
    let what = match arguments.import {
        Some(_) => "the password".to_owned(),
        None => format!("{algorithm} key of {} bits", bytes.len() * 8),
    };
    let mut done = Done::default();
    if let Some(path) = &arguments.pem {
        files::write(path, pem::block(label, &bytes).as_bytes(), Access::Owner, arguments.force)?;
        done.say(&format!("{}: {what}", path.display()));
    }
    if let (Some(path), Some(alias)) = (&arguments.keystore, &arguments.alias) {
        let password = arguments.password.needed()?;
        let mut store = Store::open(path, &password)?;
        store.add(
            alias,
            KeyMaterial::Symmetric { algorithm: algorithm.to_owned(), bytes },
            arguments.force,
        )?;
        store.save()?;
        done.say(&format!("{}: {}: {what}", path.display(), alias.to_lowercase()));
    }
    Ok(done)
}
