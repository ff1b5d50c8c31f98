//! [`Io`]: a socket, with or without TLS, that its connection and the body it carries can both use, and the
//! blocks they read with.
//!
//! Reading goes through one block per thread: a head is copied out at its exact size, so an idle connection
//! holds no memory and a header value that lives long does not pin a large block.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::tls::{Tls, is_temporary};

/// Bytes asked for when a head is expected. Larger than nearly every head, so that one read is enough.
const HEAD_BLOCK_BYTES: usize = 16 * 1024;

/// Bytes asked for when encrypted content is expected: four records.
const CONTENT_BLOCK_BYTES: usize = 64 * 1024;

/// An encode buffer that grew beyond this is not kept.
const KEPT_BUFFER_BYTES: usize = 64 * 1024;

thread_local! {
    static READ_BLOCK: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static ENCODE_BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// This thread's encode buffer, empty. Give it back with [`give_back`]; a nested caller gets a fresh one.
pub(crate) fn encode_buffer() -> Vec<u8> {
    let mut buffer = ENCODE_BUFFER.take();
    buffer.clear();
    buffer
}

/// Keeps an encode buffer for the next message of this thread.
pub(crate) fn give_back(buffer: Vec<u8>) {
    if buffer.capacity() <= KEPT_BUFFER_BYTES {
        ENCODE_BUFFER.set(buffer);
    }
}

/// Runs with this thread's block for reading, which is only good until the next read.
pub(crate) fn with_block<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    with_block_of(HEAD_BLOCK_BYTES, read)
}

fn with_block_of<T>(bytes: usize, read: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut block = READ_BLOCK.take();
    if block.len() < bytes {
        block.resize(bytes, 0);
    }
    let outcome = read(&mut block[..bytes]);
    READ_BLOCK.set(block);
    outcome
}

/// A connected socket. Clones are the same socket.
#[derive(Debug, Clone)]
pub(crate) struct Io(Arc<Socket>);

#[derive(Debug)]
struct Socket {
    stream: TcpStream,
    tls: Option<Box<Tls>>,
}

