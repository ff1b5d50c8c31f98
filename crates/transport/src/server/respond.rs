//! Writing a response, and deciding whether the connection outlives it.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use exchange::{Body, Response};
use http::{StatusCode, Version, header};

use super::body::{BodyChannel, Reading};
use super::compress;
use super::connection::{Asked, Connection};
use super::ending;
use super::frames::FrameWatch;
use super::listener::Phase;
use super::refusal::Refusal;
use crate::h1::maps;
use crate::h1::names::{is_written_by_transport, parse_length};
use crate::h1::writer::{BodyWriter, Framing, WriteError, push_field, push_framing};
use crate::io::{encode_buffer, push_decimal};
use crate::tunnel::SocketTunnel;

/// An unread rest of a request's body up to this length is read and thrown away, so that the connection can
/// serve the next request; for more, closing is cheaper.
pub(crate) const THROWN_AWAY_BYTES_MAX: u64 = 64 * 1024;

/// How long that may take.
pub(crate) const THROW_AWAY_TIME: Duration = Duration::from_secs(5);

/// What a response's head announces.
struct Plan {
    framing: Framing,
    /// `Content-Length` of a response that has no body here (HEAD, 304).
    described_length: Option<u64>,
    close: bool,
}

impl Connection {
    /// Answers. `false` ends the connection.
    pub(crate) async fn respond(
        &mut self,
        asked: Asked,
        mut response: Response,
        channel: Option<BodyChannel>,
    ) -> bool {
        self.listener.options.tell_to_stay(&self.client, &mut response);
        if response.status.is_informational() {
            return self.switch(asked, response).await;
        }
        if let Some(level) = self.listener.options.compression
            && asked.accepts_gzip
            && !asked.is_head
        {
            compress::compress(&mut response, level);
        }
        let plan = self.plan(asked, &response, channel.as_ref());
        let mut head = encode_buffer();
        push_head(&mut head, asked, &response, &plan);
        maps::give_back(std::mem::take(&mut response.headers.0));
        let mut writer = BodyWriter::new(head, response.body.take(), plan.framing);
        match self.write(&mut writer, channel.as_ref()).await {
            Ok(()) => writer.finish(),
            Err(WriteError::Body(error)) if writer.nothing_written() => {
                tracing::warn!(%error, "The response's body failed before its first byte");
                self.refuse(
                    Refusal::new(StatusCode::BAD_GATEWAY, "the response's body failed"),
                    !asked.is_head,
                )
                .await;
                return false;
            }
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::debug!(%error, cause = cause.source(), "The response ended early; closing the connection");
                self.io.abort();
                return false;
            }
        }
        let reading = channel.as_ref().and_then(BodyChannel::take);
        let had_body = channel.is_some();
        let read_to_end = match reading {
            Some(reading) => self.throw_away(reading, plan.close).await,
            None => !had_body,
        };
        if !plan.close && read_to_end {
            return true;
        }
        if !read_to_end || !self.buffer.is_empty() {
            self.linger().await;
        }
        false
    }

    fn plan(&self, asked: Asked, response: &Response, channel: Option<&BodyChannel>) -> Plan {
        let length = response.body.length();
        let mut described_length = None;
        let framing = match response.status {
            StatusCode::NO_CONTENT => Framing::None,
            StatusCode::NOT_MODIFIED => {
                described_length = announced_length(response);
                Framing::None
            }
            _ if asked.is_head => {
                described_length = announced_length(response).or(length.filter(|length| *length > 0));
                Framing::None
            }
            _ => match length {
                Some(length) => Framing::Length(length),
                None if asked.version == Version::HTTP_11 => Framing::Chunked,
                None => Framing::UntilClose,
            },
        };
        let rest_is_too_long = channel.is_some_and(|channel| {
            channel.with(|rest| rest.is_beyond(THROWN_AWAY_BYTES_MAX)).unwrap_or(true)
        });
        let close = !asked.keep_alive
            || framing == Framing::UntilClose
            || rest_is_too_long
            || self.listener.phase() != Phase::Running
            || response.headers.has_token(&header::CONNECTION, "close");
        Plan { framing, described_length, close }
    }

    /// Writes to the end, as long as the client takes it.
    async fn write(
        &mut self,
        writer: &mut BodyWriter,
        channel: Option<&BodyChannel>,
    ) -> Result<(), WriteError> {
        let write_timeout = self.listener.options.limits.write_timeout;
        let mut written_before = None;
        poll_fn(|task| {
            if let Poll::Ready(outcome) = writer.poll(&self.io, task) {
                return Poll::Ready(outcome);
            }
            if !writer.waits_for_socket() {
                return match self.client_left(task, channel) {
                    true => Poll::Ready(Err(WriteError::Io(io::ErrorKind::ConnectionReset.into()))),
                    false => Poll::Pending,
                };
            }
            let written = (writer.written(), self.io.flushed());
            if written_before.replace(written) != Some(written) {
                self.timer.set(write_timeout);
            }
            self.timer.poll(task).map(|()| Err(WriteError::Io(io::ErrorKind::TimedOut.into())))
        })
        .await
    }

    /// Reads the rest of a request's body and gives the read side back. `false`: there is more than that.
    async fn throw_away(&mut self, mut reading: Reading, close: bool) -> bool {
        let mut bytes_left = THROWN_AWAY_BYTES_MAX;
        self.timer.set(THROW_AWAY_TIME);
        let complete = poll_fn(|task| {
            loop {
                if reading.is_complete() {
                    return Poll::Ready(true);
                }
                if close || reading.is_beyond(bytes_left) {
                    return Poll::Ready(false);
                }
                match reading.poll(task) {
                    Poll::Ready(Some(Ok(frame))) => {
                        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                        let Some(left) = bytes_left.checked_sub(length) else { return Poll::Ready(false) };
                        bytes_left = left;
                    }
                    Poll::Ready(Some(Err(_))) => return Poll::Ready(false),
                    Poll::Ready(None) => return Poll::Ready(true),
                    Poll::Pending => return self.timer.poll(task).map(|()| false),
                }
            }
        })
        .await;
        self.buffer = reading.buffer;
        complete
    }

    /// Writes a 101 and lets the response's task have the connection. Always ends it.
    async fn switch(&mut self, asked: Asked, mut response: Response) -> bool {
        let upgrade = response.upgrade.take().filter(|_| asked.wants_upgrade);
        let Some(upgrade) = upgrade.filter(|_| response.status == StatusCode::SWITCHING_PROTOCOLS) else {
            tracing::warn!(
                status = response.status.as_u16(),
                "A handler answered with a status that cannot end a request"
            );
            self.refuse(Refusal::new(StatusCode::BAD_GATEWAY, "the response is no final response"), true)
                .await;
            return false;
        };
        let is_websocket =
            response.headers.text(header::UPGRADE).is_some_and(|name| name.eq_ignore_ascii_case("websocket"));
        let plan = Plan { framing: Framing::None, described_length: None, close: false };
        let mut head = encode_buffer();
        push_head(&mut head, asked, &response, &plan);
        let mut writer = BodyWriter::new(head, Body::empty(), Framing::None);
        if self.write(&mut writer, None).await.is_ok() {
            let leftover = std::mem::take(&mut self.buffer);
            let tunnel = Box::new(SocketTunnel::new(self.io.clone(), leftover));
            let from_client = is_websocket.then(|| FrameWatch::of_clients(&self.listener.options));
            ending::run(upgrade, tunnel, from_client).await;
        }
        false
    }
}

