//! `JwtSession`: sessions in the browser, in an encrypted cookie.
//!
//! | file | what it does |
//! | --- | --- |
//! | `base` | what the writes of a request come on top of |
//! | `claims` | what a cookie says |
//! | `json` | entries from JSON |
//! | `parts` | one value in several cookies |
//! | `opened` | cookies that need not be decrypted again |
//! | `states` | what this instance knows beside the cookies |
//! | `lineage` | which states the latest one was made from |
//! | `subjects` | whose sessions are refused |
//! | `manager` | loading, saving, renewing, ending |
//! | `sealing` | from a session to its cookies |
//! | `administration` | listing and revoking |

mod administration;
mod base;
mod claims;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod generations;
mod json;
mod lineage;
mod manager;
mod opened;
mod parts;
mod sealing;
mod states;
mod subjects;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use exchange::{HeaderBudget, SessionDirectory, SessionManagerRef};
use heap::{Builder, ObjectConfig, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::cookie::{SessionCookie, SessionCookieConfig};
use super::errors;
use super::keys::{EncryptionMethod, KeyFields, SessionKeys};
use super::options::{self, SubjectOptions};
use crate::secrets::SecretsProviderField;
use manager::{Manager, Settings};
use states::States;

const COOKIE_NAME: &str = "openig-jwt-session";
const DEFAULT_COOKIES_MAX: u32 = 5;

/// Of the header fields that a listener takes, bytes that are not for the cookies of a session.
const OTHER_FIELDS_BYTES: usize = 2048;

/// One cookie may be set however little a listener takes.
const COOKIE_BYTES_MIN: usize = 4096;

/// There may be no more cookies than this for one session.
const PARTS_MAX: usize = 20;

/// Bytes that a session may have once it is decrypted and inflated. What a browser sends is never larger, unless
/// somebody means harm.
const CONTENT_BYTES_MAX: usize = 256 << 10;

/// Keeps sessions in the browser, in an encrypted cookie. The gateway keeps nothing, so that instances with the same
/// key serve the same sessions, and a session outlives a restart.
///
/// The cookie is a JWT that is encrypted and authenticated in one step (RFC 7516, `alg: dir`). It holds the entries of
/// the session as JSON, and when the session ends: `sessionTimeout` after it has begun, however often it is used.
/// A cookie that was changed, made with another key, or is over is as good as none, and the log says so. A session
/// that has become empty expires its cookie.
///
/// In the heap of `config.json` under the name `Session` it is for all routes; in the field `session` of a route, for
/// that route and those below. Routes beside each other share a session when the name of the cookie and the key are
/// the same. The cookie is written when the session has changed, as the response leaves the route.
///
/// A session that is too long for one cookie of 4096 bytes is split over several, at most `maxCookies`. All of them
/// together have at most 2048 bytes less than every connector takes in header fields, so that the requests that
/// bring them back are not refused; with the default of `maxTotalHeadersSize`, 8192, that is 6144 bytes, or two
/// cookies. Raise it where sessions are large. Beyond either limit the request is answered with 431, the browser keeps
/// the cookies it has, and the log names the largest entries.
///
/// A key is replaced by naming the new one first and the old one behind it, for as long as a session lasts: the first
/// encrypts, all of them decrypt.
///
/// **Requests at the same time.** Each state of a session has a revision, and each instance remembers the latest
/// state of the sessions it has seen lately, and which states it has made that from. A response that changes the
/// session changes the entries its request has written in that latest state, not in the one its cookie came with. A
/// cookie from which the latest state was made counts as that state for half a minute after it was replaced, and is
/// written anew; so requests through one instance that race lose nothing. Later it is refused like a cookie whose
/// session has ended, and what a request has written that was under way for so long is dropped: a browser has had the
/// newer cookie since, unless the response was lost. So is what a request has written whose session got another id, or
/// ended, meanwhile.
///
/// Of a state that another instance has written an instance knows nothing but the cookie. It is taken for what it says,
/// and nothing that is newer here is added to it: between instances, the response that comes last counts as a whole.
/// A session that was emptied, as by a logout, stays ended at the instance that did it, whatever other responses are
/// on their way.
///
/// **Logins.** Whoever has planted a cookie in a browser must not get the session that somebody logs in to with it.
/// Name the entry of the login in `subject` or `renewOn`: then the session gets another id with the login, and the
/// planted cookie is refused at once. Without it, the half minute above is the time for which it is not.
///
/// **Revoking.** The admin connector lists the sessions that this instance has seen lately, some 30,000. A session that
/// is revoked or renewed is refused by this instance until its time is over; when all sessions of a subject are
/// revoked, so are those that it has not seen, as far as they were issued until then. What is refused is remembered in
/// memory alone: 65,536 sessions that were revoked, as many that ended or got another id, and 10,000 subjects; beyond
/// that, the session nearest to its end and the earliest revocation of a subject are forgotten. After a restart
/// nothing of it is known: a cookie that was copied before is good again until its time is over. Other instances do not
/// know of it at all. Where that matters, use a `SharedSessionManager`, or replace the key, which ends all sessions.
///
/// ```json
/// {
///   "name": "Session",
///   "type": "JwtSession",
///   "config": {
///     "authenticatedEncryptionSecretId": "session.key",
///     "encryptionMethod": "A256GCM",
///     "secretsProvider": {
///       "type": "Base64EncodedSecretStore",
///       "config": { "secrets": { "session.key": "bm90IGEgc2VjcmV0LCAzMiBieXRlcyBmb3IgdGVzdHM=" } }
///     },
///     "cookie": { "name": "SID", "domain": ".example.com", "secure": true },
///     "sessionTimeout": "1 hour",
///     "skewAllowance": "2 minutes"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JwtSession {
    /// The id of the symmetric key that encrypts sessions. Without it there is a random key, which is not shared with
    /// other instances and ends with the process.
    authenticated_encryption_secret_id: Option<Spanned<heap::SecretId>>,
    /// The algorithm: A256GCM by default. It says how long the key is.
    encryption_method: Option<EncryptionMethod>,
    /// The cookie, which is called `openig-jwt-session` by default.
    #[serde(default)]
    cookie: SessionCookieConfig,
    /// Older name of `name` in `cookie`.
    cookie_name: Option<Spanned<String>>,
    /// Older name of `domain` in `cookie`.
    cookie_domain: Option<Spanned<String>>,
    /// How long a session lasts from its beginning: 30 minutes by default, at most 3650 days, which is also what
    /// `unlimited` means.
    session_timeout: Option<Spanned<TimeSpan>>,
    /// Whether the browser keeps the cookie until the session ends, even when it is closed meanwhile: false by default.
    persistent_cookie: Option<bool>,
    /// Where the key is looked up.
    secrets_provider: Option<SecretsProviderField>,
    /// How far the clocks of instances may differ: zero by default. A session is valid this long before it was issued
    /// and after it has expired. It is always valid five seconds before it was issued, so that a login does not fail
    /// because clocks differ by a moment: an addition of Portcullis.
    skew_allowance: Option<Spanned<TimeSpan>>,
    /// Whether sessions are compressed before they are encrypted: false by default.
    use_compression: Option<bool>,
    /// The entry that says whose session it is, for lists of sessions. An addition of Portcullis.
    subject: Option<String>,
    /// Entries whose change gives the session another id, so that an older cookie is refused: by default the one of
    /// `subject`, and without that any of `username`, `authUsername`, `user`, `userId`, `uid`, `sub` and `subject`, which
    /// usually say who is logged in. An addition of Portcullis.
    renew_on: Option<Vec<String>>,
    /// Over how many cookies a session may be split: 5 by default, at most 20; fewer where the connectors take too
    /// few bytes of header fields. An addition of Portcullis.
    max_cookies: Option<Spanned<u32>>,
}

