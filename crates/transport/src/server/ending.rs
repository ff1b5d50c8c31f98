//! Tunnels that end with a session.
//!
//! A WebSocket is closed as its protocol asks (RFC 6455, section 7), on behalf of both sides: the frame in progress
//! is finished, both get a close frame with code 4401, and the client may answer. Other protocols have no words
//! that we know; their connections just close.

use std::future::poll_fn;
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

/// A close frame from a server: code 4401, "session ended".
const CLOSE: &[u8] = b"\x88\x0f\x11\x31session ended";

/// The same from a client. Masks have to be unpredictable so that a script cannot choose what travels; here it
/// chose nothing.
const MASKED_CLOSE: &[u8] = b"\x88\x8f\x5a\x5a\x5a\x5a\x4b\x6b)?))354z?4>?>";

/// Blocks read of a client that is to close, before others get their turn.
const BLOCKS_AT_ONCE: usize = 16;

/// Runs an upgrade until it ends by itself, or until `end`.
pub(crate) async fn run(upgrade: Upgrade, mut end: EndSignal, tunnel: Box<dyn Tunnel>, is_websocket: bool) {
    let line = Arc::new(Line::new(tunnel));
    let tunnel = Followed(line.clone());
    let mut running: Running = Some(Box::pin(upgrade.run(Box::new(tunnel))));
    let has_ended = poll_fn(|task| {
        if is_over(&mut running, task) { Poll::Ready(false) } else { end.as_mut().poll(task).map(|()| true) }
    });
    if !has_ended.await {
        return;
    }
    tracing::debug!(is_websocket, "The session of a tunnel has ended; closing it");
    if !is_websocket {
        return;
    }
    line.lock().begin_end();
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
    is_ending: bool,
    /// What the upgrade's task still reads before the end.
    last_words: &'static [u8],
    /// What the client is still to be sent.
    unsent: &'static [u8],
    /// The upgrade's task, while it waits for the client.
    reader: Option<Waker>,
}

impl Line {
    fn new(tunnel: Box<dyn Tunnel>) -> Self {
        Self(Mutex::new(State {
            tunnel,
            from_client: FrameWatch::unlimited(),
            to_client: FrameWatch::unlimited(),
            is_ending: false,
            last_words: &[],
            unsent: CLOSE,
            reader: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock can only come from the socket, whose state is its own.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// From now on the task reads a close frame, if that can be understood where it stands, and the end.
    fn begin_end(&mut self) {
        self.is_ending = true;
        if self.from_client.is_between_frames() && !self.from_client.is_closing() {
            self.last_words = MASKED_CLOSE;
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Closes towards the client: with a close frame and its answer, where the frame before is whole.
    fn poll_close(&mut self, is_whole: bool, task: &mut Context<'_>) -> Poll<()> {
        if is_whole {
            // A client that has gone needs not be told.
            let _ = ready!(self.poll_goodbye(task));
        }
        let _ = ready!(Pin::new(&mut self.tunnel).poll_shutdown(task));
        Poll::Ready(())
    }

    fn poll_goodbye(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() && !self.to_client.is_closing() {
            let written = ready!(Pin::new(&mut self.tunnel).poll_write(task, self.unsent))?;
            self.unsent = &self.unsent[written..];
        }
        ready!(Pin::new(&mut self.tunnel).poll_flush(task))?;
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
        if state.is_ending {
            let length = state.last_words.len().min(into.remaining());
            let (words, rest) = state.last_words.split_at(length);
            into.put_slice(words);
            state.last_words = rest;
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        let polled = Pin::new(&mut state.tunnel).poll_read(task, into);
        if polled.is_pending() {
            state.reader = Some(task.waker().clone());
        }
        ready!(polled)?;
        state.from_client.accepts(&into.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Followed {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        let length = if state.is_ending { state.to_client.rest_of_frame(bytes) } else { bytes.len() };
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
        if state.is_ending && state.to_client.is_between_frames() {
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
        let payload: Vec<u8> = MASKED_CLOSE[6..].iter().map(|byte| byte ^ 0x5a).collect();
        assert_eq!((&CLOSE[2..], CLOSE[1]), (&payload[..], 15));
        assert_eq!(u16::from_be_bytes([CLOSE[2], CLOSE[3]]), 4401);
        for (frame, is_masked) in [(CLOSE, false), (MASKED_CLOSE, true)] {
            let mut watch = FrameWatch::unlimited();
            assert!(watch.accepts(frame) && watch.is_closed());
            assert_eq!(frame[1] & 0x80 != 0, is_masked);
        }
    }
}
