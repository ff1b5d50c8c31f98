//! A list, or `*` for everything.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

const STAR: &str = "*";

/// `"*"`, or an array; an array that holds `"*"` beside others counts as both.
#[derive(Debug)]
pub(super) struct StarOr<T> {
    pub(super) is_star: bool,
    pub(super) listed: Vec<T>,
}

impl<'de, T: Deserialize<'de> + AsText> Deserialize<'de> for StarOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + AsText> Visitor<'de> for Either<T> {
            type Value = StarOr<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings, or \"*\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<StarOr<T>, E> {
                match text {
                    STAR => Ok(StarOr { is_star: true, listed: Vec::new() }),
                    _ => Err(E::custom(format!("`{text}` must stand in an array; only `*` stands alone"))),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<StarOr<T>, A::Error> {
                let mut found = StarOr { is_star: false, listed: Vec::new() };
                while let Some(item) = items.next_element::<T>()? {
                    match item.as_text() {
                        STAR => found.is_star = true,
                        _ => found.listed.push(item),
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for StarOr<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("StarOr_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "const": STAR }, { "type": "array", "items": generator.subschema_for::<T>() }]
        })
    }
}

/// What an item was written as.
pub(super) trait AsText {
    fn as_text(&self) -> &str;
}

impl AsText for heap::Spanned<String> {
    fn as_text(&self) -> &str {
        self
    }
}

impl AsText for heap::FieldName {
    fn as_text(&self) -> &str {
        self.0.as_str()
    }
}
