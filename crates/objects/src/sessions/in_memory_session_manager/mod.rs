//! `InMemorySessionManager`: sessions in the memory of this process.
//!
//! An id is made by the gateway only, so that nobody can plant one in a browser and share its session later:
//! an id that is not known is answered with a new session under a new id. A session is stored, and its cookie
//! set, when something is first written to it; visitors who need no session cost nothing.

mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{BoxFuture, Fault, Request, Response, Session, SessionManager, SessionManagerRef};
use heap::{Builder, ObjectConfig, Spanned, TimeSpan};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::cookie::{SessionCookie, SessionCookieConfig};
use super::options;
use store::{Id, Store};

const COOKIE_NAME: &str = "IG_SESSIONID";
const DEFAULT_SESSIONS_MAX: u32 = 1_000_000;
/// Expired sessions give back their memory at least this often.
const SWEEP_INTERVAL_MAX: Duration = Duration::from_mins(1);

/// Keeps sessions in the memory of this process. The browser holds nothing but a random name.
///
/// Sessions survive a reload of the configuration, and end with the process; several gateways behind a load
/// balancer need sticky connections. A session that has become empty is dropped and its cookie expired.
///
/// ```json
/// {
///   "name": "Session",
///   "type": "InMemorySessionManager",
///   "config": {
///     "sessionTimeout": "1 hour",
///     "cookie": { "name": "SID", "secure": true, "sameSite": "STRICT" }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InMemorySessionManager {
    /// The cookie that names the session.
    #[serde(default)]
    cookie: SessionCookieConfig,
    /// How long a session lives after the last request that used it: 30 minutes by default, at most 3650
    /// days, which is also what `unlimited` means.
    #[serde(alias = "timeout")]
    session_timeout: Option<Spanned<TimeSpan>>,
    /// Sessions kept at a time: 1000000 by default. When there are more, the one that was used the longest
    /// time ago goes. An addition of Portcullis.
    max_sessions: Option<Spanned<u32>>,
}

impl ObjectConfig for InMemorySessionManager {
    const TYPE: &'static str = "InMemorySessionManager";
    type Object = SessionManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SessionManagerRef, Diagnostic> {
        let timeout = options::timeout(self.session_timeout.as_ref(), b)?;
        if let Some(count) = self.max_sessions.as_ref().filter(|count| ***count == 0) {
            return Err(b.error("maxSessions must be at least 1", Some(count.span())));
        }
        let sessions_max = self.max_sessions.map_or(DEFAULT_SESSIONS_MAX, Spanned::into_inner);
        let cookie = self.cookie.checked(COOKIE_NAME, b)?;
        // Not the position that stands in the name of an unnamed object: it moves when the file is edited.
        let name = b.name().split('@').next().unwrap_or_default();
        let key = format!("{}\n{name}\n{}", b.file(), cookie.identity());
        let store = b.shared(&key, Store::default);
        b.background("sweep", {
            let store = store.clone();
            let interval = (timeout / 2).clamp(Duration::from_millis(100), SWEEP_INTERVAL_MAX);
            move |mut stop| async move {
                loop {
                    tokio::select! {
                        () = stop.stopped() => break,
                        () = tokio::time::sleep(interval) => store.sweep(timeout, Instant::now()),
                    }
                }
            }
        });
        let sessions_max = usize::try_from(sessions_max).unwrap_or(usize::MAX);
        Ok(SessionManagerRef::new(Manager { store, cookie, timeout, sessions_max }))
    }
}

struct Manager {
    /// Outlives a reload; the settings beside it do not.
    store: Arc<Store>,
    cookie: SessionCookie,
    timeout: Duration,
    sessions_max: usize,
}

impl SessionManager for Manager {
    fn load<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Session, Fault>> {
        let outcome = self.find_or_make(request, Instant::now());
        Box::pin(async move { outcome })
    }

    fn save<'a>(
        &'a self,
        session: &'a Session,
        response: &'a mut Response,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        self.store_or_drop(session, response, Instant::now());
        Box::pin(async { Ok(()) })
    }
}

impl Manager {
    fn find_or_make(&self, request: &Request, now: Instant) -> Result<Session, Fault> {
        let ids = self.cookie.values(request).filter_map(Id::parse);
        for id in ids {
            if let Some(session) = self.store.find(id, self.timeout, now) {
                return Ok(session);
            }
        }
        let id = Id::random().map_err(|error| {
            Fault::internal("The operating system gave no random bytes for a session id.").because(error)
        })?;
        Ok(Session::new(id.to_string(), IndexMap::new()))
    }

    fn store_or_drop(&self, session: &Session, response: &mut Response, now: Instant) {
        let Some(id) = Id::parse(session.id()) else { return };
        if session.values().is_empty() {
            self.store.remove(id);
            self.cookie.expire(response);
        } else if self.store.keep(id, session, self.sessions_max, now) {
            self.cookie.set(session.id(), response);
        }
    }
}
