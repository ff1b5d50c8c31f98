//! One stream: run the handler, answer.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use exchange::{Body, ClientInfo, Context, Response};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use tokio::sync::oneshot;

use super::super::body::{Expected, StreamBody};
use super::super::remove_connection_fields;
use super::super::send::{BodySender, NextFrame, SendError};
use super::head::StreamHead;
use super::incoming::Incoming;
use crate::server::compress;
use crate::server::handling;
use crate::server::listener::Listener;
use crate::server::refusal::Refusal;
use crate::server::respond::announced_length;
use crate::timer::Timer;

/// What the streams of one connection share.
pub(super) struct Shared {
    pub(super) listener: Arc<Listener>,
    pub(super) client: Arc<ClientInfo>,
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With a response, or because we gave it up.
    ByUs,
    /// The client reset it.
    ByClient,
}

/// What decides how a request is answered.
#[derive(Debug, Clone, Copy)]
struct Asked {
    is_head: bool,
    accepts_gzip: bool,
}

/// A stream that the client has opened.
pub(super) struct Opened {
    pub(super) method: Method,
    pub(super) head: Result<StreamHead, Refusal>,
    pub(super) receive: RecvStream,
    pub(super) answer: SendResponse<Bytes>,
}

/// Serves a stream to its end.
pub(super) async fn run(shared: Arc<Shared>, opened: Opened) -> Ended {
    let Opened { method, head, receive, answer } = opened;
    let options = &*shared.listener.options;
    let asked = Asked { is_head: method == Method::HEAD, accepts_gzip: false };
    let expected = Expected {
        length: head.as_ref().ok().and_then(|head| head.length),
        bytes_max: options.limits.body_bytes_max.unwrap_or(u64::MAX),
        timeout: options.limits.body_read_timeout,
    };
    let (wanted, is_wanted) = oneshot::channel();
    let incoming = (!receive.is_end_stream()).then(|| {
        let body = StreamBody::new(receive, expected, ());
        let owes_continue = head.as_ref().is_ok_and(|head| head.expects_continue);
        Incoming::new(if owes_continue { body.telling(wanted) } else { body })
    });
    let ended = match head {
        Ok(head) => answer_request(&shared, asked, head, incoming.as_ref(), is_wanted, answer).await,
        Err(refusal) => respond(&shared, asked, answer, refused(&shared, refusal)).await,
    };
    if let (Some(incoming), Ended::ByUs) = (incoming, ended) {
        incoming.throw_away().await;
    }
    ended
}

async fn answer_request(
    shared: &Shared,
    mut asked: Asked,
    head: StreamHead,
    incoming: Option<&Incoming>,
    mut is_wanted: oneshot::Receiver<()>,
    mut answer: SendResponse<Bytes>,
) -> Ended {
    let StreamHead { mut request, expects_continue, told, .. } = head;
    asked.accepts_gzip =
        shared.listener.options.compression.is_some() && compress::accepts_gzip(&request.headers);
    if let Some(incoming) = incoming {
        request.body = incoming.body();
    }
    let mut cx = Context::new(told.of(&shared.client));
    let client_left = |task: &mut TaskContext<'_>| {
        if expects_continue
            && !is_wanted.is_terminated()
            && Pin::new(&mut is_wanted).poll(task) == Poll::Ready(Ok(()))
        {
            let mut interim = http::Response::new(());
            *interim.status_mut() = StatusCode::CONTINUE;
            // It fails when the stream has ended, which is found out right below.
            let _ = answer.send_informational(interim);
        }
        answer.poll_reset(task).is_ready()
    };
    let handler = &shared.listener.handler;
    let Some(response) = handling::handle(handler, &mut cx, &mut request, client_left).await else {
        tracing::debug!(client = %shared.client.remote, "The client left before the answer");
        return Ended::ByClient;
    };
    respond(shared, asked, answer, response).await
}

/// The answer to a request that no handler saw.
fn refused(shared: &Shared, refusal: Refusal) -> Response {
    tracing::debug!(client = %shared.client.remote, status = refusal.status.as_u16(), "Refused: {}", refusal.reason);
    Response::text(refusal.status, "text/plain; charset=utf-8", refusal.text())
}

