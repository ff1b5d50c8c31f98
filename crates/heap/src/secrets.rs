//! Field types around secrets: [`SecretId`] and [`Base64Secret`].

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The name under which [`SecretId`] asks the heap's reader, which reports a slash at the beginning.
pub(crate) const SECRET_ID: &str = "$portcullis::SecretId";

/// What a secret is called: letters, digits, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretId(pub crypto::SecretId);

impl<'de> Deserialize<'de> for SecretId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = SecretId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a secret")
            }
            /// The key of a map.
            fn visit_str<E: Error>(self, text: &str) -> Result<SecretId, E> {
                crypto::SecretId::parse(text).map(SecretId).map_err(E::custom)
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, text: D) -> Result<SecretId, D::Error> {
                let text = String::deserialize(text)?;
                self.visit_str(&text)
            }
        }
        deserializer.deserialize_newtype_struct(SECRET_ID, Text)
    }
}

impl JsonSchema for SecretId {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "SecretId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-type": "secret id" })
    }
}

/// A secret that stands in the configuration itself, base64-encoded. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Base64Secret(pub crypto::Secret);

impl<'de> Deserialize<'de> for Base64Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let secret = crypto::Secret::from_base64(text.as_bytes());
        // The complaint must not repeat what may be a secret.
        let secret = secret.ok_or_else(|| D::Error::custom("this is not base64"))?;
        if secret.bytes().is_some_and(<[u8]>::is_empty) {
            return Err(D::Error::custom("an empty secret protects nothing"));
        }
        Ok(Self(secret))
    }
}

impl JsonSchema for Base64Secret {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Base64Secret".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-type": "base64" })
    }
}
