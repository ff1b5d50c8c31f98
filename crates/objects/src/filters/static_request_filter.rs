//! `StaticRequestFilter`: sends another request in place of the one that came.

use std::fmt::Write;
use std::str::FromStr;

use exchange::{
    Body, Context, Exchange, Fault, Filter, FilterRef, HeaderValue, Method, Next, Outcome, Request, Uri,
    Version, header,
};
use expression::Expr;
use heap::{Builder, ExpressionLines, FieldName, ObjectConfig, Spanned};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::form::urlencode;

/// Replaces the request by one of its own making. Nothing of the original is sent on, no header either,
/// unless an expression takes it over.
///
/// The original request is what filters in front of this one still see when the response comes back.
///
/// ```json
/// {
///   "type": "StaticRequestFilter",
///   "config": {
///     "method": "POST",
///     "uri": "http://app.example.com:8081/login",
///     "form": {
///       "user": ["${request.headers['x-user'][0]}"],
///       "action": ["login"]
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaticRequestFilter {
    /// The method.
    method: Spanned<String>,
    /// The absolute URI. Null, or what is not an http or https URI, is answered with 500.
    uri: Expr<String>,
    /// The version of HTTP, such as `HTTP/1.1`, as expressions show it. What is spoken with the origin is the
    /// matter of the handler that sends the request.
    version: Option<Spanned<String>>,
    /// Header fields. A value that evaluates to null adds nothing.
    #[serde(default)]
    headers: IndexMap<FieldName, Vec<Expr<String>>>,
    /// Fields of a form: the urlencoded entity of a POST, else parts of the query. A value that evaluates to
    /// null adds nothing.
    #[serde(default)]
    form: IndexMap<String, Vec<Expr<String>>>,
    /// The entity: a string, or an array of strings that are joined by newlines. Not together with `form` in a
    /// POST.
    entity: Option<Spanned<ExpressionLines>>,
}

impl ObjectConfig for StaticRequestFilter {
    const TYPE: &'static str = "StaticRequestFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let method = Method::from_str(&self.method).map_err(|_| {
            b.error(format!("`{}` cannot be the name of a method", *self.method), Some(self.method.span()))
        })?;
        let version = match &self.version {
            None => Version::HTTP_11,
            Some(version) => version_named(version).ok_or_else(|| {
                b.error(
                    format!("`{}` is not HTTP/1.0, HTTP/1.1 or HTTP/2.0", **version),
                    Some(version.span()),
                )
            })?,
        };
        if let Some(entity) = &self.entity
            && method == Method::POST
            && !self.form.is_empty()
        {
            let message = "a POST takes its entity from `form` or from `entity`, not from both";
            return Err(b.error(message, Some(entity.span())));
        }
        Ok(FilterRef::new(StaticRequest { method, version, config: self }))
    }
}

struct StaticRequest {
    method: Method,
    version: Version,
    config: StaticRequestFilter,
}

impl Filter for StaticRequest {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let mut made = self.make(cx.scope(request))?;
        Ok(next.run(cx, &mut made).await)
    }
}

impl StaticRequest {
    fn make(&self, scope: Exchange<'_>) -> Result<Request, Fault> {
        let uri = self.config.uri.text(&scope);
        let uri = uri.ok_or_else(|| Fault::internal("The uri of a StaticRequestFilter is null."))?;
        let uri = Uri::from_str(&uri).map_err(|error| {
            Fault::internal("The uri of a StaticRequestFilter is not valid.").because(error)
        })?;
        let mut request = Request::new(self.method.clone(), uri);
        request.version = self.version;
        for (name, values) in &self.config.headers {
            for value in values.iter().filter_map(|value| value.text(&scope)) {
                match HeaderValue::from_bytes(value.as_bytes()) {
                    Ok(value) => {
                        request.headers.append(name.0.clone(), value);
                    }
                    Err(_) => {
                        tracing::warn!(header = %name.0, "A value with control characters was not added.")
                    }
                }
            }
        }
        if let Some(entity) = self.config.entity.as_ref().and_then(|entity| entity.0.text(&scope)) {
            request.body = Body::from(entity.into_owned());
        }
        if !self.config.form.is_empty() {
            self.add_form(&mut request, scope)?;
        }
        Ok(request)
    }

    fn add_form(&self, request: &mut Request, scope: Exchange<'_>) -> Result<(), Fault> {
        let mut form = String::new();
        for (name, values) in &self.config.form {
            for value in values.iter().filter_map(|value| value.text(&scope)) {
                let separator = if form.is_empty() { "" } else { "&" };
                let _ =
                    write!(form, "{separator}{}={}", urlencode(name.as_bytes()), urlencode(value.as_bytes()));
            }
        }
        if self.method == Method::POST {
            let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers.insert(header::CONTENT_TYPE, form_type);
            request.body = Body::from(form);
            return Ok(());
        }
        let query = match request.uri.raw_query().filter(|query| !query.is_empty()) {
            Some(query) if form.is_empty() => query.to_owned(),
            Some(query) => format!("{query}&{form}"),
            None => form,
        };
        let query = Some(query).filter(|query| !query.is_empty());
        request
            .uri
            .set_raw_query(query.as_deref())
            .map_err(|error| Fault::internal("The form does not fit into the query.").because(error))
    }
}

