//! `FragmentFilter`: brings a person back to the part of a page that they asked for before they had to log in.
//!
//! A browser keeps the fragment of a URI to itself. So a page takes the place of the redirect to the login; its
//! script sends the fragment to an endpoint, which puts it into a cookie, and goes on to the login.

mod capture;
#[cfg(test)]
mod tests;

use std::time::Duration;

use exchange::{
    Context, Fault, FaultKind, Filter, FilterRef, HeaderValue, Method, Next, Outcome, Request, Response,
    SessionCookies, StatusCode, header,
};
use heap::{Builder, ObjectConfig, PositiveDuration, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::navigation::{
    form_fields, is_form, is_from_own_page, is_navigation, read_up_to, temporary_redirect,
};
use super::origin::client_uri;
use super::pages::{Page, escape};
use crate::sessions::cookie::{SameSite, SessionCookie, SessionCookieConfig};
use capture::{Capture, Captures};

const COOKIE_NAME: &str = "ig-fragment-cookie";
const DEFAULT_AGE: Duration = Duration::from_hours(1);
const DEFAULT_MESSAGE: &str = "Without JavaScript you will come back to the beginning of the page.";
/// What the page sends is a path, a query and a fragment, each of a length that browsers and servers can take.
const FORM_BYTES_MAX: u64 = 16 * 1024;

/// Without a fragment there is nothing to tell, and the script goes on at once. A redirect within one origin
/// would have kept the fragment, so going there keeps it, too.
const SCRIPT: &str = include_str!("capture.js");

/// Remembers the fragment of a URI (`#part`) while a person logs in.
///
/// When what stands behind the filter redirects a browser, as it does to a login page, the answer is a page
/// whose script tells the fragment to `fragmentCaptureEndpoint` and then goes where the redirect leads. When
/// the browser asks for the same path and query again, it is redirected once more, with the fragment. Several
/// pages can be under way at the same time, as long as their URIs fit into one cookie. Only requests for pages
/// are treated so; icons, images and the requests of scripts are not.
///
/// Put the filter in front of the one that redirects, in a route whose condition holds for the endpoint, too.
///
/// ```json
/// {
///   "type": "FragmentFilter",
///   "config": {
///     "fragmentCaptureEndpoint": "/home/fragment",
///     "cookie": { "secure": true, "sameSite": "STRICT", "maxAge": "10 minutes" }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FragmentFilter {
    /// The path to which the page sends the fragment. Requests for it are answered by this filter.
    fragment_capture_endpoint: Spanned<String>,
    /// What people see whose browser runs no JavaScript, beside a link that leads on.
    no_java_script_message: Option<String>,
    /// The cookie that holds what is remembered.
    #[serde(default)]
    cookie: FragmentCookie,
}

/// The cookie that holds fragments.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FragmentCookie {
    /// The name: `ig-fragment-cookie` by default.
    name: Option<Spanned<String>>,
    /// The domain the browser sends it to. By default only the host that set it.
    domain: Option<Spanned<String>>,
    /// Whether scripts in the page are kept from reading it: true by default.
    http_only: Option<bool>,
    /// The path below which the browser sends it: `/` by default. The endpoint and all pages must be there.
    path: Option<Spanned<String>>,
    /// Whether it goes with requests that other sites cause: `LAX` by default.
    same_site: Option<Spanned<SameSite>>,
    /// Whether the browser sends it over TLS only: false by default.
    secure: Option<bool>,
    /// How long the browser keeps it: one hour by default.
    max_age: Option<PositiveDuration>,
}

impl ObjectConfig for FragmentFilter {
    const TYPE: &'static str = "FragmentFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let endpoint = self.fragment_capture_endpoint;
        let is_path = endpoint.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\".contains(&byte));
        if !is_path || !endpoint.starts_with('/') || endpoint.starts_with("//") {
            let message = format!("`{}` is no path; write for example /home/fragment", *endpoint);
            return Err(b.error(message, Some(endpoint.span())));
        }
        let FragmentCookie { name, domain, http_only, path, same_site, secure, max_age } = self.cookie;
        let cookie = SessionCookieConfig { name, domain, http_only, path, same_site, secure };
        Ok(FilterRef::new(Fragments {
            endpoint: endpoint.into_inner(),
            message: self.no_java_script_message.unwrap_or_else(|| DEFAULT_MESSAGE.to_owned()),
            cookie: cookie.checked(COOKIE_NAME, b)?,
            max_age: max_age.map_or(DEFAULT_AGE, |age| age.0),
            page: Page::new("Log in", SCRIPT, &["connect-src 'self'", "form-action 'none'"]),
        }))
    }
}

