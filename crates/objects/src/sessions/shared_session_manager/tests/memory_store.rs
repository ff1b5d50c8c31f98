//! A store in memory that fails, is silent, or is changed by others at the worst moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use exchange::BoxFuture;

use super::now;
use crate::sessions::shared_store::{Change, Field, Keys, Onto, Outage, Removed, SharedStore, StoreError};

/// What is wrong with the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Failing,
    Silent,
    /// It works, and takes nothing.
    Refusing,
}

/// The fields of a record by their names.
pub(super) type Fields = BTreeMap<Vec<u8>, Vec<u8>>;

/// Everything, each with the second in which it ends.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) records: BTreeMap<String, (u64, Fields)>,
    pub(super) sets: BTreeMap<String, (u64, BTreeSet<String>)>,
}

type Hook = Box<dyn FnOnce(&mut Tables) + Send>;

pub(super) struct MemoryStore {
    pub(super) tables: Mutex<Tables>,
    pub(super) mood: Mutex<Mood>,
    /// Whether what it answers to a removal is lost, and it is asked again.
    pub(super) loses_answers: AtomicBool,
    pub(super) outage: Outage,
    /// How often it was asked.
    pub(super) asked: AtomicUsize,
    /// What somebody else does right after the next record was made.
    pub(super) after_new: Mutex<Option<Hook>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            tables: Mutex::default(),
            mood: Mutex::new(Mood::Good),
            loses_answers: AtomicBool::new(false),
            outage: Outage::default(),
            asked: AtomicUsize::new(0),
            after_new: Mutex::default(),
        }
    }
}

impl MemoryStore {
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables) -> T,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mood = *self.mood.lock().unwrap();
        if mood == Mood::Refusing {
            return Box::pin(async { Err(StoreError::Refused("the set is full".to_owned())) });
        }
        if mood != Mood::Good {
            return Box::pin(async move {
                if mood == Mood::Silent {
                    std::future::pending::<()>().await;
                }
                Err(StoreError::Unavailable("connection refused".to_owned()))
            });
        }
        let mut tables = self.tables.lock().unwrap();
        tables.records.retain(|_, (end, _)| *end > now());
        tables.sets.retain(|_, (end, names)| *end > now() && !names.is_empty());
        let answer = work(&mut tables);
        Box::pin(async move { Ok(answer) })
    }
}

impl SharedStore for MemoryStore {
    fn outage(&self) -> &Outage {
        &self.outage
    }

    fn read<'a>(
        &'a self,
        key: &'a str,
        touch: Option<Duration>,
    ) -> BoxFuture<'a, Result<Option<Vec<Field>>, StoreError>> {
        self.ask(|tables| {
            let (end, fields) = tables.records.get_mut(key)?;
            if let Some(touch) = touch {
                *end = now() + touch.as_secs();
            }
            Some(fields.clone().into_iter().collect())
        })
    }

    fn write<'a>(&'a self, key: &'a str, change: Change) -> BoxFuture<'a, Result<bool, StoreError>> {
        let is_new = change.onto == Onto::New;
        let hook = if is_new { self.after_new.lock().unwrap().take() } else { None };
        self.ask(|tables| {
            if tables.records.contains_key(key) == is_new {
                return false;
            }
            let (end, fields) = tables.records.entry(key.to_owned()).or_default();
            *end = now() + change.time_to_live.as_secs();
            fields.extend(change.set);
            fields.retain(|name, _| !change.remove.contains(name));
            if let Some(hook) = hook {
                hook(tables);
            }
            true
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removed, StoreError>> {
        let is_sure = !self.loses_answers.load(Ordering::Relaxed);
        self.ask(move |tables| {
            let was_there = tables.records.remove(key).is_some() | tables.sets.remove(key).is_some();
            if is_sure { Removed::from(was_there) } else { Removed::Unknown }
        })
    }

    fn times_to_live<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<Duration>>, StoreError>> {
        self.ask(|tables| {
            let left = |key| Some(Duration::from_secs(tables.records.get(key)?.0 - now()));
            keys.iter().map(left).collect()
        })
    }

    fn add_to_set<'a>(
        &'a self,
        key: &'a str,
        name: &'a str,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.ask(|tables| {
            let (end, names) = tables.sets.entry(key.to_owned()).or_default();
            *end = (*end).max(now() + time_to_live.as_secs());
            names.insert(name.to_owned());
        })
    }

    fn remove_from_set<'a>(&'a self, key: &'a str, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.ask(|tables| {
            if let Some((_, names)) = tables.sets.get_mut(key) {
                names.remove(name);
            }
        })
    }

    fn set<'a>(&'a self, key: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.ask(|tables| {
            let names = tables.sets.get(key).map(|(_, names)| names.iter().take(limit).cloned().collect());
            names.unwrap_or_default()
        })
    }

    fn keys<'a>(
        &'a self,
        prefix: &'a str,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Keys, StoreError>> {
        self.ask(|tables| {
            let begin =
                |key: &&String| key.starts_with(prefix) && cursor.is_none_or(|last| key.as_str() > last);
            let keys: Vec<String> = tables.records.keys().filter(begin).take(limit).cloned().collect();
            let cursor = keys.last().filter(|_| keys.len() == limit).cloned();
            Keys { keys, cursor }
        })
    }
}
