//! [`Moves`]: ids that sessions have had, for requests that were under way, or came late, with an old one.

use std::collections::{HashMap, VecDeque};

use super::key::Key;
use super::store::Tick;

/// Old ids that are remembered: those of the last minute as long as no more than 250 sessions a second change theirs.
const MOVES_MAX: usize = 16_384;

/// A minute: a request that a browser sent before it knew its new id has come by then.
const LATE_TICKS: Tick = 600;

/// Where sessions went, a bounded number.
#[derive(Default)]
pub(super) struct Moves {
    by_old: HashMap<Key, (Key, Tick)>,
    /// The oldest first. No session has the same id twice.
    order: VecDeque<Key>,
}

impl Moves {
    pub(super) fn add(&mut self, old: Key, new: Key, now: Tick) {
        if self.order.len() >= MOVES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_old.remove(&oldest);
        }
        self.by_old.insert(old, (new, now));
        self.order.push_back(old);
    }

    /// Where the session of this id went. Only for requests that had the session before.
    pub(super) fn next(&self, old: Key) -> Option<Key> {
        self.by_old.get(&old).map(|(new, _)| *new)
    }

    /// Whether a session had this id a minute ago or less.
    pub(super) fn is_late(&self, old: Key, now: Tick) -> bool {
        self.by_old.get(&old).is_some_and(|(_, at)| now.saturating_sub(*at) < LATE_TICKS)
    }
}
