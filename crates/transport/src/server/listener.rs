//! [`Listener`]: one connector on one worker: what its connections share, and how they end.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use exchange::HandlerRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::ConnectorOptions;
use super::connection;

/// How long accepting pauses when the process has no descriptor or memory left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The life of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Connections are accepted.
    Running,
    /// No more connections; requests in flight run on.
    Draining,
    /// Everything ends now.
    Killed,
}

/// What all workers of one connector count together.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    open: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// One connector on one worker.
pub(crate) struct Listener {
    pub(crate) options: Arc<ConnectorOptions>,
    pub(crate) handler: HandlerRef,
    counts: Arc<Counts>,
    phase: watch::Sender<Phase>,
    /// The tasks of open connections, to be woken when the phase changes.
    tasks: Mutex<Tasks>,
    emptied: Notify,
}

#[derive(Default)]
struct Tasks {
    open: usize,
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Listener {
    pub(crate) fn new(options: Arc<ConnectorOptions>, handler: HandlerRef, counts: Arc<Counts>) -> Self {
        Self {
            options,
            handler,
            counts,
            phase: watch::Sender::new(Phase::Running),
            tasks: Mutex::default(),
            emptied: Notify::new(),
        }
    }

    /// The present phase.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Moves on to a later phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|present| {
            let later = phase > *present;
            *present = (*present).max(phase);
            later
        });
        let wakers: Vec<Waker> = self.lock().wakers.iter().flatten().cloned().collect();
        for waker in wakers {
            waker.wake();
        }
    }

    /// Accepts until the phase changes, then lets connections end within the grace period.
    pub(crate) async fn run(self: Arc<Self>, sockets: Vec<TcpListener>) {
        let mut accepting = JoinSet::new();
        for socket in sockets {
            accepting.spawn(self.clone().accept(socket));
        }
        while accepting.join_next().await.is_some() {}
        let emptied = async {
            while self.lock().open > 0 {
                self.emptied.notified().await;
            }
        };
        let mut phase = self.phase.subscribe();
        tokio::select! {
            () = emptied => return,
            () = tokio::time::sleep(self.options.grace_period) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Killed) => {}
        }
        let left = self.lock().open;
        if left > 0 {
            tracing::warn!(connections = left, "The grace period is over; closing what is still open");
        }
        self.enter(Phase::Killed);
        while self.lock().open > 0 {
            self.emptied.notified().await;
        }
    }

    async fn accept(self: Arc<Self>, socket: TcpListener) {
        let mut phase = self.phase.subscribe();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = phase.wait_for(|phase| *phase != Phase::Running) => return,
            };
            match accepted {
                Ok((stream, peer)) => self.clone().admit(stream, peer),
                // The client gave up while it waited; the next one may be fine.
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "Cannot accept connections for the moment");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
            }
        }
    }

    fn admit(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let address = peer.ip().to_canonical();
        let Some(open) = Open::count(&self, address) else {
            tracing::debug!(%peer, "Too many connections; closed this one");
            return;
        };
        let Ok(local) = stream.local_addr() else { return };
        // Without it a small response could wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let mut serving = pin!(connection::run(stream, peer, local, self.clone()));
            let mut open = open;
            std::future::poll_fn(|task| {
                open.register(task.waker());
                match self.phase() {
                    Phase::Killed => Poll::Ready(()),
                    _ => serving.as_mut().poll(task),
                }
            })
            .await;
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tasks> {
        // Nothing under the lock panics.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// An open connection in the books; leaves them when dropped.
struct Open {
    listener: Arc<Listener>,
    address: IpAddr,
    slot: Option<usize>,
}

impl Open {
    /// `None` when a limit is reached.
    fn count(listener: &Arc<Listener>, address: IpAddr) -> Option<Self> {
        let limits = &listener.options.limits;
        let counts = &listener.counts;
        if counts.open.fetch_add(1, Ordering::Relaxed) >= limits.connections_max {
            counts.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        listener.lock().open += 1;
        // From here on, dropping undoes the counting.
        let open = Self { listener: listener.clone(), address, slot: None };
        match (open.by_address(1), limits.connections_per_address_max) {
            (Some(count), Some(count_max)) if count > count_max => None,
            _ => Some(open),
        }
    }

    /// Adjusts the count of the address, if that is limited.
    fn by_address(&self, change: isize) -> Option<usize> {
        self.listener.options.limits.connections_per_address_max?;
        let counts = &self.listener.counts.by_address;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(self.address).or_default();
        *count = count.saturating_add_signed(change);
        let count = *count;
        if count == 0 {
            counts.remove(&self.address);
        }
        Some(count)
    }

    /// Remembers the task's waker, which stays the same for its whole life.
    fn register(&mut self, waker: &Waker) {
        if self.slot.is_some() {
            return;
        }
        let mut tasks = self.listener.lock();
        let slot = tasks.free.pop().unwrap_or_else(|| {
            tasks.wakers.push(None);
            tasks.wakers.len() - 1
        });
        tasks.wakers[slot] = Some(waker.clone());
        self.slot = Some(slot);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.by_address(-1);
        self.listener.counts.open.fetch_sub(1, Ordering::Relaxed);
        let mut tasks = self.listener.lock();
        tasks.open -= 1;
        let waker = self.slot.and_then(|slot| {
            tasks.free.push(slot);
            tasks.wakers[slot].take()
        });
        let emptied = tasks.open == 0;
        drop(tasks);
        drop(waker);
        if emptied {
            self.listener.emptied.notify_one();
        }
    }
}
