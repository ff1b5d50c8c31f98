//! The client's end of a tunnel, with a watch over the size of WebSocket frames and messages.
//!
//! Only those from the client are watched: what an origin sends was asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use exchange::Tunnel;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ConnectorOptions;
use super::frames::FrameWatch;
use crate::io::Io;
use crate::tunnel::SocketTunnel;

/// A close frame from a server with code 1009, "message too big".
const CLOSE_TOO_BIG: [u8; 4] = [0x88, 0x02, 0x03, 0xf1];

/// The connection as a handler's task gets it.
pub(crate) fn open(
    io: Io,
    leftover: BytesMut,
    options: &ConnectorOptions,
    is_websocket: bool,
) -> Box<dyn Tunnel> {
    let socket = SocketTunnel::new(io, leftover);
    let frame_bytes_max = options.websocket_frame_bytes_max;
    let message_bytes_max = options.websocket_message_bytes_max;
    if !is_websocket || (frame_bytes_max.is_none() && message_bytes_max.is_none()) {
        return Box::new(socket);
    }
    let watch = FrameWatch::new(frame_bytes_max.unwrap_or(u64::MAX), message_bytes_max.unwrap_or(u64::MAX));
    Box::new(WatchedTunnel { socket, watch, ended: false })
}

struct WatchedTunnel {
    socket: SocketTunnel,
    watch: FrameWatch,
    ended: bool,
}

impl AsyncRead for WatchedTunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let too_big =
            || Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "WebSocket message too big")));
        if self.ended {
            return too_big();
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(task, into))?;
        if self.watch.accepts(&into.filled()[before..]) {
            return Poll::Ready(Ok(()));
        }
        into.set_filled(before);
        self.ended = true;
        tracing::debug!("A WebSocket frame or message exceeds its limit; closing with 1009");
        // The tunnel ends either way; a client that takes nothing more misses the reason.
        let _ = self.socket.io.write_now(&CLOSE_TOO_BIG);
        too_big()
    }
}

impl AsyncWrite for WatchedTunnel {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(task)
    }
}
