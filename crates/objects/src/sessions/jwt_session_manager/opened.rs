//! Cookies that were opened a short while ago, so that the same one need not be decrypted again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange::FrozenEntries;
use expression::Value;

use super::claims::Ticket;
use super::generations::{Generations, Room};

/// Parts with a lock of their own, so that cores rarely wait for each other.
const SHARDS: usize = 16;

/// For each half of each part: 4096 cookies, and 16 MiB, in all.
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
    pub(super) entries: FrozenEntries,
    /// What it weighs in memory, roughly.
    bytes: usize,
}

impl Opened {
    pub(super) fn new(text: &str, keys: u64, ticket: Ticket, entries: FrozenEntries) -> Self {
        // A short text may hold much: it may be compressed, and an element of a list takes two bytes there.
        let bytes = text.len() + entries.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>();
        Self { text: text.into(), keys, ticket, entries, bytes }
    }

    /// What it weighs in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What a value takes in memory, roughly. JSON nests no deeper than its reader takes.
fn weight(value: &Value<'static>) -> usize {
    /// Beside the value of an entry of a map: its name and its place.
    const ENTRY_BYTES: usize = 48;
    let within: usize = match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Map(map) => map.iter().map(|(key, item)| ENTRY_BYTES + key.len() + weight(item)).sum(),
        _ => 0,
    };
    size_of::<Value<'static>>() + within
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

    /// Keeps one that [`OpenedCookies::get`] did not find.
    pub(super) fn keep(&self, opened: &Arc<Opened>) {
        let place = self.place(&opened.text);
        self.shard(place).opened.insert_absent(place, opened.clone(), opened.bytes());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::jwt_session_manager::claims::Id;

    fn opened(text: &str, value: Value<'static>) -> Arc<Opened> {
        let ticket = Ticket { id: Id::random().unwrap(), issued_at: 0, expires_at: 0, revision: 0 };
        Arc::new(Opened::new(text, 0, ticket, [("a".to_owned(), value)].into_iter().collect()))
    }

    #[test]
    fn what_a_cookie_becomes_is_weighed_not_its_text() {
        let short = opened("text", Value::owned_text("b"));
        assert!(short.bytes() < 200, "{}", short.bytes());
        let numbers = Value::list(vec![Value::Integer(1); 100_000]);
        assert!(opened("text", numbers.clone()).bytes() > 1_600_000);
        let map = (0..100).map(|number| (number.to_string(), Value::owned_text("a".repeat(1000)))).collect();
        assert!(opened("text", Value::map(map)).bytes() > 100_000);

        // A hundred of these never fill the memory: each is heavier than the room of its part.
        let cookies = OpenedCookies::default();
        for number in 0..100 {
            cookies.keep(&opened(&format!("text{number}"), numbers.clone()));
        }
        assert!((0..100).all(|number| cookies.get(&format!("text{number}"), 0).is_none()));
        cookies.keep(&short);
        assert!(cookies.get("text", 0).is_some());
    }
}
