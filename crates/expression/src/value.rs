//! What an expression yields, and what it may look into.
//!
//! A value borrows wherever it can: a path or a header value that is read by a condition is never copied.
//! Lists and maps are shared, because configuration constants and session attributes are read far more often
//! than they are built.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;

use crate::functions::texts;

/// Deeper lists and maps are cut off with null when they are turned into text, JSON or compared. An object
/// whose snapshot holds itself would otherwise never end.
pub const VALUE_DEPTH_MAX: usize = 128;

/// The result of an expression, or one of its parts.
#[derive(Clone, Default)]
pub enum Value<'a> {
    /// Nothing: an absent header, an unknown property.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 64 bits.
    Integer(i64),
    /// A number with a fraction.
    Decimal(f64),
    /// Text.
    String(Cow<'a, str>),
    /// Raw bytes, as an entity or a digest has them.
    Bytes(Bytes),
    /// A list or an array.
    List(Arc<Vec<Value<'static>>>),
    /// A map, in the order in which it was built.
    Map(Arc<IndexMap<String, Value<'static>>>),
    /// Something with properties of its own: the request, its headers, a context.
    Object(ObjectRef<'a>),
}

/// An object, borrowed from the request in flight or shared with it.
#[derive(Clone)]
pub enum ObjectRef<'a> {
    /// Lives as long as the evaluation looks at it.
    Borrowed(&'a dyn Object),
    /// Kept alive by the value. Objects that it yields in turn must be shared too, or have a snapshot.
    Shared(Arc<dyn Object>),
}

/// A bean or collection that expressions can look into: request, headers, URI, contexts.
pub trait Object: Send + Sync {
    /// The name of the type, for messages: `Request`, `Headers`.
    fn type_name(&self) -> &'static str;

    /// The property of this name; null if there is none, never an error.
    fn property(&self, name: &str) -> Value<'_>;

    /// What stands between brackets. A string is the name of a property unless the object knows better.
    fn index(&self, key: &Value<'_>) -> Value<'_> {
        match key {
            Value::String(name) => self.property(name),
            _ => Value::Null,
        }
    }

    /// What stands at a key of the property `name`, for an object that need not put all of that property
    /// together to tell. With nothing, the property is read first and the key looked up in it.
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        let _ = (name, key);
        None
    }

    /// Calls a method; nothing if the object has none of this name and number of arguments.
    fn call(&self, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        let _ = (method, arguments);
        None
    }

    /// The number of elements, for an object that is a collection.
    fn len(&self) -> Option<usize> {
        None
    }

    /// Whether the object is a collection without elements.
    fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The keys, for an object that is a map.
    fn keys(&self) -> Vec<String> {
        Vec::new()
    }

    /// The text that stands for the object in a composite string or a comparison.
    fn to_text(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// A copy that outlives the request, usually a map. Null where no copy makes sense.
    fn snapshot(&self) -> Value<'static> {
        Value::Null
    }
}

impl<'a> Value<'a> {
    /// A piece of text that is borrowed.
    pub fn text(text: &'a str) -> Value<'a> {
        Value::String(Cow::Borrowed(text))
    }

    /// A piece of text that the value keeps.
    pub fn owned_text(text: impl Into<String>) -> Value<'static> {
        Value::String(Cow::Owned(text.into()))
    }

    /// Text, or null for nothing.
    pub fn optional_text(text: Option<&'a str>) -> Value<'a> {
        text.map_or(Value::Null, Value::text)
    }

    /// A list of these elements.
    pub fn list(elements: Vec<Value<'static>>) -> Value<'static> {
        Value::List(Arc::new(elements))
    }

    /// A map of these entries.
    pub fn map(entries: IndexMap<String, Value<'static>>) -> Value<'static> {
        Value::Map(Arc::new(entries))
    }

    /// An object that is borrowed.
    pub fn object(object: &'a dyn Object) -> Value<'a> {
        Value::Object(ObjectRef::Borrowed(object))
    }

    /// An object that the value keeps alive.
    pub fn shared(object: Arc<dyn Object>) -> Value<'static> {
        Value::Object(ObjectRef::Shared(object))
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text, if the value is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The same value, borrowed from this one: text is not copied.
    pub fn view(&self) -> Value<'_> {
        match self {
            Value::String(text) => Value::String(Cow::Borrowed(text)),
            Value::Object(ObjectRef::Borrowed(object)) => Value::Object(ObjectRef::Borrowed(*object)),
            Value::Object(ObjectRef::Shared(object)) => Value::Object(ObjectRef::Borrowed(&**object)),
            other => other.clone(),
        }
    }

    /// The same value, free of what it borrowed. A borrowed object becomes its snapshot.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Integer(value) => Value::Integer(value),
            Value::Decimal(value) => Value::Decimal(value),
            Value::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Value::Bytes(bytes) => Value::Bytes(bytes),
            Value::List(list) => Value::List(list),
            Value::Map(map) => Value::Map(map),
            Value::Object(ObjectRef::Borrowed(object)) => object.snapshot(),
            Value::Object(ObjectRef::Shared(object)) => Value::Object(ObjectRef::Shared(object)),
        }
    }

    /// The property of this name. Null has none, and neither has a number: that is not an error.
    pub fn property(self, name: &str) -> Value<'a> {
        match self {
            Value::Map(map) => match map.get(name) {
                Some(value) => value.clone(),
                // What is no key is a property of the collection itself.
                None if name == "empty" => Value::Bool(map.is_empty()),
                None => Value::Null,
            },
            Value::List(list) if name == "empty" => Value::Bool(list.is_empty()),
            Value::Object(ObjectRef::Borrowed(object)) => object.property(name),
            Value::Object(ObjectRef::Shared(object)) => object.property(name).into_owned(),
            Value::String(text) => match name {
                "blank" => Value::Bool(text.chars().all(texts::is_white_space)),
                "empty" => Value::Bool(text.is_empty()),
                "bytes" => Value::Bytes(Bytes::copy_from_slice(text.as_bytes())),
                _ => Value::Null,
            },
            _ => Value::Null,
        }
    }

    /// What stands at this key or position; null where there is nothing.
    pub fn index(self, key: &Value<'_>) -> Value<'a> {
        match self {
            Value::List(ref list) if !matches!(key, Value::String(_)) => {
                position(key).and_then(|at| list.get(at)).cloned().unwrap_or_default()
            }
            Value::Bytes(bytes) => match position(key).and_then(|at| bytes.get(at).copied()) {
                // A Java byte has a sign.
                Some(byte) => Value::Integer(i64::from(byte.cast_signed())),
                None => Value::Null,
            },
            Value::Object(ObjectRef::Borrowed(object)) => object.index(key),
            Value::Object(ObjectRef::Shared(object)) => object.index(key).into_owned(),
            other => match key {
                Value::String(name) => other.property(name),
                _ => Value::Null,
            },
        }
    }

    /// The number of elements or entries; nothing for a value that is not a collection.
    pub fn size(&self) -> Option<usize> {
        match self {
            Value::Bytes(bytes) => Some(bytes.len()),
            Value::List(list) => Some(list.len()),
            Value::Map(map) => Some(map.len()),
            Value::Object(object) => object.get().len(),
            _ => None,
        }
    }

    /// The name of the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Integer(_) => "integer",
            Value::Decimal(_) => "decimal",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Object(object) => object.get().type_name(),
        }
    }
}

impl ObjectRef<'_> {
    /// The object itself.
    pub fn get(&self) -> &dyn Object {
        match self {
            ObjectRef::Borrowed(object) => *object,
            ObjectRef::Shared(object) => &**object,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => formatter.write_str("null"),
            Value::Bool(value) => write!(formatter, "{value}"),
            Value::Integer(value) => write!(formatter, "{value}"),
            Value::Decimal(value) => write!(formatter, "{value:?}"),
            Value::String(text) => write!(formatter, "{text:?}"),
            Value::Bytes(bytes) => write!(formatter, "<{} bytes>", bytes.len()),
            Value::List(list) => formatter.debug_list().entries(list.iter()).finish(),
            Value::Map(map) => formatter.debug_map().entries(map.iter()).finish(),
            Value::Object(object) => write!(formatter, "<{}>", object.get().type_name()),
        }
    }
}

impl fmt::Debug for ObjectRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<{}>", self.get().type_name())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Decimal(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::text(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::String(Cow::Owned(text))
    }
}

/// The position that a key names: a number, whose fraction does not count. Text names none, not even text that
/// holds a number.
pub(crate) fn position(key: &Value<'_>) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, reason = "Java takes the same 32 bits")]
    let at = match key {
        Value::Integer(at) => *at as i32,
        Value::Decimal(at) => *at as i32,
        _ => return None,
    };
    usize::try_from(at).ok()
}
