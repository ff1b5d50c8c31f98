//! [`CircuitBreaker`]: stops calling what keeps failing. `CircuitBreakerFilter` and the handlers that send
//! requests share it.
//!
//! Closed, it lets every request pass and remembers how the last ones ended. When too many of them have failed
//! it opens, and refuses. After a time it lets one request pass as a trial: that one decides whether it closes
//! or stays open, so that an origin that is just recovering does not meet all clients at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exchange::{Context, Exchange, Fault, FaultKind, HandlerRef, Origin, Outcome, Request};
use expression::Expr;
use heap::{Builder, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

const OPEN_DURATION_MAX: Duration = Duration::from_hours(24);
/// A window takes a byte for each of its requests.
const SIZE_MAX: u32 = 1_000_000;
/// What a client is told while a trial runs: nobody knows how long that takes.
const TRIAL_WAIT: Duration = Duration::from_secs(1);

/// How many of the last requests are looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SlidingCounter {
    /// The number of requests, greater than `maxFailures` and at most 1000000.
    size: Spanned<u32>,
}

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    failures_max: u32,
    size: u32,
    open_duration: Duration,
}

impl Limits {
    /// The limits that three properties describe.
    ///
    /// # Errors
    /// The first property without sense.
    pub(crate) fn of(
        max_failures: &Spanned<u32>,
        open_duration: &Spanned<TimeSpan>,
        sliding_counter: &SlidingCounter,
        b: &Builder<'_>,
    ) -> Result<Self, Diagnostic> {
        let (failures_max, size) = (**max_failures, *sliding_counter.size);
        if failures_max == 0 {
            return Err(b.error("maxFailures must be at least 1", Some(max_failures.span())));
        }
        if size <= failures_max || size > SIZE_MAX {
            let message = format!("size must be greater than maxFailures and at most {SIZE_MAX}");
            return Err(b.error(message, Some(sliding_counter.size.span())));
        }
        let is_allowed = |duration: &Duration| !duration.is_zero() && *duration <= OPEN_DURATION_MAX;
        let Some(open_duration) = open_duration.limit().filter(is_allowed) else {
            let message = "openDuration must be longer than nothing and at most a day";
            return Err(b.error(message, Some(open_duration.span())));
        };
        Ok(Self { failures_max, size, open_duration })
    }
}

/// Stops calling what keeps failing.
pub(crate) struct CircuitBreaker {
    name: String,
    limits: Limits,
    /// Answers while the circuit is open.
    open_handler: Option<HandlerRef>,
    /// Which responses count as failures too.
    failure_condition: Option<Expr<bool>>,
    /// Outlives a reload that changes none of the limits.
    circuit: Arc<Circuit>,
}

impl CircuitBreaker {
    pub(crate) fn new(
        limits: Limits,
        open_handler: Option<HandlerRef>,
        failure_condition: Option<Expr<bool>>,
        b: &Builder<'_>,
    ) -> Self {
        let circuit = b.shared(&format!("{}\n{limits:?}", b.identity()), Circuit::default);
        Self { name: b.name().to_owned(), limits, open_handler, failure_condition, circuit }
    }

    /// Whether a request may pass; what it is handed has to be told how the request ended.
    pub(crate) fn admit(&self) -> Result<Call<'_>, Open> {
        let admitted = self.circuit.admit(Instant::now())?;
        if admitted.is_trial {
            tracing::info!(target: "CircuitBreaker", name = self.name, "One request is let through as a trial.");
        }
        Ok(Call { breaker: self, admitted, has_ended: false })
    }

    /// Whether the failure condition looks at the entities of responses.
    pub(crate) fn reads_entities(&self) -> bool {
        self.failure_condition.as_ref().is_some_and(|condition| condition.uses().response_entity)
    }

    /// Answers a request that may not pass.
    pub(crate) async fn refuse(&self, open: Open, cx: &mut Context, request: &mut Request) -> Outcome {
        match &self.open_handler {
            Some(handler) => Ok(handler.handle(cx, request).await),
            None => {
                let detail = format!("The circuit of `{}` is open.", self.name);
                Err(Fault::new(FaultKind::Unavailable, detail).retry_after(open.wait).told())
            }
        }
    }
}

