//! Sessions: what the gateway remembers about a browser between requests.
//!
//! A [`SessionManager`] loads a [`Session`] on first use and saves it when it has changed, as the response
//! leaves the level (route or gateway) that installed the manager.

mod administration;
mod budget;
mod entries;
mod frozen;
mod lasting;
mod packed;
mod slot;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use expression::Value;
use indexmap::IndexMap;

use crate::{BoxFuture, EndSignal, Fault, Response};

pub use administration::{
    SESSION_PAGE_MAX, SessionAdministration, SessionDirectory, SessionPage, SessionQuery, SessionSummary,
};
pub use budget::HeaderBudget;
pub use entries::{SESSION_ENTRIES_MAX, SessionEntries, SessionValueError};
pub use frozen::FrozenEntries;
pub use slot::{SessionCookies, SessionSlot};

use entries::Written;

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
    /// What the requests of a browser share.
    loaded: Arc<SessionEntries>,
    /// What this request goes on with by itself, since it has ended the session or asked for another id.
    own: OnceLock<Arc<SessionEntries>>,
    changes: Mutex<Changes>,
    origin: Option<Arc<dyn Any + Send + Sync>>,
    renewing: Option<Arc<[String]>>,
}

impl Inner {
    fn sharing(id: String, loaded: Arc<SessionEntries>) -> Self {
        Self { id, loaded, own: OnceLock::new(), changes: Mutex::default(), origin: None, renewing: None }
    }
}

#[derive(Default)]
struct Changes {
    /// Names of entries that were written or removed.
    keys: Vec<Box<str>>,
    /// What was there before in the list that is shared, of each entry that was written there.
    before: Vec<(Box<str>, Value<'static>)>,
    is_renewed: bool,
    is_outdated: bool,
    is_ended: bool,
    is_begun_anew: bool,
}

impl Changes {
    fn note(&mut self, key: &str) {
        if !self.keys.iter().any(|known| **known == *key) {
            self.keys.push(key.into());
        }
    }
}

impl Session {
    /// A session with these entries, which no other request shares. `id` is its manager's name for it, and empty for
    /// one that has none.
    pub fn new(id: impl Into<String>, entries: impl IntoIterator<Item = (String, Value<'static>)>) -> Self {
        Self::sharing(id, Arc::new(SessionEntries::new(entries)))
    }

    /// A session whose entries other requests share.
    pub fn sharing(id: impl Into<String>, entries: Arc<SessionEntries>) -> Self {
        Self(Arc::new(Inner::sharing(id.into(), entries)))
    }

    /// Lets the manager find something again when it saves: what the session looked like when it was loaded, say.
    #[must_use]
    pub fn with_origin(self, origin: Arc<dyn Any + Send + Sync>) -> Self {
        self.adapted(|inner| inner.origin = Some(origin))
    }

    /// A change of one of these entries asks for another id, as [`Session::renew`] does. What is written then is not
    /// seen by requests under the old id, not even before the session is saved.
    #[must_use]
    pub fn with_renewal(self, entries: Arc<[String]>) -> Self {
        self.adapted(|inner| inner.renewing = Some(entries))
    }

    fn adapted(mut self, adapt: impl FnOnce(&mut Inner)) -> Self {
        // Nobody else has it yet, as a rule.
        if Arc::get_mut(&mut self.0).is_none() {
            let Inner { id, loaded, origin, renewing, .. } = &*self.0;
            self = Self(Arc::new(Inner {
                origin: origin.clone(),
                renewing: renewing.clone(),
                ..Inner::sharing(id.clone(), loaded.clone())
            }));
        }
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            adapt(inner);
        }
        self
    }

    /// What the manager has left at [`Session::with_origin`].
    pub fn origin<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.origin.as_ref()?.downcast_ref()
    }

    /// The manager's name for the session; empty while it has none.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The entries: shared with other requests, until this one ends the session or asks for another id.
    pub fn entries(&self) -> &Arc<SessionEntries> {
        self.0.own.get().unwrap_or(&self.0.loaded)
    }

