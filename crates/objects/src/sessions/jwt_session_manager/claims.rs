//! What a cookie says once it is decrypted.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::{Fault, FrozenEntries};
use serde::{Deserialize, Serialize};

use super::super::options::TIMEOUT_MAX;
use super::Refusal;
use super::json::Entries;

/// A session is taken this long before it was issued whatever the skew: a login must not fail because the next
/// instance's clock is behind by a moment, and nothing is gained by a session that comes early.
const ISSUE_SKEW_SECONDS: u64 = 5;

/// The name of a session: 128 random bits, which nobody guesses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id([u8; 16]);

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first, ..] = self.halves();
        state.write_u64(first);
    }
}

impl Id {
    /// A new name, from the random source of the operating system.
    pub(super) fn random() -> Result<Self, Fault> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| {
            Fault::internal("The operating system gave no random bytes for a session id.").because(error)
        })?;
        Ok(Self(bytes))
    }

    /// Reads the claim `jti`; `None` for what was never a name of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Longer text is not worth decoding.
        if text.len() > 32 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// One of so many places for it.
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below the number of places")]
    pub(super) fn shard(self, count: usize) -> usize {
        let [.., second] = self.halves();
        (second % count as u64) as usize
    }

    fn halves(&self) -> [u64; 2] {
        let number = u128::from_be_bytes(self.0);
        #[expect(clippy::cast_possible_truncation, reason = "half of it is asked for")]
        [(number >> 64) as u64, number as u64]
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// What is known of a session beside its entries. Times are seconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) id: Id,
    /// When the session was created, or when its subject last changed: from then on it is that of somebody else.
    pub(super) issued_at: u64,
    /// When it ends, whatever happens.
    pub(super) expires_at: u64,
    /// Which of two states of the session is the later one. It is the time of writing in nanoseconds, or one more
    /// than the state it was made from, whichever is more: so a state is later than all that it knows of even
    /// where clocks differ.
    pub(super) revision: u64,
}

impl Ticket {
    /// Whether it is a ticket for now, with clocks that may differ by `skew` seconds.
    pub(super) fn check(&self, skew_seconds: u64, now: u64) -> Result<(), Refusal> {
        if now.saturating_add(skew_seconds.max(ISSUE_SKEW_SECONDS)) < self.issued_at {
            return Err(Refusal::FromTheFuture);
        }
        if now > self.expires_at.saturating_add(skew_seconds) {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    /// The second until which its id is remembered as dead. Whoever ends a session does not know by how much another
    /// manager that shares its cookie lets clocks differ, so that the most is assumed that any may.
    pub(super) fn dead_until(&self) -> u64 {
        self.expires_at.saturating_add(TIMEOUT_MAX.as_secs())
    }
}

/// The claims as they are written (RFC 7519, section 4.1, for those that have a name there).
#[derive(Serialize, Deserialize)]
struct Claims<'a, S> {
    iat: u64,
    exp: u64,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    /// The name of the cookie, so that what one cookie says cannot be said by another.
    #[serde(borrow)]
    aud: Cow<'a, str>,
    rev: u64,
    session: S,
}

/// A session as JSON.
///
/// # Errors
/// The session cannot be written.
pub(super) fn write(ticket: &Ticket, entries: &FrozenEntries, audience: &str) -> Result<Vec<u8>, Fault> {
    let session: serde_json::Map<_, _> =
        entries.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect();
    let claims = Claims {
        iat: ticket.issued_at,
        exp: ticket.expires_at,
        jti: ticket.id.to_string().into(),
        aud: audience.into(),
        rev: ticket.revision,
        session,
    };
    serde_json::to_vec(&claims)
        .map_err(|error| Fault::internal("The session cannot be written as JSON.").because(error))
}

/// The session that this JSON says.
///
/// # Errors
/// It says something else, or is meant for another cookie.
pub(super) fn read(content: &[u8], audience: &str) -> Result<(Ticket, FrozenEntries), Refusal> {
    let claims: Claims<'_, Entries> = serde_json::from_slice(content).map_err(|_| Refusal::NoSession)?;
    if claims.aud != audience {
        return Err(Refusal::NoSession);
    }
    let id = Id::parse(&claims.jti).ok_or(Refusal::NoSession)?;
    let Claims { iat: issued_at, exp: expires_at, rev: revision, session: Entries(entries), .. } = claims;
    Ok((Ticket { id, issued_at, expires_at, revision }, entries))
}