/// Why a request may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    wait: Duration,
}

/// A request that was let through. Dropped without a word, it says nothing about what is called.
pub(crate) struct Call<'a> {
    breaker: &'a CircuitBreaker,
    admitted: Admitted,
    has_ended: bool,
}

impl Call<'_> {
    /// It was answered; whether that is a failure is for the failure condition to say.
    pub(crate) fn answered(self, scope: &Exchange<'_>) {
        let condition = self.breaker.failure_condition.as_ref();
        let has_failed = condition.is_some_and(|condition| condition.is_true(scope));
        self.end(has_failed);
    }

    /// It ended with a fault. What is the client's doing says nothing about what is called.
    pub(crate) fn faulted(self, fault: &Fault) {
        if fault.kind().origin() != Origin::Client {
            self.end(true);
        }
    }

    fn end(mut self, has_failed: bool) {
        self.has_ended = true;
        let CircuitBreaker { name, limits, circuit, .. } = self.breaker;
        match circuit.end(self.admitted, has_failed, *limits, Instant::now()) {
            Some(Change::Opened { failures, requests }) => tracing::warn!(
                target: "CircuitBreaker", name, failures, requests, open_duration = ?limits.open_duration,
                "The circuit opens: too many requests have failed."
            ),
            Some(Change::StaysOpen) => tracing::warn!(
                target: "CircuitBreaker", name, open_duration = ?limits.open_duration,
                "The circuit stays open: the trial has failed."
            ),
            Some(Change::Closed) => tracing::info!(
                target: "CircuitBreaker", name,
                "The circuit closes: the trial was answered."
            ),
            None => {}
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.breaker.circuit.give_back(self.admitted);
        }
    }
}

/// The state of a circuit. One lock: it is held for a few operations and never across an await.
#[derive(Default)]
struct Circuit(Mutex<State>);

#[derive(Default)]
struct State {
    phase: Phase,
    /// Counts the phases. Requests that began in an earlier one have nothing to say in this one.
    epoch: u64,
}

enum Phase {
    Closed(Window),
    Open { until: Instant, is_tried: bool },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed(Window::default())
    }
}

/// A request that was let through, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Admitted {
    epoch: u64,
    is_trial: bool,
}

/// What the log is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Opened { failures: u32, requests: usize },
    StaysOpen,
    Closed,
}

impl Circuit {
    fn admit(&self, now: Instant) -> Result<Admitted, Open> {
        let mut state = self.lock();
        let epoch = state.epoch;
        match &mut state.phase {
            Phase::Closed(_) => Ok(Admitted { epoch, is_trial: false }),
            Phase::Open { until, .. } if now < *until => Err(Open { wait: *until - now }),
            Phase::Open { is_tried: true, .. } => Err(Open { wait: TRIAL_WAIT }),
            Phase::Open { is_tried, .. } => {
                *is_tried = true;
                Ok(Admitted { epoch, is_trial: true })
            }
        }
    }

    fn end(&self, admitted: Admitted, has_failed: bool, limits: Limits, now: Instant) -> Option<Change> {
        let mut state = self.lock();
        if state.epoch != admitted.epoch {
            return None;
        }
        let change = match &mut state.phase {
            Phase::Closed(window) => {
                window.record(has_failed, limits.size);
                if window.failures < limits.failures_max {
                    return None;
                }
                Change::Opened { failures: window.failures, requests: window.ends.len() }
            }
            Phase::Open { .. } if has_failed => Change::StaysOpen,
            Phase::Open { .. } => Change::Closed,
        };
        state.epoch += 1;
        state.phase = match change {
            Change::Closed => Phase::default(),
            _ => Phase::Open { until: now + limits.open_duration, is_tried: false },
        };
        Some(change)
    }

