//! `DispatchServlet`: how OpenIG 2 chose by path.

use exchange::{Context, Fault, FaultKind, Handler, HandlerRef, Outcome, Request};
use expression::Pattern;
use heap::{Builder, JavaPattern, ObjectConfig, Ref, Status};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Hands a request to the first handler whose pattern occurs in the path. Of OpenIG 2: write a
/// `DispatchHandler` with conditions such as `${find(request.uri.path, '^/app')}` instead.
///
/// What the pattern takes of the path, or its first group if it has one, has to end where a segment of the
/// path ends: `^/app` takes `/app` and `/app/page` and not `/application`. When no pattern occurs the answer
/// is 404.
///
/// ```json
/// {
///   "type": "DispatchServlet",
///   "config": {
///     "bindings": [
///       { "pattern": "^/app", "object": "ClientHandler" },
///       { "pattern": ".*", "object": { "type": "StaticResponseHandler", "config": { "status": 403 } } }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DispatchServlet {
    /// Patterns and handlers, tried in order.
    bindings: Vec<Binding>,
}

/// One case of a [`DispatchServlet`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Binding {
    /// What to look for in the path.
    pattern: JavaPattern,
    /// Answers the request.
    object: Ref<HandlerRef>,
}

impl ObjectConfig for DispatchServlet {
    const TYPE: &'static str = "DispatchServlet";
    const STATUS: Status = Status::Deprecated;
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let cases = self.bindings.into_iter();
        let cases = cases.map(|binding| (binding.pattern.0, b.get(&binding.object))).collect();
        Ok(HandlerRef::new(Dispatch { cases }))
    }
}

struct Dispatch {
    cases: Vec<(Pattern, HandlerRef)>,
}

impl Handler for Dispatch {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let path = request.uri.path().into_owned();
        let Some((_, handler)) = self.cases.iter().find(|(pattern, _)| takes(pattern, &path)) else {
            let detail = "No binding of a DispatchServlet takes this request.";
            return Err(Fault::new(FaultKind::NotFound, detail));
        };
        Ok(handler.handle(cx, request).await)
    }
}

/// Whether the pattern takes whole segments of the path.
fn takes(pattern: &Pattern, path: &str) -> bool {
    let Some(groups) = pattern.ranges(path) else { return false };
    // A first group that takes no part names no segments.
    let Some(Some(taken)) = groups.get(1).or(groups.first()) else { return false };
    let start = if groups.len() > 1 { taken.start } else { 0 };
    let (taken, rest) = (&path[start..taken.end], &path[taken.end..]);
    rest.is_empty() || rest.starts_with('/') || taken.ends_with('/')
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::testing::{check_complaints, check_handler, play};

    /// The status that bindings to `^/app`, to `/files/` and to a group answer.
    #[track_caller]
    fn check(path: &str, status: &str) {
        let bindings = r#"
            {"pattern": "^/app", "object": {"type": "Origin", "config": {"status": 201}}},
            {"pattern": "/files/", "object": {"type": "Origin", "config": {"status": 202}}},
            {"pattern": "^(/group)?/.", "object": {"type": "Origin", "config": {"status": 203}}}"#;
        let config = format!(
            r#"{{"handler": {{"type": "DispatchServlet", "config": {{"bindings": [{bindings}]}}}}}}"#
        );
        let shown = play(&config, &format!("GET {path}")).unwrap();
        assert!(shown.contains(&format!("{status} ")), "{path}: {shown}");
    }

    #[test]
    fn the_first_pattern_that_takes_whole_segments_answers() {
        check("/app", "201");
        check("/app/page", "201");
        check("/application", "404");
        check("/app%2Dlication/files/x", "202");
        check("/files/app", "202");
        check("/group/x", "203");
        check("/other", "404");
    }

    #[test]
    fn the_request_stays_as_it_is() {
        check_handler(
            "DispatchServlet",
            r#"{"bindings": [{"pattern": ".*", "object": {"type": "Origin"}}]}"#,
            "GET /p%20q?r=s",
            expect![[r#"
                GET http://app.example/p%20q?r=s

                200 OK
            "#]],
        );
    }

    #[test]
    fn names_what_replaces_it() {
        check_complaints(
            r#"{"handler": {"type": "DispatchServlet", "config": {"bindings": [
  {"pattern": "(", "object": "ClientHandler"},
  {"pattern": "a", "object": "TransactionIdOutboundFilter"}
]}}}"#,
            expect![[r#"
                warning[PC0311]: `DispatchServlet` is an object type of older releases; write a `DispatchHandler` with conditions such as `${find(request.uri.path, '^/app')}`
                 --> config.json:1:22
                  |
                1 | {"handler": {"type": "DispatchServlet", "config": {"bindings": [
                  |                      ^^^^^^^^^^^^^^^^^
                error[PC0302]: DispatchServlet: the group has no closing `)`
                 --> config.json:2:15
                  |
                2 |   {"pattern": "(", "object": "ClientHandler"},
                  |               ^^^
                error[PC0307]: `TransactionIdOutboundFilter` is a Filter (TransactionIdOutboundFilter), but a Handler is needed here
                 --> config.json:3:30
                  |
                3 |   {"pattern": "a", "object": "TransactionIdOutboundFilter"}
                  |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
