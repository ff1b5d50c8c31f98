//! `InMemorySessionManager`: sessions in the memory of this process.
//!
//! An id is made by the gateway only: one that is not known is answered with a new session under a new id. But an id
//! that the gateway has made for somebody can be planted in the browser of somebody else; what protects from that is
//! that a session has another id after a login. A session is stored, and its cookie set, when something is first written
//! to it; visitors who need no session cost nothing. Requests of a browser share the entries, so there is nothing to
//! merge, and a session that has ended stays ended whatever is still under way.
//!
//! When a session changes its id, requests under the old one lose it: what they write from then on is dropped, and for a
//! minute they get neither a session nor a cookie, which might replace the one of the login.

mod administration;
mod key;
mod moves;
mod shard;
mod store;
#[cfg(test)]
mod tests;
mod watchers;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use exchange::metrics::{Measure, Metrics, Sheet};
use exchange::{
    BoxFuture, EndSignal, Fault, Response, Session, SessionCookies, SessionDirectory, SessionEntries,
    SessionManager, SessionManagerRef,
};
use heap::{Builder, ObjectConfig, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::cookie::{SessionCookie, SessionCookieConfig};
use super::news::News;
use super::options::{self, SubjectOptions};
use super::size::{self, DEFAULT_BYTES_MAX};
use key::Key;
use store::{Limits, Store};

const COOKIE_NAME: &str = "IG_SESSIONID";
/// An entry as JSON is at most so many times as large as it is at rest, when all of its characters are escaped.
const JSON_TIMES_MAX: usize = 6;
const DEFAULT_SESSIONS_MAX: u32 = 1_000_000;
/// Sessions whose time is over are looked for at least this often, and their watchers told.
const SWEEP_INTERVAL_MAX: Duration = Duration::from_secs(1);

/// Keeps sessions in the memory of this process. The browser holds nothing but a random name.
///
/// Sessions survive a reload of the configuration, and end with the process; several gateways behind a load
/// balancer need sticky connections. A session that has become empty is dropped and its cookie expired. Of the name
/// in the cookie only a digest is kept.
///
/// The requests of a browser share the session, and none loses what another writes. A session that was emptied, as by a
/// logout, is over, whatever other requests write meanwhile. A login gives the session another name: see `renewOn`. What
/// requests that came under the old name write from then on is dropped, and for a minute they get no cookie.
///
/// Managers in different files have sessions of their own. Give them cookies of different names or paths if the same
/// browser talks to both, or each replaces the cookie of the other.
///
/// ```json
/// {
///   "name": "Session",
///   "type": "InMemorySessionManager",
///   "config": {
///     "sessionTimeout": "1 hour",
///     "absoluteTimeout": "10 hours",
///     "subject": "username",
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
    /// How long a session lives after it was made, however often it is used: no such limit by default. An addition of
    /// Portcullis.
    absolute_timeout: Option<Spanned<TimeSpan>>,
    /// The entry that says whose session it is, by a text: administrators see it, and can end all sessions of
    /// somebody. An addition of Portcullis.
    subject: Option<String>,
    /// Entries whose change gives the session another name, so that a name that was known before the login is
    /// worth nothing after it: by default the one of `subject`, and without that any of `username`, `authUsername`,
    /// `user`, `userId`, `uid`, `sub` and `subject`, which usually say who is logged in. An addition of Portcullis.
    renew_on: Option<Vec<String>>,
    /// Sessions kept at a time: 1000000 by default. When there are more, the one that was used the longest
    /// time ago goes. An addition of Portcullis.
    max_sessions: Option<Spanned<u32>>,
    /// The largest session, in bytes of its entries as JSON: 65536 by default. A request that writes more is
    /// answered 500, and nothing of what it wrote is kept; the log names the largest entries. Sessions take at most
    /// about this much times `maxSessions` of memory. An addition of Portcullis.
    max_bytes: Option<Spanned<u32>>,
}

