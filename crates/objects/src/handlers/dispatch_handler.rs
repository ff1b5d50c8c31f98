//! `DispatchHandler`: the first handler whose condition holds answers.

use exchange::{BaseUri, Context, Fault, FaultKind, Handler, HandlerRef, Outcome, Request, Uri};
use expression::{EmptyScope, Expr};
use heap::{Builder, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Hands a request to the first handler in a list whose condition is true.
///
/// Conditions are evaluated in the order of the list. When none is true the answer is 404.
///
/// ```json
/// {
///   "type": "DispatchHandler",
///   "config": {
///     "bindings": [
///       {
///         "condition": "${find(request.uri.path, '^/api')}",
///         "baseURI": "http://api.example.com:8081",
///         "handler": "ReverseProxyHandler"
///       },
///       { "handler": { "type": "StaticResponseHandler", "config": { "status": 403 } } }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DispatchHandler {
    /// Conditions and handlers, tried in order.
    bindings: Vec<Binding>,
}

/// One case of a [`DispatchHandler`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Binding {
    /// When the handler takes the request; absent means always. Null, a value that is not a boolean, and an
    /// expression that fails count as false.
    condition: Option<Expr<bool>>,
    /// Answers the request.
    handler: Ref<HandlerRef>,
    /// Where the request is sent: scheme, host and port replace those of the request. A path other than `/`
    /// replaces the whole path; the query stays. An expression that yields no such URI answers 500.
    #[serde(rename = "baseURI")]
    base_uri: Option<Spanned<Expr<String>>>,
}

impl ObjectConfig for DispatchHandler {
    const TYPE: &'static str = "DispatchHandler";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let cases = self.bindings.into_iter().map(|binding| {
            let base = binding.base_uri.map(|base| base_of(base, b)).transpose()?;
            Ok(Case { condition: binding.condition, handler: b.get(&binding.handler), base })
        });
        Ok(HandlerRef::new(Dispatch { cases: cases.collect::<Result<_, Diagnostic>>()? }))
    }
}

/// A handler whose requests are sent to a base.
pub(super) fn always(handler: HandlerRef, base: Base) -> HandlerRef {
    HandlerRef::new(Dispatch { cases: vec![Case { condition: None, handler, base: Some(base) }] })
}

/// A base that is known at load is parsed, and refused, then.
pub(super) fn base_of(base: Spanned<Expr<String>>, b: &Builder<'_>) -> Result<Base, Diagnostic> {
    if !base.is_constant() {
        return Ok(Base::Evaluated(base.into_inner()));
    }
    let text = base.text(&EmptyScope).unwrap_or_default();
    match text.parse() {
        Ok(uri) => Ok(Base::Fixed(Target::of(&uri))),
        Err(error) => Err(b.error(format!("baseURI: {error}"), Some(base.span()))),
    }
}

struct Dispatch {
    cases: Vec<Case>,
}

struct Case {
    condition: Option<Expr<bool>>,
    handler: HandlerRef,
    base: Option<Base>,
}

pub(super) enum Base {
    Fixed(Target),
    Evaluated(Expr<String>),
}

/// What a base URI sets on a request.
pub(super) struct Target {
    base: BaseUri,
    /// Still encoded.
    path: Option<String>,
}

impl Target {
    fn of(uri: &Uri) -> Self {
        let path = Some(uri.raw_path()).filter(|path| *path != "/");
        Self { base: BaseUri::from(uri), path: path.map(str::to_owned) }
    }

    fn apply(&self, uri: &mut Uri) -> Result<(), Fault> {
        uri.rebase(&self.base);
        match &self.path {
            Some(path) => uri.set_raw_path(path).map_err(unusable),
            None => Ok(()),
        }
    }
}

impl Base {
    fn apply(&self, cx: &Context, request: &mut Request) -> Result<(), Fault> {
        let target = match self {
            Self::Fixed(target) => return target.apply(&mut request.uri),
            Self::Evaluated(expression) => {
                let scope = cx.scope(request);
                let text = expression.text(&scope);
                let text =
                    text.ok_or_else(|| Fault::internal("The baseURI of a binding evaluates to null."))?;
                Target::of(&text.parse().map_err(unusable)?)
            }
        };
        target.apply(&mut request.uri)
    }
}

fn unusable(error: exchange::UriError) -> Fault {
    Fault::internal("The baseURI of a binding cannot be used.").because(error)
}

