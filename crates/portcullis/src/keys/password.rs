//! Where the password of a key store comes from.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use source::Diagnostic;
use zeroize::Zeroizing;

use super::errors;

/// The variable that is asked when there is no option.
const VARIABLE: &str = "PORTCULLIS_KEYSTORE_PASSWORD";

/// The password of the key store. Without an option: the environment variable PORTCULLIS_KEYSTORE_PASSWORD.
#[derive(Args)]
pub(super) struct PasswordArguments {
    /// File with the password of the key store, `-` for standard input; a line end at its end does not count.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The password itself, which other users of the machine may see in the list of processes.
    #[arg(long, value_name = "PASSWORD", conflicts_with = "password_file")]
    password: Option<String>,
}

impl PasswordArguments {
    /// The password, if there is one anywhere.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Diagnostic> {
        if let Some(password) = read(self.password_file.as_deref(), self.password.as_deref())? {
            return Ok(Some(password));
        }
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        Ok(variable.map(|value| Zeroizing::new(value.into_encoded_bytes())))
    }

    /// The password for something that cannot do without.
    pub(super) fn needed(&self) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
        self.read()?.ok_or_else(errors::no_password)
    }
}

/// The password of an entry that has one of its own.
#[derive(Args)]
pub(super) struct EntryPasswordArguments {
    /// File with the password of the entry, if it has one of its own.
    #[arg(long, value_name = "FILE")]
    entry_password_file: Option<PathBuf>,
    /// That password itself, which other users of the machine may see in the list of processes.
    #[arg(long, value_name = "PASSWORD", conflicts_with = "entry_password_file")]
    entry_password: Option<String>,
}

impl EntryPasswordArguments {
    /// The password, if there is one.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Diagnostic> {
        read(self.entry_password_file.as_deref(), self.entry_password.as_deref())
    }
}

/// A password from a file or an option; what neither gives is `None`.
pub(super) fn read(
    file: Option<&Path>,
    password: Option<&str>,
) -> Result<Option<Zeroizing<Vec<u8>>>, Diagnostic> {
    match (file, password) {
        (Some(file), _) => from_file(file).map(Some),
        (None, Some(password)) => Ok(Some(Zeroizing::new(password.as_bytes().to_vec()))),
        (None, None) => Ok(None),
    }
}

/// The bytes of a file without the line end that editors leave behind.
pub(super) fn from_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().lock().take(LENGTH_MAX).read_to_end(&mut bytes),
        false => std::fs::File::open(path).and_then(|file| file.take(LENGTH_MAX).read_to_end(&mut bytes)),
    };
    read.map_err(|error| errors::key_file(path, "read", &error))?;
    let length = bytes.strip_suffix(b"\n").map_or(bytes.len(), <[u8]>::len);
    let length = bytes[..length].strip_suffix(b"\r").map_or(length, <[u8]>::len);
    bytes.truncate(length);
    Ok(bytes)
}

/// A longer file is no password.
const LENGTH_MAX: u64 = 64 * 1024;
