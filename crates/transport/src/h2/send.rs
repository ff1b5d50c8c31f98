//! [`BodySender`]: a body on its way out on a stream, never more at once than the peer's windows take.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use exchange::{Body, BodyError};
use h2::{Reason, SendStream};
use http_body::{Body as _, Frame};

use super::allowed_trailers;

/// Window asked for at once.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// Why a body was not sent to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("the body failed")]
    Body(#[source] BodyError),
    #[error("the body is not as long as announced")]
    Length,
    #[error("the peer closed the stream")]
    Closed,
    #[error("the connection failed")]
    Stream(#[source] h2::Error),
    #[error("the peer takes nothing")]
    TimedOut,
}

/// What comes next of a body, as [`BodySender`] takes it.
pub(super) type NextFrame = Option<Result<Frame<Bytes>, BodyError>>;

/// A body and the stream it leaves on.
pub(super) struct BodySender {
    stream: SendStream<Bytes>,
    body: Body,
    data: Bytes,
    /// What is left of the announced length.
    left: Option<u64>,
    /// The body has given all; `data` is the rest.
    ended: bool,
    sent: u64,
}

impl BodySender {
    /// Sends `body`, whose length has been announced if it is known.
    pub(super) fn new(stream: SendStream<Bytes>, body: Body, length: Option<u64>) -> Self {
        Self { stream, body, data: Bytes::new(), left: length, ended: false, sent: 0 }
    }

    /// Sends what can be sent. Ready when all of it is with the connection.
    pub(super) fn poll(&mut self, task: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        loop {
            ready!(self.poll_data(task))?;
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            let frame = ready!(Pin::new(&mut self.body).poll_frame(task));
            self.take(frame)?;
        }
    }

    /// Takes a frame that was read from the body before.
    pub(super) fn take(&mut self, frame: NextFrame) -> Result<(), SendError> {
        let Some(frame) = frame.transpose().map_err(SendError::Body)? else { return self.end() };
        match frame.into_data() {
            Ok(data) => {
                if let Some(left) = &mut self.left {
                    *left = left.checked_sub(data.len() as u64).ok_or(SendError::Length)?;
                }
                self.ended = self.body.is_end_stream();
                match (self.ended, data.is_empty()) {
                    (true, _) if self.left.is_some_and(|left| left > 0) => return Err(SendError::Length),
                    (true, true) => return self.end(),
                    _ => self.data = data,
                }
                Ok(())
            }
            Err(frame) => {
                let trailers = frame.into_trailers().map(allowed_trailers).unwrap_or_default();
                if trailers.is_empty() || self.left.is_some_and(|left| left > 0) {
                    return self.end();
                }
                self.ended = true;
                self.stream.send_trailers(trailers).map_err(SendError::Stream)
            }
        }
    }

    /// Whether data waits for the peer.
    pub(super) fn waits_for_peer(&self) -> bool {
        !self.data.is_empty()
    }

    /// Bytes sent so far; a sign of life.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Ready when the peer has reset the stream, or the connection has ended.
    pub(super) fn poll_reset(&mut self, task: &mut Context<'_>) -> Poll<()> {
        self.stream.poll_reset(task).map(drop)
    }

    /// Ends the stream so that nobody takes what was sent for the whole.
    pub(super) fn reset(&mut self, reason: Reason) {
        self.stream.send_reset(reason);
    }

    fn poll_data(&mut self, task: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        while !self.data.is_empty() {
            let capacity = self.stream.capacity();
            if capacity == 0 {
                self.stream.reserve_capacity(self.data.len().min(PIECE_BYTES_MAX));
                match ready!(self.stream.poll_capacity(task)) {
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Poll::Ready(Err(SendError::Stream(error))),
                    None => return Poll::Ready(Err(SendError::Closed)),
                }
            }
            let piece = self.data.split_to(capacity.min(self.data.len()));
            self.sent += piece.len() as u64;
            let is_last = self.ended && self.data.is_empty();
            self.stream.send_data(piece, is_last).map_err(SendError::Stream)?;
        }
        Poll::Ready(Ok(()))
    }

    fn end(&mut self) -> Result<(), SendError> {
        if self.left.is_some_and(|left| left > 0) {
            return Err(SendError::Length);
        }
        self.ended = true;
        self.stream.send_data(Bytes::new(), true).map_err(SendError::Stream)
    }
}
