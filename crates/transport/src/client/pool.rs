//! [`Pool`]: idle connections, one shard per thread, so that workers never wait for one another and a
//! connection stays on the runtime that opened it.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use exchange::{Fault, FaultKind, Scheme, Uri};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::ClientOptions;
use super::encode::host_and_port;
use super::lanes::Lanes;
use super::wire::Wire;

/// How often expired connections are looked for, at most and at least.
const SWEEP_EVERY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(15));

static NEXT_POOL: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static SHARDS: RefCell<Vec<(u64, Arc<Shard>)>> = const { RefCell::new(Vec::new()) };
}

/// The connections of one client.
#[derive(Debug)]
pub(crate) struct Pool {
    id: u64,
    shards: Mutex<Vec<Arc<Shard>>>,
}

/// The connections of one client on one thread.
#[derive(Debug, Default)]
struct Shard {
    origins: Mutex<Origins>,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Origins {
    /// In clear text, and over TLS.
    by_authority: [HashMap<String, Arc<Origin>>; 2],
    /// The one asked for last: a client mostly calls one origin, and comparing is cheaper than hashing.
    last: Option<(Scheme, String, Arc<Origin>)>,
}

/// The connections to one origin.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    connections: Mutex<Connections>,
    /// Those that speak HTTP/2.
    pub(crate) lanes: Lanes,
}

#[derive(Debug, Default)]
struct Connections {
    /// Permits given out.
    busy: usize,
    /// Used last, on top.
    idle: Vec<(Instant, Wire)>,
    waiting: VecDeque<oneshot::Sender<Permit>>,
    /// The client is gone; nothing is kept.
    closed: bool,
}

/// The right to one connection to one origin. Dropped, it goes to whoever waits longest.
#[derive(Debug)]
pub(crate) struct Permit(Option<Arc<Origin>>);

impl Pool {
    pub(crate) fn new() -> Self {
        Self { id: NEXT_POOL.fetch_add(1, Ordering::Relaxed), shards: Mutex::default() }
    }

    /// What this thread has of the origin of `uri`.
    pub(crate) fn origin(&self, uri: &Uri, options: &ClientOptions) -> Arc<Origin> {
        self.shard(options).origin(uri)
    }

    /// The right to a connection to an origin, which is that of `uri`, or a place in the queue for it.
    pub(crate) fn permit(origin: Arc<Origin>, uri: &Uri, options: &ClientOptions) -> Result<Granted, Fault> {
        let mut connections = origin.lock();
        if connections.busy < options.connections.max(1) {
            connections.busy += 1;
            drop(connections);
            return Ok(Granted::Now(Permit(Some(origin))));
        }
        if connections.waiting.len() >= options.wait_queue_size {
            let detail = format!("Too many requests wait for {}", uri.authority());
            return Err(Fault::new(FaultKind::Unavailable, detail));
        }
        let (sender, receiver) = oneshot::channel();
        connections.waiting.push_back(sender);
        Ok(Granted::Later(Waiting(receiver)))
    }

    /// This thread's shard.
    fn shard(&self, options: &ClientOptions) -> Arc<Shard> {
        SHARDS.with_borrow_mut(|shards| {
            if let Some((_, shard)) = shards.iter().find(|(id, _)| *id == self.id) {
                return shard.clone();
            }
            shards.retain(|(_, shard)| !shard.closed.load(Ordering::Relaxed));
            let shard = Arc::new(Shard::default());
            shards.push((self.id, shard.clone()));
            self.shards.lock().unwrap_or_else(PoisonError::into_inner).push(shard.clone());
            tokio::spawn(sweep(Arc::downgrade(&shard), options.idle_timeout, options.http2.idle_timeout));
            shard
        })
    }
}

/// What asking for a connection yields.
#[derive(Debug)]
pub(crate) enum Granted {
    Now(Permit),
    Later(Waiting),
}

/// A place in the queue for a connection.
#[derive(Debug)]
pub(crate) struct Waiting(oneshot::Receiver<Permit>);

