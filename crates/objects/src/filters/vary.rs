//! `Vary`: tells caches which request fields an answer depends on (RFC 9110, section 12.5.5).

use exchange::{HeaderName, HeaderValue, Headers, header};

/// Adds a field name unless it is listed already.
pub(crate) fn add_vary(headers: &mut Headers, name: &HeaderName) {
    if !headers.has_token(&header::VARY, name.as_str()) && !headers.has_token(&header::VARY, "*") {
        headers.append(header::VARY, HeaderValue::from(name.clone()));
    }
}
