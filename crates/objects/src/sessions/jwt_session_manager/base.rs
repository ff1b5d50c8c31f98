//! [`Base`]: the state of a session that what a request has written comes on top of.

use std::time::Duration;

use exchange::{FrozenEntries, Session};

use super::claims::Ticket;
use super::manager::{Manager, Origin};
use super::states::{Shard, Standing};

/// What a request writes on.
pub(super) struct Base {
    pub(super) ticket: Ticket,
    pub(super) entries: FrozenEntries,
    /// The revision of a state that it is not made from, and that it replaces.
    pub(super) taken: Option<u64>,
}

impl Manager {
    /// What a request that came with this ticket writes on, unless that is refused by now.
    pub(super) fn base_of(
        &self,
        session: &Session,
        origin: &Origin,
        ticket: &Ticket,
        shard: &mut Shard,
        now: Duration,
    ) -> Option<Base> {
        let own = || match &origin.opened {
            Some(opened) if opened.ticket.id == ticket.id => opened.entries.clone(),
            // Begun with this request, and forgotten since: what the request knows is all there is.
            _ => session.entries().freeze(),
        };
        let base = match shard.standing(ticket, now) {
            Standing::Latest(latest) | Standing::Recent(latest) => {
                Base { ticket: latest.ticket, entries: latest.entries.clone(), taken: None }
            }
            Standing::Unknown | Standing::Newest => Base { ticket: *ticket, entries: own(), taken: None },
            Standing::Apart(latest) => Base { ticket: *ticket, entries: own(), taken: Some(latest) },
            Standing::Outdated => {
                self.say_dropped("the state it came with was replaced half a minute ago or earlier");
                return None;
            }
        };
        if self.is_revoked(&base.ticket, &base.entries) {
            self.say_dropped("all sessions of its subject have been revoked meanwhile");
            return None;
        }
        Some(base)
    }

    /// Whether all sessions of whoever this one is of have been revoked since it was issued.
    pub(super) fn is_revoked(&self, ticket: &Ticket, entries: &FrozenEntries) -> bool {
        self.states.subjects.is_revoked(ticket.issued_at, || self.subject_in(entries))
    }

    pub(super) fn subject_in(&self, entries: &FrozenEntries) -> Option<String> {
        self.settings.subject.subject_in(|entry| entries.get(entry))
    }

    pub(super) fn say_dropped(&self, why: &str) {
        tracing::warn!(
            object = self.place.name,
            "What a request has written in its session is dropped: {why}."
        );
    }
}
