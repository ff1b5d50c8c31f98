//! [`Store`]: all sessions of a manager. It outlives a reload, and knows no settings: they are handed in.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exchange::{EndSignal, SessionEntries};

use super::key::Key;
use super::moves::Moves;
use super::shard::{Front, Shard, Stored};
use super::watchers::Watchers;

/// Tenths of a second since the store was made: in 32 bits they last for 13 years.
pub(super) type Tick = u32;

const TICK_MS: u128 = 100;

/// Parts with a lock of their own, so that requests seldom wait for each other.
const SHARDS: usize = 16;

/// Sessions that were used meanwhile and are passed over in the search for one that goes; then the next one goes.
const SECOND_CHANCES_MAX: usize = 32;

/// Sessions that go for one that comes. More than one only after the limit was lowered.
const EVICTED_AT_A_TIME: usize = 16;

/// How long sessions last and how many there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From the last use.
    pub(super) timeout: Tick,
    /// From the first write.
    pub(super) absolute: Option<Tick>,
    pub(super) sessions_max: usize,
}

impl Limits {
    pub(super) fn new(timeout: Duration, absolute: Option<Duration>, sessions_max: u32) -> Self {
        let sessions_max = usize::try_from(sessions_max).unwrap_or(usize::MAX);
        Self { timeout: ticks_up(timeout), absolute: absolute.map(ticks_up), sessions_max }
    }
}

/// All sessions of a manager.
pub(super) struct Store {
    made_at: Instant,
    shards: [Mutex<Shard>; SHARDS],
    count: AtomicUsize,
    evicted: AtomicU64,
    moves: Mutex<Moves>,
    watchers: Watchers,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            made_at: Instant::now(),
            shards: Default::default(),
            count: AtomicUsize::default(),
            evicted: AtomicU64::default(),
            moves: Mutex::default(),
            watchers: Watchers::default(),
        }
    }
}

/// A session as it is shown.
pub(super) struct Shown {
    pub(super) key: Key,
    pub(super) entries: Arc<SessionEntries>,
    pub(super) seconds_left: u64,
}

impl Store {
    /// The entries of a session, whose time starts anew, unless it has ended.
    pub(super) fn find(&self, key: Key, limits: &Limits, now: Instant) -> Option<Arc<SessionEntries>> {
        let now = self.tick(now);
        let mut shard = self.shard(key);
        let stored = shard.get_mut(key)?;
        if stored.is_over(limits, now) {
            let over = shard.remove(key);
            drop(shard);
            self.count_out(key);
            drop(over);
            return None;
        }
        // The request that has ended it is under way; its response will say so to the browser.
        if stored.entries.is_ended() {
            return None;
        }
        // Never back: threads read the clock before they wait for the lock.
        stored.used = stored.used.max(now);
        Some(stored.entries.clone())
    }

    /// Keeps a new session. Others go if there are too many.
    pub(super) fn insert(&self, key: Key, entries: Arc<SessionEntries>, limits: &Limits, now: Instant) {
        for _ in 0..EVICTED_AT_A_TIME {
            if self.count() < limits.sessions_max || !self.evict() {
                break;
            }
        }
        let now = self.tick(now);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.shard(key).insert(key, Stored { entries, created: now, used: now });
    }

    /// Gives a session another key, and what `change` makes of its entries. False when it has ended, or has another
    /// key already: whoever planted an id and holds a request back until somebody has logged in gets nothing.
    ///
    /// The old key is dead at once, and so is the list under it: what requests write that had the session before is
    /// dropped from here on. They still find the session to end it.
    pub(super) fn renew(
        &self,
        key: Key,
        new: Key,
        change: impl FnOnce(&SessionEntries),
        now: Instant,
    ) -> bool {
        // Held throughout, so that nobody who ends the session finds it under neither key.
        let mut moves = lock(&self.moves);
        let mut shard = self.shard(key);
        let Some(entries) = shard.get_mut(key).and_then(|stored| stored.entries.retire()) else {
            return false;
        };
        let Some(mut stored) = shard.remove(key) else { return false };
        drop(shard);
        change(&entries);
        entries.pack();
        stored.entries = Arc::new(entries);
        self.shard(new).insert(new, stored);
        moves.add(key, new, self.tick(now));
        self.watchers.rename(key, new);
        true
    }

    /// Whether a session had this key a short while ago.
    pub(super) fn is_late(&self, key: Key, now: Instant) -> bool {
        lock(&self.moves).is_late(key, self.tick(now))
    }

    /// Ends a session. True when there was one.
    pub(super) fn remove(&self, key: Key) -> bool {
        let mut key = key;
        loop {
            let removed = self.shard(key).remove(key);
            if removed.is_some() {
                self.count_out(key);
                return true;
            }
            match self.moved(key) {
                Some(next) => key = next,
                None => return false,
            }
        }
    }

