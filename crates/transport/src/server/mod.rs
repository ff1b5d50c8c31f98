//! The listener side: ports, workers, connections.
//!
//! Each worker is a thread with a runtime and sockets of its own (SO_REUSEPORT), so that a request is served
//! by one core from its first byte to its last. All futures are `Send` all the same.

mod bind;
mod body;
pub(crate) mod compress;
pub(crate) mod connection;
mod ending;
pub(crate) mod fields;
pub(crate) mod forwarded;
mod frames;
pub(crate) mod handling;
mod handshake;
pub(crate) mod head;
pub(crate) mod listener;
mod opening;
mod options;
mod proxy_header;
pub(crate) mod refusal;
pub(crate) mod respond;
pub(crate) mod target;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use exchange::HandlerRef;
use tokio::runtime::{Builder, Runtime};

pub use crate::h2::options::Http2Options;
pub use bind::{BindError, Bound, bind};
pub use options::{ConnectorOptions, Limits, NormalizePath, SniHostCheck};
#[cfg(fuzzing)]
pub(crate) use proxy_header::parse as parse_proxy_header;

use listener::{Counts, Listener, Phase};

/// Connectors in service. Dropped, it closes everything at once; [`Server::shutdown`] does it gently.
pub struct Server {
    listeners: Vec<Arc<Listener>>,
    threads: Vec<JoinHandle<()>>,
    ports: Vec<u16>,
}

impl Server {
    /// Serves each connector with its handler, on `workers` threads (at least one).
    ///
    /// # Errors
    /// When the system gives no more threads or descriptors. Nothing runs then.
    pub fn start(connectors: Vec<(Bound, HandlerRef)>, workers: usize) -> io::Result<Self> {
        let ports =
            connectors.iter().flat_map(|(bound, _)| bound.addresses()).map(std::net::SocketAddr::port);
        let mut server = Self { listeners: Vec::new(), threads: Vec::new(), ports: ports.collect() };
        let mut prepared = Vec::new();
        for _ in 0..workers.max(1) {
            prepared.push(Worker {
                runtime: Builder::new_current_thread().enable_all().build()?,
                serving: Vec::new(),
            });
        }
        for (bound, handler) in connectors {
            let options = Arc::new(bound.options.clone());
            let counts = Arc::new(Counts::default());
            let mut first = Some(bound.listeners.iter().map(std::net::TcpListener::try_clone).collect());
            for worker in &mut prepared {
                let sockets = first.take().unwrap_or_else(|| bound.duplicate())?;
                let listener = Arc::new(Listener::new(options.clone(), handler.clone(), counts.clone()));
                server.listeners.push(listener.clone());
                worker.add(listener, sockets)?;
            }
        }
        for (index, worker) in prepared.into_iter().enumerate() {
            let thread = std::thread::Builder::new().name(format!("worker-{index}"));
            server.threads.push(thread.spawn(move || worker.run())?);
        }
        Ok(server)
    }

    /// The ports, in the order of the configuration.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Stops accepting at once, lets requests in flight run for the grace period of their connector, closes
    /// what is left, and returns when everything is closed.
    pub async fn shutdown(mut self) {
        let threads = self.drain();
        // An error means that the waiting thread panicked or the runtime ends; nothing is left to wait for.
        let _ = tokio::task::spawn_blocking(move || join(threads)).await;
    }

    /// As [`Server::shutdown`], for callers without a runtime.
    pub fn shutdown_blocking(mut self) {
        join(self.drain());
    }

    fn drain(&mut self) -> Vec<JoinHandle<()>> {
        for listener in &self.listeners {
            listener.enter(Phase::Draining);
        }
        self.listeners.clear();
        std::mem::take(&mut self.threads)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.enter(Phase::Killed);
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("ports", &self.ports).finish_non_exhaustive()
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("A worker thread panicked");
        }
    }
}

/// One thread's runtime and sockets.
struct Worker {
    runtime: Runtime,
    serving: Vec<(Arc<Listener>, Vec<tokio::net::TcpListener>)>,
}

impl Worker {
    fn add(&mut self, listener: Arc<Listener>, sockets: Vec<std::net::TcpListener>) -> io::Result<()> {
        let _entered = self.runtime.enter();
        let sockets =
            sockets.into_iter().map(tokio::net::TcpListener::from_std).collect::<io::Result<_>>()?;
        self.serving.push((listener, sockets));
        Ok(())
    }

    fn run(self) {
        let Self { runtime, serving } = self;
        runtime.block_on(async {
            let serving: Vec<_> =
                serving.into_iter().map(|(listener, sockets)| tokio::spawn(listener.run(sockets))).collect();
            for listener in serving {
                if listener.await.is_err() {
                    tracing::error!("A listener panicked");
                }
            }
        });
        // Tasks that handlers left behind must not hold up the exit.
        runtime.shutdown_background();
    }
}
