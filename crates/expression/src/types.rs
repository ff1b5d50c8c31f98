//! What is known of a value before any request: the types by which paths and conditions are checked at load.
//!
//! The crate itself knows plain values only. What the request and its surroundings look like is handed in
//! with the [`Bindings`](crate::Bindings) as a table of [`Bean`]s, which also fills the reference.

use crate::methods::{self, Kind};
use crate::value::Value;

/// The type of a value that may also be null. [`Type::Any`] is what cannot be told.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Not known.
    Any,
    /// True or false.
    Bool,
    /// A whole number or a decimal.
    Number,
    /// Text.
    Text,
    /// Raw bytes.
    Bytes,
    /// A list of elements of a type.
    List(&'static Type),
    /// A map of any keys to values of a type.
    Map(&'static Type),
    /// An object with properties of its own.
    Object(&'static Bean),
}

/// An object as expressions see it.
#[derive(Debug)]
pub struct Bean {
    /// Its name in messages and in the reference.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Its properties. One that is not listed does not exist.
    pub properties: &'static [Property],
    /// Its methods beside the getters of its properties, with the type of their results.
    pub methods: &'static [(&'static str, Type)],
    /// The type of what stands under any other name, for an object that is open like a map.
    pub others: Option<Type>,
}

/// A property of a [`Bean`].
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// The type of its value.
    pub of: Type,
    /// What it is, in a few words.
    pub about: &'static str,
    /// What to write instead, for a property of old.
    pub instead: Option<&'static str>,
}

/// A list of texts.
pub const TEXTS: Type = Type::List(&Type::Text);

impl Property {
    /// A property of today.
    pub const fn new(name: &'static str, of: Type, about: &'static str) -> Property {
        Property { name, of, about, instead: None }
    }

    /// The same, as a name of old that another one replaces.
    pub const fn instead(mut self, replacement: &'static str) -> Property {
        self.instead = Some(replacement);
        self
    }
}

impl Bean {
    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// The type of what stands under this name; nothing if nothing can.
    pub(crate) fn at(&self, name: &str) -> Option<Type> {
        self.property(name).map(|property| property.of).or(self.others)
    }
}

impl Type {
    /// The type of a value.
    pub(crate) fn of(value: &Value<'_>) -> Type {
        match value {
            Value::Null | Value::Object(_) => Type::Any,
            Value::Bool(_) => Type::Bool,
            Value::Integer(_) | Value::Decimal(_) => Type::Number,
            Value::String(_) => Type::Text,
            Value::Bytes(_) => Type::Bytes,
            Value::List(_) => Type::List(&Type::Any),
            Value::Map(_) => Type::Map(&Type::Any),
        }
    }

    /// The plain type whose methods such a value has; nothing if it is none, or not known.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Type::Bool => Some(Kind::Bool),
            Type::Number => Some(Kind::Number),
            Type::Text => Some(Kind::Text),
            Type::List(_) => Some(Kind::List),
            Type::Map(_) => Some(Kind::Map),
            Type::Any | Type::Bytes | Type::Object(_) => None,
        }
    }

    /// The type of a property; unknown where there is none.
    pub(crate) fn property(self, name: &str) -> Type {
        match self {
            Type::Map(of) => *of,
            Type::Object(bean) => bean.at(name).unwrap_or(Type::Any),
            Type::Text if name == "empty" => Type::Bool,
            Type::Text if name == "bytes" => Type::Bytes,
            _ => Type::Any,
        }
    }

    /// The type of what stands between brackets.
    pub(crate) fn index(self, key: Option<&Value<'_>>) -> Type {
        match (self, key) {
            (Type::List(of) | Type::Map(of), _) => *of,
            (Type::Bytes, _) => Type::Number,
            (Type::Object(bean), Some(Value::String(name))) => bean.at(name).unwrap_or(Type::Any),
            _ => Type::Any,
        }
    }

    /// The type of the result of a method.
    pub(crate) fn method(self, name: &str) -> Type {
        if let Type::Object(bean) = self {
            let known = bean.methods.iter().find(|(method, _)| *method == name).map(|(_, of)| *of);
            let getter = methods::property_of_getter(name).and_then(|property| bean.at(&property));
            return known.or(getter).unwrap_or(Type::Any);
        }
        if self.kind().is_none() { Type::Any } else { methods::result(name) }
    }

    /// What such a value is, in words that follow "it is"; nothing for a boolean and what may be one.
    pub(crate) fn never_boolean(self) -> Option<&'static str> {
        match self {
            Type::Any | Type::Bool => None,
            Type::Number => Some("a number"),
            Type::Text => Some("text"),
            Type::Bytes => Some("raw bytes"),
            Type::List(_) => Some("a list"),
            Type::Map(_) => Some("a map"),
            Type::Object(_) => Some("an object"),
        }
    }

    /// Whether both are the same as far as messages and methods are concerned.
    pub(crate) fn is_like(self, other: Type) -> bool {
        match (self, other) {
            (Type::Object(left), Type::Object(right)) => std::ptr::eq(left, right),
            _ => self.never_boolean() == other.never_boolean() && self.kind() == other.kind(),
        }
    }
}