/// The length that a response without its body claims for it.
pub(crate) fn announced_length(response: &Response) -> Option<u64> {
    let mut values = response.headers.get_all(header::CONTENT_LENGTH).iter();
    let value = values.next()?;
    values.next().is_none().then(|| parse_length(value.as_bytes())).flatten()
}

fn push_head(buffer: &mut Vec<u8>, asked: Asked, response: &Response, plan: &Plan) {
    push_status_line(buffer, response);
    for (name, value) in response.headers.iter().filter(|(name, _)| !is_written_by_transport(name)) {
        push_field(buffer, name, value);
    }
    push_framing(buffer, plan.framing);
    if let Some(length) = plan.described_length {
        buffer.extend_from_slice(b"content-length: ");
        push_decimal(buffer, length);
        buffer.extend_from_slice(b"\r\n");
    }
    let names_protocol =
        matches!(response.status, StatusCode::SWITCHING_PROTOCOLS | StatusCode::UPGRADE_REQUIRED);
    let protocol = names_protocol.then(|| response.headers.get(header::UPGRADE)).flatten();
    if let Some(protocol) = protocol {
        push_field(buffer, &header::UPGRADE, protocol);
    }
    let connection: &[u8] = match (protocol.is_some(), plan.close) {
        (true, true) => b"connection: upgrade, close\r\n",
        (true, false) => b"connection: upgrade\r\n",
        (false, true) => b"connection: close\r\n",
        (false, false) if asked.version == Version::HTTP_10 => b"connection: keep-alive\r\n",
        (false, false) => b"",
    };
    buffer.extend_from_slice(connection);
    buffer.extend_from_slice(b"\r\n");
}

fn push_status_line(buffer: &mut Vec<u8>, response: &Response) {
    // A reason comes from an origin or a configuration; anything that could end the line is not written.
    let is_phrase =
        |reason: &&str| reason.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
    let reason = response.reason.as_deref().filter(is_phrase).or(response.status.canonical_reason());
    buffer.extend_from_slice(b"HTTP/1.1 ");
    buffer.extend_from_slice(response.status.as_str().as_bytes());
    buffer.push(b' ');
    buffer.extend_from_slice(reason.unwrap_or_default().as_bytes());
    buffer.extend_from_slice(b"\r\n");
}
