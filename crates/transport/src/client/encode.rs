//! The head of a request as it goes to the origin.

use std::io::Write;
use std::net::IpAddr;

use exchange::{Context, Fault, FaultKind, Request, Uri};
use http::{HeaderName, Method, Version, header};

use super::options::{ClientOptions, Forwarded};
use crate::h1::names::{is_written_by_transport, tokens};
use crate::h1::writer::{Framing, push_field, push_framing};
use crate::io::push_decimal;

/// A request that has passed here this often goes round in a circle.
const VIA_MAX: usize = 10;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

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
    wants_upgrade: bool,
    options: &ClientOptions,
) -> Result<(), Fault> {
    buffer.extend_from_slice(request.method.as_str().as_bytes());
    buffer.push(b' ');
    buffer.extend_from_slice(request.uri.path_and_query().as_str().as_bytes());
    buffer.extend_from_slice(b" HTTP/1.1\r\nhost: ");
    let host = request.headers.get(header::HOST).map(http::HeaderValue::as_bytes);
    let host = host.unwrap_or_else(|| host_and_port(&request.uri).as_bytes());
    buffer.extend_from_slice(host);
    buffer.extend_from_slice(b"\r\n");
    let mut passed_on = PassedOn::default();
    // What a trusted proxy tells of the hops before it is continued with the proxy's own address.
    let continues = options.forwarded == Forwarded::XForwarded && cx.client.peer != cx.client.remote;
    for (name, value) in request.headers.iter().filter(|(name, _)| !is_left_out(name)) {
        let was_noted = passed_on.x_forwarded_for;
        passed_on.note(name);
        if continues && !was_noted && passed_on.x_forwarded_for {
            push_continued(buffer, cx, request);
        } else if !(continues && name == X_FORWARDED_FOR) {
            push_field(buffer, name, value);
        }
    }
    push_framing(buffer, framing);
    if wants_upgrade && let Some(protocol) = request.headers.get(header::UPGRADE) {
        buffer.extend_from_slice(b"connection: upgrade\r\n");
        push_field(buffer, &header::UPGRADE, protocol);
    }
    if let Some(name) = &options.via {
        if passed_on.via && passes(request, name) >= VIA_MAX {
            let detail = format!("The request to {} goes round in a circle", request.uri.authority());
            return Err(Fault::new(FaultKind::BadGateway, detail));
        }
        let version: &[u8] = if request.version == Version::HTTP_10 { b"via: 1.0 " } else { b"via: 1.1 " };
        buffer.extend_from_slice(version);
        buffer.extend_from_slice(name.as_bytes());
        buffer.extend_from_slice(b"\r\n");
    }
    if options.forwarded == Forwarded::XForwarded {
        push_forwarded(buffer, cx, &passed_on, host);
    }
    buffer.extend_from_slice(b"\r\n");
    Ok(())
}

/// The authority without user information.
pub(crate) fn host_and_port(uri: &Uri) -> &str {
    let authority = uri.authority().as_str();
    match memchr::memrchr(b'@', authority.as_bytes()) {
        Some(at) => &authority[at + 1..],
        None => authority,
    }
}

/// How often `name` stands in `Via`.
fn passes(request: &Request, name: &str) -> usize {
    let values = request.headers.get_all(header::VIA).into_iter();
    let hops = values.flat_map(|value| tokens(value.as_bytes()));
    hops.filter(|hop| hop.rsplit(|byte| *byte == b' ').next() == Some(name.as_bytes())).count()
}

/// Fields of the request that have been written and would otherwise be made here.
#[derive(Debug, Default)]
struct PassedOn {
    via: bool,
    x_forwarded_for: bool,
    x_forwarded_proto: bool,
    x_forwarded_host: bool,
}

impl PassedOn {
    fn note(&mut self, name: &HeaderName) {
        match name.as_str() {
            "via" => self.via = true,
            "x-forwarded-for" => self.x_forwarded_for = true,
            "x-forwarded-proto" => self.x_forwarded_proto = true,
            "x-forwarded-host" => self.x_forwarded_host = true,
            _ => {}
        }
    }
}

fn is_left_out(name: &HeaderName) -> bool {
    *name == header::HOST || *name == header::EXPECT || is_written_by_transport(name)
}

fn push_forwarded(buffer: &mut Vec<u8>, cx: &Context, passed_on: &PassedOn, host: &[u8]) {
    if !passed_on.x_forwarded_for {
        push_forwarded_for(buffer, cx.client.remote.ip());
    }
    if !passed_on.x_forwarded_proto {
        let line: &[u8] = match cx.client.is_secure {
            true => b"x-forwarded-proto: https\r\n",
            false => b"x-forwarded-proto: http\r\n",
        };
        buffer.extend_from_slice(line);
    }
    if !passed_on.x_forwarded_host {
        buffer.extend_from_slice(b"x-forwarded-host: ");
        buffer.extend_from_slice(host);
        buffer.extend_from_slice(b"\r\n");
    }
}

/// All values of the field in one line, then the address of the peer: some origins read only the first line.
fn push_continued(buffer: &mut Vec<u8>, cx: &Context, request: &Request) {
    buffer.extend_from_slice(b"x-forwarded-for: ");
    for value in request.headers.get_all(X_FORWARDED_FOR) {
        buffer.extend_from_slice(value.as_bytes());
        buffer.extend_from_slice(b", ");
    }
    push_address(buffer, cx.client.peer.ip().to_canonical());
    buffer.extend_from_slice(b"\r\n");
}

fn push_forwarded_for(buffer: &mut Vec<u8>, address: IpAddr) {
    buffer.extend_from_slice(b"x-forwarded-for: ");
    push_address(buffer, address.to_canonical());
    buffer.extend_from_slice(b"\r\n");
}

fn push_address(buffer: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (index, octet) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    buffer.push(b'.');
                }
                push_decimal(buffer, u64::from(octet));
            }
        }
        // Writing to a vector cannot fail.
        IpAddr::V6(address) => drop(write!(buffer, "{address}")),
    }
}
