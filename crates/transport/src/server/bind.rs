//! [`bind`]: opens every port of a connector, or none.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use socket2::{Domain, Protocol, Socket, Type};

use super::ConnectorOptions;

/// Why a connector cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The connector names no port.
    #[error("the connector for {host} has no port")]
    NoPort {
        /// The `host` of the connector.
        host: String,
    },
    /// The host is no address of this machine.
    #[error("the host `{host}` cannot be resolved to an address of this machine")]
    Host {
        /// The `host` of the connector.
        host: String,
        /// What the resolver said, if it failed.
        source: Option<io::Error>,
    },
    /// Another program, or another connector, listens there.
    #[error("port {} is in use on {}; stop what listens there or choose another port", address.port(), address.ip())]
    InUse {
        /// The address wanted.
        address: SocketAddr,
    },
    /// The system refuses.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address wanted.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A connector whose ports are open. Connections wait in the kernel until [`super::Server::start`].
#[derive(Debug)]
pub struct Bound {
    pub(crate) options: ConnectorOptions,
    pub(crate) listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl Bound {
    /// The addresses, in the order of the configured ports, with the ports the system chose for 0.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// One more set of sockets on the same ports, for one more worker.
    pub(crate) fn duplicate(&self) -> io::Result<Vec<TcpListener>> {
        self.addresses.iter().map(|address| listen(*address, self.options.accept_backlog)).collect()
    }
}

/// Opens every port of a connector.
pub fn bind(options: ConnectorOptions) -> Result<Bound, BindError> {
    if options.ports.is_empty() {
        return Err(BindError::NoPort { host: options.host });
    }
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for port in &options.ports {
        let address = resolve(&options.host, *port)?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse { address },
            _ => BindError::Listen { address, source },
        };
        // The workers' sockets share the port (SO_REUSEPORT), so they would share it with another program of
        // the same user too. A socket that does not share finds out whether the port is free.
        drop(open(address, false).map_err(failed)?);
        let listener = listen(address, options.accept_backlog).map_err(failed)?;
        addresses.push(listener.local_addr().map_err(failed)?);
        listeners.push(listener);
    }
    Ok(Bound { options, listeners, addresses })
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, BindError> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match (bare, port).to_socket_addrs() {
        Ok(mut addresses) => {
            addresses.next().ok_or_else(|| BindError::Host { host: host.to_owned(), source: None })
        }
        Err(error) => Err(BindError::Host { host: host.to_owned(), source: Some(error) }),
    }
}

fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = open(address, true)?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn open(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Lets a restart take the port while old connections linger; a listener still counts as in use.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}
