//! [`RevokedSubjects`]: whose sessions are refused though their ids are not known here.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Subjects that are remembered. Beyond that, the one that was revoked first is forgotten.
const SUBJECTS_MAX: usize = 10_000;

/// Subjects whose sessions have been revoked, and when.
#[derive(Default)]
pub(super) struct RevokedSubjects {
    /// Whether there is any, so that requests need no lock where there is none.
    is_any: AtomicBool,
    subjects: Mutex<Subjects>,
}

#[derive(Default)]
struct Subjects {
    /// The second of the last revocation.
    revoked_at: HashMap<String, u64>,
    /// The same, the earliest first.
    order: BTreeSet<(u64, String)>,
}

impl RevokedSubjects {
    /// Refuses what was issued for this subject up to this second.
    pub(super) fn revoke(&self, subject: &str, now: u64) {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        let Subjects { revoked_at, order } = &mut *subjects;
        if let Some(before) = revoked_at.insert(subject.to_owned(), now) {
            order.remove(&(before, subject.to_owned()));
        }
        order.insert((now, subject.to_owned()));
        if order.len() > SUBJECTS_MAX
            && let Some((_, first)) = order.pop_first()
        {
            revoked_at.remove(&first);
        }
        drop(subjects);
        self.is_any.store(true, Ordering::Release);
    }

    /// Whether a session of this subject is refused that was issued at this second.
    pub(super) fn is_revoked(&self, issued_at: u64, subject: impl FnOnce() -> Option<String>) -> bool {
        if !self.is_any.load(Ordering::Acquire) {
            return false;
        }
        let Some(subject) = subject() else { return false };
        let subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        subjects.revoked_at.get(&subject).is_some_and(|revoked_at| issued_at <= *revoked_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_issued_later_is_good_and_the_earliest_revocation_is_forgotten_first() {
        let revoked = RevokedSubjects::default();
        let is_revoked = |subject: &str, at| revoked.is_revoked(at, || Some(subject.to_owned()));
        assert!(!is_revoked("sam", 0));
        revoked.revoke("sam", 5);
        revoked.revoke("kim", 6);
        assert!(is_revoked("sam", 5) && !is_revoked("sam", 6) && is_revoked("kim", 6));
        assert!(!is_revoked("Sam", 5) && !revoked.is_revoked(5, || None));
        revoked.revoke("sam", 7);
        (0..SUBJECTS_MAX - 1).for_each(|number| revoked.revoke(&number.to_string(), 8));
        assert!(is_revoked("sam", 7) && !is_revoked("kim", 6));
        assert_eq!(revoked.subjects.lock().unwrap().revoked_at.len(), SUBJECTS_MAX);
    }
}
