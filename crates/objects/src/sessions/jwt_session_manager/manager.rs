//! Loading, saving, renewing and ending sessions.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exchange::{
    BoxFuture, EndSignal, Fault, FrozenEntries, Response, Session, SessionCookies, SessionEntries,
    SessionManager,
};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::super::cookie::SessionCookie;
use super::super::keys::SessionKeys;
use super::super::options::SubjectOptions;
use super::base::Base;
use super::claims::{self, Id, Ticket};
use super::opened::{Opened, OpenedCookies};
use super::parts::{self, Presented};
use super::states::{Shard, Standing, State, States};
use super::{CONTENT_BYTES_MAX, Refusal};

/// A clock that is set while somebody waits for the end of a session is noticed after this long.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_hours(1);

/// What the configuration says.
pub(super) struct Settings {
    pub(super) timeout_seconds: u64,
    pub(super) skew_seconds: u64,
    pub(super) is_persistent: bool,
    pub(super) is_compressed: bool,
    pub(super) parts_max: usize,
    /// Bytes that the cookies of a session may have in the field of a request.
    pub(super) cookie_bytes_max: usize,
    pub(super) subject: SubjectOptions,
}

/// Where the manager is declared.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) type_name: &'static str,
    pub(super) file: String,
}

/// See [`super::JwtSession`].
pub(super) struct Manager {
    pub(super) place: Place,
    pub(super) cookie: SessionCookie,
    pub(super) keys: Arc<SessionKeys>,
    pub(super) opened: OpenedCookies,
    pub(super) states: Arc<States>,
    pub(super) settings: Settings,
}

/// What a session was loaded from.
#[derive(Default)]
pub(super) struct Origin {
    pub(super) opened: Option<Arc<Opened>>,
    /// Whether the request had a cookie, good or bad.
    had_cookie: bool,
    /// The cookies of the request beside the first, a bit for each number.
    others: u32,
    /// The ticket of a session that has begun, or got another id, with this request.
    begun: OnceLock<Ticket>,
}

impl Origin {
    fn ticket(&self) -> Option<Ticket> {
        self.begun.get().copied().or_else(|| self.opened.as_ref().map(|opened| opened.ticket))
    }
}

/// What has to be done to the browser's cookies.
pub(super) enum Outcome {
    Set { parts: Vec<String>, kept: String },
    Forget,
    Nothing,
}

impl Manager {
    pub(super) fn new(
        place: Place,
        cookie: SessionCookie,
        keys: Arc<SessionKeys>,
        states: Arc<States>,
        settings: Settings,
    ) -> Self {
        Self { place, cookie, keys, opened: OpenedCookies::default(), states, settings }
    }

    /// The session of a request at this time; a new one where it has none that is good.
    pub(super) fn find_or_make(&self, cookies: &SessionCookies, now: Duration) -> Session {
        let presented = Presented::of(cookies, self.cookie.name());
        let mut refused = None;
        for first in &presented.first {
            match self.open(&presented, first, now) {
                Ok((opened, entries, is_outdated)) => {
                    let (id, others) = (opened.ticket.id.to_string(), presented.numbers);
                    let entries = Arc::new(SessionEntries::thawed(entries));
                    let origin =
                        Origin { opened: Some(opened), had_cookie: true, others, begun: OnceLock::new() };
                    let session = Session::sharing(id, entries).with_origin(Arc::new(origin));
                    if is_outdated {
                        session.outdate();
                    }
                    return session;
                }
                Err(_) if first.is_empty() => {}
                Err(refusal) => refused = refused.or(Some((refusal, *first))),
            }
        }
        if let Some((refusal, first)) = refused {
            self.complain(refusal, first);
        }
        let had_cookie = !presented.first.is_empty();
        let origin = Origin { had_cookie, others: presented.numbers, ..Origin::default() };
        Session::new("", []).with_origin(Arc::new(origin))
    }

