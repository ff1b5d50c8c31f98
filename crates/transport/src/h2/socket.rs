//! [`Socket`]: a connection's bytes as HTTP/2 reads and writes them. A peer that sends without end gives way to
//! the other connections of the worker, and one that takes nothing is let go.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

use crate::io::Io;
use crate::timer::Timer;
use crate::tunnel::SocketTunnel;

pub(super) struct Socket {
    tunnel: SocketTunnel,
    timer: Timer,
    write_timeout: Duration,
    /// The peer takes nothing since this much was flushed, and the timer runs.
    blocked_at: Option<u64>,
}

impl Socket {
    /// `leftover` has been read already. Writing fails when the peer takes nothing for `write_timeout`.
    pub(super) fn new(io: Io, leftover: BytesMut, write_timeout: Duration) -> Self {
        Self { tunnel: SocketTunnel::new(io, leftover), timer: Timer::new(), write_timeout, blocked_at: None }
    }

    fn watch(&mut self, task: &mut Context<'_>, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if polled.is_ready() {
            self.blocked_at = None;
            return polled;
        }
        // With TLS, what was taken from us before may still be on its way.
        let flushed = self.tunnel.io.flushed();
        if self.blocked_at.replace(flushed) != Some(flushed) {
            self.timer.set(self.write_timeout);
        }
        self.timer.poll(task).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let turn = ready!(coop::poll_proceed(task));
        let polled = Pin::new(&mut self.tunnel).poll_read(task, into);
        if polled.is_ready() {
            turn.made_progress();
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tunnel).poll_write(task, bytes);
        self.watch(task, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        let polled = self.tunnel.io.poll_write(task, slices);
        self.watch(task, polled)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.tunnel).poll_flush(task).map_ok(|()| 0);
        self.watch(task, polled).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.tunnel).poll_shutdown(task).map_ok(|()| 0);
        self.watch(task, polled).map_ok(|_| ())
    }
}
