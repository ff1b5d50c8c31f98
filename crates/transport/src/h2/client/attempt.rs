//! One request on one stream, up to the head of the response.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use exchange::{Body, BodyError, Context, Fault, FaultKind, Headers, Repeat, Request, Response};
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use http_body::{Frame, SizeHint};

use super::super::body::{Expected, StreamBody};
use super::super::send::{BodySender, SendError};
use super::StreamPermit;
use crate::client::ClientOptions;
use crate::client::attempt::{body_fault, length_fault};
use crate::client::encode::{self, FieldSink};
use crate::client::head::FIELDS_MAX;
use crate::h1::names::{Field, classify, parse_length};
use crate::h1::writer::Framing;
use crate::timer::Timer;

/// Why there is no response.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    /// The connection had served before and ended before this response began.
    pub(crate) was_stale: bool,
    /// The origin has not acted on the request.
    pub(crate) not_processed: bool,
    /// The origin wants HTTP/1.1.
    pub(crate) needs_http1: bool,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault, was_stale: false, not_processed: false, needs_http1: false }
    }
}

/// Sends a request whose body has been taken out, and waits for the head of the response.
pub(crate) async fn run(
    permit: StreamPermit,
    cx: &Context,
    request: &Request,
    body: Body,
    options: &ClientOptions,
    framing: Framing,
) -> Result<Response, Failure> {
    let head = request_head(cx, request, options, framing)?;
    let has_body = !matches!(framing, Framing::None | Framing::Length(0));
    let sending = match permit.connection.send.clone().ready().await {
        Ok(mut send) => send.send_request(head, !has_body),
        Err(error) => Err(error),
    };
    // Nothing of the request has left.
    let (response, stream) = sending.map_err(|error| {
        permit.connection.retired.store(true, Ordering::Relaxed);
        let detail = format!("{} takes no more requests on its connection", request.uri.authority());
        let fault = Fault::new(FaultKind::BadGateway, detail).because(error).repeat_if(Repeat::Always);
        Failure { not_processed: true, ..fault.into() }
    })?;
    let length = body.length();
    let upload = has_body.then(|| BodySender::new(stream, body, length));
    let mut attempt = Attempt { response, upload, timer: Timer::new(), sent: 0 };
    attempt.timer.set(options.so_timeout);
    match poll_fn(|task| attempt.poll_head(task, options.so_timeout)).await {
        Ok(head) => {
            let unusable = |reason| {
                let detail =
                    format!("{} sent a response that cannot be used: {reason}", request.uri.authority());
                Fault::new(FaultKind::BadGateway, detail).repeat_if(Repeat::IfIdempotent).into()
            };
            into_response(head, attempt.upload, permit, request, options).map_err(unusable)
        }
        Err(error) => Err(error.into_failure(&permit, request)),
    }
}

/// Gathers the fields of a request.
struct Gathered(HeaderMap);

impl FieldSink for Gathered {
    fn pass(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.0.append(name.clone(), value.clone());
    }

    fn add(&mut self, name: &'static str, write_value: impl FnOnce(&mut Vec<u8>)) {
        let mut value = Vec::new();
        write_value(&mut value);
        // Made of addresses, and of values that were field values before.
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
            self.0.append(HeaderName::from_static(name), value);
        }
    }
}

