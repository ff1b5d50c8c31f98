//! `HttpBasicAuthenticationClientFilter`: tells the next server who the gateway is, by name and password.

use crypto::{Purpose, SecretId, SecretStoreRef};
use exchange::{Context, Fault, Filter, FilterRef, Next, Outcome, Request, header};
use heap::{Builder, ObjectConfig, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::basic_credentials::basic;
use super::form::urlencode;
use crate::secrets::{SecretsProviderField, provider_of};

/// Adds credentials to each request, as `Authorization: Basic …`.
///
/// Use it in the handler of a filter that calls another server with a name and a password of its own, such as
/// a token introspection endpoint. Credentials that the request has already are replaced.
///
/// The password is looked up for each request, so that a changed secret counts at once. Without it the request
/// is not sent: the answer is 500, and the log names the secret. Send such requests over TLS only: whoever can
/// read one has the password.
///
/// ```json
/// {
///   "type": "HttpBasicAuthenticationClientFilter",
///   "config": {
///     "username": "gateway",
///     "passwordSecretId": "gateway.password",
///     "secretsProvider": { "type": "SystemAndEnvSecretStore" }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpBasicAuthenticationClientFilter {
    /// The name. Without `urlEncodeCredentials` it must not hold a colon.
    username: Spanned<String>,
    /// The id of the secret that is the password.
    password_secret_id: heap::SecretId,
    /// Where the secret is looked up.
    secrets_provider: Option<SecretsProviderField>,
    /// Whether name and password are form-encoded first, as OAuth 2.0 asks of clients.
    #[serde(default)]
    url_encode_credentials: bool,
}

impl ObjectConfig for HttpBasicAuthenticationClientFilter {
    const TYPE: &'static str = "HttpBasicAuthenticationClientFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        if self.username.contains(':') && !self.url_encode_credentials {
            let message =
                "a name with a colon cannot be sent: the server would take the rest for the password";
            return Err(b.error(message, Some(self.username.span())));
        }
        Ok(FilterRef::new(AddCredentials {
            user: self.username.into_inner(),
            password: self.password_secret_id.0,
            secrets: provider_of(self.secrets_provider.as_ref(), b),
            is_encoded: self.url_encode_credentials,
        }))
    }
}

struct AddCredentials {
    user: String,
    password: SecretId,
    secrets: SecretStoreRef,
    is_encoded: bool,
}

impl Filter for AddCredentials {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let password =
            self.secrets.active(&self.password, Purpose::Password).await.map_err(|error| {
                Fault::internal("There is no password to authenticate with.").because(error)
            })?;
        let password = password.bytes().ok_or_else(|| {
            Fault::internal(format!("The secret `{}` is a key, and no password.", self.password))
        })?;
        let credentials = if self.is_encoded {
            basic(&urlencode(self.user.as_bytes()), urlencode(password).as_bytes())
        } else {
            basic(&self.user, password)
        };
        request.headers.insert(header::AUTHORIZATION, credentials);
        Ok(next.run(cx, request).await)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_filter};
    use expect_test::{Expect, expect};

    const STORE: &str = r#"{"type": "Base64EncodedSecretStore", "config": {"secrets": {
        "open": "b3BlbiBzZXNhbWU6w6Qr"}}}"#;

    #[track_caller]
    fn check(config: &str, request: &str, expected: Expect) {
        let config = config.replace("STORE", STORE);
        check_filter("HttpBasicAuthenticationClientFilter", &config, request, expected);
    }

    #[test]
    fn adds_credentials() {
        check(
            r#"{"username": "gate way", "passwordSecretId": "open", "secretsProvider": STORE}"#,
            "GET /",
            expect![[r#"
                GET http://app.example/
                authorization: Basic Z2F0ZSB3YXk6b3BlbiBzZXNhbWU6w6Qr

                200 OK
            "#]],
        );
    }

    #[test]
    fn encodes_them_as_a_form_when_asked() {
        check(
            r#"{"username": "gate:way", "passwordSecretId": "open", "secretsProvider": STORE,
                "urlEncodeCredentials": true}"#,
            "GET /",
            expect![[r#"
                GET http://app.example/
                authorization: Basic Z2F0ZSUzQXdheTpvcGVuK3Nlc2FtZSUzQSVDMyVBNCUyQg==

                200 OK
            "#]],
        );
    }

    #[test]
    fn replaces_the_credentials_of_the_request() {
        check(
            r#"{"username": "", "passwordSecretId": "open", "secretsProvider": STORE}"#,
            "GET /\nAuthorization: Bearer abc\nAuthorization: Basic def",
            expect![[r#"
                GET http://app.example/
                authorization: Basic Om9wZW4gc2VzYW1lOsOkKw==

                200 OK
            "#]],
        );
    }

    #[test]
    fn without_the_secret_nothing_is_sent() {
        check(
            r#"{"username": "gateway", "passwordSecretId": "other", "secretsProvider": STORE}"#,
            "GET /",
            expect![[r#"
                500 Internal Server Error
                content-type: text/plain; charset=utf-8

                500 Internal Server Error
                Transaction transaction-1

            "#]],
        );
    }

    #[test]
    fn mistakes_are_found_at_load() {
        check(
            r#"{"username": "a:b", "passwordSecretId": "open"}"#,
            "GET /",
            expect![[r#"
            config.json:1:125: error[PC0313]: a name with a colon cannot be sent: the server would take the rest for the password
        "#]],
        );
        check_complaints(
            r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
                {"type": "HttpBasicAuthenticationClientFilter", "config": {}},
                {"type": "HttpBasicAuthenticationClientFilter", "config":
                    {"username": "a", "passwordSecretId": "a b", "secretsProvider": "Nowhere"}}
            ]}}}"#,
            expect![[r#"
                error[PC0303]: HttpBasicAuthenticationClientFilter needs the field `username`
                 --> config.json:2:75
                  |
                2 |                 {"type": "HttpBasicAuthenticationClientFilter", "config": {}},
                  |                                                                           ^^
                error[PC0303]: HttpBasicAuthenticationClientFilter needs the field `passwordSecretId`
                 --> config.json:2:75
                  |
                2 |                 {"type": "HttpBasicAuthenticationClientFilter", "config": {}},
                  |                                                                           ^^
                error[PC0302]: HttpBasicAuthenticationClientFilter: a secret id has letters, digits, `.`, `_` and `-` only, not ' '
                 --> config.json:4:59
                  |
                4 |                     {"username": "a", "passwordSecretId": "a b", "secretsProvider": "Nowhere"}}
                  |                                                           ^^^^^
                error[PC0306]: no object is named `Nowhere`
                 --> config.json:4:85
                  |
                4 |                     {"username": "a", "passwordSecretId": "a b", "secretsProvider": "Nowhere"}}
                  |                                                                                     ^^^^^^^^^ a SecretStore is needed here
            "#]],
        );
    }
}
