//! `HeaderFilter`: removes, replaces and adds header fields.

use exchange::{
    Context, Edit, Exchange, Fault, FilterRef, HeaderName, HeaderValue, Headers, Request, Response,
};
use expression::Expr;
use heap::{Builder, FieldName, ObjectConfig, Spanned};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use crate::header_text::HeaderText;

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
    replace: IndexMap<FieldName, Vec<Spanned<Expr<String>>>>,
    /// Fields to add. A value that evaluates to null adds nothing.
    #[serde(default)]
    add: IndexMap<FieldName, Vec<Spanned<Expr<String>>>>,
}

/// The message a filter works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum MessageType {
    /// The request, on its way to the origin.
    Request,
    /// The response, on its way to the client.
    Response,
}

impl ObjectConfig for HeaderFilter {
    const TYPE: &'static str = "HeaderFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let replaced: Vec<HeaderName> = self.replace.keys().map(|name| name.0.clone()).collect();
        let mut added = Vec::new();
        for (name, values) in self.replace.into_iter().chain(self.add) {
            for value in values {
                added.extend(HeaderText::of(value, b)?.map(|value| (name.0.clone(), value)));
            }
        }
        let removed = self.remove.into_iter().map(|name| name.0).chain(replaced).collect();
        let is_constant = added.iter().all(|(_, value)| matches!(value, HeaderText::Fixed(_)));
        Ok(FilterRef::edit(HeaderChange { message_type: self.message_type, removed, added, is_constant }))
    }
}

/// A prepared filter: names to take out, then values to put in.
struct HeaderChange {
    message_type: MessageType,
    removed: Vec<HeaderName>,
    added: Vec<(HeaderName, HeaderText)>,
    /// Whether no value depends on the request.
    is_constant: bool,
}

impl Edit for HeaderChange {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        if self.message_type == MessageType::Request {
            let evaluated = if self.is_constant { Vec::new() } else { self.evaluate(cx.scope(request)) };
            self.apply(&mut request.headers, evaluated);
        }
        Ok(())
    }

    fn response(&self, cx: &mut Context, request: &Request, response: &mut Response) -> Result<(), Fault> {
        if self.message_type == MessageType::Response {
            let scope = cx.scope(request).with(response);
            let evaluated = if self.is_constant { Vec::new() } else { self.evaluate(scope) };
            self.apply(&mut response.headers, evaluated);
        }
        Ok(())
    }
}

impl HeaderChange {
    /// The values that need evaluation, in order: all of them before the first change, because an expression
    /// must not see half of the edit.
    fn evaluate(&self, scope: Exchange<'_>) -> Vec<Option<HeaderValue>> {
        let evaluated = self.added.iter().filter(|(_, value)| matches!(value, HeaderText::Evaluated(_)));
        evaluated.map(|(name, value)| value.value(name, scope)).collect()
    }

    fn apply(&self, headers: &mut Headers, evaluated: Vec<Option<HeaderValue>>) {
        for name in &self.removed {
            headers.remove(name);
        }
        let mut evaluated = evaluated.into_iter();
        for (name, value) in &self.added {
            let value = match value {
                HeaderText::Fixed(value) => Some(value.clone()),
                HeaderText::Evaluated(_) => evaluated.next().flatten(),
            };
            if let Some(value) = value {
                headers.append(name.clone(), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, request: &str, expected: Expect) {
        check_filter("HeaderFilter", config, request, expected);
    }

    const REQUEST: &str = "GET /a\nx: 1\nx: 2\ny: 3";

    #[test]
    fn removes_before_adding() {
        check(
            r#"{"messageType": "REQUEST", "remove": ["x"], "add": {"X": ["4", "${request.method}"]}}"#,
            REQUEST,
            expect![[r#"
                GET http://app.example/a
                y: 3
                x: 4
                x: GET

                200 OK
            "#]],
        );
    }

    #[test]
    fn adds_beside_what_is_there() {
        check(
            r#"{"messageType": "REQUEST", "add": {"y": ["4"], "z": []}}"#,
            REQUEST,
            expect![[r#"
            GET http://app.example/a
            x: 1
            x: 2
            y: 3
            y: 4

            200 OK
        "#]],
        );
    }

    #[test]
    fn replaces_every_value() {
        check(
            r#"{"messageType": "request", "replace": {"X": ["${request.headers['x'][1]}", "4"], "y": []}}"#,
            REQUEST,
            expect![[r#"
                GET http://app.example/a
                x: 2
                x: 4

                200 OK
            "#]],
        );
    }

    #[test]
    fn works_on_the_response() {
        check(
            r#"{"messageType": "RESPONSE", "remove": ["y"],
                "add": {"status": ["${response.status.code}"], "method": ["${request.method}"]}}"#,
            REQUEST,
            expect![[r#"
                GET http://app.example/a
                x: 1
                x: 2
                y: 3

                200 OK
                status: 200
                method: GET
            "#]],
        );
    }

    #[test]
    fn null_adds_nothing() {
        check(
            r#"{"messageType": "REQUEST", "add": {"z": ["${attributes.missing}", "${response.status.code}"]}}"#,
            "GET /",
            expect![[r#"
                GET http://app.example/

                200 OK
            "#]],
        );
    }

    #[test]
    fn a_value_with_a_line_break_is_not_added() {
        check(
            r#"{"messageType": "REQUEST", "add": {"z": ["${urlDecode(request.uri.rawQuery)}", "good"]}}"#,
            "GET /?a%0d%0aForged:1",
            expect![[r#"
                GET http://app.example/?a%0d%0aForged:1
                z: good

                200 OK
            "#]],
        );
    }

    #[test]
    fn nothing_to_do_is_fine() {
        check(
            r#"{"messageType": "REQUEST"}"#,
            "GET /\nx: 1",
            expect![[r#"
            GET http://app.example/
            x: 1

            200 OK
        "#]],
        );
    }

    #[test]
    fn mistakes_are_found_at_load() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "HeaderFilter", "config": {"messageType": "BOTH"}},
                {"type": "HeaderFilter", "config": {"remove": ["x"]}},
                {"type": "HeaderFilter", "config": {"messageType": "REQUEST", "remove": ["a b"], "ad": {}}}
            ]}}}"#,
            expect![[r#"
                error[PC0302]: HeaderFilter: `BOTH` is not one of `REQUEST`, `RESPONSE`
                 --> config.json:2:68
                  |
                2 |                 {"type": "HeaderFilter", "config": {"messageType": "BOTH"}},
                  |                                                                    ^^^^^^
                error[PC0303]: HeaderFilter needs the field `messageType`
                 --> config.json:3:52
                  |
                3 |                 {"type": "HeaderFilter", "config": {"remove": ["x"]}},
                  |                                                    ^^^^^^^^^^^^^^^^^
                error[PC0302]: HeaderFilter: `a b` cannot be the name of a header field
                 --> config.json:4:90
                  |
                4 |                 {"type": "HeaderFilter", "config": {"messageType": "REQUEST", "remove": ["a b"], "ad": {}}}
                  |                                                                                          ^^^^^
                warning[PC0304]: HeaderFilter has no field `ad`; it is ignored
                 --> config.json:4:98
                  |
                4 |                 {"type": "HeaderFilter", "config": {"messageType": "REQUEST", "remove": ["a b"], "ad": {}}}
                  |                                                                                                  ^^^^
                  |
                  = help: did you mean `add`?
            "#]],
        );
    }
}