fn request_head(
    cx: &Context,
    request: &Request,
    options: &ClientOptions,
    framing: Framing,
) -> Result<http::Request<()>, Fault> {
    let unsendable =
        || Fault::internal(format!("The request to {} cannot be written as HTTP/2", request.uri.authority()));
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(match request.uri.scheme() {
        exchange::Scheme::Http => Scheme::HTTP,
        exchange::Scheme::Https => Scheme::HTTPS,
    });
    parts.authority = Some(Authority::try_from(encode::host(request)).map_err(|_| unsendable())?);
    parts.path_and_query = Some(request.uri.path_and_query().clone());
    let mut fields = Gathered(HeaderMap::with_capacity(request.headers.len() + 8));
    let passed_on = encode::pass_on(&mut fields, cx, request, options);
    encode::add_own(&mut fields, cx, request, options, &passed_on)?;
    let mut headers = fields.0;
    if let Framing::Length(length) = framing {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    // Trailers are passed on, whoever asks for them; gRPC insists on being told.
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    let mut head = http::Request::new(());
    *head.method_mut() = request.method.clone();
    *head.uri_mut() = http::Uri::from_parts(parts).map_err(|_| unsendable())?;
    *head.version_mut() = Version::HTTP_2;
    *head.headers_mut() = headers;
    Ok(head)
}

enum Error {
    Stream(h2::Error),
    Silent,
    RequestBody(BodyError),
    RequestLength,
}

impl Error {
    fn into_failure(self, permit: &StreamPermit, request: &Request) -> Failure {
        let origin = request.uri.authority();
        let error = match self {
            Self::RequestBody(error) => return body_fault(error).into(),
            Self::RequestLength => return length_fault().into(),
            Self::Silent => {
                // Whether the origin or the connection to it is dead cannot be told.
                permit.connection.retired.store(true, Ordering::Relaxed);
                let detail = format!("{origin} did not answer in time");
                return Fault::new(FaultKind::GatewayTimeout, detail).repeat_if(Repeat::IfIdempotent).into();
            }
            Self::Stream(error) => error,
        };
        let bad = |detail: String| Fault::new(FaultKind::BadGateway, detail);
        let reason = error.reason();
        if error.is_reset() && error.is_remote() {
            let needs_http1 = reason == Some(Reason::HTTP_1_1_REQUIRED);
            let not_processed = needs_http1 || reason == Some(Reason::REFUSED_STREAM);
            let repeat = if not_processed { Repeat::Always } else { Repeat::IfIdempotent };
            let fault = bad(format!("{origin} reset the stream")).because(error).repeat_if(repeat);
            return Failure { fault, was_stale: false, not_processed, needs_http1 };
        }
        if error.is_reset() || (error.is_go_away() && error.is_library()) {
            let fault = bad(format!("{origin} sent a response that cannot be used")).because(error);
            return fault.repeat_if(Repeat::IfIdempotent).into();
        }
        let fault = bad(format!("{origin} closed the connection before its response")).because(error);
        Failure { was_stale: permit.reused, ..fault.repeat_if(Repeat::IfIdempotent).into() }
    }
}

/// A request under way.
struct Attempt {
    response: ResponseFuture,
    upload: Option<BodySender>,
    timer: Timer,
    sent: u64,
}

impl Attempt {
    /// Sends the request's body and, at the same time, waits for the head of the response.
    fn poll_head(
        &mut self,
        task: &mut TaskContext<'_>,
        so_timeout: Duration,
    ) -> Poll<Result<http::Response<RecvStream>, Error>> {
        let mut waits_for_origin = true;
        if let Some(upload) = &mut self.upload {
            let polled = upload.poll(task);
            waits_for_origin = upload.waits_for_peer();
            if upload.sent() > self.sent {
                self.sent = upload.sent();
                self.timer.set(so_timeout);
            }
            match polled {
                Poll::Pending => {}
                Poll::Ready(Err(SendError::Body(error))) => {
                    return Poll::Ready(Err(Error::RequestBody(error)));
                }
                Poll::Ready(Err(SendError::Length)) => return Poll::Ready(Err(Error::RequestLength)),
                // The origin may have answered before it stopped reading; what it said is worth reading.
                Poll::Ready(_) => {
                    self.upload = None;
                    waits_for_origin = true;
                }
            }
        }
        match Pin::new(&mut self.response).poll(task) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(Error::Stream)),
            Poll::Pending if waits_for_origin => self.timer.poll(task).map(|()| Err(Error::Silent)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Checks the head of a response, and attaches what comes behind it.
fn into_response(
    head: http::Response<RecvStream>,
    upload: Option<BodySender>,
    permit: StreamPermit,
    request: &Request,
    options: &ClientOptions,
) -> Result<Response, &'static str> {
    let (parts, receive) = head.into_parts();
    if parts.status.is_informational() {
        return Err("it switches protocols unasked");
    }
    let mut response = Response::new(parts.status);
    response.version = Version::HTTP_2;
    let mut headers = parts.headers;
    let mut length = check_fields(&mut headers)?;
    response.headers = Headers(headers);
    // The rest of the request's body interests nobody any more.
    if receive.is_end_stream() {
        return Ok(response);
    }
    let no_content = request.method == Method::HEAD
        || matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if no_content {
        length = None;
    }
    let expected = Expected { length, bytes_max: u64::MAX, timeout: options.so_timeout };
    let body = StreamBody::new(receive, expected, permit);
    response.body = Body::stream(match upload {
        None => Box::pin(body),
        Some(upload) => Box::pin(BothWays { body, upload: Some(upload) }),
    });
    Ok(response)
}

/// Takes out the fields that end at this hop. Yields the announced length.
fn check_fields(headers: &mut HeaderMap) -> Result<Option<u64>, &'static str> {
    if headers.len() > FIELDS_MAX {
        return Err("it has too many header fields");
    }
    let mut length = None;
    let mut ending = Vec::new();
    for (name, value) in headers.iter() {
        match classify(name.as_str()) {
            Field::ContentLength => {
                let announced =
                    parse_length(value.as_bytes()).ok_or("its Content-Length is not one plain number")?;
                if length.replace(announced).is_some() {
                    return Err("it has more than one Content-Length");
                }
            }
            Field::Connection | Field::TransferEncoding | Field::Upgrade => {
                return Err("it has a field of HTTP/1 connections");
            }
            Field::HopByHop => ending.push(name.clone()),
            Field::Host | Field::Expect | Field::FoldedFraming | Field::Forwarded | Field::Plain => {}
        }
    }
    for name in ending {
        headers.remove(name);
    }
    Ok(length)
}

/// The body of a response that began before the request's body had ended.
struct BothWays {
    body: StreamBody<StreamPermit>,
    upload: Option<BodySender>,
}

impl http_body::Body for BothWays {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(upload) = &mut self.upload
            && let Poll::Ready(outcome) = upload.poll(task)
        {
            // A failure there ends the upload, not the response.
            if let Err(error) = outcome {
                tracing::debug!(%error, cause = error.source(), "The request's body was not sent to its end");
            }
            self.upload = None;
        }
        Pin::new(&mut self.body).poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
