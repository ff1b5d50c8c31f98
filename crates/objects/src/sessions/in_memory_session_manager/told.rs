//! [`Told`]: cookies that were complained about, so that it is done once.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

/// Cookies in each half of the memory.
const HALF: usize = 1024;

/// The last 1024 cookies that were complained about, or a few more.
#[derive(Default)]
pub(super) struct Told {
    /// With a random key, so that nobody can choose cookies that hide others.
    hasher: RandomState,
    /// The young half and the old one. When the young one is full it becomes the old one.
    halves: Mutex<[HashSet<u64>; 2]>,
}

impl Told {
    /// Whether a cookie is complained about for the first time.
    pub(super) fn is_news(&self, cookie: &str) -> bool {
        let hash = self.hasher.hash_one(cookie);
        // What is under the lock is whole at every moment.
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if halves.iter().any(|half| half.contains(&hash)) {
            return false;
        }
        if halves[0].len() >= HALF {
            halves.swap(0, 1);
            halves[0].clear();
        }
        halves[0].insert(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cookie_is_news_once() {
        let told = Told::default();
        let news = |cookies: std::ops::Range<usize>| {
            cookies.filter(|cookie| told.is_news(&cookie.to_string())).count()
        };
        assert_eq!([news(0..HALF), news(0..HALF)], [HALF, 0]);
        assert_eq!(news(HALF..10 * HALF), 9 * HALF);
        // A bounded number is remembered.
        assert_eq!(news(0..HALF), HALF);
        let halves = told.halves.lock().unwrap();
        assert!(halves.iter().all(|half| half.len() <= HALF));
    }
}
