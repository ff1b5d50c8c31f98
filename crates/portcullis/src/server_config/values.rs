//! Values of connectors that are more than a number or a text.

use std::fmt;

use exchange::HeaderValue;
use schemars::JsonSchema;
use serde::Deserialize as DeriveDeserialize;
use serde::de::{Deserialize, Deserializer, Error};
use transport::server::{NormalizePath, SniHostCheck};

/// What happens to a path that can be read in two ways.
#[derive(Debug, Clone, Copy, DeriveDeserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum PathRule {
    Reject,
    Canonical,
    Off,
}

impl From<PathRule> for NormalizePath {
    fn from(rule: PathRule) -> Self {
        match rule {
            PathRule::Reject => Self::Reject,
            PathRule::Canonical => Self::Canonical,
            PathRule::Off => Self::Off,
        }
    }
}

/// What happens to a request over TLS for a host that the certificate presented is not for.
#[derive(Debug, Clone, Copy, DeriveDeserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum HostRule {
    /// It is answered with 421.
    Misdirected,
    /// It is answered with 400.
    BadRequest,
    /// It passes.
    Off,
}

impl From<HostRule> for SniHostCheck {
    fn from(rule: HostRule) -> Self {
        match rule {
            HostRule::Misdirected => Self::Misdirected,
            HostRule::BadRequest => Self::BadRequest,
            HostRule::Off => Self::Off,
        }
    }
}

/// The value of a header field.
#[derive(Debug, Clone)]
pub(super) struct FieldValue(pub(super) HeaderValue);

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value = HeaderValue::try_from(text.trim())
            .map_err(|_| D::Error::custom(format!("`{text}` cannot be the value of a header field")))?;
        Ok(Self(value))
    }
}

/// One port, or several that are opened with the same options.
#[derive(Debug)]
pub(super) struct Ports(pub(super) Vec<u16>);

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> serde::de::Visitor<'de> for OneOrMany {
            type Value = Ports;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port number, or an array of them,")
            }
            fn visit_i64<E: Error>(self, port: i64) -> Result<Ports, E> {
                let port = u16::try_from(port)
                    .map_err(|_| E::custom(format!("a port is a number from 0 to 65535, found `{port}`")))?;
                Ok(Ports(vec![port]))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Ports, E> {
                let port = text.trim().parse();
                let port = port
                    .map_err(|_| E::custom(format!("a port is a number from 0 to 65535, found `{text}`")))?;
                Ok(Ports(vec![port]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Ports, A::Error> {
                let mut ports = Vec::new();
                while let Some(port) = items.next_element::<u16>()? {
                    ports.push(port);
                }
                Ok(Ports(ports))
            }
        }
        // An array is what a reader puts in the place of a mistake, so that it can look for further ones.
        deserializer.deserialize_seq(OneOrMany)
    }
}

/// A `vertx` option that belongs elsewhere: its presence is an error.
#[derive(Debug)]
pub(super) struct Refused;

impl<'de> Deserialize<'de> for Refused {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer)?;
        Err(D::Error::custom(
            "this option cannot be set in `vertx`; use the fields of the connector (port, host, tls)",
        ))
    }
}
