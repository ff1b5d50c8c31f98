//! From the bytes of a request's head to a [`Request`], or to a [`Refusal`].
//!
//! Strict where leniency lets two servers disagree (RFC 9112, sections 2, 5, 6 and 11.2). Header values are
//! slices of the block that was read; nothing is copied but names that are not standard.

use std::mem::MaybeUninit;
use std::net::SocketAddr;

use bytes::Bytes;
use exchange::{Headers, Request};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};

use super::forwarded::believed_remote;
use super::options::ConnectorOptions;
use super::refusal::Refusal;
use super::target::{TargetRules, read_target};
use crate::h1::authority::is_authority;
use crate::h1::framing::Decoder;
use crate::h1::maps;
use crate::h1::names::{self, Connection, Field, classify};

/// Fields a head may have at the very most, whatever the configuration says.
const FIELDS_MAX: usize = 256;

/// What a connection knows about its requests' heads.
pub(crate) struct HeadRules<'a> {
    pub(crate) options: &'a ConnectorOptions,
    pub(crate) target: TargetRules,
    /// Forwarded fields of this peer are kept and believed.
    pub(crate) peer_is_trusted: bool,
    /// Where the peer connected to: the host of an HTTP/1.0 request that names none.
    pub(crate) local: SocketAddr,
}

/// A request without its body.
pub(crate) struct Head {
    pub(crate) request: Request,
    pub(crate) body: Decoder,
    pub(crate) keep_alive: bool,
    /// The client waits for a 100 before it sends its body.
    pub(crate) expects_continue: bool,
    /// The client asks for another protocol, validly.
    pub(crate) wants_upgrade: bool,
    /// The address that trusted hops report.
    pub(crate) remote: Option<SocketAddr>,
}

/// Parses a complete head. `last_host` remembers the authority of the connection's last request.
pub(crate) fn parse_head(
    head: &Bytes,
    rules: &HeadRules<'_>,
    last_host: &mut Option<Authority>,
) -> Result<Head, Refusal> {
    let mut storage = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(head, &mut storage) {
        Ok(httparse::Status::Complete(_)) => {}
        // The scan has seen the empty line, so a partial head holds one too early.
        Ok(httparse::Status::Partial) => return Err(Refusal::bad_request("the head is malformed")),
        Err(error) => return Err(refusal_of(error)),
    }
    if parsed.headers.len() > rules.options.limits.header_count_max {
        return Err(refusal_of(httparse::Error::TooManyHeaders));
    }
    let method = Method::from_bytes(parsed.method.unwrap_or_default().as_bytes())
        .map_err(|_| Refusal::bad_request("the method is not a token"))?;
    let version = if parsed.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut fields = Fields::read(head, parsed.headers, rules)?;
    let host = fields.authority(version, rules.local, last_host)?;
    let target = head.slice_ref(parsed.path.unwrap_or_default().as_bytes());
    let uri = read_target(rules.target, &method, target, host)?;
    let body = fields.framing(version)?;
    let expects_continue = fields.expects_continue(version, &body)?;
    let wants_upgrade = fields.settle_upgrade(&method, version, &body);
    if fields.connection.names_fields {
        names::remove_named(&mut fields.headers, &fields.connection_values);
    }
    let remote = rules.peer_is_trusted.then(|| believed_remote(rules.options, &fields.headers)).flatten();
    let keep_alive =
        !fields.connection.close && (version == Version::HTTP_11 || fields.connection.keep_alive);
    let mut request = Request::new(method, uri);
    request.version = version;
    request.headers = Headers(fields.headers);
    Ok(Head { request, body, keep_alive, expects_continue, wants_upgrade, remote })
}

fn refusal_of(error: httparse::Error) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "the request has too many header fields",
        ),
        httparse::Error::Version => Refusal::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "the version is neither HTTP/1.0 nor HTTP/1.1",
        ),
        httparse::Error::HeaderName => {
            Refusal::bad_request("a field name is not a token right before its colon")
        }
        httparse::Error::HeaderValue => Refusal::bad_request("a field value has a control character"),
        httparse::Error::NewLine => Refusal::bad_request("a line of the head does not end with CRLF"),
        httparse::Error::Status | httparse::Error::Token => {
            Refusal::bad_request("the request line is not `method target version`")
        }
    }
}

/// The fields of a head, those that matter to the connection set aside.
struct Fields {
    headers: HeaderMap,
    host: Option<Bytes>,
    length: Option<u64>,
    chunked: bool,
    connection: Connection,
    connection_values: Vec<HeaderValue>,
    upgrade: Option<HeaderValue>,
    upgrades: usize,
    expect: Option<Bytes>,
}

