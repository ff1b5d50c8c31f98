//! [`Generations`]: a map that forgets what has not been used for long, at no cost to speak of.
//!
//! What is written or used goes to the young half. When that is full it becomes the old half, and what was the old
//! half is dropped.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Takes a key for its own hash. For keys that are random to everybody: a keyed hash, an id that we have made.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct AlreadyRandom(u64);

impl Hasher for AlreadyRandom {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Makes maps and sets of such keys.
pub(super) type Random = BuildHasherDefault<AlreadyRandom>;

/// How much each half may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// A map of bounded size, whose keys are random already.
pub(super) struct Generations<K, V> {
    young: HashMap<K, (V, usize), Random>,
    old: HashMap<K, (V, usize), Random>,
    /// What the values of the young half weigh.
    young_bytes: usize,
    room: Room,
}

impl<K: Hash + Eq + Copy, V> Generations<K, V> {
    pub(super) fn new(room: Room) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), young_bytes: 0, room }
    }

    /// The value of a key, which counts as used.
    pub(super) fn get(&mut self, key: K) -> Option<&mut V> {
        if !self.young.contains_key(&key) {
            let (value, bytes) = self.old.remove(&key)?;
            self.insert(key, value, bytes);
        }
        self.young.get_mut(&key).map(|(value, _)| value)
    }

    /// Adds or replaces a value, which weighs this much. One that is heavier than all of the room is not kept.
    pub(super) fn insert(&mut self, key: K, value: V, bytes: usize) {
        if bytes > self.room.bytes {
            self.remove(key);
            return;
        }
        if self.is_full_with(bytes) && !self.young.contains_key(&key) {
            self.age();
        }
        self.old.remove(&key);
        self.put(key, value, bytes);
    }

    /// The same for a key that [`Generations::get`] has just not found, which need not be looked for again.
    pub(super) fn insert_absent(&mut self, key: K, value: V, bytes: usize) {
        if bytes > self.room.bytes {
            return;
        }
        if self.is_full_with(bytes) {
            self.age();
        }
        self.put(key, value, bytes);
    }

    fn is_full_with(&self, bytes: usize) -> bool {
        let has_no_room =
            self.young.len() >= self.room.entries || self.young_bytes.saturating_add(bytes) > self.room.bytes;
        has_no_room && !self.young.is_empty()
    }

    /// The young half becomes the old one.
    fn age(&mut self) {
        std::mem::swap(&mut self.old, &mut self.young);
        // Its room is kept, so that it need not grow again.
        self.young.clear();
        self.young_bytes = 0;
    }

    fn put(&mut self, key: K, value: V, bytes: usize) {
        self.young_bytes += bytes;
        if let Some((_, before)) = self.young.insert(key, (value, bytes)) {
            self.young_bytes = self.young_bytes.saturating_sub(before);
        }
    }

    pub(super) fn remove(&mut self, key: K) -> Option<V> {
        if let Some((value, bytes)) = self.young.remove(&key) {
            self.young_bytes = self.young_bytes.saturating_sub(bytes);
            return Some(value);
        }
        self.old.remove(&key).map(|(value, _)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.young.iter().chain(&self.old).map(|(key, (value, _))| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(map: &Generations<u64, u64>) -> Vec<u64> {
        let mut keys: Vec<u64> = map.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut map = Generations::new(Room { entries: 3, bytes: 1000 });
        (1..=6).for_each(|key| map.insert(key, key * 10, 1));
        assert_eq!(keys(&map), [1, 2, 3, 4, 5, 6]);
        assert_eq!(map.get(2).copied(), Some(20));
        assert_eq!(keys(&map), [2, 4, 5, 6], "its half was full, so that the others of the old one are gone");
        (7..=20).for_each(|key| map.insert(key, key * 10, 1));
        assert!(map.iter().count() <= 6);
        assert_eq!(map.get(2), None);
    }

    #[test]
    fn weight_counts_too() {
        let mut map = Generations::new(Room { entries: 100, bytes: 10 });
        (1..=9).for_each(|key| map.insert(key, key, 4));
        assert_eq!(keys(&map), [7, 8, 9]);
        map.insert(10, 10, 1_000_000);
        assert_eq!(keys(&map), [7, 8, 9], "what is heavier than all of the room is not kept");
        map.insert(9, 10, 1_000_000);
        assert_eq!(keys(&map), [7, 8], "nor is what it replaces");
        map.insert(9, 9, 10);
        map.insert(9, 9, 10);
        assert_eq!(keys(&map).iter().filter(|key| **key == 9).count(), 1);
    }
}
