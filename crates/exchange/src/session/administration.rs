//! What an administrator may do with sessions: list them, look at the names of their entries, revoke them.
//!
//! A session is called by its handle here, which is derived from its id in one direction: whoever reads the list
//! can end a session, but cannot take it over. Values are never shown.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::{BoxFuture, Fault};

/// Sessions of a list that are handed out at a time.
pub const SESSION_PAGE_MAX: usize = 1000;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct SessionQuery {
    /// Only those of this subject.
    pub subject: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// At most so many, and at most [`SESSION_PAGE_MAX`].
    pub limit: usize,
}

/// A session as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// What it is called here; not what the browser presents.
    pub handle: String,
    /// Whose it is, where the manager is told which entry says so.
    pub subject: Option<String>,
    /// The names of its entries.
    pub entries: Vec<String>,
    /// Seconds until it ends unless it is used before.
    pub expires_in_seconds: u64,
}

/// A part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionPage {
    /// The sessions, in no particular order.
    pub sessions: Vec<SessionSummary>,
    /// Where the next page begins; `None` after the last.
    pub cursor: Option<String>,
}

/// A manager whose sessions can be administered.
pub trait SessionAdministration: Send + Sync + 'static {
    /// The object's name in its configuration.
    fn name(&self) -> &str;

    /// The type of the object.
    fn type_name(&self) -> &'static str;

    /// The file that declares it.
    fn file(&self) -> &str;

    /// A page of the sessions.
    ///
    /// # Errors
    /// Where they are kept cannot be asked, or it cannot be asked this.
    fn list(&self, query: SessionQuery) -> BoxFuture<'_, Result<SessionPage, Fault>>;

    /// One session; `None` when there is none of this handle.
    ///
    /// # Errors
    /// As for [`SessionAdministration::list`].
    fn inspect<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<Option<SessionSummary>, Fault>>;

    /// Ends a session. True when there was one.
    ///
    /// # Errors
    /// As for [`SessionAdministration::list`]; the session may live on then.
    fn revoke<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<bool, Fault>>;

    /// Ends all sessions of a subject, and says how many they were.
    ///
    /// # Errors
    /// As for [`SessionAdministration::list`]; some may live on then.
    fn revoke_subject<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u64, Fault>>;
}

/// All managers of a process. They are held weakly: what goes with its generation is not listed any more.
#[derive(Default)]
pub struct SessionDirectory(Mutex<Vec<Weak<dyn SessionAdministration>>>);

impl SessionDirectory {
    /// Lists a manager for as long as somebody else holds it.
    pub fn register<M: SessionAdministration>(&self, manager: &Arc<M>) {
        let manager: Weak<M> = Arc::downgrade(manager);
        let mut managers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        managers.retain(|manager| manager.strong_count() > 0);
        managers.push(manager);
    }

    /// The managers of the moment.
    pub fn managers(&self) -> Vec<Arc<dyn SessionAdministration>> {
        let managers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        managers.iter().filter_map(Weak::upgrade).collect()
    }
}