    /// The value of an entry; null when absent.
    pub fn get(&self, key: &str) -> Value<'static> {
        self.entries().get(key)
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
    /// When another request has ended the session meanwhile, nothing is written.
    ///
    /// # Errors
    /// As for [`Session::set`].
    pub fn update(
        &self,
        key: &str,
        change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>,
    ) -> Result<(), SessionValueError> {
        let written = match self.0.own.get() {
            // Nobody else writes to it, so it need not end.
            Some(own) => own.write(key, change, false)?,
            None if self.is_renewing(key) => self.write_apart(key, change)?,
            None => self.0.loaded.write(key, change, true)?,
        };
        let is_shared = self.0.own.get().is_none();
        match written {
            Written::Unchanged => {}
            Written::Changed(before) => {
                let mut changes = self.changes();
                changes.note(key);
                if is_shared && !changes.before.iter().any(|(known, _)| **known == *key) {
                    changes.before.push((key.into(), before));
                }
                if std::mem::take(&mut changes.is_ended) {
                    (changes.is_renewed, changes.is_begun_anew) = (true, true);
                }
            }
            Written::Emptied => {
                self.changes().note(key);
                self.end();
            }
            Written::Refused => tracing::debug!(
                entry = key,
                "A session has ended while a request was using it; what the request wrote to it is dropped."
            ),
        }
        Ok(())
    }

    fn is_renewing(&self, key: &str) -> bool {
        self.0.renewing.as_ref().is_some_and(|renewing| renewing.iter().any(|entry| entry == key))
    }

    /// Writes to a copy, which this request goes on with: others, under the old id, do not see it.
    fn write_apart(
        &self,
        key: &str,
        change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>,
    ) -> Result<Written, SessionValueError> {
        let own = self.0.loaded.copy();
        let written = own.write(key, change, false)?;
        if matches!(written, Written::Unchanged) {
            return Ok(written);
        }
        if self.0.loaded.is_ended() {
            return Ok(Written::Refused);
        }
        let _ = self.0.own.set(Arc::new(own));
        self.changes().is_renewed = true;
        Ok(written)
    }

    /// Removes all entries, which ends the session as the response leaves: see [`Session::is_ended`].
    pub fn clear(&self) {
        for key in self.entries().clear() {
            self.changes().note(&key);
        }
        self.end();
    }

    fn end(&self) {
        // First of all, so that nothing that is written from here on counts.
        let removed = self.0.loaded.end();
        self.0.own.get_or_init(Arc::default);
        let mut changes = self.changes();
        removed.iter().for_each(|key| changes.note(key));
        changes.is_ended = true;
    }

    /// Takes back what this request has written to the entries that it shares with others: for a manager that cannot
    /// keep it. What others have written to the same entries since is taken back, too.
    pub fn undo(&self) {
        let before = std::mem::take(&mut self.changes().before);
        for (key, value) in before {
            // It has been there, and there is room for it, unless others have filled it up.
            let _ = self.0.loaded.update(&key, |_| Some(value));
        }
    }

    /// Whether this request has ended the session: it has removed all entries, or the last one. The session has to be
    /// forgotten then, whatever other requests have written to it meanwhile.
    ///
    /// When the same request writes anew, the session has not ended: see [`Session::is_begun_anew`].
    pub fn is_ended(&self) -> bool {
        self.changes().is_ended
    }

    /// Whether this request has ended the session and then written to it: it goes on under another id, and with
    /// nothing but [`Session::values`], whatever others have written. [`Session::is_renewed`] is true, too.
    pub fn is_begun_anew(&self) -> bool {
        let changes = self.changes();
        changes.is_begun_anew && !changes.is_ended
    }

    /// Asks for another id when the session is saved, and for the old one to be dead at once. To be called when
    /// somebody has logged in or gained rights, so that an id that was planted before is worth nothing; before
    /// anything is written, so that requests under the old id do not see it.
    pub fn renew(&self) {
        if !self.0.loaded.is_ended() {
            self.0.own.get_or_init(|| Arc::new(self.0.loaded.copy()));
        }
        self.changes().is_renewed = true;
    }

    /// Whether [`Session::renew`] was called, or there was other reason for another id.
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
        changes.is_renewed || changes.is_outdated || changes.is_ended || !changes.keys.is_empty()
    }

    /// What this request has written, as it is now; null stands for what was removed.
    pub fn changed(&self) -> Vec<(Box<str>, Value<'static>)> {
        let keys = self.changes().keys.clone();
        keys.into_iter().map(|key| (key.clone(), self.get(&key))).collect()
    }

    /// A copy of all entries.
    pub fn values(&self) -> IndexMap<String, Value<'static>> {
        self.entries().values()
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        // Nothing under the lock panics.
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