impl ObjectConfig for InMemorySessionManager {
    const TYPE: &'static str = "InMemorySessionManager";
    type Object = SessionManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SessionManagerRef, Diagnostic> {
        let timeout = options::timeout(self.session_timeout.as_ref(), b)?;
        let absolute_timeout = options::absolute_timeout(self.absolute_timeout.as_ref(), b)?;
        if let Some(count) = self.max_sessions.as_ref().filter(|count| ***count == 0) {
            return Err(b.error("maxSessions must be at least 1", Some(count.span())));
        }
        let sessions_max = self.max_sessions.map_or(DEFAULT_SESSIONS_MAX, Spanned::into_inner);
        if let Some(bytes) = self.max_bytes.as_ref().filter(|bytes| ***bytes == 0) {
            return Err(b.error("maxBytes must be at least 1", Some(bytes.span())));
        }
        let bytes_max = self.max_bytes.map_or(DEFAULT_BYTES_MAX, Spanned::into_inner);
        let limits = Limits::new(timeout, absolute_timeout, sessions_max);
        let cookie = self.cookie.checked(COOKIE_NAME, b)?;
        let name = b.lasting_name();
        let key = format!("{}\n{name}\n{}", b.file(), cookie.identity());
        let store = b.shared(&key, Store::default);
        b.background("sweep", {
            let store = store.clone();
            let interval = (timeout / 2).clamp(Duration::from_millis(100), SWEEP_INTERVAL_MAX);
            move |mut stop| async move {
                loop {
                    tokio::select! {
                        () = stop.stopped() => break,
                        () = tokio::time::sleep(interval) => store.sweep(&limits, Instant::now()),
                    }
                }
            }
        });
        let manager = Arc::new(Manager {
            name: b.name().to_owned(),
            file: b.file().to_owned(),
            store,
            cookie,
            subject: SubjectOptions::new(self.subject, self.renew_on),
            limits,
            bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX),
            news: News::default(),
        });
        if let Some(metrics) = b.service::<Metrics>() {
            metrics.register(&manager);
        }
        if let Some(directory) = b.service::<SessionDirectory>() {
            directory.register(&manager);
        }
        Ok(SessionManagerRef::shared(manager))
    }
}

struct Manager {
    name: String,
    file: String,
    /// Outlives a reload; the settings beside it do not.
    store: Arc<Store>,
    cookie: SessionCookie,
    subject: SubjectOptions,
    limits: Limits,
    bytes_max: usize,
    news: News,
}

/// Where a request's session is kept.
#[derive(Clone, Copy, Default)]
enum At {
    /// Nowhere before it is first saved.
    #[default]
    Nowhere,
    Key(Key),
    /// The request came with an id that the session has no more: the browser has another one, or will have it as
    /// soon as a response arrives. Nothing is kept, and no cookie touched.
    Late,
}

#[derive(Default)]
struct Place(Mutex<At>);

impl Place {
    fn new(at: At) -> Self {
        Self(Mutex::new(at))
    }

    fn get(&self) -> At {
        // Nothing under the lock panics.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, key: Key) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = At::Key(key);
    }
}

impl SessionManager for Manager {
    fn load<'a>(&'a self, cookies: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        let session = self.find_or_make(cookies, Instant::now());
        Box::pin(async { Ok(session) })
    }

    fn save<'a>(
        &'a self,
        session: &'a Session,
        response: &'a mut Response,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        let outcome = self.store_or_drop(session, response, Instant::now());
        Box::pin(async { outcome })
    }

    fn ended(&self, session: &Session) -> Option<EndSignal> {
        match session.origin::<Place>()?.get() {
            At::Key(key) => Some(self.store.watch(key)),
            At::Nowhere | At::Late => None,
        }
    }
}

impl Manager {
    fn find_or_make(&self, cookies: &SessionCookies, now: Instant) -> Session {
        let (mut refused, mut is_late) = (None, false);
        for id in self.cookie.values(cookies).filter(|id| !id.is_empty()) {
            refused = refused.or(Some(id));
            let Some(key) = Key::of(id) else { continue };
            if let Some(entries) = self.store.find(key, &self.limits, now) {
                return self.session(key.to_string(), entries, At::Key(key));
            }
            is_late |= self.store.is_late(key, now);
        }
        if is_late {
            return self.session(String::new(), Arc::new(SessionEntries::ended()), At::Late);
        }
        if let Some(id) = refused {
            self.complain(id);
        }
        self.session(String::new(), Arc::default(), At::Nowhere)
    }

