//! What can be said of conditions before there is a request: that one never holds, or that one holds whenever
//! another does.
//!
//! A claim made here tells somebody that a route is dead, so only what is certain is claimed. Everything else,
//! and everything that takes too many steps to find out, counts as not known.

use crate::expr::Expr;
use crate::functions::Function;
use crate::node::{MethodCall, Node, PatternCall, PatternSource};
use crate::scope::Root;
use crate::syntax::{BinaryOperator, LogicOperator};
use crate::value::Value;

/// Pairs of parts that are compared for one answer. Long conditions beyond it count as unrelated, since the
/// pairs of two nested conditions are too many to try them all.
const COMPARISONS_MAX: u32 = 512;

impl Expr<bool> {
    /// Whether the condition holds for every request.
    pub fn is_always_true(&self) -> bool {
        matches!(self.template().constant(), Some(Value::Bool(true)))
    }

    /// Whether there cannot be a request for which the condition holds.
    pub fn is_never_true(&self) -> bool {
        match (self.template().constant(), self.template().node()) {
            (Some(value), _) => !matches!(value, Value::Bool(true)),
            (None, Some(node)) => is_never_true(node),
            (None, None) => false,
        }
    }

    /// Whether `other` certainly holds for every request for which this condition holds.
    pub fn implies(&self, other: &Expr<bool>) -> bool {
        if other.is_always_true() {
            return true;
        }
        // The two are evaluated one after the other: what changes in between proves nothing.
        let uses = self.uses().union(other.uses());
        if uses.now || uses.files || uses.extras {
            return false;
        }
        match (self.template().node(), other.template().node()) {
            (Some(given), Some(wanted)) => Comparison { left: COMPARISONS_MAX }.implies(given, wanted),
            _ => false,
        }
    }
}

fn is_never_true(node: &Node) -> bool {
    match node {
        Node::Constant(value) => !value.to_bool().unwrap_or(false),
        Node::Logic(LogicOperator::And, operands) => operands.iter().any(is_never_true),
        Node::Logic(LogicOperator::Or, operands) => operands.iter().all(is_never_true),
        _ => false,
    }
}

struct Comparison {
    left: u32,
}

impl Comparison {
    /// Whether `wanted` yields true in every evaluation in which `given` does. Failures are part of it: where
    /// `wanted` could fail, nothing is claimed.
    fn implies(&mut self, given: &Node, wanted: &Node) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        if is_same(given, wanted) || follows_from_start(given, wanted) {
            return true;
        }
        let from_parts = match given {
            Node::Logic(LogicOperator::And, parts) => parts.iter().any(|part| self.implies(part, wanted)),
            Node::Logic(LogicOperator::Or, parts) => parts.iter().all(|part| self.implies(part, wanted)),
            _ => false,
        };
        from_parts
            || match wanted {
                Node::Constant(value) => value.to_bool().unwrap_or(false),
                Node::Logic(LogicOperator::And, parts) => parts.iter().all(|part| self.implies(given, part)),
                Node::Logic(LogicOperator::Or, parts) => self.implies_one(given, parts),
                _ => false,
            }
    }

    /// A part that is true makes the whole true, unless one before it fails.
    fn implies_one(&mut self, given: &Node, parts: &[Node]) -> bool {
        for part in parts {
            if self.implies(given, part) {
                return true;
            }
            if !never_fails(part) {
                return false;
            }
        }
        false
    }
}

/// Whether `wanted` looks for text at the start of something whose start `given` makes sure of.
fn follows_from_start(given: &Node, wanted: &Node) -> bool {
    let Some((subject, pattern)) = fixed_search(wanted) else { return false };
    let Some(start) = pattern.literal_start() else { return false };
    match given {
        Node::Binary(BinaryOperator::Equal, operands) => match &**operands {
            [known, Node::Constant(Value::String(text))] | [Node::Constant(Value::String(text)), known] => {
                is_text(known) && is_same(known, subject) && text.starts_with(start)
            }
            _ => false,
        },
        given => fixed_search(given).is_some_and(|(known, pattern)| {
            is_same(known, subject) && required_start(pattern.source()).starts_with(start)
        }),
    }
}

