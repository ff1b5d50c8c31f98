//! [`ThrottlingPolicy`]: how many requests may pass, decided for each request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{BoxFuture, Context, Fault, Request};

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottlingRate {
    requests: u32,
    duration_nanos: u64,
}

impl ThrottlingRate {
    /// `requests` within `duration`. None at all blocks. A duration is at least a nanosecond, and one beyond
    /// five centuries counts as that.
    pub fn new(requests: u32, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self { requests, duration_nanos: nanos.max(1) }
    }

    /// The number of requests.
    pub fn requests(self) -> u32 {
        self.requests
    }

    /// The time within which they may come, in nanoseconds; never zero.
    pub fn duration_nanos(self) -> u64 {
        self.duration_nanos
    }
}

/// Decides how many requests may pass.
pub trait ThrottlingPolicy: Send + Sync + 'static {
    /// The rate for this request's group; none does not limit it.
    fn rate<'a>(
        &'a self,
        cx: &'a mut Context,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<Option<ThrottlingRate>, Fault>>;
}

/// A shared throttling policy of any type.
#[derive(Clone)]
pub struct ThrottlingPolicyRef(Arc<dyn ThrottlingPolicy>);

impl ThrottlingPolicyRef {
    /// Erases the type of a policy.
    pub fn new(policy: impl ThrottlingPolicy) -> Self {
        Self(Arc::new(policy))
    }

    /// The rate for this request's group; none does not limit it.
    ///
    /// # Errors
    /// What the policy fails with; the request is not to pass then.
    pub async fn rate(
        &self,
        cx: &mut Context,
        request: &mut Request,
    ) -> Result<Option<ThrottlingRate>, Fault> {
        self.0.rate(cx, request).await
    }
}

impl fmt::Debug for ThrottlingPolicyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThrottlingPolicyRef")
    }
}
