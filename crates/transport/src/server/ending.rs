//! Tunnels that end before their sides end them: with a session, or when a client sends too much at once.
//!
//! A WebSocket is closed as its protocol asks (RFC 6455, section 7), on behalf of both sides: the frame in progress
//! is finished, both get a close frame, and the client may answer. Other protocols have no words that we know; their
//! connections just close.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use exchange::{BoxFuture, EndSignal, Tunnel, Upgrade};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::frames::FrameWatch;

/// How long the frame in progress may take to its end. Beyond, the connection is cut within it.
const FRAME_TIME: Duration = Duration::from_secs(1);

/// How long both sides may take to answer a close frame.
const REPLY_TIME: Duration = Duration::from_secs(2);

/// The close frames of an end.
#[derive(Debug)]
struct Farewell {
    to_client: &'static [u8],
    /// The same from a client. Masks have to be unpredictable so that a script cannot choose what travels; here it
    /// chose nothing.
    masked: &'static [u8],
    /// Whether the client is left to end the connection by its answer.
    waits_for_answer: bool,
}

/// Code 4401, "session ended".
const SESSION_ENDED: Farewell = Farewell {
    to_client: b"\x88\x0f\x11\x31session ended",
    masked: b"\x88\x8f\x5a\x5a\x5a\x5a\x4b\x6b)?))354z?4>?>",
    waits_for_answer: true,
};

/// Code 1009, "message too big" (RFC 6455, section 7.4.1). The client may have a lot to send before it would answer.
const TOO_BIG: Farewell = Farewell {
    to_client: b"\x88\x02\x03\xf1",
    masked: b"\x88\x82\x5a\x5a\x5a\x5a\x59\xab",
    waits_for_answer: false,
};

/// Blocks read of a client that is to close, before others get their turn.
const BLOCKS_AT_ONCE: usize = 16;

/// Runs an upgrade until it ends by itself, with its session, or by too big a message. `from_client` watches the
/// frames of a client and their size; without it, this is no WebSocket.
///
/// Only what comes from the client has limits: what an origin sends was asked for.
pub(crate) async fn run(mut upgrade: Upgrade, tunnel: Box<dyn Tunnel>, from_client: Option<FrameWatch>) {
    match (from_client, upgrade.take_end()) {
        (Some(from_client), Some(end)) => run_websocket(upgrade, end, tunnel, from_client).await,
        (Some(from_client), None) if from_client.has_limits() => {
            run_websocket(upgrade, Box::pin(pending()), tunnel, from_client).await;
        }
        (None, Some(mut end)) => {
            let mut running: Running = Some(Box::pin(upgrade.run(tunnel)));
            let ended = poll_fn(|task| match is_over(&mut running, task) {
                true => Poll::Ready(()),
                false => end.as_mut().poll(task),
            });
            ended.await;
        }
        (_, None) => upgrade.run(tunnel).await,
    }
}

async fn run_websocket(
    upgrade: Upgrade,
    mut end: EndSignal,
    tunnel: Box<dyn Tunnel>,
    from_client: FrameWatch,
) {
    let line = Arc::new(Line::new(tunnel, from_client));
    let tunnel = Followed(line.clone());
    let mut running: Running = Some(Box::pin(upgrade.run(Box::new(tunnel))));
    let has_ended = poll_fn(|task| {
        let is_over = is_over(&mut running, task);
        if line.lock().is_ending(task) {
            return Poll::Ready(true);
        }
        if is_over { Poll::Ready(false) } else { end.as_mut().poll(task).map(|()| true) }
    });
    if !has_ended.await {
        return;
    }
    line.lock().end_session();
    let whole = poll_fn(|task| {
        let is_over = is_over(&mut running, task);
        match line.lock().to_client.is_between_frames() {
            true => Poll::Ready(true),
            false if is_over => Poll::Ready(false),
            false => Poll::Pending,
        }
    });
    let is_whole = timeout(FRAME_TIME, whole).await.unwrap_or(false);
    let mut is_client_done = false;
    let closed = poll_fn(|task| {
        let is_over = is_over(&mut running, task);
        is_client_done = is_client_done || line.lock().poll_close(is_whole, task).is_ready();
        if is_over && is_client_done { Poll::Ready(()) } else { Poll::Pending }
    });
    // Who has not answered by then is not waited for.
    let _ = timeout(REPLY_TIME, closed).await;
}

/// What a response wants done with the connection; `None` when it is done.
type Running = Option<BoxFuture<'static, ()>>;

fn is_over(running: &mut Running, task: &mut Context<'_>) -> bool {
    if running.as_mut().is_some_and(|running| running.as_mut().poll(task).is_ready()) {
        *running = None;
    }
    running.is_none()
}

/// The client's connection, shared by the task of the upgrade and by whoever ends it. Both run in one task, as a
/// rule, so the lock is not waited for.
struct Line(Mutex<State>);

struct State {
    tunnel: Box<dyn Tunnel>,
    from_client: FrameWatch,
    to_client: FrameWatch,
    /// How it ends, once it does.
    farewell: Option<&'static Farewell>,
    /// What the upgrade's task still reads before the end.
    last_words: &'static [u8],
    /// What the client is still to be sent.
    unsent: &'static [u8],
    /// Nothing more can be sent to the client.
    is_shut: bool,
    /// The upgrade's task, while it waits for the client.
    reader: Option<Waker>,
    /// Whoever ends the tunnel.
    ender: Option<Waker>,
}

