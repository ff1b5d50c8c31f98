//! `TimerDecorator`: logs how long an object takes. Known by its default name, `timer`.
//!
//! A filter's own time is the whole less what it spent waiting for those behind it. Two measurements have to
//! meet for that, one on either side of the filter. They meet in a task-local list, in which each outer side
//! leaves a cell that its inner side finds by the identity of the decoration.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use exchange::{Context, Filter, FilterRef, Next, Outcome, Request};
use heap::{Builder, Declarer, Decoration, Decorator, DecoratorRef, ObjectConfig, Site, SiteKind};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use source::{Diagnostic, Node};

/// Logs how long the decorated handler or filter takes, at level INFO.
///
/// Every instance has one named `timer`, so `"timer": true` can stand beside the `type` of any handler or
/// filter, and on a route. For a filter the log tells its own time from that of those behind it. The lines
/// have the target `TimerDecorator`, and the field `logger` holds `TimerDecorator.<decorator>.<object>`.
///
/// ```json
/// { "type": "TimerDecorator", "config": { "timeUnit": "us" } }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerDecorator {
    /// The unit of the times: `ms`, `us`, `ns`, `s`, or another name that durations know.
    #[serde(default)]
    #[schemars(with = "String")]
    time_unit: TimeUnit,
}

impl ObjectConfig for TimerDecorator {
    const TYPE: &'static str = "TimerDecorator";
    type Object = DecoratorRef;

    fn build(self, _: &mut Builder<'_>) -> Result<DecoratorRef, Diagnostic> {
        Ok(DecoratorRef::new(self))
    }
}

impl Decorator for TimerDecorator {
    fn decorate(&self, site: &Site<'_>, value: &Node, declarer: &mut Declarer<'_>) -> Decoration {
        if declarer.read::<bool>(value, "timer") != Some(true) {
            return Decoration::default();
        }
        let point = Arc::new(Point {
            logger: format!("TimerDecorator.{}.{}", site.decorator, site.object),
            unit: self.time_unit.clone(),
            is_filter: site.kind == SiteKind::Filter,
        });
        let inner = point.is_filter.then(|| FilterRef::new(Downstream(point.clone())));
        Decoration { outer: Some(FilterRef::new(Whole(point))), inner }
    }
}

/// A unit of time and the name it was given.
#[derive(Debug, Clone)]
struct TimeUnit {
    name: String,
    length: Duration,
}

impl Default for TimeUnit {
    fn default() -> Self {
        Self { name: "ms".to_owned(), length: Duration::from_millis(1) }
    }
}

impl<'de> Deserialize<'de> for TimeUnit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?.trim().to_lowercase();
        let length = source::parse_duration(&format!("1 {name}")).ok().and_then(|duration| duration.limit());
        let is_unit = name.chars().all(char::is_alphabetic);
        match length.filter(|length| is_unit && !length.is_zero()) {
            Some(length) => Ok(Self { name, length }),
            None => Err(D::Error::custom(format!("`{name}` is not a unit of time; use ms, us, ns or s"))),
        }
    }
}

/// One decoration: what its two sides have in common.
struct Point {
    logger: String,
    unit: TimeUnit,
    is_filter: bool,
}

impl Point {
    fn log(&self, whole: Duration, downstream: Option<Duration>, cx: &Context) {
        let (logger, transaction) = (&self.logger, cx.transaction());
        let (elapsed, unit) = (self.in_units(whole), &self.unit.name);
        match downstream {
            Some(downstream) => {
                let own = self.in_units(whole.saturating_sub(downstream));
                let downstream = self.in_units(downstream);
                tracing::info!(
                    target: "TimerDecorator", logger, %transaction,
                    "Elapsed time: {elapsed} {unit}, of which {own} {unit} within the filter and \
                     {downstream} {unit} behind it"
                );
            }
            None => {
                tracing::info!(target: "TimerDecorator", logger, %transaction, "Elapsed time: {elapsed} {unit}");
            }
        }
    }

    fn in_units(&self, duration: Duration) -> u128 {
        duration.as_nanos() / self.unit.length.as_nanos().max(1)
    }
}

tokio::task_local! {
    /// The decorated filters around what runs at present, innermost first.
    static RUNNING: Arc<Running>;
}

/// One decorated filter that runs, and those around it.
struct Running {
    point: Arc<Point>,
    downstream_nanos: AtomicU64,
    around: Option<Arc<Running>>,
}

impl Running {
    /// The nearest run of a decorated filter; none when something in between has moved to another task.
    fn nearest(point: &Arc<Point>) -> Option<Arc<Running>> {
        let mut running = RUNNING.try_with(Arc::clone).ok();
        while let Some(found) = &running {
            if Arc::ptr_eq(&found.point, point) {
                break;
            }
            running = found.around.clone();
        }
        running
    }
}

/// Outside of the object.
struct Whole(Arc<Point>);

impl Filter for Whole {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let start = Instant::now();
        if !self.0.is_filter {
            let response = next.run(cx, request).await;
            self.0.log(start.elapsed(), None, cx);
            return Ok(response);
        }
        let around = RUNNING.try_with(Arc::clone).ok();
        let running =
            Arc::new(Running { point: self.0.clone(), downstream_nanos: AtomicU64::new(0), around });
        let response = RUNNING.scope(running.clone(), next.run(cx, request)).await;
        let downstream = Duration::from_nanos(running.downstream_nanos.load(Ordering::Relaxed));
        self.0.log(start.elapsed(), Some(downstream), cx);
        Ok(response)
    }
}

