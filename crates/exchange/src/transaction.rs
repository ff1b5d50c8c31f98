//! [`TransactionId`]: the name under which one request can be found in every log.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The identifier of a request, sent on in `X-ForgeRock-TransactionId` with a counter per outgoing call.
#[derive(Debug, Clone)]
pub struct TransactionId {
    value: Arc<str>,
    calls: Arc<AtomicU32>,
}

impl TransactionId {
    /// A fresh, random identifier.
    pub fn random() -> Self {
        Self::from_text(&uuid::Uuid::new_v4().to_string())
    }

    /// An identifier taken over from a trusted peer.
    pub fn from_text(value: &str) -> Self {
        Self { value: value.into(), calls: Arc::new(AtomicU32::new(0)) }
    }

    /// The text as logged and shown to clients.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The identifier for the next outgoing call: `<id>/<n>`, `n` from 0.
    pub fn next_call(&self) -> String {
        format!("{}/{}", self.value, self.calls.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}
