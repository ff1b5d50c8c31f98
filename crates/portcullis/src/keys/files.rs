//! Files that are written whole or not at all, and never over others by mistake.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use source::Diagnostic;

use super::errors;

/// Who may read a file that did not exist before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Its owner: it holds a key.
    Owner,
    /// Whoever the system lets by default.
    Everybody,
}

/// Reads a file of at most `most` bytes.
pub(super) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| errors::key_file(path, "read", &error))?;
    Ok(bytes)
}

/// Complains of a file that exists, unless it may be replaced. Said before work is done that would be in vain.
pub(super) fn is_free(path: &Path, force: bool) -> Result<(), Diagnostic> {
    if !force && path.symlink_metadata().is_ok() { Err(errors::file_exists(path)) } else { Ok(()) }
}

/// Writes a file under another name and gives it its own in one step. A file that is replaced keeps its
/// permissions; a link stays one.
pub(super) fn write(path: &Path, bytes: &[u8], access: Access, force: bool) -> Result<(), Diagnostic> {
    is_free(path, force)?;
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace(path, bytes, access).map_err(|error| errors::key_file(path, "written", &error))
}

fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let (temporary, mut file) = temporary(path, access)?;
    let written = (|| {
        if let Ok(existing) = fs::metadata(path) {
            let mode = existing.permissions().mode() & 0o777;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file beside the one that it will become.
fn temporary(path: &Path, access: Access) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    let mode = if access == Access::Owner { 0o600 } else { 0o644 };
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
    Ok((temporary, file))
}
