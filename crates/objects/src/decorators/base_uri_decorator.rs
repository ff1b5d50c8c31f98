//! `BaseUriDecorator`: where the requests of an object are sent. Known by its default name, `baseURI`.
//!
//! A base that leads back to a listener of this gateway would send a request round in circles. That is not
//! found here, where names and ports say too little, but by whoever sees the request come in again.

use std::str::FromStr;

use exchange::{BaseUri, Context, Edit, Fault, FilterRef, Request, Uri, UriError};
use expression::Expr;
use heap::{Builder, Declarer, Decoration, Decorator, DecoratorRef, ObjectConfig, Site};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use source::{Diagnostic, Node};

/// Sets scheme, host and port of a request before the decorated object gets it; path and query stay.
///
/// Every instance has one named `baseURI`, so `"baseURI": "http://app.example.com:8081"` can stand beside the
/// `type` of any handler or filter, and on a route. The value may be an expression, evaluated per request; one
/// that yields null or no http or https URI is answered with 500. A path in it, and user information, are not
/// looked at. The name of a host must not hold an underscore.
///
/// ```json
/// { "type": "BaseUriDecorator", "config": {} }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BaseUriDecorator {}

impl ObjectConfig for BaseUriDecorator {
    const TYPE: &'static str = "BaseUriDecorator";
    type Object = DecoratorRef;

    fn build(self, _: &mut Builder<'_>) -> Result<DecoratorRef, Diagnostic> {
        Ok(DecoratorRef::new(self))
    }
}

impl Decorator for BaseUriDecorator {
    fn decorate(&self, _: &Site<'_>, value: &Node, declarer: &mut Declarer<'_>) -> Decoration {
        let Some(expression) = declarer.read::<Expr<String>>(value, "baseURI") else {
            return Decoration::default();
        };
        let outer = if expression.is_constant() {
            // Read again, with the same place in the file for complaints.
            declarer.read::<FixedBase>(value, "baseURI").map(FilterRef::edit)
        } else {
            Some(FilterRef::edit(ComputedBase(expression)))
        };
        Decoration { outer, inner: None }
    }
}

/// Reads what a `baseURI` holds: an absolute http or https URI whose path, query and user information are not
/// looked at.
///
/// # Errors
/// What is missing or wrong in it.
pub(crate) fn parse_base_uri(text: &str) -> Result<BaseUri, UriError> {
    let mut uri = Uri::from_str(text)?;
    if uri.host().contains('_') {
        let host = uri.host();
        return Err(UriError(format!("`{host}` has an underscore, which the name of a host must not have")));
    }
    // Credentials in it would end up in the `Host` header.
    if let Some((_, host)) = uri.authority().as_str().rsplit_once('@') {
        let host = host.to_owned();
        uri.set_authority(&host)?;
    }
    Ok(BaseUri::from(&uri))
}

/// A base that is known at load, and sound.
struct FixedBase(BaseUri);

impl<'de> Deserialize<'de> for FixedBase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_base_uri(&text).map(Self).map_err(D::Error::custom)
    }
}

impl Edit for FixedBase {
    fn request(&self, _: &mut Context, request: &mut Request) -> Result<(), Fault> {
        request.uri.rebase(&self.0);
        Ok(())
    }
}

struct ComputedBase(Expr<String>);

