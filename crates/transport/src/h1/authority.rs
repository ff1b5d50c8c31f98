//! Which texts may stand in `Host`.

use std::net::Ipv6Addr;

/// Whether `text` is a host name, an IPv4 address or a bracketed IPv6 address, with an optional port.
///
/// Narrower than RFC 3986: no user information, no percent-encoding, none of the sub-delimiters, so that every
/// reader further on sees the same host.
pub(crate) fn is_authority(text: &[u8]) -> bool {
    let (host_is_valid, port) = match text.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let address = std::str::from_utf8(&rest[..end]).ok();
            (address.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()), &rest[end + 1..])
        }
        None => {
            let end = memchr::memchr(b':', text).unwrap_or(text.len());
            (is_host_name(&text[..end]), &text[end..])
        }
    };
    host_is_valid && is_port(port)
}

fn is_host_name(text: &[u8]) -> bool {
    (1..=255).contains(&text.len())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && text[0] != b'.'
        && !text.windows(2).any(|pair| pair == b"..")
}

/// Nothing, or `:` and a number from 0 to 65535.
fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((b':', digits)) => {
            (1..=5).contains(&digits.len())
                && digits.iter().all(u8::is_ascii_digit)
                && std::str::from_utf8(digits).is_ok_and(|digits| digits.parse::<u16>().is_ok())
        }
        Some(_) => false,
    }
}
