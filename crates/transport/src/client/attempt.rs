//! [`Attempt`]: one request on one connection, up to the head of the response.

use std::future::poll_fn;
use std::io;
use std::task::{Context as TaskContext, Poll};

use bytes::{Buf, Bytes};
use exchange::{Body, BodyError, Context, Fault, FaultKind, Repeat, Request, Response, Upgrade};
use http::{Method, StatusCode, header};

use super::body::ResponseBody;
use super::encode;
use super::head::{Head, parse_head};
use super::options::ClientOptions;
use super::pool::Permit;
use super::wire::Wire;
use crate::h1::framing::Decoder;
use crate::h1::scan::{HeadLimits, HeadScan, HeadSpan};
use crate::h1::writer::{BodyWriter, Framing, WriteError};
use crate::io::{encode_buffer, give_back};
use crate::tunnel::SocketTunnel;

/// Interim responses an origin may send before its final one.
const INTERIM_MAX: usize = 16;

/// Bytes copied at once in each direction of a tunnel.
const TUNNEL_BLOCK_BYTES: usize = 16 * 1024;

/// Why there is no response.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    /// The connection had served before and ended before a byte of this response came: the origin closed it
    /// while it was idle, most likely.
    pub(crate) was_stale: bool,
    /// Nothing of the request has left.
    pub(crate) nothing_sent: bool,
    pub(crate) permit: Permit,
}

/// A request under way.
struct Attempt {
    wire: Wire,
    upload: Option<BodyWriter>,
    upload_error: Option<io::Error>,
    sent: u64,
    flushed: u64,
    answered: bool,
}

/// Sends a request whose body has been taken out, and waits for the head of the response.
pub(crate) async fn run(
    wire: Wire,
    permit: Permit,
    cx: &Context,
    request: &Request,
    body: Body,
    options: &ClientOptions,
    framing: Framing,
) -> Result<Response, Failure> {
    let mut head = encode_buffer();
    let wants_upgrade = encode::wants_upgrade(request);
    if let Err(fault) = encode::push_head(&mut head, cx, request, framing, wants_upgrade, options) {
        give_back(head);
        return Err(Failure { fault, was_stale: false, nothing_sent: true, permit });
    }
    let upload = Some(BodyWriter::new(head, body, framing));
    let mut attempt = Attempt { wire, upload, upload_error: None, sent: 0, flushed: 0, answered: false };
    match attempt.head(request, wants_upgrade, options).await {
        Ok(head) => Ok(attempt.into_response(head, permit, options)),
        Err(Error::Closed(error)) => {
            let was_stale = attempt.wire.reused && !attempt.answered;
            let nothing_sent = attempt.sent == 0;
            let detail = format!("{} closed the connection before its response", request.uri.authority());
            let fault = Fault::new(FaultKind::BadGateway, detail)
                .because(attempt.upload_error.take().unwrap_or(error))
                .repeat_if(if nothing_sent { Repeat::Always } else { Repeat::IfIdempotent });
            Err(Failure { fault, was_stale, nothing_sent, permit })
        }
        Err(error) => {
            let fault = error.into_fault(request);
            Err(Failure { fault, was_stale: false, nothing_sent: false, permit })
        }
    }
}

enum Error {
    Closed(io::Error),
    Silent,
    Response(&'static str),
    RequestBody(BodyError),
    RequestLength,
}

impl Error {
    fn into_fault(self, request: &Request) -> Fault {
        let origin = request.uri.authority();
        match self {
            Self::Closed(error) => {
                Fault::new(FaultKind::BadGateway, format!("{origin} closed the connection"))
                    .because(error)
                    .repeat_if(Repeat::IfIdempotent)
            }
            Self::Silent => Fault::new(FaultKind::GatewayTimeout, format!("{origin} did not answer in time"))
                .repeat_if(Repeat::IfIdempotent),
            Self::Response(reason) => Fault::new(
                FaultKind::BadGateway,
                format!("{origin} sent a response that cannot be used: {reason}"),
            )
            .repeat_if(Repeat::IfIdempotent),
            Self::RequestBody(error) => body_fault(error),
            Self::RequestLength => length_fault(),
        }
    }
}

/// What a client is told whose body cannot be sent on.
pub(crate) fn body_fault(error: BodyError) -> Fault {
    let kind = match &error {
        BodyError::TooLarge { .. } => FaultKind::TooLarge,
        BodyError::Incomplete | BodyError::TimedOut => FaultKind::RequestTimeout,
        BodyError::Malformed(_) | BodyError::Connection(_) => FaultKind::BadRequest,
        BodyError::Storage(_) => FaultKind::Internal,
    };
    Fault::new(kind, "The request's body could not be read").because(error).closing()
}

/// A body is not what a filter made its length to be.
pub(crate) fn length_fault() -> Fault {
    Fault::internal("The request's body is not as long as it said").closing()
}

impl Attempt {
    /// Sends the request and, at the same time, waits for the head of the final response.
    async fn head(
        &mut self,
        request: &Request,
        wants_upgrade: bool,
        options: &ClientOptions,
    ) -> Result<Head, Error> {
        let limits = HeadLimits {
            first_line_bytes_max: options.response_head_bytes_max,
            fields_bytes_max: options.response_head_bytes_max,
        };
        for _ in 0..=INTERIM_MAX {
            let mut scan = HeadScan::default();
            self.wire.timer.set(options.so_timeout);
            let span = poll_fn(|task| self.poll_head(task, &mut scan, limits, options)).await?;
            self.wire.buffer.advance(span.start);
            let bytes = self.wire.buffer.split_to(span.end - span.start).freeze();
            let head = parse_head(&bytes, request.method != Method::HEAD).map_err(Error::Response)?;
            match head.response.status {
                StatusCode::SWITCHING_PROTOCOLS if !wants_upgrade => {
                    return Err(Error::Response("it switches protocols unasked"));
                }
                StatusCode::SWITCHING_PROTOCOLS => {
                    let asked = request.headers.get(header::UPGRADE).map_or(&b""[..], |name| name.as_bytes());
                    let answered =
                        head.response.headers.get(header::UPGRADE).map_or(&b""[..], |name| name.as_bytes());
                    if !asked.eq_ignore_ascii_case(answered) {
                        return Err(Error::Response("it switches to a protocol that was not asked for"));
                    }
                    return Ok(head);
                }
                status if status.is_informational() => {}
                _ => return Ok(head),
            }
        }
        Err(Error::Response("too many interim responses"))
    }