    /// Each cookie is complained about once: browsers send what has expired for a long time.
    fn complain(&self, id: &str) {
        if !self.news.is_news(id) {
            return;
        }
        let (object, cookie) = (self.name.as_str(), self.cookie.name());
        if Key::of(id).is_some() {
            // Every browser comes with one after a restart.
            let reason = "unknown or expired";
            tracing::info!(
                object,
                cookie,
                reason,
                "A session cookie names no session; the request has an empty one."
            );
        } else {
            let reason = "not a name that this gateway makes";
            tracing::warn!(
                object,
                cookie,
                reason,
                "A session cookie names no session; the request has an empty one."
            );
        }
    }

    fn session(&self, id: String, entries: Arc<SessionEntries>, at: At) -> Session {
        let session = Session::sharing(id, entries).with_origin(Arc::new(Place::new(at)));
        session.with_renewal(self.subject.renewing())
    }

    fn store_or_drop(&self, session: &Session, response: &mut Response, now: Instant) -> Result<(), Fault> {
        let place = session.origin::<Place>();
        let place =
            place.ok_or_else(|| Fault::internal("A session is saved by a manager that has not made it."))?;
        session.entries().pack();
        if let Err(fault) = self.ensure_fits(session) {
            session.undo();
            if let (At::Key(key), true) = (place.get(), session.is_begun_anew()) {
                self.store.remove(key);
            }
            return Err(fault);
        }
        match place.get() {
            At::Late => {}
            At::Nowhere if session.is_ended() || session.entries().is_empty() => {}
            At::Nowhere => self.begin(session, place, response, now)?,
            // The cookie of a session that was ended by another request may have been replaced since.
            At::Key(key) if session.is_ended() => {
                if self.store.remove(key) {
                    self.cookie.expire(response);
                }
            }
            At::Key(key) if session.is_begun_anew() => {
                if self.store.remove(key) {
                    self.begin(session, place, response, now)?;
                }
            }
            At::Key(key) if self.subject.renews(session) => {
                let (id, new) = new_id()?;
                if self.store.renew(key, new, |entries| self.apply(session, entries), now) {
                    place.set(new);
                    self.cookie.set(&id, response);
                }
            }
            // What was written stands in the entries already.
            At::Key(_) => {}
        }
        Ok(())
    }

    /// Whether the session is small enough to be kept. It is measured only if that does not follow from its size at rest.
    fn ensure_fits(&self, session: &Session) -> Result<(), Fault> {
        match session.entries().packed_bytes() {
            Some(bytes) if bytes.saturating_mul(JSON_TIMES_MAX) <= self.bytes_max => Ok(()),
            _ => size::ensure_fits(&session.values(), self.bytes_max),
        }
    }

    /// Keeps a session under a new id.
    fn begin(
        &self,
        session: &Session,
        place: &Place,
        response: &mut Response,
        now: Instant,
    ) -> Result<(), Fault> {
        let (id, key) = new_id()?;
        self.store.insert(key, session.entries().clone(), &self.limits, now);
        place.set(key);
        self.cookie.set(&id, response);
        Ok(())
    }

    /// Writes what this request has changed to what others have left.
    fn apply(&self, session: &Session, entries: &SessionEntries) {
        for (key, value) in session.changed() {
            if let Err(error) = entries.update(&key, |_| Some(value)) {
                tracing::warn!(object = self.name, %error, "A session has lost an entry as its id changed.");
            }
        }
    }
}

fn new_id() -> Result<(String, Key), Fault> {
    let id = key::random_id().map_err(|error| {
        Fault::internal("The operating system gave no random bytes for a session id.").because(error)
    })?;
    let key = Key::of(&id).ok_or_else(|| Fault::internal("A new session id has not the length of one."))?;
    Ok((id, key))
}

impl Measure for Manager {
    fn measure(&self, sheet: &mut Sheet) {
        let labels = [("file", self.file.as_str()), ("object", self.name.as_str())];
        let counts = [
            ("portcullis_sessions", "Sessions that are kept in memory.", self.store.count() as u64),
            (
                "portcullis_sessions_evicted",
                "Sessions that had to go before their time, because there were too many.",
                self.store.evicted(),
            ),
        ];
        for (name, help, count) in counts {
            #[expect(clippy::cast_precision_loss, reason = "far fewer sessions than a double can count")]
            sheet.gauge(name, help, &labels, count as f64);
        }
    }
}
