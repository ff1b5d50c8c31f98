//! Sessions by id, and in the order of their last use.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::Session;

/// 256 bits: no guess meets one of a million sessions within the life of the universe.
const ID_BYTES: usize = 32;

/// The name of a session: random bytes, written in base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Id([u8; ID_BYTES]);

impl Id {
    /// A new name, from the random source of the operating system.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; ID_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads the value of a cookie; `None` for what was never a name of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Longer text is not worth decoding.
        if text.len() > ID_BYTES * 2 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// All sessions of a manager. One lock: it is held for a few map operations and never across an await.
#[derive(Default)]
pub(super) struct Store(Mutex<Sessions>);

#[derive(Default)]
struct Sessions {
    by_id: HashMap<Id, Entry>,
    /// The least recently used first, so expiry and eviction take from the front.
    by_use: BTreeMap<u64, Id>,
    uses: u64,
}

struct Entry {
    session: Session,
    last_use: u64,
    used_at: Instant,
}

impl Store {
    /// The session of this id, whose time starts anew, unless it has expired.
    pub(super) fn find(&self, id: Id, timeout: Duration, now: Instant) -> Option<Session> {
        let mut sessions = self.lock();
        let entry = sessions.by_id.get(&id)?;
        if now.saturating_duration_since(entry.used_at) >= timeout {
            sessions.remove(id);
            return None;
        }
        let session = entry.session.clone();
        sessions.insert(id, session.clone(), now);
        Some(session)
    }

    /// Stores a session. True when it was not stored before, so that its cookie has to be set.
    pub(super) fn keep(&self, id: Id, session: &Session, sessions_max: usize, now: Instant) -> bool {
        let mut sessions = self.lock();
        if sessions.by_id.contains_key(&id) {
            return false;
        }
        while sessions.by_id.len() >= sessions_max {
            let Some((_, oldest)) = sessions.by_use.pop_first() else { break };
            sessions.by_id.remove(&oldest);
        }
        sessions.insert(id, session.clone(), now);
        true
    }

    /// Forgets a session.
    pub(super) fn remove(&self, id: Id) {
        self.lock().remove(id);
    }

    /// Forgets the sessions whose time is over.
    pub(super) fn sweep(&self, timeout: Duration, now: Instant) {
        let mut sessions = self.lock();
        let Sessions { by_id, by_use, .. } = &mut *sessions;
        while let Some(first) = by_use.first_entry() {
            let used_at = by_id.get(first.get()).map(|entry| entry.used_at);
            if used_at.is_some_and(|used_at| now.saturating_duration_since(used_at) < timeout) {
                break;
            }
            by_id.remove(&first.remove());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        // No code panics while it holds the lock, and the maps agree after each call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        let sessions = self.lock();
        assert_eq!(sessions.by_id.len(), sessions.by_use.len());
        sessions.by_id.len()
    }
}

impl Sessions {
    /// Inserts a session, or moves it to the end of the order.
    fn insert(&mut self, id: Id, session: Session, now: Instant) {
        self.uses += 1;
        let entry = Entry { session, last_use: self.uses, used_at: now };
        self.by_use.insert(self.uses, id);
        if let Some(before) = self.by_id.insert(id, entry) {
            self.by_use.remove(&before.last_use);
        }
    }

    fn remove(&mut self, id: Id) {
        if let Some(entry) = self.by_id.remove(&id) {
            self.by_use.remove(&entry.last_use);
        }
    }
}
