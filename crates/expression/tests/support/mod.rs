//! A scope for tests, and the helper that evaluates in it.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(unreachable_pub, reason = "a module of several test binaries, not of a library")]

use std::borrow::Cow;

use expect_test::Expect;
use expression::{Bindings, Now, Object, Root, Scope, Template, Value};
use serde_json::json;

/// Compiles, evaluates, and compares what comes out, with problems or errors in full.
#[track_caller]
pub fn check(text: &str, expected: Expect) {
    let shown = match Template::compile(text, &bindings()) {
        Ok(template) => match template.evaluate(&TestScope::new()) {
            Ok(value) => format!("{:?}", value.into_owned()),
            Err(error) => format!("error: {error}"),
        },
        Err(problems) => {
            let lines: Vec<_> = problems.iter().map(|problem| show(text, problem)).collect();
            lines.join("\n")
        }
    };
    expected.assert_eq(&shown);
}

/// A problem with its code and the text that it marks.
pub fn show(text: &str, problem: &expression::Problem) -> String {
    let marked = text.get(problem.range.clone()).unwrap_or("<no such range>");
    format!("{} at {:?} `{marked}`: {problem}", problem.kind.code(), problem.range)
}

/// The names of what is used.
pub fn set_flags(uses: expression::Uses) -> String {
    let flags = format!("{uses:?}");
    let set = flags.split([',', '{', '}']).filter_map(|flag| flag.trim().strip_suffix(": true"));
    set.collect::<Vec<_>>().join(" ")
}

pub fn bindings() -> Bindings {
    let map = |json: serde_json::Value| match Value::from(json) {
        Value::Map(map) => (*map).clone(),
        _ => unreachable!("only objects are given"),
    };
    Bindings::new(
        map(json!({ "HOME": "/home/ig", "USER": "ig" })),
        map(json!({ "user.dir": "/" })),
        map(json!({ "configDirectory": "/opt/ig/config" })),
    )
    .child(map(json!({ "nested": { "deep": { "key": "above" } }, "hidden": 1 })))
    .child(map(json!({ "nested": { "deep": { "key": "value" }, "list": [1, 2] } })))
    .with_extras(["token", "entity"])
}

/// `GET /css/a.css` with two headers, a session and no response.
pub struct TestScope {
    request: TestRequest,
    session: Value<'static>,
    token: Value<'static>,
}

impl TestScope {
    pub fn new() -> TestScope {
        TestScope {
            request: TestRequest {
                method: "GET".to_owned(),
                path: "/css/a.css".to_owned(),
                headers: Headers,
            },
            session: Value::from(json!({
                "user": "anna", "roles": ["user", "admin"], "pattern": "^an", "broken": "(",
            })),
            token: Value::from(json!({ "scope": "openid" })),
        }
    }
}

impl Scope for TestScope {
    fn root(&self, root: Root) -> Value<'_> {
        match root {
            Root::Request => Value::object(&self.request),
            Root::Session => self.session.view(),
            Root::Now => Value::shared(std::sync::Arc::new(Now::from_epoch_millis(784_111_777_123))),
            Root::Previous => Value::text("before"),
            _ => Value::Null,
        }
    }

    fn extra(&self, name: &str) -> Value<'_> {
        match name {
            "token" => self.token.view(),
            _ => Value::Null,
        }
    }
}

struct TestRequest {
    method: String,
    path: String,
    headers: Headers,
}

impl Object for TestRequest {
    fn type_name(&self) -> &'static str {
        "Request"
    }

    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "method" => Value::text(&self.method),
            // The URI is this object again, which has a path and a text.
            "uri" => Value::object(self),
            "path" => Value::text(&self.path),
            "headers" => Value::object(&self.headers),
            "kind" => Value::object(&Kind),
            _ => Value::Null,
        }
    }

    fn call(&self, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        match (method, arguments) {
            ("greet", [whom]) => Some(Value::owned_text(format!("hello {}", whom.to_text()))),
            _ => None,
        }
    }

    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.path))
    }

    fn snapshot(&self) -> Value<'static> {
        Value::owned_text("a request")
    }
}

struct Headers;

impl Object for Headers {
    fn type_name(&self) -> &'static str {
        "Headers"
    }

    fn property(&self, name: &str) -> Value<'_> {
        match name.to_ascii_lowercase().as_str() {
            "host" => Value::list(vec![Value::text("example.com")]),
            _ => Value::Null,
        }
    }

    fn len(&self) -> Option<usize> {
        Some(1)
    }

    fn keys(&self) -> Vec<String> {
        vec!["host".to_owned()]
    }
}

struct Kind;

impl Object for Kind {
    fn type_name(&self) -> &'static str {
        "Kind"
    }

    fn property(&self, _: &str) -> Value<'_> {
        Value::Null
    }

    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("BASIC"))
    }
}
