//! [`Sender`]: the client, behind a circuit breaker and within a loop of retries where they are configured.
//!
//! The breaker is inside the loop: it counts every attempt, and what it refuses is not tried again.

use exchange::{Context, Fault, FaultKind, HandlerRef, Outcome, Prepare, Repeat, Request, Response, header};
use expression::{Expr, Uses};
use heap::{Builder, ExecutorRef, Ref, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use transport::client::Client;

use super::retries::RetryPolicy;
use crate::circuit_breaker::{CircuitBreaker, Limits, SlidingCounter};

/// A circuit breaker around every attempt to send a request. It works as that of a `CircuitBreakerFilter` does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BreakerProperties {
    /// False switches it off.
    #[serde(default = "super::by_default")]
    enabled: bool,
    /// The circuit opens when so many of the last requests have failed. Needed.
    max_failures: Option<Spanned<u32>>,
    /// How long the circuit is open before a trial; at most a day. Needed.
    open_duration: Option<Spanned<TimeSpan>>,
    /// The window in which failures are counted. Needed.
    sliding_counter: Option<SlidingCounter>,
    /// Answers while the circuit is open. When absent, the answer is 503.
    open_handler: Option<Ref<HandlerRef>>,
    /// Which answers are failures too. An addition of Portcullis.
    failure_condition: Option<Expr<bool>>,
    /// Accepted and ignored: nothing has to be scheduled.
    #[expect(dead_code, reason = "only its presence is tolerated")]
    executor: Option<Ref<ExecutorRef>>,
}

/// The breaker that the properties describe; none when it is switched off.
///
/// # Errors
/// A limit that is missing or has no sense.
pub(super) fn breaker(
    properties: &Spanned<BreakerProperties>,
    b: &Builder<'_>,
) -> Result<Option<CircuitBreaker>, Diagnostic> {
    if !properties.enabled {
        return Ok(None);
    }
    let (Some(max_failures), Some(open_duration), Some(sliding_counter)) =
        (&properties.max_failures, &properties.open_duration, &properties.sliding_counter)
    else {
        let message = "a circuitBreaker needs `maxFailures`, `openDuration` and `slidingCounter`";
        return Err(b.error(message, Some(properties.span())));
    };
    let limits = Limits::of(max_failures, open_duration, sliding_counter, b)?;
    let open_handler = properties.open_handler.as_ref().map(|handler| b.get(handler));
    Ok(Some(CircuitBreaker::new(limits, open_handler, properties.failure_condition.clone(), b)))
}

/// Sends requests, and again if they fail.
pub(super) struct Sender {
    client: Client,
    breaker: Option<CircuitBreaker>,
    retries: Option<RetryPolicy>,
    /// Whether a condition looks at the entities of responses, which have to be buffered then.
    reads_entities: bool,
}

/// How an attempt ended.
enum Attempt {
    Sent(Outcome),
    /// The circuit is open.
    Refused(Outcome),
}

impl Sender {
    pub(super) fn new(client: Client, breaker: Option<CircuitBreaker>, retries: Option<RetryPolicy>) -> Self {
        let reads_entities = breaker.as_ref().is_some_and(CircuitBreaker::reads_entities)
            || retries.as_ref().is_some_and(RetryPolicy::reads_entities);
        Self { client, breaker, retries, reads_entities }
    }

    /// Sends a request to the origin of its URI.
    pub(super) async fn send(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        match &self.retries {
            // In boxes, so that the usual case stays small.
            Some(retries) if !request.headers.contains_key(header::UPGRADE) => {
                Box::pin(self.send_again(retries, cx, request)).await
            }
            None if self.breaker.is_none() => self.client.send(cx, request).await,
            _ => match Box::pin(self.attempt(cx, request)).await {
                Attempt::Sent(outcome) | Attempt::Refused(outcome) => outcome,
            },
        }
    }

    async fn send_again(&self, retries: &RetryPolicy, cx: &mut Context, request: &mut Request) -> Outcome {
        let entity = Uses { request_entity: true, ..Uses::default() };
        Prepare::request(entity, cx, request).await?;
        let mut sent_again = 0;
        loop {
            let body = request.body.duplicate().expect("the body was buffered above");
            let sent = match self.attempt(cx, request).await {
                Attempt::Sent(sent) => sent,
                Attempt::Refused(outcome) => return outcome,
            };
            // Conditions may look at it, and the next attempt sends it.
            request.body = body;
            let Some(delay) = retries.delay(sent_again, &sent, cx, request) else { return sent };
            // An answer that does not count gives its connection back before the wait.
            drop(sent);
            tokio::time::sleep(delay).await;
            sent_again += 1;
        }
    }

    async fn attempt(&self, cx: &mut Context, request: &mut Request) -> Attempt {
        let Some(breaker) = &self.breaker else { return Attempt::Sent(self.send_once(cx, request).await) };
        let call = match breaker.admit() {
            Ok(call) => call,
            Err(open) => return Attempt::Refused(breaker.refuse(open, cx, request).await),
        };
        let sent = self.send_once(cx, request).await;
        match &sent {
            Ok(response) => call.answered(&cx.scope(request).with(response)),
            Err(fault) => call.faulted(fault),
        }
        Attempt::Sent(sent)
    }

    async fn send_once(&self, cx: &Context, request: &mut Request) -> Outcome {
        let response = self.client.send(cx, request).await?;
        if self.reads_entities { buffered(response, cx).await } else { Ok(response) }
    }
}

/// The response with its whole entity.
async fn buffered(mut response: Response, cx: &Context) -> Outcome {
    match response.body.buffer(&cx.storage).await {
        Ok(()) => Ok(response),
        Err(error) => Err(Fault::new(FaultKind::BadGateway, "The response could not be buffered.")
            .because(error)
            .repeat_if(Repeat::IfIdempotent)),
    }
}