/// Between a decorated filter and those behind it.
struct Downstream(Arc<Point>);

impl Filter for Downstream {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let running = Running::nearest(&self.0);
        let start = Instant::now();
        let response = next.run(cx, request).await;
        if let Some(running) = running {
            let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            // Added, because a filter may call those behind it more than once.
            running.downstream_nanos.fetch_add(nanos, Ordering::Relaxed);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::super::logged::logged;
    use crate::testing::check_complaints;
    use expect_test::{Expect, expect};

    /// The lines of a decoration, with every number shown as `N`.
    #[track_caller]
    fn check(config: &str, expected: Expect) {
        let lines = logged(config, "GET /a");
        let mut shown = String::new();
        for character in lines.chars() {
            match character {
                '0'..='9' if shown.ends_with('N') => {}
                '0'..='9' => shown.push('N'),
                other => shown.push(other),
            }
        }
        expected.assert_eq(&shown);
    }

    #[test]
    fn times_a_handler() {
        check(
            r#"{"handler": {"type": "Origin", "name": "end", "timer": true}}"#,
            expect![[r#"
                 INFO TimerDecorator: Elapsed time: N ms logger="TimerDecorator.timer.end" transaction=transaction-N
            "#]],
        );
    }

    #[test]
    fn tells_a_filter_from_those_behind_it() {
        check(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "DateHeaderFilter", "name": "date", "timer": true}
            ]}}}"#,
            expect![[r#"
                 INFO TimerDecorator: Elapsed time: N ms, of which N ms within the filter and N ms behind it logger="TimerDecorator.timer.date" transaction=transaction-N
            "#]],
        );
    }

    /// Two filters, one within the other, in front of an origin.
    const NESTED: &str = r#"{"handler": {"type": "Chain", "config": {
        "handler": {"type": "Origin", "config": {"delayMilliseconds": 30}},
        "filters": [
            {"type": "ConditionalFilter", "name": "outer", "timer": true, "config": {
                "condition": "${true}",
                "delegate": {"type": "DateHeaderFilter", "name": "inner", "timer": true}}}
        ]}}}"#;

    #[test]
    fn each_filter_waits_for_the_origin_once() {
        for line in logged(NESTED, "GET /").lines() {
            let times: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
            let [whole, own, behind] = times[..] else { panic!("{line}") };
            // The rest of a unit is dropped from each of the three.
            assert!(behind >= 30 && own + behind <= whole && whole <= own + behind + 1, "{line}");
        }
    }

    #[test]
    fn filters_within_filters_are_told_apart() {
        check(
            NESTED,
            expect![[r#"
                 INFO TimerDecorator: Elapsed time: N ms, of which N ms within the filter and N ms behind it logger="TimerDecorator.timer.inner" transaction=transaction-N
                 INFO TimerDecorator: Elapsed time: N ms, of which N ms within the filter and N ms behind it logger="TimerDecorator.timer.outer" transaction=transaction-N
            "#]],
        );
    }

    #[test]
    fn the_unit_can_be_set() {
        check(
            r#"{"heap": [{"name": "micros", "type": "TimerDecorator", "config": {"timeUnit": "Microseconds"}}],
                "handler": {"type": "Origin", "name": "end", "micros": true}}"#,
            expect![[r#"
                 INFO TimerDecorator: Elapsed time: N microseconds logger="TimerDecorator.micros.end" transaction=transaction-N
            "#]],
        );
    }

    #[test]
    fn false_times_nothing() {
        check(r#"{"handler": {"type": "Origin", "timer": false}}"#, expect![[""]]);
    }

    #[test]
    fn mistakes_are_found_at_load() {
        check_complaints(
            r#"{"handler": {"type": "Origin", "timer": "often"}}"#,
            expect![[r#"
                error[PC0302]: timer: `true` or `false` is needed here, found "often"
                 --> config.json:1:41
                  |
                1 | {"handler": {"type": "Origin", "timer": "often"}}
                  |                                         ^^^^^^^
            "#]],
        );
        check_complaints(
            r#"{"heap": [{"name": "t", "type": "TimerDecorator", "config": {"timeUnit": "fortnights"}},
                         {"name": "u", "type": "TimerDecorator", "config": {"timeUnit": "zero"}}],
                "handler": {"type": "Origin"}}"#,
            expect![[r#"
                error[PC0302]: TimerDecorator: `fortnights` is not a unit of time; use ms, us, ns or s
                 --> config.json:1:74
                  |
                1 | {"heap": [{"name": "t", "type": "TimerDecorator", "config": {"timeUnit": "fortnights"}},
                  |                                                                          ^^^^^^^^^^^^
                error[PC0302]: TimerDecorator: `zero` is not a unit of time; use ms, us, ns or s
                 --> config.json:2:89
                  |
                2 |                          {"name": "u", "type": "TimerDecorator", "config": {"timeUnit": "zero"}}],
                  |                                                                                         ^^^^^^
            "#]],
        );
    }
}
