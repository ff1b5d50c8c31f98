//! From configuration text to running objects.
//!
//! The stages are pure until the last: read → tree → tokens → [`declare`](fn@declare) (typed configurations,
//! checked references) → [`Plan::build`] (objects, nothing started) → [`Unstarted::start`]. Every stage
//! before `build` reports all problems it finds, and none of them opens a socket or a thread.
//!
//! An object type is one struct that implements [`ObjectConfig`]; the types of its fields say what the heap
//! does for it: [`Ref`] is a checked reference to another object, `Expr<T>` is compiled now and evaluated
//! per request, and anything else is evaluated while the configuration is read.

mod budget;
mod build;
mod declare;
mod decorate;
mod deserialize;
mod document;
mod environment;
mod errors;
mod failure;
mod location;
mod log;
mod object;
mod old_names;
mod plan;
mod properties;
mod reference;
mod role;
mod schema;
mod secrets;
mod values;

pub use build::{Builder, Generation, StartError, Started, Starting, Stop, Unstarted};
pub use declare::{Declared, Declarer, LEVEL_SECRETS, Level, declare};
pub use decorate::{Decoration, Decorator, DecoratorRef, Site, SiteKind};
pub use document::{Document, read_document};
pub use environment::{Environment, InstancePaths, ProcessSettings, Services};
pub use errors::{CODES, named_in_heap};
pub use log::log_diagnostics;
pub use object::{Catalogue, Nested, ObjectConfig, ObjectType, Status};
pub use old_names::{OldField, OldNames, OldType};
pub use plan::{LevelScope, Plan};
pub use reference::{OneOrMany, RawNode, Ref, Spanned, Word, WordOr};
pub use role::{AnyObject, ExecutorRef, Role, TemporaryStorageRef};
pub use schema::schema_of;
pub use secrets::{Base64Secret, SecretId};
pub use values::{ExpressionLines, FieldName, JavaPattern, PositiveDuration, StringOrLines, TimeSpan};
