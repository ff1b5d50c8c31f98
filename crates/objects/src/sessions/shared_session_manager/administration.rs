//! Listing and revoking the sessions of a store, whichever instance they came from.

use std::time::Duration;

use exchange::{
    BoxFuture, Fault, FaultKind, SESSION_PAGE_MAX, SessionAdministration, SessionPage, SessionQuery,
    SessionSummary,
};
use heap::ObjectConfig;

use super::super::shared_store::Removed;
use super::record::is_handle;
use super::{Manager, SharedSessionManager};

/// Rounds of revoking the sessions of one subject: between two of them, others may have begun.
const REVOKE_ROUNDS_MAX: usize = 100;

impl SessionAdministration for Manager {
    fn name(&self) -> &str {
        &self.name
    }

    fn type_name(&self) -> &'static str {
        SharedSessionManager::TYPE
    }

    fn file(&self) -> &str {
        &self.file
    }

    fn list(&self, query: SessionQuery) -> BoxFuture<'_, Result<SessionPage, Fault>> {
        Box::pin(self.page(query))
    }

    fn inspect<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<Option<SessionSummary>, Fault>> {
        Box::pin(async move {
            if !is_handle(handle) {
                return Ok(None);
            }
            Ok(self.summaries(vec![handle.to_owned()]).await?.pop())
        })
    }

    fn revoke<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            if !is_handle(handle) {
                return Ok(false);
            }
            let key = self.namespace.session(handle);
            let removed = self.store.ask(|store| store.remove(&key)).await?;
            self.watches.end(handle);
            // Where that is not known, it was most likely this very call that has ended it.
            Ok(removed != Removed::No)
        })
    }

    fn revoke_subject<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            self.ensure_subjects()?;
            let mut count = 0;
            for _ in 0..REVOKE_ROUNDS_MAX {
                let handles = self.subjects.handles(self, subject).await?;
                if handles.is_empty() {
                    break;
                }
                for handle in handles {
                    // One that has become somebody else's may still stand in the set.
                    if self.belongs_to(&handle, subject).await? {
                        count += u64::from(self.revoke(&handle).await?);
                    }
                    self.subjects.forget(self, subject, &handle).await;
                }
            }
            Ok(count)
        })
    }
}

impl Manager {
    async fn page(&self, query: SessionQuery) -> Result<SessionPage, Fault> {
        let limit = query.limit.clamp(1, SESSION_PAGE_MAX);
        if let Some(subject) = &query.subject {
            self.ensure_subjects()?;
            return self.page_of(subject, query.cursor.as_deref(), limit).await;
        }
        let prefix = self.namespace.sessions();
        let keys = self.store.ask(|store| store.keys(&prefix, query.cursor.as_deref(), limit)).await?;
        let handles = keys.keys.iter().filter_map(|key| key.strip_prefix(&prefix));
        let mut handles: Vec<String> =
            handles.filter(|handle| is_handle(handle)).map(str::to_owned).collect();
        handles.sort_unstable();
        handles.dedup();
        Ok(SessionPage { sessions: self.summaries(handles).await?, cursor: keys.cursor })
    }

    /// The sessions of a subject in the order of their handles; the cursor is the last one shown.
    async fn page_of(&self, subject: &str, cursor: Option<&str>, limit: usize) -> Result<SessionPage, Fault> {
        let mut handles = self.subjects.handles(self, subject).await?;
        handles.retain(|handle| cursor.is_none_or(|last| handle.as_str() > last));
        let has_more = handles.len() > limit;
        handles.truncate(limit);
        let cursor = handles.last().filter(|_| has_more).cloned();
        let mut sessions = self.summaries(handles).await?;
        // Whose it is may have changed since the set was read.
        sessions.retain(|session| session.subject.as_deref() == Some(subject));
        Ok(SessionPage { sessions, cursor })
    }

    /// What is shown of these sessions. Those that have ended, or do not open here, are left out.
    async fn summaries(&self, handles: Vec<String>) -> Result<Vec<SessionSummary>, Fault> {
        let keys: Vec<String> = handles.iter().map(|handle| self.namespace.session(handle)).collect();
        let left = self.store.ask(|store| store.times_to_live(&keys)).await?;
        let now = (self.clock)();
        let mut summaries = Vec::with_capacity(handles.len());
        for ((handle, key), left) in handles.into_iter().zip(&keys).zip(left) {
            let Some(left) = left else { continue };
            let Some(fields) = self.store.ask(|store| store.read(key, None)).await? else { continue };
            let Ok(opened) = self.sealer().open(key, None, &fields) else { continue };
            let meta = self.limited(opened.meta);
            let left = meta.ends.map_or(left, |ends| left.min(Duration::from_secs(ends.saturating_sub(now))));
            if left.is_zero() {
                continue;
            }
            let entries = opened.entries.into_iter().map(|(name, _)| name).collect();
            let expires_in_seconds = left.as_secs();
            summaries.push(SessionSummary { handle, subject: meta.subject, entries, expires_in_seconds });
        }
        Ok(summaries)
    }

    /// Whether a session is this subject's by its own record. When that does not open here, the set is believed.
    async fn belongs_to(&self, handle: &str, subject: &str) -> Result<bool, Fault> {
        let key = self.namespace.session(handle);
        let Some(fields) = self.store.ask(|store| store.read(&key, None)).await? else { return Ok(false) };
        let opened = self.sealer().open(&key, None, &fields);
        Ok(opened.map_or(true, |opened| opened.meta.subject.as_deref() == Some(subject)))
    }

    fn ensure_subjects(&self) -> Result<(), Fault> {
        if self.subjects.options().has_subject() {
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::BadRequest,
            format!("`{}` is not told whose a session is: it needs the field `subject`.", self.name),
        ))
    }
}
