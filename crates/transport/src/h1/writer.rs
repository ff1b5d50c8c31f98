//! [`BodyWriter`]: writes a head and the body behind it, in as few system calls as it takes.
//!
//! The head waits until the body has been asked once, so that a small answer leaves in one write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use exchange::{Body, BodyError};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body as _, Frame};

use super::names::allowed_in_trailer;
use crate::io::{Io, give_back, push_decimal, push_hexadecimal};

/// Data up to this length is copied behind what precedes it; longer data is written from where it lies.
const MERGED_BYTES_MAX: usize = 8 * 1024;

/// After this much the other connections of the worker get their turn, however fast both peers are.
const BYTES_AT_ONCE: u64 = 1024 * 1024;

/// How the peer learns where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// By its length; this many bytes are left.
    Length(u64),
    /// By chunks.
    Chunked,
    /// By the end of the connection (HTTP/1.0).
    UntilClose,
}

/// Why a message was not written to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("the body failed")]
    Body(#[source] BodyError),
    #[error("the connection failed")]
    Io(#[source] io::Error),
    #[error("the body is not as long as announced")]
    Length,
}

/// A message on its way out.
#[derive(Debug)]
pub(crate) struct BodyWriter {
    /// The head, then the line before each chunk.
    prefix: Vec<u8>,
    prefix_written: usize,
    data: Bytes,
    suffix: &'static [u8],
    body: Body,
    framing: Framing,
    /// Everything is encoded; what is left is to flush it.
    ended: bool,
    /// The body has not been asked yet.
    fresh: bool,
    /// Everything so far was written, and some of it waits in the buffers of TLS.
    flushing: bool,
    written: u64,
}

impl BodyWriter {
    /// Takes an encoded head and the body to send behind it.
    pub(crate) fn new(head: Vec<u8>, body: Body, framing: Framing) -> Self {
        let ended = matches!(framing, Framing::None | Framing::Length(0));
        let body = if ended { Body::empty() } else { body };
        Self {
            prefix: head,
            prefix_written: 0,
            data: Bytes::new(),
            suffix: b"",
            body,
            framing,
            ended,
            fresh: true,
            flushing: false,
            written: 0,
        }
    }

    /// Writes until everything is out, or the socket or the body has to be waited for.
    pub(crate) fn poll(&mut self, io: &Io, task: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if self.fresh {
            self.fresh = false;
            if !self.ended
                && let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(task)
            {
                self.encode(frame)?;
            }
        }
        let fair_share = self.written.saturating_add(BYTES_AT_ONCE);
        loop {
            ready!(self.poll_flush(io, task)).map_err(WriteError::Io)?;
            if !self.ended && self.written >= fair_share {
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            let frame = ready!(Pin::new(&mut self.body).poll_frame(task));
            self.encode(frame)?;
        }
    }

    /// Whether the head could still be replaced.
    pub(crate) fn nothing_written(&self) -> bool {
        self.written == 0
    }

    /// Bytes written so far; a sign of life.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Whether encoded bytes wait for the socket.
    pub(crate) fn waits_for_socket(&self) -> bool {
        self.flushing || self.holds_bytes()
    }

    fn holds_bytes(&self) -> bool {
        self.prefix_written < self.prefix.len() || !self.data.is_empty() || !self.suffix.is_empty()
    }

    /// Gives the encode buffer back to the thread.
    pub(crate) fn finish(self) {
        give_back(self.prefix);
    }

    fn encode(&mut self, frame: Option<Result<Frame<Bytes>, BodyError>>) -> Result<(), WriteError> {
        let Some(frame) = frame.transpose().map_err(WriteError::Body)? else { return self.encode_end() };
        match frame.into_data() {
            Ok(data) if data.is_empty() => Ok(()),
            Ok(data) => self.encode_data(data),
            Err(frame) => {
                if let (Framing::Chunked, Ok(trailers)) = (self.framing, frame.into_trailers()) {
                    self.prefix.extend_from_slice(b"0\r\n");
                    push_trailers(&mut self.prefix, &trailers);
                    self.prefix.extend_from_slice(b"\r\n");
                    self.ended = true;
                    return Ok(());
                }
                self.encode_end()
            }
        }
    }

    fn encode_data(&mut self, data: Bytes) -> Result<(), WriteError> {
        let mut suffix: &'static [u8] = b"";
        match &mut self.framing {
            Framing::None => return Ok(()),
            Framing::UntilClose => {}
            Framing::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(WriteError::Length)?;
                self.ended = *left == 0;
            }
            Framing::Chunked => {
                push_hexadecimal(&mut self.prefix, data.len() as u64);
                self.prefix.extend_from_slice(b"\r\n");
                self.ended = self.body.is_end_stream();
                suffix = if self.ended { b"\r\n0\r\n\r\n" } else { b"\r\n" };
            }
        }
        if data.len() <= MERGED_BYTES_MAX {
            self.prefix.extend_from_slice(&data);
            self.prefix.extend_from_slice(suffix);
        } else {
            self.data = data;
            self.suffix = suffix;
        }
        Ok(())
    }

    fn encode_end(&mut self) -> Result<(), WriteError> {
        match self.framing {
            Framing::Length(1..) => return Err(WriteError::Length),
            Framing::Chunked => self.prefix.extend_from_slice(b"0\r\n\r\n"),
            _ => {}
        }
        self.ended = true;
        Ok(())
    }

    fn poll_flush(&mut self, io: &Io, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.holds_bytes() {
            let prefix = &self.prefix[self.prefix_written..];
            let slices = [IoSlice::new(prefix), IoSlice::new(&self.data), IoSlice::new(self.suffix)];
            let used =
                if self.data.is_empty() && self.suffix.is_empty() { &slices[..1] } else { &slices[..] };
            let written = ready!(io.poll_write(task, used))?;
            self.written += written as u64;
            let of_prefix = written.min(prefix.len());
            self.prefix_written += of_prefix;
            let of_data = (written - of_prefix).min(self.data.len());
            self.data.advance(of_data);
            self.suffix = &self.suffix[written - of_prefix - of_data..];
        }
        // An empty `Bytes` would still hold its block.
        self.data = Bytes::new();
        self.prefix.clear();
        self.prefix_written = 0;
        let flushed = io.poll_flush(task);
        self.flushing = flushed.is_pending();
        flushed
    }
}

fn push_trailers(buffer: &mut Vec<u8>, trailers: &HeaderMap) {
    for (name, value) in trailers.iter().filter(|(name, _)| allowed_in_trailer(name.as_str())) {
        push_field(buffer, name, value);
    }
}

/// Appends a field line. Names and values of the `http` crate hold no line ends.
pub(crate) fn push_field(buffer: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    buffer.extend_from_slice(name.as_str().as_bytes());
    buffer.extend_from_slice(b": ");
    buffer.extend_from_slice(value.as_bytes());
    buffer.extend_from_slice(b"\r\n");
}

/// Appends the field that announces the framing.
pub(crate) fn push_framing(buffer: &mut Vec<u8>, framing: Framing) {
    match framing {
        Framing::Length(length) => {
            buffer.extend_from_slice(b"content-length: ");
            push_decimal(buffer, length);
            buffer.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => buffer.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Framing::None | Framing::UntilClose => {}
    }
}
