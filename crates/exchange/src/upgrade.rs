//! Connection upgrades (RFC 9110, section 7.8): WebSocket and others, passed through as bytes.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::BoxFuture;

/// The client's connection after a 101: plain bytes both ways.
pub trait Tunnel: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Tunnel for T {}

type Task = Box<dyn FnOnce(Box<dyn Tunnel>) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a response with status 101 wants done with the client's connection.
///
/// The listener writes the 101, then hands the connection to [`Upgrade::run`]. The proxy's task copies
/// bytes to and from the origin; a handler of our own may speak the protocol itself.
pub struct Upgrade(Task);

impl Upgrade {
    /// Wraps a task that takes over the connection.
    pub fn new<F>(task: impl FnOnce(Box<dyn Tunnel>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Box::new(move |tunnel| Box::pin(task(tunnel))))
    }

    /// Runs until the tunnel ends.
    pub async fn run(self, tunnel: Box<dyn Tunnel>) {
        (self.0)(tunnel).await;
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}
