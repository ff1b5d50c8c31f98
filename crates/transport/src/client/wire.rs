//! [`Wire`]: one connection to an origin.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use exchange::{Fault, FaultKind, Repeat, Scheme, Uri};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::ClientOptions;
use crate::io::Io;
use crate::timer::Timer;
use crate::tls::Tls;

/// A connection and what was read from it.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) io: Io,
    pub(crate) buffer: BytesMut,
    pub(crate) timer: Timer,
    pub(crate) created: Instant,
    /// It has carried a request before, so the origin may have closed it meanwhile.
    pub(crate) reused: bool,
    /// The generation of the settings of TLS it was made with.
    pub(crate) generation: u64,
}

impl Wire {
    /// Connects to the origin of `uri`, trying its addresses in turn. HTTP/2 is agreed on only if it may be.
    pub(crate) async fn connect(
        uri: &Uri,
        options: &ClientOptions,
        may_be_http2: bool,
    ) -> Result<Self, Fault> {
        let started = Instant::now();
        let unreachable = |error: io::Error| {
            Fault::new(FaultKind::BadGateway, format!("{} is unreachable", uri.authority()))
                .because(error)
                .repeat_if(Repeat::Always)
        };
        let resolving = options.resolver.resolve(uri.host());
        let addresses = match timeout(options.connection_timeout, resolving).await {
            Ok(addresses) => addresses.map_err(unreachable)?,
            Err(_) => {
                return Err(unreachable(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the name was not resolved in time",
                )));
            }
        };
        let mut last = io::Error::from(io::ErrorKind::TimedOut);
        for (index, address) in addresses.iter().enumerate() {
            // One address that swallows packets must not use up the time of the others.
            let left = options.connection_timeout.saturating_sub(started.elapsed());
            let addresses_left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            match connect(SocketAddr::new(*address, uri.effective_port()), left / addresses_left).await {
                Ok(stream) if uri.scheme() == Scheme::Http => {
                    return Ok(Self::new(Io::new(stream), BytesMut::new(), 0));
                }
                Ok(stream) => return Self::secure(stream, uri, options, may_be_http2, started).await,
                Err(error) => last = error,
            }
        }
        Err(unreachable(last))
    }

    /// Secures a connection, in what is left of the time for connecting.
    async fn secure(
        stream: TcpStream,
        uri: &Uri,
        options: &ClientOptions,
        may_be_http2: bool,
        started: Instant,
    ) -> Result<Self, Fault> {
        let origin = uri.authority();
        let bad = |detail: String| Fault::new(FaultKind::BadGateway, detail);
        // Before the settings, which may be replaced at any time.
        let generation = options.tls.generation();
        let config = options
            .tls
            .config()
            .map_err(|error| bad(format!("{origin} cannot be called over TLS")).because(error))?;
        let protocols = match config.alpn_protocols.is_empty() {
            true => Vec::new(),
            false if may_be_http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        let name = server_name(uri.host()).map_err(bad)?;
        let connection = ClientConnection::new_with_alpn(config, name, protocols)
            .map_err(|error| bad(format!("{origin} cannot be called over TLS")).because(error))?;
        let shaking = Tls::complete(&stream, Connection::Client(connection), &[]);
        let left = options.connection_timeout.saturating_sub(started.elapsed());
        match timeout(left, shaking).await {
            Ok(Ok((tls, buffer))) => Ok(Self::new(Io::secured(stream, tls), buffer, generation)),
            Ok(Err(error)) => {
                let (complaint, repeat) = complaint(&error);
                Err(bad(format!("{origin} {complaint}")).because(error).repeat_if(repeat))
            }
            Err(_) => {
                Err(bad(format!("The TLS handshake with {origin} took too long")).repeat_if(Repeat::Always))
            }
        }
    }

    fn new(io: Io, buffer: BytesMut, generation: u64) -> Self {
        Self { io, buffer, timer: Timer::new(), created: Instant::now(), reused: false, generation }
    }

    /// Whether it was made with the present settings.
    pub(crate) fn is_of(&self, options: &ClientOptions) -> bool {
        !self.io.is_tls() || self.generation == options.tls.generation()
    }

    /// Whether HTTP/2 was agreed on.
    pub(crate) fn speaks_http2(&self) -> bool {
        self.io.speaks_http2()
    }

    /// Whether nothing has arrived and the origin has not closed. No system call while nothing was announced.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let outcome = self.io.try_read(&mut self.buffer);
        outcome.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// What the certificate of the origin has to be for. An address is not sent as a name (RFC 6066, section 3).
fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).map_err(|_| format!("No certificate can be for the host `{host}`"))
}

/// What is said of an origin whose handshake failed, and whether it is worth another try: nothing was sent, but
/// whoever it is stays who it is.
fn complaint(error: &io::Error) -> (&'static str, Repeat) {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => ("does not prove who it is", Repeat::Never),
        Some(rustls::Error::AlertReceived(_)) => ("refuses the TLS handshake", Repeat::Never),
        Some(_) => ("does not agree on TLS", Repeat::Never),
        None => ("broke off the TLS handshake", Repeat::Always),
    }
}

async fn connect(address: SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let stream = timeout(within, TcpStream::connect(address))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the connection was not accepted in time"))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}
