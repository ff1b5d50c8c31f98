//! The entries of a session, read from JSON without a tree of it in between, which would cost more than decrypting.

use std::fmt;

use exchange::FrozenEntries;
use expression::Value;
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The entries of a JSON object.
pub(super) struct Entries(pub(super) FrozenEntries);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, Json(value))) = map.next_entry::<Box<str>, Json>()? {
                    entries.push((key, value));
                }
                Ok(Entries(FrozenEntries::of(entries)))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Any value of JSON.
struct Json(Value<'static>);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Json)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'static>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'static>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'static>, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'static>, E> {
        // Beyond 64 bits with a sign, the last digits are lost rather than the meaning.
        Ok(i64::try_from(value).map_or(Value::Decimal(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'static>, E> {
        Ok(Value::Decimal(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'static>, E> {
        Ok(Value::owned_text(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value<'static>, E> {
        Ok(Value::owned_text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'static>, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'static>, A::Error> {
        let mut entries = IndexMap::new();
        while let Some((key, Json(value))) = map.next_entry::<String, Json>()? {
            entries.insert(key, value);
        }
        Ok(Value::map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_a_tree_of_json_says() {
        let text = r#"{"text":"a\"b\u00e9","none":null,"yes":true,"list":[1,-2,[],{}],"map":{"x":{"y":1.5}},
            "large":18446744073709551615,"small":-9223372036854775808,"real":1e300}"#;
        let tree: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
        let Entries(entries) = serde_json::from_str(text).unwrap();
        assert_eq!(entries.iter().len(), tree.len());
        for ((key, value), (expected_key, expected)) in entries.iter().zip(tree) {
            assert_eq!(key, expected_key);
            assert!(value.same(&Value::from(expected)), "{key}: {value:?}");
        }
    }

    #[test]
    fn only_an_object_has_entries() {
        for text in ["[]", "1", "null", r#""text""#, r#"{"a":1"#] {
            assert!(serde_json::from_str::<Entries>(text).is_err(), "{text}");
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(serde_json::from_str::<Entries>(&deep).is_err());
    }
}
