//! The request's body while it arrives: read on demand by whoever holds the stream, and given back to the
//! connection when the response is out.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use exchange::BodyError;
use http_body::{Frame, SizeHint};

use crate::h1::blocks::Blocks;
use crate::h1::framing::{Decoded, Decoder};
use crate::io::Io;
use crate::timer::Timer;

/// The read side of a connection while a body is on it.
pub(crate) struct Reading {
    pub(crate) io: Io,
    pub(crate) buffer: BytesMut,
    decoder: Decoder,
    blocks: Blocks,
    timer: Timer,
    timeout: Duration,
    waiting: bool,
    bytes_left: u64,
    bytes_max: u64,
    owes_continue: bool,
    failed: bool,
}

impl Reading {
    pub(crate) fn new(
        io: Io,
        buffer: BytesMut,
        decoder: Decoder,
        timeout: Duration,
        bytes_max: Option<u64>,
    ) -> Self {
        let bytes_max = bytes_max.unwrap_or(u64::MAX);
        Self {
            io,
            buffer,
            decoder,
            blocks: Blocks::default(),
            timer: Timer::new(),
            timeout,
            waiting: false,
            bytes_left: bytes_max,
            bytes_max,
            owes_continue: false,
            failed: false,
        }
    }

    /// The client waits for a 100 before it sends the body.
    pub(crate) fn expecting_continue(mut self, expects: bool) -> Self {
        self.owes_continue = expects && self.buffer.is_empty();
        self
    }

    /// Whether the body has been read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.decoder.is_done() && !self.failed
    }

    /// Whether the rest is not worth reading, so that the connection has to close: it failed, the client still
    /// waits for its 100, or more than `bytes_max` is announced.
    pub(crate) fn is_beyond(&self, bytes_max: u64) -> bool {
        !self.is_complete()
            && (self.failed
                || self.owes_continue
                || self.decoder.remaining().is_some_and(|left| left > bytes_max))
    }

    /// Reads the next piece.
    pub(crate) fn poll(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.failed {
            return Poll::Ready(Some(Err(BodyError::Incomplete)));
        }
        if std::mem::take(&mut self.owes_continue)
            && let Err(error) = self.io.write_now(b"HTTP/1.1 100 Continue\r\n\r\n")
        {
            return self.fail(BodyError::Connection(error));
        }
        loop {
            match self.decoder.decode(&mut self.buffer) {
                Ok(Decoded::Data(data)) => match self.bytes_left.checked_sub(data.len() as u64) {
                    Some(left) => {
                        self.bytes_left = left;
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    None => return self.fail(BodyError::TooLarge { bytes_max: self.bytes_max }),
                },
                Ok(Decoded::Trailers(trailers)) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Ok(Decoded::End) => return Poll::Ready(None),
                Ok(Decoded::More) => {}
                Err(reason) => return self.fail(BodyError::Malformed(reason.to_owned())),
            }
            match self.poll_more(task) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return self.fail(error),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_more(&mut self, task: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        self.blocks.reserve(&mut self.buffer, self.decoder.remaining());
        match self.io.poll_read_block(task, &mut self.buffer) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(BodyError::Incomplete)),
            Poll::Ready(Ok(length)) => {
                self.waiting = false;
                self.blocks.filled(length);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(BodyError::Connection(error))),
            Poll::Pending => {
                if !std::mem::replace(&mut self.waiting, true) {
                    self.timer.set(self.timeout);
                }
                self.timer.poll(task).map(|()| Err(BodyError::TimedOut))
            }
        }
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.failed = true;
        Poll::Ready(Some(Err(error)))
    }
}

/// Hands the read side from the connection to the body and back.
#[derive(Clone)]
pub(crate) struct BodyChannel(Arc<Mutex<Option<Reading>>>);

impl BodyChannel {
    pub(crate) fn new(reading: Reading) -> Self {
        Self(Arc::new(Mutex::new(Some(reading))))
    }

    /// The stream that handlers read.
    pub(crate) fn body(&self) -> exchange::Body {
        exchange::Body::stream(Box::pin(RequestBody(self.clone())))
    }

    /// Takes the read side back; whoever still holds the stream finds it ended with an error.
    pub(crate) fn take(&self) -> Option<Reading> {
        self.lock().take()
    }

    /// Looks at the read side, unless it has been taken.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Reading) -> T) -> Option<T> {
        self.lock().as_mut().map(look)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Reading>> {
        // A panic under the lock leaves a body that is read no further, never a wrong one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct RequestBody(BodyChannel);

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.with(|reading| reading.poll(task)).unwrap_or(Poll::Ready(Some(Err(BodyError::Incomplete))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.with(|reading| reading.is_complete()).unwrap_or_default()
    }

    fn size_hint(&self) -> SizeHint {
        let remaining = self.0.with(|reading| reading.decoder.remaining()).flatten();
        remaining.map(SizeHint::with_exact).unwrap_or_default()
    }
}
