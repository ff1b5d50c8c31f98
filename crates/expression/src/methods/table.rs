//! The list of methods, and what each does: what Java's method of this name does with arguments that JUEL has
//! converted.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::errors::EvaluationError;
use crate::evaluate::{Outcome, TEXT_BYTES_MAX};
use crate::functions::{lists, texts};
use crate::methods::{Kind, Method, Run};
use crate::units;
use crate::value::Value;

const fn method(kind: Kind, name: &'static str, arity: RangeInclusive<usize>, run: Run) -> Method {
    Method { kind, name, arity, run }
}

pub(super) static METHODS: &[Method] = &[
    method(Kind::Text, "charAt", 1..=1, |base, arguments| {
        let text = base.to_text();
        let start = offset(&text, &arguments[0])?;
        match text[start..].chars().next() {
            Some(character) => Ok(Value::owned_text(character)),
            None => Err(out_of_range()),
        }
    }),
    method(Kind::Text, "compareTo", 1..=1, |base, arguments| {
        Ok(Value::Integer(text_distance(&base.to_text(), &not_null(&arguments[0])?)))
    }),
    method(Kind::Text, "concat", 1..=1, |base, arguments| {
        let (left, right) = (base.to_text(), not_null(&arguments[0])?);
        limited(left.len() + right.len())?;
        Ok(Value::owned_text([left, right].concat()))
    }),
    method(Kind::Text, "contains", 1..=1, |base, arguments| {
        Ok(Value::Bool(base.to_text().contains(characters(&arguments[0])?)))
    }),
    method(Kind::Text, "endsWith", 1..=1, |base, arguments| {
        Ok(Value::Bool(base.to_text().ends_with(&*not_null(&arguments[0])?)))
    }),
    method(Kind::Text, "equals", 1..=1, equals),
    method(Kind::Text, "equalsIgnoreCase", 1..=1, |base, arguments| {
        let (left, right) = (base.to_text(), arguments[0].to_text());
        let folded = || left.to_uppercase().to_lowercase() == right.to_uppercase().to_lowercase();
        Ok(Value::Bool(!arguments[0].is_null() && (left.eq_ignore_ascii_case(&right) || folded())))
    }),
    method(Kind::Text, "getBytes", 0..=0, |base, _| {
        Ok(Value::Bytes(Bytes::copy_from_slice(base.to_text().as_bytes())))
    }),
    method(Kind::Text, "hashCode", 0..=0, |base, _| {
        let units = base.to_text();
        let hash = units
            .encode_utf16()
            .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
        Ok(Value::Integer(hash.into()))
    }),
    method(Kind::Text, "indexOf", 1..=2, |base, arguments| {
        let text = base.to_text();
        let start = match arguments.get(1) {
            Some(from) => clamped_offset(&text, from)?,
            None => 0,
        };
        let found = wanted(&arguments[0])?.and_then(|wanted| text[start..].find(&*wanted));
        Ok(Value::Integer(found.map_or(-1, |at| units::from_byte(&text, start + at))))
    }),
    method(Kind::Text, "isBlank", 0..=0, |base, _| {
        Ok(Value::Bool(base.to_text().chars().all(texts::is_white_space)))
    }),
    method(Kind::Text, "isEmpty", 0..=0, |base, _| Ok(Value::Bool(base.to_text().is_empty()))),
    method(Kind::Text, "lastIndexOf", 1..=1, |base, arguments| {
        let text = base.to_text();
        let found = wanted(&arguments[0])?.and_then(|wanted| text.rfind(&*wanted));
        Ok(Value::Integer(found.map_or(-1, |at| units::from_byte(&text, at))))
    }),
    method(Kind::Text, "length", 0..=0, |base, _| {
        Ok(Value::Integer(units::count(units::length(&base.to_text()))))
    }),
    method(Kind::Text, "matches", 1..=1, needs_pattern),
    method(Kind::Text, "replace", 2..=2, |base, arguments| {
        let (text, from, to) = (base.to_text(), characters(&arguments[0])?, characters(&arguments[1])?);
        let found = text.matches(from).count();
        limited(text.len().saturating_add(found.saturating_mul(to.len())))?;
        Ok(Value::owned_text(text.replace(from, to)))
    }),
    method(Kind::Text, "replaceAll", 2..=2, needs_pattern),
    method(Kind::Text, "replaceFirst", 2..=2, needs_pattern),
    method(Kind::Text, "split", 1..=1, needs_pattern),
    method(Kind::Text, "startsWith", 1..=2, |base, arguments| {
        let text = base.to_text();
        let start = arguments.get(1).map_or(Ok(0), to_int)?;
        let Ok(start) = usize::try_from(start) else { return Ok(Value::Bool(false)) };
        let wanted = not_null(&arguments[0])?;
        let start = units::to_byte(&text, start);
        Ok(Value::Bool(start.is_some_and(|start| text[start..].starts_with(&*wanted))))
    }),
    method(Kind::Text, "strip", 0..=0, |base, _| {
        Ok(texts::part(base, |text| text.trim_matches(texts::is_white_space)))
    }),
    method(Kind::Text, "substring", 1..=2, |base, arguments| {
        let text = base.to_text();
        let start = offset(&text, &arguments[0])?;
        let end = match arguments.get(1) {
            Some(end) => offset(&text, end)?,
            None => text.len(),
        };
        if end < start {
            return Err(out_of_range());
        }
        Ok(texts::part(base, |text| &text[start..end]))
    }),
    method(Kind::Text, "toLowerCase", 0..=0, |base, _| Ok(texts::lower(base))),
    method(Kind::Text, "toString", 0..=0, to_string),
    method(Kind::Text, "toUpperCase", 0..=0, |base, _| Ok(texts::upper(base))),
    method(Kind::Text, "trim", 0..=0, |base, _| Ok(texts::part(base, texts::trimmed))),
    method(Kind::List, "contains", 1..=1, |base, arguments| {
        let Value::List(list) = base else { return Ok(Value::Bool(false)) };
        Ok(Value::Bool(list.iter().any(|element| element.same(&arguments[0]))))
    }),
    method(Kind::List, "equals", 1..=1, equals),
    method(Kind::List, "get", 1..=1, |base, arguments| {
        let Value::List(list) = base else { return Ok(Value::Null) };
        let at = usize::try_from(to_int(&arguments[0])?).ok();
        let element = at.and_then(|at| list.get(at)).cloned();
        element.ok_or_else(|| EvaluationError::new("a position lies outside the list"))
    }),
    method(Kind::List, "indexOf", 1..=1, |base, arguments| {
        let Value::List(list) = base else { return Ok(Value::Integer(-1)) };
        let found = list.iter().position(|element| element.same(&arguments[0]));
        Ok(Value::Integer(found.map_or(-1, units::count)))
    }),
    method(Kind::List, "isEmpty", 0..=0, is_empty),
    method(Kind::List, "size", 0..=0, size),
    method(Kind::List, "toString", 0..=0, to_string),
    method(Kind::Map, "containsKey", 1..=1, |base, arguments| {
        let Value::Map(map) = base else { return Ok(Value::Bool(false)) };
        Ok(Value::Bool(arguments[0].as_str().is_some_and(|key| map.contains_key(key))))
    }),
    method(Kind::Map, "containsValue", 1..=1, |base, arguments| {
        let Value::Map(map) = base else { return Ok(Value::Bool(false)) };
        Ok(Value::Bool(map.values().any(|value| value.same(&arguments[0]))))
    }),
    method(Kind::Map, "equals", 1..=1, equals),
    method(Kind::Map, "get", 1..=1, |base, arguments| {
        let Value::Map(map) = base else { return Ok(Value::Null) };
        Ok(arguments[0].as_str().and_then(|key| map.get(key)).cloned().unwrap_or_default())
    }),
    method(Kind::Map, "getOrDefault", 2..=2, |base, arguments| {
        let Value::Map(map) = base else { return Ok(Value::Null) };
        // A key whose value is null is there.
        let value = arguments[0].as_str().and_then(|key| map.get(key)).cloned();
        Ok(value.unwrap_or_else(|| arguments[1].clone()))
    }),
    method(Kind::Map, "isEmpty", 0..=0, is_empty),
    method(Kind::Map, "keySet", 0..=0, |base, _| Ok(lists::keys(base))),
    method(Kind::Map, "size", 0..=0, size),
    method(Kind::Map, "toString", 0..=0, to_string),
    method(Kind::Map, "values", 0..=0, |base, _| {
        let Value::Map(map) = base else { return Ok(Value::Null) };
        Ok(Value::list(map.values().cloned().collect()))
    }),
    method(Kind::Number, "compareTo", 1..=1, |base, arguments| {
        not_null(&arguments[0])?;
        let order = match base {
            Value::Decimal(left) => compare_decimals(*left, arguments[0].to_decimal()?),
            integer => integer.to_integer()?.cmp(&arguments[0].to_integer()?),
        };
        Ok(Value::Integer(order as i64))
    }),
    method(Kind::Number, "doubleValue", 0..=0, |base, _| base.to_decimal().map(Value::Decimal)),
    method(Kind::Number, "equals", 1..=1, equals),
    method(Kind::Number, "intValue", 0..=0, |base, _| {
        to_int(base).map(|number| Value::Integer(number.into()))
    }),
    method(Kind::Number, "longValue", 0..=0, |base, _| base.to_integer().map(Value::Integer)),
    method(Kind::Number, "toString", 0..=0, to_string),
    method(Kind::Bool, "booleanValue", 0..=0, |base, _| Ok(base.clone())),
    method(Kind::Bool, "equals", 1..=1, equals),
    method(Kind::Bool, "toString", 0..=0, to_string),
];

