//! [`Buckets`]: a token bucket for each group of requests, exact to the request and bounded in number.
//!
//! A bucket counts what has been used, which drains evenly. It counts in whole numbers: one request weighs as
//! many units as its rate's duration has nanoseconds, and in a nanosecond as many units drain as requests are
//! allowed. So no rounding ever lets one request too many through.
//!
//! A group is kept as 128 bits of keyed hashes and not as its text: that costs the same however long a client
//! makes it, keeps identities out of memory, and nobody can find two groups that meet.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exchange::ThrottlingRate;

/// Groups are spread over this many locks, each held for a few operations.
const SHARDS: usize = 32;
/// A full table is searched for drained buckets at most this often: it takes milliseconds.
const SEARCH_EVERY: Duration = Duration::from_secs(1);

/// The buckets of one filter.
#[derive(Default)]
pub(super) struct Buckets {
    hashes: [RandomState; 2],
    shards: [Mutex<HashMap<Group, Bucket>>; SHARDS],
    /// Buckets in all shards, and places reserved for some.
    count: AtomicUsize,
    /// What the groups share that found no room.
    overflow: Mutex<Option<Bucket>>,
    searched: Mutex<Option<Instant>>,
}

/// A group of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Group(u64, u64);

/// Why a request may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exceeded {
    /// When one may pass; none when never.
    pub(super) wait: Option<Duration>,
}

impl Buckets {
    /// The group of this name.
    pub(super) fn group(&self, name: &str) -> Group {
        Group(self.hashes[0].hash_one(name), self.hashes[1].hash_one(name))
    }

    /// Takes one request out of the group's bucket. Beyond `groups_max` buckets, further groups share one.
    pub(super) fn take(
        &self,
        group: Group,
        rate: ThrottlingRate,
        groups_max: usize,
        now: Instant,
    ) -> Result<(), Exceeded> {
        if rate.requests() == 0 {
            return Err(Exceeded { wait: None });
        }
        if let Some(bucket) = self.shard(group).get_mut(&group) {
            return bucket.take(rate, now);
        }
        if !self.reserve(groups_max, now) {
            return lock(&self.overflow).get_or_insert_with(|| Bucket::new(rate, now)).take(rate, now);
        }
        match self.shard(group).entry(group) {
            Entry::Vacant(place) => place.insert(Bucket::new(rate, now)).take(rate, now),
            Entry::Occupied(mut bucket) => {
                // Another thread was faster; the place it did not need is free again.
                self.count.fetch_sub(1, Ordering::Relaxed);
                bucket.get_mut().take(rate, now)
            }
        }
    }

    /// Gives back the memory of buckets that have drained: a new one would be no different.
    pub(super) fn sweep(&self, now: Instant) {
        for shard in &self.shards {
            let mut buckets = lock(shard);
            let before = buckets.len();
            buckets.retain(|_, bucket| !bucket.is_drained(now));
            self.count.fetch_sub(before - buckets.len(), Ordering::Relaxed);
            let kept = buckets.len();
            buckets.shrink_to(kept * 2);
        }
    }

    /// Takes a place for one more bucket, if there is any.
    fn reserve(&self, groups_max: usize, now: Instant) -> bool {
        let reserve = || {
            let more = |count: usize| (count < groups_max).then_some(count + 1);
            self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
        };
        if reserve() {
            return true;
        }
        {
            let mut searched = lock(&self.searched);
            if searched.is_some_and(|at| now.saturating_duration_since(at) < SEARCH_EVERY) {
                return false;
            }
            *searched = Some(now);
        }
        self.sweep(now);
        reserve()
    }

