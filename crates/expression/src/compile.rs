//! From the tree of one `${…}` to a node that can run: names and functions are looked up, patterns compiled,
//! and everything that is known at load is folded. All mistakes of the expression are collected.

use crate::bindings::Bindings;
use crate::errors::{Problem, ProblemKind};
use crate::evaluate::Evaluation;
use crate::functions::{self, Function, Run};
use crate::inference::type_of;
use crate::methods;
use crate::node::{MethodCall, Node, PatternCall, PatternSource};
use crate::pattern::{Anchor, Pattern, PatternMemo};
use crate::scope::{EmptyScope, Root};
use crate::syntax::{Ast, AstKind, Callee};
use crate::types::{Bean, Type};
use crate::value::Value;

/// Compiles a tree. The node is meaningless if errors were added to the problems.
pub(crate) fn compile(ast: Ast, bindings: &Bindings, problems: &mut Vec<Problem>) -> Node {
    Compiler { bindings, problems }.node(ast)
}

struct Compiler<'c> {
    bindings: &'c Bindings,
    problems: &'c mut Vec<Problem>,
}

impl Compiler<'_> {
    fn node(&mut self, ast: Ast) -> Node {
        let node = match ast.kind {
            AstKind::Literal(value) => return Node::Constant(value),
            AstKind::Name(name) => return self.name(name, ast.range),
            AstKind::Property(base, name) => {
                let base = self.node(*base);
                self.check_property(&base, &name, ast.range.end - name.len()..ast.range.end);
                Node::Property(Box::new(base), name)
            }
            AstKind::Index(base, key) => {
                let base = self.node(*base);
                let range = key.range.clone();
                let key = self.node(*key);
                if let (Some(Value::String(name)), Type::Object(_)) =
                    (key.constant(), type_of(&base, self.bindings))
                {
                    self.check_property(&base, name, range);
                }
                Node::Index(Box::new(base), Box::new(key))
            }
            AstKind::Unary(operator, operand) => Node::Unary(operator, Box::new(self.node(*operand))),
            AstKind::Binary(operator, left, right) => {
                let left = self.node(*left);
                Node::Binary(operator, Box::new([left, self.node(*right)]))
            }
            AstKind::Logic(operator, operands) => Node::Logic(operator, self.nodes(operands)),
            AstKind::Conditional(parts) => Node::Conditional(Box::new(parts.map(|part| self.node(part)))),
            AstKind::Call(callee, arguments) => self.call(callee, arguments),
            AstKind::Method(base, callee, arguments) => self.method(*base, callee, arguments),
        };
        fold(node)
    }

    fn nodes(&mut self, asts: Vec<Ast>) -> Vec<Node> {
        asts.into_iter().map(|ast| self.node(ast)).collect()
    }

    fn name(&mut self, name: String, range: std::ops::Range<usize>) -> Node {
        if self.bindings.has_extra(&name) && !matches!(name.as_str(), "env" | "system" | "now") {
            return Node::Extra(name);
        }
        if let Some(root) = Root::named(&name) {
            if let Some(instead) = self.bindings.root(root).and_then(|known| known.instead) {
                self.problems.push(Problem::old_name(range, "root", &name, instead));
            }
            return self.bindings.constant(root).map_or(Node::Root(root), Node::Constant);
        }
        if let Some(value) = self.bindings.property(&name) {
            return Node::Constant(value.clone());
        }
        let candidates = Root::NAMES.iter().map(|(name, _)| *name).chain(self.bindings.names());
        let help = match source::nearest(&name, candidates) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if functions::named(&name).is_some() => format!("to call the function write `{name}(…)`"),
            None => format!("declare it in `properties`, or quote it to mean the text '{name}'"),
        };
        let message = format!("nothing supplies the name `{name}`");
        self.problems.push(Problem::new(range, ProblemKind::UnknownRoot, message).help(help));
        Node::Constant(Value::Null)
    }

    fn call(&mut self, callee: Callee, arguments: Vec<Ast>) -> Node {
        let Some(function) = functions::named(&callee.name) else {
            self.problems.push(functions::unknown(callee));
            self.nodes(arguments);
            return Node::Constant(Value::Null);
        };
        if !function.arity().contains(&arguments.len()) {
            self.wrong_count("function", &callee, function.arity(), arguments.len());
            self.nodes(arguments);
            return Node::Constant(Value::Null);
        }
        if let Some(instead) = function.instead {
            self.problems.push(Problem::old_name(callee.range.clone(), "function", &callee.name, instead));
        }
        match function.run {
            Run::Values(_) => Node::Call(function, self.nodes(arguments)),
            Run::Pattern { .. } => self.pattern_call(function, arguments),
            Run::Token => self.token(&callee, arguments),
        }
    }

    /// A property token is looked up now: later there is nothing to look it up in.
    fn token(&mut self, callee: &Callee, arguments: Vec<Ast>) -> Node {
        let range = arguments.first().map_or_else(|| callee.range.clone(), |name| name.range.clone());
        let names = self.nodes(arguments);
        let Some(name) = names.first().and_then(Node::constant) else {
            let message = format!("`{}` takes a text that is known at load", callee.name);
            self.problems.push(Problem::new(range, ProblemKind::Arguments, message));
            return Node::Constant(Value::Null);
        };
        let value = self.bindings.token(&name.to_text());
        if value.is_none() {
            let message = format!("the property token `{}` has no value; it is null", name.to_text());
            let problem = Problem::new(range, ProblemKind::UnresolvedToken, message);
            self.problems.push(problem.help("write `&{name|default}`"));
        }
        Node::Constant(value.map_or(Value::Null, Value::owned_text))
    }

    fn pattern_call(&mut self, function: &'static Function, arguments: Vec<Ast>) -> Node {
        let mut arguments = arguments.into_iter();
        let (Some(subject), Some(pattern)) = (arguments.next(), arguments.next()) else {
            // Cannot happen while each of these functions takes two arguments.
            return Node::Constant(Value::Null);
        };
        let subject = self.node(subject);
        let pattern = self.pattern(pattern, function.anchor());
        Node::PatternCall(function, Box::new(PatternCall { subject, pattern }))
    }

    /// A pattern that is known at load is compiled now, so that a malformed one is found now.
    fn pattern(&mut self, ast: Ast, anchor: Anchor) -> PatternSource {
        let range = ast.range.clone();
        let node = self.node(ast);
        let text = match node.constant() {
            None => return PatternSource::Computed(Box::new(node), PatternMemo::new(anchor)),
            Some(Value::Null) => return PatternSource::Null,
            Some(value) => value.to_text(),
        };
        match Pattern::compile_for(&text, anchor) {
            Ok(pattern) => PatternSource::Fixed(pattern),
            Err(problem) => {
                // Escapes may have been taken out of the text, so the whole argument is marked.
                self.problems.push(Problem { range, ..problem });
                PatternSource::Null
            }
        }
    }

    fn method(&mut self, base: Ast, callee: Callee, arguments: Vec<Ast>) -> Node {
        let base = self.node(base);
        let count = arguments.len();
        match type_of(&base, self.bindings) {
            Type::Object(bean) => self.check_method_of(bean, &callee, count),
            plain => plain.kind().into_iter().for_each(|kind| self.check_method(kind, &callee, count)),
        }
        let anchor = methods::pattern_anchor(&callee.name);
        let mut arguments = arguments.into_iter();
        let mut pattern = None;
        let mut nodes = Vec::with_capacity(count);
        if let Some(anchor) = anchor
            && let Some(first) = arguments.next()
        {
            pattern = Some(self.pattern(first, anchor));
        }
        nodes.extend(arguments.map(|ast| self.node(ast)));
        let candidates = methods::candidates(&callee.name, count);
        Node::Method(Box::new(MethodCall { base, name: callee.name, candidates, arguments: nodes, pattern }))
    }

    /// Complains about a method that values of a known type do not have.
    fn check_method(&mut self, kind: methods::Kind, callee: &Callee, count: usize) {
        let named: Vec<_> = methods::of(kind).filter(|method| method.name == callee.name).collect();
        if named.iter().any(|method| method.arity.contains(&count)) {
            return;
        }
        if let Some(method) = named.first() {
            self.wrong_count("method", callee, method.arity.clone(), count);
            return;
        }
        let known = methods::of(kind).map(|method| method.name);
        let owner = format!("a value of type {}", kind.name());
        self.problems.push(Problem::unknown_method(callee, &owner, known));
    }

    /// Complains about a method that an object of a known type does not have.
    fn check_method_of(&mut self, bean: &'static Bean, callee: &Callee, count: usize) {
        let getter = methods::property_of_getter(&callee.name).filter(|_| count == 0);
        let own = || bean.methods.iter().map(|(name, _)| *name);
        let known = || own().chain(methods::of_objects(bean.others.is_some()));
        let is_known = known().any(|name| name == callee.name);
        if !is_known && getter.is_none_or(|property| bean.at(&property).is_none()) {
            self.problems.push(Problem::unknown_method(callee, &format!("`{}`", bean.name), known()));
        }
    }

    /// Complains about a property that values of a known type do not have, or have under another name now.
    fn check_property(&mut self, base: &Node, name: &str, range: std::ops::Range<usize>) {
        let problem = match type_of(base, self.bindings) {
            Type::Object(bean) => match bean.property(name) {
                Some(property) => property.instead.map(|instead| {
                    Problem::old_name(range, "property", &format!("{}.{name}", bean.name), instead)
                }),
                None if bean.others.is_some() => None,
                None => {
                    let known = bean.properties.iter().map(|property| property.name);
                    Some(Problem::unknown_property(range, &format!("`{}`", bean.name), name, known))
                }
            },
            Type::Text if matches!(name, "empty" | "bytes") => None,
            Type::Any | Type::Map(_) => None,
            plain => {
                let owner = plain.kind().map_or("bytes", methods::Kind::name);
                let problem = Problem::unknown_property(range, &format!("a value of type {owner}"), name, []);
                let is_method =
                    plain.kind().is_some_and(|kind| methods::of(kind).any(|method| method.name == name));
                Some(if is_method {
                    problem.help(format!("to call the method write `{name}()`"))
                } else {
                    problem
                })
            }
        };
        self.problems.extend(problem);
    }

    fn wrong_count(
        &mut self,
        what: &str,
        callee: &Callee,
        arity: std::ops::RangeInclusive<usize>,
        found: usize,
    ) {
        let wanted = match (*arity.start(), *arity.end()) {
            (1, 1) => "1 argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        let message = format!("the {what} `{}` takes {wanted}, not {found}", callee.name);
        self.problems.push(Problem::new(callee.range.clone(), ProblemKind::Arguments, message));
    }
}

