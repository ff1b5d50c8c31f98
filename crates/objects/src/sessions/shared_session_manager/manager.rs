//! Loading a session from the store, and saving it there.

use std::sync::Arc;
use std::time::Duration;

use exchange::{BoxFuture, EndSignal, Fault, Response, Session, SessionCookies, SessionManager};
use expression::Value;
use indexmap::IndexMap;

use super::super::options::TIMEOUT_MAX;
use super::super::shared_store::{Change, Field, Onto, Removed};
use super::super::size;
use super::record::{Id, Meta, Opened, Sealer};
use super::{Kept, Manager, State};

/// Ids of one request that the store is asked for.
const ASKED_MAX: usize = 3;

/// How long an id is known to have been left for another one. Longer than requests take that were under way.
const MOVED_KEPT: Duration = Duration::from_secs(60);

/// Why a cookie is not accepted.
const NOT_OURS: &str = "it is not an id of this gateway";
const UNKNOWN: &str = "it names no session, or one that has ended";

impl SessionManager for Manager {
    fn load<'a>(&'a self, cookies: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        Box::pin(self.find_or_make(cookies))
    }

    fn save<'a>(
        &'a self,
        session: &'a Session,
        response: &'a mut Response,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.keep(session, response))
    }

    fn ended(&self, session: &Session) -> Option<EndSignal> {
        let state = session.origin::<Arc<State>>()?;
        state.handle()?;
        Some(self.watches.watch(state.clone()))
    }
}

impl Manager {
    async fn find_or_make(&self, cookies: &SessionCookies) -> Result<Session, Fault> {
        let (mut refused, mut asked) = (Vec::new(), 0);
        for value in self.cookie.values(cookies) {
            let found = match Id::parse(value) {
                // Browsers send the cookie of the longest path first. Whoever sends more has made them up.
                Some(_) if asked >= ASKED_MAX => break,
                Some(id) => {
                    asked += 1;
                    self.find(id).await?
                }
                None => Err(NOT_OURS),
            };
            match found {
                Ok(session) => return Ok(session),
                Err(reason) => refused.push((value, reason)),
            }
        }
        let unknown = refused.iter().filter(|(_, reason)| *reason == UNKNOWN);
        let unknown: Vec<String> =
            unknown.filter_map(|(value, _)| Some(Id::parse(value)?.handle())).collect();
        let is_late = self.is_any_moved(&unknown).await?;
        if is_late {
            self.tell_late();
        } else {
            refused.iter().for_each(|(value, reason)| self.tell_refused(value, reason));
        }
        let state = State { is_late, ..State::default() };
        Ok(Session::new("", []).with_origin(Arc::new(Arc::new(state))))
    }

    /// Whether the session of one of these handles has another one since a short while.
    async fn is_any_moved(&self, handles: &[String]) -> Result<bool, Fault> {
        if handles.is_empty() {
            return Ok(false);
        }
        let keys: Vec<String> = handles.iter().map(|handle| self.namespace.moved(handle)).collect();
        let left = self.store.ask(|store| store.times_to_live(&keys)).await?;
        Ok(left.iter().any(Option::is_some))
    }

    fn tell_late(&self) {
        tracing::debug!(
            object = self.name,
            "A request came with an id that its session has left; what it writes is dropped."
        );
    }

    /// A line for each value that was not seen lately.
    fn tell_refused(&self, value: &str, reason: &'static str) {
        if !self.news.is_news(value) {
            return;
        }
        // Every session ends, and its cookie may be sent once more.
        if reason == UNKNOWN {
            tracing::info!(object = self.name, reason, "A session cookie was not accepted.");
        } else {
            tracing::warn!(object = self.name, reason, "A session cookie was not accepted.");
        }
    }