async fn respond(
    shared: &Shared,
    asked: Asked,
    mut answer: SendResponse<Bytes>,
    mut response: Response,
) -> Ended {
    if response.status.is_informational() {
        tracing::warn!(
            status = response.status.as_u16(),
            "A handler answered with a status that cannot end a request"
        );
        let refusal = Refusal::new(StatusCode::BAD_GATEWAY, "the response is no final response");
        response = refused(shared, refusal);
    }
    if let Some(level) = shared.listener.options.compression
        && asked.accepts_gzip
        && !asked.is_head
    {
        compress::compress(&mut response, level);
    }
    let mut body = response.body.take();
    let mut length = prepare(shared, asked, &mut response, &mut body);
    let mut first = None;
    if !body.is_end_stream() {
        match poll_fn(|task| Poll::Ready(Pin::new(&mut body).poll_frame(task))).await {
            Poll::Ready(Some(Err(error))) => {
                tracing::warn!(%error, "The response's body failed before its first byte");
                let refusal = Refusal::new(StatusCode::BAD_GATEWAY, "the response's body failed");
                response = refused(shared, refusal);
                body = response.body.take();
                length = prepare(shared, asked, &mut response, &mut body);
            }
            Poll::Ready(frame) => first = Some(frame),
            Poll::Pending => {}
        }
    }
    let has_no_body =
        first.as_ref().map_or(body.is_end_stream(), Option::is_none) && length.unwrap_or(0) == 0;
    let mut head = http::Response::new(());
    *head.status_mut() = response.status;
    *head.headers_mut() = std::mem::take(&mut response.headers.0);
    let Ok(stream) = answer.send_response(head, has_no_body) else { return Ended::ByClient };
    if has_no_body {
        return Ended::ByUs;
    }
    send(shared, BodySender::new(stream, body, length), first).await
}

/// Writes the framing into the fields of a response. Yields the length of the body, if it is known.
fn prepare(shared: &Shared, asked: Asked, response: &mut Response, body: &mut Body) -> Option<u64> {
    shared.listener.options.tell_to_stay(&shared.client, response);
    let has_none =
        asked.is_head || matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let length = body.length();
    let announced = match response.status {
        StatusCode::NO_CONTENT => None,
        StatusCode::NOT_MODIFIED => announced_length(response),
        _ if asked.is_head => announced_length(response).or(length.filter(|length| *length > 0)),
        _ => length,
    };
    remove_connection_fields(&mut response.headers);
    if let Some(announced) = announced {
        response.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(announced));
    }
    if has_none {
        *body = Body::empty();
        return None;
    }
    length
}

/// Sends a body to its end, as long as the client takes it.
async fn send(shared: &Shared, mut sender: BodySender, first: Option<NextFrame>) -> Ended {
    let write_timeout = shared.listener.options.limits.write_timeout;
    let mut timer = Timer::new();
    let mut sent_before = None;
    let outcome = match first.map_or(Ok(()), |frame| sender.take(frame)) {
        Err(error) => Err(error),
        Ok(()) => {
            poll_fn(|task| {
                if let Poll::Ready(outcome) = sender.poll(task) {
                    return Poll::Ready(outcome);
                }
                if sender.poll_reset(task).is_ready() {
                    return Poll::Ready(Err(SendError::Closed));
                }
                if !sender.waits_for_peer() {
                    return Poll::Pending;
                }
                if sent_before.replace(sender.sent()) != Some(sender.sent()) {
                    timer.set(write_timeout);
                }
                timer.poll(task).map(|()| Err(SendError::TimedOut))
            })
            .await
        }
    };
    let Err(error) = outcome else { return Ended::ByUs };
    tracing::debug!(%error, cause = error.source(), "The response ended early; resetting the stream");
    match error {
        SendError::Closed | SendError::Stream(_) => return Ended::ByClient,
        SendError::TimedOut => sender.reset(Reason::CANCEL),
        SendError::Body(_) | SendError::Length => sender.reset(Reason::INTERNAL_ERROR),
    }
    Ended::ByUs
}
