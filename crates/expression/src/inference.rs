//! The type of a compiled node, as far as it can be told before any request.

use crate::bindings::Bindings;
use crate::node::Node;
use crate::syntax::{BinaryOperator, UnaryOperator};
use crate::types::Type;

/// The type of every value of this node that is not null.
pub(crate) fn type_of(node: &Node, bindings: &Bindings) -> Type {
    match node {
        Node::Constant(value) => Type::of(value),
        Node::Root(root) => bindings.root(*root).map_or(Type::Any, |known| known.of),
        Node::Extra(_) => Type::Any,
        Node::Property(base, name) => type_of(base, bindings).property(name),
        Node::Index(base, key) => type_of(base, bindings).index(key.constant()),
        Node::Method(call) => type_of(&call.base, bindings).method(&call.name),
        Node::Call(function, _) | Node::PatternCall(function, _) => function.returns,
        Node::Unary(UnaryOperator::Negate, _) => Type::Number,
        Node::Unary(..) | Node::Logic(..) => Type::Bool,
        Node::Binary(operator, _) => match operator {
            BinaryOperator::Add
            | BinaryOperator::Subtract
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Remainder => Type::Number,
            _ => Type::Bool,
        },
        Node::Conditional(parts) => {
            let [_, yes, no] = &**parts;
            let (yes, no) = (type_of(yes, bindings), type_of(no, bindings));
            if yes.is_like(no) { yes } else { Type::Any }
        }
    }
}
