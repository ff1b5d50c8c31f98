//! From the path of a request to an open file below one of the directories.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use exchange::Bytes;
use percent_encoding::percent_decode_str;

/// Files up to this length are read at once; longer ones are streamed.
const AT_ONCE_BYTES_MAX: u64 = 64 * 1024;

/// Segments of a path; a deeper one is no path of ours.
const SEGMENTS_MAX: usize = 128;

/// Where files are looked for.
pub(super) struct Folders {
    pub(super) directories: Vec<PathBuf>,
    /// Decoded segments in front of the names of files.
    pub(super) base: Vec<String>,
    pub(super) welcome_pages: Vec<String>,
}

/// A file that may be served.
pub(super) struct Found {
    /// Where it really lies.
    pub(super) path: PathBuf,
    pub(super) file: Arc<File>,
    pub(super) length: u64,
    /// When it was changed, if the file system knows.
    pub(super) modified: Option<SystemTime>,
    /// The whole content of a short file.
    pub(super) content: Option<Bytes>,
}

impl Folders {
    /// The file for an encoded path. Blocks on the file system.
    ///
    /// # Errors
    /// A file that exists and cannot be read.
    pub(super) fn find(&self, raw_path: &str) -> io::Result<Option<Found>> {
        let Some(segments) = segments(raw_path) else { return Ok(None) };
        let Some(names) = segments.strip_prefix(self.base.as_slice()) else { return Ok(None) };
        let relative: PathBuf = names.iter().collect();
        let names_folder = raw_path.ends_with('/');
        for directory in &self.directories {
            // Looked up anew each time, since a deployment may swap a link for another.
            let Some(root) = real(directory)? else { continue };
            if let Some(found) = self.find_below(&root, &relative, names_folder)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn find_below(&self, root: &Path, relative: &Path, names_folder: bool) -> io::Result<Option<Found>> {
        let Some(path) = resolve(root, relative)? else { return Ok(None) };
        if !path.is_dir() {
            return if names_folder { Ok(None) } else { open(path) };
        }
        for page in &self.welcome_pages {
            if let Some(page) = resolve(root, &relative.join(page))?
                && let Some(found) = open(page)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The decoded segments of a path. `None` when one could lead elsewhere than its name says.
pub(super) fn segments(raw_path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    for raw in raw_path.split('/').filter(|raw| !raw.is_empty()) {
        let segment = percent_decode_str(raw).decode_utf8().ok()?;
        let leads_elsewhere = segment == "." || segment == ".." || segment.contains(['/', '\\', '\0']);
        if leads_elsewhere || segments.len() == SEGMENTS_MAX {
            return None;
        }
        segments.push(segment.into_owned());
    }
    Some(segments)
}

/// The real place of `relative`, if it exists and lies below `root`.
fn resolve(root: &Path, relative: &Path) -> io::Result<Option<PathBuf>> {
    let path = real(&root.join(relative))?;
    Ok(path.filter(|path| path.starts_with(root)))
}

/// Opens a regular file. Others are as good as absent: opening a pipe would wait for its writer.
fn open(path: PathBuf) -> io::Result<Option<Found>> {
    let Some(metadata) = existing(path.symlink_metadata())? else { return Ok(None) };
    if !metadata.is_file() {
        return Ok(None);
    }
    let Some(mut file) = existing(File::open(&path))? else { return Ok(None) };
    // Of the open file: the name may mean another one by now.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut length = metadata.len();
    let mut content = None;
    if length <= AT_ONCE_BYTES_MAX {
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        Read::by_ref(&mut file).take(length).read_to_end(&mut bytes)?;
        length = bytes.len() as u64;
        content = Some(Bytes::from(bytes));
    }
    Ok(Some(Found { path, length, modified: metadata.modified().ok(), content, file: Arc::new(file) }))
}

/// What does not exist is no error.
fn existing<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// The real place of a path. One that leads through a file, round in circles or is too long leads nowhere.
fn real(path: &Path) -> io::Result<Option<PathBuf>> {
    match path.canonicalize() {
        Err(error) if error.kind() != ErrorKind::PermissionDenied => Ok(None),
        outcome => outcome.map(Some),
    }
}
