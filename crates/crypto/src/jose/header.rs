//! [`Header`]: what a text says about itself (RFC 7515, section 4; RFC 7516, section 4).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{JoseError, compact};

/// A longer encoded header is none of those that are read here, in characters. A chain of certificates fits.
const HEADER_CHARS_MAX: usize = 16 * 1024;

/// The header of a compact text, read strictly: a member that stands twice, `crit`, `b64`, and a name that is no
/// text are refused.
///
/// Whoever sent the text says all this. It serves to find the key, and decides nothing.
#[derive(Debug, Clone)]
pub struct Header {
    members: Map<String, Value>,
}

impl Header {
    /// The header of a text in compact serialization, signed or encrypted.
    ///
    /// # Errors
    /// [`JoseError::Invalid`].
    pub fn of(text: &str) -> Result<Self, JoseError> {
        match text.split_once('.') {
            Some((header, _)) => Self::decode(header),
            None => Err(JoseError::Invalid),
        }
    }

    /// Reads the first part of a text.
    pub(super) fn decode(part: &str) -> Result<Self, JoseError> {
        if part.len() > HEADER_CHARS_MAX {
            return Err(JoseError::Invalid);
        }
        let json = compact::decode(part)?;
        let Ok(Strict(Value::Object(members))) = serde_json::from_slice(&json) else {
            return Err(JoseError::Invalid);
        };
        let header = Self { members };
        let are_texts = ["alg", "enc", "kid", "typ", "cty", "zip"]
            .iter()
            .all(|name| header.members.get(*name).is_none_or(Value::is_string));
        // No extension is understood here, and `crit` asks to refuse those that are not (RFC 7515, section
        // 4.1.11). `b64` changes what is signed (RFC 7797), whether it is listed there or not.
        let is_extended = header.members.contains_key("crit") || header.members.contains_key("b64");
        if are_texts && !is_extended && header.members.contains_key("alg") {
            Ok(header)
        } else {
            Err(JoseError::Invalid)
        }
    }

    /// `alg`: how it was signed, or how the content's key was encrypted.
    pub fn alg(&self) -> &str {
        self.text("alg").unwrap_or_default()
    }

    /// `enc`: how the content was encrypted; `None` when it was not.
    pub fn enc(&self) -> Option<&str> {
        self.text("enc")
    }

    /// `kid`: what the other side calls the key.
    pub fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    /// `typ`: what the whole text is (RFC 7515, section 4.1.9).
    pub fn typ(&self) -> Option<&str> {
        self.text("typ")
    }

    /// `cty`: what the content is (RFC 7515, section 4.1.10).
    pub fn cty(&self) -> Option<&str> {
        self.text("cty")
    }

    /// Whether the content is compressed (RFC 7516, section 4.1.3).
    pub(super) fn is_compressed(&self) -> Result<bool, JoseError> {
        match self.text("zip") {
            None => Ok(false),
            Some("DEF") => Ok(true),
            Some(_) => Err(JoseError::Invalid),
        }
    }

    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.member(name).and_then(Value::as_str)
    }

    /// A member.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }
}

/// JSON in which no member stands twice: two readers might take one each (RFC 7515, section 4).
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no member stands twice")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        let mut read = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(Strict(Value::Array(read)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut read = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if read.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Strict(Value::Object(read)))
    }
}
