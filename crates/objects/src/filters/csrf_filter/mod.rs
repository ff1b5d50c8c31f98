//! `CsrfFilter`: refuses requests that another site has made a browser send.
//!
//! The token is a hash of the session cookie. A page of another site cannot read the cookie and so cannot know
//! the token, while every instance of the gateway comes to the same one and none has to keep it.

#[cfg(test)]
mod tests;

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::{
    Context, Fault, FaultKind, Filter, FilterRef, HandlerRef, HeaderName, HeaderValue, Headers, Method, Next,
    Outcome, Request, header, inspect_path,
};
use heap::{Builder, FieldName, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use source::Diagnostic;

use super::cookies;
use super::vary::add_vary;

/// Begins what is hashed, so that the hash means nothing to anything else that hashes the same cookie.
const DOMAIN: &[u8] = b"Portcullis CsrfFilter token 1\n";

/// Refuses requests that another site has made the browser of a logged-in person send (cross-site request
/// forgery).
///
/// Every response to a request that carries the session cookie has a token in a header field. A page reads it
/// and sends it back in a field of the same name with each request that changes something. A request whose
/// token is missing or wrong is refused; the refusal carries the right token, which only the pages of this
/// site can read. A request without the cookie is refused as well: a mistake in `cookieName` would otherwise
/// switch the protection off. Leave requests that come before there is a session, such as a login form, to
/// another route or a `ConditionalFilter`.
///
/// The token is derived from the value of the cookie alone, so that all instances of a gateway agree. The
/// cookie must hold something that nobody can guess. When the application sets the cookie anew, the response
/// has the token of the new one. Put the filter behind those that authenticate.
///
/// The cookie must keep its value while somebody is logged in. Those of most applications do, and so do those of
/// the gateway that hold no more than the identifier of a session, which changes at the login. The cookie of a
/// `JwtSession` is no use here: it holds the session itself and gets another value each time the session is
/// saved, so that forms from before would be refused, though nobody has forged them.
///
/// With `"token": "COOKIE"`, the value of the cookie itself is the token, for applications whose pages know it and
/// send it along. No response tells it then, so that the cookie may stay hidden from scripts, and a request without
/// the cookie passes if its method changes nothing: there is no session that it could misuse.
///
/// ```json
/// {
///   "type": "CsrfFilter",
///   "config": {
///     "cookieName": "APP_SESSION",
///     "failureHandler": { "type": "StaticResponseHandler", "config": { "status": 403 } }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CsrfFilter {
    /// The name of the session cookie, not that of a `JwtSession`.
    cookie_name: Spanned<String>,
    /// The field that carries the token, in responses and requests: `X-CSRF-Token` by default.
    header_name: Option<FieldName>,
    /// Whether `GET`, `HEAD` and `OPTIONS` pass without a token, since they change nothing in an application
    /// that keeps to the rules. A WebSocket is opened by a `GET`.
    #[serde(default = "default_exclusion")]
    exclude_safe_methods: bool,
    /// Addition: `HASH` (the default) makes the token of a hash of the cookie and tells it in responses; with
    /// `COOKIE`, the value of the cookie is the token.
    #[serde(default)]
    token: TokenKind,
    /// Addition: paths at which, and below which, everything passes, for example `/login`. They match whole
    /// segments of the path that the client asks for.
    #[serde(default)]
    excluded_paths: Vec<Spanned<String>>,
    /// Answers the requests that are refused. When absent, the answer is 403.
    failure_handler: Option<Ref<HandlerRef>>,
}

fn default_exclusion() -> bool {
    true
}

/// What the token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum TokenKind {
    /// A hash of the cookie.
    #[default]
    Hash,
    /// The cookie.
    Cookie,
}

impl ObjectConfig for CsrfFilter {
    const TYPE: &'static str = "CsrfFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let name = self.cookie_name.trim();
        if name.is_empty() || name.contains(['=', ';', ',']) {
            let message = format!("`{}` cannot be the name of a cookie", *self.cookie_name);
            return Err(b.error(message, Some(self.cookie_name.span())));
        }
        let mut excluded_paths = Vec::new();
        for path in &self.excluded_paths {
            let trimmed = path.trim_end_matches('/');
            if !trimmed.starts_with('/') {
                let message = format!("`{}` is not a path that could be excluded; `/login` is one", **path);
                return Err(b.error(message, Some(path.span())));
            }
            excluded_paths.push(trimmed.to_owned());
        }
        Ok(FilterRef::new(Csrf {
            kind: self.token,
            excluded_paths,
            cookie: name.as_bytes().to_vec(),
            field: self.header_name.map_or(HeaderName::from_static("x-csrf-token"), |name| name.0),
            excludes_safe_methods: self.exclude_safe_methods,
            failure_handler: self.failure_handler.as_ref().map(|handler| b.get(handler)),
        }))
    }
}

