//! Functions on text. Null in, null out, unless said otherwise.

use std::borrow::Cow;

use tracing::warn;

use crate::evaluate::Outcome;
use crate::functions::Function;
use crate::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("bool", &["text"], Type::Bool, bool)
        .about("True for the text `true` in any case.")
        .otherwise("false")
        .examples(&[("bool('TRUE')", "true"), ("bool('yes')", "false"), ("bool(null)", "false")]),
    Function::new("integer", &["text"], Type::Number, integer)
        .about("The whole number of 32 bits that the text holds.")
        .otherwise("null, with a warning in the log")
        .examples(&[("integer('42') + 1", "43"), ("integer('4x')", "null")]),
    Function::new("integerWithRadix", &["text", "radix"], Type::Number, integer_with_radix)
        .about("The same in another number system, from 2 to 36.")
        .otherwise("null, with a warning in the log")
        .examples(&[("integerWithRadix('ff', 16)", "255"), ("integerWithRadix('ff', 10)", "null")]),
    Function::new("indexOf", &["text", "part"], Type::Number, index_of)
        .about("The position of the first occurrence of a part, counted from 0.")
        .otherwise("-1, also if it does not occur")
        .examples(&[
            ("indexOf('abc', 'c')", "2"),
            ("indexOf('abc', 'x')", "-1"),
            ("indexOf(null, 'x')", "-1"),
        ]),
    Function::new("toLowerCase", &["text"], Type::Text, |arguments| Ok(lower(&arguments[0])))
        .about("The text in lower case.")
        .otherwise("null for null")
        .examples(&[("toLowerCase('ÄB')", r#""äb""#)]),
    Function::new("toUpperCase", &["text"], Type::Text, |arguments| Ok(upper(&arguments[0])))
        .about("The text in upper case.")
        .otherwise("null for null")
        .examples(&[("toUpperCase('äb')", r#""ÄB""#)]),
    Function::new("trim", &["text"], Type::Text, |arguments| Ok(part(&arguments[0], trimmed)))
        .about("The text without blanks and control characters at either end.")
        .otherwise("null for null")
        .examples(&[("trim('  a b ')", r#""a b""#)]),
    Function::new("toString", &["value"], Type::Text, to_string)
        .about("The text that stands for any value.")
        .otherwise("null for null")
        .examples(&[("toString(1.0)", r#""1.0""#), ("toString(array('a', 'b'))", r#""[a, b]""#)]),
];
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

/// White space as `Character.isWhitespace` has it: what does not break a line is none.
pub(crate) fn is_white_space(character: char) -> bool {
    let is_separator = character.is_whitespace() && character != '\u{85}';
    let breaks_no_line = matches!(character, '\u{a0}' | '\u{2007}' | '\u{202f}');
    matches!(character, '\x1c'..='\x1f') || is_separator && !breaks_no_line
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

fn to_string<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    match &arguments[0] {
        Value::Null => Ok(Value::Null),
        value => Ok(Value::String(value.clone().into_text())),
    }
}

/// True for `true` in any case; false for everything else, null included.
fn bool<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(arguments[0].to_text().eq_ignore_ascii_case("true")))
}

fn integer<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(parse_integer(&arguments[0], 10))
}

fn integer_with_radix<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
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
fn index_of<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let (Some(text), Some(wanted)) = (optional(&arguments[0]), optional(&arguments[1])) else {
        return Ok(Value::Integer(-1));
    };
    Ok(Value::Integer(text.find(&*wanted).map_or(-1, |at| units::from_byte(&text, at))))
}

/// A list of texts.
pub(crate) fn list_of(texts: Vec<String>) -> Value<'static> {
    Value::list(texts.into_iter().map(Value::owned_text).collect())
}
