//! The head of a request as it goes to the origin.

use std::io::Write;
use std::net::IpAddr;

use exchange::{Context, Fault, FaultKind, Request, Uri};
use http::{HeaderName, HeaderValue, Method, Version, header};

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

/// Appends the head of HTTP/1.
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
    buffer.extend_from_slice(host(request));
    buffer.extend_from_slice(b"\r\n");
    let passed_on = pass_on(buffer, cx, request, options);
    push_framing(buffer, framing);
    if wants_upgrade && let Some(protocol) = request.headers.get(header::UPGRADE) {
        buffer.extend_from_slice(b"connection: upgrade\r\n");
        push_field(buffer, &header::UPGRADE, protocol);
    }
    add_own(buffer, cx, request, options, &passed_on)?;
    buffer.extend_from_slice(b"\r\n");
    Ok(())
}

/// Where the fields of a request go.
pub(crate) trait FieldSink {
    /// A field of the request, as it is.
    fn pass(&mut self, name: &HeaderName, value: &HeaderValue);
    /// A field of ours.
    fn add(&mut self, name: &'static str, write_value: impl FnOnce(&mut Vec<u8>));
}

impl FieldSink for Vec<u8> {
    fn pass(&mut self, name: &HeaderName, value: &HeaderValue) {
        push_field(self, name, value);
    }

    fn add(&mut self, name: &'static str, write_value: impl FnOnce(&mut Vec<u8>)) {
        self.extend_from_slice(name.as_bytes());
        self.extend_from_slice(b": ");
        write_value(self);
        self.extend_from_slice(b"\r\n");
    }
}

/// The host that the origin is asked for.
pub(crate) fn host(request: &Request) -> &[u8] {
    let host = request.headers.get(header::HOST).map(HeaderValue::as_bytes);
    host.unwrap_or_else(|| host_and_port(&request.uri).as_bytes())
}

/// Passes on the fields of the request that are not of its connection.
pub(crate) fn pass_on(
    sink: &mut impl FieldSink,
    cx: &Context,
    request: &Request,
    options: &ClientOptions,
) -> PassedOn {
    let mut passed_on = PassedOn::default();
    // What a trusted proxy tells of the hops before it is continued with the proxy's own address.
    let continues = options.forwarded == Forwarded::XForwarded && cx.client.peer != cx.client.remote;
    for (name, value) in request.headers.iter().filter(|(name, _)| !is_left_out(name)) {
        let was_noted = passed_on.x_forwarded_for;
        passed_on.note(name);
        if continues && !was_noted && passed_on.x_forwarded_for {
            sink.add(X_FORWARDED_FOR, |value| write_continued(value, cx, request));
        } else if !(continues && name == X_FORWARDED_FOR) {
            sink.pass(name, value);
        }
    }
    passed_on
}

/// Adds what we tell of the way that the request took.
pub(crate) fn add_own(
    sink: &mut impl FieldSink,
    cx: &Context,
    request: &Request,
    options: &ClientOptions,
    passed_on: &PassedOn,
) -> Result<(), Fault> {
    if let Some(name) = &options.via {
        if passed_on.via && passes(request, name) >= VIA_MAX {
            let detail = format!("The request to {} goes round in a circle", request.uri.authority());
            return Err(Fault::new(FaultKind::BadGateway, detail));
        }
        let version: &[u8] = match request.version {
            Version::HTTP_10 => b"1.0 ",
            Version::HTTP_2 => b"2.0 ",
            _ => b"1.1 ",
        };
        sink.add("via", |value| {
            value.extend_from_slice(version);
            value.extend_from_slice(name.as_bytes());
        });
    }
    if options.forwarded == Forwarded::XForwarded {
        push_forwarded(sink, cx, passed_on, request);
    }
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
pub(crate) struct PassedOn {
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

fn push_forwarded(sink: &mut impl FieldSink, cx: &Context, passed_on: &PassedOn, request: &Request) {
    if !passed_on.x_forwarded_for {
        sink.add(X_FORWARDED_FOR, |value| write_address(value, cx.client.remote.ip().to_canonical()));
    }
    if !passed_on.x_forwarded_proto {
        let scheme: &[u8] = if cx.client.is_secure { b"https" } else { b"http" };
        sink.add("x-forwarded-proto", |value| value.extend_from_slice(scheme));
    }
    if !passed_on.x_forwarded_host {
        sink.add("x-forwarded-host", |value| value.extend_from_slice(host(request)));
    }
}

/// All values of the field in one line, then the address of the peer: some origins read only the first line.
fn write_continued(buffer: &mut Vec<u8>, cx: &Context, request: &Request) {
    for value in request.headers.get_all(X_FORWARDED_FOR) {
        buffer.extend_from_slice(value.as_bytes());
        buffer.extend_from_slice(b", ");
    }
    write_address(buffer, cx.client.peer.ip().to_canonical());
}

fn write_address(buffer: &mut Vec<u8>, address: IpAddr) {
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
