//! What administrators may do with the sessions of a manager.
//!
//! There is no index beside the sessions: an administrator looks through them all, part by part, which takes a tenth
//! of a second for a million, and requests pay nothing for it.

use std::time::Instant;

use exchange::{
    BoxFuture, Fault, FaultKind, SESSION_PAGE_MAX, SessionAdministration, SessionPage, SessionQuery,
    SessionSummary,
};
use heap::ObjectConfig;

use super::key::Key;
use super::store::Shown;
use super::{InMemorySessionManager, Manager};

impl SessionAdministration for Manager {
    fn name(&self) -> &str {
        &self.name
    }

    fn type_name(&self) -> &'static str {
        InMemorySessionManager::TYPE
    }

    fn file(&self) -> &str {
        &self.file
    }

    fn list(&self, query: SessionQuery) -> BoxFuture<'_, Result<SessionPage, Fault>> {
        Box::pin(self.page(query))
    }

    fn inspect<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<Option<SessionSummary>, Fault>> {
        let shown =
            Key::from_handle(handle).and_then(|key| self.store.show(key, &self.limits, Instant::now()));
        let summary = shown.map(|shown| self.summary(&shown));
        Box::pin(async { Ok(summary) })
    }

    fn revoke<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        let is_known = Key::from_handle(handle).is_some_and(|key| self.store.remove(key));
        Box::pin(async move { Ok(is_known) })
    }

    fn revoke_subject<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            self.knows_subjects()?;
            let mut revoked = 0;
            let mut parts = 0..;
            while let Some(part) =
                parts.next().and_then(|part| self.store.show_part(part, None, &self.limits, Instant::now()))
            {
                let theirs = part.iter().filter(|shown| self.subject(shown).as_deref() == Some(subject));
                revoked += theirs.map(|shown| u64::from(self.store.remove(shown.key))).sum::<u64>();
                tokio::task::yield_now().await;
            }
            Ok(revoked)
        })
    }
}

impl Manager {
    async fn page(&self, query: SessionQuery) -> Result<SessionPage, Fault> {
        if query.subject.is_some() {
            self.knows_subjects()?;
        }
        let mut after = match &query.cursor {
            Some(cursor) => Some(Key::from_handle(cursor).ok_or_else(|| bad("The cursor is none of ours."))?),
            None => None,
        };
        let limit = if query.limit == 0 { SESSION_PAGE_MAX } else { query.limit.min(SESSION_PAGE_MAX) };
        let mut page = SessionPage::default();
        let mut number = after.map_or(0, Key::shard);
        while let Some(part) = self.store.show_part(number, after, &self.limits, Instant::now()) {
            for shown in &part {
                let is_wanted = query.subject.is_none() || self.subject(shown) == query.subject;
                if is_wanted && page.sessions.len() == limit {
                    page.cursor = after.map(|key| key.to_string());
                    return Ok(page);
                }
                if is_wanted {
                    page.sessions.push(self.summary(shown));
                }
                after = Some(shown.key);
            }
            number += 1;
            // Other requests have their turn.
            tokio::task::yield_now().await;
        }
        Ok(page)
    }

    fn summary(&self, shown: &Shown) -> SessionSummary {
        SessionSummary {
            handle: shown.key.to_string(),
            subject: self.subject(shown),
            entries: shown.entries.keys(),
            expires_in_seconds: shown.seconds_left,
        }
    }

    fn subject(&self, shown: &Shown) -> Option<String> {
        self.subject.subject_in(|entry| shown.entries.get(entry))
    }

    /// Whether the configuration says which entry holds the subject.
    fn knows_subjects(&self) -> Result<(), Fault> {
        if self.subject.has_subject() {
            return Ok(());
        }
        Err(bad(format!(
            "The session manager `{}` has no `subject`, so nobody can tell whose a session is.",
            self.name
        )))
    }
}

fn bad(detail: impl Into<String>) -> Fault {
    Fault::new(FaultKind::BadRequest, detail)
}
