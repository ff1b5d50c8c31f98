//! From the pseudo-header fields and fields of a stream to a [`Request`], or to a [`Refusal`].
//!
//! The `h2` crate has refused names in capitals, fields of connections, and pseudo-header fields that are missing
//! or repeated. What is left is decided as for HTTP/1, by the same code.

use bytes::Bytes;
use exchange::{Headers, Request, Scheme};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};

use crate::h1::names::{Field, classify};
use crate::server::fields::{Fields, value_of};
use crate::server::forwarded::Told;
use crate::server::head::HeadRules;
use crate::server::refusal::Refusal;
use crate::server::target::read_target;

/// Bytes of a request line of HTTP/1 beside its method and target.
const REQUEST_LINE_BYTES: usize = "  HTTP/1.1".len();

/// Bytes of a field line of HTTP/1 beside its name and value.
const FIELD_LINE_BYTES: usize = ": \r\n".len();

/// A request without its body.
pub(super) struct StreamHead {
    pub(super) request: Request,
    /// The announced length of the body, if it is announced.
    pub(super) length: Option<u64>,
    /// The client waits for a 100 before it sends its body.
    pub(super) expects_continue: bool,
    /// What trusted hops report.
    pub(super) told: Told,
}

/// Reads a head. `last_host` remembers the authority of the connection's last request.
pub(super) fn read_head(
    parts: Parts,
    has_body: bool,
    rules: &HeadRules<'_>,
    last_host: &mut Option<Authority>,
) -> Result<StreamHead, Refusal> {
    let Parts { method, uri, headers, .. } = parts;
    let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
    if method.as_str().len() + path.len() + REQUEST_LINE_BYTES > rules.options.limits.initial_line_bytes_max {
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "the :path is too long"));
    }
    let mut fields = read_fields(headers, rules)?;
    if let Some(authority) = uri.authority() {
        fields.set_authority(authority)?;
    }
    // A trusted proxy speaks to us in clear text and says what its client spoke.
    let scheme_differs = uri.scheme_str().is_some_and(|scheme| scheme != rules.target.scheme.as_str());
    if scheme_differs && !rules.peer_is_trusted {
        return Err(Refusal::bad_request("the :scheme is not that of the connection"));
    }
    let host = fields.authority(Version::HTTP_2, rules.local, last_host)?;
    let is_rooted = path.starts_with('/') || path == "*";
    if !is_rooted && method != Method::CONNECT {
        return Err(Refusal::bad_request("the :path does not begin with a slash"));
    }
    let uri = read_target(rules.target, &method, Bytes::copy_from_slice(path.as_bytes()), host)?;
    let expects_continue = fields.expects_continue(Version::HTTP_2, has_body)?;
    let length = fields.length;
    let is_passed_on = fields.is_passed_on;
    let headers = fields.into_headers();
    let told = Told { is_passed_on, ..rules.told(&headers) };
    let mut request = Request::new(method, uri);
    if told.is_secure {
        request.uri.set_scheme(Scheme::Https);
    }
    request.version = Version::HTTP_2;
    request.headers = Headers(headers);
    Ok(StreamHead { request, length, expects_continue, told })
}

fn read_fields(headers: HeaderMap, rules: &HeadRules<'_>) -> Result<Fields, Refusal> {
    let limits = &rules.options.limits;
    let cookie = join_crumbs(&headers)?;
    let crumbs = cookie.as_ref().map_or(0, |(_, crumbs)| *crumbs);
    if headers.len() - crumbs.saturating_sub(1) > limits.header_count_max {
        return Err(too_large("the request has too many header fields"));
    }
    let mut fields = Fields::new(headers.len());
    let mut bytes_left = limits.total_headers_bytes_max;
    let mut add = |name: HeaderName, value: HeaderValue| {
        let bytes = name.as_str().len() + value.len() + FIELD_LINE_BYTES;
        bytes_left = bytes_left.checked_sub(bytes).ok_or(too_large("the header fields are too large"))?;
        if value.as_bytes().trim_ascii().len() < value.len() {
            return Err(Refusal::bad_request("a field value begins or ends with white space"));
        }
        match classify(name.as_str()) {
            Field::Connection | Field::TransferEncoding | Field::Upgrade => {
                Err(Refusal::bad_request("the request has a field of HTTP/1 connections"))
            }
            field => fields.add(field, || Ok(name), value, rules.peer_is_trusted),
        }
    };
    if let Some((cookie, _)) = cookie {
        add(header::COOKIE, cookie)?;
    }
    let mut last_name = None;
    for (name, value) in headers {
        // Further values of a name come without it.
        let Some(name) = name.or_else(|| last_name.clone()) else { continue };
        last_name = Some(name.clone());
        if crumbs == 0 || name != header::COOKIE {
            add(name, value)?;
        }
    }
    Ok(fields)
}

/// A browser sends each cookie as a field of its own; behind us they are one (RFC 9113, section 8.2.3). Yields that
/// one and how many it is made of, if there are several.
fn join_crumbs(headers: &HeaderMap) -> Result<Option<(HeaderValue, usize)>, Refusal> {
    let crumbs: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    match crumbs.len() {
        0 | 1 => Ok(None),
        count => Ok(Some((value_of(crumbs.join(&b"; "[..]).into())?, count))),
    }
}

fn too_large(reason: &'static str) -> Refusal {
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, reason)
}
