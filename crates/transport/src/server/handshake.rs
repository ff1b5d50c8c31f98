//! The handshake of TLS on the server's side, and which hosts a connection may be asked for afterwards.
//!
//! The client's greeting is read before anything is decided, because the certificate, its session tickets and
//! the order of suites all hang on the name in it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::BytesMut;
use crypto::tls::{ServerEntry, ServerTls};
use exchange::Certificate;
use http::StatusCode;
use http::uri::Authority;
use rustls::Connection;
use rustls::server::{Accepted, Acceptor};
use tokio::net::TcpStream;

use super::options::SniHostCheck;
use super::refusal::Refusal;
use crate::io::with_block;
use crate::tls::{Ciphertext, Tls, is_temporary};

/// Bytes of a greeting, records included. The largest ones, with keys against quantum computers and a ticket
/// that holds the client's certificates, have a third of it.
const GREETING_BYTES_MAX: usize = 32 * 1024;

/// Why there is no connection. The client gets an alert at most.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// It is told so, in clear text.
    #[error("the client speaks HTTP in clear text on a port of HTTPS")]
    ClearText,
    #[error("the greeting is longer than {GREETING_BYTES_MAX} bytes")]
    GreetingTooLong,
    #[error("there is no certificate to present yet")]
    NotReady,
    #[error("the client's certificate cannot be read: {0}")]
    Certificate(exchange::CertificateError),
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A handshake that succeeded.
pub(crate) struct Shaken {
    pub(crate) tls: Tls,
    /// What the client sent right behind it.
    pub(crate) received: BytesMut,
    pub(crate) presented: Presented,
    /// The client's certificates that were verified, its own first.
    pub(crate) certificates: Arc<[Certificate]>,
}

/// What the client asked for, and what it got.
#[derive(Debug)]
pub(crate) struct Presented {
    entry: ServerEntry,
    server_name: Option<String>,
    pub(crate) speaks_http2: bool,
    /// The host of the last request that passed: clients mostly ask for the same.
    passed: Mutex<Option<Authority>>,
}

/// Reads the client's greeting, chooses what to present, and completes the handshake.
pub(crate) async fn shake(socket: &TcpStream, tls: &ServerTls) -> Result<Shaken, HandshakeError> {
    let (accepted, rest) = greeting(socket).await?;
    let (entry, server_name) = {
        let hello = accepted.client_hello();
        (tls.entry(&hello).ok_or(HandshakeError::NotReady)?, hello.server_name().map(str::to_owned))
    };
    let connection = accepted.into_connection(entry.config.clone()).map_err(|(error, mut alert)| {
        // Whether the client learns why does not matter any more.
        let _ = alert.write_all(&mut Ciphertext(socket));
        error
    })?;
    let (tls, received) = Tls::complete(socket, Connection::Server(connection), &rest).await?;
    let certificates = tls.peer_certificates();
    if tls.is_resumed() {
        entry.verify_client(&certificates, SystemTime::now())?;
    }
    let certificates = certificates.iter().map(|der| Certificate::from_der(der));
    Ok(Shaken {
        certificates: certificates.collect::<Result<_, _>>().map_err(HandshakeError::Certificate)?,
        presented: Presented {
            entry,
            server_name,
            speaks_http2: tls.speaks_http2(),
            passed: Mutex::default(),
        },
        tls,
        received,
    })
}

/// The client's greeting, and what was read behind it.
async fn greeting(socket: &TcpStream) -> Result<(Accepted, Vec<u8>), HandshakeError> {
    let mut acceptor = Acceptor::default();
    let mut bytes_read = 0;
    loop {
        socket.readable().await?;
        let found = with_block(|block| {
            let length = match socket.try_read(block) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Err(error) if is_temporary(&error) => return Ok(None),
                outcome => outcome?,
            };
            // Records begin with a small number, methods of HTTP with a letter.
            if bytes_read == 0 && block[0].is_ascii_uppercase() {
                return Err(HandshakeError::ClearText);
            }
            bytes_read += length;
            if bytes_read > GREETING_BYTES_MAX {
                return Err(HandshakeError::GreetingTooLong);
            }
            find_greeting(socket, &mut acceptor, &block[..length])
        })?;
        if let Some(found) = found {
            return Ok(found);
        }
    }
}

fn find_greeting(
    socket: &TcpStream,
    acceptor: &mut Acceptor,
    mut bytes: &[u8],
) -> Result<Option<(Accepted, Vec<u8>)>, HandshakeError> {
    while !bytes.is_empty() {
        acceptor.read_tls(&mut bytes)?;
        match acceptor.accept() {
            Ok(Some(accepted)) => return Ok(Some((accepted, bytes.to_vec()))),
            Ok(None) => {}
            Err((error, mut alert)) => {
                let _ = alert.write_all(&mut Ciphertext(socket));
                return Err(error.into());
            }
        }
    }
    Ok(None)
}

impl Presented {
    /// Whether a request for this host may come over this connection.
    pub(crate) fn check(&self, rule: SniHostCheck, authority: &Authority) -> Result<(), Refusal> {
        if rule == SniHostCheck::Off {
            return Ok(());
        }
        // Nothing under the lock panics, and one task serves the connection.
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        if passed.as_ref() == Some(authority) {
            return Ok(());
        }
        let host = authority.host();
        let (passes, refusal) = match rule {
            SniHostCheck::BadRequest => (
                self.entry.is_for_as_in_jetty(host),
                Refusal::bad_request("the certificate presented is not for the host").saying("Invalid SNI"),
            ),
            SniHostCheck::Misdirected | SniHostCheck::Off => (
                self.is_reached_by(host),
                Refusal::new(StatusCode::MISDIRECTED_REQUEST, "the connection was made for another host"),
            ),
        };
        if passes {
            *passed = Some(authority.clone());
            return Ok(());
        }
        Err(refusal)
    }

    /// Whether a connection made for this host would have got the same.
    fn is_reached_by(&self, host: &str) -> bool {
        let bare = host.strip_suffix('.').unwrap_or(host);
        match &self.server_name {
            Some(name) if name.eq_ignore_ascii_case(bare) => true,
            Some(_) => self.entry.serves(host) && self.entry.is_for(host),
            None => self.entry.serves(host),
        }
    }
}
