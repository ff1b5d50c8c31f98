//! `SharedSessionManager`: sessions in a store that several gateways share.
//!
//! The browser holds a random id, the store a record with a field for each entry. A request writes only the
//! fields it has changed, so that requests that run at the same time, at whichever instance, do not undo each
//! other's work. Nothing is cached between requests: another instance may have written, or ended the session.

mod administration;
mod manager;
mod record;
mod store;
mod subjects;
#[cfg(test)]
mod tests;
mod watches;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exchange::{SessionDirectory, SessionManagerRef};
use heap::{Builder, ObjectConfig, Ref, SecretId, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::cookie::{SessionCookie, SessionCookieConfig};
use super::keys::{EncryptionMethod, KeyFields, SessionKeys};
use super::news::News;
use super::options::{self, SubjectOptions};
use super::shared_store::SharedStoreRef;
use super::size::DEFAULT_BYTES_MAX;
use crate::secrets::SecretsProviderField;
use record::{Id, Meta, Namespace};
use store::Store;
use subjects::Subjects;
use watches::Watches;

const COOKIE_NAME: &str = "IG_SESSIONID";
/// Encrypted and encoded, more than this might not fit into a record of a store.
const BYTES_LIMIT: u32 = 512 * 1024;

/// Keeps sessions in a store that several gateways share. An addition of Portcullis.
///
/// Any instance serves any request of a session, and a session outlives the instances. The browser holds nothing
/// but a random name. The store holds neither that name nor anything readable: values and names of entries are
/// encrypted here, with a key that every instance has. Whoever can write to the store can neither read nor make entries,
/// but could remove some, or bring back what they once held: let nobody else write there.
///
/// Each entry is written by itself: of requests that run at the same time and write different entries, none loses
/// anything; of those that write the same one, the last counts. A session that has become empty is removed from the
/// store, and so is one that is revoked; what a request writes to it afterwards is dropped with a warning.
///
/// When the store does not answer, requests that need their session are answered 503 with `Retry-After`, and
/// the browser keeps its cookie. A cookie that names no session, or one that was not encrypted with a valid key,
/// is taken for none.
///
/// ```json
/// {
///   "name": "Session",
///   "type": "SharedSessionManager",
///   "config": {
///     "authenticatedEncryptionSecretId": "session.key",
///     "secretsProvider": { "type": "SystemAndEnvSecretStore" },
///     "store": {
///       "type": "ValkeyStore",
///       "config": { "addresses": ["valkey.example.com:6379"] }
///     },
///     "sessionTimeout": "30 minutes",
///     "absoluteTimeout": "8 hours",
///     "subject": "username"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedSessionManager {
    /// The secret that sessions are encrypted with. Every instance needs the same one. A new active key encrypts
    /// what is written from then on; keep the old one valid for as long as sessions last.
    #[schemars(required)]
    authenticated_encryption_secret_id: Option<Spanned<SecretId>>,
    /// The algorithm: `A256GCM` by default. It decides how long the key has to be.
    encryption_method: Option<EncryptionMethod>,
    /// Where the secret comes from.
    secrets_provider: Option<SecretsProviderField>,
    /// Where sessions are kept, by name or in place: a [ValkeyStore](ValkeyStore.md), which several machines share, or a
    /// [FileStore](FileStore.md) on one machine.
    store: Ref<SharedStoreRef>,
    /// What sets the sessions apart from those of other managers in the same store: the cookie's name, domain and
    /// path by default, so that managers with the same cookie and the same key share their sessions.
    namespace: Option<String>,
    /// The cookie that names the session.
    #[serde(default)]
    cookie: SessionCookieConfig,
    /// Whether the browser keeps the cookie when it is closed: false by default.
    #[serde(default)]
    persistent_cookie: bool,
    /// How long a session lives after the last request that used it: 30 minutes by default, at most 3650
    /// days, which is also what `unlimited` means.
    session_timeout: Option<Spanned<TimeSpan>>,
    /// How long a session lives after it has begun, however often it is used. Not limited by default.
    absolute_timeout: Option<Spanned<TimeSpan>>,
    /// The entry that says whose session it is, so that the sessions of somebody can be listed and revoked.
    subject: Option<String>,
    /// Entries whose change gives the session another id: by default the one named by `subject`, and without that any
    /// of `username`, `authUsername`, `user`, `userId`, `uid`, `sub` and `subject`, which usually say who is logged in.
    /// The old id is dead at once. For a minute, requests that still come with it have an empty session, of which nothing
    /// is kept, so that they do not replace the new cookie.
    renew_on: Option<Vec<String>>,
    /// The largest session, in bytes of its entries as JSON: 65536 by default. A request that writes more is
    /// answered 500, and the log names the largest entries.
    max_bytes: Option<Spanned<u32>>,
}

