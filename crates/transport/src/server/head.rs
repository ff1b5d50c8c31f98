//! From the bytes of a request's head to a [`Request`], or to a [`Refusal`].
//!
//! Strict where leniency lets two servers disagree (RFC 9112, sections 2, 5, 6 and 11.2). Header values are
//! slices of the block that was read; nothing is copied but names that are not standard.

use std::mem::MaybeUninit;
use std::net::SocketAddr;

use bytes::Bytes;
use exchange::{ClientInfo, Headers, Request, Scheme};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, StatusCode, Version};

use super::fields::{Fields, value_of};
use super::forwarded::Told;
use super::options::ConnectorOptions;
use super::refusal::Refusal;
use super::target::{TargetRules, read_target};
use crate::h1::framing::Decoder;
use crate::h1::names::classify;

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

impl<'a> HeadRules<'a> {
    /// The rules for a client of a connector.
    pub(crate) fn new(options: &'a ConnectorOptions, client: &ClientInfo, peer_is_trusted: bool) -> Self {
        let target = TargetRules {
            scheme: if client.is_secure { Scheme::Https } else { Scheme::Http },
            normalize_path: options.normalize_path,
            preserve_original_query_string: options.preserve_original_query_string,
        };
        Self { options, target, peer_is_trusted, local: client.local }
    }

    /// What these fields of a request report, if the peer is believed.
    pub(crate) fn told(&self, headers: &HeaderMap) -> Told {
        if self.peer_is_trusted { Told::by(self.options, headers) } else { Told::default() }
    }
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
    /// What trusted hops report.
    pub(crate) told: Told,
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
    let mut fields = Fields::new(parsed.headers.len());
    for field in parsed.headers.iter() {
        let bytes = if field.value.is_empty() { Bytes::new() } else { head.slice_ref(field.value) };
        let name = || {
            HeaderName::from_bytes(field.name.as_bytes())
                .map_err(|_| Refusal::bad_request("a field name is not a token"))
        };
        fields.add(classify(field.name), name, value_of(bytes)?, rules.peer_is_trusted)?;
    }
    let host = fields.authority(version, rules.local, last_host)?;
    let target = head.slice_ref(parsed.path.unwrap_or_default().as_bytes());
    let uri = read_target(rules.target, &method, target, host)?;
    let body = fields.framing(version)?;
    let expects_continue = fields.expects_continue(version, !body.is_done())?;
    let wants_upgrade = fields.settle_upgrade(&method, version, !body.is_done());
    let keep_alive =
        !fields.connection.close && (version == Version::HTTP_11 || fields.connection.keep_alive);
    let is_passed_on = fields.is_passed_on;
    let headers = fields.into_headers();
    let told = Told { is_passed_on, ..rules.told(&headers) };
    let mut request = Request::new(method, uri);
    if told.is_secure {
        request.uri.set_scheme(Scheme::Https);
    }
    request.version = version;
    request.headers = Headers(headers);
    Ok(Head { request, body, keep_alive, expects_continue, wants_upgrade, told })
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