struct Fragments {
    endpoint: String,
    message: String,
    cookie: SessionCookie,
    max_age: Duration,
    page: Page,
}

impl Filter for Fragments {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let uri = client_uri(cx, request).path_and_query().clone();
        if uri.path() == self.endpoint {
            return self.capture(cx, request).await;
        }
        if request.method != Method::GET || !is_navigation(&request.headers) {
            return Ok(next.run(cx, request).await);
        }
        let mut captures = self.captures(request);
        if let Some(fragment) = captures.take(uri.as_str()) {
            return self.restore(uri.as_str(), &fragment, &captures);
        }
        let response = next.run(cx, request).await;
        Ok(match temporary_redirect(&response) {
            Some(location) => self.ask(location, uri.as_str(), &response),
            None => response,
        })
    }
}

impl Fragments {
    /// What the browser remembers.
    fn captures(&self, request: &Request) -> Captures {
        let cookies = SessionCookies::of(&request.headers);
        self.cookie.values(&cookies).find_map(Captures::parse).unwrap_or_default()
    }

    fn remember(&self, captures: &Captures, response: &mut Response) {
        match captures.to_text() {
            Some(text) => self.cookie.set_for(&text, self.max_age, response),
            None => self.cookie.expire(response),
        }
    }

    /// The page in place of a redirect to `location`. It takes over the cookies that came with the redirect.
    fn ask(&self, location: &str, target: &str, redirect: &Response) -> Response {
        let (next, message) = (escape(location), escape(&self.message));
        let content = format!(
            "<div id=\"capture\" data-endpoint=\"{}\" data-target=\"{}\" data-next=\"{next}\"></div>\n\
             <noscript><p>{message}</p><p><a href=\"{next}\">Log in</a></p></noscript>\n",
            escape(&self.endpoint),
            escape(target),
        );
        let mut response = self.page.response(&content);
        for cookie in redirect.headers.get_all(header::SET_COOKIE) {
            response.headers.append(header::SET_COOKIE, cookie.clone());
        }
        response
    }

    /// Takes in what the page has to tell. Only a page of this host may tell anything: another one could
    /// choose where in a page a person finds themselves.
    async fn capture(&self, cx: &Context, request: &mut Request) -> Outcome {
        if request.method != Method::POST {
            return Err(Fault::new(
                FaultKind::MethodNotAllowed,
                "Fragments are told to this endpoint by POST.",
            ));
        }
        if !is_from_own_page(cx, request) {
            return Err(Fault::new(FaultKind::Forbidden, "A page of another site tells a fragment."));
        }
        let entity = read_up_to(FORM_BYTES_MAX, &mut request.body).await;
        let entity =
            entity.map_err(|error| Fault::bad_request("A fragment is not complete.").because(error))?;
        let entity =
            entity.ok_or_else(|| Fault::new(FaultKind::TooLarge, "A fragment is too long.").closing())?;
        let fields = form_fields(&entity).filter(|_| is_form(&request.headers));
        let capture = fields.as_deref().and_then(Capture::of);
        let capture = capture.ok_or_else(|| Fault::new(FaultKind::BadRequest, "A fragment is malformed."))?;
        let mut captures = self.captures(request);
        captures.put(capture);
        let mut response = Response::new(StatusCode::NO_CONTENT);
        response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.remember(&captures, &mut response);
        Ok(response)
    }

    /// Leads to the same place of this host, with the fragment.
    fn restore(&self, target: &str, fragment: &str, rest: &Captures) -> Outcome {
        let location = HeaderValue::try_from(format!("{target}{fragment}"))
            .map_err(|error| Fault::internal("A fragment cannot be restored.").because(error))?;
        let mut response = Response::new(StatusCode::FOUND);
        response.headers.insert(header::LOCATION, location);
        response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.remember(rest, &mut response);
        Ok(response)
    }
}
