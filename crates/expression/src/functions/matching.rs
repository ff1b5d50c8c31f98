//! Functions that match: patterns and networks.

use std::net::IpAddr;

use ipnet::IpNet;
use tracing::warn;

use crate::evaluate::Outcome;
use crate::functions::{Function, no, null, texts};
use crate::types::{TEXTS, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::with_pattern("find", &["text", "pattern"], Type::Bool, find, no)
        .about("Whether the pattern occurs in the text. Begin it with `^` to tie it to the start.")
        .otherwise("false")
        .examples(&[("find('/css/a.css', '^/css')", "true"), ("find('/app/css', '^/css')", "false"), ("find(null, 'x')", "false")]),
    Function::with_pattern("findGroups", &["text", "pattern"], TEXTS, groups, null)
        .about("The first match of the pattern: the whole of it, then each group. A group that takes no part is null.")
        .otherwise("null, also without a match")
        .examples(&[("findGroups('k=v', '(k)=(v)(x)?')", r#"["k=v", "k", "v", null]"#), ("findGroups('k', 'z')", "null")]),
    Function::with_pattern("matchesWithRegex", &["text", "pattern"], Type::Bool, whole, no)
        .about("Whether the pattern describes the whole text.")
        .otherwise("false")
        .examples(&[("matchesWithRegex('abc', 'a.*')", "true"), ("matchesWithRegex('abc', 'b')", "false")]),
    Function::with_pattern("matches", &["text", "pattern"], Type::Bool, find, no)
        .about("Whether the pattern occurs in the text; despite its name it need not describe all of it.")
        .otherwise("false")
        .examples(&[("matches('abc', 'b')", "true")])
        .instead("`find` or `matchesWithRegex`"),
    Function::with_pattern("matchingGroups", &["text", "pattern"], TEXTS, groups, null)
        .about("The first match of the pattern and its groups.")
        .otherwise("null, also without a match")
        .examples(&[("matchingGroups('k=v', '=(.)')", r#"["=v", "v"]"#)])
        .instead("`findGroups`"),
    Function::with_pattern("split", &["text", "pattern"], TEXTS, split, null)
        .about("The parts of the text between matches of the pattern, without empty ones at the end.")
        .otherwise("null")
        .examples(&[(r"split('a1b2', '\\d')", r#"["a", "b"]"#), ("split(null, ',')", "null")]),
    Function::with_pattern("keyMatch", &["map", "pattern"], Type::Text, key_match, null)
        .about("The first key of the map that the pattern describes as a whole.")
        .otherwise("null, also without such a key")
        .examples(&[(r#"keyMatch(toJson('{"alpha": 1, "beta": 2}'), 'b.*')"#, r#""beta""#)]),
    Function::new("ipMatch", &["address", "network"], Type::Bool, ip_match)
        .about("Whether an IPv4 or IPv6 address lies in a network such as `10.0.0.0/8`.")
        .otherwise("false")
        .examples(&[("ipMatch('10.1.2.3', '10.0.0.0/8')", "true"), ("ipMatch('2001:db8::1', '2001:db8::/32')", "true"), ("ipMatch('no address', '10.0.0.0/8')", "false")]),
];
use crate::pattern::Pattern;
use crate::value::Value;

/// Whether the pattern occurs in the text. False for null.
fn find<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    Ok(Value::Bool(texts::optional(subject).is_some_and(|text| pattern.find(&text))))
}

/// Whether the pattern describes the whole text. False for null.
fn whole<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    Ok(Value::Bool(texts::optional(subject).is_some_and(|text| pattern.matches_whole(&text))))
}

/// The first match and its groups; null if there is no match.
fn groups<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    let groups = texts::optional(subject).and_then(|text| pattern.groups(&text));
    Ok(groups.map_or(Value::Null, |groups| {
        let values = groups.into_iter().map(|group| group.map_or(Value::Null, Value::owned_text));
        Value::list(values.collect())
    }))
}

/// The first key that the pattern describes as a whole; null if there is none.
fn key_match<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    let key = match subject {
        Value::Map(map) => map.keys().find(|key| pattern.matches_whole(key)).cloned(),
        Value::Object(object) => object.get().keys().into_iter().find(|key| pattern.matches_whole(key)),
        _ => None,
    };
    Ok(key.map_or(Value::Null, Value::owned_text))
}

/// The parts of the text between matches, without empty ones at the end.
fn split<'a>(subject: &Value<'a>, pattern: &Pattern) -> Outcome<'a> {
    Ok(texts::optional(subject).map_or(Value::Null, |text| texts::list_of(pattern.split(&text))))
}

/// Whether an address lies in a network. False for null and for what is neither.
fn ip_match<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
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