impl ObjectConfig for JwtSession {
    const TYPE: &'static str = "JwtSession";
    const ALIASES: &'static [&'static str] = &["JwtSessionFactory"];
    type Object = SessionManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SessionManagerRef, Diagnostic> {
        self.manager(Self::TYPE, b)
    }
}

/// `JwtSession` under the name that releases since 2024.11 give it. It is the same in every respect.
///
/// ```json
/// {
///   "name": "Session",
///   "type": "JwtSessionManager",
///   "config": { "cookie": { "name": "SID" }, "sessionTimeout": "1 hour" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct JwtSessionManager(JwtSession);

impl ObjectConfig for JwtSessionManager {
    const TYPE: &'static str = "JwtSessionManager";
    type Object = SessionManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SessionManagerRef, Diagnostic> {
        self.0.manager(Self::TYPE, b)
    }
}

impl JwtSession {
    fn manager(self, type_name: &'static str, b: &mut Builder<'_>) -> Result<SessionManagerRef, Diagnostic> {
        let timeout = options::timeout(self.session_timeout.as_ref(), b)?;
        let skew =
            self.skew_allowance.as_deref().map_or(Some(std::time::Duration::ZERO), |span| span.limit());
        let Some(skew) = skew.filter(|skew| *skew <= options::TIMEOUT_MAX) else {
            let span = self.skew_allowance.as_ref().map(Spanned::span);
            return Err(b.error("with such a skewAllowance no session would ever end", span));
        };
        let parts_max = self.max_cookies.as_deref().copied().unwrap_or(DEFAULT_COOKIES_MAX);
        let parts_max = usize::try_from(parts_max).unwrap_or(usize::MAX);
        if !(1..=PARTS_MAX).contains(&parts_max) {
            let span = self.max_cookies.as_ref().map(Spanned::span);
            return Err(b.error(format!("maxCookies is a number from 1 to {PARTS_MAX}"), span));
        }
        let mut cookie = self.cookie;
        cookie.name = cookie.name.or(self.cookie_name);
        cookie.domain = cookie.domain.or(self.cookie_domain);
        let cookie = cookie.checked(COOKIE_NAME, b)?;
        let cookie_bytes_max = cookie_bytes_max(self.max_cookies.as_ref(), &cookie, b);
        let method = self.encryption_method.unwrap_or_default();
        // Managers with the same cookie and key are for the same sessions, wherever they are declared.
        let key = self
            .authenticated_encryption_secret_id
            .as_ref()
            .map_or_else(|| format!("the key of {}", b.file()), |id| format!("the secret {}", id.0));
        let states = b.shared(
            &format!("{}\n{key}\n{method:?}\nstates of JWT sessions", cookie.name()),
            States::default,
        );
        let keys = SessionKeys::new(
            KeyFields {
                secret_id: self.authenticated_encryption_secret_id,
                encryption_method: self.encryption_method,
                secrets_provider: self.secrets_provider,
            },
            b,
        )?;
        let settings = Settings {
            timeout_seconds: timeout.as_secs().max(1),
            skew_seconds: skew.as_secs(),
            is_persistent: self.persistent_cookie.unwrap_or(false),
            is_compressed: self.use_compression.unwrap_or(false),
            parts_max,
            cookie_bytes_max,
            subject: SubjectOptions::new(self.subject, self.renew_on),
        };
        let place = manager::Place { name: b.name().to_owned(), type_name, file: b.file().to_owned() };
        let manager = Arc::new(Manager::new(place, cookie, keys, states, settings));
        if let Some(directory) = b.service::<SessionDirectory>() {
            directory.register(&manager);
        }
        Ok(SessionManagerRef::shared(manager))
    }
}

