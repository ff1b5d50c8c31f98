//! Sessions: what the gateway remembers about a browser between requests.
//!
//! A [`SessionManager`] loads a [`Session`] on first use and saves it when it has changed, as the response
//! leaves the level (route or gateway) that installed the manager.

mod administration;
mod entries;
mod frozen;
mod lasting;
mod packed;
mod slot;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use expression::Value;
use indexmap::IndexMap;

use crate::{BoxFuture, EndSignal, Fault, Response};

pub use administration::{
    SESSION_PAGE_MAX, SessionAdministration, SessionDirectory, SessionPage, SessionQuery, SessionSummary,
};
pub use entries::{SESSION_ENTRIES_MAX, SessionEntries, SessionValueError};
pub use frozen::FrozenEntries;
pub use slot::{SessionCookies, SessionSlot};

/// Keeps sessions: in memory, in a cookie, in a shared store.
pub trait SessionManager: Send + Sync + 'static {
    /// The session that these cookies of a request name; a new, empty one when they name none.
    ///
    /// # Errors
    /// Where sessions are kept cannot be asked. That is not the same as having none: the client keeps its cookie.
    fn load<'a>(&'a self, cookies: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>>;

    /// Stores a session that has changed and tells the client by `response`. One that holds nothing any more has
    /// ended: it is forgotten, and its cookie expires.
    ///
    /// # Errors
    /// What was written cannot be kept. The client gets the fault in place of the response.
    fn save<'a>(
        &'a self,
        session: &'a Session,
        response: &'a mut Response,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Completes when the session has ended: by its time, by losing its last entry, or by being revoked. `None` for
    /// one that is not kept, or that has an end nobody could tell.
    fn ended(&self, session: &Session) -> Option<EndSignal> {
        let _ = session;
        None
    }
}

/// A shared session manager of any type.
#[derive(Clone)]
pub struct SessionManagerRef(Arc<dyn SessionManager>);

impl SessionManagerRef {
    /// Erases the type of a manager.
    pub fn new(manager: impl SessionManager) -> Self {
        Self(Arc::new(manager))
    }

    /// The same for a manager that others hold, too.
    pub fn shared(manager: Arc<impl SessionManager>) -> Self {
        Self(manager)
    }
}

impl fmt::Debug for SessionManagerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionManagerRef")
    }
}

impl From<SessionValueError> for Fault {
    fn from(error: SessionValueError) -> Self {
        Self::internal("Something cannot be kept in the session.").because(error)
    }
}

/// A session as one request has it: the entries, which other requests of the browser may share, and what this
/// request has done to them.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    id: String,
    entries: Arc<SessionEntries>,
    changes: Mutex<Changes>,
    origin: Option<Arc<dyn Any + Send + Sync>>,
}

#[derive(Default)]
struct Changes {
    /// Names of entries that were written or removed.
    keys: Vec<Box<str>>,
    is_renewed: bool,
    is_outdated: bool,
}

impl Session {
    /// A session with these entries, which no other request shares. `id` is its manager's name for it, and empty for
    /// one that has none.
    pub fn new(id: impl Into<String>, entries: impl IntoIterator<Item = (String, Value<'static>)>) -> Self {
        Self::sharing(id, Arc::new(SessionEntries::new(entries)))
    }

    /// A session whose entries other requests share.
    pub fn sharing(id: impl Into<String>, entries: Arc<SessionEntries>) -> Self {
        Self(Arc::new(Inner { id: id.into(), entries, changes: Mutex::default(), origin: None }))
    }

    /// Lets the manager find something again when it saves: what the session looked like when it was loaded, say.
    #[must_use]
    pub fn with_origin(mut self, origin: Arc<dyn Any + Send + Sync>) -> Self {
        // Nobody else has it yet, as a rule.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.origin = Some(origin);
            return self;
        }
        let Inner { id, entries, .. } = &*self.0;
        let (id, entries) = (id.clone(), entries.clone());
        Self(Arc::new(Inner { id, entries, changes: Mutex::default(), origin: Some(origin) }))
    }

    /// What the manager has left at [`Session::with_origin`].
    pub fn origin<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.origin.as_ref()?.downcast_ref()
    }

    /// The manager's name for the session; empty while it has none.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The entries, shared with other requests.
    pub fn entries(&self) -> &Arc<SessionEntries> {
        &self.0.entries
    }

    /// The value of an entry; null when absent.
    pub fn get(&self, key: &str) -> Value<'static> {
        self.0.entries.get(key)
    }

    /// Sets an entry; null removes it.
    ///
    /// # Errors
    /// A value that JSON cannot say, or one entry too many; nothing is changed then.
    pub fn set(&self, key: &str, value: Value<'static>) -> Result<(), SessionValueError> {
        self.update(key, |_| Some(value))
    }

    /// Changes one entry in a single step, so that requests of one browser that run at the same time do not
    /// undo each other's work. `change` gets the present value, null when absent, and returns the new one; null
    /// removes the entry, and `None` leaves everything as it is.
    ///
    /// # Errors
    /// As for [`Session::set`].
    pub fn update(
        &self,
        key: &str,
        change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>,
    ) -> Result<(), SessionValueError> {
        if self.0.entries.update(key, change)? {
            let mut changes = self.changes();
            if !changes.keys.iter().any(|known| **known == *key) {
                changes.keys.push(key.into());
            }
        }
        Ok(())
    }

    /// Removes all entries, which ends the session as the response leaves.
    pub fn clear(&self) {
        let mut removed = self.0.entries.clear();
        self.changes().keys.append(&mut removed);
    }

    /// Asks for another id when the session is saved, and for the old one to be dead at once. To be called when
    /// somebody has logged in or gained rights, so that an id that was planted before is worth nothing.
    pub fn renew(&self) {
        self.changes().is_renewed = true;
    }

    /// Whether [`Session::renew`] was called.
    pub fn is_renewed(&self) -> bool {
        self.changes().is_renewed
    }

    /// Lets it be saved though nobody changes it: for a manager that knows that what the client holds is out of
    /// date.
    pub fn outdate(&self) {
        self.changes().is_outdated = true;
    }

    /// Whether it has to be saved: this request has changed it, or what the client holds is out of date.
    pub fn is_changed(&self) -> bool {
        let changes = self.changes();
        changes.is_renewed || changes.is_outdated || !changes.keys.is_empty()
    }

    /// What this request has written, as it is now; null stands for what was removed.
    pub fn changed(&self) -> Vec<(Box<str>, Value<'static>)> {
        let keys = self.changes().keys.clone();
        keys.into_iter().map(|key| (key.clone(), self.get(&key))).collect()
    }

    /// A copy of all entries.
    pub fn values(&self) -> IndexMap<String, Value<'static>> {
        self.0.entries.values()
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        // Nothing under the lock panics.
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
