//! `ForwardedRequestFilter`: the name under which clients know this gateway, when a proxy stands in front.

use exchange::{
    Context, Exchange, Fault, Filter, FilterRef, Next, Outcome, Request, RouterContext, Scheme, Uri, UriError,
};
use expression::Expr;
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Corrects `contexts.router.originalUri`, so that redirects which filters make lead to the outside name.
///
/// It changes what runs behind it only, and not the request itself. Take values from forwarded headers only
/// when nobody but your own proxy can reach the gateway: else a client chooses where its users are sent.
///
/// ```json
/// {
///   "type": "ForwardedRequestFilter",
///   "config": {
///     "scheme": "https",
///     "host": "www.example.com",
///     "port": 443
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForwardedRequestFilter {
    /// The scheme, `http` or `https`. At least one of `scheme`, `host` and `port` is needed; what is absent
    /// or evaluates to null stays as it is.
    scheme: Option<Expr<String>>,
    /// The host, without a port.
    host: Option<Expr<String>>,
    /// The port, 0 to 65535. `-1` stands for the scheme's own.
    port: Option<Expr<i64>>,
}

impl ObjectConfig for ForwardedRequestFilter {
    const TYPE: &'static str = "ForwardedRequestFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        if self.scheme.is_none() && self.host.is_none() && self.port.is_none() {
            return Err(
                b.error("ForwardedRequestFilter needs at least one of `scheme`, `host` and `port`", None)
            );
        }
        Ok(FilterRef::new(self))
    }
}

impl Filter for ForwardedRequestFilter {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let mut original_uri = match &cx.router {
            Some(router) => router.original_uri.clone(),
            None => request.uri.clone(),
        };
        self.correct(&mut original_uri, cx.scope(request)).map_err(|error| {
            Fault::bad_request("The forwarded scheme, host or port is not valid.").because(error)
        })?;
        let before = cx.router.replace(RouterContext { original_uri });
        let response = next.run(cx, request).await;
        cx.router = before;
        Ok(response)
    }
}

impl ForwardedRequestFilter {
    fn correct(&self, uri: &mut Uri, scope: Exchange<'_>) -> Result<(), UriError> {
        if let Some(scheme) = self.scheme.as_ref().and_then(|scheme| scheme.text(&scope)) {
            uri.set_scheme(scheme.parse::<Scheme>()?);
        }
        if let Some(host) = self.host.as_ref().and_then(|host| host.text(&scope)) {
            // The setter joins the parts, so a host that brings its own separators could move them.
            if host.contains(['@', '/', '?', '#', '\\']) {
                return Err(UriError(format!("`{host}` is not a host")));
            }
            uri.set_host(&host)?;
        }
        match self.port.as_ref().and_then(|port| port.integer(&scope)) {
            None => Ok(()),
            Some(-1) => uri.set_port(None),
            Some(port) => {
                let port = u16::try_from(port).map_err(|_| UriError(format!("{port} is not a port")))?;
                uri.set_port(Some(port))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    /// Shows the original URI before, behind and after the filter.
    #[track_caller]
    fn check(config: &str, request: &str, expected: Expect) {
        let show = |message: &str, name: &str| {
            format!(
                r#"{{"type": "HeaderFilter", "config": {{"messageType": "{message}",
                    "add": {{"{name}": ["${{contexts.router.originalUri}}"]}}}}}}"#
            )
        };
        let filter = format!(r#"{{"type": "ForwardedRequestFilter", "config": {config}}}"#);
        let filters =
            [show("RESPONSE", "after"), show("REQUEST", "before"), filter, show("REQUEST", "behind")];
        check_filter(
            "ChainOfFilters",
            &format!(r#"{{"filters": [{}]}}"#, filters.join(",")),
            request,
            expected,
        );
    }

    #[test]
    fn corrects_every_part() {
        check(
            r#"{"scheme": "https", "host": "www.example.com", "port": 8443}"#,
            "GET /a?b",
            expect![[r#"
            GET http://app.example/a?b
            behind: https://www.example.com:8443/a?b

            200 OK
        "#]],
        );
    }

    #[test]
    fn corrects_one_part() {
        check(
            r#"{"scheme": "https"}"#,
            "GET http://app.example:8080/",
            expect![[r#"
            GET http://app.example:8080/
            behind: https://app.example:8080/

            200 OK
        "#]],
        );
        check(
            r#"{"host": "[::1]"}"#,
            "GET http://app.example:8080/",
            expect![[r#"
            GET http://app.example:8080/
            behind: http://[::1]:8080/

            200 OK
        "#]],
        );
        check(
            r#"{"port": "${request.headers['x-port'][0]}"}"#,
            "GET /\nx-port: 81",
            expect![[r#"
            GET http://app.example/
            x-port: 81
            behind: http://app.example:81/

            200 OK
        "#]],
        );
    }

    #[test]
    fn null_changes_nothing() {
        check(
            r#"{"host": "${request.headers['x-host'][0]}"}"#,
            "GET /",
            expect![[r#"
            GET http://app.example/
            behind: http://app.example/

            200 OK
        "#]],
        );
    }

    #[test]
    fn minus_one_is_the_port_of_the_scheme() {
        check(
            r#"{"port": -1}"#,
            "GET http://app.example:8080/",
            expect![[r#"
            GET http://app.example:8080/
            behind: http://app.example/

            200 OK
        "#]],
        );
    }

    #[test]
    fn what_is_not_valid_is_refused() {
        let host = r#"{"host": "${request.headers['x-host'][0]}"}"#;
        check(
            host,
            "GET /\nx-host: user@evil.example",
            expect![[r#"
            400 Bad Request
            content-type: text/plain; charset=utf-8
            connection: close

            400 Bad Request
            Transaction transaction-1

        "#]],
        );
        check(
            host,
            "GET /\nx-host: evil.example/?",
            expect![[r#"
            400 Bad Request
            content-type: text/plain; charset=utf-8
            connection: close

            400 Bad Request
            Transaction transaction-1

        "#]],
        );
        check(
            host,
            "GET /\nx-host: app.example:81:82",
            expect![[r#"
            400 Bad Request
            content-type: text/plain; charset=utf-8
            connection: close

            400 Bad Request
            Transaction transaction-1

        "#]],
        );
        check(
            r#"{"scheme": "ftp"}"#,
            "GET /",
            expect![[r#"
            400 Bad Request
            content-type: text/plain; charset=utf-8
            connection: close

            400 Bad Request
            Transaction transaction-1

        "#]],
        );
        check(
            r#"{"port": 65536}"#,
            "GET /",
            expect![[r#"
            400 Bad Request
            content-type: text/plain; charset=utf-8
            connection: close

            400 Bad Request
            Transaction transaction-1

        "#]],
        );
    }

    #[test]
    fn a_part_is_needed() {
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "ForwardedRequestFilter"}
            ]}}}"#,
            expect![[r#"
                error[PC0313]: ForwardedRequestFilter needs at least one of `scheme`, `host` and `port`
                 --> config.json:2:17
                  |
                2 |                 {"type": "ForwardedRequestFilter"}
                  |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
