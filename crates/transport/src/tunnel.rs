//! [`SocketTunnel`]: a socket as plain bytes, after a 101.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::io::Io;

/// A socket and what was read from it too early.
#[derive(Debug)]
pub(crate) struct SocketTunnel {
    pub(crate) io: Io,
    leftover: BytesMut,
}

impl SocketTunnel {
    pub(crate) fn new(io: Io, leftover: BytesMut) -> Self {
        Self { io, leftover }
    }
}

impl AsyncRead for SocketTunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.leftover.is_empty() && !self.io.is_tls() {
            let length = ready!(self.io.poll_read_slice(task, into.initialize_unfilled()))?;
            into.advance(length);
            return Poll::Ready(Ok(()));
        }
        let Self { io, leftover } = &mut *self;
        if leftover.is_empty() && ready!(io.poll_read(task, leftover))? == 0 {
            return Poll::Ready(Ok(()));
        }
        let length = self.leftover.len().min(into.remaining());
        into.put_slice(&self.leftover[..length]);
        self.leftover.advance(length);
        if self.leftover.is_empty() {
            self.leftover = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SocketTunnel {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_write(task, &[IoSlice::new(bytes)])
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_flush(task)
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.io.poll_flush(task))?;
        self.io.shut_down_write();
        Poll::Ready(Ok(()))
    }
}
