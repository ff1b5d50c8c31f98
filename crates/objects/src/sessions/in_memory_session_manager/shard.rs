//! [`Shard`]: a part of the sessions, under one lock.
//!
//! Each session stands once in a queue, in the bucket of the time at which it was queued. A use only writes its time
//! down. Whoever takes from the front of the queue puts a session that was used since into its later bucket, so the
//! order of use costs nothing when a session is used.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use exchange::SessionEntries;

use super::key::Key;
use super::store::{Limits, Tick};

/// Ticks that make a bucket: 1.6 seconds, by which expired sessions may stay longer in memory than they live.
const BUCKET_TICKS: Tick = 16;

/// Queued keys that are looked at while the lock is held.
const SWEPT_AT_A_TIME: usize = 1000;

/// So many keys of sessions that are gone may wait in the queue, however few sessions there are.
const GONE_MIN: usize = 64;

/// A session in the store.
pub(super) struct Stored {
    pub(super) entries: Arc<SessionEntries>,
    pub(super) created: Tick,
    pub(super) used: Tick,
}

impl Stored {
    /// When it ends unless it is used before.
    pub(super) fn ends_at(&self, limits: &Limits) -> Tick {
        let idle = self.used.saturating_add(limits.timeout);
        limits.absolute.map_or(idle, |absolute| idle.min(self.created.saturating_add(absolute)))
    }

    pub(super) fn is_over(&self, limits: &Limits, now: Tick) -> bool {
        now >= self.ends_at(limits)
    }
}

/// A part of the sessions.
#[derive(Default)]
pub(super) struct Shard {
    sessions: HashMap<Key, Stored>,
    /// By the time of the use that was last looked at, in buckets.
    queue: BTreeMap<Tick, VecDeque<Key>>,
    /// How many keys in the queue are those of sessions that are gone.
    gone: usize,
}

/// What was found at the front of the queue.
pub(super) enum Front {
    /// The queue is empty.
    Nothing,
    /// A session that was used since, and has been queued again.
    Used,
    /// A session that has been taken out.
    Taken(Key, Stored),
}

impl Shard {
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Stored> {
        self.sessions.get_mut(&key)
    }

    pub(super) fn contains(&self, key: Key) -> bool {
        self.sessions.contains_key(&key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Stored)> {
        self.sessions.iter().map(|(key, stored)| (*key, stored))
    }

    pub(super) fn insert(&mut self, key: Key, stored: Stored) {
        self.enqueue(key, stored.used);
        self.sessions.insert(key, stored);
    }

    /// Takes a session out. Its key stays in the queue for a while, but not for long: sessions that come and go
    /// quickly would fill it.
    pub(super) fn remove(&mut self, key: Key) -> Option<Stored> {
        let stored = self.sessions.remove(&key)?;
        self.gone += 1;
        if self.gone > self.sessions.len().max(GONE_MIN) {
            self.queue.clear();
            self.gone = 0;
            let uses: Vec<(Key, Tick)> = self.iter().map(|(key, stored)| (key, stored.used)).collect();
            uses.into_iter().for_each(|(key, used)| self.enqueue(key, used));
        }
        Some(stored)
    }

    /// Takes out sessions whose time is over, a limited number. `None` when there is nothing more to look at.
    pub(super) fn sweep(&mut self, limits: &Limits, now: Tick) -> Option<Vec<(Key, Stored)>> {
        let idle = limits.absolute.map_or(limits.timeout, |absolute| limits.timeout.min(absolute));
        let used_before = now.checked_sub(idle)?;
        let mut over = Vec::new();
        for _ in 0..SWEPT_AT_A_TIME {
            let is_due = |first: &Tick| first.saturating_add(BUCKET_TICKS - 1) <= used_before;
            match self.oldest().filter(is_due).and_then(|_| self.pop_front()) {
                Some((_, key)) => over.extend(self.look_at(key, |stored| stored.is_over(limits, now))),
                None if over.is_empty() => {
                    self.shrink();
                    return None;
                }
                None => break,
            }
        }
        Some(over)
    }

    /// The bucket at the front of the queue.
    pub(super) fn oldest(&self) -> Option<Tick> {
        self.queue.first_key_value().map(|(bucket, _)| *bucket)
    }

    /// Takes out the session that was not used for the longest time, as far as one look can tell. With `is_forced`
    /// it goes even if it was used since.
    pub(super) fn take_front(&mut self, is_forced: bool) -> Front {
        while let Some((bucket, key)) = self.pop_front() {
            if !self.sessions.contains_key(&key) {
                self.gone = self.gone.saturating_sub(1);
                continue;
            }
            let is_idle = |stored: &Stored| is_forced || bucket_of(stored.used) <= bucket;
            return self.look_at(key, is_idle).map_or(Front::Used, |(key, stored)| Front::Taken(key, stored));
        }
        Front::Nothing
    }

    /// Takes a key out of the queue, with its bucket.
    fn pop_front(&mut self) -> Option<(Tick, Key)> {
        let mut first = self.queue.first_entry()?;
        let (bucket, key) = (*first.key(), first.get_mut().pop_front());
        if first.get().is_empty() {
            first.remove();
        }
        Some((bucket, key?))
    }

    /// Takes out the session of a key that is not in the queue any more, or queues it again.
    fn look_at(&mut self, key: Key, goes: impl FnOnce(&Stored) -> bool) -> Option<(Key, Stored)> {
        let Some(stored) = self.sessions.get(&key) else {
            self.gone = self.gone.saturating_sub(1);
            return None;
        };
        if goes(stored) {
            return self.sessions.remove(&key).map(|stored| (key, stored));
        }
        self.enqueue(key, stored.used);
        None
    }

    fn enqueue(&mut self, key: Key, used: Tick) {
        self.queue.entry(bucket_of(used)).or_default().push_back(key);
    }

    /// Gives back what a crowd of sessions has left behind.
    fn shrink(&mut self) {
        if self.sessions.capacity() > 4 * self.sessions.len() + GONE_MIN {
            self.sessions.shrink_to(2 * self.sessions.len());
        }
    }

    #[cfg(test)]
    pub(super) fn check(&self) -> (usize, usize) {
        let queued = self.queue.values().map(VecDeque::len).sum::<usize>();
        assert_eq!(queued, self.sessions.len() + self.gone);
        (self.sessions.len(), queued)
    }
}

/// The first tick of the bucket.
fn bucket_of(tick: Tick) -> Tick {
    tick - tick % BUCKET_TICKS
}
