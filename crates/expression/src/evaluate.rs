//! Runs a compiled expression against a scope.
//!
//! Text is borrowed from the scope or the expression and arguments live on the stack, so that a plain
//! comparison or match on the request path allocates nothing.

use std::cell::Cell;

use crate::cursor::Cursor;
use crate::errors::EvaluationError;
use crate::functions::{Function, Run};
use crate::methods;
use crate::node::{MethodCall, Node, PatternCall, PatternSource};
use crate::operators;
use crate::pattern::Pattern;
use crate::scope::Scope;
use crate::syntax::{LogicOperator, UnaryOperator};
use crate::value::{ObjectRef, Value, position};

/// More steps than this in one evaluation are a mistake or an attack.
pub const STEPS_MAX: u32 = 100_000;

/// A text longer than this, in bytes, is not built: repeated replacement could otherwise grow without end.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The outcome of a node, function or method.
pub(crate) type Outcome<'a> = Result<Value<'a>, EvaluationError>;

/// One evaluation: what it sees, and how far it may still go.
pub(crate) struct Evaluation<'a> {
    scope: &'a dyn Scope,
    steps: Cell<u32>,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(scope: &'a dyn Scope) -> Evaluation<'a> {
        Evaluation { scope, steps: Cell::new(STEPS_MAX) }
    }

    pub(crate) fn run(&self, node: &'a Node) -> Outcome<'a> {
        if !matches!(node, Node::Property(..) | Node::Index(..)) {
            self.count()?;
        } else if let Some(value) = self.direct(node) {
            self.count()?;
            return Ok(value);
        }
        match node {
            Node::Constant(value) => Ok(value.view()),
            Node::Root(root) => Ok(self.scope.root(*root)),
            Node::Extra(name) => Ok(self.scope.extra(name)),
            Node::Property(..) | Node::Index(..) => self.follow(node).map(Cursor::value),
            Node::Method(call) => self.method(call),
            Node::Call(function, arguments) => self.call(function, arguments),
            Node::PatternCall(function, call) => self.pattern_call(function, call),
            Node::Unary(operator, operand) => operators::unary(*operator, &self.run(operand)?),
            Node::Binary(operator, operands) => {
                let left = self.run(&operands[0])?;
                let right = self.run(&operands[1])?;
                operators::binary(*operator, &left, &right)
            }
            Node::Logic(operator, operands) => self.logic(*operator, operands).map(Value::Bool),
            Node::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                if self.truth(condition)? { self.run(yes) } else { self.run(no) }
            }
        }
    }

    #[inline]
    fn count(&self) -> Result<(), EvaluationError> {
        match self.steps.get() {
            0 => Err(EvaluationError::new("the expression takes too many steps")),
            left => {
                self.steps.set(left - 1);
                Ok(())
            }
        }
    }

    /// A property of a property of a root, which most paths are: asked for at once, since moving values from
    /// step to step costs more than looking them up. Nothing where the object does not offer that.
    #[inline]
    fn direct(&self, node: &'a Node) -> Option<Value<'a>> {
        let Node::Property(base, name) = node else { return None };
        let Node::Property(root, first) = &**base else { return None };
        let Node::Root(root) = **root else { return None };
        match self.scope.root(root) {
            Value::Object(ObjectRef::Borrowed(object)) => object.within(first, &Value::text(name)),
            _ => None,
        }
    }

    /// Follows a path to its last step.
    fn follow(&self, node: &'a Node) -> Result<Cursor<'a>, EvaluationError> {
        match node {
            Node::Root(root) => {
                self.count()?;
                Ok(Cursor::At(self.scope.root(*root)))
            }
            Node::Property(base, name) => {
                self.count()?;
                Ok(self.follow(base)?.property(name))
            }
            Node::Index(base, key) => {
                self.count()?;
                let from = self.follow(base)?;
                if matches!(from, Cursor::At(Value::Null)) {
                    return Ok(from);
                }
                let key = self.run(key)?;
                // A constant collection lends its elements; another one would have to copy them.
                let lent = match (base.constant(), &key) {
                    (Some(Value::Map(map)), Value::String(name)) => map.get(&**name),
                    (Some(Value::List(list)), key) => position(key).and_then(|at| list.get(at)),
                    _ => None,
                };
                Ok(lent.map_or_else(|| from.index(&key), |element| Cursor::At(element.view())))
            }
            other => self.run(other).map(Cursor::At),
        }
    }

    fn logic(&self, operator: LogicOperator, operands: &'a [Node]) -> Result<bool, EvaluationError> {
        let decisive = operator == LogicOperator::Or;
        for operand in operands {
            if self.truth(operand)? == decisive {
                return Ok(decisive);
            }
        }
        Ok(!decisive)
    }

    /// The node as a condition: what is a boolean anyway is not made a value first.
    fn truth(&self, node: &'a Node) -> Result<bool, EvaluationError> {
        match node {
            Node::Logic(operator, operands) => {
                self.count()?;
                self.logic(*operator, operands)
            }
            Node::Unary(UnaryOperator::Empty, operand) => {
                self.count()?;
                Ok(operators::is_empty(&self.run(operand)?))
            }
            Node::Unary(UnaryOperator::Not, operand) => {
                self.count()?;
                Ok(!self.truth(operand)?)
            }
            other => self.run(other)?.to_bool(),
        }
    }

    fn call(&self, function: &'static Function, arguments: &'a [Node]) -> Outcome<'a> {
        let Run::Values(run) = function.run else {
            return Err(EvaluationError::new("the function needs a pattern"));
        };
        self.with_arguments(arguments, run)
    }

    /// Evaluates the arguments, the usual one to three of them on the stack.
    fn with_arguments<R>(
        &self,
        arguments: &'a [Node],
        run: impl FnOnce(&[Value<'a>]) -> Result<R, EvaluationError>,
    ) -> Result<R, EvaluationError> {
        match arguments {
            [] => run(&[]),
            [first] => run(&[self.run(first)?]),
            [first, second] => run(&[self.run(first)?, self.run(second)?]),
            [first, second, third] => run(&[self.run(first)?, self.run(second)?, self.run(third)?]),
            more => {
                let values = more.iter().map(|node| self.run(node)).collect::<Result<Vec<_>, _>>()?;
                run(&values)
            }
        }
    }

    fn pattern_call(&self, function: &'static Function, call: &'a PatternCall) -> Outcome<'a> {
        let Run::Pattern { run, unmatched } = function.run else {
            return Err(EvaluationError::new("the function takes no pattern"));
        };
        let subject = self.run(&call.subject)?;
        self.with_pattern(&call.pattern, |pattern| match pattern {
            Some(pattern) => run(&subject, pattern),
            None => Ok(unmatched()),
        })
    }

    /// Hands over the pattern; nothing for one that is null or malformed, which is logged.
    fn with_pattern<R>(
        &self,
        source: &'a PatternSource,
        use_it: impl FnOnce(Option<&Pattern>) -> Result<R, EvaluationError>,
    ) -> Result<R, EvaluationError> {
        match source {
            PatternSource::Fixed(pattern) => use_it(Some(pattern)),
            PatternSource::Null => use_it(None),
            PatternSource::Computed(node, memo) => {
                let text = self.run(node)?;
                if text.is_null() {
                    return use_it(None);
                }
                use_it(memo.get(&text.to_text()).as_ref())
            }
        }
    }

    fn method(&self, call: &'a MethodCall) -> Outcome<'a> {
        let base = self.run(&call.base)?;
        if base.is_null() {
            // JUEL goes on with null, and does not look at the arguments.
            return Ok(Value::Null);
        }
        let Some(source) = &call.pattern else {
            return self.with_arguments(&call.arguments, |arguments| methods::call(call, &base, arguments));
        };
        let rest = call.arguments.first().map(|node| self.run(node)).transpose()?;
        if matches!(base, Value::String(_)) {
            return self.with_pattern(source, |pattern| {
                let pattern =
                    pattern.ok_or_else(|| EvaluationError::new("the pattern is null or malformed"))?;
                methods::with_pattern(&call.name, &base, pattern, rest.as_ref())
            });
        }
        // An object's own method of such a name takes plain text.
        let first = match source {
            PatternSource::Fixed(pattern) => Value::text(pattern.source()),
            PatternSource::Null => Value::Null,
            PatternSource::Computed(node, _) => self.run(node)?,
        };
        match rest {
            Some(rest) => methods::call(call, &base, &[first, rest]),
            None => methods::call(call, &base, &[first]),
        }
    }
}
