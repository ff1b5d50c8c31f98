//! [`Io`]: a socket that its connection and the body it carries can both use, and the blocks they read with.
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

/// Bytes asked for when a head is expected. Larger than nearly every head, so that one read is enough.
const HEAD_BLOCK_BYTES: usize = 16 * 1024;

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

/// A connected socket. Clones are the same socket.
#[derive(Debug, Clone)]
pub(crate) struct Io(Arc<TcpStream>);

impl Io {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(stream))
    }

    /// Reads what is there, without waiting and without a system call while nothing has been announced.
    /// Zero bytes mean the end.
    pub(crate) fn try_read(&self, into: &mut BytesMut) -> io::Result<usize> {
        let mut block = READ_BLOCK.take();
        if block.is_empty() {
            block.resize(HEAD_BLOCK_BYTES, 0);
        }
        let outcome = self.unless_drained(block.len(), || self.0.try_read(&mut block));
        if let Ok(length) = outcome {
            into.extend_from_slice(&block[..length]);
        }
        READ_BLOCK.set(block);
        outcome
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
        let outcome = self.0.try_io(Interest::READABLE, || match read()? {
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
        loop {
            match self.try_read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.poll_read_ready(task))?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Reads content straight into `into`, which must have room: no copy.
    pub(crate) fn poll_read_block(
        &self,
        task: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.unless_drained(into.capacity() - into.len(), || self.0.try_read_buf(into)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.poll_read_ready(task))?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Reads into a slice.
    pub(crate) fn poll_read_slice(&self, task: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.unless_drained(into.len(), || self.0.try_read(into)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.poll_read_ready(task))?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Waits until there is something to read, or the end.
    pub(crate) fn poll_readable(&self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_ready(task)
    }

    /// Writes some of the slices.
    pub(crate) fn poll_write(
        &self,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            let outcome = match slices {
                [one] => self.0.try_write(one),
                slices => self.0.try_write_vectored(slices),
            };
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.0.poll_write_ready(task))?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Writes a few bytes that certainly fit the socket's buffer; anything less is an error.
    pub(crate) fn write_now(&self, bytes: &[u8]) -> io::Result<()> {
        match self.0.try_write(bytes)? {
            written if written == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Tells the peer that nothing more comes. A peer that has gone already is no error.
    pub(crate) fn shut_down_write(&self) {
        let _ = SockRef::from(&*self.0).shutdown(std::net::Shutdown::Write);
    }

    /// Makes the coming close a reset, so that a half response can never look complete.
    pub(crate) fn abort(&self) {
        let _ = SockRef::from(&*self.0).set_linger(Some(Duration::ZERO));
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
