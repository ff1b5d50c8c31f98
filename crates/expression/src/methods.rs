//! Methods that may be called on plain values. The reference reaches every public method of Java's classes;
//! here only those that read are offered, by list.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::errors::EvaluationError;
use crate::evaluate::{Outcome, TEXT_BYTES_MAX};
use crate::functions::{lists, texts};
use crate::node::MethodCall;
use crate::operators::compare_text;
use crate::pattern::{Anchor, Pattern, Replacement};
use crate::types::{TEXTS, Type};
use crate::units;
use crate::value::Value;

/// A type of plain values, as far as methods are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    List,
    Map,
    Number,
    Bool,
}

/// A method of one type of plain values.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) arity: RangeInclusive<usize>,
    run: Run,
}

type Run = for<'a> fn(&Value<'a>, &[Value<'a>]) -> Outcome<'a>;

impl Kind {
    /// The name of the type, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Text => "string",
            Kind::List => "list",
            Kind::Map => "map",
            Kind::Number => "number",
            Kind::Bool => "boolean",
        }
    }

    fn of(value: &Value<'_>) -> Option<Kind> {
        match value {
            Value::String(_) => Some(Kind::Text),
            Value::List(_) => Some(Kind::List),
            Value::Map(_) => Some(Kind::Map),
            Value::Integer(_) | Value::Decimal(_) => Some(Kind::Number),
            Value::Bool(_) => Some(Kind::Bool),
            Value::Null | Value::Bytes(_) | Value::Object(_) => None,
        }
    }
}

/// The methods of a type.
pub(crate) fn of(kind: Kind) -> impl Iterator<Item = &'static Method> {
    METHODS.iter().filter(move |method| method.kind == kind)
}

/// The methods of this name, of whatever type, that take so many arguments.
pub(crate) fn candidates(name: &str, count: usize) -> Vec<&'static Method> {
    METHODS.iter().filter(|method| method.name == name && method.arity.contains(&count)).collect()
}

/// The type of what the methods of plain values of this name yield; a name means the same for all types.
pub(crate) fn result(name: &str) -> Type {
    match name {
        "booleanValue" | "contains" | "containsKey" | "containsValue" | "endsWith" | "equals"
        | "equalsIgnoreCase" | "isBlank" | "isEmpty" | "matches" | "startsWith" => Type::Bool,
        "compareTo" | "doubleValue" | "hashCode" | "indexOf" | "intValue" | "lastIndexOf" | "length"
        | "longValue" | "size" => Type::Number,
        "charAt" | "concat" | "replace" | "replaceAll" | "replaceFirst" | "strip" | "substring"
        | "toLowerCase" | "toString" | "toUpperCase" | "trim" => Type::Text,
        "split" | "keySet" => TEXTS,
        "getBytes" => Type::Bytes,
        _ => Type::Any,
    }
}

/// How the first argument of a method is matched, if it is a pattern.
pub(crate) fn pattern_anchor(name: &str) -> Option<Anchor> {
    match name {
        "matches" => Some(Anchor::Whole),
        "replaceAll" | "replaceFirst" | "split" => Some(Anchor::Anywhere),
        _ => None,
    }
}

/// Calls a method of a text whose first argument is a pattern.
pub(crate) fn with_pattern<'a>(
    name: &str,
    base: &Value<'a>,
    pattern: &Pattern,
    rest: Option<&Value<'a>>,
) -> Outcome<'a> {
    let text = base.to_text();
    match (name, rest) {
        ("matches", None) => Ok(Value::Bool(pattern.matches_whole(&text))),
        ("split", None) => Ok(texts::list_of(pattern.split(&text))),
        ("replaceAll" | "replaceFirst", Some(template)) => {
            let replacement = Replacement::compile(&template.to_text(), pattern)
                .map_err(|problem| EvaluationError::new(problem.message))?;
            let replaced = match name {
                "replaceAll" => pattern.replace_all(&text, &replacement),
                _ => pattern.replace_first(&text, &replacement),
            };
            Ok(Value::owned_text(replaced))
        }
        _ => Err(unknown(name, base)),
    }
}

