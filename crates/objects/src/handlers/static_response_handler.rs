//! `StaticResponseHandler`: an answer written in the configuration.

use crate::filters::charset::{charset_in, charset_of, encode};
use crate::header_text::HeaderText;
use encoding_rs::Encoding;
use exchange::{
    Body, Bytes, Context, Exchange, Handler, HandlerRef, HeaderName, Outcome, Request, Response, StatusCode,
    header,
};
use expression::{EmptyScope, Expr};
use heap::{Builder, ExpressionLines, FieldName, ObjectConfig, RawNode, Spanned};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Answers with a status, header fields and an entity that are written in the configuration.
///
/// Expressions are evaluated for each request. A `Content-Type` is sent only when it is configured; configure
/// one with every entity. The entity goes out in the charset that `Content-Type` names, else in UTF-8.
/// `Content-Length` and `Transfer-Encoding` are ignored, since they follow from the
/// entity.
///
/// ```json
/// {
///   "type": "StaticResponseHandler",
///   "config": {
///     "status": 200,
///     "headers": { "Content-Type": ["text/plain; charset=UTF-8"] },
///     "entity": ["You asked for", "${request.uri.path}"]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "properties that are accepted and ignored are never read")]
pub struct StaticResponseHandler {
    /// The status code, from 200 to 999.
    status: Spanned<i64>,
    /// A reason phrase other than the standard one. Only HTTP/1 has reason phrases.
    reason: Option<Spanned<String>>,
    /// Accepted and ignored: the version is that of the client's request.
    version: Option<RawNode>,
    /// Header fields and their values. A value that evaluates to null is left out.
    #[serde(default)]
    headers: IndexMap<FieldName, Vec<Spanned<Expr<String>>>>,
    /// Accepted and ignored: an answer this small needs no trailers.
    trailers: Option<RawNode>,
    /// The content: a string, or an array of strings that are joined by newlines. Null means none.
    entity: Option<ExpressionLines>,
}

impl ObjectConfig for StaticResponseHandler {
    const TYPE: &'static str = "StaticResponseHandler";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let status = u16::try_from(*self.status).ok().filter(|code| *code >= 200);
        let status = status.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status
            .ok_or_else(|| b.error("a status is a number from 200 to 999", Some(self.status.span())))?;
        if let Some(reason) = self.reason.as_ref().filter(|reason| reason.chars().any(char::is_control)) {
            return Err(b.error("a reason phrase is one line of text", Some(reason.span())));
        }
        let mut headers = Vec::new();
        for (name, values) in self.headers {
            if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&name.0) {
                continue;
            }
            for value in values {
                headers.extend(HeaderText::of(value, b)?.map(|value| (name.0.clone(), value)));
            }
        }
        let charset = Charset::of(&headers);
        let entity = self.entity.and_then(|ExpressionLines(entity)| Entity::of(entity, charset));
        Ok(HandlerRef::new(StaticResponse {
            status,
            reason: self.reason.map(Spanned::into_inner),
            headers,
            charset,
            entity,
        }))
    }
}

struct StaticResponse {
    status: StatusCode,
    reason: Option<String>,
    headers: Vec<(HeaderName, HeaderText)>,
    charset: Charset,
    entity: Option<Entity>,
}

/// Which charset the entity goes out in.
#[derive(Clone, Copy)]
enum Charset {
    AtLoad(Option<&'static Encoding>),
    /// The `Content-Type` is an expression.
    PerRequest,
}

impl Charset {
    fn of(headers: &[(HeaderName, HeaderText)]) -> Self {
        match headers.iter().find(|(name, _)| name == header::CONTENT_TYPE) {
            Some((_, HeaderText::Evaluated(_))) => Self::PerRequest,
            Some((_, HeaderText::Fixed(value))) => Self::AtLoad(value.to_str().ok().and_then(charset_in)),
            None => Self::AtLoad(None),
        }
    }
}

enum Entity {
    Fixed(Bytes),
    Evaluated(Expr<String>),
}

impl Entity {
    fn of(expression: Expr<String>, charset: Charset) -> Option<Self> {
        match charset {
            Charset::AtLoad(charset) if expression.is_constant() => {
                let text = expression.text(&EmptyScope)?.into_owned();
                Some(Self::Fixed(encode(text, charset)))
            }
            _ => Some(Self::Evaluated(expression)),
        }
    }

    fn body(&self, scope: Exchange<'_>, charset: Option<&'static Encoding>) -> Body {
        match self {
            Self::Fixed(bytes) => bytes.clone().into(),
            Self::Evaluated(expression) => expression
                .text(&scope)
                .map(|text| encode(text.into_owned(), charset).into())
                .unwrap_or_default(),
        }
    }
}

impl Handler for StaticResponse {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let scope = cx.scope(request);
        let mut response = Response::new(self.status);
        response.reason.clone_from(&self.reason);
        for (name, text) in &self.headers {
            if let Some(value) = text.value(name, scope) {
                response.headers.append(name.clone(), value);
            }
        }
        if let Some(entity) = &self.entity {
            let charset = match self.charset {
                Charset::AtLoad(charset) => charset,
                Charset::PerRequest => charset_of(&response.headers),
            };
            response.body = entity.body(scope, charset);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_handler};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(config: &str, request: &str, expected: Expect) {
        check_handler("StaticResponseHandler", config, request, expected);
    }

