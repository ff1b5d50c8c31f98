//! `LocationHeaderFilter`: keeps redirects of the origin on the gateway.

use exchange::{
    BaseUri, Context, Edit, Exchange, Fault, FilterRef, HeaderName, HeaderValue, Request, Response,
    RouterContext, header,
};
use expression::{EmptyScope, Expr};
use heap::{Builder, ObjectConfig, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::location::Location;
use crate::decorators::parse_base_uri;

/// Rewrites scheme, host and port of `Location` and `Content-Location` in responses.
///
/// An origin that redirects to its own name would lead the client past the gateway. Every absolute http or
/// https location is rewritten, whatever its host; a relative one leads to the gateway already and is left
/// alone. Behind a filter that redirects to somebody else on purpose, such as to a login page, this filter
/// has no place.
///
/// ```json
/// {
///   "type": "LocationHeaderFilter",
///   "config": { "baseURI": "https://www.example.com" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocationHeaderFilter {
    /// The scheme, host and port to write; path and query are not looked at. When absent, those of the
    /// request as the client sent it. Null is answered with 500.
    #[serde(rename = "baseURI")]
    base_uri: Option<Spanned<Expr<String>>>,
}

impl ObjectConfig for LocationHeaderFilter {
    const TYPE: &'static str = "LocationHeaderFilter";
    const ALIASES: &'static [&'static str] = &["RedirectFilter"];
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let base = match self.base_uri {
            None => Base::Original,
            Some(expression) if expression.is_constant() => {
                let text = expression.text(&EmptyScope).unwrap_or_default();
                let base = parse_base_uri(&text)
                    .map_err(|error| b.error(format!("baseURI: {error}"), Some(expression.span())))?;
                Base::Fixed(base)
            }
            Some(expression) => Base::Computed(expression.into_inner()),
        };
        Ok(FilterRef::edit(Rebase { base }))
    }
}

struct Rebase {
    base: Base,
}

enum Base {
    Original,
    Fixed(BaseUri),
    Computed(Expr<String>),
}

impl Edit for Rebase {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        // Without a router nobody has written down the original yet, and a `baseURI` may be next.
        if matches!(self.base, Base::Original) && cx.router.is_none() {
            cx.router = Some(RouterContext { original_uri: request.uri.clone() });
        }
        Ok(())
    }

    fn response(&self, cx: &mut Context, request: &Request, response: &mut Response) -> Result<(), Fault> {
        for name in [header::LOCATION, header::CONTENT_LOCATION] {
            if let Some(rewritten) = self.rewrite(&name, cx, request, response)? {
                response.headers.insert(name, rewritten);
            }
        }
        Ok(())
    }
}

impl Rebase {
    fn rewrite(
        &self,
        name: &HeaderName,
        cx: &Context,
        request: &Request,
        response: &Response,
    ) -> Result<Option<HeaderValue>, Fault> {
        let Some(text) = response.headers.text(name) else { return Ok(None) };
        let location = Location::parse(text);
        if location.authority.is_none() || !location.is_http() {
            return Ok(None);
        }
        let base = self.base(cx, request, cx.scope(request).with(response))?;
        let rewritten = HeaderValue::from_str(&format!("{base}{}{}", location.path, location.tail));
        rewritten
            .map(Some)
            .map_err(|error| Fault::internal(format!("{name} cannot be rewritten.")).because(error))
    }