/// Calls any other method.
pub(crate) fn call<'a>(call: &MethodCall, base: &Value<'a>, arguments: &[Value<'a>]) -> Outcome<'a> {
    let name = call.name.as_str();
    if let Value::Object(object) = base {
        if let Some(value) = object.get().call(name, arguments) {
            return Ok(value);
        }
        return on_object(name, base, arguments);
    }
    let kind = Kind::of(base);
    match call.candidates.iter().find(|method| Some(method.kind) == kind) {
        Some(method) => (method.run)(base, arguments),
        None => Err(unknown(name, base)),
    }
}

fn unknown(name: &str, base: &Value<'_>) -> EvaluationError {
    EvaluationError::new(format!("a value of type {} has no method `{name}`", base.type_name()))
}

/// What every object understands: getters of its properties, and the methods of collections.
fn on_object<'a>(name: &str, base: &Value<'a>, arguments: &[Value<'a>]) -> Outcome<'a> {
    match (name, arguments) {
        ("toString", []) => to_string(base, arguments),
        ("equals", [_]) => equals(base, arguments),
        ("get", [key]) => Ok(base.clone().index(key)),
        ("size", []) => {
            base.size().map(|size| Value::Integer(units::count(size))).ok_or_else(|| unknown(name, base))
        }
        ("isEmpty", []) => base.size().map(|size| Value::Bool(size == 0)).ok_or_else(|| unknown(name, base)),
        ("containsKey", [key]) => {
            // Keys such as header names have rules of their own, so the object is asked.
            Ok(Value::Bool(!base.clone().index(key).is_null()))
        }
        ("contains", [_]) => lists::contains(base, &arguments[0]).map(Value::Bool),
        ("keySet", []) => Ok(lists::keys(base)),
        (getter, []) => match property_of_getter(getter) {
            Some(property) => Ok(base.clone().property(&property)),
            None => on_copy(name, base, arguments),
        },
        _ => on_copy(name, base, arguments),
    }
}

/// The rarer methods of maps, for an object whose copy is one.
fn on_copy<'a>(name: &str, base: &Value<'a>, arguments: &[Value<'a>]) -> Outcome<'a> {
    if let (Value::Object(object), "containsValue" | "getOrDefault" | "values") = (base, name)
        && let copy @ Value::Map(_) = object.get().snapshot()
        && let Some(method) =
            of(Kind::Map).find(|method| method.name == name && method.arity.contains(&arguments.len()))
    {
        return (method.run)(&copy, arguments);
    }
    Err(unknown(name, base))
}

/// The methods of every object, and with `is_open` those of the objects that are collections.
pub(crate) fn of_objects(is_open: bool) -> impl Iterator<Item = &'static str> {
    let of_collections = [
        "contains",
        "containsKey",
        "containsValue",
        "get",
        "getOrDefault",
        "isEmpty",
        "keySet",
        "size",
        "values",
    ];
    let of_all = ["equals", "get", "toString"];
    of_all.into_iter().chain(of_collections.into_iter().filter(move |_| is_open))
}

/// `getUserInfo` reads `userInfo`, `isEmpty` reads `empty`.
pub(crate) fn property_of_getter(name: &str) -> Option<String> {
    let rest = name.strip_prefix("get").or_else(|| name.strip_prefix("is"))?;
    let mut characters = rest.chars();
    let first = characters.next().filter(|first| first.is_ascii_uppercase())?;
    Some(first.to_ascii_lowercase().to_string() + characters.as_str())
}

const fn method(kind: Kind, name: &'static str, arity: RangeInclusive<usize>, run: Run) -> Method {
    Method { kind, name, arity, run }
}

static METHODS: &[Method] = &[
    method(Kind::Text, "charAt", 1..=1, |base, arguments| {
        let text = base.to_text();
        let start = offset(&text, &arguments[0])?;
        match text[start..].chars().next() {
            Some(character) => Ok(Value::owned_text(character)),
            None => Err(out_of_range()),
        }
    }),
    method(Kind::Text, "compareTo", 1..=1, |base, arguments| {
        Ok(Value::Integer(compare_text(&base.to_text(), &arguments[0].to_text()) as i64))
    }),
    method(Kind::Text, "concat", 1..=1, |base, arguments| {
        let (left, right) = (base.to_text(), arguments[0].to_text());
        limited(left.len() + right.len())?;
        Ok(Value::owned_text([left, right].concat()))
    }),
    method(Kind::Text, "contains", 1..=1, |base, arguments| {
        Ok(Value::Bool(base.to_text().contains(&*not_null(&arguments[0])?)))
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
        let found = text[start..].find(&*not_null(&arguments[0])?);
        Ok(Value::Integer(found.map_or(-1, |at| units::from_byte(&text, start + at))))
    }),
    method(Kind::Text, "isBlank", 0..=0, |base, _| Ok(Value::Bool(base.to_text().trim().is_empty()))),
    method(Kind::Text, "isEmpty", 0..=0, |base, _| Ok(Value::Bool(base.to_text().is_empty()))),
    method(Kind::Text, "lastIndexOf", 1..=1, |base, arguments| {
        let text = base.to_text();
        let found = text.rfind(&*not_null(&arguments[0])?);
        Ok(Value::Integer(found.map_or(-1, |at| units::from_byte(&text, at))))
    }),
    method(Kind::Text, "length", 0..=0, |base, _| {
        Ok(Value::Integer(units::count(units::length(&base.to_text()))))
    }),
    method(Kind::Text, "matches", 1..=1, needs_pattern),
    method(Kind::Text, "replace", 2..=2, |base, arguments| {
        let (text, from, to) = (base.to_text(), not_null(&arguments[0])?, not_null(&arguments[1])?);
        let found = text.matches(&*from).count();
        limited(text.len().saturating_add(found.saturating_mul(to.len())))?;
        Ok(Value::owned_text(text.replace(&*from, &to)))
    }),
    method(Kind::Text, "replaceAll", 2..=2, needs_pattern),
    method(Kind::Text, "replaceFirst", 2..=2, needs_pattern),
    method(Kind::Text, "split", 1..=1, needs_pattern),
    method(Kind::Text, "startsWith", 1..=2, |base, arguments| {
        let text = base.to_text();
        let start = match arguments.get(1) {
            Some(from) => match offset(&text, from) {
                Ok(start) => start,
                Err(_) => return Ok(Value::Bool(false)),
            },
            None => 0,
        };
        Ok(Value::Bool(text[start..].starts_with(&*not_null(&arguments[0])?)))
    }),
    method(Kind::Text, "strip", 0..=0, |base, _| Ok(texts::part(base, str::trim))),
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
        lists::contains(base, &arguments[0]).map(Value::Bool)
    }),
    method(Kind::List, "equals", 1..=1, equals),
    method(Kind::List, "get", 1..=1, |base, arguments| Ok(base.clone().index(&arguments[0]))),
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
        Ok(Value::Bool(map.contains_key(&*arguments[0].to_text())))
    }),
    method(Kind::Map, "containsValue", 1..=1, |base, arguments| {
        let Value::Map(map) = base else { return Ok(Value::Bool(false)) };
        Ok(Value::Bool(map.values().any(|value| value.same(&arguments[0]))))
    }),
    method(Kind::Map, "equals", 1..=1, equals),
    method(Kind::Map, "get", 1..=1, |base, arguments| Ok(base.clone().index(&arguments[0]))),
    method(Kind::Map, "getOrDefault", 2..=2, |base, arguments| {
        let value = base.clone().index(&arguments[0]);
        Ok(if value.is_null() { arguments[1].clone() } else { value })
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
        let order = base.to_decimal()?.total_cmp(&arguments[0].to_decimal()?);
        Ok(Value::Integer(order as i64))
    }),
    method(Kind::Number, "doubleValue", 0..=0, |base, _| base.to_decimal().map(Value::Decimal)),
    method(Kind::Number, "equals", 1..=1, equals),
    method(Kind::Number, "intValue", 0..=0, |base, _| base.to_integer().map(Value::Integer)),
    method(Kind::Number, "longValue", 0..=0, |base, _| base.to_integer().map(Value::Integer)),
    method(Kind::Number, "toString", 0..=0, to_string),
    method(Kind::Bool, "booleanValue", 0..=0, |base, _| Ok(base.clone())),
    method(Kind::Bool, "equals", 1..=1, equals),
    method(Kind::Bool, "toString", 0..=0, to_string),
];

