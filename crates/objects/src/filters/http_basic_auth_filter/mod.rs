//! `HttpBasicAuthFilter`: answers the challenge of an application on behalf of the user.

mod cache;

use crypto::{Purpose, SecretId, SecretStoreRef};
use exchange::{
    Context, Fault, Filter, FilterRef, HandlerRef, HeaderValue, Headers, Next, Outcome, Prepare, Request,
    Response, StatusCode, header,
};
use expression::{Expr, Uses};
use heap::{Builder, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::basic_credentials::basic;
use crate::secrets::{SecretsProviderField, provider_of};
use cache::Cache;

/// Logs users in to an application that asks for HTTP Basic authentication.
///
/// A request goes to the application without credentials. When the application answers 401 and asks for
/// `Basic`, the request is sent once more with the user's credentials. When that is not accepted either, or
/// there are no credentials, or the application asks for something else, `failureHandler` answers. The
/// credentials a client sends are never passed on, and the challenge of the application never reaches the
/// client, whose browser would ask for a password. The answer to a name with a colon is 500, because it cannot
/// be told from the password.
///
/// With `cacheHeader` the credentials that were accepted are kept in the session and sent with its further
/// requests at once, to the same server only, and as long as `username` yields the same name. Without a session
/// every request is sent twice; so is its entity, which is held in temporary storage until then.
///
/// Name and password are sent as UTF-8. Use TLS on the way to the application: whoever can read a request has
/// the password.
///
/// ```json
/// {
///   "type": "HttpBasicAuthFilter",
///   "config": {
///     "username": "${attributes.account.name}",
///     "password": "${attributes.account.password}",
///     "failureHandler": { "type": "StaticResponseHandler", "config": { "status": 403 } }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpBasicAuthFilter {
    /// The name of the user.
    username: Expr<String>,
    /// The password of the user. Either this or `passwordSecretId` is needed.
    password: Option<Spanned<Expr<String>>>,
    /// The id of the secret that is the password, for an account that all users share.
    password_secret_id: Option<Spanned<heap::SecretId>>,
    /// Where the secret is looked up.
    secrets_provider: Option<SecretsProviderField>,
    /// Answers the requests that the application does not let in.
    failure_handler: Ref<HandlerRef>,
    /// Whether accepted credentials are kept in the session: yes by default.
    cache_header: Option<bool>,
}

impl ObjectConfig for HttpBasicAuthFilter {
    const TYPE: &'static str = "HttpBasicAuthFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let password = match (self.password, self.password_secret_id) {
            (Some(password), None) => Password::Evaluated(password.into_inner()),
            (None, Some(id)) => {
                let secrets = provider_of(self.secrets_provider.as_ref(), b);
                Password::Secret { id: id.into_inner().0, secrets }
            }
            (None, None) => return Err(b.error("`password` or `passwordSecretId` is needed", None)),
            (Some(_), Some(id)) => {
                let message = "`password` and `passwordSecretId` exclude one another";
                return Err(b.error(message, Some(id.span())));
            }
        };
        Ok(FilterRef::new(Authenticate {
            user: self.username,
            password,
            failure_handler: b.get(&self.failure_handler),
            cache: self.cache_header.unwrap_or(true).then(|| Cache::of(b)),
        }))
    }
}

struct Authenticate {
    user: Expr<String>,
    password: Password,
    failure_handler: HandlerRef,
    /// Where accepted credentials are kept, if they are.
    cache: Option<Cache>,
}

enum Password {
    Evaluated(Expr<String>),
    Secret { id: SecretId, secrets: SecretStoreRef },
}

impl Filter for Authenticate {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        request.headers.remove(header::AUTHORIZATION);
        // What is sent twice must be held until then.
        Prepare::request(Uses { request_entity: true, ..Uses::default() }, cx, request).await?;
        let asked = copy(request);
        let user = self.user.text(&cx.scope(request)).map(|user| user.into_owned());
        if let Some(cache) = &self.cache
            && let Some(credentials) = cache.find(user.as_deref(), cx, request).await?
        {
            request.headers.insert(header::AUTHORIZATION, credentials);
        }
        let response = next.run(cx, request).await;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(without_challenge(response));
        }
        // What is behind this filter has worked on the request, and must not find its own work.
        *request = copy(&asked);
        if asks_for_basic(&response.headers)
            && let Some((user, credentials)) = self.credentials(user, cx, request).await?
        {
            drop(response);
            request.headers.insert(header::AUTHORIZATION, credentials.clone());
            let response = next.run(cx, request).await;
            if response.status != StatusCode::UNAUTHORIZED {
                if let Some(cache) = &self.cache {
                    cache.keep(&user, &credentials, cx, &asked).await?;
                }
                return Ok(without_challenge(response));
            }
            *request = copy(&asked);
        }
        if let Some(cache) = &self.cache {
            cache.forget(cx, request).await?;
        }
        Ok(self.failure_handler.handle(cx, request).await)
    }
}

impl Authenticate {
    /// The user and what logs him in; nothing when a part of it is not known.
    async fn credentials(
        &self,
        user: Option<String>,
        cx: &Context,
        request: &Request,
    ) -> Result<Option<(String, HeaderValue)>, Fault> {
        let Some(user) = user else { return Ok(None) };
        if user.contains(':') {
            return Err(Fault::internal("The `username` of an HttpBasicAuthFilter holds a colon."));
        }
        let credentials = match &self.password {
            Password::Evaluated(password) => {
                let scope = cx.scope(request);
                password.text(&scope).map(|password| basic(&user, password.as_bytes()))
            }
            Password::Secret { id, secrets } => {
                let password = secrets.active(id, Purpose::Password).await;
                let password = password.map_err(|error| {
                    Fault::internal("There is no password to authenticate with.").because(error)
                })?;
                password.bytes().map(|password| basic(&user, password))
            }
        };
        Ok(credentials.map(|credentials| (user, credentials)))
    }
}

/// The request as it is now, its buffered entity included.
fn copy(request: &Request) -> Request {
    Request {
        method: request.method.clone(),
        uri: request.uri.clone(),
        version: request.version,
        headers: request.headers.clone(),
        body: request.body.duplicate().unwrap_or_default(),
    }
}

/// Whether one of the challenges is `Basic`. A challenge begins a value, or follows a comma in it.
fn asks_for_basic(headers: &Headers) -> bool {
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    challenges.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|part| {
        let scheme = part.split_whitespace().next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("Basic")
    })
}

fn without_challenge(mut response: Response) -> Response {
    response.headers.remove(header::WWW_AUTHENTICATE);
    response
}

#[cfg(test)]
mod tests;
