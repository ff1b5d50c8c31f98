//! Connection upgrades (RFC 9110, section 7.8): WebSocket and others, passed through as bytes.

use std::fmt;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::BoxFuture;

/// The client's connection after a 101: plain bytes both ways.
pub trait Tunnel: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Tunnel for T {}

/// Completes when something that lasts has to end.
pub type EndSignal = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

type Task = Box<dyn FnOnce(Box<dyn Tunnel>) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a response with status 101 wants done with the client's connection.
///
/// The listener writes the 101, then hands the connection to [`Upgrade::run`]. The proxy's task copies
/// bytes to and from the origin; a handler of our own may speak the protocol itself.
pub struct Upgrade {
    task: Task,
    end: Option<EndSignal>,
}

impl Upgrade {
    /// Wraps a task that takes over the connection.
    pub fn new<F>(task: impl FnOnce(Box<dyn Tunnel>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { task: Box::new(move |tunnel| Box::pin(task(tunnel))), end: None }
    }

    /// Ends the tunnel when `end` completes: WebSockets get a close frame with code 4401 in both directions.
    #[must_use]
    pub fn until(mut self, end: EndSignal) -> Self {
        self.end = Some(match self.end.take() {
            None => end,
            // Whichever comes first.
            Some(mut other) => {
                let mut end = end;
                Box::pin(std::future::poll_fn(move |task| {
                    let is_ready = end.as_mut().poll(task).is_ready() || other.as_mut().poll(task).is_ready();
                    if is_ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
                }))
            }
        });
        self
    }

    /// When the tunnel has to end before either side ends it.
    pub fn take_end(&mut self) -> Option<EndSignal> {
        self.end.take()
    }

    /// Runs until the tunnel ends.
    pub async fn run(self, tunnel: Box<dyn Tunnel>) {
        (self.task)(tunnel).await;
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}
