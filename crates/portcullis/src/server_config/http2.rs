//! The options of HTTP/2 in `vertx` of a connector.

use std::time::Duration;

use heap::RawNode;
use schemars::JsonSchema;
use serde::Deserialize as DeriveDeserialize;
use serde::de::{Deserialize, Deserializer, Error};
use transport::server::Http2Options;

use super::ConnectorVertx;

/// The smallest window of a connection: every connection begins with it (RFC 9113, section 6.9.2).
const CONNECTION_WINDOW_BYTES_MIN: u32 = 65_535;
const WINDOW_BYTES_MAX: u32 = 2_147_483_647;
/// A table lives as long as its connection, so that a client could make us hold this much.
const TABLE_BYTES_MAX: u32 = 1024 * 1024;

/// What a connector tells its clients of HTTP/2.
#[derive(Debug, Default, DeriveDeserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct InitialSettings {
    /// Requests that a client may have open at the same time. Default: 100.
    #[schemars(with = "Option<u32>")]
    max_concurrent_streams: Option<Within<1, { u32::MAX }>>,
    /// Bytes that the head of a request may have, with 32 for each field; beyond, the answer is 431.
    /// Default: what the limits of HTTP/1 come to, which hold in any case.
    #[schemars(with = "Option<u32>")]
    max_header_list_size: Option<Within<1, { u32::MAX }>>,
    /// Bytes of a body that a client may send before they are read. Default: 262144.
    #[schemars(with = "Option<u32>")]
    initial_window_size: Option<Within<1, WINDOW_BYTES_MAX>>,
    /// Bytes of a frame, from 16384 to 16777215. Default: 16384.
    #[schemars(with = "Option<u32>")]
    max_frame_size: Option<Within<16_384, 16_777_215>>,
    /// Bytes of the table that shortens the fields of requests, at most 1048576. Default: 4096.
    #[schemars(with = "Option<u32>")]
    header_table_size: Option<Within<0, TABLE_BYTES_MAX>>,
    /// Accepted and ignored: nothing is pushed.
    push_enabled: Option<bool>,
    /// Accepted and ignored: there are no others.
    extra_settings: Option<RawNode>,
}

/// The size of a connection's window; -1 means the default.
pub(super) type ConnectionWindow = Within<CONNECTION_WINDOW_BYTES_MIN, WINDOW_BYTES_MAX>;

/// A number with a smallest and a largest value. -1, as often in the original, stands for the default.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<const MIN: u32, const MAX: u32>(Option<u32>);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        if number == -1 {
            return Ok(Self(None));
        }
        let within = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        let complaint = || D::Error::custom(format!("this is a number from {MIN} to {MAX}, found {number}"));
        within.map(|number| Self(Some(number))).ok_or_else(complaint)
    }
}

impl<const MIN: u32, const MAX: u32> Within<MIN, MAX> {
    fn or(field: &Option<Self>, default: u32) -> u32 {
        field.as_ref().and_then(|within| within.0).unwrap_or(default)
    }
}

impl ConnectorVertx {
    /// What these options make of the defaults.
    pub(super) fn http2(&self) -> Http2Options {
        let default = Http2Options::default();
        let none = InitialSettings::default();
        let settings = self.initial_settings.as_ref().unwrap_or(&none);
        Http2Options {
            clear_text: self.http2_clear_text_enabled,
            concurrent_streams_max: Within::or(
                &settings.max_concurrent_streams,
                default.concurrent_streams_max,
            ),
            header_list_bytes_max: settings.max_header_list_size.and_then(|within| within.0),
            stream_window_bytes: Within::or(&settings.initial_window_size, default.stream_window_bytes),
            connection_window_bytes: Within::or(
                &self.http2_connection_window_size,
                default.connection_window_bytes,
            ),
            frame_bytes_max: Within::or(&settings.max_frame_size, default.frame_bytes_max),
            header_table_bytes: Within::or(&settings.header_table_size, default.header_table_bytes),
            resets_max: self.http2_rst_flood_max_rst_frame_per_window.unwrap_or(default.resets_max),
            resets_window: self
                .http2_rst_flood_window_duration
                .map_or(default.resets_window, Duration::from_secs),
        }
    }
}
