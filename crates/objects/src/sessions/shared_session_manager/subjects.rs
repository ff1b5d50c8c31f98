//! [`Subjects`]: which sessions are whose.
//!
//! The store has a set of handles for each subject. It lives longer than any session that stands in it, since using
//! a session renews the entry, too; handles of sessions that have ended are removed when the set is read or grows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use exchange::Fault;

use super::super::options::{SubjectOptions, TIMEOUT_MAX};
use super::Manager;

/// Sessions of one subject that are found. A person has a few; a machine that logs in anew for each request may
/// have many, and revoking goes on until there is none.
pub(super) const SUBJECT_SESSIONS_MAX: usize = 1000;

/// When a login finds that many in the set, it removes what has ended.
const PRUNE_FROM: usize = 32;

/// Handles whose entry in the set is known to be fresh. Beyond that, all are forgotten and renewed once too often.
const NOTES_MAX: usize = 100_000;

/// Whose sessions are.
pub(super) struct Subjects {
    options: SubjectOptions,
    time_to_live: Duration,
    refresh_after: Duration,
    /// When the entry of a handle was last renewed by this instance.
    notes: Mutex<HashMap<String, Instant>>,
}

impl Subjects {
    pub(super) fn new(options: SubjectOptions, timeout: Duration) -> Self {
        let time_to_live = timeout.saturating_mul(2).min(TIMEOUT_MAX);
        Self { options, time_to_live, refresh_after: timeout / 4, notes: Mutex::default() }
    }

    pub(super) fn options(&self) -> &SubjectOptions {
        &self.options
    }

    /// The names of the sets of a subject: one for each valid key, that of the active one first.
    fn keys(manager: &Manager, subject: &str) -> Vec<String> {
        manager.keys.marks(subject).iter().map(|mark| manager.namespace.subject(mark)).collect()
    }

    /// Lists a session that has just begun.
    pub(super) async fn add(&self, manager: &Manager, subject: &str, handle: &str) -> Result<(), Fault> {
        let Some(key) = Self::keys(manager, subject).into_iter().next() else { return Ok(()) };
        let store = &manager.store;
        store.ask(|store| store.add_to_set(&key, handle, self.time_to_live)).await?;
        self.note(handle);
        let members = store.ask(|store| store.set(&key, 2 * PRUNE_FROM)).await?;
        if members.len() >= PRUNE_FROM {
            Self::living(manager, &key, members).await?;
        }
        Ok(())
    }

    /// Keeps the entry of a session that is used alive.
    pub(super) async fn refresh(&self, manager: &Manager, subject: &str, handle: &str) -> Result<(), Fault> {
        let is_fresh = {
            let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
            notes.get(handle).is_some_and(|noted| noted.elapsed() < self.refresh_after)
        };
        if is_fresh {
            return Ok(());
        }
        let Some(key) = Self::keys(manager, subject).into_iter().next() else { return Ok(()) };
        manager.store.ask(|store| store.add_to_set(&key, handle, self.time_to_live)).await?;
        self.note(handle);
        Ok(())
    }

    /// Lists a session with another subject.
    pub(super) async fn replace(
        &self,
        manager: &Manager,
        before: Option<&str>,
        after: Option<&str>,
        handle: &str,
    ) -> Result<(), Fault> {
        if let Some(subject) = after {
            self.add(manager, subject, handle).await?;
        }
        if let Some(subject) = before {
            self.forget(manager, subject, handle).await;
        }
        Ok(())
    }

    /// Takes a handle that names no session any more out of the set. When that fails, whoever reads the set does it.
    pub(super) async fn forget(&self, manager: &Manager, subject: &str, handle: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).remove(handle);
        for key in Self::keys(manager, subject) {
            let _ = manager.store.ask(|store| store.remove_from_set(&key, handle)).await;
        }
    }

    /// The handles of a subject's sessions that have not ended, in their order.
    pub(super) async fn handles(&self, manager: &Manager, subject: &str) -> Result<Vec<String>, Fault> {
        let mut handles = Vec::new();
        for key in Self::keys(manager, subject) {
            let members = manager.store.ask(|store| store.set(&key, SUBJECT_SESSIONS_MAX)).await?;
            handles.append(&mut Self::living(manager, &key, members).await?);
        }
        handles.sort_unstable();
        handles.dedup();
        Ok(handles)
    }

    /// Those of a set that have not ended; the others are removed from it.
    async fn living(manager: &Manager, key: &str, members: Vec<String>) -> Result<Vec<String>, Fault> {
        let keys: Vec<String> = members.iter().map(|handle| manager.namespace.session(handle)).collect();
        let left = manager.store.ask(|store| store.times_to_live(&keys)).await?;
        let mut living = Vec::with_capacity(members.len());
        for (handle, left) in members.into_iter().zip(left) {
            if left.is_some() {
                living.push(handle);
            } else {
                manager.store.ask(|store| store.remove_from_set(key, &handle)).await?;
            }
        }
        Ok(living)
    }

    fn note(&self, handle: &str) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() >= NOTES_MAX {
            notes.clear();
        }
        notes.insert(handle.to_owned(), Instant::now());
    }
}
