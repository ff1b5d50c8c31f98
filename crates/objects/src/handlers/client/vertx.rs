//! The options of the product's own HTTP client that may stand in `vertx`, and what they mean for HTTP/2.

use std::time::Duration;

use heap::{Builder, RawNode, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use transport::client::ClientHttp2Options;

/// The largest window that HTTP/2 knows (RFC 9113, section 6.9.1), and the one that connections begin with.
const WINDOW_BYTES_MAX: u32 = 2_147_483_647;
const CONNECTION_WINDOW_BYTES_MIN: u32 = 65_535;

/// What origins that speak HTTP/2 are told to keep to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "settings that are accepted and ignored are never read")]
struct InitialSettings {
    /// Bytes of a response that an origin may send before they are read: 262144 by default. -1 means the default
    /// too.
    initial_window_size: Option<Spanned<i64>>,
    /// Accepted and ignored: `maxHeaderSize` applies.
    max_header_list_size: Option<RawNode>,
    /// Accepted and ignored: frames have up to 16384 bytes.
    max_frame_size: Option<RawNode>,
    /// Accepted and ignored: the table has 4096 bytes.
    header_table_size: Option<RawNode>,
    /// Accepted and ignored: origins open no streams.
    max_concurrent_streams: Option<RawNode>,
    /// Accepted and ignored: nothing may be pushed.
    push_enabled: Option<RawNode>,
    /// Accepted and ignored: there are no others.
    extra_settings: Option<RawNode>,
}

/// Options of Vert.x's HTTP client that may stand in a configuration. Those for TLS, ports and proxies are
/// refused by the product itself and reported as unknown here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "properties that are accepted and ignored are never read")]
pub(super) struct VertxOptions {
    /// Seconds after which an idle connection is closed: 60 by default.
    pub(super) keep_alive_timeout: Option<u32>,
    /// Bytes that the head of a response may have: 65536 by default.
    pub(super) max_header_size: Option<Spanned<usize>>,
    /// False opens a connection for every request.
    pub(super) keep_alive: Option<bool>,
    /// Accepted and ignored: `connections` applies.
    max_pool_size: Option<RawNode>,
    /// Accepted and ignored: `waitQueueSize` applies.
    max_wait_queue_size: Option<RawNode>,
    /// Accepted and ignored: `maxHeaderSize` applies to the status line too.
    max_initial_line_length: Option<RawNode>,
    /// Accepted and ignored: chunks are not held.
    max_chunk_size: Option<RawNode>,
    /// Accepted and ignored: frames pass unread.
    max_web_socket_frame_size: Option<RawNode>,
    /// Accepted and ignored: frames pass unread.
    max_web_socket_message_size: Option<RawNode>,
    /// Accepted and ignored: requests are not pipelined.
    pipelining: Option<RawNode>,
    /// Accepted and ignored: requests are not pipelined.
    pipelining_limit: Option<RawNode>,
    /// Accepted and ignored: entities pass as they are.
    decompression_supported: Option<RawNode>,
    /// Accepted and ignored: entities pass as they are.
    try_use_compression: Option<RawNode>,
    /// Accepted and ignored: `soTimeout` applies.
    idle_timeout: Option<RawNode>,
    /// Accepted and ignored: `connectionTimeout` applies.
    connect_timeout: Option<RawNode>,
    /// Accepted and ignored: the pool sweeps by itself.
    pool_cleaner_period: Option<RawNode>,
    /// What origins that speak HTTP/2 are told to keep to.
    initial_settings: Option<InitialSettings>,
    /// Accepted and ignored: in clear text, HTTP/2 needs `http2PriorKnowledge`.
    http2_clear_text_upgrade: Option<RawNode>,
    /// Seconds after which an idle connection of HTTP/2 is closed: 60 by default.
    http2_keep_alive_timeout: Option<u32>,
    /// Connections of HTTP/2 to one origin for each worker: as many as `connections` by default. -1 means the
    /// default too.
    http2_max_pool_size: Option<Spanned<i64>>,
    /// Requests that one connection of HTTP/2 carries at the same time, if the origin does not want fewer: 100 by
    /// default. -1 means the default too.
    http2_multiplexing_limit: Option<Spanned<i64>>,
    /// Bytes of all responses of a connection that an origin may send before they are read: 33554432 by default,
    /// from 65535. -1 means the default too.
    http2_connection_window_size: Option<Spanned<i64>>,
    /// Accepted and ignored: the log has levels.
    log_activity: Option<RawNode>,
    /// Accepted and ignored: always on.
    tcp_no_delay: Option<RawNode>,
    /// Accepted and ignored: the system decides.
    tcp_keep_alive: Option<RawNode>,
    /// Accepted and ignored: the system decides.
    so_linger: Option<RawNode>,
    /// Accepted and ignored: the system decides.
    receive_buffer_size: Option<RawNode>,
    /// Accepted and ignored: the system decides.
    send_buffer_size: Option<RawNode>,
}

impl VertxOptions {
    /// Writes what stands here into the options of HTTP/2.
    ///
    /// # Errors
    /// A number that HTTP/2 does not allow.
    pub(super) fn apply_http2(
        &self,
        http2: &mut ClientHttp2Options,
        b: &Builder<'_>,
    ) -> Result<(), Diagnostic> {
        if let Some(seconds) = self.http2_keep_alive_timeout {
            http2.idle_timeout = Duration::from_secs(u64::from(seconds));
        }
        let count = |name, field| within(name, field, 1..=u32::MAX, b).map(|count| count.map(as_usize));
        if let Some(connections) = count("http2MaxPoolSize", &self.http2_max_pool_size)? {
            http2.connections = Some(connections);
        }
        if let Some(streams) = count("http2MultiplexingLimit", &self.http2_multiplexing_limit)? {
            http2.streams_max = streams;
        }
        let sizes = CONNECTION_WINDOW_BYTES_MIN..=WINDOW_BYTES_MAX;
        if let Some(bytes) =
            within("http2ConnectionWindowSize", &self.http2_connection_window_size, sizes, b)?
        {
            http2.connection_window_bytes = bytes;
        }
        let window = self.initial_settings.as_ref().map(|settings| &settings.initial_window_size);
        if let Some(bytes) = within("initialWindowSize", window.unwrap_or(&None), 1..=WINDOW_BYTES_MAX, b)? {
            http2.stream_window_bytes = bytes;
        }
        Ok(())
    }
}

fn as_usize(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A number in a range; -1 stands for the default.
fn within(
    name: &str,
    field: &Option<Spanned<i64>>,
    range: std::ops::RangeInclusive<u32>,
    b: &Builder<'_>,
) -> Result<Option<u32>, Diagnostic> {
    let Some(number) = field.as_ref().filter(|number| ***number != -1) else { return Ok(None) };
    let within = u32::try_from(**number).ok().filter(|number| range.contains(number));
    let complaint = || {
        b.error(format!("{name} is a number from {} to {}", range.start(), range.end()), Some(number.span()))
    };
    within.map(Some).ok_or_else(complaint)
}
