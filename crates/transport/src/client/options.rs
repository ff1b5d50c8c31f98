//! [`ClientOptions`]: what a client can be told, with its defaults.

use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ClientTls;

use super::Resolver;
use crate::h2::options::ClientHttp2Options;

/// How requests are sent. The configuration names are those of `ReverseProxyHandler`.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Connections to one origin (`connections`), for each worker. Default 64.
    pub connections: usize,
    /// Requests that may wait for a connection to one origin (`waitQueueSize`), for each worker; beyond: 503.
    /// The product says unlimited; the default 65,536 only bounds the memory.
    pub wait_queue_size: usize,
    /// Time to connect, over all addresses of the origin, and to wait for a free connection
    /// (`connectionTimeout`); beyond: 502, or 503 for the wait. Default 10 s.
    pub connection_timeout: Duration,
    /// Silence of the origin (`soTimeout`): 504 before its response begins, an aborted response afterwards.
    /// Default 10 s.
    pub so_timeout: Duration,
    /// Age after which a connection is not used again (`connectionTimeToLive`). Default none.
    pub connection_time_to_live: Option<Duration>,
    /// Idle time after which a connection is closed. Default 60 s.
    pub idle_timeout: Duration,
    /// Bytes of a response's head; beyond: 502. Default 65,536.
    pub response_head_bytes_max: usize,
    /// Whether a request is sent once more when its idle connection turns out to be closed and nothing is
    /// risked by it (`disableRetries`). Default true.
    pub retries: bool,
    /// How origins are called over TLS (`tls`). Default [`ClientTls::system`].
    pub tls: Arc<ClientTls>,
    /// When and how origins are spoken to in HTTP/2.
    pub http2: ClientHttp2Options,
    /// Finds the addresses of origins. Default: the system's resolver.
    pub resolver: Arc<Resolver>,
    /// What the origin is told about the client. Default [`Forwarded::XForwarded`].
    pub forwarded: Forwarded,
    /// Our name in `Via`, and by that the means to notice a loop. Default `portcullis`; none sends no `Via`.
    pub via: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connections: 64,
            wait_queue_size: 65_536,
            connection_timeout: Duration::from_secs(10),
            so_timeout: Duration::from_secs(10),
            connection_time_to_live: None,
            idle_timeout: Duration::from_secs(60),
            response_head_bytes_max: 65_536,
            retries: true,
            tls: ClientTls::system(),
            http2: ClientHttp2Options::default(),
            resolver: Arc::default(),
            forwarded: Forwarded::default(),
            via: Some("portcullis".to_owned()),
        }
    }
}

/// What the origin is told about the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Forwarded {
    /// Nothing.
    None,
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. One that the request has already, from a
    /// trusted proxy or a filter, stays as it is, except that the address of a trusted proxy is added to
    /// `X-Forwarded-For`.
    #[default]
    XForwarded,
}
