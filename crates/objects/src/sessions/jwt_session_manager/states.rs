//! [`States`]: what this instance knows of sessions beside what their cookies say.
//!
//! That is the latest state it has seen of each, so that responses that race do not undo each other's work; which
//! ids are dead though their cookies are not; and who waits for the end of a session. All of it is bounded.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exchange::FrozenEntries;
use tokio::sync::watch;

use super::claims::{Id, Ticket};
use super::generations::{Generations, Random, Room};
use super::lineage::{Lineage, Place};
use super::subjects::RevokedSubjects;

/// Parts with a lock of their own, so that cores rarely wait for each other.
const SHARDS: usize = 64;

/// For each half of each part: 32768 sessions, and 32 MiB of what they hold, in all.
const ROOM: Room = Room { entries: 32_768 / SHARDS / 2, bytes: (32 << 20) / SHARDS / 2 };

/// Dead ids per part and reason: 65536 in all. Beyond that, the one that is nearest to its end is forgotten.
const DEAD_MAX: usize = 65_536 / SHARDS;

/// The latest state of a session.
#[derive(Clone)]
pub(super) struct State {
    pub(super) ticket: Ticket,
    pub(super) entries: FrozenEntries,
    /// What it weighs in memory, roughly.
    pub(super) bytes: usize,
}

/// The latest state, and those before it.
struct Known {
    latest: State,
    lineage: Lineage,
}

/// What a ticket is to the latest state of its session.
pub(super) enum Standing<'s> {
    /// Nothing is known of its session.
    Unknown,
    /// Nothing as late is known.
    Newest,
    /// It is the one of the latest state.
    Latest(&'s State),
    /// The latest state, which was made from it a moment ago.
    Recent(&'s State),
    /// It was replaced long ago, and counts for nothing.
    Outdated,
    /// The latest state, of this revision, was not made from it here.
    Apart(u64),
}

/// What is known of sessions. It outlives a reload, and managers with the same cookie and the same key share it.
pub(crate) struct States {
    shards: [Mutex<Shard>; SHARDS],
    pub(super) subjects: RevokedSubjects,
}

type Dead = HashMap<Id, Option<Id>, Random>;

/// A part of what is known, for as long as it is held.
pub(super) struct Shard {
    latest: Generations<Id, Known>,
    /// Ids that are refused, and what those were replaced by that were renewed.
    dead: Dead,
    /// The second until which each is dead that ended by itself, the nearest first.
    ended_until: BTreeSet<(u64, Id)>,
    /// The same for those that an operator has ended. Nobody pushes them out by ending many sessions of his own.
    revoked_until: BTreeSet<(u64, Id)>,
    watched: HashMap<Id, watch::Sender<bool>, Random>,
    /// How many are watched before those that nobody waits for any more are looked for.
    watched_check: usize,
}

impl Default for States {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::new())),
            subjects: RevokedSubjects::default(),
        }
    }
}