impl Handler for Dispatch {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let holds = |case: &&Case| match &case.condition {
            Some(condition) => condition.is_true(&cx.scope(request)),
            None => true,
        };
        let Some(case) = self.cases.iter().find(holds) else {
            return Err(Fault::new(
                FaultKind::NotFound,
                "No binding of a DispatchHandler takes this request.",
            ));
        };
        if let Some(base) = &case.base {
            base.apply(cx, request)?;
        }
        Ok(case.handler.handle(cx, request).await)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_handler};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(bindings: &str, request: &str, expected: Expect) {
        check_handler("DispatchHandler", &format!(r#"{{"bindings": [{bindings}]}}"#), request, expected);
    }

    /// Sends to `base` and compares what the origin sees.
    #[track_caller]
    fn check_base(base: &str, request: &str, expected: Expect) {
        check(&format!(r#"{{"baseURI": "{base}", "handler": {{"type": "Origin"}}}}"#), request, expected);
    }

    const CASES: &str = r#"
        {"condition": "${request.method == 'PUT'}", "handler": {"type": "Origin", "config": {"status": 201}}},
        {"condition": "${find(request.uri.path, '^/a')}", "handler": {"type": "Origin", "config": {"status": 202}}},
        {"condition": "${find(request.uri.path, '^/a/b')}", "handler": {"type": "Origin", "config": {"status": 203}}}
    "#;

    #[test]
    fn the_first_that_holds_answers() {
        check(
            CASES,
            "GET /a/b",
            expect![[r#"
            GET http://app.example/a/b

            202 Accepted
        "#]],
        );
        check(
            CASES,
            "PUT /a/b",
            expect![[r#"
            PUT http://app.example/a/b

            201 Created
        "#]],
        );
    }

    #[test]
    fn none_is_404() {
        check(
            CASES,
            "GET /c",
            expect![[r#"
            404 Not Found
            content-type: text/plain; charset=utf-8

            404 Not Found
            Transaction transaction-1

        "#]],
        );
        check(
            "",
            "GET /",
            expect![[r#"
            404 Not Found
            content-type: text/plain; charset=utf-8

            404 Not Found
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn no_condition_always_holds() {
        check(
            r#"{"handler": {"type": "Origin"}}"#,
            "GET /",
            expect![[r#"
            GET http://app.example/

            200 OK
        "#]],
        );
    }

    #[test]
    fn what_is_no_boolean_does_not_hold() {
        check(
            r#"{"condition": "${lastElement(split(request.method, ' '))}", "handler": {"type": "Origin"}},
               {"condition": "${attributes.absent}", "handler": {"type": "Origin"}},
               {"condition": true, "handler": {"type": "Origin", "config": {"status": 203}}}"#,
            "GET /",
            expect![[r#"
                GET http://app.example/

                203 Non Authoritative Information
            "#]],
        );
    }

    #[test]
    fn conditions_may_look_at_the_entity() {
        check(
            r#"{"condition": "${contains(request.entity.string, 'b')}", "handler": {"type": "Origin"}}"#,
            "POST /\n\nabc",
            expect![[r#"
                POST http://app.example/

                abc

                200 OK
            "#]],
        );
    }

    #[test]
    fn a_base_replaces_scheme_host_and_port() {
        check_base(
            "https://b.example:8443",
            "GET /p%20q?r=s",
            expect![[r#"
            GET https://b.example:8443/p%20q?r=s

            200 OK
        "#]],
        );
        check_base(
            "https://b.example:8443/",
            "GET /p?r=s",
            expect![[r#"
            GET https://b.example:8443/p?r=s

            200 OK
        "#]],
        );
        check_base(
            "http://${request.headers['x'][0]}:81",
            "GET /p\nx: c.example",
            expect![[r#"
            GET http://c.example:81/p
            x: c.example

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_base_with_a_path_replaces_the_path_and_keeps_the_query() {
        check_base(
            "https://b.example:8443/new%20path?ignored",
            "GET /p?r=s",
            expect![[r#"
            GET https://b.example:8443/new%20path?r=s

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_base_that_is_none_is_500() {
        check_base(
            "${attributes.absent}",
            "GET /p",
            expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
        check_base(
            "${request.method}",
            "GET /p",
            expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn a_constant_base_is_checked_at_load() {
        check_complaints(
            r#"{"handler": {"type": "DispatchHandler", "config": {"bindings": [
  {"baseURI": "b.example:8443", "handler": "ClientHandler"}
]}}}"#,
            expect![[r#"
                error[PC0313]: baseURI: `b.example:8443` has no scheme; write for example http://app.example.com:8081
                 --> config.json:2:15
                  |
                2 |   {"baseURI": "b.example:8443", "handler": "ClientHandler"}
                  |               ^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
