//! [`Wire`]: one connection to an origin.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use exchange::{Fault, FaultKind, Repeat, Uri};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::ClientOptions;
use crate::io::Io;
use crate::timer::Timer;

/// A connection and what was read from it.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) io: Io,
    pub(crate) buffer: BytesMut,
    pub(crate) timer: Timer,
    pub(crate) created: Instant,
    /// It has carried a request before, so the origin may have closed it meanwhile.
    pub(crate) reused: bool,
}

impl Wire {
    /// Connects to the origin of `uri`, trying its addresses in turn.
    pub(crate) async fn connect(uri: &Uri, options: &ClientOptions) -> Result<Self, Fault> {
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
                Ok(stream) => return Ok(Self::new(stream)),
                Err(error) => last = error,
            }
        }
        Err(unreachable(last))
    }

    fn new(stream: TcpStream) -> Self {
        Self {
            io: Io::new(stream),
            buffer: BytesMut::new(),
            timer: Timer::new(),
            created: Instant::now(),
            reused: false,
        }
    }

    /// Whether nothing has arrived and the origin has not closed. No system call while nothing was announced.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let outcome = self.io.try_read(&mut self.buffer);
        outcome.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

async fn connect(address: SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let stream = timeout(within, TcpStream::connect(address))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the connection was not accepted in time"))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}
