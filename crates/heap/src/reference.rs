//! Field types that ask more of the heap than a plain value: [`Ref`], [`Spanned`], [`RawNode`],
//! [`OneOrMany`], [`WordOr`].
//!
//! Each deserializes through a newtype with a reserved name. The heap's own reader recognises the name and
//! hands over what serde has no words for (an index, a span, a node) through a slot of this thread.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use source::{Node, Span};

use crate::Role;
use crate::role::role_name;

pub(crate) const SPANNED: &str = "$portcullis::Spanned";
pub(crate) const RAW: &str = "$portcullis::RawNode";
pub(crate) const ONE_OR_MANY: &str = "$portcullis::OneOrMany";
pub(crate) const WORD_OR: &str = "$portcullis::WordOr";

thread_local! {
    static SLOT: RefCell<Option<Node>> = const { RefCell::new(None) };
}

/// Leaves the node that a [`Spanned`] or [`RawNode`] takes a moment later.
pub(crate) fn hand_over(node: Node) {
    SLOT.with(|slot| *slot.borrow_mut() = Some(node));
}

fn take_over<E: Error>() -> Result<Node, E> {
    SLOT.with(|slot| slot.borrow_mut().take())
        .ok_or_else(|| E::custom("this type can only be read from a configuration file"))
}

/// A reference to another object: its name, or its declaration in place.
///
/// Name, role and absence of cycles are checked while the configuration is declared, so that
/// [`Builder::get`](crate::Builder::get) cannot fail.
pub struct Ref<R> {
    pub(crate) site: usize,
    role: PhantomData<fn() -> R>,
}

impl<R> fmt::Debug for Ref<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({})", self.site)
    }
}

impl<R> Clone for Ref<R> {
    fn clone(&self) -> Self {
        Self { site: self.site, role: PhantomData }
    }
}

impl<'de, R: Role> Deserialize<'de> for Ref<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Site<R>(PhantomData<R>);
        impl<R: Role> Visitor<'_> for Site<R> {
            type Value = Ref<R>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "the name of a {0}, or a {0} declared in place", role_name(R::REFERENCE))
            }
            fn visit_u64<E: Error>(self, site: u64) -> Result<Ref<R>, E> {
                let site = usize::try_from(site).map_err(E::custom)?;
                Ok(Ref { site, role: PhantomData })
            }
        }
        deserializer.deserialize_newtype_struct(R::REFERENCE, Site(PhantomData))
    }
}

impl<R: Role> JsonSchema for Ref<R> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Ref_{}", role_name(R::REFERENCE)).into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let role = role_name(R::REFERENCE);
        json_schema!({
            "anyOf": [{ "type": "string" }, { "$ref": format!("#/$defs/role:{role}") }],
            "x-role": role
        })
    }
}

/// A value with the place it was written at, for fields on which `build` may fail.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    value: T,
    span: Span,
}

impl<T> Spanned<T> {
    /// Where the value was written.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Inner<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
            type Value = Spanned<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Spanned<T>, D::Error> {
                let span = take_over::<D::Error>()?.span;
                Ok(Spanned { value: T::deserialize(inner)?, span })
            }
        }
        deserializer.deserialize_newtype_struct(SPANNED, Inner(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A piece of configuration taken as it stands, to be read later or by somebody else.
#[derive(Debug, Clone)]
pub struct RawNode(pub Node);

impl<'de> Deserialize<'de> for RawNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taken;
        impl Visitor<'_> for Taken {
            type Value = RawNode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E: Error>(self) -> Result<RawNode, E> {
                take_over().map(RawNode)
            }
        }
        deserializer.deserialize_newtype_struct(RAW, Taken)
    }
}

impl JsonSchema for RawNode {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// One entry, or an array of them.
#[derive(Debug, Clone)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry or an array of entries")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, one: D) -> Result<OneOrMany<T>, D::Error> {
                T::deserialize(one).map(|one| OneOrMany(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<OneOrMany<T>, A::Error> {
                let mut many = Vec::new();
                while let Some(entry) = entries.next_element()? {
                    many.push(entry);
                }
                Ok(OneOrMany(many))
            }
        }
        deserializer.deserialize_newtype_struct(ONE_OR_MANY, Entries(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let entry = T::json_schema(generator);
        json_schema!({ "anyOf": [entry, { "type": "array", "items": entry }] })
    }
}

/// A constant that a [`WordOr`] may be.
pub trait Word: Sized {
    /// How the constants are written; they are read in any case.
    const WORDS: &'static [&'static str];

    /// The constant with this index in [`Word::WORDS`].
    fn of(index: usize) -> Self;
}

/// A constant such as `BASE64`, or a reference to an object where the text is none.
pub enum WordOr<W, R> {
    /// One of the constants.
    Word(W),
    /// An object, by its name or in place.
    Object(Ref<R>),
}

impl<W: fmt::Debug, R> fmt::Debug for WordOr<W, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => word.fmt(f),
            Self::Object(reference) => reference.fmt(f),
        }
    }
}

impl<'de, W: Word, R: Role> Deserialize<'de> for WordOr<W, R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<W, R>(PhantomData<(W, R)>);
        impl<'de, W: Word, R: Role> Visitor<'de> for Either<W, R> {
            type Value = WordOr<W, R>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "`{}` or a {}", W::WORDS.join("`, `"), role_name(R::REFERENCE))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
                let node = take_over::<D::Error>()?;
                let text = node.as_str().unwrap_or_default();
                match W::WORDS.iter().position(|word| word.eq_ignore_ascii_case(text)) {
                    Some(index) => Ok(WordOr::Word(W::of(index))),
                    None => Ref::deserialize(inner).map(WordOr::Object),
                }
            }
        }
        deserializer.deserialize_newtype_struct(WORD_OR, Either(PhantomData))
    }
}

impl<W: Word, R: Role> JsonSchema for WordOr<W, R> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("WordOr_{}", Ref::<R>::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = json_schema!({ "type": "string", "enum": W::WORDS });
        json_schema!({ "anyOf": [words, Ref::<R>::json_schema(generator)] })
    }
}
