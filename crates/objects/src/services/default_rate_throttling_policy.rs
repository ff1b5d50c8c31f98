//! `DefaultRateThrottlingPolicy`: another policy, and a rate for when it has none.

use exchange::{BoxFuture, Context, Fault, Request, ThrottlingPolicy, ThrottlingPolicyRef, ThrottlingRate};
use heap::{Builder, ObjectConfig, Ref};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use crate::throttling_rate::RateConfig;

/// Asks another throttling policy, and limits what that one would not.
///
/// ```json
/// {
///   "name": "always-limited",
///   "type": "DefaultRateThrottlingPolicy",
///   "config": {
///     "delegateThrottlingRatePolicy": {
///       "type": "MappedThrottlingPolicy",
///       "config": {
///         "throttlingRateMapper": "${request.headers['x-plan'][0]}",
///         "throttlingRatesMapping": { "gold": { "numberOfRequests": 100, "duration": "1 second" } }
///       }
///     },
///     "defaultRate": { "numberOfRequests": 10, "duration": "1 second" }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DefaultRateThrottlingPolicy {
    /// The policy that is asked first.
    delegate_throttling_rate_policy: Ref<ThrottlingPolicyRef>,
    /// The rate of the requests for which it has none.
    default_rate: RateConfig,
}

impl ObjectConfig for DefaultRateThrottlingPolicy {
    const TYPE: &'static str = "DefaultRateThrottlingPolicy";
    type Object = ThrottlingPolicyRef;

    fn build(self, b: &mut Builder<'_>) -> Result<ThrottlingPolicyRef, Diagnostic> {
        Ok(ThrottlingPolicyRef::new(Defaulting {
            delegate: b.get(&self.delegate_throttling_rate_policy),
            default_rate: self.default_rate.rate(),
        }))
    }
}

struct Defaulting {
    delegate: ThrottlingPolicyRef,
    default_rate: ThrottlingRate,
}

impl ThrottlingPolicy for Defaulting {
    fn rate<'a>(
        &'a self,
        cx: &'a mut Context,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<Option<ThrottlingRate>, Fault>> {
        Box::pin(async move { Ok(self.delegate.rate(cx, request).await?.or(Some(self.default_rate))) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    /// A filter whose policy allows `gold` and whose default rate blocks.
    #[track_caller]
    fn check(request: &str, expected: Expect) {
        check_filter(
            "ThrottlingFilter",
            r#"{"throttlingRatePolicy": {"type": "DefaultRateThrottlingPolicy", "config": {
                "delegateThrottlingRatePolicy": {"type": "MappedThrottlingPolicy", "config": {
                    "throttlingRateMapper": "${request.headers['plan'][0]}",
                    "throttlingRatesMapping": {"gold": {"numberOfRequests": 1, "duration": "1 hour"}}}},
                "defaultRate": {"numberOfRequests": 0, "duration": "1 hour"}}}}"#,
            request,
            expected,
        );
    }

    #[test]
    fn the_delegate_is_asked_first() {
        check(
            "GET /\nplan: gold",
            expect![[r#"
            GET http://app.example/
            plan: gold

            200 OK
        "#]],
        );
    }

    #[test]
    fn what_the_delegate_does_not_limit_has_the_default_rate() {
        check(
            "GET /\nplan: silver",
            expect![[r#"
            429 Too Many Requests
            content-type: text/plain; charset=utf-8

            429 Too Many Requests
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn both_properties_are_needed() {
        check_complaints(
            r#"{"handler": {"type": "Origin"}, "heap": [
                {"name": "a", "type": "DefaultRateThrottlingPolicy", "config": {"delegateThrottlingRatePolicy": "a"}},
                {"name": "b", "type": "DefaultRateThrottlingPolicy", "config":
                    {"defaultRate": {"numberOfRequests": 1, "duration": "0 s"}}},
                {"name": "c", "type": "DefaultRateThrottlingPolicy", "config":
                    {"delegateThrottlingRatePolicy": "TemporaryStorage",
                     "defaultRate": {"numberOfRequests": 1, "duration": "1 s"}}},
                {"name": "TemporaryStorage", "type": "TemporaryStorage"}
            ]}"#,
            expect![[r#"
                error[PC0309]: these objects refer to one another in a circle: a → a
                 --> config.json:2:26
                  |
                2 |                 {"name": "a", "type": "DefaultRateThrottlingPolicy", "config": {"delegateThrottlingRatePolicy": "a"}},
                  |                          ^^^
                  |
                  = help: one of the references has to go
                error[PC0303]: DefaultRateThrottlingPolicy needs the field `defaultRate`
                 --> config.json:2:80
                  |
                2 |                 {"name": "a", "type": "DefaultRateThrottlingPolicy", "config": {"delegateThrottlingRatePolicy": "a"}},
                  |                                                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0303]: DefaultRateThrottlingPolicy needs the field `delegateThrottlingRatePolicy`
                 --> config.json:4:21
                  |
                4 |                     {"defaultRate": {"numberOfRequests": 1, "duration": "0 s"}}},
                  |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0302]: DefaultRateThrottlingPolicy: a limited duration longer than zero is needed here
                 --> config.json:4:73
                  |
                4 |                     {"defaultRate": {"numberOfRequests": 1, "duration": "0 s"}}},
                  |                                                                         ^^^^^
                error[PC0307]: `TemporaryStorage` is a TemporaryStorage, but a ThrottlingPolicy is needed here
                 --> config.json:6:54
                  |
                6 |                     {"delegateThrottlingRatePolicy": "TemporaryStorage",
                  |                                                      ^^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
