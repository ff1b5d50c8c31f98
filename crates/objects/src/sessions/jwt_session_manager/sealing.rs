//! What a session becomes as it leaves: encrypted, and in as many cookies as it takes.

use std::sync::Arc;
use std::time::Duration;

use exchange::{Fault, FaultKind, FrozenEntries};

use super::super::cookie::lifetime;
use super::CONTENT_BYTES_MAX;
use super::claims::{self, Ticket};
use super::manager::{Manager, Outcome};
use super::opened::Opened;
use super::parts;
use super::states::State;

impl Manager {
    /// A state of a session, and the cookies that hold it.
    ///
    /// # Errors
    /// There would have to be too many cookies, or they would be too large for a request; or see
    /// [`seal`](super::super::keys::SessionKeys::seal).
    pub(super) fn seal(
        &self,
        ticket: Ticket,
        entries: FrozenEntries,
        now: Duration,
    ) -> Result<(State, Outcome), Fault> {
        let content = claims::write(&ticket, &entries, self.cookie.name())?;
        if content.len() > CONTENT_BYTES_MAX {
            return Err(self.too_large(&entries));
        }
        let keys = self.keys.generation();
        let text = self.keys.seal(&content, self.settings.is_compressed)?;
        let kept = if self.settings.is_persistent {
            lifetime(Duration::from_secs(ticket.expires_at.saturating_sub(now.as_secs())))
        } else {
            String::new()
        };
        let parts = parts::split(&self.cookie, &text, &kept, self.settings.parts_max);
        let fits = |parts: &Vec<String>| parts::bytes(&self.cookie, parts) <= self.settings.cookie_bytes_max;
        let Some(parts) = parts.filter(fits) else {
            return Err(self.too_large(&entries));
        };
        let opened = Arc::new(Opened::new(&text, keys, ticket, entries));
        self.opened.keep(&opened);
        Ok((State::of(&opened), Outcome::Set { parts, kept }))
    }

    fn too_large(&self, entries: &FrozenEntries) -> Fault {
        let mut sizes: Vec<(usize, &str)> =
            entries.iter().map(|(key, value)| (value.to_json().to_string().len(), key)).collect();
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        let largest: Vec<String> =
            sizes.iter().take(3).map(|(bytes, key)| format!("`{key}` {bytes} bytes")).collect();
        tracing::error!(
            object = self.place.name,
            largest = largest.join(", "),
            "A session is too large for {} cookies of {} bytes together and was not saved. Keep less in it, or raise \
             `maxCookies` and `maxTotalHeadersSize` of the connectors; the largest entries are named beside.",
            self.settings.parts_max,
            self.settings.cookie_bytes_max
        );
        Fault::new(FaultKind::HeadersTooLarge, "The session is too large for its cookies.").told()
    }
}
