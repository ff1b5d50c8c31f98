//! `FileStore`: what must outlive the process, in one file of one machine.

mod database;
mod owner;
mod tables;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use exchange::BoxFuture;
use heap::{Builder, ObjectConfig, PositiveDuration, Spanned};
use redb::Database;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::shared_store::{
    Change, Field, KEYS_PAGE_MAX, Keys, Outage, Removed, SharedStore, SharedStoreRef, StoreError, check_name,
};
use database::File;
use owner::{Operation, Task};
use tables::Outcome;

/// A disk that does not answer for so long fails what waits for it.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A record is touched when its end would move by more than this; earlier it is not worth a write.
const TOUCH_STEP_MS: u64 = 1000;

/// Keeps sessions in a file, so that they outlive a restart of the gateway. An addition of Portcullis.
///
/// It is for one machine: one process has the file open, and a second one is refused. Several gateways share a
/// [ValkeyStore](ValkeyStore.md) instead.
///
/// What has been answered is on the disk: it outlives a killed process and a machine that lost its power. The
/// exception is the time of the last use, which is written about once a second; a session that is lost this way ends
/// a second early. What is kept is encrypted by whoever keeps it, not by the store. Only the user who runs the gateway
/// can read the file, which must be on a local disk. Space of sessions that have ended is used again, and given back at
/// the next start.
///
/// A file that is in use, damaged or something else keeps the configuration from starting.
///
/// ```json
/// {
///   "name": "Store",
///   "type": "FileStore",
///   "config": { "file": "sessions.redb" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileStore {
    /// The file, which is made when it is not there. A relative path starts at the instance folder.
    file: Spanned<PathBuf>,
    /// How long a request waits for the disk at most: 5 seconds by default.
    timeout: Option<PositiveDuration>,
}

impl ObjectConfig for FileStore {
    const TYPE: &'static str = "FileStore";
    const STATUS: heap::Status = heap::Status::Addition;
    type Object = SharedStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SharedStoreRef, Diagnostic> {
        let path = b.paths().instance.join(&*self.file);
        let file = b.shared(&path.to_string_lossy(), || File::at(path.clone()));
        let mut complaint = b.error(String::new(), Some(self.file.span()));
        let complain = move |message: String| {
            complaint.message = message;
            complaint
        };
        let (looked_at, complain_early) = (file.clone(), complain.clone());
        // A check does this, too: it neither makes the file nor takes it from a running gateway.
        b.load(async move { looked_at.suspect().map(complain_early).into_iter().collect() });
        let opened = file.clone();
        b.on_start(move |_| opened.open().map_err(|message| vec![complain(message)]));
        let timeout = self.timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.0);
        Ok(SharedStoreRef(Arc::new(Store { file, timeout })))
    }
}

/// The store as others hold it.
struct Store {
    /// Outlives a reload.
    file: Arc<File>,
    timeout: Duration,
}

impl Store {
    /// Has something changed by the thread that owns the file.
    async fn change(&self, operation: Operation) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.file.submit(Task { operation, answer })?;
        match timeout(self.timeout, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(self.file.error("was closed")),
            Err(_) => Err(self.too_slow()),
        }
    }

    /// Looks into the file as it is now.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Database, u64) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reading = async {
            // Goes back when the disk has answered, not when nobody waits any more: threads are bounded, too.
            let turn = self.file.readers.clone().acquire_owned().await;
            let file = self.file.clone();
            spawn_blocking(move || {
                let _turn = turn;
                let database = file.database()?;
                look(&database, now()).unwrap_or_else(|error| Err(file.error(&error)))
            })
            .await
        };
        match timeout(self.timeout, reading).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panicked)) => Err(self.file.error(&panicked)),
            Err(_) => Err(self.too_slow()),
        }
    }

    fn too_slow(&self) -> StoreError {
        self.file.error(&format_args!("did not answer within {:?}", self.timeout))
    }
}

impl SharedStore for Store {
    fn outage(&self) -> &Outage {
        &self.file.outage
    }

    fn read<'a>(
        &'a self,
        key: &'a str,
        touch: Option<Duration>,
    ) -> BoxFuture<'a, Result<Option<Vec<Field>>, StoreError>> {
        Box::pin(async move {
            let sought = key.to_owned();
            let found = self.look(move |database, now| tables::read(database, &sought, now)).await?;
            let Some((fields, expires)) = found else { return Ok(None) };
            let Some(time_to_live) = touch else { return Ok(Some(fields)) };
            if expires.abs_diff(at(time_to_live)) < TOUCH_STEP_MS {
                return Ok(Some(fields));
            }
            let is_there =
                self.change(Operation::Touch { key: key.to_owned(), expires: at(time_to_live) }).await?;
            Ok(is_there.then_some(fields))
        })
    }

    fn write<'a>(&'a self, key: &'a str, change: Change) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            check_name(key)?;
            change.check()?;
            let expires = at(change.time_to_live);
            self.change(Operation::Write { key: key.to_owned(), change, expires }).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removed, StoreError>> {
        let operation = Operation::Remove { key: key.to_owned() };
        Box::pin(async move { self.change(operation).await.map(Removed::from) })
    }

    fn times_to_live<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<Duration>>, StoreError>> {
        let keys = keys.to_vec();
        Box::pin(self.look(move |database, now| tables::times_to_live(database, &keys, now)))
    }

    fn add_to_set<'a>(
        &'a self,
        key: &'a str,
        name: &'a str,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            check_name(key)?;
            check_name(name)?;
            let (key, name, expires) = (key.to_owned(), name.to_owned(), at(time_to_live));
            self.change(Operation::AddName { key, name, expires }).await.map(drop)
        })
    }

    fn remove_from_set<'a>(&'a self, key: &'a str, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let operation = Operation::RemoveName { key: key.to_owned(), name: name.to_owned() };
        Box::pin(async move { self.change(operation).await.map(drop) })
    }

    fn set<'a>(&'a self, key: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let key = key.to_owned();
        Box::pin(self.look(move |database, now| tables::names(database, &key, limit, now)))
    }

    fn keys<'a>(
        &'a self,
        prefix: &'a str,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Keys, StoreError>> {
        let (prefix, cursor) = (prefix.to_owned(), cursor.map(str::to_owned));
        let limit = limit.clamp(1, KEYS_PAGE_MAX);
        Box::pin(self.look(move |database, now| tables::keys(database, &prefix, cursor, limit, now)))
    }
}

/// Milliseconds since 1970. Not a monotonic clock, since ends are written down and outlive the process.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// The moment when this time is over.
fn at(time_to_live: Duration) -> u64 {
    now().saturating_add(u64::try_from(time_to_live.as_millis()).unwrap_or(u64::MAX))
}
