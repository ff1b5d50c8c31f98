//! [`File`]: the file, open for as long as any generation of the configuration needs it.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError};
use tokio::sync::Semaphore;

use super::super::shared_store::{Outage, StoreError};
use super::owner::{self, Task};
use super::tables::Tables;

/// What the library may keep of the file in memory.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// So many threads read at a time; more wait.
const READERS_MAX: usize = 32;

/// A process that ends, or a generation that has just gone, still has the file for a moment.
const LOCKED_PATIENCE: Duration = Duration::from_secs(2);

/// A smaller file is not worth being compacted.
const COMPACT_BYTES_MIN: u64 = 32 * 1024 * 1024;

/// What a file of this kind begins with.
const MAGIC: &[u8] = b"redb";

/// The file of a store.
pub(super) struct File {
    path: PathBuf,
    /// Taken for each look into the file.
    pub(super) readers: Arc<Semaphore>,
    /// Told by whoever notices it first: the thread that owns the file, or who waits for it.
    pub(super) outage: Arc<Outage>,
    owner: OnceLock<SyncSender<Task>>,
    opening: Mutex<()>,
    /// `None` while the file is opened anew after a failure.
    database: Arc<Mutex<Option<Arc<Database>>>>,
}

impl File {
    /// The file at this path, not open yet.
    pub(super) fn at(path: PathBuf) -> Self {
        Self {
            path,
            readers: Arc::new(Semaphore::new(READERS_MAX)),
            outage: Arc::default(),
            owner: OnceLock::new(),
            opening: Mutex::default(),
            database: Arc::default(),
        }
    }

    /// What is wrong with the file as far as can be seen from outside. Nothing when it is not there but could be made.
    pub(super) fn suspect(&self) -> Option<String> {
        let mut beginning = [0; MAGIC.len()];
        let shown = self.path.display();
        match fs::File::open(&self.path).and_then(|mut file| file.read(&mut beginning)) {
            // An empty file is one that is not made yet.
            Ok(0) => None,
            Ok(_) if beginning == MAGIC => None,
            Ok(_) => Some(format!("`{shown}` is not a file of a FileStore; name another one")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let folder = self.path.parent().filter(|folder| !folder.is_dir())?;
                Some(format!("the folder `{}` of the store is not there; make it", folder.display()))
            }
            Err(error) => Some(format!("`{shown}` cannot be opened: {error}")),
        }
    }

    /// Opens the file and starts the thread that owns it, unless that is done already.
    pub(super) fn open(&self) -> Result<(), String> {
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.owner.get().is_some() {
            return Ok(());
        }
        let opened = open(&self.path, LOCKED_PATIENCE)?;
        *lock(&self.database) = Some(Arc::new(opened));
        let tasks = owner::start(self.path.clone(), self.database.clone(), self.outage.clone())
            .map_err(|error| format!("the system gives no thread for `{}`: {error}", self.path.display()))?;
        // Nobody else sets it while this lock is held.
        let _ = self.owner.set(tasks);
        Ok(())
    }

    /// The file, for looking into it.
    pub(super) fn database(&self) -> Result<Arc<Database>, StoreError> {
        lock(&self.database).clone().ok_or_else(|| self.error("cannot be used"))
    }

    #[cfg(test)]
    pub(super) fn contents(&self) -> &Mutex<Option<Arc<Database>>> {
        &self.database
    }

    /// Hands a task to the owner of the file.
    pub(super) fn submit(&self, task: Task) -> Result<(), StoreError> {
        let owner = self.owner.get().ok_or_else(|| self.error("is not open"))?;
        owner.try_send(task).map_err(|refused| match refused {
            TrySendError::Full(_) => self.error("is overloaded: the disk does not keep up"),
            TrySendError::Disconnected(_) => self.error("was closed"),
        })
    }

    /// An error of this file.
    pub(super) fn error(&self, reason: &(impl Display + ?Sized)) -> StoreError {
        error(&self.path, reason)
    }
}

/// An error of the file at a path.
pub(super) fn error(path: &Path, reason: &(impl Display + ?Sized)) -> StoreError {
    StoreError::Unavailable(format!("`{}`: {reason}", path.display()))
}

pub(super) fn lock(database: &Mutex<Option<Arc<Database>>>) -> MutexGuard<'_, Option<Arc<Database>>> {
    // It holds nothing that code could leave half done.
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the file, makes it when it is not there, and makes it smaller when that pays.
pub(super) fn open(path: &Path, patience: Duration) -> Result<Database, String> {
    let shown = path.display();
    let give_up = Instant::now() + patience;
    let mut database = loop {
        match open_once(path) {
            Ok(database) => break database,
            Err(DatabaseError::DatabaseAlreadyOpen) if Instant::now() < give_up => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(complaint(path, &error)),
        }
    };
    let prepared = prepare(&mut database, path);
    prepared.map_err(|error| format!("`{shown}` cannot be used: {error}"))?;
    Ok(database)
}

fn complaint(path: &Path, error: &DatabaseError) -> String {
    let shown = path.display();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => format!(
            "`{shown}` is in use by another process; a FileStore is for one, and several share a ValkeyStore"
        ),
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() != ErrorKind::InvalidData => {
            format!("`{shown}` cannot be opened: {error}")
        }
        damaged => format!(
            "`{shown}` is damaged or not a file of a FileStore ({damaged}); move it away to start without its sessions"
        ),
    }
}

fn open_once(path: &Path) -> Result<Database, DatabaseError> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(FileBackend::new(file)?)
}

fn prepare(database: &mut Database, path: &Path) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    // Made here, so that those who only read find them.
    Tables::open(&transaction)?;
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let is_loose = bytes > COMPACT_BYTES_MIN && {
        let stats = transaction.stats()?;
        stats.allocated_pages() * stats.page_size() as u64 * 2 < bytes
    };
    transaction.commit()?;
    if is_loose {
        database.compact()?;
    }
    // A file that cannot be read back is no store.
    database.begin_read()?;
    Ok(())
}
