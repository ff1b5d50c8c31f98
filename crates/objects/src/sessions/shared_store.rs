//! [`SharedStore`]: where several gateways keep what they have in common.
//!
//! A store holds records, which are fields with a time to live, and sets of names. It knows nothing of what it
//! keeps: whoever uses it encrypts. An error is never to be taken for "there is none". A record without fields is
//! there until its time has come, as any other is; a set without names is not.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use exchange::{BoxFuture, Fault, FaultKind};
use heap::Role;

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// It does not work, or cannot be reached. The same may succeed later.
    #[error("{0}")]
    Unavailable(String),
    /// It works, and does not take this: it would be the same the next time.
    #[error("{0}")]
    Refused(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                Self::new(FaultKind::Unavailable, "The shared store does not answer as it should.")
                    .because(error)
            }
            StoreError::Refused(_) => {
                Self::internal("The shared store refuses what was to be kept in it.").because(error)
            }
        }
    }
}

/// A record with more bytes in its fields is neither written nor read.
pub(crate) const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// A record with more fields is neither written nor read.
pub(crate) const RECORD_FIELDS_MAX: usize = 2000;

/// A set with more names takes no further one.
pub(crate) const SET_NAMES_MAX: usize = 100_000;

/// A page of names is never longer, whatever is asked for.
pub(crate) const KEYS_PAGE_MAX: usize = 10_000;

/// The name of a record or a set, or in a set, is never longer.
pub(crate) const NAME_BYTES_MAX: usize = 1024;

/// A field of a record: its name, which is not empty, and its value.
pub(crate) type Field = (Vec<u8>, Vec<u8>);

/// What is done to a record in one step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    /// Fields that are written.
    pub(crate) set: Vec<Field>,
    /// Fields that are removed.
    pub(crate) remove: Vec<Vec<u8>>,
    /// How long the record lives from now on.
    pub(crate) time_to_live: Duration,
    /// Whether there may be, or has to be, a record already.
    pub(crate) onto: Onto,
}

impl Change {
    /// Refuses what no store takes.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let bytes: usize = self.set.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > RECORD_BYTES_MAX || self.set.len() > RECORD_FIELDS_MAX {
            return Err(Self::too_large());
        }
        let mut names = self.set.iter().map(|(name, _)| name).chain(&self.remove);
        if names.any(Vec::is_empty) {
            return Err(StoreError::Refused("a field of a record has a name".to_owned()));
        }
        Ok(())
    }

    /// The refusal of a record that would become too large.
    pub(crate) fn too_large() -> StoreError {
        StoreError::Refused(format!(
            "a record has at most {RECORD_FIELDS_MAX} fields and {RECORD_BYTES_MAX} bytes"
        ))
    }
}

/// Refuses a name that no store takes.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(StoreError::Refused(format!("a name in a store has 1 to {NAME_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// What a change may be made to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Onto {
    /// A record that is there. One that was removed meanwhile stays removed.
    #[default]
    Existing,
    /// A record that is not there.
    New,
}

/// What removing has come to. It is gone in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removed {
    /// It was there.
    Yes,
    /// There was nothing.
    No,
    /// An answer was lost, and nothing was there when the store was asked again: this may have been done by whoever
    /// asked, or by somebody else before.
    Unknown,
}

impl From<bool> for Removed {
    fn from(was_there: bool) -> Self {
        if was_there { Self::Yes } else { Self::No }
    }
}

/// Who notices that a store is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noticed {
    /// Whoever needs the store.
    InUse = 1,
    /// The store itself, which looks after what it consists of.
    Itself = 2,
}

/// Whether a store is out of order, so that the log tells of it once, whoever notices it first.
#[derive(Debug, Default)]
pub(crate) struct Outage(AtomicU8);

impl Outage {
    /// True for the first who notices it.
    pub(crate) fn begins(&self, noticed: Noticed) -> bool {
        self.0.compare_exchange(0, noticed as u8, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// True for the first who notices that it is over. A store that answers when it looks after itself need not be in
    /// order for those who use it, so that only their success ends what they have noticed.
    pub(crate) fn ends(&self, noticed: Noticed) -> bool {
        let own = Noticed::Itself as u8;
        match noticed {
            Noticed::InUse => self.0.load(Ordering::Relaxed) != 0 && self.0.swap(0, Ordering::Relaxed) != 0,
            Noticed::Itself => self.0.compare_exchange(own, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok(),
        }
    }
}

/// A page of the names that begin with a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The names, without the prefix of the store. Some may come twice.
    pub(crate) keys: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub(crate) cursor: Option<String>,
}

/// A store that several gateways, or several starts of one, share.
pub(crate) trait SharedStore: Send + Sync + 'static {
    /// Whether it is out of order as far as the log knows.
    fn outage(&self) -> &Outage;

    /// The fields of a record, in no particular order; `None` when there is none. With `touch` it lives that long from
    /// now on, give or take a second.
    fn read<'a>(
        &'a self,
        key: &'a str,
        touch: Option<Duration>,
    ) -> BoxFuture<'a, Result<Option<Vec<Field>>, StoreError>>;

    /// Changes a record in one step. False when [`Change::onto`] does not hold, and then nothing is done. After an
    /// error the change may have been made or not.
    fn write<'a>(&'a self, key: &'a str, change: Change) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes a record or a set.
    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removed, StoreError>>;

    /// How long each of these records lives yet; `None` for one that is not there.
    fn times_to_live<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<Duration>>, StoreError>>;

    /// Adds a name to a set, which lives at least so long from now on, with all its names.
    fn add_to_set<'a>(
        &'a self,
        key: &'a str,
        name: &'a str,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Removes a name from a set.
    fn remove_from_set<'a>(&'a self, key: &'a str, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The names of a set in no particular order, at most `limit`.
    fn set<'a>(&'a self, key: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;

    /// A page, of about `limit`, of the names of records and sets that begin with `prefix`. What is there from the first
    /// page to the last is listed; what comes or goes meanwhile may be. A page may be empty and not the last.
    fn keys<'a>(
        &'a self,
        prefix: &'a str,
        cursor: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Keys, StoreError>>;
}

/// A shared store of any type.
#[derive(Clone)]
pub struct SharedStoreRef(pub(crate) Arc<dyn SharedStore>);

impl fmt::Debug for SharedStoreRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedStoreRef")
    }
}

impl Role for SharedStoreRef {
    const REFERENCE: &'static str = "$ref:SharedStore";
}
