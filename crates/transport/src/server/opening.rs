//! What comes before the first request: the header of a load balancer, and the handshake of TLS.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crypto::tls::ServerTls;
use exchange::ClientInfo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::handshake::{self, HandshakeError, Shaken};
use super::listener::{Listener, Phase};
use super::proxy_header;
use super::refusal::Refusal;
use crate::io::Io;

/// Begins a connection. `None` ends it; the log says why.
pub(crate) async fn open(
    stream: TcpStream,
    peer: SocketAddr,
    local: SocketAddr,
    listener: Arc<Listener>,
) -> Option<Connection> {
    let options = listener.options.clone();
    let started = Instant::now();
    // A time beyond the clock's range is as good as none.
    let deadline = started.checked_add(options.limits.handshake_timeout);
    let mut client = ClientInfo::direct(peer, local);
    let mut peer_is_trusted = options.trusts(peer.ip());
    if options.proxy_protocol && peer_is_trusted {
        let reading = proxy_header::read(&stream);
        let named = step("header of the PROXY protocol", peer, deadline, &listener, reading).await?;
        let named = named.map_err(|error| tracing::debug!(%peer, "Closed: {error}")).ok()?;
        tracing::debug!(%peer, client = named.map(tracing::field::display), "The peer names its client");
        // The peer passes on what its client writes, so that fields about earlier hops are that client's word.
        peer_is_trusted = named.is_some_and(|named| options.trusts(named.ip()));
        client.remote = named.unwrap_or(peer);
        client.is_passed_on = named.is_none();
    }
    let Some(tls) = &options.tls else {
        return Some(Connection::new(Io::new(stream), client, peer_is_trusted, listener));
    };
    secure(stream, tls, deadline, client, peer_is_trusted, listener).await
}

async fn secure(
    stream: TcpStream,
    tls: &ServerTls,
    deadline: Option<Instant>,
    mut client: ClientInfo,
    peer_is_trusted: bool,
    listener: Arc<Listener>,
) -> Option<Connection> {
    let peer = client.peer;
    let shaking = handshake::shake(&stream, tls);
    match step("handshake", peer, deadline, &listener, shaking).await? {
        Ok(shaken) => {
            client.is_secure = true;
            let Shaken { tls, received, presented, certificates } = shaken;
            client.certificates = certificates;
            let io = Io::secured(stream, tls);
            Some(Connection::secured(io, received, presented, client, peer_is_trusted, listener))
        }
        Err(error) => {
            tracing::debug!(%peer, "The handshake failed: {error}");
            if let HandshakeError::ClearText = error {
                let mut connection = Connection::new(Io::new(stream), client, false, listener);
                let refusal = Refusal::bad_request("HTTP in clear text on a port of HTTPS");
                connection.refuse(refusal.saying("This port speaks HTTPS"), true).await;
            }
            None
        }
    }
}

/// Runs one step in the time for all of them, as long as the listener runs.
async fn step<T>(
    name: &str,
    peer: SocketAddr,
    deadline: Option<Instant>,
    listener: &Listener,
    step: impl Future<Output = T>,
) -> Option<T> {
    let mut step = pin!(async {
        match deadline {
            Some(deadline) => timeout_at(deadline, step).await.ok(),
            None => Some(step.await),
        }
    });
    let outcome = poll_fn(|task| match listener.phase() {
        Phase::Running => step.as_mut().poll(task).map(Some),
        _ => Poll::Ready(None),
    });
    let outcome = outcome.await?;
    if outcome.is_none() {
        tracing::debug!(%peer, "Closed: the {name} took too long");
    }
    outcome
}
