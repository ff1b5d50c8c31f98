//! `ThrottlingFilter`: lets only so many requests pass in a time.

mod buckets;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{
    Context, Edit, Fault, FaultKind, Filter, FilterRef, Next, Outcome, Request, ThrottlingPolicyRef,
    ThrottlingRate,
};
use expression::{Expr, Template, Value};
use heap::{Builder, ExecutorRef, ObjectConfig, Ref, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use crate::throttling_rate::RateConfig;
use buckets::{Buckets, Exceeded, Group};

const CLEANING_INTERVAL: Duration = Duration::from_secs(5);
const CLEANING_INTERVAL_MAX: Duration = Duration::from_hours(24);
/// A bucket takes about a hundred bytes.
const GROUPS_MAX: u32 = 1_000_000;

/// Lets only so many requests pass in a time; refuses the others with 429 and a `Retry-After` in seconds.
///
/// Requests are counted by group, and each group has the whole rate: a bucket that holds `numberOfRequests` at
/// first, and refills evenly over `duration`. By default all requests are one group. The rate is fixed, or
/// comes from a policy for each request; when it changes for a group, that counts at once, and what the group
/// has used stays used.
///
/// Buckets survive a reload of the configuration. A filter of a heap keeps them by its name, one declared in
/// place as long as it does not move in its file. Several gateways count on their own. What exceeds the rate
/// is told to the log at the level debug only, and never with the name of its group.
///
/// The `Retry-After` is left out when no request may ever pass. The fields `Retry-After-Rule`,
/// `Retry-After-Partition` and `Retry-After-Rate` of old versions are not sent: the partition often is the
/// identity of somebody.
///
/// ```json
/// {
///   "type": "ThrottlingFilter",
///   "config": {
///     "requestGroupingPolicy": "${contexts.client.remoteAddress}",
///     "rate": { "numberOfRequests": 60, "duration": "1 minute" }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThrottlingFilter {
    /// What requests of one group have in common. The empty text by default, so that all are one group; null
    /// is answered with 500. Texts are compared exactly: where a client chooses the spelling, as of a user's
    /// name in a form, bring it into one form with `toLowerCase` and `trim`, or each spelling is counted anew.
    #[serde(default = "one_group")]
    request_grouping_policy: Expr<String>,
    /// The rate of every group. Exactly one of this and `throttlingRatePolicy` is needed.
    rate: Option<Spanned<RateConfig>>,
    /// Decides the rate for each request. A request for which it has none is not limited.
    throttling_rate_policy: Option<Ref<ThrottlingPolicyRef>>,
    /// How often buckets that are full again give back their memory: every 5 seconds by default, at most a
    /// day.
    cleaning_interval: Option<Spanned<TimeSpan>>,
    /// Accepted and ignored: cleaning takes no thread of its own.
    #[expect(dead_code, reason = "only its presence is tolerated")]
    executor: Option<Ref<ExecutorRef>>,
    /// Groups counted at a time: 1000000 by default. When there are more, those beyond share one bucket until
    /// buckets of others are full again. An addition of Portcullis.
    max_groups: Option<Spanned<u32>>,
}

fn one_group() -> Expr<String> {
    Expr::from_template(Template::literal(Value::text("")))
}

impl ObjectConfig for ThrottlingFilter {
    const TYPE: &'static str = "ThrottlingFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let interval = self.cleaning_interval(b)?;
        if let Some(count) = self.max_groups.as_ref().filter(|count| ***count == 0) {
            return Err(b.error("maxGroups must be at least 1", Some(count.span())));
        }
        let groups_max = self.max_groups.map_or(GROUPS_MAX, Spanned::into_inner);
        // What counted by another expression counted something else.
        let key = format!("{}\n{}", b.identity(), self.request_grouping_policy.source());
        let buckets = b.shared(&key, Buckets::default);
        let throttle = Throttle {
            name: b.name().to_owned(),
            buckets: buckets.clone(),
            group: self.request_grouping_policy,
            groups_max: usize::try_from(groups_max).unwrap_or(usize::MAX),
        };
        let filter = match (self.rate, &self.throttling_rate_policy) {
            (Some(rate), None) => FilterRef::edit(Fixed { throttle, rate: rate.into_inner().rate() }),
            (None, Some(policy)) => FilterRef::new(ByPolicy { throttle, policy: b.get(policy) }),
            (Some(rate), Some(_)) => {
                let message = "the rate is either `rate` or what `throttlingRatePolicy` says, not both";
                return Err(b.error(message, Some(rate.span())));
            }
            (None, None) => {
                return Err(b.error("ThrottlingFilter needs `rate` or `throttlingRatePolicy`", None));
            }
        };
        b.background("cleaning", move |mut stop| async move {
            loop {
                tokio::select! {
                    () = stop.stopped() => break,
                    () = tokio::time::sleep(interval) => buckets.sweep(Instant::now()),
                }
            }
        });
        Ok(filter)
    }
}

impl ThrottlingFilter {
    fn cleaning_interval(&self, b: &Builder<'_>) -> Result<Duration, Diagnostic> {
        let Some(configured) = &self.cleaning_interval else { return Ok(CLEANING_INTERVAL) };
        let is_allowed = |interval: &Duration| !interval.is_zero() && *interval <= CLEANING_INTERVAL_MAX;
        configured.limit().filter(is_allowed).ok_or_else(|| {
            b.error("cleaningInterval must be longer than nothing and at most a day", Some(configured.span()))
        })
    }
}

/// What filters with a fixed rate and those with a policy have in common.
struct Throttle {
    name: String,
    /// Outlive a reload; the settings beside them do not.
    buckets: Arc<Buckets>,
    group: Expr<String>,
    groups_max: usize,
}

impl Throttle {
    fn group(&self, cx: &Context, request: &Request) -> Result<Group, Fault> {
        let scope = cx.scope(request);
        let Some(name) = self.group.text(&scope) else {
            return Err(Fault::internal(format!("The requestGroupingPolicy of `{}` is null.", self.name)));
        };
        Ok(self.buckets.group(&name))
    }

    fn admit(&self, group: Group, rate: ThrottlingRate) -> Result<(), Fault> {
        let taken = self.buckets.take(group, rate, self.groups_max, Instant::now());
        taken.map_err(|Exceeded { wait }| {
            let detail = format!("The rate of `{}` is exceeded.", self.name);
            let fault = Fault::new(FaultKind::TooManyRequests, detail);
            match wait {
                Some(wait) => fault.retry_after(wait),
                None => fault,
            }
        })
    }
}

/// One rate for all groups: nothing has to be waited for.
struct Fixed {
    throttle: Throttle,
    rate: ThrottlingRate,
}

impl Edit for Fixed {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        let group = self.throttle.group(cx, request)?;
        self.throttle.admit(group, self.rate)
    }
}

/// A rate for each request.
struct ByPolicy {
    throttle: Throttle,
    policy: ThrottlingPolicyRef,
}

impl Filter for ByPolicy {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let group = self.throttle.group(cx, request)?;
        if let Some(rate) = self.policy.rate(cx, request).await? {
            self.throttle.admit(group, rate)?;
        }
        Ok(next.run(cx, request).await)
    }
}
