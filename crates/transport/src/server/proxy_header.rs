//! The header of the PROXY protocol, versions 1 and 2: the client's address, told by a load balancer before
//! anything else, TLS included.
//!
//! Only trusted peers are listened to. The header is taken from the socket to its last byte and no further: what
//! follows belongs to the handshake or to the first request.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Poll, ready};

use ppp::{v1, v2};
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// Bytes of a header in text, its line end included (section 2.1 of the specification).
const TEXT_BYTES_MAX: usize = 107;

/// How a header in binary begins, before its version, family and length.
const BINARY_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of a header in binary that are always there.
const BINARY_BYTES_MIN: usize = 16;
/// Bytes after those: addresses, and what load balancers add about TLS or the network they stand in.
const BINARY_REST_BYTES_MAX: usize = 4096;
/// Version 2, command LOCAL: the load balancer speaks for itself, as in its health checks.
const LOCAL: u8 = 0x20;

/// Bytes looked at in one go: no more than most headers have, so that little is looked at twice.
const PIECE_BYTES: usize = 256;

/// Why there is no header to believe. The connection closes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyHeaderError {
    /// What comes is no header.
    #[error("the connection does not begin with a header of the PROXY protocol")]
    Missing,
    /// It begins like one and is none.
    #[error("the header of the PROXY protocol is malformed")]
    Malformed,
    /// It is longer than any should be.
    #[error("the header of the PROXY protocol is too long")]
    TooLong,
    /// The peer closed, or the connection failed.
    #[error("the connection ended within the header of the PROXY protocol")]
    Ended(#[from] io::Error),
}

/// Takes the header off the connection. `None` when it names no address: a health check of the load balancer, or
/// a client it knows nothing of.
pub(crate) async fn read(stream: &TcpStream) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    let mut header = Vec::new();
    loop {
        match scan(&header)? {
            Scan::Complete(_) => return named(&header),
            Scan::More => take_more(stream, &mut header).await?,
        }
    }
}

/// Moves bytes from the socket to the header as far as they belong to it. They are looked at before they are
/// taken: what is behind the end stays where it is, and what is not taken would make waiting for more spin.
async fn take_more(stream: &TcpStream, header: &mut Vec<u8>) -> Result<(), ProxyHeaderError> {
    let mut piece = [0; PIECE_BYTES];
    let seen = poll_fn(|task| {
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(stream.poll_peek(task, &mut buffer))?;
        Poll::Ready(io::Result::Ok(buffer.filled().len()))
    })
    .await?;
    if seen == 0 {
        return Err(ended());
    }
    let before = header.len();
    header.extend_from_slice(&piece[..seen]);
    if let Scan::Complete(length) = scan(header)? {
        header.truncate(length);
    }
    // As much is there, since it has just been seen, and nobody else reads.
    let mut taken = 0;
    while before + taken < header.len() {
        match stream.try_read(&mut piece[..header.len() - before - taken]) {
            Ok(0) => return Err(ended()),
            Ok(length) => taken += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn ended() -> ProxyHeaderError {
    io::Error::from(io::ErrorKind::UnexpectedEof).into()
}

/// How far a header goes.
enum Scan {
    /// It has this length.
    Complete(usize),
    /// So far every byte belongs to it, and there is more to come.
    More,
}

fn scan(bytes: &[u8]) -> Result<Scan, ProxyHeaderError> {
    if begins_like(bytes, BINARY_SIGNATURE) {
        return scan_binary(bytes);
    }
    if !begins_like(bytes, b"PROXY ") {
        return Err(ProxyHeaderError::Missing);
    }
    match bytes.windows(2).position(|pair| pair == b"\r\n") {
        Some(at) if at + 2 <= TEXT_BYTES_MAX => Ok(Scan::Complete(at + 2)),
        None if bytes.len() < TEXT_BYTES_MAX => Ok(Scan::More),
        Some(_) | None => Err(ProxyHeaderError::TooLong),
    }
}

fn scan_binary(bytes: &[u8]) -> Result<Scan, ProxyHeaderError> {
    let Some(fixed) = bytes.first_chunk::<BINARY_BYTES_MIN>() else { return Ok(Scan::More) };
    let rest = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    match BINARY_BYTES_MIN + rest {
        _ if rest > BINARY_REST_BYTES_MAX => Err(ProxyHeaderError::TooLong),
        length if bytes.len() < length => Ok(Scan::More),
        length => Ok(Scan::Complete(length)),
    }
}

/// Whether one of the two begins with the other.
fn begins_like(bytes: &[u8], start: &[u8]) -> bool {
    let length = bytes.len().min(start.len());
    bytes[..length] == start[..length]
}

/// The address of the client that a complete header names.
fn named(header: &[u8]) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    if header.starts_with(BINARY_SIGNATURE) {
        // Whatever else is in the header of such a connection does not count (section 2.2).
        if header.get(BINARY_SIGNATURE.len()) == Some(&LOCAL) {
            return Ok(None);
        }
        let header = v2::Header::try_from(header).map_err(|_| ProxyHeaderError::Malformed)?;
        return Ok(match (header.protocol, header.addresses) {
            (v2::Protocol::Stream, v2::Addresses::IPv4(ends)) => {
                Some((ends.source_address, ends.source_port).into())
            }
            (v2::Protocol::Stream, v2::Addresses::IPv6(ends)) => {
                Some((ends.source_address.to_canonical(), ends.source_port).into())
            }
            _ => None,
        });
    }
    let header = v1::Header::try_from(header).map_err(|_| ProxyHeaderError::Malformed)?;
    Ok(match header.addresses {
        v1::Addresses::Tcp4(ends) => Some((ends.source_address, ends.source_port).into()),
        v1::Addresses::Tcp6(ends) => Some((ends.source_address.to_canonical(), ends.source_port).into()),
        v1::Addresses::Unknown => None,
    })
}

/// A header in one piece, for the fuzz target: its length and whom it names; `None` for what is no header, or not
/// a whole one.
#[cfg(fuzzing)]
pub(crate) fn parse(bytes: &[u8]) -> Option<(usize, Option<SocketAddr>)> {
    match scan(bytes) {
        Ok(Scan::Complete(length)) => named(&bytes[..length]).ok().map(|named| (length, named)),
        Ok(Scan::More) | Err(_) => None,
    }
}
