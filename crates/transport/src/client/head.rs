//! From the bytes of a response's head to a [`Response`]. Framing that two readers could understand in two
//! ways is refused, as for requests: the client behind us would be the second reader.

use std::mem::MaybeUninit;

use bytes::Bytes;
use exchange::{Headers, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};

use crate::h1::framing::Decoder;
use crate::h1::maps;
use crate::h1::names::{self, Connection, Field, classify};

/// Fields a response may have.
pub(crate) const FIELDS_MAX: usize = 256;

/// A response without its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) response: Response,
    pub(crate) body: Decoder,
    pub(crate) keep_alive: bool,
}

/// Parses a complete head.
pub(crate) fn parse_head(head: &Bytes, has_body: bool) -> Result<Head, &'static str> {
    let mut storage = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    match config.parse_response_with_uninit_headers(&mut parsed, head, &mut storage) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err("its head is malformed"),
        Err(httparse::Error::TooManyHeaders) => return Err("it has too many header fields"),
        Err(_) => return Err("its head is malformed"),
    }
    let status = StatusCode::from_u16(parsed.code.unwrap_or_default())
        .map_err(|_| "its status is no number from 100 to 999")?;
    let version = if parsed.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut response = Response::new(status);
    response.version = version;
    response.reason = parsed
        .reason
        .filter(|reason| !reason.is_empty() && Some(*reason) != status.canonical_reason())
        .map(str::to_owned);
    let fields = Fields::read(head, parsed.headers, status)?;
    let keep_alive =
        !fields.connection.close && (version == Version::HTTP_11 || fields.connection.keep_alive);
    let body = fields.framing(version)?;
    let no_content = !has_body
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    response.headers = Headers(fields.headers);
    Ok(Head { response, body: if no_content { Decoder::Done } else { body }, keep_alive })
}

struct Fields {
    headers: HeaderMap,
    length: Option<u64>,
    chunked: bool,
    connection: Connection,
}

impl Fields {
    fn read(head: &Bytes, parsed: &[httparse::Header<'_>], status: StatusCode) -> Result<Self, &'static str> {
        let mut headers = maps::take(parsed.len());
        let mut connection_values = Vec::new();
        let mut fields = Self {
            headers: HeaderMap::new(),
            length: None,
            chunked: false,
            connection: Connection::default(),
        };
        for field in parsed {
            let bytes = if field.value.is_empty() { Bytes::new() } else { head.slice_ref(field.value) };
            let value =
                HeaderValue::from_maybe_shared(bytes).map_err(|_| "a field value has a control character")?;
            match classify(field.name) {
                Field::ContentLength => {
                    let length = names::parse_length(field.value)
                        .ok_or("its Content-Length is not one plain number")?;
                    if fields.length.replace(length).is_some() {
                        return Err("it has more than one Content-Length");
                    }
                }
                Field::TransferEncoding => {
                    if fields.chunked || !field.value.eq_ignore_ascii_case(b"chunked") {
                        return Err("its Transfer-Encoding is not exactly `chunked`");
                    }
                    fields.chunked = true;
                    continue;
                }
                Field::Connection => {
                    fields.connection.read(field.value);
                    connection_values.push(value);
                    continue;
                }
                Field::HopByHop => continue,
                Field::Upgrade
                    if !matches!(status, StatusCode::SWITCHING_PROTOCOLS | StatusCode::UPGRADE_REQUIRED) =>
                {
                    continue;
                }
                Field::Upgrade
                | Field::Host
                | Field::Expect
                | Field::FoldedFraming
                | Field::Forwarded
                | Field::Plain => {}
            }
            let name =
                HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| "a field name is not a token")?;
            headers.append(name, value);
        }
        if fields.connection.names_fields {
            names::remove_named(&mut headers, &connection_values);
        }
        if status == StatusCode::SWITCHING_PROTOCOLS && !headers.contains_key(header::UPGRADE) {
            return Err("it switches to a protocol that it does not name");
        }
        fields.headers = headers;
        Ok(fields)
    }

    fn framing(&self, version: Version) -> Result<Decoder, &'static str> {
        match (self.length, self.chunked) {
            (Some(_), true) => Err("it has both Content-Length and Transfer-Encoding"),
            (None, true) if version == Version::HTTP_10 => Err("it is HTTP/1.0 and has a Transfer-Encoding"),
            (None, true) => Ok(Decoder::chunked()),
            (Some(length), false) => Ok(Decoder::length(length)),
            (None, false) => Ok(Decoder::UntilClose),
        }
    }
}
