//! gzip of responses, for clients that accept it.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use exchange::{Body, BodyError, Headers, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;

/// Shorter bodies do not become shorter.
const BYTES_MIN: u64 = 256;

/// Compressed output is handed on once this much of it is there, or when the origin pauses.
const OUTPUT_BLOCK_BYTES: usize = 16 * 1024;

/// Whether the client takes gzip (RFC 9110, section 12.5.3).
pub(crate) fn accepts_gzip(headers: &Headers) -> bool {
    let mut accepted = None;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for member in value.to_str().unwrap_or_default().split(',') {
            let mut parts = member.split(';').map(str::trim);
            let coding = parts.next().unwrap_or_default();
            let refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or(part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
            });
            // A coding that is named outweighs the asterisk.
            match coding {
                _ if coding.eq_ignore_ascii_case("gzip") => return !refused,
                "*" => accepted = Some(!refused),
                _ => {}
            }
        }
    }
    accepted.unwrap_or_default()
}

/// Compresses a response unless that is pointless, forbidden, or would hold up an event stream.
pub(crate) fn compress(response: &mut Response, level: u32) {
    let headers = &response.headers;
    let is_partial =
        response.status == StatusCode::PARTIAL_CONTENT || headers.contains_key(header::CONTENT_RANGE);
    let has_no_body = matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if is_partial
        || has_no_body
        || response.body.length().is_some_and(|length| length < BYTES_MIN)
        || headers.contains_key(header::CONTENT_ENCODING)
        || headers.has_token(&header::CACHE_CONTROL, "no-transform")
        || !headers.text(header::CONTENT_TYPE).is_some_and(is_compressible)
    {
        return;
    }
    let headers = &mut response.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::ACCEPT_RANGES);
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    if !headers.has_token(&header::VARY, "accept-encoding") && !headers.has_token(&header::VARY, "*") {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    // The bytes are others now, so the validator may only claim the same meaning.
    if let Some(tag) = headers.text(header::ETAG).filter(|tag| tag.starts_with('"'))
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{tag}"))
    {
        headers.insert(header::ETAG, weak);
    }
    let encoder = GzEncoder::new(Vec::new(), Compression::new(level.clamp(1, 9)));
    response.body = Body::stream(Box::pin(Gzip {
        body: response.body.take(),
        encoder: Some(encoder),
        unflushed: false,
        trailers: None,
    }));
}

/// Whether content of this type gets shorter, and whether it may wait for more.
fn is_compressible(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/") && kind != "text/event-stream";
    is_text
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind.as_str(),
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/x-www-form-urlencoded"
                | "application/x-ndjson"
                | "application/wasm"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
        )
}

struct Gzip {
    body: Body,
    /// Gone once everything is compressed.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// Content went in that has not come out.
    unflushed: bool,
    trailers: Option<HeaderMap>,
}

impl Gzip {
    fn finish(&mut self) -> Result<Bytes, BodyError> {
        let Some(encoder) = self.encoder.take() else { return Ok(Bytes::new()) };
        encoder.finish().map(Bytes::from).map_err(BodyError::Connection)
    }
}

impl http_body::Body for Gzip {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let Some(encoder) = &mut self.encoder else {
                return Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
            };
            if encoder.get_ref().len() >= OUTPUT_BLOCK_BYTES {
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(encoder.get_mut()).into()))));
            }
            let frame = match Pin::new(&mut self.body).poll_frame(task) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    if !std::mem::take(&mut self.unflushed) {
                        return Poll::Pending;
                    }
                    let Some(encoder) = &mut self.encoder else { return Poll::Pending };
                    encoder.flush().map_err(BodyError::Connection)?;
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(encoder.get_mut()).into()))));
                }
            };
            match frame.transpose()?.map(Frame::into_data) {
                Some(Ok(data)) => {
                    self.unflushed = true;
                    if let Some(encoder) = &mut self.encoder {
                        encoder.write_all(&data).map_err(BodyError::Connection)?;
                    }
                }
                last => {
                    self.trailers = last.and_then(Result::err).and_then(|frame| frame.into_trailers().ok());
                    return Poll::Ready(Some(self.finish().map(Frame::data)));
                }
            }
        }
    }
}
