//! [`News`]: whether something is worth a line in the log, since it was not told a short while ago.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

/// For each half. What has been told and is not seen for so many others may be told again.
const HALF_MAX: usize = 1024;

/// Texts that were told, by keyed hashes, so that nobody can choose texts that share one. Their number is limited.
#[derive(Default)]
pub(crate) struct News {
    hasher: RandomState,
    told: Mutex<Halves>,
}

/// What is seen goes to the young half. When that is full it becomes the old one, which is dropped.
#[derive(Default)]
struct Halves {
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl News {
    /// Whether a text is seen for the first time.
    pub(crate) fn is_news(&self, text: &str) -> bool {
        let hash = self.hasher.hash_one(text);
        // Nothing under the lock panics.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.young.contains(&hash) {
            return false;
        }
        let is_news = !told.old.contains(&hash);
        if told.young.len() >= HALF_MAX {
            told.old = std::mem::take(&mut told.young);
        }
        told.young.insert(hash);
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_again_and_again_is_told_once() {
        let news = News::default();
        assert!(news.is_news("often"));
        for at in 0..10 * HALF_MAX {
            assert!(news.is_news(&at.to_string()));
            assert!(!news.is_news("often"));
        }
        assert!(news.is_news("0"), "it was long ago");
        let told = news.told.lock().unwrap();
        assert!(told.young.len() + told.old.len() <= 2 * HALF_MAX);
    }

    #[test]
    fn each_cookie_is_news_once() {
        let all = News::default();
        let news = |cookies: std::ops::Range<usize>| {
            cookies.filter(|cookie| all.is_news(&cookie.to_string())).count()
        };
        assert_eq!([news(0..HALF_MAX), news(0..HALF_MAX)], [HALF_MAX, 0]);
        assert_eq!(news(HALF_MAX..10 * HALF_MAX), 9 * HALF_MAX);
        // A bounded number is remembered.
        assert_eq!(news(0..HALF_MAX), HALF_MAX);
        let told = all.told.lock().unwrap();
        assert!([&told.young, &told.old].iter().all(|half| half.len() <= HALF_MAX));
    }
}
