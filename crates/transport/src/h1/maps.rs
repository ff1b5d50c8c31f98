//! Header maps that are used again: making one costs two allocations, and growing it more than that.

use std::cell::RefCell;

use http::HeaderMap;

/// Maps kept per thread.
const KEPT: usize = 16;
/// A map that grew beyond this is given to the allocator instead.
const CAPACITY_MAX: usize = 64;
/// Room for the fields that filters usually add.
const ADDED_BY_FILTERS: usize = 4;

thread_local! {
    static MAPS: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty map for `fields` fields and a few more.
pub(crate) fn take(fields: usize) -> HeaderMap {
    let kept = MAPS.with_borrow_mut(Vec::pop);
    kept.unwrap_or_else(|| HeaderMap::with_capacity(fields + ADDED_BY_FILTERS))
}

/// Keeps a map for the next message of this thread. Its fields are dropped at once.
pub(crate) fn give_back(mut map: HeaderMap) {
    if map.capacity() == 0 || map.capacity() > CAPACITY_MAX {
        return;
    }
    map.clear();
    MAPS.with_borrow_mut(|maps| {
        if maps.len() < KEPT {
            maps.push(map);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header};

    #[test]
    fn a_kept_map_is_empty_and_a_large_one_is_not_kept() {
        let mut map = take(1);
        map.insert(header::COOKIE, HeaderValue::from_static("secret"));
        let capacity = map.capacity();
        give_back(map);
        let again = take(100);
        assert!(again.is_empty());
        assert_eq!(again.capacity(), capacity, "the kept map is used, whatever its size");
        give_back(HeaderMap::with_capacity(CAPACITY_MAX * 2));
        assert!(take(1).capacity() <= CAPACITY_MAX);
    }
}
