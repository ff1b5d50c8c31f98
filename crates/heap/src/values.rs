//! Field types for values that occur in many objects: spans of time, header names, patterns, text in lines.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use exchange::HeaderName;
use expression::{Expr, Pattern};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use source::{DurationValue, parse_duration};

/// A span of time as the product writes it: `10 seconds`, `1 hour 30 min`, `disabled`, `unlimited`; or a
/// number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan(pub DurationValue);

impl TimeSpan {
    /// A limited span.
    pub const fn of(duration: Duration) -> Self {
        Self(DurationValue::Limited(duration))
    }

    /// The duration; `None` when it is unlimited.
    pub fn limit(self) -> Option<Duration> {
        self.0.limit()
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = TimeSpan;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"10 seconds\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<TimeSpan, E> {
                parse_duration(text).map(TimeSpan).map_err(E::custom)
            }
            fn visit_i64<E: Error>(self, seconds: i64) -> Result<TimeSpan, E> {
                let seconds =
                    u64::try_from(seconds).map_err(|_| E::custom("a duration must not be negative"))?;
                Ok(TimeSpan(DurationValue::Limited(Duration::from_secs(seconds))))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for TimeSpan {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "x-type": "duration" })
    }
}

/// A limited [`TimeSpan`] longer than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositiveDuration(pub Duration);

impl<'de> Deserialize<'de> for PositiveDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match TimeSpan::deserialize(deserializer)?.limit() {
            Some(duration) if !duration.is_zero() => Ok(Self(duration)),
            _ => Err(D::Error::custom("a limited duration longer than zero is needed here")),
        }
    }
}

impl JsonSchema for PositiveDuration {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        TimeSpan::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TimeSpan::json_schema(generator)
    }
}

/// The name of a header field, in any case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldName(pub HeaderName);

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let name = HeaderName::from_str(&text)
            .map_err(|_| D::Error::custom(format!("`{text}` cannot be the name of a header field")))?;
        Ok(Self(name))
    }
}

impl JsonSchema for FieldName {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "HeaderName".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-type": "header name" })
    }
}

/// A Java regular expression, compiled while the configuration is read.
#[derive(Debug, Clone)]
pub struct JavaPattern(pub Pattern);

impl<'de> Deserialize<'de> for JavaPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Pattern::compile(&text).map(Self).map_err(D::Error::custom)
    }
}

impl JsonSchema for JavaPattern {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-type": "Java regular expression" })
    }
}

/// A string, or an array of strings that are joined by newlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringOrLines(pub String);

impl<'de> Deserialize<'de> for StringOrLines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = StringOrLines;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<StringOrLines, E> {
                Ok(StringOrLines(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<StringOrLines, A::Error> {
                let mut joined: Vec<String> = Vec::new();
                while let Some(line) = lines.next_element()? {
                    joined.push(line);
                }
                Ok(StringOrLines(joined.join("\n")))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for StringOrLines {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "StringOrLines".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

/// The name under which [`ExpressionLines`] asks the heap's reader for one string.
pub(crate) const LINES: &str = "$portcullis::Lines";

/// A string with expressions, or an array of strings that are joined by newlines before they are compiled.
#[derive(Debug, Clone)]
pub struct ExpressionLines(pub Expr<String>);

impl<'de> Deserialize<'de> for ExpressionLines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Joined;
        impl<'de> Visitor<'de> for Joined {
            type Value = ExpressionLines;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                joined: D,
            ) -> Result<ExpressionLines, D::Error> {
                Expr::deserialize(joined).map(ExpressionLines)
            }
        }
        deserializer.deserialize_newtype_struct(LINES, Joined)
    }
}

impl JsonSchema for ExpressionLines {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ExpressionLines".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            "x-evaluated": "per request"
        })
    }
}