impl ObjectConfig for SharedSessionManager {
    const TYPE: &'static str = "SharedSessionManager";
    const STATUS: heap::Status = heap::Status::Addition;
    type Object = SessionManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SessionManagerRef, Diagnostic> {
        if self.authenticated_encryption_secret_id.is_none() {
            let message = "authenticatedEncryptionSecretId is missing: every instance that shares the store needs \
                           the same key";
            return Err(b.error(message, None));
        }
        let timeout = options::timeout(self.session_timeout.as_ref(), b)?;
        let absolute = options::absolute_timeout(self.absolute_timeout.as_ref(), b)?;
        let bytes_max = self.max_bytes.as_ref().map_or(DEFAULT_BYTES_MAX, |bytes| **bytes);
        if !(1..=BYTES_LIMIT).contains(&bytes_max) {
            let span = self.max_bytes.as_ref().map(Spanned::span);
            return Err(b.error(format!("maxBytes is between 1 and {BYTES_LIMIT}"), span));
        }
        let cookie = self.cookie.checked(COOKIE_NAME, b)?;
        let namespace = Namespace::new(self.namespace.as_deref().unwrap_or(cookie.identity()));
        let keys = KeyFields {
            secret_id: self.authenticated_encryption_secret_id,
            encryption_method: self.encryption_method,
            secrets_provider: self.secrets_provider,
        };
        let keys = SessionKeys::new(keys, b)?;
        let store = Arc::new(Store::new(b.get(&self.store), b.name()));
        let name = b.lasting_name();
        let place = format!("{}\n{name}\n{}\nwatched sessions", b.file(), namespace.sessions());
        let watches = b.shared(&place, Watches::default);
        b.background("ends of sessions", {
            let (watches, store, namespace) = (watches.clone(), store.clone(), namespace.clone());
            move |stop| watches.run(stop, store, namespace, now_seconds)
        });
        let manager = Arc::new(Manager {
            name: b.name().to_owned(),
            file: b.file().to_owned(),
            subjects: Subjects::new(SubjectOptions::new(self.subject, self.renew_on), timeout),
            is_persistent: self.persistent_cookie,
            bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX),
            clock: now_seconds,
            news: News::default(),
            keys,
            cookie,
            store,
            namespace,
            timeout,
            absolute,
            watches,
        });
        if let Some(directory) = b.service::<SessionDirectory>() {
            directory.register(&manager);
        }
        Ok(SessionManagerRef::shared(manager))
    }
}

/// Seconds since 1970. Tests have a clock of their own.
type Clock = fn() -> u64;

fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

struct Manager {
    name: String,
    file: String,
    keys: Arc<SessionKeys>,
    cookie: SessionCookie,
    is_persistent: bool,
    store: Arc<Store>,
    namespace: Namespace,
    timeout: Duration,
    absolute: Option<Duration>,
    subjects: Subjects,
    bytes_max: usize,
    /// Outlives a reload.
    watches: Arc<Watches>,
    /// Cookies that were complained about.
    news: News,
    clock: Clock,
}

/// Where the session of a request stands in the store.
#[derive(Default)]
struct State {
    kept: Mutex<Option<Kept>>,
    /// The request came with an id that its session has left for another one: nothing of it is kept.
    is_late: bool,
}

/// A session that is in the store.
#[derive(Clone)]
struct Kept {
    id: Id,
    meta: Meta,
}

impl State {
    fn of(kept: Kept) -> Self {
        Self { kept: Mutex::new(Some(kept)), is_late: false }
    }

    fn kept(&self) -> Option<Kept> {
        self.lock().clone()
    }

    fn set(&self, kept: Option<Kept>) {
        *self.lock() = kept;
    }

    fn handle(&self) -> Option<String> {
        self.lock().as_ref().map(|kept| kept.id.handle())
    }

    /// Whether the session has reached its absolute end, which the store may not know.
    fn is_over(&self, now: u64) -> bool {
        self.lock().as_ref().is_some_and(|kept| kept.meta.ends.is_some_and(|ends| ends <= now))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        // Nothing under the lock panics.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