    /// A trial that came to no end leaves the decision to the next one.
    fn give_back(&self, admitted: Admitted) {
        let mut state = self.lock();
        if admitted.is_trial
            && state.epoch == admitted.epoch
            && let Phase::Open { is_tried, .. } = &mut state.phase
        {
            *is_tried = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and the state is whole after each call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the last requests ended.
#[derive(Default)]
struct Window {
    /// True for a failure, the oldest first.
    ends: VecDeque<bool>,
    failures: u32,
}

impl Window {
    fn record(&mut self, has_failed: bool, size: u32) {
        if self.ends.len() as u64 >= u64::from(size) && self.ends.pop_front() == Some(true) {
            self.failures -= 1;
        }
        self.ends.push_back(has_failed);
        self.failures += u32::from(has_failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { failures_max: 2, size: 4, open_duration: Duration::from_secs(10) };
    const SECOND: Duration = Duration::from_secs(1);

    /// Sends requests that end as the letters say: `.` well, `x` badly, `-` not at all. Yields the changes.
    fn send(circuit: &Circuit, ends: &str, now: Instant) -> Vec<Change> {
        let send = |end: char| {
            let admitted = circuit.admit(now).unwrap();
            if end == '-' {
                circuit.give_back(admitted);
                return None;
            }
            circuit.end(admitted, end == 'x', LIMITS, now)
        };
        ends.chars().filter_map(send).collect()
    }

    fn opened(now: Instant) -> Circuit {
        let circuit = Circuit::default();
        assert_eq!(send(&circuit, "xx", now), [Change::Opened { failures: 2, requests: 2 }]);
        circuit
    }

    #[test]
    fn it_opens_when_so_many_of_the_last_requests_have_failed() {
        let now = Instant::now();
        // Never two within four.
        assert_eq!(send(&Circuit::default(), "x...x...x...-..x", now), []);
        let opens = [Change::Opened { failures: 2, requests: 4 }];
        assert_eq!(send(&Circuit::default(), "....x..x", now), opens);
        // What came to no end has no place in the window.
        assert_eq!(send(&Circuit::default(), "....x--.-.-x", now), opens);
    }

    #[test]
    fn it_refuses_until_its_time_is_over() {
        let now = Instant::now();
        let circuit = opened(now);
        assert_eq!(circuit.admit(now), Err(Open { wait: 10 * SECOND }));
        assert_eq!(circuit.admit(now + 9 * SECOND), Err(Open { wait: SECOND }));
        assert_eq!(circuit.admit(now + 10 * SECOND), Ok(Admitted { epoch: 1, is_trial: true }));
    }

    #[test]
    fn one_trial_at_a_time() {
        let now = Instant::now();
        let circuit = opened(now);
        let later = now + 10 * SECOND;
        let trial = circuit.admit(later).unwrap();
        assert_eq!(circuit.admit(later), Err(Open { wait: TRIAL_WAIT }));
        // Its client leaves: the next request is the trial.
        circuit.give_back(trial);
        let trial = circuit.admit(later).unwrap();
        assert!(trial.is_trial);
        assert_eq!(circuit.admit(later), Err(Open { wait: TRIAL_WAIT }));
    }

    #[test]
    fn a_trial_that_fails_keeps_it_open_for_as_long_again() {
        let now = Instant::now();
        let circuit = opened(now);
        assert_eq!(send(&circuit, "x", now + 10 * SECOND), [Change::StaysOpen]);
        assert_eq!(circuit.admit(now + 11 * SECOND), Err(Open { wait: 9 * SECOND }));
    }

    #[test]
    fn a_trial_that_succeeds_closes_it_and_the_past_is_forgotten() {
        let now = Instant::now();
        let circuit = opened(now);
        let later = now + 10 * SECOND;
        assert_eq!(send(&circuit, ".x", later), [Change::Closed]);
        assert_eq!(send(&circuit, "x", later), [Change::Opened { failures: 2, requests: 2 }]);
    }

    #[test]
    fn requests_of_an_earlier_phase_have_nothing_to_say() {
        let now = Instant::now();
        let circuit = Circuit::default();
        let slow = circuit.admit(now).unwrap();
        send(&circuit, "xx", now);
        assert_eq!(circuit.end(slow, false, LIMITS, now), None);
        assert_eq!(circuit.admit(now), Err(Open { wait: 10 * SECOND }));
        let trial = circuit.admit(now + 10 * SECOND).unwrap();
        circuit.give_back(slow);
        assert_eq!(circuit.end(trial, false, LIMITS, now), Some(Change::Closed));
        assert_eq!(circuit.end(slow, true, LIMITS, now), None);
        assert_eq!(send(&circuit, "x", now), []);
    }
}