    fn base(&self, cx: &Context, request: &Request, scope: Exchange<'_>) -> Result<BaseUri, Fault> {
        match &self.base {
            Base::Fixed(base) => Ok(base.clone()),
            Base::Original => {
                Ok(BaseUri::from(cx.router.as_ref().map_or(&request.uri, |router| &router.original_uri)))
            }
            Base::Computed(expression) => {
                let text = expression.text(&scope);
                let text = text.ok_or_else(|| Fault::internal("The baseURI of a location is null."))?;
                parse_base_uri(&text).map_err(|error| {
                    Fault::internal("The baseURI of a location is not valid.").because(error)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_level};
    use expect_test::{Expect, expect};

    /// Shows what becomes of the `Location` of an origin that stands at `http://origin.example:8081`.
    #[track_caller]
    fn check(config: &str, location: &str, expected: Expect) {
        let filter = format!(r#"{{"type": "LocationHeaderFilter", "config": {config}}}"#);
        let origin = format!(
            r#"{{"type": "Origin", "baseURI": "http://origin.example:8081",
                "config": {{"status": 302, "headers": {{"Location": "{location}"}}}}}}"#
        );
        check_level(
            &format!(
                r#"{{"heap": [{{"name": "baseURI", "type": "BaseUriDecorator"}}],
                    "handler": {{"type": "Chain", "config": {{"filters": [{filter}], "handler": {origin}}}}}}}"#
            ),
            "GET http://app.example/a",
            expected,
        );
    }

    #[test]
    fn the_original_request_is_the_default() {
        check(
            "{}",
            "http://origin.example:8081/login?goto=%2Fa#top",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: http://app.example/login?goto=%2Fa#top
        "#]],
        );
    }

    #[test]
    fn any_host_is_rewritten() {
        check(
            "{}",
            "https://other.example/x",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: http://app.example/x
        "#]],
        );
        check(
            "{}",
            "//other.example/x",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: http://app.example/x
        "#]],
        );
        check(
            "{}",
            "http://other.example",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: http://app.example
        "#]],
        );
        check(
            "{}",
            "http://other.example?a=b",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: http://app.example?a=b
        "#]],
        );
    }

    #[test]
    fn relative_and_foreign_schemes_stay() {
        check(
            "{}",
            "/login?goto=http://x.example/",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: /login?goto=http://x.example/
        "#]],
        );
        check(
            "{}",
            "next",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: next
        "#]],
        );
        check(
            "{}",
            "mailto:someone@example.com",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: mailto:someone@example.com
        "#]],
        );
        check(
            "{}",
            "myapp://callback/x",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: myapp://callback/x
        "#]],
        );
    }

    #[test]
    fn the_base_can_be_fixed_or_computed() {
        check(
            r#"{"baseURI": "https://www.example.com:8443/ignored"}"#,
            "http://origin.example:8081/x",
            expect![[r#"
            GET http://origin.example:8081/a

            302 Found
            location: https://www.example.com:8443/x
        "#]],
        );
        check(
            r#"{"baseURI": "https://${request.uri.host}.example.org"}"#,
            "http://origin.example:8081/x",
            expect![[r#"
                GET http://origin.example:8081/a

                302 Found
                location: https://origin.example.example.org/x
            "#]],
        );
    }

    #[test]
    fn a_base_that_is_null_or_not_valid_is_an_error() {
        check(
            r#"{"baseURI": "${attributes.base}"}"#,
            "http://origin.example:8081/x",
            expect![[r#"
            GET http://origin.example:8081/a

            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
        check(
            r#"{"baseURI": "${request.method}"}"#,
            "http://origin.example:8081/x",
            expect![[r#"
            GET http://origin.example:8081/a

            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn content_location_is_rewritten_too() {
        check_level(
            r#"{"handler": {"type": "Chain", "config": {
                "filters": [{"type": "LocationHeaderFilter", "config": {"baseURI": "https://www.example.com"}}],
                "handler": {"type": "Origin", "config": {"headers": {"Content-Location": "http://o.example/b"}}}}}}"#,
            "GET /a",
            expect![[r#"
                GET http://app.example/a

                200 OK
                content-location: https://www.example.com/b
            "#]],
        );
    }

    #[test]
    fn a_fixed_base_is_checked_at_load() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "LocationHeaderFilter", "config": {"baseURI": "www.example.com"}}
            ]}}}"#,
            expect![[r#"
                error[PC0313]: baseURI: `www.example.com` has no scheme; write for example http://app.example.com:8081
                 --> config.json:2:72
                  |
                2 |                 {"type": "LocationHeaderFilter", "config": {"baseURI": "www.example.com"}}
                  |                                                                        ^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
