//! Finds what an expression may touch by looking at its paths.
//!
//! A path that cannot be followed (a computed key, the request as a whole) counts as touching everything
//! below it: to buffer an entity in vain costs memory, not to buffer one that is read gives a wrong answer.

use crate::functions::Run;
use crate::node::{MethodCall, Node, PatternSource};
use crate::scope::Root;
use crate::syntax::{BinaryOperator, UnaryOperator};
use crate::uses::Uses;
use crate::value::Value;

/// What the node and all below it may touch.
pub(crate) fn uses(node: &Node) -> Uses {
    match node {
        Node::Constant(_) => Uses::default(),
        Node::Root(_) | Node::Property(..) | Node::Index(..) | Node::Extra(_) => path(node),
        Node::Method(call) => path(&call.base).union(method(call)),
        Node::Call(function, arguments) => {
            let files = Uses { files: !function.pure, ..Uses::default() };
            arguments.iter().map(uses).fold(files, Uses::union)
        }
        Node::PatternCall(function, call) => {
            debug_assert!(matches!(function.run, Run::Pattern { .. }), "compiled only for such functions");
            uses(&call.subject).union(pattern(&call.pattern))
        }
        Node::Unary(UnaryOperator::Empty, operand) => existence(operand),
        Node::Unary(_, operand) => uses(operand),
        Node::Binary(BinaryOperator::Equal | BinaryOperator::NotEqual, operands) => match &**operands {
            [Node::Constant(Value::Null), other] | [other, Node::Constant(Value::Null)] => existence(other),
            [left, right] => uses(left).union(uses(right)),
        },
        Node::Binary(_, operands) => uses(&operands[0]).union(uses(&operands[1])),
        Node::Logic(_, operands) => operands.iter().map(uses).fold(Uses::default(), Uses::union),
        Node::Conditional(parts) => parts.iter().map(uses).fold(Uses::default(), Uses::union),
    }
}

/// What the root itself is, as the first step of a path. Used for places that are written, too.
pub(crate) fn root_uses(root: Root, keys: &[Option<&str>]) -> Uses {
    let first = keys.first().copied();
    // No key: the whole is looked at. A key that is not known could be any.
    let may_be = |names: &[&str]| match first {
        None | Some(None) => true,
        Some(Some(key)) => names.contains(&key),
    };
    let mut uses = Uses::default();
    match root {
        Root::Request => {
            uses.request = true;
            uses.request_entity = may_be(&["entity", "form"]);
        }
        Root::Response => {
            uses.response = true;
            uses.response_entity = may_be(&["entity"]);
        }
        Root::Session => uses.session = true,
        Root::Context | Root::Contexts => {
            uses.context = true;
            // The parent of a context may be that of the session.
            uses.session = may_be(&["session", "parent"]) || keys.contains(&Some("parent"));
        }
        Root::Attributes => uses.context = true,
        Root::Now => uses.now = true,
        Root::Heap | Root::Previous => uses.extras = true,
        Root::Env | Root::System | Root::OpenIg => {}
        Root::Exchange => return exchange(keys),
    }
    uses
}

/// The old single root: its first key is the root of today.
fn exchange(keys: &[Option<&str>]) -> Uses {
    match keys {
        [Some(name), rest @ ..] => match Root::named(name) {
            Some(root) if root != Root::Exchange => root_uses(root, rest),
            _ => Uses { context: true, ..Uses::default() },
        },
        _ => Uses {
            request: true,
            request_entity: true,
            response: true,
            response_entity: true,
            session: true,
            context: true,
            ..Uses::default()
        },
    }
}

/// A path down to its root, and whatever its keys touch.
fn path(node: &Node) -> Uses {
    path_with(node, Vec::new())
}

fn path_with<'n>(node: &'n Node, mut keys: Vec<Option<&'n str>>) -> Uses {
    let mut from_keys = Uses::default();
    let mut node = node;
    loop {
        node = match node {
            Node::Property(base, name) => {
                keys.push(Some(name));
                base
            }
            Node::Index(base, key) => {
                from_keys = from_keys.union(uses(key));
                keys.push(key.constant().and_then(Value::as_str));
                base
            }
            Node::Root(root) => {
                keys.reverse();
                return root_uses(*root, &keys).union(from_keys);
            }
            Node::Extra(_) => return Uses { extras: true, ..from_keys },
            other => return uses(other).union(from_keys),
        };
    }
}

fn method(call: &MethodCall) -> Uses {
    let of_arguments = call.arguments.iter().map(uses).fold(Uses::default(), Uses::union);
    match &call.pattern {
        Some(source) => of_arguments.union(pattern(source)),
        None => of_arguments,
    }
}

fn pattern(source: &PatternSource) -> Uses {
    match source {
        PatternSource::Computed(node, _) => uses(node),
        PatternSource::Fixed(_) | PatternSource::Null => Uses::default(),
    }
}

/// Whether something is there can be seen without reading it.
fn existence(node: &Node) -> Uses {
    match node {
        Node::Root(Root::Request) => Uses { request: true, ..Uses::default() },
        Node::Root(Root::Response) => Uses { response: true, ..Uses::default() },
        other => uses(other),
    }
}