impl Edit for ComputedBase {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        let text = self.0.text(&cx.scope(request)).map(|text| text.into_owned());
        let text = text.ok_or_else(|| {
            Fault::internal(format!("The baseURI {} is null.", self.0.template().outline()))
        })?;
        let base = parse_base_uri(&text).map_err(|error| {
            Fault::internal(format!("The baseURI {} is not valid.", self.0.template().outline()))
                .because(error)
        })?;
        request.uri.rebase(&base);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_level};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(value: &str, expected: Expect) {
        check_level(
            &format!(r#"{{"handler": {{"type": "Origin", "baseURI": {value}}}}}"#),
            "GET http://app.example:8080/a?b=c\nx-base: https://b.example",
            expected,
        );
    }

    #[test]
    fn sets_scheme_host_and_port() {
        check(
            r#""https://origin.example:8443""#,
            expect![[r#"
            GET https://origin.example:8443/a?b=c
            x-base: https://b.example

            200 OK
        "#]],
        );
        check(
            r#""http://origin.example""#,
            expect![[r#"
            GET http://origin.example/a?b=c
            x-base: https://b.example

            200 OK
        "#]],
        );
        check(
            r#""http://[::1]:81""#,
            expect![[r#"
            GET http://[::1]:81/a?b=c
            x-base: https://b.example

            200 OK
        "#]],
        );
    }

    #[test]
    fn path_and_user_information_of_the_base_are_not_looked_at() {
        check(
            r#""http://user:password@origin.example/ignored?too=1""#,
            expect![[r#"
            GET http://origin.example/a?b=c
            x-base: https://b.example

            200 OK
        "#]],
        );
    }

    #[test]
    fn may_be_computed() {
        check(
            r#""${request.headers['x-base'][0]}:1443""#,
            expect![[r#"
            GET https://b.example:1443/a?b=c
            x-base: https://b.example

            200 OK
        "#]],
        );
        check(
            r#""http://${env['MISSING'] == null ? 'fallback' : 'other'}.example""#,
            expect![[r#"
            GET http://fallback.example/a?b=c
            x-base: https://b.example

            200 OK
        "#]],
        );
    }

    #[test]
    fn null_or_what_is_not_valid_is_an_error() {
        check(
            r#""${request.headers['none'][0]}""#,
            expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
        check(
            r#""${request.method}""#,
            expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
        check(
            r#""http://${request.method}_x.example""#,
            expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn decorates_a_filter_and_what_stands_behind_it() {
        check_level(
            r#"{"handler": {"type": "Chain", "config": {
                "filters": [{"type": "HeaderFilter", "baseURI": "http://origin.example",
                    "config": {"messageType": "REQUEST", "add": {"host-seen": ["${request.uri.host}"]}}}],
                "handler": {"type": "Origin"}}}}"#,
            "GET /a",
            expect![[r#"
                GET http://origin.example/a
                host-seen: origin.example

                200 OK
            "#]],
        );
    }

    #[test]
    fn the_inner_one_has_the_last_word() {
        check_level(
            r#"{"globalDecorators": {"baseURI": "http://global.example"}, "baseURI": "http://level.example",
                "handler": {"type": "Origin", "baseURI": "http://own.example"}}"#,
            "GET /a",
            expect![[r#"
                GET http://own.example/a

                200 OK
            "#]],
        );
    }

    #[test]
    fn a_fixed_base_is_checked_at_load() {
        for (value, expected) in [
            (
                r#""app.example""#,
                expect![[r#"
                error[PC0302]: baseURI: `app.example` has no scheme; write for example http://app.example.com:8081
                 --> config.json:1:43
                  |
                1 | {"handler": {"type": "Origin", "baseURI": "app.example"}}
                  |                                           ^^^^^^^^^^^^^
            "#]],
            ),
            (
                r#""http://my_app.example""#,
                expect![[r#"
                error[PC0302]: baseURI: `my_app.example` has an underscore, which the name of a host must not have
                 --> config.json:1:43
                  |
                1 | {"handler": {"type": "Origin", "baseURI": "http://my_app.example"}}
                  |                                           ^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
            ),
            (
                r#""http://app.example:99999""#,
                expect![[r#"
                error[PC0302]: baseURI: `app.example:99999` has a port that is not a number from 0 to 65535
                 --> config.json:1:43
                  |
                1 | {"handler": {"type": "Origin", "baseURI": "http://app.example:99999"}}
                  |                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
            ),
            (
                r#""${env['MISSING']}""#,
                expect![[r#"
                error[PC0302]: baseURI: a string is needed here, found null
                 --> config.json:1:43
                  |
                1 | {"handler": {"type": "Origin", "baseURI": "${env['MISSING']}"}}
                  |                                           ^^^^^^^^^^^^^^^^^^^
            "#]],
            ),
            (
                "7",
                expect![[r#"
                error[PC0302]: baseURI: a string is needed here, found `7`
                 --> config.json:1:43
                  |
                1 | {"handler": {"type": "Origin", "baseURI": 7}}
                  |                                           ^
            "#]],
            ),
            (
                r#""${nonsense(}""#,
                expect![[r#"
                    error[PC0200]: expected a value, found the end of the expression
                     --> config.json:1:55
                      |
                    1 | {"handler": {"type": "Origin", "baseURI": "${nonsense(}"}}
                      |                                                       ^
                "#]],
            ),
        ] {
            check_complaints(
                &format!(r#"{{"handler": {{"type": "Origin", "baseURI": {value}}}}}"#),
                expected,
            );
        }
    }
}
