//! HTTP/2 (RFC 9113) on top of the `h2` crate: which requests and responses its streams carry, under which limits.
//!
//! Frames, windows and header compression are the crate's. What a request means is decided by the code that
//! HTTP/1 uses too, so that the version a client speaks never changes what it may do.

mod body;
pub(crate) mod client;
pub(crate) mod options;
mod send;
pub(crate) mod server;
mod socket;

use exchange::Headers;
use http::{HeaderMap, HeaderName};

use crate::h1::names::{allowed_in_trailer, is_written_by_transport};

/// How every connection of a client begins (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that one stream may hold while the connection cannot take them.
const SEND_BUFFER_BYTES_MAX: usize = 128 * 1024;

/// Takes the fields that belong to one connection of HTTP/1 out of a handler's message, and its length, which
/// is written anew.
fn remove_connection_fields(headers: &mut Headers) {
    let names: Vec<HeaderName> =
        headers.keys().filter(|name| is_written_by_transport(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// The fields of a trailer section that may pass.
fn allowed_trailers(trailers: HeaderMap) -> HeaderMap {
    if trailers.keys().all(|name| allowed_in_trailer(name.as_str())) {
        return trailers;
    }
    let allowed = trailers.iter().filter(|(name, _)| allowed_in_trailer(name.as_str()));
    allowed.map(|(name, value)| (name.clone(), value.clone())).collect()
}