impl Line {
    fn new(tunnel: Box<dyn Tunnel>, from_client: FrameWatch) -> Self {
        Self(Mutex::new(State {
            tunnel,
            from_client,
            to_client: FrameWatch::unlimited(),
            farewell: None,
            last_words: &[],
            unsent: &[],
            is_shut: false,
            reader: None,
            ender: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock can only come from the socket, whose state is its own.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether it is to end; the task is woken when it is.
    fn is_ending(&mut self, task: &Context<'_>) -> bool {
        if !self.ender.as_ref().is_some_and(|ender| ender.will_wake(task.waker())) {
            self.ender = Some(task.waker().clone());
        }
        self.farewell.is_some()
    }

    /// Ends with the session, unless it is about to end already.
    fn end_session(&mut self) {
        if self.farewell.is_none() {
            tracing::debug!("The session of a WebSocket has ended; closing it");
            let can_be_told = self.from_client.is_between_frames() && !self.from_client.is_closing();
            self.begin_end(&SESSION_ENDED, can_be_told);
        }
    }

    /// From now on the upgrade's task reads a close frame, if that can be understood where it stands, and the end.
    fn begin_end(&mut self, farewell: &'static Farewell, can_be_told: bool) {
        self.farewell = Some(farewell);
        self.unsent = farewell.to_client;
        if can_be_told {
            self.last_words = farewell.masked;
        }
        for waiting in [self.reader.take(), self.ender.take()].into_iter().flatten() {
            waiting.wake();
        }
    }

    fn read_last_words(&mut self, into: &mut ReadBuf<'_>) {
        let length = self.last_words.len().min(into.remaining());
        let (words, rest) = self.last_words.split_at(length);
        into.put_slice(words);
        self.last_words = rest;
    }

    /// Closes towards the client: with a close frame and its answer, where the frame before is whole.
    fn poll_close(&mut self, is_whole: bool, task: &mut Context<'_>) -> Poll<()> {
        if is_whole {
            // A client that has gone needs not be told.
            let _ = ready!(self.poll_goodbye(task));
        }
        let _ = ready!(self.poll_shut(task));
        Poll::Ready(())
    }

    fn poll_shut(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            ready!(Pin::new(&mut self.tunnel).poll_shutdown(task))?;
            self.is_shut = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_goodbye(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() && !self.to_client.is_closing() {
            let written = ready!(Pin::new(&mut self.tunnel).poll_write(task, self.unsent))?;
            self.unsent = &self.unsent[written..];
        }
        ready!(Pin::new(&mut self.tunnel).poll_flush(task))?;
        if !self.farewell.is_some_and(|farewell| farewell.waits_for_answer) {
            ready!(self.poll_shut(task))?;
        }
        // What the client still sends is read away, or its system would drop what it has been sent.
        let mut block = [0; 1024];
        for _ in 0..BLOCKS_AT_ONCE {
            if self.from_client.is_closed() {
                return Poll::Ready(Ok(()));
            }
            let mut block = ReadBuf::new(&mut block);
            ready!(Pin::new(&mut self.tunnel).poll_read(task, &mut block))?;
            if block.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.from_client.accepts(block.filled());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The connection as the upgrade's task has it.
struct Followed(Arc<Line>);

impl AsyncRead for Followed {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if state.farewell.is_some() {
            state.read_last_words(into);
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        let polled = Pin::new(&mut state.tunnel).poll_read(task, into);
        if polled.is_pending() {
            state.reader = Some(task.waker().clone());
        }
        ready!(polled)?;
        let can_be_told = state.from_client.is_between_frames() && !state.from_client.is_closing();
        if !state.from_client.accepts(&into.filled()[before..]) {
            tracing::debug!("A WebSocket frame or message exceeds its limit; closing with 1009");
            into.set_filled(before);
            state.begin_end(&TOO_BIG, can_be_told);
            state.read_last_words(into);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Followed {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        let length =
            if state.farewell.is_some() { state.to_client.rest_of_frame(bytes) } else { bytes.len() };
        if length == 0 {
            // Nobody hears what follows the end.
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = ready!(Pin::new(&mut state.tunnel).poll_write(task, &bytes[..length]))?;
        state.to_client.accepts(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().tunnel).poll_flush(task)
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        // There is a close frame to come first.
        if state.farewell.is_some() && state.to_client.is_between_frames() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut state.tunnel).poll_shutdown(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_close_frames_say_the_same() {
        for (farewell, code) in [(&SESSION_ENDED, 4401), (&TOO_BIG, 1009)] {
            let Farewell { to_client, masked, .. } = farewell;
            let payload: Vec<u8> = masked[6..].iter().map(|byte| byte ^ 0x5a).collect();
            assert_eq!((&to_client[2..], usize::from(to_client[1])), (&payload[..], payload.len()));
            assert_eq!(u16::from_be_bytes([to_client[2], to_client[3]]), code);
            for (frame, is_masked) in [(to_client, false), (masked, true)] {
                let mut watch = FrameWatch::unlimited();
                assert!(watch.accepts(frame) && watch.is_closed());
                assert_eq!(frame[1] & 0x80 != 0, is_masked);
            }
        }
    }
}
