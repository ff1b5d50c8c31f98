//! The tree that the parser makes of one `${…}`: what was written, with the place of each part.

use std::ops::Range;

use crate::value::Value;

/// Longest text of one `${…}`, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 65_536;

/// Deepest nesting of brackets, operators and paths. Reading, checking and evaluating an expression recurse
/// once per level, so this bounds the stack.
pub const DEPTH_MAX: usize = 128;

/// An expression or a part of one.
#[derive(Debug)]
pub(crate) struct Ast {
    pub(crate) kind: AstKind,
    /// Place in the text, in bytes.
    pub(crate) range: Range<usize>,
    /// Levels below and including this one.
    pub(crate) height: usize,
}

#[derive(Debug)]
pub(crate) enum AstKind {
    Literal(Value<'static>),
    Name(String),
    Property(Box<Ast>, String),
    Index(Box<Ast>, Box<Ast>),
    Method(Box<Ast>, Callee, Vec<Ast>),
    Call(Callee, Vec<Ast>),
    Unary(UnaryOperator, Box<Ast>),
    Binary(BinaryOperator, Box<Ast>, Box<Ast>),
    /// `and` or `or` of two or more: flat, so that a long list of alternatives is not a deep tree.
    Logic(LogicOperator, Vec<Ast>),
    Conditional(Box<[Ast; 3]>),
}

/// The name of a function or method, and where it stands.
#[derive(Debug)]
pub(crate) struct Callee {
    pub(crate) name: String,
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOperator {
    Negate,
    Not,
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOperator {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogicOperator {
    And,
    Or,
}

/// Words that cannot be names. They may follow a dot.
pub(crate) const RESERVED: &[&str] = &[
    "and",
    "or",
    "not",
    "eq",
    "ne",
    "lt",
    "gt",
    "le",
    "ge",
    "true",
    "false",
    "null",
    "instanceof",
    "empty",
    "div",
    "mod",
];