/// The value of a node whose parts are all known; otherwise the node. A node that fails is left to fail at
/// each evaluation, so that it counts as null there.
fn fold(node: Node) -> Node {
    if let Node::Conditional(parts) = node {
        return fold_conditional(parts);
    }
    if !is_foldable(&node) {
        return node;
    }
    let value = match Evaluation::new(&EmptyScope).run(&node) {
        Ok(value) => value.into_owned(),
        Err(_) => return node,
    };
    Node::Constant(value)
}

fn fold_conditional(parts: Box<[Node; 3]>) -> Node {
    let condition = parts[0].constant().and_then(|condition| condition.to_bool().ok());
    let Some(condition) = condition else {
        return Node::Conditional(parts);
    };
    let [_, yes, no] = *parts;
    if condition { yes } else { no }
}

/// Whether evaluating now yields what every later evaluation would.
fn is_foldable(node: &Node) -> bool {
    let known = |node: &Node| node.constant().is_some();
    match node {
        Node::Constant(_) | Node::Root(_) | Node::Extra(_) | Node::Conditional(_) => false,
        Node::Property(base, _) => known(base),
        Node::Index(base, key) => known(base) && known(key),
        Node::Method(call) => {
            known(&call.base)
                && call.arguments.iter().all(known)
                && !matches!(call.pattern, Some(PatternSource::Computed(..)))
        }
        Node::Call(function, arguments) => function.pure && arguments.iter().all(known),
        Node::PatternCall(_, call) => {
            known(&call.subject) && !matches!(call.pattern, PatternSource::Computed(..))
        }
        Node::Unary(_, operand) => known(operand),
        Node::Binary(_, operands) => operands.iter().all(known),
        Node::Logic(_, operands) => operands.iter().all(known),
    }
}