/// The subject and the pattern of a search that is true or false and never fails.
fn fixed_search(node: &Node) -> Option<(&Node, &crate::Pattern)> {
    match node {
        Node::PatternCall(function, call) if matches!(function.name, "find" | "matches") => {
            match (&**call, never_fails(&call.subject)) {
                (PatternCall { subject, pattern: PatternSource::Fixed(pattern) }, true) => {
                    Some((subject, pattern))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn never_fails(node: &Node) -> bool {
    match node {
        Node::Constant(_) | Node::Root(_) => true,
        Node::Property(base, _) => never_fails(base),
        Node::Index(base, key) => never_fails(base) && never_fails(key),
        _ => fixed_search(node).is_some(),
    }
}

/// Properties of the request that are text whatever the request: compared with text, nothing is converted.
fn is_text(node: &Node) -> bool {
    let Node::Property(base, name) = node else { return false };
    match &**base {
        Node::Root(Root::Request) => name == "method",
        Node::Property(base, uri) => {
            matches!(**base, Node::Root(Root::Request))
                && uri == "uri"
                && matches!(&**name, "path" | "host" | "scheme")
        }
        _ => false,
    }
}

/// The text with which everything begins that the pattern is found in; empty if none is certain.
fn required_start(pattern: &str) -> String {
    let Some(rest) = pattern.strip_prefix('^') else { return String::new() };
    // An alternative may begin otherwise; one inside a group stands behind the text that is taken here.
    let mut depth = 0_usize;
    let mut start = String::new();
    let mut is_open = true;
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = match character {
            '\\' => match characters.next() {
                // Quoted stretches hide brackets and bars.
                Some('Q') => return String::new(),
                escaped => escaped.filter(|escaped| !escaped.is_alphanumeric()),
            },
            // A class may hold brackets itself; without a bar anywhere behind they do not matter.
            '[' if characters.any(|character| character == '|') => return String::new(),
            '[' => return start,
            '(' => {
                depth += 1;
                None
            }
            ')' => {
                depth = depth.saturating_sub(1);
                None
            }
            '|' if depth == 0 => return String::new(),
            '.' | '$' | '^' | '|' | '?' | '*' | '+' | '{' | '}' => None,
            plain => Some(plain),
        };
        // What may be left out, or stand several times, is not part of the start.
        let is_repeated = matches!(characters.peek(), Some('?' | '*' | '{' | '+'));
        match literal.filter(|_| is_open && !is_repeated) {
            Some(literal) => start.push(literal),
            None => is_open = false,
        }
    }
    start
}

/// Whether two nodes yield the same in the same evaluation.
fn is_same(left: &Node, right: &Node) -> bool {
    match (left, right) {
        (Node::Constant(left), Node::Constant(right)) => is_same_constant(left, right),
        (Node::Root(left), Node::Root(right)) => left == right,
        (Node::Property(left, name), Node::Property(right, other)) => name == other && is_same(left, right),
        (Node::Index(left, key), Node::Index(right, other)) => is_same(left, right) && is_same(key, other),
        (Node::Method(left), Node::Method(right)) => is_same_method(left, right),
        (Node::Call(left, arguments), Node::Call(right, others)) => {
            is_same_function(left, right) && are_same(arguments, others)
        }
        (Node::PatternCall(left, call), Node::PatternCall(right, other)) => {
            is_same_function(left, right)
                && is_same(&call.subject, &other.subject)
                && is_same_pattern(&call.pattern, &other.pattern)
        }
        (Node::Unary(left, operand), Node::Unary(right, other)) => left == right && is_same(operand, other),
        (Node::Binary(left, operands), Node::Binary(right, others)) => {
            left == right && are_same(&**operands, &**others)
        }
        (Node::Logic(left, operands), Node::Logic(right, others)) => {
            left == right && are_same(operands, others)
        }
        (Node::Conditional(left), Node::Conditional(right)) => are_same(&**left, &**right),
        _ => false,
    }
}

fn are_same(left: &[Node], right: &[Node]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right))
}

fn is_same_function(left: &Function, right: &Function) -> bool {
    left.name == right.name
}

fn is_same_method(left: &MethodCall, right: &MethodCall) -> bool {
    let patterns = match (&left.pattern, &right.pattern) {
        (None, None) => true,
        (Some(left), Some(right)) => is_same_pattern(left, right),
        _ => false,
    };
    patterns
        && left.name == right.name
        && is_same(&left.base, &right.base)
        && are_same(&left.arguments, &right.arguments)
}

fn is_same_pattern(left: &PatternSource, right: &PatternSource) -> bool {
    match (left, right) {
        (PatternSource::Fixed(left), PatternSource::Fixed(right)) => left.source() == right.source(),
        (PatternSource::Null, PatternSource::Null) => true,
        (PatternSource::Computed(left, _), PatternSource::Computed(right, _)) => is_same(left, right),
        _ => false,
    }
}

/// Collections count as different: a condition seldom holds one.
fn is_same_constant(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        _ => false,
    }
}