fn equals<'a>(base: &Value<'a>, arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(base.same(&arguments[0])))
}

fn to_string<'a>(base: &Value<'a>, _: &[Value<'a>]) -> Outcome<'a> {
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

fn not_null<'v>(value: &'v Value<'_>) -> Result<std::borrow::Cow<'v, str>, EvaluationError> {
    if value.is_null() {
        return Err(EvaluationError::new("the argument of a method is null"));
    }
    Ok(value.to_text())
}

fn limited(bytes: usize) -> Result<(), EvaluationError> {
    if bytes > TEXT_BYTES_MAX {
        return Err(EvaluationError::new("the text grows too long"));
    }
    Ok(())
}

fn out_of_range() -> EvaluationError {
    EvaluationError::new("a position lies outside the text")
}

fn offset(text: &str, position: &Value<'_>) -> Result<usize, EvaluationError> {
    let position = usize::try_from(position.to_integer()?).map_err(|_| out_of_range())?;
    units::to_byte(text, position).ok_or_else(out_of_range)
}

/// A position before the start is the start, one behind the end the end.
fn clamped_offset(text: &str, position: &Value<'_>) -> Result<usize, EvaluationError> {
    let position = usize::try_from(position.to_integer()?).unwrap_or(0);
    Ok(units::to_byte(text, position).unwrap_or(text.len()))
}
