//! Where a path has got to while it is followed.
//!
//! A property of an object is not read at once: the next step may let the object tell what stands there without
//! putting all of the property together. `contexts.client.remoteAddress` needs no copy of the client, and
//! `request.headers['Host'][0]` no list of all hosts.

use std::borrow::Cow;

use crate::value::{ObjectRef, Value};

pub(crate) enum Cursor<'a> {
    /// At this value.
    At(Value<'a>),
    /// Before a property of an object.
    Before(ObjectRef<'a>, Name<'a>),
}

/// The name of a property, and how it was written.
#[derive(Clone, Copy)]
pub(crate) enum Name<'a> {
    Plain(&'a str),
    Bracketed(&'a str),
}

impl<'a> Cursor<'a> {
    /// The value, once the path has ended.
    #[inline]
    pub(crate) fn value(self) -> Value<'a> {
        match self {
            Cursor::At(value) => value,
            Cursor::Before(object, Name::Plain(name)) => Value::Object(object).property(name),
            Cursor::Before(object, Name::Bracketed(name)) => Value::Object(object).index(&Value::text(name)),
        }
    }

    /// One step on, by name.
    #[inline]
    pub(crate) fn property(self, name: &'a str) -> Cursor<'a> {
        // The usual first step, without the detour.
        if let Cursor::At(Value::Object(object)) = self {
            return Cursor::Before(object, Name::Plain(name));
        }
        match self.before(&Value::text(name)) {
            Step::Done(value) => Cursor::At(value),
            Step::From(Value::Object(object)) => Cursor::Before(object, Name::Plain(name)),
            Step::From(value) => Cursor::At(value.property(name)),
        }
    }

    /// One step on, by what stands between brackets.
    pub(crate) fn index(self, key: &Value<'a>) -> Cursor<'a> {
        match (self.before(key), key) {
            (Step::Done(value), _) => Cursor::At(value),
            (Step::From(Value::Object(object)), Value::String(Cow::Borrowed(name))) => {
                Cursor::Before(object, Name::Bracketed(name))
            }
            (Step::From(value), key) => Cursor::At(value.index(key)),
        }
    }

    /// Lets the object before which the cursor stands go two steps at once, or else goes the first one.
    fn before(self, key: &Value<'_>) -> Step<'a> {
        let (Name::Plain(name) | Name::Bracketed(name)) = match &self {
            Cursor::At(_) => return Step::From(self.value()),
            Cursor::Before(_, name) => *name,
        };
        let there = match &self {
            Cursor::Before(ObjectRef::Borrowed(object), _) => object.within(name, key),
            Cursor::Before(ObjectRef::Shared(object), _) => object.within(name, key).map(Value::into_owned),
            Cursor::At(_) => None,
        };
        there.map_or_else(|| Step::From(self.value()), Step::Done)
    }
}

enum Step<'a> {
    /// What stands at the key.
    Done(Value<'a>),
    /// The value in which the key is to be looked up.
    From(Value<'a>),
}
