//! [`connect`]: an ordinary stream to a server that speaks something else than HTTP, with the TLS of clients.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ClientTls;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A connection that nobody uses is looked after this often, so that one that is dead is noticed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// Reads and writes bytes.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Duplex for S {}

/// Connects to a server, over TLS when there is one to do it with. The certificate has to be for `host`, unless the
/// settings say otherwise. No protocol is agreed on within the handshake. The caller limits the time.
///
/// # Errors
/// The server cannot be reached, or does not prove who it is.
pub async fn connect(host: &str, port: u16, tls: Option<&ClientTls>) -> io::Result<Box<dyn Duplex>> {
    let socket = TcpStream::connect((host, port)).await?;
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_INTERVAL).with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    let Some(tls) = tls else { return Ok(Box::new(socket)) };
    let config = tls.config().map_err(io::Error::other)?;
    let mut config = ClientConfig::clone(&config);
    config.alpn_protocols.clear();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, socket).await;
    Ok(Box::new(connected.map_err(|error| io::Error::new(error.kind(), format!("TLS: {error}")))?))
}
