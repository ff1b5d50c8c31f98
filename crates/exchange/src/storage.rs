//! [`TemporaryStorage`]: where an entity waits when a filter needs the whole of it: in memory, then in a
//! file, then nowhere (413).

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use crate::BodyError;

/// Sizes of a [`TemporaryStorage`]. The defaults are those of the product's manual (seed 004).
#[derive(Debug, Clone)]
pub struct StorageLimits {
    /// Bytes reserved at first. At most `memory_bytes_max`.
    pub initial_bytes: usize,
    /// Bytes kept in memory before a file is made.
    pub memory_bytes_max: u64,
    /// Bytes kept in the file; beyond it the entity is refused.
    pub file_bytes_max: u64,
    /// Folder of the files.
    pub directory: PathBuf,
}

impl StorageLimits {
    fn bytes_max(&self) -> u64 {
        self.file_bytes_max.max(self.memory_bytes_max)
    }
}

impl Default for StorageLimits {
    fn default() -> Self {
        Self {
            initial_bytes: 8192,
            memory_bytes_max: 65_536,
            file_bytes_max: 1_073_741_824,
            directory: std::env::temp_dir(),
        }
    }
}

/// Buffers entities within limits.
///
/// The default one has the default limits and costs nothing to make: a context is made for every request.
#[derive(Debug, Clone, Default)]
pub struct TemporaryStorage(Option<Arc<StorageLimits>>);

static DEFAULT_LIMITS: LazyLock<StorageLimits> = LazyLock::new(StorageLimits::default);

impl TemporaryStorage {
    /// A storage with these limits. Nothing is created until an entity overflows memory.
    pub fn new(limits: StorageLimits) -> Self {
        Self(Some(Arc::new(limits)))
    }

    /// The limits.
    pub fn limits(&self) -> &StorageLimits {
        self.0.as_deref().unwrap_or(&DEFAULT_LIMITS)
    }

    /// Refuses a length that the storage would not take, for an entity that is held already.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`].
    pub(crate) fn admit(&self, length: u64) -> Result<(), BodyError> {
        let bytes_max = self.limits().bytes_max();
        if length > bytes_max { Err(BodyError::TooLarge { bytes_max }) } else { Ok(()) }
    }

    pub(crate) fn writer(&self) -> Writer<'_> {
        Writer { limits: self.limits(), memory: Vec::new(), file: None, written: 0 }
    }
}

/// An entity that is held as a whole.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    Memory(Bytes),
    /// Already unlinked, so it vanishes with the last reader, even after a crash.
    File(Arc<File>, u64),
}

impl Stored {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
        }
    }

    /// Reads at most `length_max` bytes from `offset`. The file was written a moment ago and sits in the
    /// page cache, so this does not wait for a disk.
    pub(crate) fn read(&self, offset: u64, length_max: usize) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(length_max).min(bytes.len());
                Ok(bytes.slice(start..end))
            }
            Self::File(file, length) => {
                let wanted = length.saturating_sub(offset).min(length_max as u64);
                let mut block = vec![0; usize::try_from(wanted).unwrap_or(length_max)];
                file.read_exact_at(&mut block, offset)?;
                Ok(Bytes::from(block))
            }
        }
    }
}

pub(crate) struct Writer<'a> {
    limits: &'a StorageLimits,
    memory: Vec<u8>,
    file: Option<File>,
    written: u64,
}

impl Writer<'_> {
    pub(crate) fn write(&mut self, block: &[u8]) -> Result<(), BodyError> {
        self.written += block.len() as u64;
        let bytes_max = self.limits.bytes_max();
        if self.written > bytes_max {
            return Err(BodyError::TooLarge { bytes_max });
        }
        if self.file.is_none() && self.written > self.limits.memory_bytes_max {
            let mut file = self.open().map_err(BodyError::Storage)?;
            file.write_all(&self.memory).map_err(BodyError::Storage)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(block).map_err(BodyError::Storage),
            None => {
                if self.memory.capacity() == 0 {
                    self.memory.reserve(self.limits.initial_bytes.max(block.len()));
                }
                self.memory.extend_from_slice(block);
                Ok(())
            }
        }
    }

    pub(crate) fn finish(self) -> Stored {
        match self.file {
            Some(file) => Stored::File(Arc::new(file), self.written),
            None => Stored::Memory(Bytes::from(self.memory)),
        }
    }

    /// A private file that is unlinked at once.
    fn open(&self) -> io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt;
        std::fs::create_dir_all(&self.limits.directory)?;
        let path = self.limits.directory.join(format!("entity-{}", uuid::Uuid::new_v4()));
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }
}
