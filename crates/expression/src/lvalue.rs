//! A place that can be written: `${attributes.user}`, `${session['token']}`.

use std::fmt;
use std::sync::Arc;

use crate::analysis;
use crate::bindings::Bindings;
use crate::compile;
use crate::errors::{Problem, ProblemKind};
use crate::evaluate::Evaluation;
use crate::node::Node;
use crate::outline::outline;
use crate::parser;
use crate::scope::{Root, ScopeMut, Step};
use crate::uses::Uses;
use crate::value::{Value, position};

/// A single `${a.b['c']}` that names a writable place.
#[derive(Clone)]
pub struct LValue(Arc<Place>);

struct Place {
    root: Root,
    path: Path,
    uses: Uses,
    source: Box<str>,
    outline: Box<str>,
    warnings: Vec<Problem>,
}

/// The steps below the root, if they are known at load, else what computes them.
enum Path {
    Fixed(Vec<Step>),
    Computed(Vec<ComputedStep>),
}

enum ComputedStep {
    Fixed(Step),
    Key(Node),
}

impl LValue {
    /// Compiles a place; on failure yields all its mistakes.
    pub fn compile(text: &str, bindings: &Bindings) -> Result<LValue, Vec<Problem>> {
        let (node, warnings) = single(text, bindings)?;
        let mut steps = Vec::new();
        let root = match split(node, &mut steps) {
            Some(root) => root,
            None => return Err(vec![not_assignable(text, "it does not begin with a root that is writable")]),
        };
        if matches!(root, Root::Env | Root::System | Root::Now | Root::OpenIg) {
            return Err(vec![not_assignable(text, &format!("`{}` is read-only", root.name()))]);
        }
        steps.reverse();
        let uses = uses(root, &steps);
        let path = match steps.iter().map(ComputedStep::fixed).collect::<Option<Vec<_>>>() {
            Some(fixed) => Path::Fixed(fixed.into_iter().cloned().collect()),
            None => Path::Computed(steps),
        };
        let (source, outline) = (text.into(), outline(text));
        Ok(LValue(Arc::new(Place { root, path, uses, source, outline, warnings })))
    }

    /// Writes a value to the place. The message of an error is for the log.
    pub fn assign(&self, scope: &mut dyn ScopeMut, value: Value<'static>) -> Result<(), String> {
        match &self.0.path {
            Path::Fixed(path) => scope.assign(self.0.root, path, value),
            Path::Computed(steps) => {
                let path = computed(steps, &*scope)?;
                scope.assign(self.0.root, &path, value)
            }
        }
    }

    /// The root of the place.
    pub fn root(&self) -> Root {
        self.0.root
    }

    /// What the place and the computation of its keys touch. Writing a place counts as using it.
    pub fn uses(&self) -> Uses {
        self.0.uses
    }

    /// What is doubtful in the text that was compiled, though it keeps nothing from working.
    pub fn warnings(&self) -> &[Problem] {
        &self.0.warnings
    }

    /// The text that was compiled.
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl fmt::Debug for LValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LValue({})", self.0.outline)
    }
}

/// The one expression of a text that is nothing else, and what is doubtful in it.
fn single(text: &str, bindings: &Bindings) -> Result<(Node, Vec<Problem>), Vec<Problem>> {
    let trimmed = text.trim();
    if !trimmed.starts_with("${") && !trimmed.starts_with("#{") {
        return Err(vec![not_assignable(text, "it is not a single `${…}`")]);
    }
    let start = text.len() - text.trim_start().len() + 2;
    let (ast, end) = parser::parse(text, start).map_err(|problem| vec![problem])?;
    if !text[end..].trim().is_empty() {
        return Err(vec![not_assignable(text, "it is not a single `${…}`")]);
    }
    let mut problems = Vec::new();
    let node = compile::compile(ast, bindings, &mut problems);
    if problems.iter().any(Problem::is_error) { Err(problems) } else { Ok((node, problems)) }
}

fn not_assignable(text: &str, why: &str) -> Problem {
    Problem::new(0..text.len(), ProblemKind::NotAssignable, format!("this is no place to write to: {why}"))
        .help("name a place such as `${attributes.user}` or `${session['token']}`")
}

/// Takes a path apart, last step first.
fn split(node: Node, steps: &mut Vec<ComputedStep>) -> Option<Root> {
    let mut node = node;
    loop {
        node = match node {
            Node::Root(root) => return Some(root),
            Node::Property(base, name) => {
                steps.push(ComputedStep::Fixed(Step::Key(name)));
                *base
            }
            Node::Index(base, key) => {
                steps.push(match *key {
                    Node::Constant(key) => ComputedStep::Fixed(step(&key)?),
                    key => ComputedStep::Key(key),
                });
                *base
            }
            _ => return None,
        };
    }
}

impl ComputedStep {
    fn fixed(&self) -> Option<&Step> {
        match self {
            ComputedStep::Fixed(step) => Some(step),
            ComputedStep::Key(_) => None,
        }
    }
}

fn step(key: &Value<'_>) -> Option<Step> {
    match key {
        Value::Null => None,
        Value::Integer(_) => position(key).map(Step::Index),
        other => Some(Step::Key(other.to_text().into_owned())),
    }
}

fn computed(steps: &[ComputedStep], scope: &dyn ScopeMut) -> Result<Vec<Step>, String> {
    let evaluation = Evaluation::new(scope);
    let mut path = Vec::with_capacity(steps.len());
    for computed in steps {
        path.push(match computed {
            ComputedStep::Fixed(step) => step.clone(),
            ComputedStep::Key(node) => {
                let key = evaluation.run(node).map_err(|error| error.to_string())?;
                step(&key).ok_or_else(|| "a key of the place is null or negative".to_owned())?
            }
        });
    }
    Ok(path)
}

fn uses(root: Root, steps: &[ComputedStep]) -> Uses {
    let keys: Vec<Option<&str>> = steps
        .iter()
        .map(|step| match step {
            ComputedStep::Fixed(Step::Key(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let of_keys = steps.iter().map(|step| match step {
        ComputedStep::Key(node) => analysis::uses(node),
        ComputedStep::Fixed(_) => Uses::default(),
    });
    of_keys.fold(analysis::root_uses(root, &keys), Uses::union)
}
