//! How values turn into one another: the coercions of the Unified Expression Language 2.2, as JUEL has them.
//!
//! They decide whether a condition holds, so they are followed to the letter, oddities included: null counts
//! as zero in a sum, and text that is no number is an error and not zero.

use std::borrow::Cow;

use crate::errors::EvaluationError;
use crate::value::{ObjectRef, VALUE_DEPTH_MAX, Value};

impl<'a> Value<'a> {
    /// The text that stands for the value; empty for null.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Value::String(text) => Cow::Borrowed(text),
            Value::Object(object) => {
                object.get().to_text().unwrap_or(Cow::Borrowed(object.get().type_name()))
            }
            other => rendered(other),
        }
    }

    /// The text that stands for the value; empty for null. Borrowed text stays borrowed.
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Value::String(text) => text,
            Value::Object(ObjectRef::Borrowed(object)) => {
                object.to_text().unwrap_or(Cow::Borrowed(object.type_name()))
            }
            Value::Object(ObjectRef::Shared(object)) => {
                Cow::Owned(object.to_text().map_or_else(|| object.type_name().to_owned(), Cow::into_owned))
            }
            other => rendered(&other),
        }
    }

    /// True or false: null and empty text are false, text is true if it reads `true` in any case.
    pub fn to_bool(&self) -> Result<bool, EvaluationError> {
        match self {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(*value),
            Value::String(text) => Ok(text.eq_ignore_ascii_case("true")),
            Value::Object(_) if self.is_textual() => Ok(self.to_text().eq_ignore_ascii_case("true")),
            other => Err(EvaluationError::coercion(other, "boolean")),
        }
    }

    /// A whole number: null and empty text are zero, a decimal loses its fraction.
    pub fn to_integer(&self) -> Result<i64, EvaluationError> {
        match self {
            Value::Null => Ok(0),
            Value::Integer(value) => Ok(*value),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "Java truncates and saturates in the same way"
            )]
            Value::Decimal(value) => Ok(*value as i64),
            Value::String(text) if text.is_empty() => Ok(0),
            Value::String(text) => {
                text.parse().map_err(|_| EvaluationError::not_a_number(text, "a whole number"))
            }
            other => Err(EvaluationError::coercion(other, "integer")),
        }
    }

    /// A number with a fraction: null and empty text are zero.
    pub fn to_decimal(&self) -> Result<f64, EvaluationError> {
        match self {
            Value::Null => Ok(0.0),
            #[expect(clippy::cast_precision_loss, reason = "Java loses the same digits")]
            Value::Integer(value) => Ok(*value as f64),
            Value::Decimal(value) => Ok(*value),
            Value::String(text) if text.is_empty() => Ok(0.0),
            Value::String(text) => {
                parse_decimal(text).ok_or_else(|| EvaluationError::not_a_number(text, "a number"))
            }
            other => Err(EvaluationError::coercion(other, "decimal")),
        }
    }

    /// Whether the value is an object that stands for a text, as an enumeration does.
    fn is_textual(&self) -> bool {
        matches!(self, Value::Object(object) if object.get().to_text().is_some())
    }
}

/// Reads a decimal as Java's `Double.valueOf` does, hexadecimal forms left out.
pub(crate) fn parse_decimal(text: &str) -> Option<f64> {
    let text = text.trim_matches(|character| character <= ' ');
    // The letters say how wide a number is meant to be.
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    // Rust also reads `inf`, `infinity` and `nan`, which Java does not.
    let numeric =
        digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if numeric => digits.parse().ok(),
        _ => None,
    }
}

/// The text of a value that is neither text nor an object.
fn rendered<'a>(value: &Value<'_>) -> Cow<'a, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        other => {
            let mut text = String::new();
            render(other, &mut text, VALUE_DEPTH_MAX);
            Cow::Owned(text)
        }
    }
}

/// Writes a value as Java's `toString` does: `[a, b]`, `{k=v}`, `null`.
fn render(value: &Value<'_>, out: &mut String, depth: usize) {
    match value {
        _ if depth == 0 => out.push_str("null"),
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => out.push_str(&value.to_string()),
        Value::Decimal(value) => out.push_str(&decimal_text(*value)),
        Value::String(text) => out.push_str(text),
        Value::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
        Value::List(list) => {
            out.push('[');
            for (at, element) in list.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                render(element, out, depth - 1);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, (name, element)) in map.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                out.push_str(name);
                out.push('=');
                render(element, out, depth - 1);
            }
            out.push('}');
        }
        object @ Value::Object(_) => out.push_str(&object.to_text()),
    }
}

/// A decimal as Java writes it: always with a fraction, and with an exponent from ten million on.
fn decimal_text(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        format!("{value:?}")
    } else {
        let scientific = format!("{value:e}");
        let (digits, exponent) = scientific.split_once('e').expect("the format always writes an exponent");
        let fraction = if digits.contains('.') { "" } else { ".0" };
        format!("{digits}{fraction}E{exponent}")
    }
}