    fn shard(&self, group: Group) -> MutexGuard<'_, HashMap<Group, Bucket>> {
        let index = usize::try_from(group.0 % SHARDS as u64).unwrap_or_default();
        lock(&self.shards[index])
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        let counted = self.shards.iter().map(|shard| lock(shard).len()).sum();
        assert_eq!(self.count.load(Ordering::Relaxed), counted);
        counted
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds one of these locks, and what they guard is whole after each call.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a group has used.
struct Bucket {
    rate: ThrottlingRate,
    /// In units of the present rate.
    used: u128,
    at: Instant,
}

impl Bucket {
    fn new(rate: ThrottlingRate, now: Instant) -> Self {
        Self { rate, used: 0, at: now }
    }

    fn take(&mut self, rate: ThrottlingRate, now: Instant) -> Result<(), Exceeded> {
        self.used = self.used_at(now);
        // A thread that looked at the clock earlier may come later.
        self.at = self.at.max(now);
        if self.rate != rate {
            self.used = converted(self.used, self.rate, rate);
            self.rate = rate;
        }
        let weight = u128::from(rate.duration_nanos());
        let capacity = weight * u128::from(rate.requests());
        let needed = self.used + weight;
        if needed <= capacity {
            self.used = needed;
            return Ok(());
        }
        let nanos = (needed - capacity).div_ceil(u128::from(rate.requests()));
        Err(Exceeded { wait: Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))) })
    }

    fn used_at(&self, now: Instant) -> u128 {
        let elapsed = now.saturating_duration_since(self.at).as_nanos();
        self.used.saturating_sub(elapsed.saturating_mul(u128::from(self.rate.requests())))
    }

    fn is_drained(&self, now: Instant) -> bool {
        self.used_at(now) == 0
    }
}

