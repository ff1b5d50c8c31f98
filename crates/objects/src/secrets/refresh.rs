//! How long what was read from a file may be used without another look.

use std::time::Duration;

use heap::{ExecutorRef, Ref, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;

/// A changed file is noticed after this long.
pub(super) const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// How long a lease is when nothing is said about it.
const LEASE: Duration = Duration::from_mins(5);

/// A folder that does not answer for so long, as one of a network may, fails the request that waits for it.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether changed files are noticed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct AutoRefresh {
    /// Whether they are: yes by default.
    enabled: Option<bool>,
    /// Accepted. Files are looked at when a secret is needed, not in the background.
    #[expect(dead_code, reason = "declared, so that a wrong reference is an error")]
    executor: Option<Ref<ExecutorRef>>,
}

/// How long what was read is good; for ever when `None`.
pub(super) fn good_for(
    lease_expiry: Option<TimeSpan>,
    auto_refresh: Option<&AutoRefresh>,
) -> Option<Duration> {
    let lease = lease_expiry.map_or(Some(LEASE), TimeSpan::limit);
    if auto_refresh.and_then(|refresh| refresh.enabled).unwrap_or(true) {
        Some(lease.map_or(REFRESH_INTERVAL, |lease| lease.min(REFRESH_INTERVAL)))
    } else {
        lease
    }
}
