//! `CircuitBreakerFilter`: stops calling what keeps failing.

#[cfg(test)]
mod tests;

use exchange::{Context, Filter, FilterRef, HandlerRef, Next, Outcome, Request};
use expression::Expr;
use heap::{Builder, ExecutorRef, ObjectConfig, Ref, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use crate::circuit_breaker::{CircuitBreaker, Limits, SlidingCounter};

/// Stops calling what stands behind it while too many requests fail there.
///
/// A request fails when a fault of the gateway answers it: the application cannot be reached or is silent, a
/// handler cannot do its work. An answer of the application is no failure, whatever its status, unless
/// `failureCondition` says so. A request that the gateway refuses, or whose client leaves, counts neither way.
///
/// When `maxFailures` of the last requests have failed, the circuit is open for `openDuration`. Then one request
/// is let through as a trial: if it fails, the circuit stays open for as long again, otherwise it is closed and
/// begins to count anew. The original closes without a trial. Every change is told in the log. The state
/// survives a reload that changes none of the limits.
///
/// ```json
/// {
///   "type": "CircuitBreakerFilter",
///   "config": {
///     "maxFailures": 10,
///     "openDuration": "30 seconds",
///     "slidingCounter": { "size": 100 },
///     "failureCondition": "${response.status.code >= 500}"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitBreakerFilter {
    /// The circuit opens when so many of the last requests have failed; at least 1.
    max_failures: Spanned<u32>,
    /// How long the circuit is open before a trial; at most a day.
    open_duration: Spanned<TimeSpan>,
    /// The window in which failures are counted.
    sliding_counter: SlidingCounter,
    /// Answers while the circuit is open. When absent that is a fault, which filters in front treat like any
    /// other; its status is 503, with a `Retry-After`, where the original has 500.
    open_handler: Option<Ref<HandlerRef>>,
    /// Which answers are failures too. An addition of Portcullis.
    failure_condition: Option<Expr<bool>>,
    /// Accepted and ignored: nothing has to be scheduled.
    #[expect(dead_code, reason = "only its presence is tolerated")]
    executor: Option<Ref<ExecutorRef>>,
}

impl ObjectConfig for CircuitBreakerFilter {
    const TYPE: &'static str = "CircuitBreakerFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let limits = Limits::of(&self.max_failures, &self.open_duration, &self.sliding_counter, b)?;
        let open_handler = self.open_handler.as_ref().map(|handler| b.get(handler));
        Ok(FilterRef::new(Guard(CircuitBreaker::new(limits, open_handler, self.failure_condition, b))))
    }
}

struct Guard(CircuitBreaker);

impl Filter for Guard {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let call = match self.0.admit() {
            Ok(call) => call,
            Err(open) => return self.0.refuse(open, cx, request).await,
        };
        let response = next.run(cx, request).await;
        match &response.cause {
            Some(fault) => call.faulted(fault),
            None => call.answered(&cx.scope(request).with(&response)),
        }
        Ok(response)
    }
}
