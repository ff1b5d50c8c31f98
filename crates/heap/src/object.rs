//! How an object type enters the catalogue: [`ObjectConfig`] on its configuration struct, and one line of a
//! `const` table.

use std::any::Any;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use source::{Diagnostic, Node};

use crate::build::Builder;
use crate::declare::Declarer;
use crate::deserialize;
use crate::old_names::OldNames;
use crate::role::{Built, Role};

/// How far an object type can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does what the reference says and keeps doing it.
    Stable,
    /// It may change in any version.
    Experimental,
    /// It works, and another object replaces it.
    Deprecated,
    /// An object or property that the original product does not have.
    Addition,
}

/// A folder of further configuration that an object loads by itself, as a router does.
#[derive(Debug, Clone)]
pub struct Nested {
    /// The folder.
    pub directory: PathBuf,
}

/// The configuration of one object type: what its `config` may hold, and how the object is made from it.
pub trait ObjectConfig: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The name in the field `type`.
    const TYPE: &'static str;
    /// Older names that mean the same; each is reported with the present one.
    const ALIASES: &'static [&'static str] = &[];
    /// How far it can be relied on.
    const STATUS: Status = Status::Stable;
    /// What the object can be used as.
    type Object: Role;

    /// Makes the object. Opens no socket and starts nothing: use [`Builder::on_start`] and
    /// [`Builder::background`] for that.
    ///
    /// # Errors
    /// Whatever the types of the fields could not rule out, with a caret from a `Spanned` field.
    fn build(self, b: &mut Builder<'_>) -> Result<Self::Object, Diagnostic>;

    /// Checks what one field cannot: fields that exclude one another, references into free-form parts.
    fn check(&self, _declarer: &mut Declarer<'_>, _config: &Node) {}

    /// Folders of further configuration, so that a check can follow them.
    fn nested(&self) -> Option<Nested> {
        None
    }
}

/// An entry of the catalogue: an object type with its type erased.
pub struct ObjectType {
    /// The name in the field `type`.
    pub name: &'static str,
    /// Older names.
    pub aliases: &'static [&'static str],
    /// The role of its objects, as `$ref:Handler`.
    pub(crate) reference: &'static str,
    /// How far it can be relied on.
    pub status: Status,
    /// The JSON Schema of `config`, with the documentation of struct and fields.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) read: fn(&mut Declarer<'_>, &Node) -> Option<Box<dyn ErasedConfig>>,
}

impl ObjectType {
    /// The entry for a configuration struct.
    pub const fn of<C: ObjectConfig>() -> Self {
        Self {
            name: C::TYPE,
            aliases: C::ALIASES,
            reference: C::Object::REFERENCE,
            status: C::STATUS,
            schema: |generator| C::json_schema(generator),
            read: |declarer, node| {
                let config: C = deserialize::read(declarer, node, C::TYPE)?;
                config.check(declarer, node);
                Some(Box::new(Config(config)))
            },
        }
    }

    /// The role of its objects: `Handler`, `Filter` and so on.
    pub fn role(&self) -> &'static str {
        crate::role::role_name(self.reference)
    }
}

/// A configuration struct with its type erased, on its way from declaration to build.
pub(crate) trait ErasedConfig: Send + Sync {
    fn build(self: Box<Self>, b: &mut Builder<'_>) -> Result<Built, Diagnostic>;
    fn nested(&self) -> Option<Nested>;
}

struct Config<C>(C);

impl<C: ObjectConfig> ErasedConfig for Config<C> {
    fn build(self: Box<Self>, b: &mut Builder<'_>) -> Result<Built, Diagnostic> {
        let object = self.0.build(b)?;
        Ok(Built::new(b.decorate(object)))
    }

    fn nested(&self) -> Option<Nested> {
        self.0.nested()
    }
}

/// The configuration of an object that exists already, as a decorator does when the others are built.
pub(crate) fn made(object: Built) -> Box<dyn ErasedConfig> {
    Box::new(Made(object))
}

struct Made(Built);

impl ErasedConfig for Made {
    fn build(self: Box<Self>, _: &mut Builder<'_>) -> Result<Built, Diagnostic> {
        Ok(self.0)
    }

    fn nested(&self) -> Option<Nested> {
        None
    }
}

/// Every object type, and the objects each instance has without declaring them.
pub struct Catalogue {
    /// The tables of the object crates.
    pub types: &'static [&'static [ObjectType]],
    /// Types that are known from the product's manual but not offered yet.
    pub not_offered: &'static [&'static str],
    /// Names of older releases, with those of today.
    pub old_names: OldNames,
    /// JSON text of an array: the objects every instance has by default, unless it declares its own.
    pub defaults: &'static str,
}

impl Catalogue {
    pub(crate) fn get(&self, name: &str) -> Option<&'static ObjectType> {
        self.iter().find(|entry| entry.name == name || entry.aliases.contains(&name))
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = &'static ObjectType> {
        self.types.iter().copied().flatten()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.iter().map(|entry| entry.name)
    }
}

/// Lets `Box<dyn Any>` of services be asked by type.
pub(crate) type AnyBox = Box<dyn Any + Send + Sync>;