struct Csrf {
    kind: TokenKind,
    /// Without a slash at the end.
    excluded_paths: Vec<String>,
    cookie: Vec<u8>,
    field: HeaderName,
    excludes_safe_methods: bool,
    failure_handler: Option<HandlerRef>,
}

impl Filter for Csrf {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        if self.excludes(request) {
            return Ok(next.run(cx, request).await);
        }
        let sent = cookies::sent(&request.headers).filter(|pair| pair.name == self.cookie);
        let token = self.token(sent.map(|pair| pair.value));
        let refusal = if self.passes_without(&request.method, token.as_ref()) {
            None
        } else {
            self.refusal(token.as_deref(), &request.headers)
        };
        let mut response = match (refusal, &self.failure_handler) {
            (None, _) => next.run(cx, request).await,
            (Some(_), Some(handler)) => handler.handle(cx, request).await,
            (Some(reason), None) => Fault::new(FaultKind::Forbidden, reason).into_response(cx),
        };
        match self.kind {
            TokenKind::Hash => self.tell(token, &mut response.headers),
            // Whoever may read the cookie has the token.
            TokenKind::Cookie => {}
        }
        Ok(response)
    }
}

impl Csrf {
    /// Whether the path is one that needs no token. A path that can be read in two ways is none.
    fn excludes(&self, request: &Request) -> bool {
        if self.excluded_paths.is_empty() || inspect_path(request.uri.raw_path()).is_some() {
            return false;
        }
        let path = request.uri.path();
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.excluded_paths.iter().any(|excluded| path.strip_prefix(excluded.as_str()).is_some_and(is_below))
    }

    /// `TRACE` is not safe here: its answer repeats the request, cookies included.
    fn passes_without(&self, method: &Method, token: Option<&Vec<u8>>) -> bool {
        let has_no_session = self.kind == TokenKind::Cookie && token.is_none();
        (self.excludes_safe_methods || has_no_session)
            && matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    /// The token for the values of the session cookie. Usually there is one. When there are more, because a
    /// neighbouring site has planted one, all of them count, or whoever planted it would know the token.
    fn token<'v>(&self, values: impl Iterator<Item = &'v [u8]>) -> Option<Vec<u8>> {
        let mut values = values.filter(|value| !value.is_empty()).peekable();
        values.peek()?;
        Some(match self.kind {
            TokenKind::Hash => hash(values),
            // No field of a request holds a line break, so that nothing proves several cookies.
            TokenKind::Cookie => values.collect::<Vec<_>>().join(&b'\n'),
        })
    }

    /// Puts the token into a response.
    fn tell(&self, token: Option<Vec<u8>>, headers: &mut Headers) {
        let token = self.renewed(headers).unwrap_or(token);
        headers.remove(&self.field);
        if let Some(token) = token.and_then(|token| HeaderValue::try_from(token).ok()) {
            headers.insert(self.field.clone(), token);
            // A shared cache must not hand the token of one person to another.
            add_vary(headers, &header::COOKIE);
        }
    }

    /// Why the request is refused, if it is. `token` is the right one.
    fn refusal(&self, token: Option<&[u8]>, headers: &Headers) -> Option<&'static str> {
        let Some(token) = token else {
            return Some("The request has no session cookie to prove a token by.");
        };
        let mut given = headers.get_all(&self.field).iter();
        match (given.next(), given.next()) {
            (Some(given), None) if is_equal(given.as_bytes(), token) => None,
            (None, _) => Some("The request has no token against forgery."),
            _ => Some("The token against forgery is not that of the session."),
        }
    }

    /// The token of the cookie that the response sets, or no token when it takes the cookie away. `None` when
    /// the cookie stays.
    fn renewed(&self, headers: &Headers) -> Option<Option<Vec<u8>>> {
        let fields = headers.get_all(header::SET_COOKIE).into_iter();
        let set =
            fields.map(|field| cookies::set(field.as_bytes()).0).filter(|pair| pair.name == self.cookie);
        set.last().map(|pair| self.token([pair.value].into_iter()))
    }
}

/// What the values of the cookie hash to.
fn hash<'v>(values: impl Iterator<Item = &'v [u8]>) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix(DOMAIN);
    for value in values {
        hash.update((value.len() as u64).to_be_bytes());
        hash.update(value);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize()).into_bytes()
}

/// Compares in a time that does not tell how much is equal.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let difference =
        left.iter().zip(right).fold(0, |difference, (left, right)| black_box(difference | (left ^ right)));
    left.len() == right.len() && difference == 0
}