fn version_named(name: &str) -> Option<Version> {
    match name.trim().to_ascii_uppercase().as_str() {
        "HTTP/1.0" => Some(Version::HTTP_10),
        "HTTP/1.1" => Some(Version::HTTP_11),
        "HTTP/2" | "HTTP/2.0" => Some(Version::HTTP_2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, expected: Expect) {
        check_filter("StaticRequestFilter", config, "PUT /a?b=c\nx: 1\n\nbody", expected);
    }

    #[test]
    fn nothing_of_the_original_is_sent() {
        check(
            r#"{"method": "GET", "uri": "http://other.example:81/x?y=z"}"#,
            expect![[r#"
            GET http://other.example:81/x?y=z

            200 OK
        "#]],
        );
    }

    #[test]
    fn expressions_take_things_over() {
        check(
            r#"{"method": "PATCH", "uri": "http://other.example${request.uri.path}",
                "headers": {"X": ["${request.headers['x'][0]}", "${null}", "2"]},
                "entity": ["was", "${request.entity}"]}"#,
            expect![[r#"
                PATCH http://other.example/a
                x: 1
                x: 2

                was
                body

                200 OK
            "#]],
        );
    }

    #[test]
    fn a_form_is_the_entity_of_a_post() {
        check(
            r#"{"method": "POST", "uri": "http://o.example/", "form":
                {"a b": ["1 & 2", "${request.method}"], "none": ["${attributes.none}"], "é": ["ü"]}}"#,
            expect![[r#"
                POST http://o.example/
                content-type: application/x-www-form-urlencoded

                a+b=1+%26+2&a+b=PUT&%C3%A9=%C3%BC

                200 OK
            "#]],
        );
    }

    #[test]
    fn a_form_is_the_query_otherwise() {
        check(
            r#"{"method": "GET", "uri": "http://o.example/?q=1", "form": {"a b": ["="]}}"#,
            expect![[r#"
            GET http://o.example/?q=1&a+b=%3D

            200 OK
        "#]],
        );
        check(
            r#"{"method": "GET", "uri": "http://o.example/", "form": {"a": []}}"#,
            expect![[r#"
            GET http://o.example/

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_form_may_stand_beside_an_entity_when_it_is_no_post() {
        check(
            r#"{"method": "PUT", "uri": "http://o.example/", "form": {"a": ["1"]}, "entity": "e", "version": "HTTP/1.0"}"#,
            expect![[r#"
                PUT http://o.example/?a=1

                e

                200 OK
            "#]],
        );
    }

    #[test]
    fn a_uri_that_is_null_or_not_valid_is_an_error() {
        check(
            r#"{"method": "GET", "uri": "${attributes.none}"}"#,
            expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
        check(
            r#"{"method": "GET", "uri": "/relative"}"#,
            expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn filters_in_front_still_see_the_original() {
        let show = r#"{"type": "HeaderFilter", "config": {"messageType": "RESPONSE",
            "add": {"seen": ["${request.method} ${request.uri}"]}}}"#;
        let made =
            r#"{"type": "StaticRequestFilter", "config": {"method": "GET", "uri": "http://o.example/"}}"#;
        check_filter(
            "ChainOfFilters",
            &format!(r#"{{"filters": [{show}, {made}]}}"#),
            "PUT /a",
            expect![[r#"
            GET http://o.example/

            200 OK
            seen: PUT http://app.example/a
        "#]],
        );
    }

    #[test]
    fn mistakes_are_found_at_load() {
        check_mistakes(
            "{}",
            expect![[r#"
                error[PC0303]: StaticRequestFilter needs the field `method`
                 --> config.json:1:127
                  |
                1 | {"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [{"type": "StaticRequestFilter", "config": {}}]}}}
                  |                                                                                                                               ^^
                error[PC0303]: StaticRequestFilter needs the field `uri`
                 --> config.json:1:127
                  |
                1 | {"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [{"type": "StaticRequestFilter", "config": {}}]}}}
                  |                                                                                                                               ^^
            "#]],
        );
        check_mistakes(
            r#"{"method": "A B", "uri": "http://o.example/"}"#,
            expect![[r#"
            error[PC0313]: `A B` cannot be the name of a method
             --> config.json:1:138
              |
            1 | ...lters": [{"type": "StaticRequestFilter", "config": {"method": "A B", "uri": "http://o.example/"}}]}}}
              |                                                                  ^^^^^
        "#]],
        );
        check_mistakes(
            r#"{"method": "GET", "uri": "http://o.example/", "version": "SPDY"}"#,
            expect![[r#"
            error[PC0313]: `SPDY` is not HTTP/1.0, HTTP/1.1 or HTTP/2.0
             --> config.json:1:184
              |
            1 | ...ig": {"method": "GET", "uri": "http://o.example/", "version": "SPDY"}}]}}}
              |                                                                  ^^^^^^
        "#]],
        );
        check_mistakes(
            r#"{"method": "POST", "uri": "http://o.example/", "form": {"a": ["b"]}, "entity": "c"}"#,
            expect![[r#"
                error[PC0313]: a POST takes its entity from `form` or from `entity`, not from both
                 --> config.json:1:206
                  |
                1 | ...", "uri": "http://o.example/", "form": {"a": ["b"]}, "entity": "c"}}]}}}
                  |                                                                   ^^^
            "#]],
        );
    }

    #[track_caller]
    fn check_mistakes(config: &str, expected: Expect) {
        let filter = format!(r#"{{"type": "StaticRequestFilter", "config": {config}}}"#);
        check_complaints(
            &format!(
                r#"{{"handler": {{"type": "Chain", "config": {{"handler": {{"type": "Origin"}}, "filters": [{filter}]}}}}}}"#
            ),
            expected,
        );
    }
}
