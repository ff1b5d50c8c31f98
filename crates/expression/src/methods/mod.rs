//! Methods that may be called on plain values. The reference reaches every public method of Java's classes;
//! here only those that read are offered, by list.

use std::ops::RangeInclusive;

mod table;

use crate::errors::EvaluationError;
use crate::evaluate::Outcome;
use crate::functions::{lists, texts};
use crate::node::MethodCall;
use crate::pattern::{Anchor, Pattern, Replacement};
use crate::types::{TEXTS, Type};
use crate::units;
use crate::value::Value;

use table::{METHODS, equals, to_string};

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
            let replacement = match Replacement::compile(&template.to_text(), pattern) {
                Ok(replacement) => replacement,
                // Java reads the replacement at the first match.
                Err(_) if !pattern.find(&text) => return Ok(Value::owned_text(text)),
                Err(problem) => return Err(EvaluationError::new(problem.message)),
            };
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