    /// The session of this id, whose time starts anew, or why there is none.
    async fn find(&self, id: Id) -> Result<Result<Session, &'static str>, Fault> {
        let handle = id.handle();
        let key = self.namespace.session(&handle);
        let Some(fields) = self.store.ask(|store| store.read(&key, Some(self.timeout))).await? else {
            return Ok(Err(UNKNOWN));
        };
        let Opened { meta, entries } = match self.sealer().open(&key, Some(&id), &fields) {
            Ok(opened) => opened,
            Err(reason) => return Ok(Err(reason)),
        };
        let meta = self.limited(meta);
        if meta.ends.is_some_and(|ends| ends <= (self.clock)()) {
            self.store.ask(|store| store.remove(&key)).await?;
            self.watches.end(&handle);
            return Ok(Err("its session has reached its absolute end"));
        }
        if let Some(subject) = &meta.subject {
            self.subjects.refresh(self, subject, &handle).await?;
        }
        let state = Arc::new(State::of(Kept { id, meta }));
        Ok(Ok(Session::new(id.to_string(), entries).with_origin(Arc::new(state))))
    }

    /// An absolute end that was configured after the session began counts, too.
    pub(super) fn limited(&self, meta: Meta) -> Meta {
        let configured = self.absolute.map(|absolute| meta.created.saturating_add(absolute.as_secs()));
        let ends = [meta.ends, configured].into_iter().flatten().min();
        Meta { ends, ..meta }
    }

    async fn keep(&self, session: &Session, response: &mut Response) -> Result<(), Fault> {
        let Some(state) = session.origin::<Arc<State>>() else { return Ok(()) };
        if state.is_late {
            return Ok(());
        }
        let kept = state.kept();
        if session.entries().is_empty() {
            if let Some(kept) = kept {
                let ended = self.end(&kept).await?;
                state.set(None);
                if ended == Removed::No {
                    self.tell_gone(&kept.id.handle()).await;
                    return Ok(());
                }
            }
            self.cookie.expire(response);
            return Ok(());
        }
        size::ensure_fits(&session.values(), self.bytes_max)?;
        match kept {
            None => self.create(session, state, response).await,
            Some(kept) if self.subjects.options().renews(session) => {
                self.renew(session, state, &kept, response).await
            }
            Some(kept) => self.change(session, state, kept).await,
        }
    }

    async fn create(&self, session: &Session, state: &State, response: &mut Response) -> Result<(), Fault> {
        let subject = self.subjects.options().subject_of(session);
        let meta = Meta { created: (self.clock)(), ends: None, subject };
        let kept = Kept { id: Id::random()?, meta: self.limited(meta) };
        self.write_new(&kept, session.values().iter()).await?;
        self.set_cookie(&kept, response);
        state.set(Some(kept));
        Ok(())
    }

    /// Writes what the request has changed.
    async fn change(&self, session: &Session, state: &State, mut kept: Kept) -> Result<(), Fault> {
        let handle = kept.id.handle();
        let key = self.namespace.session(&handle);
        let mut change = Change { time_to_live: self.time_left(&kept.meta), ..Change::default() };
        for (name, value) in session.changed() {
            match value {
                Value::Null => change.remove.push(kept.id.field(&name)),
                value => change.set.push(self.sealer().entry(&key, &kept.id, &name, &value)?),
            }
        }
        let subject = self.subjects.options().subject_of(session);
        let before =
            (subject != kept.meta.subject).then(|| std::mem::replace(&mut kept.meta.subject, subject));
        if before.is_some() {
            change.set.push(self.sealer().meta(&key, &kept.meta)?);
        }
        if !self.store.ask(|store| store.write(&key, change)).await? {
            self.tell_gone(&handle).await;
            return Ok(());
        }
        if let Some(before) = before {
            self.subjects.replace(self, before.as_deref(), kept.meta.subject.as_deref(), &handle).await?;
            state.set(Some(kept));
        }
        Ok(())
    }

    /// Moves the session to another id. The old one is dead before the client hears of the new one.
    async fn renew(
        &self,
        session: &Session,
        state: &Arc<State>,
        old: &Kept,
        response: &mut Response,
    ) -> Result<(), Fault> {
        let old_handle = old.id.handle();
        let old_key = self.namespace.session(&old_handle);
        // Others may have written to it since it was loaded.
        let fields = self.store.ask(|store| store.read(&old_key, None)).await?;
        let opened = fields.and_then(|fields| self.sealer().open(&old_key, Some(&old.id), &fields).ok());
        let Some(opened) = opened else {
            self.tell_gone(&old_handle).await;
            return Ok(());
        };
        let mut entries: IndexMap<String, Value<'static>> = opened.entries.into_iter().collect();
        for (name, value) in session.changed() {
            match value {
                Value::Null => entries.shift_remove(&*name),
                value => entries.insert(name.into_string(), value),
            };
        }
        let subject = self.subjects.options().subject_of(session);
        let kept = Kept { id: Id::random()?, meta: Meta { subject, ..self.limited(opened.meta) } };
        self.write_new(&kept, entries.iter()).await?;
        // First of all, so that connections of this request move along.
        state.set(Some(kept.clone()));
        // Before the old id is dead, so that there is no time in which it is simply unknown.
        let moved = self.namespace.moved(&old_handle);
        let note = Change { time_to_live: MOVED_KEPT, onto: Onto::New, ..Change::default() };
        // Without it, late requests are merely taken for those of a stranger.
        let _ = self.store.ask(|store| store.write(&moved, note)).await;
        // Whoever removed it meanwhile, in revoking it, say, has ended the session, and not only its id.
        let removed = self.store.ask(|store| store.remove(&old_key)).await;
        if !matches!(removed, Ok(Removed::Yes | Removed::Unknown)) {
            let new_key = self.namespace.session(&kept.id.handle());
            let undone = self.store.ask(|store| store.remove(&new_key)).await;
            // The note stays: another request may have renewed the id meanwhile, and need it.
            state.set(Some(old.clone()));
            removed?;
            undone?;
            self.tell_gone(&old_handle).await;
            return Ok(());
        }
        self.watches.follow(&old_handle, state);
        if let Some(subject) = &old.meta.subject {
            self.subjects.forget(self, subject, &old_handle).await;
        }
        self.set_cookie(&kept, response);
        Ok(())
    }

    /// Writes a record that is not there yet, and lists it with its subject.
    async fn write_new(
        &self,
        kept: &Kept,
        entries: impl Iterator<Item = (&String, &Value<'static>)>,
    ) -> Result<(), Fault> {
        let handle = kept.id.handle();
        let key = self.namespace.session(&handle);
        let set = entries.map(|(name, value)| self.sealer().entry(&key, &kept.id, name, value));
        let mut set = set.collect::<Result<Vec<Field>, Fault>>()?;
        set.push(self.sealer().meta(&key, &kept.meta)?);
        let change =
            Change { set, remove: Vec::new(), time_to_live: self.time_left(&kept.meta), onto: Onto::New };
        if !self.store.ask(|store| store.write(&key, change)).await? {
            return Err(Fault::internal("There is a session under a random id already."));
        }
        let Some(subject) = &kept.meta.subject else { return Ok(()) };
        // After the record: whoever revokes the subject's sessions in between meets either of them, or comes before
        // this login.
        let listed = self.subjects.add(self, subject, &handle).await;
        if listed.is_err() {
            // It could not be revoked. When this fails, too, its next load lists it.
            let _ = self.store.ask(|store| store.remove(&key)).await;
        }
        listed
    }

    async fn end(&self, kept: &Kept) -> Result<Removed, Fault> {
        let handle = kept.id.handle();
        let key = self.namespace.session(&handle);
        let removed = self.store.ask(|store| store.remove(&key)).await?;
        self.watches.end(&handle);
        if let Some(subject) = &kept.meta.subject {
            self.subjects.forget(self, subject, &handle).await;
        }
        Ok(removed)
    }

    fn set_cookie(&self, kept: &Kept, response: &mut Response) {
        let id = kept.id.to_string();
        if self.is_persistent {
            // The store decides when it ends; the browser need not forget it before.
            let ends = kept.meta.ends.map(|ends| Duration::from_secs(ends.saturating_sub((self.clock)())));
            self.cookie.set_for(&id, ends.unwrap_or(TIMEOUT_MAX), response);
        } else {
            self.cookie.set(&id, response);
        }
    }

    /// How long a record lives if nobody uses it.
    fn time_left(&self, meta: &Meta) -> Duration {
        let left = meta.ends.map(|ends| Duration::from_secs(ends.saturating_sub((self.clock)()).max(1)));
        left.map_or(self.timeout, |left| left.min(self.timeout))
    }

    /// The session was ended while the request ran. Its cookie is left alone: where the session was renewed, the
    /// browser has got another one meanwhile, which must not expire.
    async fn tell_gone(&self, handle: &str) {
        if self.is_any_moved(&[handle.to_owned()]).await.is_ok_and(|is_moved| is_moved) {
            return self.tell_late();
        }
        tracing::warn!(
            object = self.name,
            "A session has ended while a request was using it; what the request wrote to it is dropped."
        );
    }

    pub(super) fn sealer(&self) -> Sealer<'_> {
        Sealer { keys: &self.keys }
    }
}
