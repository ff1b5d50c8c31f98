//! Values from JSON and back, and equality of whole values.

use serde_json::{Map, Number};

use crate::value::{ObjectRef, VALUE_DEPTH_MAX, Value};

impl From<serde_json::Value> for Value<'static> {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => from_number(&number),
            serde_json::Value::String(text) => Value::owned_text(text),
            serde_json::Value::Array(elements) => {
                Value::list(elements.into_iter().map(Value::from).collect())
            }
            serde_json::Value::Object(entries) => {
                Value::map(entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect())
            }
        }
    }
}

impl Value<'_> {
    /// The value as JSON. Bytes become the text that they hold, an object its snapshot, or else its text.
    pub fn to_json(&self) -> serde_json::Value {
        to_json(self, VALUE_DEPTH_MAX)
    }

    /// Whether two values are the same in type and content, as Java's `equals` has it: no coercion.
    pub fn same(&self, other: &Value<'_>) -> bool {
        same(self, other, VALUE_DEPTH_MAX)
    }
}

fn from_number(number: &Number) -> Value<'static> {
    match number.as_i64() {
        Some(integer) => Value::Integer(integer),
        // Whole numbers beyond 64 bits lose their last digits rather than their meaning.
        None => number.as_f64().map_or(Value::Null, Value::Decimal),
    }
}

fn to_json(value: &Value<'_>, depth: usize) -> serde_json::Value {
    if depth == 0 {
        return serde_json::Value::Null;
    }
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Decimal(value) => Number::from_f64(*value).map_or(serde_json::Value::Null, Into::into),
        Value::String(text) => text.as_ref().into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
        Value::List(list) => list.iter().map(|element| to_json(element, depth - 1)).collect(),
        Value::Map(map) => {
            let entries = map.iter().map(|(name, value)| (name.clone(), to_json(value, depth - 1)));
            serde_json::Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Object(object) => match object.get().snapshot() {
            Value::Null | Value::Object(_) => {
                object.get().to_text().map_or(serde_json::Value::Null, |text| text.into_owned().into())
            }
            snapshot => to_json(&snapshot, depth - 1),
        },
    }
}

fn same(left: &Value<'_>, right: &Value<'_>, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Decimal(left), Value::Decimal(right)) => same_decimal(*left, *right),
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left.iter().zip(right.iter()).all(|(left, right)| same(left, right, depth - 1))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| same(left, right, depth - 1)))
        }
        (Value::Object(left), Value::Object(right)) => same_object(left, right),
        _ => false,
    }
}

/// Java's `Double.equals`: NaN is itself, and 0.0 is not -0.0.
pub(crate) fn same_decimal(left: f64, right: f64) -> bool {
    (left.is_nan() && right.is_nan()) || left.to_bits() == right.to_bits()
}

/// Objects are equal if they are one, or if they are of one type and stand for the same text.
fn same_object(left: &ObjectRef<'_>, right: &ObjectRef<'_>) -> bool {
    let (left, right) = (left.get(), right.get());
    std::ptr::addr_eq(left, right)
        || left.type_name() == right.type_name()
            && left.to_text().is_some_and(|text| right.to_text().as_ref() == Some(&text))
}