pub(super) fn equals<'a>(base: &Value<'a>, arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(base.same(&arguments[0])))
}

pub(super) fn to_string<'a>(base: &Value<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::String(base.clone().into_text()))
}

fn size<'a>(base: &Value<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Integer(units::count(base.size().unwrap_or(0))))
}

fn is_empty<'a>(base: &Value<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(base.size() == Some(0)))
}

/// Stands in the table for the count of arguments; [`with_pattern`] does the work.
fn needs_pattern<'a>(_: &Value<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Err(EvaluationError::new("the method needs a pattern"))
}

fn not_null<'v>(value: &'v Value<'_>) -> Result<Cow<'v, str>, EvaluationError> {
    if value.is_null() {
        return Err(EvaluationError::new("the argument of a method is null"));
    }
    Ok(value.to_text())
}

/// What `indexOf` looks for: a text, or the character that has a number as its code. No text has one that is
/// no code at all.
fn wanted<'v>(value: &'v Value<'_>) -> Result<Option<Cow<'v, str>>, EvaluationError> {
    if !matches!(value, Value::Integer(_) | Value::Decimal(_)) {
        return not_null(value).map(Some);
    }
    let code = to_int(value)?;
    if (0xD800..0xE000).contains(&code) {
        return Err(EvaluationError::new("half a character cannot be looked for"));
    }
    let character = u32::try_from(code).ok().and_then(char::from_u32);
    Ok(character.map(|character| Cow::Owned(character.to_string())))
}

