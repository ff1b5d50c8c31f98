//! The client's end of a tunnel, with a watch over the size of WebSocket frames and messages.
//!
//! The watch reads frame headers only (RFC 6455, section 5.2) and only those from the client: what an origin
//! sends was asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use exchange::Tunnel;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ConnectorOptions;
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

/// Follows the frames of one direction.
#[derive(Debug)]
pub(crate) struct FrameWatch {
    frame_bytes_max: u64,
    message_bytes_max: u64,
    message_bytes: u64,
    /// The bytes of a frame header that is not complete: at most 14.
    header: [u8; 14],
    header_bytes: usize,
    payload_left: u64,
}

impl FrameWatch {
    pub(crate) fn new(frame_bytes_max: u64, message_bytes_max: u64) -> Self {
        Self {
            frame_bytes_max,
            message_bytes_max,
            message_bytes: 0,
            header: [0; 14],
            header_bytes: 0,
            payload_left: 0,
        }
    }

    /// Whether every frame that begins in `bytes` keeps the limits.
    pub(crate) fn accepts(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            let skipped = usize::try_from(self.payload_left).unwrap_or(usize::MAX).min(bytes.len());
            self.payload_left -= skipped as u64;
            bytes = &bytes[skipped..];
            let Some((byte, rest)) = bytes.split_first() else { return true };
            bytes = rest;
            self.header[self.header_bytes] = *byte;
            self.header_bytes += 1;
            if self.header_bytes == header_length(&self.header[..self.header_bytes]) {
                self.header_bytes = 0;
                if !self.begin_frame() {
                    return false;
                }
            }
        }
    }

    /// Counts the frame whose header is complete.
    fn begin_frame(&mut self) -> bool {
        let length = |bytes: &[u8]| bytes.iter().fold(0u64, |length, byte| (length << 8) | u64::from(*byte));
        self.payload_left = match self.header[1] & 0x7f {
            126 => length(&self.header[2..4]),
            127 => length(&self.header[2..10]),
            short => u64::from(short),
        };
        let is_control = self.header[0] & 0x08 != 0;
        if is_control {
            return self.payload_left <= self.frame_bytes_max;
        }
        self.message_bytes = self.message_bytes.saturating_add(self.payload_left);
        let accepted =
            self.payload_left <= self.frame_bytes_max && self.message_bytes <= self.message_bytes_max;
        let is_final = self.header[0] & 0x80 != 0;
        if is_final {
            self.message_bytes = 0;
        }
        accepted
    }
}

/// The length of a frame header that begins with these bytes; 14 until that is known.
fn header_length(header: &[u8]) -> usize {
    let [_, second, ..] = header else { return 14 };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 != 0 { 4 } else { 0 };
    2 + extended + mask
}
