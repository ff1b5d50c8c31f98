//! Field names with a meaning to the transport: framing, hop-by-hop, forwarding.

use http::{HeaderMap, HeaderValue};

/// What the transport does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// Passed on.
    Plain,
    /// `Host`.
    Host,
    /// `Content-Length`.
    ContentLength,
    /// `Transfer-Encoding`.
    TransferEncoding,
    /// `Connection`.
    Connection,
    /// `Upgrade`.
    Upgrade,
    /// `Expect`.
    Expect,
    /// Ends at this hop whatever it says (RFC 9110, section 7.6.1).
    HopByHop,
    /// `Content_Length` or `Transfer_Encoding`: framing for an origin that folds `_` and `-`, and for nobody else.
    FoldedFraming,
    /// Claims something about the hops before this one; see [`is_forwarded`].
    Forwarded,
}

/// Classifies a field by its name as it stands on the wire.
pub(crate) fn classify(name: &str) -> Field {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    match name.len() {
        2 if is("te") => Field::HopByHop,
        4 if is("host") => Field::Host,
        6 if is("expect") => Field::Expect,
        7 if is("trailer") => Field::HopByHop,
        7 if is("upgrade") => Field::Upgrade,
        10 if is("connection") => Field::Connection,
        10 if is("keep-alive") => Field::HopByHop,
        14 if is("content-length") => Field::ContentLength,
        14 if is("content_length") => Field::FoldedFraming,
        16 if is("proxy-connection") => Field::HopByHop,
        17 if is("transfer-encoding") => Field::TransferEncoding,
        17 if is("transfer_encoding") => Field::FoldedFraming,
        18 if is("proxy-authenticate") => Field::HopByHop,
        19 if is("proxy-authorization") => Field::HopByHop,
        _ if is_forwarded(name) => Field::Forwarded,
        _ => Field::Plain,
    }
}

/// Names under which proxies tell the next hop who the client was, what it asked for, or how. `-` stands for
/// `_` too, because origins fold the two (CVE-2025-64484 and its family).
const FORWARDED: [&str; 21] = [
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "client-ip",
    "fastly-client-ip",
    "forwarded",
    "front-end-https",
    "true-client-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-host",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-scheme",
    "x-url-scheme",
    "x-remote-addr",
];

/// Whether a field claims something that only a trusted proxy may claim.
pub(crate) fn is_forwarded(name: &str) -> bool {
    let Some(first) = name.as_bytes().first() else { return false };
    if !matches!(first | 0x20, b'x' | b'f' | b'c' | b't') {
        return false;
    }
    starts_folded(name, "x-forwarded")
        || starts_folded(name, "x-original-forwarded")
        || FORWARDED.iter().any(|known| name.len() == known.len() && starts_folded(name, known))
}

/// Whether `name` starts with `known`, case and `_`/`-` folded.
fn starts_folded(name: &str, known: &str) -> bool {
    name.len() >= known.len()
        && name.bytes().zip(known.bytes()).all(|(byte, known)| {
            let byte = if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
            byte == known
        })
}

/// Names that no `Connection` token may remove: removing them would change who is asking, for what, or where
/// the message ends (incident A5).
const PROTECTED: [&str; 24] = [
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-location",
    "content-range",
    "content-security-policy",
    "content-type",
    "cookie",
    "date",
    "expect",
    "host",
    "location",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "via",
    "www-authenticate",
];

/// What a message's `Connection` fields say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Connection {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
    /// Other tokens stand there: [`remove_named`] has work.
    pub(crate) names_fields: bool,
}

impl Connection {
    /// Adds the tokens of one `Connection` value.
    pub(crate) fn read(&mut self, value: &[u8]) {
        for token in tokens(value) {
            match () {
                () if token.eq_ignore_ascii_case(b"close") => self.close = true,
                () if token.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                () if token.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
                () => self.names_fields = true,
            }
        }
    }
}

/// The members of a comma-separated value, trimmed, empty ones left out.
pub(crate) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Removes the fields that `connection` values name, but for those that no peer may remove.
pub(crate) fn remove_named(headers: &mut HeaderMap, connection: &[HeaderValue]) {
    for token in connection.iter().flat_map(|value| tokens(value.as_bytes())) {
        let Ok(name) = std::str::from_utf8(token) else { continue };
        let own = ["close", "keep-alive", "upgrade"].iter().any(|known| known.eq_ignore_ascii_case(name));
        let protected = PROTECTED.iter().any(|known| known.eq_ignore_ascii_case(name)) || is_forwarded(name);
        if !own && !protected {
            headers.remove(name);
        }
    }
}

/// Whether a field may stand in a trailer. Those that frame, route, authenticate or change how the message is
/// read may not (RFC 9110, section 6.5.1).
pub(crate) fn allowed_in_trailer(name: &str) -> bool {
    classify(name) == Field::Plain
        && !PROTECTED.iter().any(|known| known.eq_ignore_ascii_case(name))
        && !["age", "expires", "if-match", "if-none-match", "max-forwards", "pragma", "retry-after"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a field of a handler's message is left out when it is written: the writer makes its own.
pub(crate) fn is_written_by_transport(name: &http::HeaderName) -> bool {
    matches!(
        name.as_str(),
        "te" | "trailer"
            | "upgrade"
            | "connection"
            | "keep-alive"
            | "content-length"
            | "proxy-connection"
            | "transfer-encoding"
    )
}

/// A single, plain decimal number: no sign, no list, no overflow.
pub(crate) fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}
