//! `HeaderFilter`: removes, replaces and adds header fields.

use exchange::{Context, Edit, Exchange, Fault, FilterRef, HeaderValue, Headers, Request, Response};
use expression::Expr;
use heap::{Builder, FieldName, ObjectConfig};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Removes header fields from a message, replaces some, then adds others.
///
/// Removal comes first, so a name that is removed and added is replaced.
///
/// ```json
/// {
///   "type": "HeaderFilter",
///   "config": {
///     "messageType": "REQUEST",
///     "remove": ["x-internal"],
///     "add": { "x-method": ["${request.method}"] }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeaderFilter {
    /// Which message to change.
    message_type: MessageType,
    /// Names of the fields to remove.
    #[serde(default)]
    remove: Vec<FieldName>,
    /// Fields whose present values are removed before these are added.
    #[serde(default)]
    replace: IndexMap<FieldName, Vec<Expr<String>>>,
    /// Fields to add. A value that evaluates to null adds nothing.
    #[serde(default)]
    add: IndexMap<FieldName, Vec<Expr<String>>>,
}

/// The message a filter works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum MessageType {
    Request,
    Response,
}

impl ObjectConfig for HeaderFilter {
    const TYPE: &'static str = "HeaderFilter";
    type Object = FilterRef;

    fn build(self, _: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::edit(self)) // Nothing to prepare: the configuration is the filter.
    }
}

impl Edit for HeaderFilter {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        if self.message_type == MessageType::Request {
            let (replaced, added) = self.evaluate(cx.scope(request));
            self.apply(&mut request.headers, replaced, added);
        }
        Ok(())
    }

    fn response(&self, cx: &mut Context, request: &Request, response: &mut Response) -> Result<(), Fault> {
        if self.message_type == MessageType::Response {
            let (replaced, added) = self.evaluate(cx.scope(request).with(response));
            self.apply(&mut response.headers, replaced, added);
        }
        Ok(())
    }
}

type Values<'a> = Vec<(&'a FieldName, HeaderValue)>;

impl HeaderFilter {
    /// All values, before the first change: an expression must not see half of the edit.
    fn evaluate(&self, scope: Exchange<'_>) -> (Values<'_>, Values<'_>) {
        (evaluate(&self.replace, scope), evaluate(&self.add, scope))
    }

    fn apply(&self, headers: &mut Headers, replaced: Values<'_>, added: Values<'_>) {
        for name in self.remove.iter().chain(self.replace.keys()) {
            headers.remove(&name.0);
        }
        for (name, value) in replaced.into_iter().chain(added) {
            headers.append(name.0.clone(), value);
        }
    }
}

fn evaluate<'f>(fields: &'f IndexMap<FieldName, Vec<Expr<String>>>, scope: Exchange<'_>) -> Values<'f> {
    let mut values = Vec::with_capacity(fields.len());
    for (name, expressions) in fields {
        for expression in expressions {
            let Some(text) = expression.text(&scope) else { continue };
            match HeaderValue::from_str(&text) {
                Ok(value) => values.push((name, value)),
                Err(_) => tracing::warn!(header = %name.0, "A value with control characters was not added."),
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use crate::testing::check_filter;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, request: &str, expected: Expect) {
        check_filter("HeaderFilter", config, request, expected);
    }

    #[test]
    fn removes_before_adding() {
        check(
            r#"{"messageType": "REQUEST", "remove": ["x"], "add": {"X": ["2", "${request.method}"]}}"#,
            "GET /a\nx: 1",
            expect![[r#"
                GET http://app.example/a
                x: 2
                x: GET

                200 OK
            "#]],
        );
    }
}
