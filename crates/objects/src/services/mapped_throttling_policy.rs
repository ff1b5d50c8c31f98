//! `MappedThrottlingPolicy`: a rate for each value of an expression.

use std::collections::HashMap;

use exchange::{
    BoxFuture, Context, Fault, Prepare, Request, ThrottlingPolicy, ThrottlingPolicyRef, ThrottlingRate,
};
use expression::Expr;
use heap::{Builder, ObjectConfig};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use crate::throttling_rate::RateConfig;

/// Gives a `ThrottlingFilter` the rate that belongs to a value of the request: a user's plan, a client's name.
///
/// Without `defaultRate`, requests whose value is not in the mapping are not limited.
///
/// ```json
/// {
///   "name": "plans",
///   "type": "MappedThrottlingPolicy",
///   "config": {
///     "throttlingRateMapper": "${contexts.oauth2.accessToken.info.plan}",
///     "throttlingRatesMapping": {
///       "gold": { "numberOfRequests": 600, "duration": "1 minute" },
///       "silver": { "numberOfRequests": 60, "duration": "1 minute" }
///     },
///     "defaultRate": { "numberOfRequests": 6, "duration": "1 minute" }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MappedThrottlingPolicy {
    /// What is looked up in the mapping. Null has no entry.
    throttling_rate_mapper: Expr<String>,
    /// Rates by value, compared exactly.
    throttling_rates_mapping: IndexMap<String, RateConfig>,
    /// The rate of requests without an entry. When absent, they are not limited.
    default_rate: Option<RateConfig>,
}

impl ObjectConfig for MappedThrottlingPolicy {
    const TYPE: &'static str = "MappedThrottlingPolicy";
    type Object = ThrottlingPolicyRef;

    fn build(self, _: &mut Builder<'_>) -> Result<ThrottlingPolicyRef, Diagnostic> {
        let rates = self.throttling_rates_mapping.into_iter();
        Ok(ThrottlingPolicyRef::new(Mapped {
            mapper: self.throttling_rate_mapper,
            rates: rates.map(|(value, rate)| (value, rate.rate())).collect(),
            default_rate: self.default_rate.map(RateConfig::rate),
        }))
    }
}

struct Mapped {
    mapper: Expr<String>,
    rates: HashMap<String, ThrottlingRate>,
    default_rate: Option<ThrottlingRate>,
}

