//! [`ConnectorOptions`]: everything one connector can be told, with its defaults.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ServerTls;
use exchange::{ClientInfo, Response};
use http::{HeaderValue, header};
use ipnet::IpNet;

use crate::h2::options::Http2Options;

/// How one connector listens, and what it accepts. The configuration names are those of `admin.json`.
#[derive(Debug, Clone)]
pub struct ConnectorOptions {
    /// Address or name to listen on (`host`). Default `0.0.0.0`.
    pub host: String,
    /// Ports, all opened with the same options (`port`); 0 lets the system choose. Default none.
    pub ports: Vec<u16>,
    /// What a client may send, and for how long.
    pub limits: Limits,
    /// What happens to a path that can be read in two ways (`normalizePath`). Default [`NormalizePath::Reject`].
    pub normalize_path: NormalizePath,
    /// `true` keeps the query byte for byte and refuses `" { } < > space |` in it; `false` decodes and encodes
    /// it again, so that `%27` becomes `'` and `"` becomes `%22` (`preserveOriginalQueryString`).
    /// Default `false`.
    pub preserve_original_query_string: bool,
    /// Proxies whose forwarded headers are believed. Default none: those headers are removed.
    pub trusted_peers: Vec<IpNet>,
    /// The gzip level, 1 (fast) to 9 (small), of responses to clients that accept it
    /// (`compressionSupported`, `compressionLevel`). Default none: responses are not compressed.
    pub compression: Option<u32>,
    /// The largest payload of one WebSocket frame from the client, in bytes (`maxWebSocketFrameSize`).
    /// Default none.
    pub websocket_frame_bytes_max: Option<u64>,
    /// The largest WebSocket message from the client, in bytes, over all its frames
    /// (`maxWebSocketMessageSize`). Default none.
    pub websocket_message_bytes_max: Option<u64>,
    /// How HTTP/2 is spoken.
    pub http2: Http2Options,
    /// How long requests in flight may run once the connector closes (`gracePeriod`). Default 30 s.
    pub grace_period: Duration,
    /// What HTTPS is served with (`tls`). Default none: connections are in clear text.
    pub tls: Option<Arc<ServerTls>>,
    /// What happens to a request over TLS for a host that the certificate presented is not for
    /// (`sniHostCheck`). Default [`SniHostCheck::Misdirected`].
    pub sni_host_check: SniHostCheck,
    /// Whether every trusted peer begins its connections with a header of the PROXY protocol (`proxyProtocol`).
    /// A trusted peer that does not is refused; others are never believed. Default false.
    pub proxy_protocol: bool,
    /// The header `Strict-Transport-Security` of responses over TLS that have none
    /// (`strictTransportSecurity`). Default none.
    pub strict_transport_security: Option<HeaderValue>,
    /// Connections the kernel holds until they are accepted (`acceptBacklog`). Default 1024.
    pub accept_backlog: u32,
}

impl Default for ConnectorOptions {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            ports: Vec::new(),
            limits: Limits::default(),
            normalize_path: NormalizePath::default(),
            preserve_original_query_string: false,
            trusted_peers: Vec::new(),
            compression: None,
            websocket_frame_bytes_max: None,
            websocket_message_bytes_max: None,
            http2: Http2Options::default(),
            grace_period: Duration::from_secs(30),
            tls: None,
            sni_host_check: SniHostCheck::default(),
            proxy_protocol: false,
            strict_transport_security: None,
            accept_backlog: 1024,
        }
    }
}

impl ConnectorOptions {
    /// What browsers are told about using TLS; never over a connection without it.
    pub(crate) fn strict_transport_security(&self, client: &ClientInfo) -> Option<&HeaderValue> {
        self.strict_transport_security.as_ref().filter(|_| client.is_secure)
    }

    /// Adds it to a response that says nothing about it.
    pub(crate) fn tell_to_stay(&self, client: &ClientInfo, response: &mut Response) {
        if let Some(value) = self.strict_transport_security(client) {
            let header = response.headers.entry(header::STRICT_TRANSPORT_SECURITY);
            header.or_insert_with(|| value.clone());
        }
    }

    /// Whether what `peer` says about earlier hops is believed.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_peers.iter().any(|network| network.contains(&peer))
    }
}

/// What a client may send, how much of it, and how slowly.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of the request line (`maxInitialLineLength`); beyond: 414. Default 8192.
    pub initial_line_bytes_max: usize,
    /// Bytes of all header lines (`maxTotalHeadersSize`); beyond: 431. Default 8192.
    pub total_headers_bytes_max: usize,
    /// Header fields, at most 256; beyond: 431. Default 100.
    pub header_count_max: usize,
    /// Bytes of a body (`maxBodyLength`); beyond: 413. Default none.
    pub body_bytes_max: Option<u64>,
    /// Silence between requests after which the connection closes (`idleTimeout`). Default 60 s.
    pub idle_timeout: Duration,
    /// From the first byte of a head to its last; beyond: 408. Default 10 s.
    pub header_read_timeout: Duration,
    /// From accepting a connection to the end of its TLS handshake, a header of the PROXY protocol included;
    /// beyond, it closes. Default 10 s.
    pub handshake_timeout: Duration,
    /// Silence within a body; beyond: 408. Default 30 s.
    pub body_read_timeout: Duration,
    /// Time for which a client may take nothing of a response; beyond, the connection closes. Default 30 s.
    pub write_timeout: Duration,
    /// Open connections of the connector; further ones are closed at once. Default 65,536.
    pub connections_max: usize,
    /// Open connections from one address; further ones are closed at once. Default none.
    pub connections_per_address_max: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            initial_line_bytes_max: 8192,
            total_headers_bytes_max: 8192,
            header_count_max: 100,
            body_bytes_max: None,
            idle_timeout: Duration::from_secs(60),
            header_read_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            connections_max: 65_536,
            connections_per_address_max: None,
        }
    }
}

/// What happens to a request over TLS for another host than the connection was made for: it comes from a browser
/// that uses one connection for several names, or from somebody who wants to get around the client authentication
/// or the route of a name. The host is that of `Host`, or of the target when that is absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SniHostCheck {
    /// A request passes when its host is the server name of the handshake; or when that host would be given the
    /// identity that the connection has, and either the client named no server or the certificate is for the
    /// host. Everything else is answered with 421, after which browsers open a connection of its own
    /// (RFC 9110, section 15.5.20).
    #[default]
    Misdirected,
    /// A request passes when the certificate presented is for its host, where a wildcard is for its bare domain
    /// too. Everything else is answered with 400 and `Invalid SNI`, as by Jetty.
    BadRequest,
    /// Every request passes.
    Off,
}

/// What happens to a path that condition, policy and origin might read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NormalizePath {
    /// It is refused with 400.
    #[default]
    Reject,
    /// It is rewritten to the one form every reader agrees on; refused with 400 when there is none.
    Canonical,
    /// It passes as it is. Every rule that looks at paths can then be deceived.
    Off,
}