/// Bytes that the cookies of a session may have together; a complaint when there could never be as many as asked for.
fn cookie_bytes_max(wanted: Option<&Spanned<u32>>, cookie: &SessionCookie, b: &mut Builder<'_>) -> usize {
    let HeaderBudget(taken) = b.service::<HeaderBudget>().map(|budget| *budget).unwrap_or_default();
    let bytes_max = taken.saturating_sub(OTHER_FIELDS_BYTES).max(COOKIE_BYTES_MIN);
    let usable = parts::usable(cookie, bytes_max);
    if let Some(wanted) =
        wanted.filter(|wanted| usize::try_from(***wanted).is_ok_and(|wanted| wanted > usable))
    {
        let warning = errors::too_many_cookies(usable, taken, wanted.span());
        b.load(async move { vec![warning] });
    }
    bytes_max
}

/// Why a cookie is as good as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It was not encrypted with a key that is valid here, or has been changed.
    Unknown,
    /// What it says is no session, or one of another cookie.
    NoSession,
    /// It is split, and a part is missing or of another version.
    Incomplete,
    /// Its time is over.
    Expired,
    /// It was issued later than now.
    FromTheFuture,
    /// It was revoked, emptied, or replaced by another id.
    Ended,
    /// It is an older state of its session, from longer ago than responses race.
    Outdated,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "it was not made with a key that is valid here, or has been changed",
            Self::NoSession => "what it says is not a session of this cookie",
            Self::Incomplete => "a part of it is missing or belongs to another version",
            Self::Expired => "it has expired",
            Self::FromTheFuture => "it was issued later than now; do the clocks differ?",
            Self::Ended => "its session has ended",
            Self::Outdated => "it was replaced half a minute ago or earlier",
        })
    }
}
