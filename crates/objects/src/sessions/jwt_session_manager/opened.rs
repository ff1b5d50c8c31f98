//! Cookies that were opened a short while ago, so that the same one need not be decrypted again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange::FrozenEntries;

use super::claims::Ticket;
use super::generations::{Generations, Room};

/// Parts with a lock of their own, so that cores rarely wait for each other.
const SHARDS: usize = 16;

/// For each half of each part: 4096 cookies, and 16 MiB of text, in all.
const ROOM: Room = Room { entries: 4096 / SHARDS / 2, bytes: (16 << 20) / SHARDS / 2 };

/// Characters from the end of a text that its place is worked out from. They are those of its authentication tag,
/// which differs between any two texts that were made with a key; others get no place.
const HASHED_CHARS: usize = 40;

/// A cookie that was opened.
pub(super) struct Opened {
    /// The encrypted text, to compare in full.
    text: Box<str>,
    /// Under which keys it was opened.
    keys: u64,
    pub(super) ticket: Ticket,
    /// The id of the ticket as text.
    pub(super) id: String,
    pub(super) entries: FrozenEntries,
}

impl Opened {
    pub(super) fn new(text: &str, keys: u64, ticket: Ticket, entries: FrozenEntries) -> Self {
        Self { text: text.into(), keys, ticket, id: ticket.id.to_string(), entries }
    }

    /// What it weighs in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        // The entries are about as long as the text that they were read from.
        self.text.len() * 2
    }
}

/// A bounded number of opened cookies.
pub(super) struct OpenedCookies {
    /// With a random key, so that nobody can choose texts that share a place.
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

struct Shard {
    opened: Generations<u64, Arc<Opened>>,
    /// Texts that were complained about.
    told: Generations<u64, ()>,
}

impl Default for OpenedCookies {
    fn default() -> Self {
        let told = Room { entries: 64, bytes: usize::MAX };
        let shard = || Shard { opened: Generations::new(ROOM), told: Generations::new(told) };
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::new(shard())) }
    }
}

impl OpenedCookies {
    /// What this text was opened to under these keys.
    pub(super) fn get(&self, text: &str, keys: u64) -> Option<Arc<Opened>> {
        let place = self.place(text);
        let mut shard = self.shard(place);
        let opened = shard.opened.get(place)?;
        (*opened.text == *text && opened.keys == keys).then(|| opened.clone())
    }

    pub(super) fn keep(&self, opened: &Arc<Opened>) {
        let place = self.place(&opened.text);
        self.shard(place).opened.insert(place, opened.clone(), opened.bytes());
    }

    /// Whether a text is complained about for the first time.
    pub(super) fn is_news(&self, text: &str) -> bool {
        let place = self.hasher.hash_one(text);
        let mut shard = self.shard(place);
        let is_news = shard.told.get(place).is_none();
        shard.told.insert(place, (), 0);
        is_news
    }

    fn place(&self, text: &str) -> u64 {
        let bytes = text.as_bytes();
        self.hasher.hash_one(&bytes[bytes.len().saturating_sub(HASHED_CHARS)..])
    }

    fn shard(&self, place: u64) -> MutexGuard<'_, Shard> {
        // Other bits than those by which the map finds its buckets.
        let shard = &self.shards[((place >> 32) % SHARDS as u64) as usize];
        // Nothing under the lock panics.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
