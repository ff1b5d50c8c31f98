//! Listing and revoking the sessions that this instance has seen lately.

use std::fmt::Write;

use exchange::{
    BoxFuture, Fault, FaultKind, SESSION_PAGE_MAX, SessionAdministration, SessionPage, SessionQuery,
    SessionSummary,
};
use sha2::{Digest, Sha256};

use super::super::options::TIMEOUT_MAX;
use super::claims::Id;
use super::manager::{Manager, now};
use super::states::State;

/// A session that got another id is followed so many times.
const RENEWALS_MAX: usize = 1000;

impl SessionAdministration for Manager {
    fn name(&self) -> &str {
        &self.place.name
    }

    fn type_name(&self) -> &'static str {
        self.place.type_name
    }

    fn file(&self) -> &str {
        &self.place.file
    }

    fn list(&self, query: SessionQuery) -> BoxFuture<'_, Result<SessionPage, Fault>> {
        Box::pin(async move {
            let now = now().as_secs();
            let mut found: Vec<(String, State)> =
                self.states.alive(now).into_iter().map(|state| (handle(state.ticket.id), state)).collect();
            if let Some(subject) = &query.subject {
                self.knows_subjects()?;
                found.retain(|(_, state)| self.subject_in(&state.entries).as_ref() == Some(subject));
            }
            if let Some(cursor) = &query.cursor {
                found.retain(|(handle, _)| handle > cursor);
            }
            found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            let limit = query.limit.clamp(1, SESSION_PAGE_MAX);
            let is_last = found.len() <= limit;
            found.truncate(limit);
            let cursor = found.last().filter(|_| !is_last).map(|(handle, _)| handle.clone());
            let sessions =
                found.into_iter().map(|(handle, state)| self.summary(handle, &state, now)).collect();
            Ok(SessionPage { sessions, cursor })
        })
    }

    fn inspect<'a>(&'a self, wanted: &'a str) -> BoxFuture<'a, Result<Option<SessionSummary>, Fault>> {
        Box::pin(async move {
            let now = now().as_secs();
            let found = self.states.alive(now).into_iter().find(|state| handle(state.ticket.id) == wanted);
            Ok(found.map(|state| self.summary(wanted.to_owned(), &state, now)))
        })
    }

    fn revoke<'a>(&'a self, wanted: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let now = now().as_secs();
            let is_wanted = |id: Id| handle(id) == wanted;
            let mut alive = self.states.alive(now).into_iter().map(|state| state.ticket);
            // No session that is good now is good after this, not even where clocks differ.
            let late = now.saturating_add(TIMEOUT_MAX.as_secs().saturating_mul(2));
            // Who has seen a list means the session, not the id that it had then.
            let found =
                alive.find(|ticket| is_wanted(ticket.id)).map(|ticket| (ticket.id, ticket.dead_until()));
            let found = found.or_else(|| Some((self.states.renewed(is_wanted)?, late)));
            Ok(found.is_some_and(|(id, until)| self.end(id, until, now)))
        })
    }

    fn revoke_subject<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            self.knows_subjects()?;
            let now = now().as_secs();
            // First of all, so that none that comes meanwhile is missed.
            self.states.subjects.revoke(subject, now);
            let states = self.states.alive(now).into_iter();
            let theirs = states.filter(|state| self.subject_in(&state.entries).as_deref() == Some(subject));
            Ok(theirs.map(|state| u64::from(self.end(state.ticket.id, state.ticket.dead_until(), now))).sum())
        })
    }
}

impl Manager {
    /// Refuses a session from now on, under the id that it has by now; false when it has ended already.
    fn end(&self, mut id: Id, until: u64, now: u64) -> bool {
        for _ in 0..RENEWALS_MAX {
            let mut shard = self.states.of(id);
            if !shard.is_dead(id) {
                shard.revoke(id, until, now);
                shard.tell_end(id);
                return true;
            }
            let Some(next) = shard.successor(id) else { return false };
            id = next;
        }
        false
    }

    /// Whether the configuration says which entry holds the subject.
    fn knows_subjects(&self) -> Result<(), Fault> {
        if self.settings.subject.has_subject() {
            return Ok(());
        }
        let detail = format!(
            "The session manager `{}` has no `subject`, so nobody can tell whose a session is.",
            self.place.name
        );
        Err(Fault::new(FaultKind::BadRequest, detail))
    }

    fn summary(&self, handle: String, state: &State, now: u64) -> SessionSummary {
        SessionSummary {
            handle,
            subject: self.subject_in(&state.entries),
            entries: state.entries.iter().map(|(key, _)| key.to_owned()).collect(),
            expires_in_seconds: state.ticket.expires_at.saturating_sub(now),
        }
    }
}

/// What a session is called in lists.
fn handle(id: Id) -> String {
    let digest = Sha256::digest(id.to_string());
    digest.iter().take(16).fold(String::new(), |mut handle, byte| {
        let _ = write!(handle, "{byte:02x}");
        handle
    })
}
