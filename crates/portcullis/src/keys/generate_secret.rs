//! `portcullis keys generate-secret`: what `keytool -genseckey` and `keytool -importpass` do.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use crypto::{KeyMaterial, generate};
use source::Diagnostic;

use super::place::PlaceArguments;
use super::{Done, errors, password};

/// What Java calls a password that is imported.
const IMPORTED: &str = "PBEWithMD5AndDES";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// What the key is for.
    #[arg(long, value_enum, ignore_case = true, default_value_t = SecretAlgorithm::HmacSha512)]
    algorithm: SecretAlgorithm,
    /// Bits of the key. Default: as many as the algorithm yields, 256 for AES.
    #[arg(long)]
    size: Option<u32>,
    /// Store the password in this file, `-` for standard input, instead of a new key.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["algorithm", "size"])]
    import: Option<PathBuf>,
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
    let (place, key) = arguments.place.put(|| match &arguments.import {
        Some(file) => imported(file),
        None => generated(arguments.algorithm, arguments.size),
    })?;
    let mut done = Done::default();
    match key {
        KeyMaterial::Symmetric { algorithm, bytes } if algorithm != IMPORTED => {
            done.say(&format!("{place}: {algorithm} key of {} bits", bytes.len() * 8));
        }
        _ => done.say(&format!("{place}: the password")),
    }
    Ok(done)
}

fn imported(file: &Path) -> Result<KeyMaterial, Diagnostic> {
    let bytes = password::from_file(file)?;
    if bytes.is_empty() {
        return Err(errors::key_input("the password to store is empty"));
    }
    Ok(KeyMaterial::Symmetric { algorithm: IMPORTED.to_owned(), bytes })
}

fn generated(algorithm: SecretAlgorithm, size: Option<u32>) -> Result<KeyMaterial, Diagnostic> {
    let length = algorithm.bits(size)? as usize / 8;
    let bytes = generate::random(length).map_err(|error| errors::key_input(&error.to_string()))?;
    Ok(KeyMaterial::Symmetric { algorithm: algorithm.name().to_owned(), bytes })
}