impl States {
    /// The part that knows of this session.
    pub(super) fn of(&self, id: Id) -> MutexGuard<'_, Shard> {
        Self::lock(&self.shards[id.shard(SHARDS)])
    }

    /// The latest states of all sessions that are known and alive.
    pub(super) fn alive(&self, now: u64) -> Vec<State> {
        let mut alive = Vec::new();
        for shard in &self.shards {
            let shard = Self::lock(shard);
            let states = shard.latest.iter().map(|(_, known)| &known.latest);
            let states =
                states.filter(|state| state.ticket.expires_at >= now && !shard.is_dead(state.ticket.id));
            alive.extend(states.cloned());
        }
        alive
    }

    /// The id of which this is true, among those that were replaced by another.
    pub(super) fn renewed(&self, is_wanted: impl Fn(Id) -> bool) -> Option<Id> {
        self.shards.iter().find_map(|shard| {
            let shard = Self::lock(shard);
            let mut renewed = shard.dead.iter().filter(|(_, next)| next.is_some()).map(|(id, _)| *id);
            renewed.find(|id| is_wanted(*id))
        })
    }

    fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
        // Nothing under the lock panics.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn new() -> Self {
        Self {
            latest: Generations::new(ROOM),
            dead: Dead::default(),
            ended_until: BTreeSet::new(),
            revoked_until: BTreeSet::new(),
            watched: HashMap::default(),
            watched_check: 64,
        }
    }

    /// What a ticket is to the latest state that is known.
    pub(super) fn standing(&mut self, ticket: &Ticket, now: Duration) -> Standing<'_> {
        let Some(Known { latest, lineage }) = self.latest.get(ticket.id).map(|known| &*known) else {
            return Standing::Unknown;
        };
        match ticket.revision.cmp(&latest.ticket.revision) {
            Ordering::Greater => Standing::Newest,
            Ordering::Equal => Standing::Latest(latest),
            Ordering::Less => match lineage.place(ticket.revision, now) {
                Place::Recent => Standing::Recent(latest),
                Place::Outdated => Standing::Outdated,
                Place::Apart => Standing::Apart(latest.ticket.revision),
            },
        }
    }

    /// Takes a state for the latest of a session of which nothing is known.
    pub(super) fn begin(&mut self, state: State) {
        let (id, bytes) = (state.ticket.id, state.bytes);
        self.latest.insert_absent(id, Known { latest: state, lineage: Lineage::default() }, bytes);
    }

    /// Takes a state for the latest that was not made from the one that was.
    pub(super) fn learn(&mut self, state: State, now: Duration) {
        let mut lineage = self.latest.remove(state.ticket.id).map(|known| known.lineage).unwrap_or_default();
        lineage.broken(now);
        self.keep(Known { latest: state, lineage });
    }

    /// Takes a state for the latest that was made from the one of this revision, as a rule the one that was.
    pub(super) fn replace(&mut self, base: u64, state: State, now: Duration) {
        let mut lineage = Lineage::default();
        if let Some(known) = self.latest.remove(state.ticket.id) {
            lineage = known.lineage;
            if known.latest.ticket.revision != base {
                lineage.broken(now);
            }
        }
        if base < state.ticket.revision {
            lineage.replaced(base, now);
        }
        self.keep(Known { latest: state, lineage });
    }

    fn keep(&mut self, known: Known) {
        let bytes = known.latest.bytes.saturating_add(known.lineage.bytes());
        self.latest.insert(known.latest.ticket.id, known, bytes);
    }

    /// Whether cookies of this id are refused.
    pub(super) fn is_dead(&self, id: Id) -> bool {
        self.dead.contains_key(&id)
    }

    /// What an id was replaced by.
    pub(super) fn successor(&self, id: Id) -> Option<Id> {
        self.dead.get(&id).copied().flatten()
    }

    /// Refuses cookies of this id, whose session has been emptied, until they end by themselves.
    pub(super) fn kill(&mut self, id: Id, until: u64, now: u64) {
        self.latest.remove(id);
        bury(&mut self.dead, &mut self.ended_until, (id, None), until, now);
    }

    /// The same for one that is replaced by another one.
    pub(super) fn renew(&mut self, id: Id, next: Id, until: u64, now: u64) {
        self.latest.remove(id);
        bury(&mut self.dead, &mut self.ended_until, (id, Some(next)), until, now);
    }

    /// The same for one that an operator ends.
    pub(super) fn revoke(&mut self, id: Id, until: u64, now: u64) {
        self.latest.remove(id);
        bury(&mut self.dead, &mut self.revoked_until, (id, None), until, now);
    }

    /// Tells those who wait for its end.
    pub(super) fn tell_end(&mut self, id: Id) {
        if let Some(watched) = self.watched.remove(&id) {
            watched.send_replace(true);
        }
    }

    /// Turns true when the session ends before its time.
    pub(super) fn watch(&mut self, id: Id) -> watch::Receiver<bool> {
        if self.watched.len() >= self.watched_check {
            self.watched.retain(|_, watched| watched.receiver_count() > 0);
            self.watched_check = (self.watched.len() * 2).max(64);
        }
        self.watched.entry(id).or_insert_with(|| watch::Sender::new(false)).subscribe()
    }

    /// Takes those who wait for the end of a session away, to be given to its next id.
    pub(super) fn take_watched(&mut self, id: Id) -> Option<watch::Sender<bool>> {
        self.watched.remove(&id)
    }

    /// Lets those who waited for the end of another id wait for this one.
    pub(super) fn give_watched(&mut self, id: Id, watched: watch::Sender<bool>) {
        self.watched.insert(id, watched);
    }
}

fn bury(
    dead: &mut Dead,
    until_when: &mut BTreeSet<(u64, Id)>,
    (id, next): (Id, Option<Id>),
    until: u64,
    now: u64,
) {
    while let Some((end, first)) = until_when.first().copied()
        && (end < now || until_when.len() >= DEAD_MAX)
    {
        until_when.remove(&(end, first));
        dead.remove(&first);
    }
    if dead.insert(id, next).is_none() {
        until_when.insert((until, id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_dead_ids_those_nearest_to_their_end_are_forgotten() {
        let mut shard = Shard::new();
        let ids: Vec<Id> = (0..DEAD_MAX + 1).map(|_| Id::random().unwrap()).collect();
        for (at, id) in ids.iter().enumerate() {
            // The last one ends first of those that are left.
            shard.kill(*id, 1000 + at as u64, 500);
        }
        assert!(!shard.is_dead(ids[0]));
        assert!(ids[1..].iter().all(|id| shard.is_dead(*id)));
        let another = Id::random().unwrap();
        shard.kill(another, 9000, 8000);
        assert_eq!(shard.dead.len(), 1, "those whose time is over need not be remembered");
        assert!(shard.is_dead(another));
    }

    #[test]
    fn who_ends_many_sessions_does_not_bring_a_revoked_one_back() {
        let mut shard = Shard::new();
        let revoked = Id::random().unwrap();
        shard.revoke(revoked, 1000, 500);
        (0..DEAD_MAX * 2).for_each(|_| shard.kill(Id::random().unwrap(), 2000, 500));
        assert!(shard.is_dead(revoked));
        assert_eq!(shard.dead.len(), DEAD_MAX + 1);
    }

    #[test]
    fn what_nobody_waits_for_is_not_watched_any_more() {
        let mut shard = Shard::new();
        let kept = Id::random().unwrap();
        let mut waiting = shard.watch(kept);
        for _ in 0..1000 {
            drop(shard.watch(Id::random().unwrap()));
        }
        assert!(shard.watched.len() <= 128, "{}", shard.watched.len());
        shard.tell_end(kept);
        assert!(*waiting.borrow_and_update());
    }
}
