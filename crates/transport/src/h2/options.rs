//! [`Http2Options`] and [`ClientHttp2Options`]: how HTTP/2 is spoken with clients and with origins.

use std::time::Duration;

/// What clients that speak HTTP/2 may use of a connection. The configuration names are those of `vertx` in
/// `admin.json`.
#[derive(Debug, Clone)]
pub struct Http2Options {
    /// Whether HTTP/2 is spoken on connections in clear text too, with clients that begin with its preface
    /// (`http2ClearTextEnabled`). Default false.
    pub clear_text: bool,
    /// Streams that are open at the same time (`initialSettings.maxConcurrentStreams`); a further one is refused.
    /// Default 100.
    pub concurrent_streams_max: u32,
    /// Bytes of the fields of a request, names and 32 for each field included
    /// (`initialSettings.maxHeaderListSize`); beyond: 431. Default: what the limits of HTTP/1 come to.
    pub header_list_bytes_max: Option<u32>,
    /// Bytes of a body that a client may send ahead (`initialSettings.initialWindowSize`). Default 256 KiB.
    pub stream_window_bytes: u32,
    /// The same for all streams together (`http2ConnectionWindowSize`). Default 1 MiB.
    pub connection_window_bytes: u32,
    /// Bytes of a frame, from 16 KiB to 16 MiB (`initialSettings.maxFrameSize`). Default 16 KiB.
    pub frame_bytes_max: u32,
    /// Bytes of the table by which a client shortens fields (`initialSettings.headerTableSize`). Default 4096.
    pub header_table_bytes: u32,
    /// Streams that a client may reset within `resets_window` (`http2RstFloodMaxRstFramePerWindow`); beyond,
    /// its connection closes. Default 400.
    pub resets_max: usize,
    /// What `resets_max` counts in (`http2RstFloodWindowDuration`). Default 60 s.
    pub resets_window: Duration,
}

impl Default for Http2Options {
    fn default() -> Self {
        Self {
            clear_text: false,
            concurrent_streams_max: 100,
            header_list_bytes_max: None,
            stream_window_bytes: 256 * 1024,
            connection_window_bytes: 1024 * 1024,
            frame_bytes_max: 16 * 1024,
            header_table_bytes: 4096,
            resets_max: 400,
            resets_window: Duration::from_secs(60),
        }
    }
}

/// When and how origins are spoken to in HTTP/2. The configuration names are those of `ReverseProxyHandler` and
/// its `vertx`.
#[derive(Debug, Clone)]
pub struct ClientHttp2Options {
    /// Whether it is offered in handshakes of TLS that agree on a protocol (`protocolVersion`). Default true.
    pub offered: bool,
    /// Whether origins in clear text are known to speak it (`http2PriorKnowledge`). Default false.
    pub prior_knowledge: bool,
    /// Connections to one origin, for each worker (`http2MaxPoolSize`). Default: as many as in HTTP/1.
    pub connections: Option<usize>,
    /// Requests at the same time on one connection, if the origin does not want fewer
    /// (`http2MultiplexingLimit`). Default 100.
    pub streams_max: usize,
    /// Idle time after which a connection is closed (`http2KeepAliveTimeout`). Default 60 s.
    pub idle_timeout: Duration,
    /// Bytes of a response that an origin may send ahead (`initialSettings.initialWindowSize`). Default 256 KiB.
    pub stream_window_bytes: u32,
    /// The same for all responses of a connection (`http2ConnectionWindowSize`). Default 32 MiB: with less,
    /// clients that read slowly would hold up the others.
    pub connection_window_bytes: u32,
}

impl Default for ClientHttp2Options {
    fn default() -> Self {
        Self {
            offered: true,
            prior_knowledge: false,
            connections: None,
            streams_max: 100,
            idle_timeout: Duration::from_secs(60),
            stream_window_bytes: 256 * 1024,
            connection_window_bytes: 32 * 1024 * 1024,
        }
    }
}
