//! Works out the guard of a compiled condition.
//!
//! Everything here errs to one side: what is not understood admits every request.

use crate::guard::{Guard, Start, Subject};
use crate::node::{MethodCall, Node, PatternCall, PatternSource};
use crate::pattern::Anchor;
use crate::syntax::{BinaryOperator, LogicOperator, UnaryOperator};
use crate::value::Value;

/// The guard of a condition that is one `${…}`.
pub(crate) fn of_condition(node: &Node) -> Guard {
    truth(node)
}

/// The guard of a condition whose value is known at load: only the boolean will do.
pub(crate) fn of_constant(value: &Value<'_>) -> Guard {
    if matches!(value, Value::Bool(true)) { Guard::default() } else { Guard::never() }
}

/// What is so whenever the node's value counts as true.
fn truth(node: &Node) -> Guard {
    match node {
        Node::Constant(value) if value.to_bool().unwrap_or(false) => Guard::default(),
        Node::Constant(_) => Guard::never(),
        Node::PatternCall(function, call) => match function.name {
            "find" | "matches" | "matchesWithRegex" => pattern_call(call, function.anchor()),
            _ => Guard::default(),
        },
        Node::Method(call) => method(call),
        Node::Logic(LogicOperator::And, operands) => Guard::all(operands.iter().map(truth)),
        Node::Logic(LogicOperator::Or, operands) => Guard::any(operands.iter().map(truth)),
        Node::Conditional(parts) => Guard::any([truth(&parts[1]), truth(&parts[2])]),
        Node::Binary(BinaryOperator::Equal, operands) => match &**operands {
            [Node::Constant(Value::Null), _] | [_, Node::Constant(Value::Null)] => Guard::default(),
            [Node::Constant(value), other] | [other, Node::Constant(value)] => equality(other, value),
            _ => Guard::default(),
        },
        Node::Binary(BinaryOperator::NotEqual, operands) => match &**operands {
            [Node::Constant(Value::Null), other] | [other, Node::Constant(Value::Null)] => presence(other),
            _ => Guard::default(),
        },
        Node::Unary(UnaryOperator::Not, operand) => match &**operand {
            Node::Unary(UnaryOperator::Empty, operand) => presence(operand),
            _ => Guard::default(),
        },
        _ => Guard::default(),
    }
}

/// What is so whenever the node's value is not null.
fn presence(node: &Node) -> Guard {
    match node {
        // Nothing is found in null.
        Node::Property(base, _) | Node::Index(base, _) => presence(base),
        Node::PatternCall(function, call) if matches!(function.name, "findGroups" | "matchingGroups") => {
            pattern_call(call, function.anchor())
        }
        _ => Guard::default(),
    }
}

/// What is so whenever the node's value equals one that is not null.
fn equality(node: &Node, value: &Value<'_>) -> Guard {
    match (Subject::of(node), value) {
        (Some(subject), Value::String(text)) => Guard::single(subject, vec![Start::whole(text.as_bytes())]),
        _ => presence(node),
    }
}

fn pattern_call(call: &PatternCall, anchor: Anchor) -> Guard {
    match (&call.pattern, Subject::of(&call.subject)) {
        (PatternSource::Null, _) => Guard::never(),
        (PatternSource::Fixed(pattern), Some(subject)) => begins(subject, pattern.starts(anchor)),
        _ => Guard::default(),
    }
}

fn method(call: &MethodCall) -> Guard {
    let Some(subject) = Subject::of(&call.base) else { return Guard::default() };
    let argument = match call.arguments.as_slice() {
        [argument] => argument.constant().and_then(Value::as_str),
        _ => None,
    };
    match (call.name.as_str(), &call.pattern, argument) {
        ("matches", Some(PatternSource::Fixed(pattern)), None) if call.arguments.is_empty() => {
            begins(subject, pattern.starts(Anchor::Whole))
        }
        ("startsWith", None, Some(text)) => Guard::single(subject, vec![Start::beginning(text.as_bytes())]),
        ("equals", None, Some(text)) => Guard::single(subject, vec![Start::whole(text.as_bytes())]),
        _ => Guard::default(),
    }
}

fn begins(subject: Subject, starts: Option<Vec<Start>>) -> Guard {
    starts.map_or_else(Guard::default, |starts| Guard::single(subject, starts))
}
