//! The compiled expression: names resolved, functions looked up, patterns compiled, constants folded.

use crate::functions::Function;
use crate::methods::Method;
use crate::pattern::{Pattern, PatternMemo};
use crate::scope::Root;
use crate::syntax::{BinaryOperator, LogicOperator, UnaryOperator};
use crate::value::Value;

#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value<'static>),
    Root(Root),
    /// A name that only some scopes supply.
    Extra(String),
    Property(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Method(Box<MethodCall>),
    Call(&'static Function, Vec<Node>),
    /// A function whose last argument is a pattern.
    PatternCall(&'static Function, Box<PatternCall>),
    Unary(UnaryOperator, Box<Node>),
    Binary(BinaryOperator, Box<[Node; 2]>),
    Logic(LogicOperator, Vec<Node>),
    Conditional(Box<[Node; 3]>),
}

#[derive(Debug)]
pub(crate) struct MethodCall {
    pub(crate) base: Node,
    pub(crate) name: String,
    /// The methods of plain values that have this name and take this many arguments.
    pub(crate) candidates: Vec<&'static Method>,
    /// The arguments, without the one that is a pattern.
    pub(crate) arguments: Vec<Node>,
    /// The first argument, for methods of texts that take a pattern.
    pub(crate) pattern: Option<PatternSource>,
}

#[derive(Debug)]
pub(crate) struct PatternCall {
    pub(crate) subject: Node,
    pub(crate) pattern: PatternSource,
}

/// Where the pattern of a call comes from.
#[derive(Debug)]
pub(crate) enum PatternSource {
    /// Known at load, and compiled then.
    Fixed(Pattern),
    /// Null at load: it matches nothing.
    Null,
    /// Worked out per evaluation. The last one is kept, since it seldom changes.
    Computed(Box<Node>, PatternMemo),
}

impl Node {
    /// The value, if it is known at load.
    pub(crate) fn constant(&self) -> Option<&Value<'static>> {
        match self {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }
}