    /// Forgets the sessions whose time is over: those that are watched to the tick, others a little later.
    pub(super) fn sweep(&self, limits: &Limits, now: Instant) {
        let now = self.tick(now);
        for key in self.watchers.keys() {
            let mut shard = self.shard(key);
            let is_over = shard.get_mut(key).is_none_or(|stored| stored.is_over(limits, now));
            let over = is_over.then(|| shard.remove(key));
            drop(shard);
            match over {
                Some(Some(_)) => self.count_out(key),
                // It was renewed while the keys were read, or nobody has told its watchers yet.
                Some(None) if self.current(key).is_none() => self.watchers.end(key),
                _ => {}
            }
        }
        for shard in &self.shards {
            loop {
                let over = lock(shard).sweep(limits, now);
                let Some(over) = over else { break };
                over.iter().for_each(|(key, _)| self.count_out(*key));
            }
        }
    }

    /// Completes when the session ends; at once if it has.
    pub(super) fn watch(&self, key: Key) -> EndSignal {
        let mut key = key;
        while let Some(current) = self.current(key) {
            let signal = self.watchers.add(current);
            // Whoever ends the session from here on finds the watcher.
            if self.shard(current).contains(current) {
                return signal;
            }
            key = current;
        }
        Box::pin(std::future::ready(()))
    }

    /// One session.
    pub(super) fn show(&self, key: Key, limits: &Limits, now: Instant) -> Option<Shown> {
        let now = self.tick(now);
        let mut shard = self.shard(key);
        shown(key, shard.get_mut(key)?, limits, now)
    }

    /// The sessions of one part behind this key, in the order of their keys. `None` behind the last part.
    pub(super) fn show_part(
        &self,
        part: usize,
        after: Option<Key>,
        limits: &Limits,
        now: Instant,
    ) -> Option<Vec<Shown>> {
        let now = self.tick(now);
        let shard = lock(self.shards.get(part)?);
        let behind = shard.iter().filter(|(key, _)| after.is_none_or(|after| *key > after));
        let mut part: Vec<Shown> =
            behind.filter_map(|(key, stored)| shown(key, stored, limits, now)).collect();
        drop(shard);
        part.sort_unstable_by_key(|shown| shown.key);
        Some(part)
    }

    /// How many sessions there are. Those whose time has just gone by may be among them.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// How many had to go for others so far.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// Ends the session that was not used for the longest time, roughly. False when there is none.
    fn evict(&self) -> bool {
        for chance in 0..=SECOND_CHANCES_MAX {
            let oldest = self.shards.iter().filter_map(|shard| Some((lock(shard).oldest()?, shard)));
            let Some((_, shard)) = oldest.min_by_key(|(bucket, _)| *bucket) else { return false };
            let front = lock(shard).take_front(chance == SECOND_CHANCES_MAX);
            if let Front::Taken(key, stored) = front {
                // Freed here, not under the lock.
                drop(stored);
                self.count_out(key);
                self.evicted.fetch_add(1, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// The key of a session now; `None` when it has ended.
    fn current(&self, key: Key) -> Option<Key> {
        let mut key = key;
        loop {
            if self.shard(key).contains(key) {
                return Some(key);
            }
            key = self.moved(key)?;
        }
    }

    /// Where a session went from this key.
    fn moved(&self, key: Key) -> Option<Key> {
        lock(&self.moves).next(key)
    }

    /// A session is gone.
    fn count_out(&self, key: Key) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.watchers.end(key);
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        lock(&self.shards[key.shard() % SHARDS])
    }

    fn tick(&self, now: Instant) -> Tick {
        let passed = now.saturating_duration_since(self.made_at);
        Tick::try_from(passed.as_millis() / TICK_MS).unwrap_or(Tick::MAX)
    }

    /// How many there are, counted, and how many keys are queued.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        let counts = self.shards.iter().map(|shard| lock(shard).check());
        let counts = counts.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        assert_eq!(counts.0, self.count());
        counts
    }
}

fn shown(key: Key, stored: &Stored, limits: &Limits, now: Tick) -> Option<Shown> {
    let left = stored.ends_at(limits).checked_sub(now).filter(|left| *left > 0)?;
    if stored.entries.is_ended() {
        return None;
    }
    let seconds_left = (u128::from(left) * TICK_MS).div_ceil(1000);
    let seconds_left = u64::try_from(seconds_left).unwrap_or(u64::MAX);
    Some(Shown { key, entries: stored.entries.clone(), seconds_left })
}

fn ticks_up(time: Duration) -> Tick {
    Tick::try_from(time.as_millis().div_ceil(TICK_MS)).unwrap_or(Tick::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under the locks is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
