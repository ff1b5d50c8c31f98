//! `WelcomeHandler`: the page of a gateway that has nothing else to show yet.

use exchange::{
    Body, Context, Handler, HandlerRef, HeaderValue, Outcome, Request, Response, StatusCode, header,
};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Whole and self-contained, so that the policy below can forbid everything else.
const PAGE: &str = include_str!("welcome.html");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Answers every request with a page that says that the gateway runs and what to do next.
///
/// It is what a gateway without `config.json` shows.
///
/// ```json
/// { "type": "WelcomeHandler" }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WelcomeHandler {}

impl ObjectConfig for WelcomeHandler {
    const TYPE: &'static str = "WelcomeHandler";
    type Object = HandlerRef;

    fn build(self, _: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        Ok(HandlerRef::new(self))
    }
}

impl Handler for WelcomeHandler {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        let mut response = Response::new(StatusCode::OK);
        response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response.headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        response.body = Body::from(PAGE);
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check_handler;
    use expect_test::expect;

    #[test]
    fn shows_a_page() {
        check_handler(
            "WelcomeHandler",
            "{}",
            "GET /anything",
            expect![[r#"
            200 OK
            content-type: text/html; charset=utf-8
            content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'

            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Portcullis is running</title>
            <style>
            body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
            code { background: #8882; padding: 0.1rem 0.3rem; border-radius: 0.2rem; }
            :root { color-scheme: light dark; }
            </style>
            </head>
            <body>
            <h1>The gate stands</h1>
            <p>Portcullis is running, and nothing is behind it yet.</p>
            <p>Put a file with a route into <code>config/routes</code> of the instance folder, or replace this page by a
            handler of your own in <code>config/config.json</code>. Routes are picked up while the gateway runs.</p>
            </body>
            </html>

        "#]],
        );
    }
}
