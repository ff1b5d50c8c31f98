//! Functions that match: patterns and networks.

use std::net::IpAddr;

use ipnet::IpNet;
use tracing::warn;

use crate::evaluate::Outcome;
use crate::functions::texts;
use crate::pattern::Pattern;
use crate::value::Value;

/// Whether the pattern occurs in the text. False for null.
pub(super) fn find<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    Ok(Value::Bool(texts::optional(subject).is_some_and(|text| pattern.find(&text))))
}

/// Whether the pattern describes the whole text. False for null.
pub(super) fn whole<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    Ok(Value::Bool(texts::optional(subject).is_some_and(|text| pattern.matches_whole(&text))))
}

/// The first match and its groups; null if there is no match.
pub(super) fn groups<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    let groups = texts::optional(subject).and_then(|text| pattern.groups(&text));
    Ok(groups.map_or(Value::Null, |groups| {
        let values = groups.into_iter().map(|group| group.map_or(Value::Null, Value::owned_text));
        Value::list(values.collect())
    }))
}

/// The first key that the pattern describes as a whole; null if there is none.
pub(super) fn key_match<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    let key = match subject {
        Value::Map(map) => map.keys().find(|key| pattern.matches_whole(key)).cloned(),
        Value::Object(object) => object.get().keys().into_iter().find(|key| pattern.matches_whole(key)),
        _ => None,
    };
    Ok(key.map_or(Value::Null, Value::owned_text))
}

/// The parts of the text between matches, without empty ones at the end.
pub(super) fn split<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    Ok(texts::optional(subject).map_or(Value::Null, |text| texts::list_of(pattern.split(&text))))
}

/// Whether an address lies in a network. False for null and for what is neither.
pub(super) fn ip_match<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let (Some(address), Some(network)) = (texts::optional(&arguments[0]), texts::optional(&arguments[1]))
    else {
        return Ok(Value::Bool(false));
    };
    let address = address.trim().trim_start_matches('[').trim_end_matches(']');
    let address = address.split('%').next().unwrap_or(address).parse::<IpAddr>();
    let network = network.trim();
    let network = network.parse::<IpNet>().ok().or_else(|| network.parse::<IpAddr>().ok().map(IpNet::from));
    let (Ok(address), Some(network)) = (address, network) else {
        warn!("`ipMatch` is given something that is not an address and a network; it yields false.");
        return Ok(Value::Bool(false));
    };
    // An IPv4 peer of an IPv6 socket shows as `::ffff:1.2.3.4`.
    let address = match network {
        IpNet::V4(_) => address.to_canonical(),
        IpNet::V6(_) => address,
    };
    Ok(Value::Bool(network.contains(&address)))
}