    fn poll_head(
        &mut self,
        task: &mut TaskContext<'_>,
        scan: &mut HeadScan,
        limits: HeadLimits,
        options: &ClientOptions,
    ) -> Poll<Result<HeadSpan, Error>> {
        let waits_for_origin = match self.poll_upload(task, options) {
            Ok(waits) => waits,
            Err(error) => return Poll::Ready(Err(error)),
        };
        loop {
            match scan.advance(&self.wire.buffer, limits) {
                Ok(Some(span)) => return Poll::Ready(Ok(span)),
                Ok(None) => {}
                Err(_) => return Poll::Ready(Err(Error::Response("its head is malformed or too long"))),
            }
            match self.wire.io.poll_read(task, &mut self.wire.buffer) {
                Poll::Ready(Ok(0)) if !self.answered => {
                    return Poll::Ready(Err(Error::Closed(io::ErrorKind::UnexpectedEof.into())));
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Error::Response("its head is incomplete"))),
                Poll::Ready(Ok(_)) => {
                    self.answered = true;
                    self.wire.timer.set(options.so_timeout);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Error::Closed(error))),
                Poll::Pending if waits_for_origin => {
                    return self.wire.timer.poll(task).map(|()| Err(Error::Silent));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Sends what can be sent. Says whether the origin is the one to wait for, rather than our own client.
    fn poll_upload(&mut self, task: &mut TaskContext<'_>, options: &ClientOptions) -> Result<bool, Error> {
        let Some(upload) = &mut self.upload else { return Ok(true) };
        let polled = upload.poll(&self.wire.io, task);
        let waits_for_socket = upload.waits_for_socket();
        let flushed = self.wire.io.flushed();
        if upload.written() > self.sent || flushed > self.flushed {
            self.sent = upload.written();
            self.flushed = flushed;
            self.wire.timer.set(options.so_timeout);
        }
        match polled {
            Poll::Pending => Ok(waits_for_socket),
            Poll::Ready(Ok(())) => {
                if let Some(upload) = self.upload.take() {
                    upload.finish();
                }
                Ok(true)
            }
            // The origin may have answered before it closed; what it said is worth reading.
            Poll::Ready(Err(WriteError::Io(error))) => {
                self.upload = None;
                self.upload_error = Some(error);
                Ok(true)
            }
            Poll::Ready(Err(WriteError::Body(error))) => Err(Error::RequestBody(error)),
            Poll::Ready(Err(WriteError::Length)) => Err(Error::RequestLength),
        }
    }

    /// Attaches what comes behind the head.
    fn into_response(mut self, head: Head, permit: Permit, options: &ClientOptions) -> Response {
        let Head { mut response, body: decoder, mut keep_alive } = head;
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            response.upgrade = Some(relay(self.wire, permit));
            return response;
        }
        keep_alive &= self.upload_error.is_none() && !matches!(decoder, Decoder::UntilClose);
        let whole = match decoder.remaining() {
            Some(length) if length <= self.wire.buffer.len() as u64 => usize::try_from(length).ok(),
            _ => None,
        };
        let Some(length) = whole else {
            let body = ResponseBody::new(
                self.wire,
                permit,
                decoder,
                self.upload.take(),
                keep_alive,
                options.so_timeout,
            );
            response.body = Body::stream(Box::pin(body));
            return response;
        };
        let content: Bytes = self.wire.buffer.split_to(length).freeze();
        response.body = Body::from(content);
        // Bytes behind the end belong to no request of ours.
        if keep_alive && self.upload.is_none() && self.wire.buffer.is_empty() {
            permit.give_back(self.wire);
        }
        response
    }
}

/// Copies both ways until both sides have ended. The connection is never used again.
fn relay(wire: Wire, permit: Permit) -> Upgrade {
    let Wire { io, buffer, .. } = wire;
    Upgrade::new(move |mut client| async move {
        let _held_while_open = permit;
        let mut origin = SocketTunnel::new(io, buffer);
        let copied = tokio::io::copy_bidirectional_with_sizes(
            &mut client,
            &mut origin,
            TUNNEL_BLOCK_BYTES,
            TUNNEL_BLOCK_BYTES,
        );
        if let Err(error) = copied.await {
            tracing::debug!(%error, "A tunnel ended with an error");
        }
    })
}
