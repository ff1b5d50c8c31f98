//! Functions on text. Null in, null out, unless said otherwise.

use std::borrow::Cow;

use tracing::warn;

use crate::evaluate::Outcome;
use crate::units;
use crate::value::Value;

/// The argument as text; nothing for null.
pub(crate) fn optional<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    if value.is_null() { None } else { Some(value.to_text()) }
}

/// A part of the text, borrowed if the text is.
pub(crate) fn part<'a>(value: &Value<'a>, cut: impl Fn(&str) -> &str) -> Value<'a> {
    match value {
        Value::Null => Value::Null,
        Value::String(Cow::Borrowed(text)) => Value::text(cut(text)),
        other => Value::owned_text(cut(&other.to_text())),
    }
}

/// What Java trims: control characters and blanks, and no other white space.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

/// In lower case; the same text if it is already.
pub(crate) fn lower<'a>(value: &Value<'a>) -> Value<'a> {
    changed(
        value,
        |text| text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()),
        str::to_lowercase,
    )
}

/// In upper case; the same text if it is already.
pub(crate) fn upper<'a>(value: &Value<'a>) -> Value<'a> {
    changed(
        value,
        |text| text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()),
        str::to_uppercase,
    )
}

fn changed<'a>(
    value: &Value<'a>,
    is_same: impl Fn(&str) -> bool,
    change: impl Fn(&str) -> String,
) -> Value<'a> {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if is_same(text) => value.clone(),
        other => Value::owned_text(change(&other.to_text())),
    }
}

pub(super) fn to_string<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    match &arguments[0] {
        Value::Null => Ok(Value::Null),
        value => Ok(Value::String(value.clone().into_text())),
    }
}

/// True for `true` in any case; false for everything else, null included.
pub(super) fn bool<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(arguments[0].to_text().eq_ignore_ascii_case("true")))
}

pub(super) fn integer<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(parse_integer(&arguments[0], 10))
}

pub(super) fn integer_with_radix<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(parse_integer(&arguments[0], arguments[1].to_integer()?))
}

/// A Java `Integer`, which has 32 bits; null for what is none.
fn parse_integer(value: &Value<'_>, radix: i64) -> Value<'static> {
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix));
    let parsed = radix.and_then(|radix| i32::from_str_radix(&optional(value)?, radix).ok());
    if parsed.is_none() {
        warn!("A text is not an integer; the function `integer` yields null.");
    }
    parsed.map_or(Value::Null, |number| Value::Integer(number.into()))
}

/// The position of the first occurrence, from 0 on; -1 if there is none.
pub(super) fn index_of<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let (Some(text), Some(wanted)) = (optional(&arguments[0]), optional(&arguments[1])) else {
        return Ok(Value::Integer(-1));
    };
    Ok(Value::Integer(text.find(&*wanted).map_or(-1, |at| units::from_byte(&text, at))))
}

/// A list of texts.
pub(crate) fn list_of(texts: Vec<String>) -> Value<'static> {
    Value::list(texts.into_iter().map(Value::owned_text).collect())
}
