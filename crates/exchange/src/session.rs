//! Sessions: what the gateway remembers about a browser between requests.
//!
//! A [`SessionManager`] loads a [`Session`] on first use and saves it when it has changed, as the response
//! leaves the level (route or gateway) that installed the manager.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use expression::Value;
use indexmap::IndexMap;

use crate::{BoxFuture, Fault, Request, Response};

/// Keeps sessions: in memory, in a cookie, in a shared store.
pub trait SessionManager: Send + Sync + 'static {
    /// The session of this request; a new, empty one when it has none.
    fn load<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Session, Fault>>;

    /// Stores a session that has changed and tells the client by `response`.
    fn save<'a>(
        &'a self,
        session: &'a Session,
        response: &'a mut Response,
    ) -> BoxFuture<'a, Result<(), Fault>>;
}

/// A shared session manager of any type.
#[derive(Clone)]
pub struct SessionManagerRef(Arc<dyn SessionManager>);

impl SessionManagerRef {
    /// Erases the type of a manager.
    pub fn new(manager: impl SessionManager) -> Self {
        Self(Arc::new(manager))
    }
}

impl fmt::Debug for SessionManagerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionManagerRef")
    }
}

/// The entries of one session. Requests of one browser that run at the same time share it.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    /// The manager's own name for the session; empty for a new one.
    id: String,
    values: Mutex<IndexMap<String, Value<'static>>>,
    changed: AtomicBool,
}

impl Session {
    /// A session with these entries.
    pub fn new(id: impl Into<String>, values: IndexMap<String, Value<'static>>) -> Self {
        Self(Arc::new(Shared { id: id.into(), values: Mutex::new(values), changed: AtomicBool::new(false) }))
    }

    /// The manager's name for the session; empty while it has none.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The value of an entry; null when absent.
    pub fn get(&self, key: &str) -> Value<'static> {
        self.lock().get(key).cloned().unwrap_or(Value::Null)
    }

    /// Sets an entry; null removes it.
    pub fn set(&self, key: &str, value: Value<'static>) {
        put(&mut self.lock(), key, value);
        self.0.changed.store(true, Ordering::Release);
    }

    /// Changes one entry in a single step, so that requests of one browser that run at the same time do not
    /// undo each other's work. `change` gets the present value, null when absent, and returns the new one; null
    /// removes the entry, and `None` leaves everything as it is.
    pub fn update(&self, key: &str, change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>) {
        let mut values = self.lock();
        let Some(value) = change(values.get(key).unwrap_or(&Value::Null)) else { return };
        put(&mut values, key, value);
        self.0.changed.store(true, Ordering::Release);
    }

    /// Whether it has changed since it was loaded.
    pub fn is_changed(&self) -> bool {
        self.0.changed.load(Ordering::Acquire)
    }

    /// A copy of all entries.
    pub fn values(&self) -> IndexMap<String, Value<'static>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<String, Value<'static>>> {
        // The map is whole at every moment, whatever code panicked while it held the lock.
        self.0.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put(values: &mut IndexMap<String, Value<'static>>, key: &str, value: Value<'static>) {
    match value {
        Value::Null => {
            values.shift_remove(key);
        }
        value => {
            values.insert(key.to_owned(), value);
        }
    }
}

/// The session of a request in flight, loaded on first use.
#[derive(Default)]
pub struct SessionSlot {
    manager: Option<SessionManagerRef>,
    session: Option<Session>,
}

impl SessionSlot {
    /// A slot that loads from `manager`.
    pub fn new(manager: SessionManagerRef) -> Self {
        Self { manager: Some(manager), session: None }
    }

    /// The session, if it has been loaded.
    pub fn get(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Loads the session unless that happened before. Without a manager there is none.
    pub async fn load(&mut self, request: &Request) -> Result<Option<&Session>, Fault> {
        if self.session.is_none()
            && let Some(manager) = &self.manager
        {
            self.session = Some(manager.0.load(request).await?);
        }
        Ok(self.session.as_ref())
    }

    /// Saves the session if it was loaded and has changed.
    pub async fn save(&self, response: &mut Response) -> Result<(), Fault> {
        match (&self.manager, &self.session) {
            (Some(manager), Some(session)) if session.is_changed() => manager.0.save(session, response).await,
            _ => Ok(()),
        }
    }
}
