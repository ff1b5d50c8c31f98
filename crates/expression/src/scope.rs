//! What an expression sees: the roots of its names, and the scope that supplies them per request.

use crate::value::Value;

/// The first word of a path. Which one stands in an expression is settled when it is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// The request in flight.
    Request,
    /// The response; null until there is one.
    Response,
    /// The nearest context.
    Context,
    /// All contexts by name.
    Contexts,
    /// Free space for filters to hand values on: `contexts.attributes.attributes`.
    Attributes,
    /// The session: `contexts.session.session`.
    Session,
    /// Environment variables. Known at load.
    Env,
    /// System properties. Known at load.
    System,
    /// The time of the evaluation; see [`Now`](crate::Now).
    Now,
    /// Folders of the instance. Known at load.
    OpenIg,
    /// Objects of the heap by name, in script arguments.
    Heap,
    /// The value before this rule, in cookie rules.
    Previous,
    /// The one root of version 3 and before: `exchange.request` and so on.
    Exchange,
}

impl Root {
    /// Every root with the names that configurations use for it.
    pub(crate) const NAMES: &'static [(&'static str, Root)] = &[
        ("request", Root::Request),
        ("response", Root::Response),
        ("context", Root::Context),
        ("contexts", Root::Contexts),
        ("attributes", Root::Attributes),
        ("session", Root::Session),
        ("env", Root::Env),
        ("system", Root::System),
        ("now", Root::Now),
        ("openig", Root::OpenIg),
        ("ig", Root::OpenIg),
        ("heap", Root::Heap),
        ("previous", Root::Previous),
        ("exchange", Root::Exchange),
    ];

    /// The root of this name.
    pub fn named(name: &str) -> Option<Root> {
        Root::NAMES.iter().find(|(known, _)| *known == name).map(|(_, root)| *root)
    }

    /// The name as it is written in expressions.
    pub fn name(self) -> &'static str {
        Root::NAMES.iter().find(|(_, root)| *root == self).map_or("", |(name, _)| *name)
    }
}

/// What an evaluation sees: implemented for a request in flight.
pub trait Scope {
    /// The value of a root; null if this scope has none. [`Root::Env`], [`Root::System`] and
    /// [`Root::OpenIg`] are never asked for: they are constants of the [`Bindings`](crate::Bindings).
    fn root(&self, root: Root) -> Value<'_>;

    /// A name of this scope alone, declared with [`Bindings::with_extras`](crate::Bindings::with_extras).
    fn extra(&self, name: &str) -> Value<'_> {
        let _ = name;
        Value::Null
    }
}

/// A scope whose places can be written.
pub trait ScopeMut: Scope {
    /// Puts a value at a place below a root. The message of an error is for the log.
    fn assign(&mut self, root: Root, path: &[Step], value: Value<'static>) -> Result<(), String>;
}

/// One step from a place to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A property or a key: `.name`, `['name']`.
    Key(String),
    /// A position in a list: `[0]`.
    Index(usize),
}

/// The scope in which every name is null: for values that are evaluated at load.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyScope;

impl Scope for EmptyScope {
    fn root(&self, _: Root) -> Value<'_> {
        Value::Null
    }
}
