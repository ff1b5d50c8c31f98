//! From the id of a secret to what its files hold. Runs where it may wait for a disk.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crypto::SecretId;
use zeroize::Zeroizing;

/// A folder with more entries is something else than one of secrets.
const ENTRIES_MAX: usize = 10_000;

/// Older versions beyond this many are left out.
const VERSIONS_MAX: usize = 16;

/// A file that is there.
#[derive(PartialEq, Eq)]
pub(super) struct Content {
    pub(super) path: PathBuf,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// Which files the secrets of a store are in.
pub(super) struct Files {
    pub(super) directory: PathBuf,
    pub(super) suffix: String,
    pub(super) version_suffix: Option<String>,
}

impl Files {
    /// What the files of a secret hold, the newest version first; nothing when there is no file. A file of more
    /// than `bytes_max` is something else than a secret.
    pub(super) fn read(&self, id: &SecretId, bytes_max: usize) -> io::Result<Vec<Content>> {
        // An id has no slash, and a suffix neither, so the file lies in the folder.
        let plain = self.directory.join(format!("{id}{}", self.suffix));
        let paths = self.versions(id)?.into_iter().map(|(_, path)| path).chain([plain]);
        let mut found = Vec::new();
        for path in paths {
            found.extend(read_file(&path, bytes_max)?.map(|bytes| Content { path, bytes }));
        }
        Ok(found)
    }

    /// The files of the versions of a secret, the highest number first.
    fn versions(&self, id: &SecretId) -> io::Result<Vec<(u64, PathBuf)>> {
        let Some(version_suffix) = &self.version_suffix else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (index, entry) in fs::read_dir(&self.directory)?.enumerate() {
            if index >= ENTRIES_MAX {
                return Err(io::Error::other(format!("the folder has more than {ENTRIES_MAX} entries")));
            }
            let entry = entry?;
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| self.version(name, id, version_suffix));
            found.extend(version.map(|version| (version, entry.path())));
        }
        found.sort_by(|a, b| b.cmp(a));
        found.truncate(VERSIONS_MAX);
        Ok(found)
    }

    /// The number in the name of a file, `id.v2.suffix` or `id.suffix.v2`.
    fn version(&self, name: &str, id: &SecretId, version_suffix: &str) -> Option<u64> {
        let rest = name.strip_prefix(id.as_str())?;
        let inner = rest.strip_prefix(version_suffix).and_then(|rest| rest.strip_suffix(&*self.suffix));
        let outer = || rest.strip_prefix(&*self.suffix)?.strip_prefix(version_suffix);
        let number = inner.or_else(outer)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| is_number)
    }
}

/// What a file holds; `None` when it is not there. One of more than `bytes_max` is an error.
pub(in crate::secrets) fn read_file(path: &Path, bytes_max: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    // Opening a pipe would wait for its writer.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut content =
        Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(1024)));
    File::open(path)?.take(bytes_max as u64 + 1).read_to_end(&mut content)?;
    if content.len() > bytes_max {
        return Err(io::Error::other(format!("the file is longer than {bytes_max} bytes")));
    }
    Ok(Some(content))
}
