//! [`StreamBody`]: the content that arrives on a stream. The window opens again as it is read, so that a peer
//! never sends more ahead than the settings say.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use exchange::BodyError;
use h2::RecvStream;
use http_body::{Frame, SizeHint};
use tokio::sync::oneshot;

use super::allowed_trailers;
use crate::h1::framing::TRAILER_FIELDS_MAX;
use crate::timer::Timer;

/// What is expected of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// The announced length.
    pub(super) length: Option<u64>,
    /// More is refused.
    pub(super) bytes_max: u64,
    /// Silence for this long is a failure.
    pub(super) timeout: Duration,
}

/// A body; `G` is held until its end.
pub(super) struct StreamBody<G> {
    receive: RecvStream,
    expected: Expected,
    bytes_read: u64,
    timer: Timer,
    /// The peer is silent, and the timer runs.
    waiting: bool,
    /// Told when the body is wanted for the first time.
    wanted: Option<oneshot::Sender<()>>,
    state: State,
    held: Option<G>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Trailers,
    Ended,
    Failed,
}

impl<G> StreamBody<G> {
    pub(super) fn new(receive: RecvStream, expected: Expected, held: G) -> Self {
        Self {
            receive,
            expected,
            bytes_read: 0,
            timer: Timer::new(),
            waiting: false,
            wanted: None,
            state: State::Data,
            held: Some(held),
        }
    }

    /// Tells `wanted` when somebody reads and nothing is there.
    pub(super) fn telling(mut self, wanted: oneshot::Sender<()>) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// Whether the rest is not worth reading: it failed, the peer waits to be asked for it, or more than
    /// `bytes_max` is announced.
    pub(super) fn is_beyond(&self, bytes_max: u64) -> bool {
        let left = self.expected.length.map(|length| length.saturating_sub(self.bytes_read));
        self.state == State::Failed || self.wanted.is_some() || left.is_some_and(|left| left > bytes_max)
    }

    fn poll_stream(&mut self, task: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, BodyError>> {
        if self.state == State::Data {
            match ready!(self.poll_data(task)) {
                None => self.state = State::Trailers,
                Some(data) => return Poll::Ready(data.map(|data| Some(Frame::data(data)))),
            }
        }
        if self.state == State::Trailers {
            let polled = self.receive.poll_trailers(task);
            let trailers = ready!(self.unless_silent(task, polled))?.map_err(failure)?;
            self.state = State::Ended;
            if let Some(trailers) = trailers {
                if trailers.len() > TRAILER_FIELDS_MAX {
                    return Poll::Ready(Err(BodyError::Malformed(
                        "the trailer has too many fields".to_owned(),
                    )));
                }
                let trailers = allowed_trailers(trailers);
                return Poll::Ready(Ok((!trailers.is_empty()).then(|| Frame::trailers(trailers))));
            }
        }
        match self.state {
            State::Failed => Poll::Ready(Err(BodyError::Incomplete)),
            _ => Poll::Ready(Ok(None)),
        }
    }

    fn poll_data(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let polled = self.receive.poll_data(task);
        let data = match ready!(self.unless_silent(task, polled)) {
            Ok(Some(Ok(data))) => data,
            Ok(Some(Err(error))) => return Poll::Ready(Some(Err(failure(error)))),
            Ok(None) => return Poll::Ready(None),
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        self.bytes_read += data.len() as u64;
        if self.bytes_read > self.expected.bytes_max {
            return Poll::Ready(Some(Err(BodyError::TooLarge { bytes_max: self.expected.bytes_max })));
        }
        // It fails only for more than was received.
        let _ = self.receive.flow_control().release_capacity(data.len());
        Poll::Ready(Some(Ok(data)))
    }

    /// Passes on what is there; otherwise waits for the peer, but not for ever.
    fn unless_silent<T>(&mut self, task: &mut Context<'_>, polled: Poll<T>) -> Poll<Result<T, BodyError>> {
        if let Poll::Ready(there) = polled {
            self.waiting = false;
            self.wanted = None;
            return Poll::Ready(Ok(there));
        }
        if let Some(wanted) = self.wanted.take() {
            // Nobody listens any more once the response has begun.
            let _ = wanted.send(());
        }
        if !std::mem::replace(&mut self.waiting, true) {
            self.timer.set(self.expected.timeout);
        }
        self.timer.poll(task).map(|()| Err(BodyError::TimedOut))
    }
}

fn failure(error: h2::Error) -> BodyError {
    match error.reason() {
        // Ours, for a body that is not as long as announced, among others.
        Some(reason) if error.is_library() => BodyError::Malformed(reason.description().to_owned()),
        _ if error.is_io() => error.into_io().map_or(BodyError::Incomplete, BodyError::Connection),
        _ => BodyError::Incomplete,
    }
}

impl<G: Unpin> http_body::Body for StreamBody<G> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let outcome = ready!(self.poll_stream(task));
        if outcome.is_err() {
            self.state = State::Failed;
        }
        if self.is_end_stream() || outcome.is_err() {
            self.held = None;
        }
        Poll::Ready(outcome.transpose())
    }

    fn is_end_stream(&self) -> bool {
        match self.state {
            State::Ended => true,
            State::Failed => false,
            State::Data | State::Trailers => self.receive.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.expected.length.map(|length| length.saturating_sub(self.bytes_read));
        left.map(SizeHint::with_exact).unwrap_or_default()
    }
}
