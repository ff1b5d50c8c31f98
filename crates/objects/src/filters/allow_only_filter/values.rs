//! What a rule compares with: ranges of addresses and ports, patterns without case.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use expression::Pattern;
use heap::JavaPattern;
use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Addresses of one family from the first to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl AddressRange {
    /// Whether a canonical address lies in the range. The families order apart, so none reaches into another.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.first <= address && address <= self.last
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some((first, last)) = text.split_once('-') {
            let (first, last) = (address_in(first)?, address_in(last)?);
            return (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last });
        }
        if let Some(address) = address_in(text) {
            return Some(Self { first: address, last: address });
        }
        let network = text.trim().parse::<IpNet>().ok()?;
        // A network of mapped addresses is one of IPv4, as its first and last address tell.
        let (first, last) = (network.network().to_canonical(), network.broadcast().to_canonical());
        (first.is_ipv4() == last.is_ipv4()).then_some(Self { first, last })
    }
}

/// An address in canonical form: without brackets, without a zone, IPv4 as such.
pub(super) fn address_in(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let text = text.split('%').next().unwrap_or(text);
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

impl<'de> Deserialize<'de> for AddressRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no address (`192.0.2.1`), network (`192.0.2.0/24`) or range \
                 (`192.0.2.1-192.0.2.9`)"
            ))
        })
    }
}

impl JsonSchema for AddressRange {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "AddressRange".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Ports from the first to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    pub(super) fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last).then_some(Self { first, last })
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ports;
        impl Visitor<'_> for Ports {
            type Value = PortRange;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port such as \"80\" or a range such as \"8000:8099\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<PortRange, E> {
                PortRange::parse(text).ok_or_else(|| {
                    E::custom(format!("`{text}` is no port (`80`) and no range of ports (`8000:8099`)"))
                })
            }
            fn visit_i64<E: Error>(self, port: i64) -> Result<PortRange, E> {
                self.visit_str(&port.to_string())
            }
        }
        deserializer.deserialize_any(Ports)
    }
}

impl JsonSchema for PortRange {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PortRange".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}

/// A Java pattern that takes letters of either case.
#[derive(Debug, Clone)]
pub(super) struct CaselessPattern(pub(super) Pattern);

impl<'de> Deserialize<'de> for CaselessPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Pattern::compile(&format!("(?i){text}")).map(Self).map_err(D::Error::custom)
    }
}

impl JsonSchema for CaselessPattern {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        JavaPattern::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        JavaPattern::json_schema(generator)
    }
}
