//! Listing and revoking the sessions that this instance has seen lately.

use std::fmt::Write;

use exchange::{
    BoxFuture, Fault, SESSION_PAGE_MAX, SessionAdministration, SessionPage, SessionQuery, SessionSummary,
};
use sha2::{Digest, Sha256};

use super::claims::Id;
use super::manager::{Manager, now};
use super::states::State;

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
                found.retain(|(_, state)| self.subject_of(state).as_ref() == Some(subject));
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
            let found = self
                .states
                .alive(now().as_secs())
                .into_iter()
                .find(|state| handle(state.ticket.id) == wanted);
            Ok(found.is_some_and(|state| self.end(&state)))
        })
    }

    fn revoke_subject<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let states = self.states.alive(now().as_secs()).into_iter();
            let theirs = states.filter(|state| self.subject_of(state).as_deref() == Some(subject));
            Ok(theirs.map(|state| u64::from(self.end(&state))).sum())
        })
    }
}

impl Manager {
    /// Refuses a session from now on; false when it has ended already.
    fn end(&self, state: &State) -> bool {
        let id = state.ticket.id;
        let mut shard = self.states.of(id);
        if shard.is_dead(id) {
            return false;
        }
        shard.revoke(id, state.ticket.dead_until(), now().as_secs());
        shard.tell_end(id);
        true
    }

    fn subject_of(&self, state: &State) -> Option<String> {
        self.settings.subject.subject_in(|entry| state.entries.get(entry))
    }

    fn summary(&self, handle: String, state: &State, now: u64) -> SessionSummary {
        SessionSummary {
            handle,
            subject: self.subject_of(state),
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
