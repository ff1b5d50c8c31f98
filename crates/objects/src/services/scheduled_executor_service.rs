//! `ScheduledExecutorService`: how much background work runs at a time, and how it ends.

use std::time::Duration;

use heap::{Builder, ExecutorRef, ObjectConfig, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Limits the background work of the objects that refer to it.
///
/// There are no threads behind it: work runs on the gateway's own runtime. What the settings bound is how
/// many pieces of work run at the same time and how long they may take to end.
///
/// ```json
/// {
///   "name": "slowLane",
///   "type": "ScheduledExecutorService",
///   "config": { "corePoolSize": 2, "gracefulStop": true, "gracePeriod": "20 seconds" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledExecutorService {
    /// Pieces of work that may run at the same time: 1 by default, and at least that.
    core_pool_size: Option<Spanned<u32>>,
    /// Whether running work may end by itself when the object goes. Work that still waits is dropped.
    #[serde(default = "default_graceful_stop")]
    graceful_stop: bool,
    /// How long running work may take to end. Without effect unless `gracefulStop` is true.
    #[serde(default = "default_grace_period")]
    grace_period: TimeSpan,
}

fn default_pool_size() -> u32 {
    1
}

fn default_graceful_stop() -> bool {
    true
}

fn default_grace_period() -> TimeSpan {
    TimeSpan::of(Duration::from_secs(10))
}

impl ObjectConfig for ScheduledExecutorService {
    const TYPE: &'static str = "ScheduledExecutorService";
    type Object = ExecutorRef;

    fn build(self, b: &mut Builder<'_>) -> Result<ExecutorRef, Diagnostic> {
        let size = self.core_pool_size.as_ref();
        if let Some(size) = size.filter(|size| ***size == 0) {
            return Err(b.error("corePoolSize must be at least 1", Some(size.span())));
        }
        let concurrency = size.map_or_else(default_pool_size, |size| **size);
        let grace_period = self.grace_period.limit().unwrap_or(Duration::MAX);
        Ok(ExecutorRef {
            grace_period: self.graceful_stop.then_some(grace_period),
            concurrency: usize::try_from(concurrency).unwrap_or(usize::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, with_object};
    use expect_test::{Expect, expect};
    use heap::ExecutorRef;

    #[track_caller]
    fn check_refused(config: &str, expected: Expect) {
        let service = format!(r#"{{"name": "e", "type": "ScheduledExecutorService", "config": {config}}}"#);
        check_complaints(&format!(r#"{{"heap": [{service}], "handler": {{"type": "Origin"}}}}"#), expected);
    }

    #[track_caller]
    fn check(config: &str, expected: Expect) {
        let declaration =
            format!(r#"{{"name": "e", "type": "ScheduledExecutorService", "config": {config}}}"#);
        with_object(&declaration, "e", |executor: ExecutorRef| expected.assert_eq(&format!("{executor:?}")));
    }

    #[test]
    fn every_property_has_a_default() {
        check("{}", expect!["ExecutorRef { grace_period: Some(10s), concurrency: 1 }"]);
    }

    #[test]
    fn properties_may_be_evaluated_at_load() {
        check(
            r#"{"corePoolSize": "${1 + 1}", "gracePeriod": "${2} seconds"}"#,
            expect!["ExecutorRef { grace_period: Some(2s), concurrency: 2 }"],
        );
    }

    #[test]
    fn without_grace_the_period_does_not_count() {
        check(
            r#"{"gracefulStop": "false", "gracePeriod": "1 minute"}"#,
            expect!["ExecutorRef { grace_period: None, concurrency: 1 }"],
        );
    }

    #[test]
    fn a_pool_without_room_is_refused() {
        check_refused(
            r#"{"corePoolSize": 0}"#,
            expect![[r#"
            error[PC0313]: corePoolSize must be at least 1
             --> config.json:1:88
              |
            1 | {"heap": [{"name": "e", "type": "ScheduledExecutorService", "config": {"corePoolSize": 0}}], "handler": {"type": "Origin"}}
              |                                                                                        ^
        "#]],
        );
        check_refused(
            r#"{"corePoolSize": -1, "gracePeriod": "soon"}"#,
            expect![[r#"
            error[PC0302]: ScheduledExecutorService: a whole number from 0 to 4294967295 is needed here, found `-1`
             --> config.json:1:88
              |
            1 | {"heap": [{"name": "e", "type": "ScheduledExecutorService", "config": {"corePoolSize": -1, "gracePeriod": "soon"}}], "handler": {"typ...
              |                                                                                        ^^
            error[PC0302]: ScheduledExecutorService: `soon` does not start with a number; expected a number and a unit, such as `5 minutes`, or `unlimited`
             --> config.json:1:107
              |
            1 | {"heap": [{"name": "e", "type": "ScheduledExecutorService", "config": {"corePoolSize": -1, "gracePeriod": "soon"}}], "handler": {"typ...
              |                                                                                                           ^^^^^^
        "#]],
        );
    }
}