/// The characters of an argument that Java wants as a `CharSequence`: it converts nothing to one.
fn characters<'v>(value: &'v Value<'_>) -> Result<&'v str, EvaluationError> {
    value.as_str().ok_or_else(|| EvaluationError::coercion(value, "a text"))
}

/// How far two texts are apart where they first differ, or in their lengths, as `String.compareTo` has it.
fn text_distance(left: &str, right: &str) -> i64 {
    let differing = left.encode_utf16().zip(right.encode_utf16()).find(|(left, right)| left != right);
    match differing {
        Some((left, right)) => i64::from(left) - i64::from(right),
        None => units::count(units::length(left)) - units::count(units::length(right)),
    }
}

fn limited(bytes: usize) -> Result<(), EvaluationError> {
    if bytes > TEXT_BYTES_MAX {
        return Err(EvaluationError::new("the text grows too long"));
    }
    Ok(())
}

/// Java's order of decimals: NaN is itself, and greater than all others.
fn compare_decimals(left: f64, right: f64) -> Ordering {
    match (left.is_nan(), right.is_nan()) {
        (false, false) => left.total_cmp(&right),
        (left, right) => left.cmp(&right),
    }
}

/// A number as Java's `int`: of whole numbers the lower 32 bits, of decimals the nearest.
#[expect(clippy::cast_possible_truncation, reason = "this is what Java does")]
fn to_int(value: &Value<'_>) -> Result<i32, EvaluationError> {
    match value {
        Value::Decimal(value) => Ok(*value as i32),
        Value::String(text) if !text.is_empty() => {
            text.parse().map_err(|_| EvaluationError::not_a_number(text, "a whole number"))
        }
        other => Ok(other.to_integer()? as i32),
    }
}

fn out_of_range() -> EvaluationError {
    EvaluationError::new("a position lies outside the text")
}

fn offset(text: &str, position: &Value<'_>) -> Result<usize, EvaluationError> {
    let position = usize::try_from(to_int(position)?).map_err(|_| out_of_range())?;
    units::to_byte(text, position).ok_or_else(out_of_range)
}

/// A position before the start is the start, one behind the end the end.
fn clamped_offset(text: &str, position: &Value<'_>) -> Result<usize, EvaluationError> {
    let position = usize::try_from(to_int(position)?).unwrap_or(0);
    Ok(units::to_byte(text, position).unwrap_or(text.len()))
}
