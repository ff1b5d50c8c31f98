//! `EntityExtractFilter`: finds patterns in an entity, such as a hidden field of a login page.

use std::collections::HashSet;

use encoding_rs::Encoding;
use exchange::{
    Context, ExchangeMut, Fault, FaultKind, Filter, FilterRef, Next, Outcome, Prepare, Request, Response,
};
use expression::{LValue, Pattern, Replacement, Uses, Value};
use heap::{Builder, JavaPattern, ObjectConfig, Spanned};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::charset;
use super::header_filter::MessageType;

/// Finds patterns in an entity and keeps what they match.
///
/// The result is a map with one entry per binding. The entity is buffered as a whole, and at most 16 MiB of it
/// are searched.
///
/// ```json
/// {
///   "type": "EntityExtractFilter",
///   "config": {
///     "messageType": "RESPONSE",
///     "target": "${attributes.loginPage}",
///     "bindings": [
///       {
///         "key": "nonce",
///         "pattern": "name=\"nonce\" value=\"([^\"]*)\"",
///         "template": "$1"
///       }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntityExtractFilter {
    /// Which message to look into.
    message_type: MessageType,
    /// The charset of the entity, whatever its `Content-Type` says. Without either, an entity is read as
    /// UTF-8 if it can be, else as Latin-1.
    charset: Option<Spanned<String>>,
    /// Where to put the map of results.
    target: LValue,
    /// What to look for.
    bindings: Vec<BindingConfig>,
}

/// One thing to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BindingConfig {
    /// The name of the result in the map. No two bindings may share one.
    key: Spanned<String>,
    /// What to find; the first match counts. Without a match the result is null.
    pattern: JavaPattern,
    /// What to keep of the match, with `$1` for its first group. When absent, the whole match.
    template: Option<Spanned<String>>,
}

impl ObjectConfig for EntityExtractFilter {
    const TYPE: &'static str = "EntityExtractFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let charset = match &self.charset {
            None => None,
            Some(name) => Some(charset::charset_named(name).ok_or_else(|| {
                b.error(format!("`{}` is not a charset; use for example UTF-8", **name), Some(name.span()))
            })?),
        };
        let mut keys = HashSet::new();
        if let Some(again) = self.bindings.iter().find(|binding| !keys.insert(binding.key.as_str())) {
            let message = format!("two bindings have the key `{}`; rename one", *again.key);
            return Err(b.error(message, Some(again.key.span())));
        }
        let bindings = self.bindings.into_iter().map(|binding| binding.build(b)).collect::<Result<_, _>>()?;
        Ok(FilterRef::new(Extract {
            message_type: self.message_type,
            charset,
            target: self.target,
            bindings,
        }))
    }
}

impl BindingConfig {
    fn build(self, b: &Builder<'_>) -> Result<Binding, Diagnostic> {
        let pattern = self.pattern.0;
        let (template, span) = match &self.template {
            Some(template) => (template.as_str(), template.span()),
            None => ("$0", self.key.span()),
        };
        let template = Replacement::compile(template, &pattern)
            .map_err(|problem| b.error(format!("the template does not fit: {problem}"), Some(span)))?;
        Ok(Binding { key: self.key.into_inner(), pattern, template })
    }
}

struct Extract {
    message_type: MessageType,
    charset: Option<&'static Encoding>,
    target: LValue,
    bindings: Vec<Binding>,
}

struct Binding {
    key: String,
    pattern: Pattern,
    template: Replacement,
}

impl Filter for Extract {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        match self.message_type {
            MessageType::Request => {
                let uses = Uses { request_entity: true, ..Uses::default() };
                Prepare::request(uses, cx, request).await?;
                let results = self.search(request.body.bytes(), &request.headers);
                self.keep(results, cx.scope_mut(request));
                Ok(next.run(cx, request).await)
            }
            MessageType::Response => {
                let mut response = next.run(cx, request).await;
                buffer(&mut response, cx).await?;
                let results = self.search(response.body.bytes(), &response.headers);
                self.keep(results, cx.scope_mut(request).with(&mut response));
                Ok(response)
            }
        }
    }
}