    #[track_caller]
    fn check_refused(config: &str, expected: Expect) {
        let config = format!(r#"{{"handler": {{"type": "StaticResponseHandler", "config": {config}}}}}"#);
        check_complaints(&config, expected);
    }

    #[test]
    fn answers_with_what_is_written() {
        check(
            r#"{"status": 200, "headers": {"Content-Type": ["text/plain; charset=UTF-8"]}, "entity": "Hello world!"}"#,
            "GET /",
            expect![[r#"
                200 OK
                content-type: text/plain; charset=UTF-8

                Hello world!
            "#]],
        );
        check(
            r#"{"status": 418, "reason": "Short and stout", "version": "HTTP/1.0"}"#,
            "GET /",
            expect![[r#"
            418 Short and stout
        "#]],
        );
    }

    #[test]
    fn status_may_come_from_an_expression_at_load() {
        check(
            r#"{"status": "${200 + 4}"}"#,
            "GET /",
            expect![[r#"
            204 No Content
        "#]],
        );
    }

    #[test]
    fn expressions_are_evaluated_per_request() {
        check(
            r#"{"status": 200, "headers": {"X": ["1", "${request.method}", "${attributes.absent}", null]},
                "entity": "path ${request.uri.path}, body ${request.entity.string}"}"#,
            "POST /a\n\nb",
            expect![[r#"
                200 OK
                x: 1
                x: POST

                path /a, body b
            "#]],
        );
    }

    #[test]
    fn lines_of_an_entity_are_joined() {
        check(
            r#"{"status": 200, "entity": ["<html>", "  ${request.uri.path}", "</html>"]}"#,
            "GET /a",
            expect![[r#"
                200 OK

                <html>
                  /a
                </html>
            "#]],
        );
    }

    #[test]
    fn an_entity_that_is_null_is_empty() {
        check(
            r#"{"status": 200, "entity": "${attributes.absent}"}"#,
            "GET /",
            expect![[r#"
            200 OK
        "#]],
        );
        check(
            r#"{"status": 200, "entity": null}"#,
            "GET /",
            expect![[r#"
            200 OK
        "#]],
        );
        check(
            r#"{"status": 200, "entity": []}"#,
            "GET /",
            expect![[r#"
            200 OK
        "#]],
        );
    }

    #[test]
    fn the_charset_of_the_content_type_applies() {
        #[track_caller]
        fn check_type(content_type: &str, entity: &str, expected: Expect) {
            let headers = format!(r#"{{"Content-Type": ["{content_type}"]}}"#);
            let config = format!(r#"{{"status": 200, "headers": {headers}, "entity": "{entity}"}}"#);
            check(&config, "GET /", expected);
        }
        // What is not UTF-8 is shown as a replacement character.
        check_type(
            "text/plain; charset=ISO-8859-1",
            "é",
            expect![[r#"
            200 OK
            content-type: text/plain; charset=ISO-8859-1

            �
        "#]],
        );
        check_type(
            "text/plain; charset=ISO-8859-1",
            "é ${request.method} 中",
            expect![[r#"
            200 OK
            content-type: text/plain; charset=ISO-8859-1

            � GET &#20013;
        "#]],
        );
        check_type(
            "text/plain; charset=latin${length(request.method) - 2}",
            "é",
            expect![[r#"
                200 OK
                content-type: text/plain; charset=latin1

                �
            "#]],
        );
    }

    #[test]
    fn framing_is_not_configurable() {
        check(
            r#"{"status": 200, "headers": {"Content-Length": ["99"], "Transfer-Encoding": ["chunked"]}, "entity": "a"}"#,
            "GET /",
            expect![[r#"
                200 OK

                a
            "#]],
        );
    }

    #[test]
    fn a_value_cannot_smuggle_a_header() {
        check(
            r#"{"status": 200, "headers": {"x": ["${urlDecode(request.uri.rawQuery)}"]}}"#,
            "GET /?a%0d%0ab:c",
            expect![[r#"
                200 OK
            "#]],
        );
    }

    #[test]
    fn mistakes_are_found_at_load() {
        check_refused(
            "{}",
            expect![[r#"
            error[PC0303]: StaticResponseHandler needs the field `status`
             --> config.json:1:57
              |
            1 | {"handler": {"type": "StaticResponseHandler", "config": {}}}
              |                                                         ^^
        "#]],
        );
        check_refused(
            r#"{"status": 101}"#,
            expect![[r#"
            error[PC0313]: a status is a number from 200 to 999
             --> config.json:1:68
              |
            1 | {"handler": {"type": "StaticResponseHandler", "config": {"status": 101}}}
              |                                                                    ^^^
        "#]],
        );
        check_refused(
            r#"{"status": 200, "reason": "a\r\nb: c"}"#,
            expect![[r#"
            error[PC0313]: a reason phrase is one line of text
             --> config.json:1:83
              |
            1 | {"handler": {"type": "StaticResponseHandler", "config": {"status": 200, "reason": "a\r\nb: c"}}}
              |                                                                                   ^^^^^^^^^^^
        "#]],
        );
        check_refused(
            r#"{"status": 200, "headers": {"x": ["a\nb"]}}"#,
            expect![[r#"
                error[PC0313]: a header value is one line without control characters
                 --> config.json:1:91
                  |
                1 | {"handler": {"type": "StaticResponseHandler", "config": {"status": 200, "headers": {"x": ["a\nb"]}}}}
                  |                                                                                           ^^^^^^
            "#]],
        );
        check_refused(
            r#"{"status": 200, "entity": ["a", 1]}"#,
            expect![[r#"
            error[PC0302]: StaticResponseHandler: each line of a text must be a string
             --> config.json:1:89
              |
            1 | {"handler": {"type": "StaticResponseHandler", "config": {"status": 200, "entity": ["a", 1]}}}
              |                                                                                         ^
        "#]],
        );
        check_refused(
            "{\"status\": 200, \"entity\": [\"a\",\n \"${request.\"]}",
            expect![[r#"
            error[PC0200]: the expression has no closing `}`
             --> config.json:2:13
              |
            2 |  "${request."]}}}
              |             ^
              |
              = help: add `}` at its end
        "#]],
        );
    }
}
