//! How a store writes its secrets down.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use crypto::SecretId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// How a secret is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum SecretFormat {
    /// Base64-encoded.
    #[default]
    Base64,
    /// As it is.
    Plain,
}

impl<'de> Deserialize<'de> for SecretFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = SecretFormat;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`BASE64` or `PLAIN`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<SecretFormat, E> {
                match text.to_ascii_uppercase().as_str() {
                    "BASE64" => Ok(SecretFormat::Base64),
                    "PLAIN" => Ok(SecretFormat::Plain),
                    _ => Err(E::custom(
                        "a format is `BASE64` or `PLAIN`; others are not offered by this version",
                    )),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretFormat, A::Error> {
                let mut name = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => name = Some(map.next_value::<String>()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let name = name.ok_or_else(|| A::Error::custom("a format needs the field `type`"))?;
                Err(A::Error::custom(format!("the format `{name}` is not offered by this version")))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for SecretFormat {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "SecretFormat".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["BASE64", "PLAIN"] })
    }
}

/// The format of one secret, where it is not that of the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FormatMapping {
    /// Which secret.
    secret_id: heap::SecretId,
    /// How it is written down.
    format: SecretFormat,
}

/// The formats of a store's secrets.
#[derive(Debug, Default)]
pub(super) struct Formats {
    usual: SecretFormat,
    of: HashMap<SecretId, SecretFormat>,
}

impl Formats {
    pub(super) fn new(usual: SecretFormat, mappings: Vec<FormatMapping>) -> Self {
        let of = mappings.into_iter().map(|mapping| (mapping.secret_id.0, mapping.format)).collect();
        Self { usual, of }
    }

    pub(super) fn of(&self, id: &SecretId) -> SecretFormat {
        self.of.get(id).copied().unwrap_or(self.usual)
    }
}