impl Io {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Socket { stream, tls: None }))
    }

    /// A socket whose bytes are those of TLS.
    pub(crate) fn secured(stream: TcpStream, tls: Tls) -> Self {
        Self(Arc::new(Socket { stream, tls: Some(Box::new(tls)) }))
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.0.tls.is_some()
    }

    /// Whether the handshake of TLS agreed on HTTP/2.
    pub(crate) fn speaks_http2(&self) -> bool {
        self.0.tls.as_ref().is_some_and(|tls| tls.speaks_http2())
    }

    /// Reads what is there, without waiting and without a system call while nothing has been announced.
    /// Zero bytes mean the end.
    pub(crate) fn try_read(&self, into: &mut BytesMut) -> io::Result<usize> {
        self.try_read_through(HEAD_BLOCK_BYTES, into)
    }

    fn try_read_through(&self, block_bytes: usize, into: &mut BytesMut) -> io::Result<usize> {
        let socket = &self.0.stream;
        let read = |block: &mut [u8]| self.unless_drained(block.len(), || socket.try_read(block));
        with_block_of(block_bytes, |block| match &self.0.tls {
            None => {
                let length = read(block)?;
                into.extend_from_slice(&block[..length]);
                Ok(length)
            }
            Some(tls) => tls.read(socket, block, read, into),
        })
    }

    /// Runs a read of at most `bytes_max`. One that brings less has emptied the socket: the runtime is told so,
    /// as by a read that would block, which saves that read. The readiness it forgets is the one from before
    /// the read, so nothing that arrives meanwhile is missed.
    fn unless_drained(
        &self,
        bytes_max: usize,
        read: impl FnOnce() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut last_bytes = None;
        let outcome = self.0.stream.try_io(Interest::READABLE, || match read()? {
            length @ 1.. if length < bytes_max => {
                last_bytes = Some(length);
                Err(io::ErrorKind::WouldBlock.into())
            }
            length => Ok(length),
        });
        last_bytes.map_or(outcome, Ok)
    }

    /// Reads a head: see [`Io::try_read`].
    pub(crate) fn poll_read(&self, task: &mut Context<'_>, into: &mut BytesMut) -> Poll<io::Result<usize>> {
        self.poll_reading(task, || self.try_read(into))
    }

    /// Reads content straight into `into`, which must have room: no copy but that of decrypting.
    pub(crate) fn poll_read_block(
        &self,
        task: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        if self.is_tls() {
            return self.poll_reading(task, || self.try_read_through(CONTENT_BLOCK_BYTES, into));
        }
        self.poll_reading(task, || {
            self.unless_drained(into.capacity() - into.len(), || self.0.stream.try_read_buf(into))
        })
    }

    /// Reads into a slice. Only for sockets without TLS, where the peer's pieces may be larger.
    pub(crate) fn poll_read_slice(&self, task: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_reading(task, || self.unless_drained(into.len(), || self.0.stream.try_read(into)))
    }

    fn poll_reading(
        &self,
        task: &mut Context<'_>,
        mut read: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match read() {
                Err(error) if is_temporary(&error) => ready!(self.0.stream.poll_read_ready(task))?,
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Waits until there is something to read, or the end.
    pub(crate) fn poll_readable(&self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.stream.poll_read_ready(task)
    }

    /// Writes some of the slices. With TLS, what was taken may wait for [`Io::poll_flush`].
    pub(crate) fn poll_write(
        &self,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket = &self.0.stream;
        if let Some(tls) = &self.0.tls {
            return tls.poll_write(socket, task, slices);
        }
        loop {
            let outcome = match slices {
                [one] => socket.try_write(one),
                slices => socket.try_write_vectored(slices),
            };
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(socket.poll_write_ready(task))?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Waits until everything that was written has gone to the socket.
    pub(crate) fn poll_flush(&self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.0.tls {
            None => Poll::Ready(Ok(())),
            Some(tls) => tls.poll_flush(&self.0.stream, task),
        }
    }

    /// Bytes that went to the socket although nothing was written meanwhile: a sign of life of a slow peer.
    pub(crate) fn flushed(&self) -> u64 {
        self.0.tls.as_ref().map_or(0, |tls| tls.sent())
    }

    /// Writes a few bytes that certainly fit the socket's buffer; anything less is an error.
    pub(crate) fn write_now(&self, bytes: &[u8]) -> io::Result<()> {
        if let Some(tls) = &self.0.tls {
            return tls.write_now(&self.0.stream, bytes);
        }
        match self.0.stream.try_write(bytes)? {
            written if written == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Before a close that is meant: with TLS the peer is told, so that it knows that nobody else cut the
    /// connection. Without, the close says it.
    pub(crate) fn say_goodbye(&self) {
        if let Some(tls) = &self.0.tls {
            tls.end(&self.0.stream);
        }
    }

    /// Tells the peer that nothing more comes. A peer that has gone already is no error.
    pub(crate) fn shut_down_write(&self) {
        self.say_goodbye();
        let _ = SockRef::from(&self.0.stream).shutdown(std::net::Shutdown::Write);
    }

    /// Makes the coming close a reset, so that a half response can never look complete.
    pub(crate) fn abort(&self) {
        if let Some(tls) = &self.0.tls {
            tls.abort();
        }
        let _ = SockRef::from(&self.0.stream).set_linger(Some(Duration::ZERO));
    }
}

/// Appends a line of context-free digits without the formatting machinery.
pub(crate) fn push_decimal(buffer: &mut Vec<u8>, number: u64) {
    push_digits::<10>(buffer, number);
}

/// As [`push_decimal`], in hexadecimal.
pub(crate) fn push_hexadecimal(buffer: &mut Vec<u8>, number: u64) {
    push_digits::<16>(buffer, number);
}

fn push_digits<const RADIX: u64>(buffer: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789abcdef"[usize::try_from(number % RADIX).unwrap_or_default()];
        number /= RADIX;
        if number == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[at..]);
}
