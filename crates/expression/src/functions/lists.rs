//! Functions on lists, maps, and objects that behave as either.

use crate::errors::EvaluationError;
use crate::evaluate::{Outcome, TEXT_BYTES_MAX};
use crate::functions::{Function, texts};
use crate::types::{TEXTS, Type};
use memchr::memmem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("array", &["texts…"], TEXTS, array)
        .about("A list of the arguments, each as text.")
        .otherwise("null stays null in the list")
        .examples(&[("array('a', 1, null)", r#"["a", "1", null]"#)]),
    Function::new("contains", &["container", "value"], Type::Bool, |arguments| {
        contains(&arguments[0], &arguments[1]).map(Value::Bool)
    })
    .about("Whether a text contains another one, or a list an element.")
    .otherwise("false")
    .examples(&[
        ("contains('hello', 'ell')", "true"),
        ("contains(array('a', 'b'), 'b')", "true"),
        ("contains(null, 'x')", "false"),
    ]),
    Function::new("join", &["list", "separator"], Type::Text, join)
        .about("The elements of a list as one text, with a separator between them.")
        .otherwise("null for null; a null element is written as `null`")
        .examples(&[("join(array('a', 'b'), '-')", r#""a-b""#), ("join(null, '-')", "null")]),
    Function::new("lastElement", &["list"], Type::Any, last_element)
        .about("The last element of a list.")
        .otherwise("null, also for an empty list")
        .examples(&[("lastElement(array('a', 'b'))", r#""b""#), ("lastElement(array())", "null")]),
    Function::new("length", &["value"], Type::Number, length)
        .about("The characters of a text, the elements of a list, or the entries of a map.")
        .otherwise("0")
        .examples(&[("length('abc')", "3"), ("length(array('a', 'b'))", "2"), ("length(null)", "0")]),
];
use crate::units;
use crate::value::Value;

/// A list of texts. Null stays null.
fn array<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let texts = arguments.iter().map(|argument| match argument {
        Value::Null => Value::Null,
        other => Value::owned_text(other.to_text()),
    });
    Ok(Value::list(texts.collect()))
}

/// Whether a text contains another, or a collection an element. False if either is null.
pub(crate) fn contains(container: &Value<'_>, wanted: &Value<'_>) -> Result<bool, EvaluationError> {
    if wanted.is_null() {
        return Ok(false);
    }
    Ok(match container {
        Value::String(text) => match wanted {
            Value::String(wanted) => memmem::find(text.as_bytes(), wanted.as_bytes()).is_some(),
            _ => false,
        },
        Value::List(list) => list.iter().any(|element| element.same(wanted)),
        Value::Object(object) => {
            let size = object.get().len().unwrap_or(0);
            (0..size).any(|at| object.get().index(&Value::Integer(units::count(at))).same(wanted))
        }
        _ => false,
    })
}

/// The elements, each as text, with a separator between. Null for null.
fn join<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let separator = arguments[1].to_text();
    let mut joined = String::new();
    let mut add = |at: usize, element: &Value<'_>| {
        if at > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(if element.is_null() { "null" } else { "" });
        joined.push_str(&element.to_text());
        if joined.len() > TEXT_BYTES_MAX {
            return Err(EvaluationError::new("the text grows too long"));
        }
        Ok(())
    };
    match &arguments[0] {
        Value::Null => return Ok(Value::Null),
        Value::List(list) => list.iter().enumerate().try_for_each(|(at, element)| add(at, element))?,
        Value::Object(object) if object.get().len().is_some() => {
            let size = object.get().len().unwrap_or(0);
            (0..size).try_for_each(|at| add(at, &object.get().index(&Value::Integer(units::count(at)))))?;
        }
        single => add(0, single)?,
    }
    Ok(Value::owned_text(joined))
}

/// Units of a text, elements of a list, entries of a map; 0 for anything else.
fn length<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let length = match &arguments[0] {
        Value::String(text) => units::length(text),
        other => other.size().unwrap_or(0),
    };
    Ok(Value::Integer(units::count(length)))
}

/// The last element of a list; null if there is none.
fn last_element<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let list = &arguments[0];
    match list.size() {
        None | Some(0) => Ok(Value::Null),
        Some(size) => Ok(list.clone().index(&Value::Integer(units::count(size - 1)))),
    }
}

/// The keys of a map as a list; null for anything else.
pub(crate) fn keys(map: &Value<'_>) -> Value<'static> {
    match map {
        Value::Map(map) => texts::list_of(map.keys().cloned().collect()),
        Value::Object(object) => texts::list_of(object.get().keys()),
        _ => Value::Null,
    }
}
