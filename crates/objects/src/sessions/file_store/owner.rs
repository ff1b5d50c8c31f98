//! The thread that changes the file.
//!
//! Changes that come together are made in one transaction, so that they share the wait for the disk. Touches alone are
//! not waited for: they reach the disk with the next change, or within about a second.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use redb::{Database, Durability, Error};
use tokio::sync::oneshot;

use super::super::shared_store::{Change, Noticed, Outage, StoreError};
use super::tables::{Outcome, Tables};
use super::{database, now, tables};

/// Tasks that wait; more are refused.
const QUEUE_MAX: usize = 1024;

/// Tasks of one transaction.
const BATCH_MAX: usize = 256;

/// Time between two rounds of housekeeping.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(1);

/// Entries that are removed in one transaction because they are over.
const SWEEP_MAX: usize = 1000;

/// Such transactions in one round of housekeeping; tasks are waiting.
const SWEEPS_MAX: usize = 10;

/// After a failure the file is opened anew at most this often.
const REOPEN_INTERVAL: Duration = Duration::from_secs(1);

/// What is done to the file, in words of [`SharedStore`](super::super::shared_store::SharedStore). Ends are in
/// milliseconds since 1970.
pub(super) enum Operation {
    Write { key: String, change: Change, expires: u64 },
    Touch { key: String, expires: u64 },
    Remove { key: String },
    AddName { key: String, name: String, expires: u64 },
    RemoveName { key: String, name: String },
}

/// An operation, and who waits for its outcome.
pub(super) struct Task {
    pub(super) operation: Operation,
    pub(super) answer: oneshot::Sender<Result<bool, StoreError>>,
}

type Shared = Arc<Mutex<Option<Arc<Database>>>>;

/// Starts the thread, which ends when its sender is dropped.
pub(super) fn start(path: PathBuf, database: Shared, outage: Arc<Outage>) -> io::Result<SyncSender<Task>> {
    let (sender, tasks) = mpsc::sync_channel(QUEUE_MAX);
    let owner = Owner { path, database, outage, is_dirty: false, reopen_at: Instant::now() };
    thread::Builder::new().name("file store".to_owned()).spawn(move || owner.run(&tasks))?;
    Ok(sender)
}

struct Owner {
    path: PathBuf,
    database: Shared,
    outage: Arc<Outage>,
    /// Whether there are changes that have not been waited for.
    is_dirty: bool,
    reopen_at: Instant,
}

impl Owner {
    fn run(mut self, tasks: &Receiver<Task>) {
        let mut due = Instant::now() + HOUSEKEEPING_INTERVAL;
        loop {
            match tasks.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(task) => self.serve(task, tasks),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= due {
                self.keep_house();
                due = Instant::now() + HOUSEKEEPING_INTERVAL;
            }
        }
        if self.is_dirty {
            self.keep_house();
        }
    }

    /// Does a task, and those that wait behind it.
    fn serve(&mut self, first: Task, tasks: &Receiver<Task>) {
        let mut batch = vec![first];
        batch.extend(tasks.try_iter().take(BATCH_MAX - 1));
        // Whoever has given up must not be surprised by a change; between here and the commit it still can be.
        batch.retain(|task| !task.answer.is_closed());
        if batch.is_empty() {
            return;
        }
        match self.transact(&batch) {
            Ok(outcomes) => {
                for (task, outcome) in batch.into_iter().zip(outcomes) {
                    // Whoever does not wait any more does not need it.
                    let _ = task.answer.send(outcome);
                }
            }
            Err(error) => {
                for task in batch {
                    let _ = task.answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn transact(&mut self, batch: &[Task]) -> Result<Vec<Result<bool, StoreError>>, StoreError> {
        let is_touch = |task: &Task| matches!(task.operation, Operation::Touch { .. });
        let durability = if batch.iter().all(is_touch) { Durability::None } else { Durability::Immediate };
        let now = now();
        self.commit(durability, |tables| {
            batch.iter().map(|task| perform(&task.operation, tables, now)).collect()
        })
    }

    /// Removes what is over, and lets reach the disk what has not been waited for.
    fn keep_house(&mut self) {
        let now = now();
        for _ in 0..SWEEPS_MAX {
            match self.sweep(now) {
                Ok(count) if count < SWEEP_MAX => return,
                Ok(_) => {}
                Err(error) => {
                    self.tell(&error);
                    return;
                }
            }
        }
    }

    fn sweep(&mut self, now: u64) -> Result<usize, StoreError> {
        let database = self.database()?;
        let is_any_over = tables::is_any_over(&database, now).map_err(|error| self.failed(&error))?;
        // Held no longer than needed, so that the file can be opened anew.
        drop(database);
        if !is_any_over && !self.is_dirty {
            return Ok(0);
        }
        self.commit(Durability::Immediate, |tables| tables.sweep(now, SWEEP_MAX))
    }

    fn commit<T>(
        &mut self,
        durability: Durability,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let database = self.database()?;
        let outcome = commit(&database, durability, change);
        drop(database);
        match outcome {
            Ok(outcome) => {
                self.is_dirty = matches!(durability, Durability::None);
                Ok(outcome)
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The file. It is opened anew after a failure, since the library refuses everything once the disk has failed.
    fn database(&mut self) -> Result<Arc<Database>, StoreError> {
        if let Some(database) = database::lock(&self.database).as_ref() {
            return Ok(database.clone());
        }
        if Instant::now() < self.reopen_at {
            return Err(database::error(&self.path, "cannot be used since the disk has failed"));
        }
        self.reopen_at = Instant::now() + REOPEN_INTERVAL;
        let opened = database::open(&self.path, REOPEN_INTERVAL).map_err(StoreError::Unavailable)?;
        if self.outage.ends(Noticed::Itself) {
            tracing::warn!(file = %self.path.display(), "A file store was opened anew after a failure.");
        }
        let opened = Arc::new(opened);
        *database::lock(&self.database) = Some(opened.clone());
        Ok(opened)
    }

    /// Gives the file up, to be opened anew.
    fn failed(&mut self, error: &Error) -> StoreError {
        self.tell(error);
        *database::lock(&self.database) = None;
        self.reopen_at = Instant::now();
        database::error(&self.path, error)
    }
}

impl Owner {
    /// Once for each outage.
    fn tell(&self, error: &dyn fmt::Display) {
        if self.outage.begins(Noticed::Itself) {
            tracing::error!(file = %self.path.display(), %error, "A file store has failed.");
        }
    }
}

fn commit<T>(
    database: &Database,
    durability: Durability,
    change: impl FnOnce(&mut Tables<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(durability)?;
    let outcome = change(&mut Tables::open(&transaction)?)?;
    transaction.commit()?;
    Ok(outcome)
}

fn perform(operation: &Operation, tables: &mut Tables<'_>, now: u64) -> Outcome<bool> {
    match operation {
        Operation::Write { key, change, expires } => tables.write(key, change, *expires, now),
        Operation::Touch { key, expires } => tables.touch(key, *expires, now),
        Operation::Remove { key } => tables.remove(key, now),
        Operation::AddName { key, name, expires } => tables.add_name(key, name, *expires, now),
        Operation::RemoveName { key, name } => tables.remove_name(key, name, now),
    }
}
