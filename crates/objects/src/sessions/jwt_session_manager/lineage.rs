//! [`Lineage`]: which states of a session the latest one was made from on this instance, and until when.
//!
//! Responses that race reach the browser in any order, so that for a moment it may present a state that is not the
//! latest any more. Whoever presents one later has kept it: it may have been planted in the browser before a login.

use std::collections::VecDeque;
use std::time::Duration;

/// For so long after a state was replaced it still counts as the latest.
pub(super) const RACE: Duration = Duration::from_secs(30);

/// States that are remembered one by one.
const REMEMBERED_MAX: usize = 256;

/// Of these, states that were replaced longer ago than [`RACE`].
const REMEMBERED_LATE_MAX: usize = 32;

/// The states before the latest one.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    /// Revisions, and when each was replaced, in milliseconds since 1970; the oldest first.
    before: VecDeque<(u64, u64)>,
    /// Revisions up to this one are out of date.
    forgotten: u64,
}

/// What an earlier revision is to the latest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The latest state was made from it, a moment ago.
    Recent,
    /// It was replaced long ago.
    Outdated,
    /// The latest state was not made from it, as far as is known here. Another instance may have written it.
    Apart,
}

impl Lineage {
    /// The latest state was `revision`, and another one is made from it now.
    pub(super) fn replaced(&mut self, revision: u64, now: Duration) {
        self.before.push_back((revision, milliseconds(now)));
        while let Some((first, at)) = self.before.front().copied()
            && (self.before.len() > REMEMBERED_MAX
                || self.before.len() > REMEMBERED_LATE_MAX && is_late(at, now))
        {
            self.forgotten = self.forgotten.max(first);
            self.before.pop_front();
        }
    }

    /// The latest state is one that was not made from those that were known.
    pub(super) fn broken(&mut self, now: Duration) {
        let late = self.before.iter().filter(|(_, at)| is_late(*at, now)).map(|(revision, _)| *revision);
        self.forgotten = late.max().unwrap_or(0).max(self.forgotten);
        self.before.clear();
    }

    /// What a revision before the latest is.
    pub(super) fn place(&self, revision: u64, now: Duration) -> Place {
        match self.before.iter().rev().find(|(known, _)| *known == revision) {
            Some((_, at)) if !is_late(*at, now) => Place::Recent,
            None if revision > self.forgotten => Place::Apart,
            _ => Place::Outdated,
        }
    }

    /// What it weighs in memory.
    pub(super) fn bytes(&self) -> usize {
        self.before.capacity() * size_of::<(u64, u64)>()
    }
}

/// Whether it was replaced longer ago than requests race. A clock that was set back makes nothing young again.
fn is_late(replaced_at: u64, now: Duration) -> bool {
    Duration::from_millis(milliseconds(now).abs_diff(replaced_at)) >= RACE
}

fn milliseconds(now: Duration) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Duration = Duration::from_secs(1_900_000_000);

    #[test]
    fn a_state_that_was_replaced_counts_for_half_a_minute() {
        let mut lineage = Lineage::default();
        lineage.replaced(5, NOON);
        assert_eq!(lineage.place(5, NOON), Place::Recent);
        assert_eq!(lineage.place(5, NOON + RACE - Duration::from_millis(1)), Place::Recent);
        assert_eq!(lineage.place(5, NOON + RACE), Place::Outdated);
        assert_eq!(lineage.place(5, NOON - RACE), Place::Outdated, "the clock was set back");
        assert_eq!(lineage.place(4, NOON), Place::Apart);
        assert_eq!(lineage.place(6, NOON), Place::Apart);
    }

    #[test]
    fn what_is_too_much_to_remember_is_out_of_date() {
        let mut lineage = Lineage::default();
        (1..=1000).for_each(|revision| lineage.replaced(revision, NOON));
        assert_eq!(lineage.before.len(), REMEMBERED_MAX);
        assert_eq!((lineage.place(744, NOON), lineage.place(745, NOON)), (Place::Outdated, Place::Recent));
        lineage.replaced(1001, NOON + RACE);
        assert_eq!(lineage.before.len(), REMEMBERED_LATE_MAX);
        assert_eq!(lineage.place(960, NOON + RACE), Place::Outdated);
        assert!(lineage.bytes() >= 16 * REMEMBERED_LATE_MAX);
    }

    #[test]
    fn what_is_out_of_date_stays_so_after_a_state_of_another_instance() {
        let mut lineage = Lineage::default();
        lineage.replaced(5, NOON);
        lineage.replaced(7, NOON + RACE);
        lineage.broken(NOON + RACE);
        assert_eq!(lineage.place(5, NOON + RACE), Place::Outdated);
        assert_eq!(lineage.place(7, NOON + RACE), Place::Apart);
    }
}
