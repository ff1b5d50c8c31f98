//! The head of a request as it goes to the origin.

use std::io::Write;

use exchange::{Context, Fault, FaultKind, Request};
use http::{HeaderName, Method, Version, header};

use super::options::{ClientOptions, Forwarded};
use crate::h1::names::{is_written_by_transport, tokens};
use crate::h1::writer::{Framing, push_field, push_framing};

/// A request that has passed here this often goes round in a circle.
const VIA_MAX: usize = 10;

/// How the request's body is framed.
pub(crate) fn framing(request: &Request) -> Framing {
    let announces_none = matches!(
        request.method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::DELETE
    );
    match request.body.length() {
        Some(0) if announces_none => Framing::None,
        Some(length) => Framing::Length(length),
        None => Framing::Chunked,
    }
}

/// Whether the request asks for another protocol; the listener left both fields only if that is valid.
pub(crate) fn wants_upgrade(request: &Request) -> bool {
    request.headers.contains_key(header::UPGRADE) && request.headers.has_token(&header::CONNECTION, "upgrade")
}

/// Appends the head.
pub(crate) fn push_head(
    buffer: &mut Vec<u8>,
    cx: &Context,
    request: &Request,
    framing: Framing,
    options: &ClientOptions,
) -> Result<(), Fault> {
    buffer.extend_from_slice(request.method.as_str().as_bytes());
    buffer.push(b' ');
    buffer.extend_from_slice(request.uri.path_and_query().as_str().as_bytes());
    buffer.extend_from_slice(b" HTTP/1.1\r\nhost: ");
    let authority = request.uri.authority().as_str();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority).as_bytes();
    let host = request.headers.get(header::HOST).map_or(authority, http::HeaderValue::as_bytes);
    buffer.extend_from_slice(host);
    buffer.extend_from_slice(b"\r\n");
    let left_out =
        |name: &HeaderName| is_written_by_transport(name) || *name == header::HOST || *name == header::EXPECT;
    let mut has_via = false;
    for (name, value) in request.headers.iter().filter(|(name, _)| !left_out(name)) {
        has_via |= *name == header::VIA;
        push_field(buffer, name, value);
    }
    push_framing(buffer, framing);
    if wants_upgrade(request)
        && let Some(protocol) = request.headers.get(header::UPGRADE)
    {
        buffer.extend_from_slice(b"connection: upgrade\r\n");
        push_field(buffer, &header::UPGRADE, protocol);
    }
    if let Some(name) = &options.via {
        if has_via && passes(request, name) >= VIA_MAX {
            let detail = format!("The request to {} goes round in a circle", request.uri.authority());
            return Err(Fault::new(FaultKind::BadGateway, detail));
        }
        let version: &[u8] = if request.version == Version::HTTP_10 { b"via: 1.0 " } else { b"via: 1.1 " };
        buffer.extend_from_slice(version);
        buffer.extend_from_slice(name.as_bytes());
        buffer.extend_from_slice(b"\r\n");
    }
    if options.forwarded == Forwarded::XForwarded {
        push_forwarded(buffer, cx, request, host);
    }
    buffer.extend_from_slice(b"\r\n");
    Ok(())
}

/// How often `name` stands in `Via`.
fn passes(request: &Request, name: &str) -> usize {
    let values = request.headers.get_all(header::VIA).into_iter();
    let hops = values.flat_map(|value| tokens(value.as_bytes()));
    hops.filter(|hop| hop.rsplit(|byte| *byte == b' ').next() == Some(name.as_bytes())).count()
}

fn push_forwarded(buffer: &mut Vec<u8>, cx: &Context, request: &Request, host: &[u8]) {
    let absent = |name: &str| !request.headers.contains_key(name);
    if absent("x-forwarded-for") {
        // Writing to a vector cannot fail.
        let _ = write!(buffer, "x-forwarded-for: {}\r\n", cx.client.remote.ip().to_canonical());
    }
    if absent("x-forwarded-proto") {
        let line: &[u8] = if cx.client.is_secure {
            b"x-forwarded-proto: https\r\n"
        } else {
            b"x-forwarded-proto: http\r\n"
        };
        buffer.extend_from_slice(line);
    }
    if absent("x-forwarded-host") {
        buffer.extend_from_slice(b"x-forwarded-host: ");
        buffer.extend_from_slice(host);
        buffer.extend_from_slice(b"\r\n");
    }
}
