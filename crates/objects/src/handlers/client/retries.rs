//! `retries`: which requests are sent again, how often, and after how long.

use std::time::Duration;

use exchange::{Context, Fault, Outcome, Repeat, Request};
use expression::Expr;
use heap::{Builder, ExecutorRef, Ref, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, DurationValue};

const COUNT: u32 = 5;
/// Without a delay, more would keep a worker busy.
const COUNT_MAX: u32 = 1000;
const DELAY: Duration = Duration::from_secs(10);
/// A client waits no longer than that, and its request takes memory as long as it is here.
const DELAYS_MAX: Duration = Duration::from_hours(1);

/// Sends requests again that have failed. Their entities are buffered for that, within the limits of the
/// temporary storage. The entity of a response that has begun is the client's: what breaks there is not
/// repaired. Upgrades are never sent again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Retries {
    /// False never sends a request again, not even when an idle connection turns out to be closed.
    #[serde(default = "super::by_default")]
    pub(super) enabled: bool,
    /// Which answers are a reason to send the request again, whatever its method: none by default.
    condition: Option<Expr<bool>>,
    /// Whether a request that got no answer is sent again, because the origin could not be reached, was silent,
    /// or broke the connection. By default one whose method is idempotent is, and any other if nothing of it
    /// has arrived. A condition takes the place of that: `${true}` sends a POST twice, too. What would fail in
    /// the same way again is never repeated.
    runtime_exception_condition: Option<Expr<bool>>,
    /// How often a request is sent again: 5 times by default, 1000 times at most.
    count: Option<Spanned<u32>>,
    /// The time before each of them: 10 seconds by default. All of them together may take an hour.
    delay: Option<Spanned<TimeSpan>>,
    /// Accepted and ignored: waiting takes no thread.
    #[expect(dead_code, reason = "only its presence is tolerated")]
    executor: Option<Ref<ExecutorRef>>,
}

impl Retries {
    /// What these properties ask for; none when that is nothing.
    ///
    /// # Errors
    /// Retries that would take too long.
    pub(super) fn policy(&self, b: &Builder<'_>) -> Result<Option<RetryPolicy>, Diagnostic> {
        let Some((count, delay)) = self.pace() else {
            let span = self.delay.as_ref().map(Spanned::span).or(self.count.as_ref().map(Spanned::span));
            let message =
                format!("retries may be {COUNT_MAX} at most, and all their delays together an hour");
            return Err(b.error(message, span));
        };
        let policy = RetryPolicy {
            name: b.name().to_owned(),
            count,
            delay,
            condition: self.condition.clone(),
            fault_condition: self.runtime_exception_condition.clone(),
        };
        Ok(Some(policy).filter(|_| self.enabled && count > 0))
    }

    /// How often, and after how long; none when all of it would take too long.
    fn pace(&self) -> Option<(u32, Duration)> {
        let count = self.count.as_ref().map_or(COUNT, |count| **count);
        let delay = self.delay.as_ref().map_or(DurationValue::Limited(DELAY), |delay| delay.0);
        let delay = delay.limit().filter(|delay| delay.saturating_mul(count) <= DELAYS_MAX)?;
        (count <= COUNT_MAX).then_some((count, delay))
    }
}

/// When a request is sent again.
pub(super) struct RetryPolicy {
    name: String,
    count: u32,
    delay: Duration,
    condition: Option<Expr<bool>>,
    fault_condition: Option<Expr<bool>>,
}

impl RetryPolicy {
    /// Whether the condition looks at the entities of responses.
    pub(super) fn reads_entities(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| condition.uses().response_entity)
    }

    /// How long to wait before a request that has been sent again `retries` times is sent once more. None when
    /// this was the last attempt, or a good one.
    pub(super) fn delay(
        &self,
        retries: u32,
        sent: &Outcome,
        cx: &Context,
        request: &Request,
    ) -> Option<Duration> {
        let (name, transaction) = (&self.name, cx.transaction());
        if !self.has_failed(sent, cx, request) {
            if retries > 0 {
                tracing::debug!(target: "retries", name, %transaction, retries, "An attempt has succeeded.");
            }
            return None;
        }
        if retries >= self.count {
            tracing::warn!(target: "retries", name, %transaction, retries, "All attempts have failed.");
            return None;
        }
        let reason = match sent {
            Ok(response) => response.status.to_string(),
            Err(fault) => fault.to_string(),
        };
        tracing::debug!(target: "retries", name, %transaction, retries, reason, "An attempt has failed.");
        Some(self.delay)
    }

    fn has_failed(&self, sent: &Outcome, cx: &Context, request: &Request) -> bool {
        let scope = cx.scope(request);
        match sent {
            Ok(response) => {
                self.condition.as_ref().is_some_and(|condition| condition.is_true(&scope.with(response)))
            }
            Err(fault) => match &self.fault_condition {
                Some(condition) => fault.repeat() != Repeat::Never && condition.is_true(&scope),
                None => may_be_repeated(fault, request),
            },
        }
    }
}

fn may_be_repeated(fault: &Fault, request: &Request) -> bool {
    match fault.repeat() {
        Repeat::Never => false,
        Repeat::IfIdempotent => request.method.is_idempotent(),
        Repeat::Always => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_times_after_ten_seconds_each_by_default() {
        let retries: Retries = serde_json::from_str("{}").unwrap();
        assert!(retries.enabled);
        assert_eq!(retries.pace(), Some((5, Duration::from_secs(10))));
    }
}