impl Waiting {
    /// Waits for the right to a connection.
    pub(crate) async fn permit(self, uri: &Uri, options: &ClientOptions) -> Result<Permit, Fault> {
        match timeout(options.connection_timeout, self.0).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Fault::new(
                FaultKind::Unavailable,
                format!("No connection to {} became free in time", uri.authority()),
            )),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let shards = std::mem::take(&mut *self.shards.lock().unwrap_or_else(PoisonError::into_inner));
        for shard in shards {
            shard.closed.store(true, Ordering::Relaxed);
            let mut origins = shard.lock();
            origins.last = None;
            for (_, origin) in origins.by_authority.iter_mut().flat_map(HashMap::drain) {
                let mut connections = origin.lock();
                connections.closed = true;
                let idle = std::mem::take(&mut connections.idle);
                drop(connections);
                drop(idle);
                origin.lanes.close();
            }
        }
    }
}

impl Shard {
    fn origin(&self, uri: &Uri) -> Arc<Origin> {
        let (scheme, authority) = (uri.scheme(), host_and_port(uri));
        let mut origins = self.lock();
        match &origins.last {
            Some((last_scheme, last, origin)) if *last_scheme == scheme && last == authority => {
                return origin.clone();
            }
            _ => {}
        }
        // Names differ by case and the default port may be unsaid; that only costs a second set of connections.
        let by_authority = &mut origins.by_authority[usize::from(scheme == Scheme::Https)];
        let origin = match by_authority.get(authority) {
            Some(origin) => origin.clone(),
            None => by_authority.entry(authority.to_owned()).or_default().clone(),
        };
        origins.last = Some((scheme, authority.to_owned(), origin.clone()));
        origin
    }

    fn lock(&self) -> MutexGuard<'_, Origins> {
        // Nothing under the lock panics.
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections that have been idle for too long, and forgets origins nobody uses.
async fn sweep(shard: Weak<Shard>, idle_timeout: Duration, http2_idle_timeout: Duration) {
    loop {
        tokio::time::sleep((idle_timeout.min(http2_idle_timeout) / 4).clamp(SWEEP_EVERY.0, SWEEP_EVERY.1))
            .await;
        let Some(shard) = shard.upgrade() else { return };
        if shard.closed.load(Ordering::Relaxed) {
            return;
        }
        let mut expired = Vec::new();
        let mut origins = shard.lock();
        // An origin that is forgotten below must not stay in use.
        origins.last = None;
        let mut is_used = |origin: &Arc<Origin>| {
            let mut connections = origin.lock();
            let fresh = connections.idle.partition_point(|(since, _)| since.elapsed() >= idle_timeout);
            expired.extend(connections.idle.drain(..fresh));
            let is_used =
                connections.busy > 0 || !connections.idle.is_empty() || !connections.waiting.is_empty();
            origin.lanes.sweep(http2_idle_timeout) || is_used
        };
        for by_authority in &mut origins.by_authority {
            by_authority.retain(|_, origin| is_used(origin));
        }
        drop(origins);
        // Closed without a lock.
        drop(expired);
    }
}

impl Origin {
    fn lock(&self) -> MutexGuard<'_, Connections> {
        // Nothing under the lock panics.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The connection used last that still lives, if there is one.
    pub(crate) fn idle_wire(&self, options: &ClientOptions) -> Option<Wire> {
        let origin = self.0.as_ref()?;
        loop {
            let (since, mut wire) = origin.lock().idle.pop()?;
            let too_old =
                options.connection_time_to_live.is_some_and(|age_max| wire.created.elapsed() >= age_max);
            if since.elapsed() < options.idle_timeout && !too_old && wire.is_of(options) && wire.is_quiet() {
                return Some(wire);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(crate) fn give_back(self, mut wire: Wire) {
        wire.reused = true;
        // An empty buffer may still hold its block.
        wire.buffer = bytes::BytesMut::new();
        if let Some(origin) = &self.0 {
            let mut connections = origin.lock();
            if !connections.closed {
                connections.idle.push((Instant::now(), wire));
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(origin) = self.0.take() else { return };
        loop {
            let next = {
                let mut connections = origin.lock();
                let next = connections.waiting.pop_front();
                if next.is_none() {
                    connections.busy -= 1;
                }
                next
            };
            let Some(next) = next else { return };
            match next.send(Self(Some(origin.clone()))) {
                Ok(()) => return,
                // It gave up waiting. The permit is emptied, so that dropping it does nothing.
                Err(mut permit) => permit.0 = None,
            }
        }
    }
}
