//! [`Lanes`]: the connections to one origin that speak HTTP/2, each carrying many requests at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exchange::{Fault, FaultKind, Scheme, Uri};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::ClientOptions;
use super::wire::Wire;
use crate::h2::client::{Multiplexed, StreamPermit};

/// The connections to one origin that speak HTTP/2.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    connections: Mutex<Vec<Arc<Multiplexed>>>,
    /// The last handshake agreed on HTTP/2.
    known: AtomicBool,
    /// The origin has said that it wants HTTP/1.1 after all (RFC 9113, section 7).
    refused: AtomicBool,
    waiting: AtomicUsize,
    /// Told when a stream or a connection has ended.
    freed: Arc<Notify>,
    /// Held while connecting: one connection serves many who wait for it.
    connecting: tokio::sync::Mutex<()>,
}

/// The way to an origin.
pub(crate) enum Lane {
    /// A stream of a connection that speaks HTTP/2.
    Stream(StreamPermit),
    /// A new connection that speaks HTTP/1 only.
    Wire(Wire),
}

enum Taken {
    Stream(StreamPermit),
    /// Another connection may be opened.
    Connect,
    /// All connections are full.
    Full,
}

impl Lanes {
    /// Whether HTTP/2 may be agreed on in a handshake with this origin.
    pub(crate) fn may_be(&self, uri: &Uri, options: &ClientOptions) -> bool {
        let http2 = &options.http2;
        let configured = if uri.scheme() == Scheme::Https { http2.offered } else { http2.prior_knowledge };
        configured && !self.refused.load(Ordering::Relaxed)
    }

    /// Whether there is no need for a handshake to know that the origin speaks HTTP/2.
    pub(crate) fn is_known(&self, uri: &Uri) -> bool {
        self.known.load(Ordering::Relaxed) || uri.scheme() == Scheme::Http
    }

    /// From now on the origin is spoken to in HTTP/1.1.
    pub(crate) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
        self.known.store(false, Ordering::Relaxed);
        self.close();
    }

    /// Finds a connection with room for one more request, opens one, or waits for one.
    pub(crate) async fn enter(&self, uri: &Uri, options: &ClientOptions) -> Result<Lane, Fault> {
        let unavailable =
            |detail: &str| Fault::new(FaultKind::Unavailable, format!("{detail} {}", uri.authority()));
        let deadline = Instant::now() + options.connection_timeout;
        loop {
            let freed = self.freed.notified();
            match self.take(options) {
                Taken::Stream(permit) => return Ok(Lane::Stream(permit)),
                Taken::Full => {
                    let Some(_place) = Place::take(&self.waiting, options.wait_queue_size) else {
                        return Err(unavailable("Too many requests wait for"));
                    };
                    if timeout_at(deadline, freed).await.is_err() {
                        return Err(unavailable("No stream became free in time to"));
                    }
                }
                Taken::Connect => {
                    let Ok(_connecting) = timeout_at(deadline, self.connecting.lock()).await else {
                        return Err(unavailable("No connection became free in time to"));
                    };
                    // Whoever connected meanwhile may have room for us too, or have taken the last place.
                    match self.take(options) {
                        Taken::Stream(permit) => return Ok(Lane::Stream(permit)),
                        Taken::Connect => return self.connect(uri, options).await,
                        Taken::Full => {}
                    }
                }
            }
        }
    }

    async fn connect(&self, uri: &Uri, options: &ClientOptions) -> Result<Lane, Fault> {
        let may_be = self.may_be(uri, options);
        let is_agreed = |wire: &Wire| wire.speaks_http2() || (may_be && uri.scheme() == Scheme::Http);
        match Wire::connect(uri, options, may_be).await {
            Ok(wire) if is_agreed(&wire) => self.adopt(wire, uri, options).await.map(Lane::Stream),
            // Those who wait connect for themselves.
            outcome => {
                self.known.store(false, Ordering::Relaxed);
                outcome.map(Lane::Wire)
            }
        }
    }

    /// Takes over a connection on which HTTP/2 was agreed, for a first request. If there is one with room
    /// already, that one is used and the new one closed.
    pub(crate) async fn adopt(
        &self,
        wire: Wire,
        uri: &Uri,
        options: &ClientOptions,
    ) -> Result<StreamPermit, Fault> {
        self.known.store(true, Ordering::Relaxed);
        if let Taken::Stream(permit) = self.take(options) {
            return Ok(permit);
        }
        let connection = Multiplexed::open(wire, self.freed.clone(), options).await.map_err(|error| {
            let detail = format!("{} does not speak HTTP/2 as agreed", uri.authority());
            Fault::new(FaultKind::BadGateway, detail).because(error)
        })?;
        let permit = connection.enter_first();
        self.lock().push(connection);
        Ok(permit)
    }

    fn take(&self, options: &ClientOptions) -> Taken {
        let mut connections = self.lock();
        connections.retain(|connection| connection.is_usable(options));
        if let Some(permit) = connections.iter().find_map(|connection| connection.enter(options)) {
            return Taken::Stream(permit);
        }
        match connections.len() < options.http2.connections.unwrap_or(options.connections).max(1) {
            true => Taken::Connect,
            false => Taken::Full,
        }
    }

    /// Closes connections that have been idle for too long. Says whether any is left.
    pub(crate) fn sweep(&self, idle_timeout: Duration) -> bool {
        let mut connections = self.lock();
        connections.retain(|connection| !connection.is_idle_for(idle_timeout));
        !connections.is_empty() || self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Lets the connections end with their last request.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Multiplexed>>> {
        // Nothing under the lock panics.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue; it is free again when this is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, places: usize) -> Option<Self> {
        let place = Self(waiting);
        // Dropping undoes the counting.
        (waiting.fetch_add(1, Ordering::Relaxed) < places).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
