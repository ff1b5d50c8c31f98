//! Who the client is when trusted proxies stand in between (decision 13, incidents A1, A4, A8).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use exchange::ClientInfo;
use http::{HeaderMap, header};

use super::options::ConnectorOptions;

/// What trusted hops report of the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Walking from our side, the first address that is not a trusted proxy. `None` when nothing is reported.
    pub(crate) remote: Option<SocketAddr>,
    /// Whether the last hop says that its client came over TLS.
    pub(crate) is_secure: bool,
    /// Whether there was any word of earlier hops, believed or not.
    pub(crate) is_passed_on: bool,
}

impl Told {
    /// Reads the fields of a trusted peer.
    pub(crate) fn by(options: &ConnectorOptions, headers: &HeaderMap) -> Self {
        let mut told = Self::default();
        let elements: Vec<&str> = members(headers, header::FORWARDED.as_str()).collect();
        // Where both are, the older field counts, which more proxies set.
        if headers.contains_key("x-forwarded-for") {
            told.walk(options, members(headers, "x-forwarded-for").collect());
        } else {
            // An element that names nobody ends the walk: what stands before it is the word of that nobody.
            let hops = elements.iter().map(|element| parameter(element, "for").unwrap_or("?"));
            told.walk(options, hops.collect());
        }
        // Only the last one is the peer's own word; those before it may be the client's.
        let last = members(headers, "x-forwarded-proto").last();
        let proto = last.or_else(|| elements.last().and_then(|element| parameter(element, "proto")));
        told.is_secure = proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        told
    }

    fn walk(&mut self, options: &ConnectorOptions, hops: Vec<&str>) {
        for hop in hops.into_iter().rev() {
            // An identifier that is no address hides everything before it.
            let Some(address) = parse_node(hop) else { break };
            self.remote = Some(address);
            if !options.trusts(address.ip()) {
                break;
            }
        }
    }

    /// The client of a request, by what its connection and the hops before it say.
    pub(crate) fn of(self, client: &Arc<ClientInfo>) -> Arc<ClientInfo> {
        if self == Self::default() {
            return client.clone();
        }
        Arc::new(ClientInfo {
            remote: self.remote.unwrap_or(client.remote),
            is_secure: client.is_secure || self.is_secure,
            is_passed_on: client.is_passed_on || self.is_passed_on,
            ..(**client).clone()
        })
    }
}

fn members<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().flat_map(|value| {
        // A value that is no text yields a member that is no address, so the walk stops there.
        value.to_str().unwrap_or("?").split(',').map(str::trim)
    })
}

/// A parameter of one element of `Forwarded` (RFC 7239, section 4).
fn parameter<'a>(element: &'a str, wanted: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim_matches('"'))
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