impl Extract {
    fn search(&self, entity: Option<exchange::Bytes>, headers: &exchange::Headers) -> Value<'static> {
        let charset = self.charset.or_else(|| charset::charset_of(headers));
        let text = charset::decode(&entity.unwrap_or_default(), charset);
        let result = |binding: &Binding| {
            let found = binding.pattern.expand(&text, &binding.template);
            (binding.key.clone(), found.map_or(Value::Null, Value::owned_text))
        };
        Value::map(self.bindings.iter().map(result).collect::<IndexMap<_, _>>())
    }

    fn keep(&self, results: Value<'static>, mut scope: ExchangeMut<'_>) {
        if let Err(why) = self.target.assign(&mut scope, results) {
            tracing::warn!(target_place = ?self.target, "What was extracted could not be kept: {why}.");
        }
    }
}

async fn buffer(response: &mut Response, cx: &Context) -> Result<(), Fault> {
    let buffered = response.body.buffer(&cx.storage).await;
    buffered.map_err(|error| {
        Fault::new(FaultKind::BadGateway, "The response could not be buffered to extract from it.")
            .because(error)
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter, check_level};
    use expect_test::{Expect, expect};

    const PAGE: &str = "POST /login\nContent-Type: text/html\n\n<input name=\"a\" value=\"1\"><input name=\"b\" value=\"2\">";

    /// Extracts from the request and shows the results called `a`, `b` and `c`, and how many there are.
    #[track_caller]
    fn check(config: &str, request: &str, expected: Expect) {
        let extract = format!(r#"{{"type": "EntityExtractFilter", "config": {config}}}"#);
        let show = r#"{"type": "HeaderFilter", "config": {"messageType": "REQUEST", "add": {
            "a": ["${attributes.found.a}"], "b": ["${attributes.found.b}"], "c": ["${attributes.found.c}"],
            "count": ["${length(attributes.found)}"]}}}"#;
        check_filter("ChainOfFilters", &format!(r#"{{"filters": [{extract}, {show}]}}"#), request, expected);
    }

    #[test]
    fn keeps_matches_groups_and_nulls() {
        check(
            r#"{"messageType": "REQUEST", "target": "${attributes.found}", "bindings": [
                {"key": "a", "pattern": "value=\"[0-9]\""},
                {"key": "b", "pattern": "name=\"(b)\" value=\"([^\"]*)\"", "template": "$2-\\$-$1"},
                {"key": "c", "pattern": "password", "template": "$0"}
            ]}"#,
            PAGE,
            expect![[r#"
                POST http://app.example/login
                content-type: text/html
                a: value="1"
                b: 2-$-b
                count: 3

                <input name="a" value="1"><input name="b" value="2">

                200 OK
            "#]],
        );
    }

    #[test]
    fn an_empty_entity_matches_nothing() {
        check(
            r#"{"messageType": "REQUEST", "target": "${attributes.found}", "bindings": [{"key": "a", "pattern": "a"}]}"#,
            "GET /",
            expect![[r#"
                GET http://app.example/
                count: 1

                200 OK
            "#]],
        );
    }

    #[test]
    fn the_charset_can_be_set() {
        // The entity is UTF-8 on the wire, so read as Latin-1 its letter beyond ASCII is two.
        let config = |charset: &str| {
            format!(
                r#"{{"messageType": "REQUEST", {charset} "target": "${{attributes.found}}",
                    "bindings": [{{"key": "a", "pattern": "^.{{5}}$", "template": "five"}}]}}"#
            )
        };
        let request = "POST /\n\ncaf\u{e9}s";
        check(
            &config(""),
            request,
            expect![[r#"
            POST http://app.example/
            a: five
            count: 1

            cafés

            200 OK
        "#]],
        );
        check(
            &config(r#""charset": "ISO-8859-1","#),
            request,
            expect![[r#"
            POST http://app.example/
            count: 1

            cafés

            200 OK
        "#]],
        );
    }

    #[test]
    fn the_content_type_names_the_charset() {
        check(
            r#"{"messageType": "REQUEST", "target": "${attributes.found}",
                "bindings": [{"key": "a", "pattern": "^..$", "template": "two"}]}"#,
            "POST /\nContent-Type: text/plain; Charset=\"latin1\"\n\n\u{e9}",
            expect![[r#"
                POST http://app.example/
                content-type: text/plain; Charset="latin1"
                a: two
                count: 1

                é

                200 OK
            "#]],
        );
    }

    #[test]
    fn extracts_from_the_response() {
        check_level(
            r#"{"handler": {"type": "Chain", "config": {
                "filters": [
                    {"type": "HeaderFilter", "config": {"messageType": "RESPONSE",
                        "add": {"found": ["${attributes.found.n}"]}}},
                    {"type": "EntityExtractFilter", "config": {"messageType": "RESPONSE",
                        "target": "${attributes.found}",
                        "bindings": [{"key": "n", "pattern": "n=(\\d+)", "template": "$1"}]}}
                ],
                "handler": {"type": "Origin", "config": {"entity": "m=1 n=23"}}}}}"#,
            "GET /",
            expect![[r#"
                GET http://app.example/

                200 OK
                found: 23

                m=1 n=23
            "#]],
        );
    }

    #[test]
    fn mistakes_are_found_at_load() {
        check_mistakes(
            r#"{"messageType": "REQUEST"}"#,
            expect![[r#"
            error[PC0303]: EntityExtractFilter needs the field `target`
             --> config.json:1:127
              |
            1 | ...ilters": [{"type": "EntityExtractFilter", "config": {"messageType": "REQUEST"}}]}}}
              |                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
        );
        check_mistakes(
            r#"{"target": "${attributes.a}", "bindings": [{"key": "a", "pattern": "(a"}]}"#,
            expect![[r#"
                error[PC0303]: EntityExtractFilter needs the field `messageType`
                 --> config.json:1:127
                  |
                1 | ...tyExtractFilter", "config": {"target": "${attributes.a}", "bindings": [{"key": "a", "pattern": "(a"}]}}]}}}
                  |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0302]: EntityExtractFilter: the group has no closing `)`
                 --> config.json:1:194
                  |
                1 | ...rget": "${attributes.a}", "bindings": [{"key": "a", "pattern": "(a"}]}}]}}}
                  |                                                                   ^^^^
            "#]],
        );
    }

    #[test]
    fn mistakes_are_found_at_build() {
        let config =
            |rest: &str| format!(r#"{{"messageType": "REQUEST", "target": "${{attributes.a}}", {rest}}}"#);
        check_mistakes(
            &config(r#""charset": "utf-99", "bindings": []"#),
            expect![[r#"
            error[PC0313]: `utf-99` is not a charset; use for example UTF-8
             --> config.json:1:194
              |
            1 | ...ageType": "REQUEST", "target": "${attributes.a}", "charset": "utf-99", "bindings": []}}]}}}
              |                                                                 ^^^^^^^^
        "#]],
        );
        check_mistakes(
            &config(r#""bindings": [{"key": "a", "pattern": "a"}, {"key": "a", "pattern": "b"}]"#),
            expect![[r#"
                error[PC0313]: two bindings have the key `a`; rename one
                 --> config.json:1:234
                  |
                1 | ...ibutes.a}", "bindings": [{"key": "a", "pattern": "a"}, {"key": "a", "pattern": "b"}]}}]}}}
                  |                                                                   ^^^
            "#]],
        );
        check_mistakes(
            &config(r#""bindings": [{"key": "a", "pattern": "a", "template": "$1"}]"#),
            expect![[r#"
            error[PC0313]: the template does not fit: `$` refers to a group that the pattern does not have (write `\$` for a plain dollar sign)
             --> config.json:1:237
              |
            1 | ...tes.a}", "bindings": [{"key": "a", "pattern": "a", "template": "$1"}]}}]}}}
              |                                                                   ^^^^
        "#]],
        );
    }

    #[track_caller]
    fn check_mistakes(config: &str, expected: Expect) {
        let filter = format!(r#"{{"type": "EntityExtractFilter", "config": {config}}}"#);
        check_complaints(
            &format!(
                r#"{{"handler": {{"type": "Chain", "config": {{"handler": {{"type": "Origin"}}, "filters": [{filter}]}}}}}}"#
            ),
            expected,
        );
    }
}