impl ThrottlingPolicy for Mapped {
    fn rate<'a>(
        &'a self,
        cx: &'a mut Context,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<Option<ThrottlingRate>, Fault>> {
        Box::pin(async move {
            // Nothing runs around a policy, so it fetches by itself what its expression looks at.
            Prepare::request(self.mapper.uses(), cx, request).await?;
            let scope = cx.scope(request);
            let mapped = self.mapper.text(&scope).and_then(|value| self.rates.get(&*value));
            Ok(mapped.copied().or(self.default_rate))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_level};
    use expect_test::{Expect, expect};

    /// Plays a request through a filter with the policy, three times in a row.
    #[track_caller]
    fn check(policy: &str, request: &str, expected: Expect) {
        let filter = format!(
            r#"{{"type": "ThrottlingFilter", "config": {{"throttlingRatePolicy":
                {{"type": "MappedThrottlingPolicy", "config": {policy}}}}}}}"#
        );
        check_level(
            &format!(
                r#"{{"heap": [{{"name": "limited", "type": "Chain",
                    "config": {{"filters": [{filter}], "handler": {{"type": "Origin"}}}}}}],
                "handler": {{"type": "SequenceHandler", "config": {{"bindings":
                    [{{"handler": "limited"}}, {{"handler": "limited"}}, {{"handler": "limited"}}]}}}}}}"#
            ),
            request,
            expected,
        );
    }

    const POLICY: &str = r#"{
        "throttlingRateMapper": "${request.headers['plan'][0]}",
        "throttlingRatesMapping": {
            "gold": {"numberOfRequests": 3, "duration": "1 hour"},
            "silver": {"numberOfRequests": 2, "duration": "1 hour"}
        },
        "defaultRate": {"numberOfRequests": 0, "duration": "1 hour"}
    }"#;

    #[test]
    fn each_value_has_its_rate() {
        check(
            POLICY,
            "GET /\nplan: gold",
            expect![[r#"
            GET http://app.example/
            plan: gold

            GET http://app.example/
            plan: gold

            GET http://app.example/
            plan: gold

            200 OK
        "#]],
        );
        check(
            POLICY,
            "GET /\nplan: silver",
            expect![[r#"
            GET http://app.example/
            plan: silver

            GET http://app.example/
            plan: silver

            429 Too Many Requests
            content-type: text/plain; charset=utf-8
            retry-after: 1800

            429 Too Many Requests
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn a_value_that_is_null_or_unknown_has_the_default_rate() {
        check(
            POLICY,
            "GET /",
            expect![[r#"
            429 Too Many Requests
            content-type: text/plain; charset=utf-8

            429 Too Many Requests
            Transaction transaction-1

        "#]],
        );
        check(
            POLICY,
            "GET /\nplan: Gold",
            expect![[r#"
            429 Too Many Requests
            content-type: text/plain; charset=utf-8

            429 Too Many Requests
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn without_a_default_rate_the_rest_is_not_limited() {
        let policy =
            r#"{"throttlingRateMapper": "${request.headers['plan'][0]}", "throttlingRatesMapping": {}}"#;
        check(
            policy,
            "GET /\nplan: gold",
            expect![[r#"
            GET http://app.example/
            plan: gold

            GET http://app.example/
            plan: gold

            GET http://app.example/
            plan: gold

            200 OK
        "#]],
        );
    }

    #[test]
    fn the_entity_may_decide() {
        let policy = r#"{"throttlingRateMapper": "${request.entity.string}",
            "throttlingRatesMapping": {"big": {"numberOfRequests": 1, "duration": "1 hour"}}}"#;
        check(
            policy,
            "POST /\n\nbig",
            expect![[r#"
            POST http://app.example/

            big

            429 Too Many Requests
            content-type: text/plain; charset=utf-8
            retry-after: 3600

            429 Too Many Requests
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn mistakes_are_found_at_load() {
        check_complaints(
            r#"{"handler": {"type": "Origin"}, "heap": [
                {"name": "a", "type": "MappedThrottlingPolicy", "config": {"throttlingRatesMapping": {}}},
                {"name": "b", "type": "MappedThrottlingPolicy", "config": {"throttlingRateMapper": "x"}},
                {"name": "c", "type": "MappedThrottlingPolicy", "config": {"throttlingRateMapper": "x",
                    "throttlingRatesMapping": {"x": {"numberOfRequests": -1, "duration": "1 s"}},
                    "defaultRate": {"numberOfRequests": 1, "duration": "unlimited"}}}
            ]}"#,
            expect![[r#"
                error[PC0303]: MappedThrottlingPolicy needs the field `throttlingRateMapper`
                 --> config.json:2:75
                  |
                2 |                 {"name": "a", "type": "MappedThrottlingPolicy", "config": {"throttlingRatesMapping": {}}},
                  |                                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0303]: MappedThrottlingPolicy needs the field `throttlingRatesMapping`
                 --> config.json:3:75
                  |
                3 |                 {"name": "b", "type": "MappedThrottlingPolicy", "config": {"throttlingRateMapper": "x"}},
                  |                                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0302]: MappedThrottlingPolicy: a whole number from 0 to 4294967295 is needed here, found `-1`
                 --> config.json:5:74
                  |
                5 |                     "throttlingRatesMapping": {"x": {"numberOfRequests": -1, "duration": "1 s"}},
                  |                                                                          ^^
                error[PC0302]: MappedThrottlingPolicy: a limited duration longer than zero is needed here
                 --> config.json:6:72
                  |
                6 |                     "defaultRate": {"numberOfRequests": 1, "duration": "unlimited"}}}
                  |                                                                        ^^^^^^^^^^^
            "#]],
        );
    }
}