/// As many requests, whole and in part, in the units of another rate. Rounded up, and in two steps, so that
/// nothing overflows.
fn converted(used: u128, from: ThrottlingRate, to: ThrottlingRate) -> u128 {
    let (from, to) = (u128::from(from.duration_nanos()), u128::from(to.duration_nanos()));
    (used / from) * to + ((used % from) * to).div_ceil(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Tries to take `tries` requests at once, and counts those that may pass.
    fn passed(buckets: &Buckets, group: &str, rate: ThrottlingRate, tries: usize, now: Instant) -> usize {
        let group = buckets.group(group);
        (0..tries).filter(|_| buckets.take(group, rate, usize::MAX, now).is_ok()).count()
    }

    #[test]
    fn a_bucket_refills_evenly() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        let rate = ThrottlingRate::new(3, 10 * SECOND);
        assert_eq!(passed(&buckets, "", rate, 10, start), 3);
        // A third of ten seconds is no whole number of nanoseconds: the next one is the first that counts.
        let third = Duration::from_nanos(3_333_333_333);
        assert_eq!(passed(&buckets, "", rate, 10, start + third), 0);
        assert_eq!(passed(&buckets, "", rate, 10, start + third + Duration::from_nanos(1)), 1);
        assert_eq!(passed(&buckets, "", rate, 10, start + 10 * SECOND), 2);
        // Never more than its capacity, however long nobody came.
        assert_eq!(passed(&buckets, "", rate, 10, start + 1000 * SECOND), 3);
    }

    #[test]
    fn the_wait_ends_when_the_next_request_may_pass() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        let group = buckets.group("");
        let rate = ThrottlingRate::new(3, 10 * SECOND);
        assert_eq!(passed(&buckets, "", rate, 10, start), 3);
        let refused = buckets.take(group, rate, 1, start);
        let wait = Duration::from_nanos(3_333_333_334);
        assert_eq!(refused, Err(Exceeded { wait: Some(wait) }));
        assert_eq!(buckets.take(group, rate, 1, start + wait), Ok(()));
        let never = buckets.take(group, ThrottlingRate::new(0, SECOND), 1, start);
        assert_eq!(never, Err(Exceeded { wait: None }));
    }

    #[test]
    fn groups_do_not_share() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let rate = ThrottlingRate::new(2, SECOND);
        assert_eq!(passed(&buckets, "a", rate, 5, now), 2);
        assert_eq!(passed(&buckets, "b", rate, 5, now), 2);
        assert_eq!(passed(&buckets, "a", rate, 5, now), 0);
    }

    #[test]
    fn another_rate_counts_at_once_and_forgets_nothing() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        assert_eq!(passed(&buckets, "", ThrottlingRate::new(10, SECOND), 4, now), 4);
        // Four are used whatever the rate: one of five is left, then two of six.
        assert_eq!(passed(&buckets, "", ThrottlingRate::new(5, 7 * SECOND), 9, now), 1);
        assert_eq!(passed(&buckets, "", ThrottlingRate::new(7, 3 * SECOND), 9, now), 2);
        assert_eq!(passed(&buckets, "", ThrottlingRate::new(2, SECOND), 9, now), 0);
        // Seven are used and two may be: six have to drain, at two a second.
        assert_eq!(passed(&buckets, "", ThrottlingRate::new(2, SECOND), 9, now + 3 * SECOND), 1);
    }

    #[test]
    fn extreme_rates_do_not_overflow() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let slow = ThrottlingRate::new(u32::MAX, Duration::MAX);
        let fast = ThrottlingRate::new(1, Duration::ZERO);
        assert_eq!(passed(&buckets, "", slow, 3, now), 3);
        assert_eq!(passed(&buckets, "", fast, 3, now), 0);
        assert_eq!(passed(&buckets, "", slow, 3, now), 3);
        assert_eq!(passed(&buckets, "", fast, 3, now), 0);
        assert_eq!(passed(&buckets, "", fast, 3, now + Duration::from_nanos(6)), 1);
    }

    #[test]
    fn many_threads_pass_exactly_as_many_as_one() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let rate = ThrottlingRate::new(1000, SECOND);
        let threads = 8;
        let total: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| scope.spawn(|| ["a", "b"].map(|group| passed(&buckets, group, rate, 700, now))))
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(total, 2 * 1000);
        assert_eq!(buckets.count(), 2);
    }

    #[test]
    fn many_threads_make_one_bucket_for_a_new_group_and_never_too_many() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let rate = ThrottlingRate::new(1, SECOND);
        let passed = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for name in 0..100 {
                        let group = buckets.group(&name.to_string());
                        if buckets.take(group, rate, 50, now).is_ok() {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        // Fifty groups have a bucket each, the others share one.
        assert_eq!(passed.into_inner(), 51);
        assert_eq!(buckets.count(), 50);
    }

    #[test]
    fn groups_beyond_the_limit_share_a_bucket_until_others_have_drained() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let rate = ThrottlingRate::new(2, SECOND);
        let take = |name: &str, now| buckets.take(buckets.group(name), rate, 2, now).is_ok();
        assert!(take("a", now) && take("b", now));
        assert!(take("c", now) && take("d", now));
        assert!(!take("e", now), "the shared bucket is empty");
        assert!(take("a", now), "groups with a bucket go on");
        // The search was a moment ago, so the drained bucket of `b` is not found yet, but the shared one refills.
        let later = now + SECOND / 2;
        assert!(take("e", later) && !take("f", later));
        let later = now + SECOND;
        assert!(take("e", later) && take("e", later) && !take("e", later), "it has a bucket of its own");
        assert_eq!(buckets.count(), 1);
    }

    #[test]
    fn a_sweep_keeps_what_is_still_counted() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        assert_eq!(passed(&buckets, "a", ThrottlingRate::new(2, SECOND), 1, now), 1);
        assert_eq!(passed(&buckets, "b", ThrottlingRate::new(2, SECOND), 2, now), 2);
        buckets.sweep(now);
        assert_eq!(buckets.count(), 2);
        buckets.sweep(now + SECOND / 2);
        assert_eq!(buckets.count(), 1);
        assert_eq!(passed(&buckets, "b", ThrottlingRate::new(2, SECOND), 2, now + SECOND / 2), 1);
        buckets.sweep(now + 10 * SECOND);
        assert_eq!(buckets.count(), 0);
    }
}
