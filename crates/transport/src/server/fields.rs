//! [`Fields`]: the fields of a request's head, whatever version of HTTP they came in, those that frame or route set
//! aside.

use std::net::SocketAddr;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};

use super::refusal::Refusal;
use crate::h1::authority::is_authority;
use crate::h1::framing::Decoder;
use crate::h1::maps;
use crate::h1::names::{self, Connection, Field};

/// The fields of a head, those that matter to the connection set aside.
pub(crate) struct Fields {
    /// What handlers see.
    pub(crate) headers: HeaderMap,
    pub(crate) length: Option<u64>,
    pub(crate) connection: Connection,
    host: Option<HeaderValue>,
    chunked: bool,
    connection_values: Vec<HeaderValue>,
    upgrade: Option<HeaderValue>,
    upgrades: usize,
    expect: Option<HeaderValue>,
    /// There was a word of earlier hops, kept or not.
    pub(crate) is_passed_on: bool,
}

impl Fields {
    /// Room for a number of fields.
    pub(crate) fn new(fields: usize) -> Self {
        Self {
            headers: maps::take(fields),
            host: None,
            length: None,
            chunked: false,
            connection: Connection::default(),
            connection_values: Vec::new(),
            upgrade: None,
            upgrades: 0,
            expect: None,
            is_passed_on: false,
        }
    }

    /// Takes in one field. `name` is asked for the name only if handlers will see the field.
    pub(crate) fn add(
        &mut self,
        field: Field,
        name: impl FnOnce() -> Result<HeaderName, Refusal>,
        value: HeaderValue,
        peer_is_trusted: bool,
    ) -> Result<(), Refusal> {
        let kept = match field {
            Field::Plain => true,
            Field::Forwarded => {
                self.is_passed_on = true;
                peer_is_trusted
            }
            Field::HopByHop => false,
            special => self.read_special(special, &value)?,
        };
        if kept {
            self.headers.append(name()?, value);
        }
        Ok(())
    }

    /// Reads a field that frames or routes. Says whether handlers see it.
    fn read_special(&mut self, field: Field, value: &HeaderValue) -> Result<bool, Refusal> {
        match field {
            Field::Host => match self.host.replace(value.clone()) {
                None => Ok(true),
                Some(_) => Err(Refusal::bad_request("the request has more than one Host")),
            },
            Field::ContentLength => {
                let length = names::parse_length(value.as_bytes())
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
                self.chunked = value.as_bytes().eq_ignore_ascii_case(b"chunked");
                match self.chunked {
                    true => Ok(false),
                    false => Err(Refusal::new(
                        StatusCode::NOT_IMPLEMENTED,
                        "the Transfer-Encoding is not exactly `chunked`",
                    )),
                }
            }
            Field::Connection => {
                self.connection.read(value.as_bytes());
                if self.connection.names_fields {
                    self.connection_values.push(value.clone());
                }
                Ok(false)
            }
            Field::Upgrade => {
                self.upgrades += 1;
                self.upgrade = Some(value.clone());
                Ok(false)
            }
            Field::Expect => {
                self.expect = Some(value.clone());
                Ok(false)
            }
            Field::FoldedFraming => {
                Err(Refusal::bad_request("the request has a field of framing that is spelt with `_`"))
            }
            Field::Plain | Field::Forwarded | Field::HopByHop => Ok(true),
        }
    }

    /// Takes in the authority of a request whose version names it outside of the fields. It has to agree with
    /// `Host`, which is added when it is not there, because handlers and origins look for the host there.
    pub(crate) fn set_authority(&mut self, authority: &Authority) -> Result<(), Refusal> {
        let text = authority.as_str().as_bytes();
        match &self.host {
            Some(host) if host.as_bytes().eq_ignore_ascii_case(text) => Ok(()),
            Some(_) => Err(Refusal::bad_request("the Host differs from the :authority")),
            None => {
                let host = value_of(Bytes::copy_from_slice(text))?;
                self.headers.insert(header::HOST, host.clone());
                self.host = Some(host);
                Ok(())
            }
        }
    }

    /// The authority of `Host`; the local address for HTTP/1.0 without one. `last` remembers that of the
    /// connection's last request.
    pub(crate) fn authority(
        &self,
        version: Version,
        local: SocketAddr,
        last: &mut Option<Authority>,
    ) -> Result<Authority, Refusal> {
        let local_text;
        let host = match &self.host {
            Some(host) => host.as_bytes(),
            None if version == Version::HTTP_10 => {
                local_text = local.to_string();
                local_text.as_bytes()
            }
            None => return Err(Refusal::bad_request("the request has no Host")),
        };
        if let Some(last) = last
            && last.as_str().as_bytes() == host
        {
            return Ok(last.clone());
        }
        if !is_authority(host) {
            return Err(Refusal::bad_request("the Host is not a host, or a host and port"));
        }
        // Copied, so that the memory of later requests does not hang on this head.
        let authority = Authority::from_maybe_shared(Bytes::copy_from_slice(host))
            .map_err(|_| Refusal::bad_request("the Host is not a host, or a host and port"))?;
        *last = Some(authority.clone());
        Ok(authority)
    }

    /// Where the body ends, in HTTP/1.
    pub(crate) fn framing(&self, version: Version) -> Result<Decoder, Refusal> {
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

    /// Whether the client waits for a 100 before it sends its body.
    pub(crate) fn expects_continue(&self, version: Version, has_body: bool) -> Result<bool, Refusal> {
        match &self.expect {
            None => Ok(false),
            Some(_) if version == Version::HTTP_10 => Ok(false),
            Some(value) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => Ok(has_body),
            Some(_) => Err(Refusal::new(StatusCode::EXPECTATION_FAILED, "the Expect is not `100-continue`")),
        }
    }

    /// Keeps `Upgrade` and `Connection: upgrade` for a request that validly asks for one other protocol.
    /// HTTP/2 and TLS are never among them: they would carry requests past every filter.
    pub(crate) fn settle_upgrade(&mut self, method: &Method, version: Version, has_body: bool) -> bool {
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
            && !has_body
            && version == Version::HTTP_11
            && *method == Method::GET;
        if valid {
            self.headers.insert(header::UPGRADE, protocol);
            self.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        valid
    }

    /// Removes what `Connection` names, and yields the fields that handlers see.
    pub(crate) fn into_headers(mut self) -> HeaderMap {
        if self.connection.names_fields {
            names::remove_named(&mut self.headers, &self.connection_values);
        }
        self.headers
    }
}

/// A value, which may have no control character.
pub(crate) fn value_of(bytes: Bytes) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_maybe_shared(bytes)
        .map_err(|_| Refusal::bad_request("a field value has a control character"))
}
