//! [`Tls`]: TLS between a socket and the plain bytes that connections read and write.
//!
//! The socket stays ours: it is read through the block of the thread, and whatever arrived is decrypted at once
//! into the buffer of whoever reads, so that nothing is kept for a connection that waits.

use std::future::poll_fn;
use std::io::{self, BufRead, IoSlice, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use rustls::pki_types::CertificateDer;
use rustls::{Connection, HandshakeKind};
use tokio::net::TcpStream;

use crate::io::with_block;

/// TLS on a socket, its handshake done.
#[derive(Debug)]
pub(crate) struct Tls(Mutex<Session>);

#[derive(Debug)]
struct Session {
    connection: Connection,
    /// Bytes written to the socket; a sign of life.
    sent: u64,
    /// The peer has said that nothing more comes.
    peer_ended: bool,
    /// What was said must not look complete.
    aborted: bool,
}

impl Tls {
    /// Completes a handshake. `received` is what was read already. Yields what the peer sent right behind it.
    pub(crate) async fn complete(
        socket: &TcpStream,
        connection: Connection,
        received: &[u8],
    ) -> io::Result<(Self, BytesMut)> {
        let mut session = Session { connection, sent: 0, peer_ended: false, aborted: false };
        let mut plaintext = BytesMut::new();
        session.decrypt(socket, received, &mut plaintext)?;
        // With a request behind the handshake, the session tickets leave together with the response.
        while session.connection.is_handshaking() || plaintext.is_empty() {
            poll_fn(|task| session.poll_flush(socket, task)).await?;
            if !session.connection.is_handshaking() {
                break;
            }
            socket.readable().await?;
            let read = with_block(|block| match socket.try_read(block)? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                length => session.decrypt(socket, &block[..length], &mut plaintext),
            });
            match read {
                Err(error) if is_temporary(&error) => {}
                outcome => outcome?,
            }
        }
        Ok((Self(Mutex::new(session)), plaintext))
    }

    /// The certificates of the peer that were verified, its own first.
    pub(crate) fn peer_certificates(&self) -> Vec<CertificateDer<'static>> {
        self.lock().connection.peer_certificates().unwrap_or_default().to_vec()
    }

    /// Whether the handshake went on with an earlier session, whose certificates were not verified again.
    pub(crate) fn is_resumed(&self) -> bool {
        self.lock().connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Whether HTTP/2 was agreed on.
    pub(crate) fn speaks_http2(&self) -> bool {
        self.lock().connection.alpn_protocol() == Some(b"h2")
    }

    /// Decrypts what is there. Zero bytes mean that the peer has ended properly; a connection that just ends
    /// may have been cut by somebody else, which is an error.
    pub(crate) fn read(
        &self,
        socket: &TcpStream,
        block: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
        into: &mut BytesMut,
    ) -> io::Result<usize> {
        let mut session = self.lock();
        let before = into.len();
        loop {
            if session.peer_ended {
                return Ok(0);
            }
            let length = match read(block)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => length,
            };
            session.decrypt(socket, &block[..length], into)?;
            if into.len() > before {
                return Ok(into.len() - before);
            }
        }
    }

    /// Encrypts some of the slices, and writes as much as the socket takes. What it does not take is written
    /// first the next time, or by [`Tls::poll_flush`]; no more than rustls' limit of 64 KiB waits.
    pub(crate) fn poll_write(
        &self,
        socket: &TcpStream,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut session = self.lock();
        loop {
            let taken = session.connection.writer().write_vectored(slices)?;
            match session.flush(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => outcome?,
            }
            if taken > 0 {
                return Poll::Ready(Ok(taken));
            }
            ready!(session.poll_flush(socket, task))?;
        }
    }

    /// Writes what is encrypted.
    pub(crate) fn poll_flush(&self, socket: &TcpStream, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_flush(socket, task)
    }

    /// Encrypts and writes a few bytes that certainly fit the buffers.
    pub(crate) fn write_now(&self, socket: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        let mut session = self.lock();
        session.connection.writer().write_all(bytes)?;
        match session.flush(socket) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            outcome => outcome,
        }
    }

    /// Tells the peer that nothing more comes, if the socket takes it at once.
    pub(crate) fn end(&self, socket: &TcpStream) {
        let mut session = self.lock();
        if !session.aborted {
            session.connection.send_close_notify();
            // A peer that has gone already needs not be told.
            let _ = session.flush(socket);
        }
    }

    /// From now on, [`Tls::end`] says nothing.
    pub(crate) fn abort(&self) {
        self.lock().aborted = true;
    }

    /// Bytes written to the socket so far.
    pub(crate) fn sent(&self) -> u64 {
        self.lock().sent
    }

    fn lock(&self) -> MutexGuard<'_, Session> {
        // Nothing under the lock panics. It is never waited for: the two sides of a connection run in one task.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Takes in what arrived, and puts the plain bytes behind those in `into`.
    fn decrypt(&mut self, socket: &TcpStream, mut bytes: &[u8], into: &mut BytesMut) -> io::Result<()> {
        // Once in any case: the greeting may have brought more than itself.
        let mut is_first = true;
        while (std::mem::take(&mut is_first) || !bytes.is_empty()) && !self.peer_ended {
            if !bytes.is_empty() {
                self.connection.read_tls(&mut bytes)?;
            }
            let state = match self.connection.process_new_packets() {
                Ok(state) => state,
                Err(error) => {
                    // The peer is told why, if the socket takes it.
                    let _ = self.flush(socket);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            };
            let mut left = state.plaintext_bytes_to_read();
            while left > 0 {
                let mut reader = self.connection.reader();
                let piece = reader.fill_buf()?;
                let length = piece.len();
                into.extend_from_slice(piece);
                reader.consume(length);
                left = left.saturating_sub(length.max(1));
            }
            self.peer_ended = state.peer_has_closed();
        }
        // Answers to the peer's own business, as new keys, go out now, unless what it sent is answered anyway.
        if self.connection.wants_write() && !self.connection.is_handshaking() && into.is_empty() {
            match self.flush(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Writes what is encrypted until the socket takes no more.
    fn flush(&mut self, socket: &TcpStream) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Ciphertext(socket)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => self.sent += length as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn poll_flush(&mut self, socket: &TcpStream, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.flush(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(socket.poll_write_ready(task))?;
                }
                outcome => return Poll::Ready(outcome),
            }
        }
    }
}

/// Whether there may be bytes later.
pub(crate) fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// The socket as rustls writes to it.
pub(crate) struct Ciphertext<'a>(pub(crate) &'a TcpStream);

impl Write for Ciphertext<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [one] => self.0.try_write(one),
            slices => self.0.try_write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
