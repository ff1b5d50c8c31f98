//! Who the client is when trusted proxies stand in between (decision 13, incidents A1, A4, A8).

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};

use super::options::ConnectorOptions;

/// The client's address as trusted hops report it: walking from our side, the first address that is not a
/// trusted proxy. `None` when nothing is reported.
pub(crate) fn believed_remote(options: &ConnectorOptions, headers: &HeaderMap) -> Option<SocketAddr> {
    let mut believed = None;
    let hops: Vec<&str> = if headers.contains_key("x-forwarded-for") {
        members(headers, "x-forwarded-for").collect()
    } else {
        members(headers, header::FORWARDED.as_str()).filter_map(for_parameter).collect()
    };
    for hop in hops.into_iter().rev() {
        // An identifier that is no address hides everything before it.
        let Some(address) = parse_node(hop) else { break };
        believed = Some(address);
        if !options.trusts(address.ip()) {
            break;
        }
    }
    believed
}

fn members<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().flat_map(|value| {
        // A value that is no text yields a member that is no address, so the walk stops there.
        value.to_str().unwrap_or("?").split(',').map(str::trim)
    })
}

/// The `for` parameter of one element of `Forwarded` (RFC 7239, section 4).
fn for_parameter(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| value.trim_matches('"'))
    })
}

/// An address with or without brackets and port; port 0 when there is none.
fn parse_node(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(address) => Some(SocketAddr::new(address, 0)),
        Err(_) => text.parse().ok(),
    }
}