impl Fields {
    fn read(head: &Bytes, parsed: &[httparse::Header<'_>], rules: &HeadRules<'_>) -> Result<Self, Refusal> {
        let mut fields = Self {
            headers: maps::take(parsed.len()),
            host: None,
            length: None,
            chunked: false,
            connection: Connection::default(),
            connection_values: Vec::new(),
            upgrade: None,
            upgrades: 0,
            expect: None,
        };
        for field in parsed {
            let bytes = if field.value.is_empty() { Bytes::new() } else { head.slice_ref(field.value) };
            let kept = match classify(field.name) {
                Field::Plain => true,
                Field::Forwarded => rules.peer_is_trusted,
                Field::HopByHop => false,
                special => fields.read_special(special, &bytes)?,
            };
            if kept {
                let name = HeaderName::from_bytes(field.name.as_bytes())
                    .map_err(|_| Refusal::bad_request("a field name is not a token"))?;
                fields.headers.append(name, value_of(bytes)?);
            }
        }
        Ok(fields)
    }

    /// Reads a field that frames or routes. Says whether handlers see it.
    fn read_special(&mut self, field: Field, value: &Bytes) -> Result<bool, Refusal> {
        match field {
            Field::Host => match self.host.replace(value.clone()) {
                None => Ok(true),
                Some(_) => Err(Refusal::bad_request("the request has more than one Host")),
            },
            Field::ContentLength => {
                let length = names::parse_length(value)
                    .ok_or(Refusal::bad_request("the Content-Length is not one plain number"))?;
                match self.length.replace(length) {
                    None => Ok(true),
                    Some(_) => Err(Refusal::bad_request("the request has more than one Content-Length")),
                }
            }
            Field::TransferEncoding if self.chunked => {
                Err(Refusal::bad_request("the request has more than one Transfer-Encoding"))
            }
            Field::TransferEncoding => {
                self.chunked = value.eq_ignore_ascii_case(b"chunked");
                match self.chunked {
                    true => Ok(false),
                    false => Err(Refusal::new(
                        StatusCode::NOT_IMPLEMENTED,
                        "the Transfer-Encoding is not exactly `chunked`",
                    )),
                }
            }
            Field::Connection => {
                self.connection.read(value);
                if self.connection.names_fields {
                    self.connection_values.push(value_of(value.clone())?);
                }
                Ok(false)
            }
            Field::Upgrade => {
                self.upgrades += 1;
                self.upgrade = Some(value_of(value.clone())?);
                Ok(false)
            }
            Field::Expect => {
                self.expect = Some(value.clone());
                Ok(false)
            }
            Field::Plain | Field::Forwarded | Field::HopByHop => Ok(true),
        }
    }

    /// The authority of `Host`; the local address for HTTP/1.0 without one.
    fn authority(
        &self,
        version: Version,
        local: SocketAddr,
        last: &mut Option<Authority>,
    ) -> Result<Authority, Refusal> {
        let host = match &self.host {
            Some(host) => host.clone(),
            None if version == Version::HTTP_10 => Bytes::from(local.to_string()),
            None => return Err(Refusal::bad_request("the request has no Host")),
        };
        if let Some(last) = last
            && last.as_str().as_bytes() == host
        {
            return Ok(last.clone());
        }
        if !is_authority(&host) {
            return Err(Refusal::bad_request("the Host is not a host, or a host and port"));
        }
        // Copied, so that the memory of later requests does not hang on this head.
        let authority = Authority::from_maybe_shared(Bytes::copy_from_slice(&host))
            .map_err(|_| Refusal::bad_request("the Host is not a host, or a host and port"))?;
        *last = Some(authority.clone());
        Ok(authority)
    }

    fn framing(&self, version: Version) -> Result<Decoder, Refusal> {
        match (self.length, self.chunked) {
            (Some(_), true) => {
                Err(Refusal::bad_request("the request has both Content-Length and Transfer-Encoding"))
            }
            (None, true) if version == Version::HTTP_10 => {
                Err(Refusal::bad_request("an HTTP/1.0 request has a Transfer-Encoding"))
            }
            (None, true) => Ok(Decoder::chunked()),
            (Some(length), false) => Ok(Decoder::length(length)),
            (None, false) => Ok(Decoder::Done),
        }
    }

    fn expects_continue(&self, version: Version, body: &Decoder) -> Result<bool, Refusal> {
        match &self.expect {
            None => Ok(false),
            Some(_) if version == Version::HTTP_10 => Ok(false),
            Some(value) if value.eq_ignore_ascii_case(b"100-continue") => Ok(!body.is_done()),
            Some(_) => Err(Refusal::new(StatusCode::EXPECTATION_FAILED, "the Expect is not `100-continue`")),
        }
    }

    /// Keeps `Upgrade` and `Connection: upgrade` for a request that validly asks for one other protocol.
    /// HTTP/2 and TLS are never among them: they would carry requests past every filter.
    fn settle_upgrade(&mut self, method: &Method, version: Version, body: &Decoder) -> bool {
        let Some(protocol) = self.upgrade.take().filter(|_| self.connection.upgrade) else { return false };
        let text = protocol.as_bytes();
        let is_token = !text.is_empty()
            && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._/+".contains(byte));
        let starts =
            |prefix: &[u8]| text.len() >= prefix.len() && text[..prefix.len()].eq_ignore_ascii_case(prefix);
        let carries_requests = starts(b"h2") || starts(b"h3") || starts(b"http") || starts(b"tls");
        // More than one protocol to choose from is more than an intermediary can answer for.
        let valid = self.upgrades == 1
            && is_token
            && !carries_requests
            && body.is_done()
            && version == Version::HTTP_11
            && *method == Method::GET;
        if valid {
            self.headers.insert(header::UPGRADE, protocol);
            self.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        valid
    }
}

fn value_of(bytes: Bytes) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_maybe_shared(bytes)
        .map_err(|_| Refusal::bad_request("a field value has a control character"))
}