    /// What the cookie that begins with `first` says, the entries of the session, and whether the cookie is older than
    /// these.
    fn open<'r>(
        &self,
        presented: &Presented<'r>,
        first: &'r str,
        now: Duration,
    ) -> Result<(Arc<Opened>, FrozenEntries, bool), Refusal> {
        let text = presented.whole(first)?;
        let keys = self.keys.generation();
        let opened = match self.opened.get(&text, keys) {
            Some(opened) => {
                opened.ticket.check(self.settings.skew_seconds, now.as_secs())?;
                opened
            }
            None => {
                let content = self.keys.open(&text, CONTENT_BYTES_MAX).ok_or(Refusal::Unknown)?;
                let read = claims::read(&content, self.cookie.name());
                wipe(content);
                let (ticket, entries) = read?;
                ticket.check(self.settings.skew_seconds, now.as_secs())?;
                let opened = Arc::new(Opened::new(&text, keys, ticket, entries));
                self.opened.keep(&opened);
                opened
            }
        };
        if self.is_revoked(&opened.ticket, &opened.entries) {
            return Err(Refusal::Ended);
        }
        let mut shard = self.states.of(opened.ticket.id);
        if shard.is_dead(opened.ticket.id) {
            return Err(Refusal::Ended);
        }
        let entries = match shard.standing(&opened.ticket, now) {
            Standing::Recent(latest) => return Ok((opened, latest.entries.clone(), true)),
            Standing::Outdated => return Err(Refusal::Outdated),
            // Whoever presents what is not known to be out of date gets what it says, and nothing of what is newer.
            Standing::Latest(_) | Standing::Apart(_) => opened.entries.clone(),
            Standing::Unknown => {
                shard.begin(State::of(&opened));
                opened.entries.clone()
            }
            Standing::Newest => {
                shard.learn(State::of(&opened), now);
                opened.entries.clone()
            }
        };
        Ok((opened, entries, false))
    }

    /// Each cookie is complained about once: browsers send what has expired for a long time.
    fn complain(&self, refusal: Refusal, first: &str) {
        if self.opened.is_news(first) {
            let (object, cookie) = (self.place.name.as_str(), self.cookie.name());
            tracing::warn!(object, cookie, "A session cookie is ignored: {refusal}.");
        }
    }

    /// Saves a session at this time, and says so in the response.
    ///
    /// # Errors
    /// It cannot be kept: it is too large, or the cryptographic library refuses. The browser's cookie stays as it is.
    pub(super) fn keep(
        &self,
        session: &Session,
        response: &mut Response,
        now: Duration,
    ) -> Result<(), Fault> {
        let unknown = Origin::default();
        let origin = session.origin::<Origin>().unwrap_or(&unknown);
        let outcome = match origin.ticket() {
            Some(ticket) => self.go_on(session, origin, ticket, now)?,
            None => self.begin(session, origin, now)?,
        };
        match outcome {
            Outcome::Set { parts, kept } => {
                parts::set(&self.cookie, &parts, &kept, origin.others, response);
            }
            Outcome::Forget => parts::forget(&self.cookie, 0, origin.others, response),
            Outcome::Nothing => {}
        }
        Ok(())
    }

    /// Saves a session that has begun with this request.
    fn begin(&self, session: &Session, origin: &Origin, now: Duration) -> Result<Outcome, Fault> {
        let entries = session.entries().freeze();
        if entries.is_empty() {
            return Ok(if origin.had_cookie { Outcome::Forget } else { Outcome::Nothing });
        }
        let issued_at = now.as_secs();
        let expires_at = issued_at.saturating_add(self.settings.timeout_seconds);
        let ticket = Ticket { id: Id::random()?, issued_at, expires_at, revision: nanoseconds(now) };
        let (state, outcome) = self.seal(ticket, entries, now)?;
        self.states.of(ticket.id).learn(state, now);
        let _ = origin.begun.set(ticket);
        Ok(outcome)
    }

    /// Saves what a request has changed in a session, onto the latest state of it that was made from the one that the
    /// request came with.
    fn go_on(
        &self,
        session: &Session,
        origin: &Origin,
        ticket: Ticket,
        now: Duration,
    ) -> Result<Outcome, Fault> {
        let id = ticket.id;
        let mut shard = self.states.of(id);
        if shard.is_dead(id) {
            self.say_dropped("its session has ended meanwhile");
            return Ok(Outcome::Nothing);
        }
        if session.is_ended() {
            // Whatever others have written meanwhile.
            shard.kill(id, ticket.dead_until(), now.as_secs());
            shard.tell_end(id);
            return Ok(Outcome::Forget);
        }
        if session.is_begun_anew() && origin.begun.get().is_none() {
            shard.kill(id, ticket.dead_until(), now.as_secs());
            shard.tell_end(id);
            drop(shard);
            return self.begin(session, origin, now);
        }
        let Some(Base { ticket: base, entries: before, taken }) =
            self.base_of(session, origin, &ticket, &mut shard, now)
        else {
            return Ok(Outcome::Nothing);
        };
        let subject = self.subject_in(&before);
        let entries = SessionEntries::thawed(before);
        let mut is_changed = taken.is_some();
        for (key, value) in session.changed() {
            is_changed |= entries.update(&key, |_| Some(value))?;
        }
        let dead_until = base.dead_until();
        if entries.is_empty() {
            shard.kill(id, dead_until, now.as_secs());
            shard.tell_end(id);
            return Ok(Outcome::Forget);
        }
        let entries = entries.freeze();
        let mut ticket = base;
        if self.subject_in(&entries) != subject {
            ticket.issued_at = now.as_secs();
        }
        let is_renewed = self.settings.subject.renews(session);
        if is_changed || is_renewed {
            let last = taken.unwrap_or_default().max(base.revision);
            ticket.revision = nanoseconds(now).max(last.saturating_add(1));
        }
        if !is_renewed {
            let (state, outcome) = self.seal(ticket, entries, now)?;
            if taken.is_some() {
                shard.learn(state, now);
            } else {
                shard.replace(base.revision, state, now);
            }
            return Ok(outcome);
        }
        ticket.id = Id::random()?;
        let (state, outcome) = self.seal(ticket, entries, now)?;
        shard.renew(id, ticket.id, dead_until, now.as_secs());
        let waiting = shard.take_watched(id);
        // One lock at a time.
        drop(shard);
        self.adopt(state, waiting, now);
        let _ = origin.begun.set(ticket);
        Ok(outcome)
    }

    fn adopt(&self, state: State, waiting: Option<watch::Sender<bool>>, now: Duration) {
        let id = state.ticket.id;
        let mut shard: std::sync::MutexGuard<'_, Shard> = self.states.of(id);
        if shard.is_dead(id) {
            // Revoked this moment, by way of the id before.
            if let Some(waiting) = waiting {
                waiting.send_replace(true);
            }
            return;
        }
        shard.learn(state, now);
        if let Some(waiting) = waiting {
            shard.give_watched(id, waiting);
        }
    }

    fn end_of(&self, session: &Session) -> Option<EndSignal> {
        let id = session.origin::<Origin>()?.ticket()?;
        let end = Duration::from_secs(id.expires_at.saturating_add(self.settings.skew_seconds));
        let mut shard = self.states.of(id.id);
        if shard.is_dead(id.id) {
            return Some(Box::pin(std::future::ready(())));
        }
        let mut ended = shard.watch(id.id);
        Some(Box::pin(async move {
            loop {
                let left = end.saturating_sub(now());
                if left.is_zero() {
                    return;
                }
                let pause = tokio::time::sleep(left.min(CLOCK_CHECK_INTERVAL));
                tokio::select! {
                    () = pause => {}
                    // It fails when nobody is left who could tell; then only time ends the session.
                    Ok(()) = ended.changed() => return,
                }
            }
        }))
    }
}

impl State {
    pub(super) fn of(opened: &Opened) -> Self {
        Self { ticket: opened.ticket, entries: opened.entries.clone(), bytes: opened.bytes() }
    }
}

impl SessionManager for Manager {
    fn load<'a>(&'a self, cookies: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        let session = self.find_or_make(cookies, now());
        Box::pin(std::future::ready(Ok(session)))
    }

    fn save<'a>(
        &'a self,
        session: &'a Session,
        response: &'a mut Response,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        let outcome = self.keep(session, response, now());
        Box::pin(std::future::ready(outcome))
    }

    fn ended(&self, session: &Session) -> Option<EndSignal> {
        self.end_of(session)
    }
}

/// Time since 1970.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Nanoseconds, so that no two states of a session have the same revision though two instances write them.
fn nanoseconds(now: Duration) -> u64 {
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// Overwrites decrypted content in one sweep: byte by byte, as it would be when it is dropped, takes as long as
/// decrypting it.
fn wipe(mut content: Zeroizing<Vec<u8>>) {
    content.fill(0);
    // Looked at, so that the zeros are written.
    std::hint::black_box(&content);
    content.clear();
    content.shrink_to_fit();
}
