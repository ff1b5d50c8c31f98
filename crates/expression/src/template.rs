//! A configuration string, or a whole JSON value, with its expressions compiled.

use std::fmt;

use indexmap::IndexMap;
use tracing::info;

use crate::analysis;
use crate::bindings::Bindings;
use crate::compile;
use crate::errors::{EvaluationError, Problem, ProblemKind};
use crate::evaluate::{Evaluation, TEXT_BYTES_MAX};
use crate::guard::{self, Guard};
use crate::inference::type_of;
use crate::node::Node;
use crate::outline::outline;
use crate::parser;
use crate::scope::Scope;
use crate::types::Type;
use crate::uses::Uses;
use crate::value::Value;

/// A configuration string, or a whole JSON value, with its expressions compiled.
///
/// A lone `${…}` keeps the type of its value; text with expressions in it always yields text.
pub struct Template {
    shape: Shape,
    source: Box<str>,
    /// The source without quoted texts and surroundings, for the log.
    outline: Box<str>,
    uses: Uses,
    /// What is known of the value of a lone expression.
    of: Type,
    warnings: Vec<Problem>,
}

enum Shape {
    Constant(Value<'static>),
    Single(Node),
    Composite(Vec<Part>),
    List(Vec<Template>),
    Map(IndexMap<String, Template>),
}

enum Part {
    Text(String),
    Expression(Node),
}

impl Template {
    /// Compiles a configuration string; on failure yields all its mistakes.
    pub fn compile(text: &str, bindings: &Bindings) -> Result<Template, Vec<Problem>> {
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
            return Err(vec![Problem::new(0..text.len(), ProblemKind::TooLarge, message)]);
        }
        let mut problems = Vec::new();
        let parts = parts(text, bindings, &mut problems);
        if problems.iter().any(Problem::is_error) {
            return Err(problems);
        }
        let mut template = Template::new(shape(parts), text, outline(text));
        if let Shape::Single(node) = &template.shape {
            template.of = type_of(node, bindings);
        }
        template.warnings = problems;
        Ok(template)
    }

    /// What is doubtful in the text that was compiled, though it keeps nothing from working.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// A value that is not evaluated.
    pub fn literal(value: Value<'static>) -> Template {
        let source = match &value {
            Value::String(text) => text.clone().into_owned(),
            _ => String::new(),
        };
        Template::new(Shape::Constant(value), &source, "…".into())
    }

    /// A list whose elements are evaluated.
    pub fn list(elements: Vec<Template>) -> Template {
        let constants = elements.iter().map(Template::constant).collect::<Option<Vec<_>>>();
        let shape = match constants {
            Some(values) => Shape::Constant(Value::list(values.into_iter().cloned().collect())),
            None => Shape::List(elements),
        };
        Template::new(shape, "", "[…]".into())
    }

    /// A map whose values are evaluated. Its keys are not.
    pub fn map(entries: IndexMap<String, Template>) -> Template {
        let constants = entries
            .iter()
            .map(|(name, entry)| Some((name.clone(), entry.constant()?.clone())))
            .collect::<Option<IndexMap<_, _>>>();
        let shape = match constants {
            Some(values) => Shape::Constant(Value::map(values)),
            None => Shape::Map(entries),
        };
        Template::new(shape, "", "{…}".into())
    }

    /// Compiles a JSON value with every string in it. Ranges of problems are those of each string alone.
    pub fn from_json(json: serde_json::Value, bindings: &Bindings) -> Result<Template, Vec<Problem>> {
        match json {
            serde_json::Value::String(text) => Template::compile(&text, bindings),
            serde_json::Value::Array(elements) => {
                let compiled = elements.into_iter().map(|element| Template::from_json(element, bindings));
                all(compiled).map(Template::list)
            }
            serde_json::Value::Object(entries) => {
                let compiled = entries.into_iter().map(|(name, value)| {
                    Template::from_json(value, bindings).map(|template| (name, template))
                });
                all(compiled).map(|entries| Template::map(entries.into_iter().collect()))
            }
            plain => Ok(Template::literal(plain.into())),
        }
    }

    /// Works out the value. An error means null for a lone expression; it must not mean anything else.
    pub fn evaluate<'a>(&'a self, scope: &'a dyn Scope) -> Result<Value<'a>, EvaluationError> {
        self.run(&Evaluation::new(scope))
    }

    /// Works out the value; a failure is logged and yields null.
    pub fn evaluate_or_null<'a>(&'a self, scope: &'a dyn Scope) -> Value<'a> {
        self.run_or_null(&Evaluation::new(scope))
    }

    /// Whether the value is known at load.
    pub fn is_constant(&self) -> bool {
        self.constant().is_some()
    }

    /// What the value always is, in words, if that is neither a boolean nor known at load.
    pub(crate) fn never_boolean(&self) -> Option<&'static str> {
        match self.shape {
            Shape::Composite(_) => Some("text with expressions in it"),
            Shape::List(_) => Some("a list"),
            Shape::Map(_) => Some("a map"),
            Shape::Single(_) => self.of.never_boolean(),
            Shape::Constant(_) => None,
        }
    }

    /// The value, if it is known at load.
    pub fn constant(&self) -> Option<&Value<'static>> {
        match &self.shape {
            Shape::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// What is true whenever the value is the boolean true.
    pub(crate) fn guard(&self) -> Guard {
        match &self.shape {
            Shape::Constant(value) => guard::of_constant(value),
            Shape::Single(node) => guard::of_condition(node),
            // Text, a list or a map is no boolean.
            Shape::Composite(_) | Shape::List(_) | Shape::Map(_) => guard::of_constant(&Value::Null),
        }
    }

    /// What was compiled, if the text is one lone expression that is not known at load.
    pub(crate) fn node(&self) -> Option<&Node> {
        match &self.shape {
            Shape::Single(node) => Some(node),
            _ => None,
        }
    }

    /// What an evaluation may touch.
    pub fn uses(&self) -> Uses {
        self.uses
    }

    /// The text that was compiled; empty for a list or a map. It may hold secrets.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The expressions of the text with quoted texts left out: safe to log.
    pub fn outline(&self) -> &str {
        &self.outline
    }

    fn new(shape: Shape, source: &str, outline: Box<str>) -> Template {
        let uses = match &shape {
            Shape::Constant(_) => Uses::default(),
            Shape::Single(node) => analysis::uses(node),
            Shape::Composite(parts) => parts.iter().fold(Uses::default(), |uses, part| match part {
                Part::Text(_) => uses,
                Part::Expression(node) => uses.union(analysis::uses(node)),
            }),
            Shape::List(list) => list.iter().map(Template::uses).fold(Uses::default(), Uses::union),
            Shape::Map(map) => map.values().map(Template::uses).fold(Uses::default(), Uses::union),
        };
        let warnings = Vec::new();
        Template { shape, source: source.into(), outline, uses, of: Type::Any, warnings }
    }

    fn run<'a>(&'a self, evaluation: &Evaluation<'a>) -> Result<Value<'a>, EvaluationError> {
        match &self.shape {
            Shape::Constant(value) => Ok(value.view()),
            Shape::Single(node) => evaluation.run(node),
            Shape::Composite(parts) => composite(parts, evaluation),
            Shape::List(list) => {
                let values = list.iter().map(|element| element.run_or_null(evaluation).into_owned());
                Ok(Value::list(values.collect()))
            }
            Shape::Map(map) => {
                let entries = map
                    .iter()
                    .map(|(name, entry)| (name.clone(), entry.run_or_null(evaluation).into_owned()));
                Ok(Value::map(entries.collect()))
            }
        }
    }

    fn run_or_null<'a>(&'a self, evaluation: &Evaluation<'a>) -> Value<'a> {
        self.run(evaluation).unwrap_or_else(|error| {
            info!(expression = self.outline(), %error, "An expression failed and counts as null.");
            Value::Null
        })
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Template({})", self.outline)
    }
}

/// Splits a text into literal parts and compiled expressions.
///
/// A backslash takes the meaning from a following `${` or `#{` and vanishes; elsewhere it stands for itself.
fn parts(text: &str, bindings: &Bindings, problems: &mut Vec<Problem>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = 0;
    while let Some(offset) = text[rest..].find(['$', '#']) {
        let at = rest + offset;
        literal.push_str(&text[rest..at]);
        if !text[at + 1..].starts_with('{') {
            literal.push_str(&text[at..=at]);
            rest = at + 1;
        } else if literal.ends_with('\\') && text[rest..at].ends_with('\\') {
            literal.pop();
            literal.push_str(&text[at..=at]);
            rest = at + 1;
        } else {
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            rest = expression(text, at, bindings, &mut parts, problems);
        }
    }
    literal.push_str(&text[rest..]);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    parts
}

/// Compiles the expression whose `${` stands at byte `at`; yields the byte after it.
fn expression(
    text: &str,
    at: usize,
    bindings: &Bindings,
    parts: &mut Vec<Part>,
    problems: &mut Vec<Problem>,
) -> usize {
    match parser::parse(text, at + 2) {
        Ok((ast, end)) => {
            parts.push(Part::Expression(compile::compile(ast, bindings, problems)));
            end
        }
        Err(problem) => {
            problems.push(problem);
            parser::end_of_broken(text, at + 2)
        }
    }
}

fn shape(mut parts: Vec<Part>) -> Shape {
    match parts.pop() {
        None => Shape::Constant(Value::text("")),
        Some(Part::Text(text)) if parts.is_empty() => Shape::Constant(Value::owned_text(text)),
        Some(Part::Expression(node)) if parts.is_empty() => match node {
            Node::Constant(value) => Shape::Constant(value),
            node => Shape::Single(node),
        },
        Some(last) => {
            parts.push(last);
            let parts = joined(parts);
            match <[Part; 1]>::try_from(parts) {
                Ok([Part::Text(text)]) => Shape::Constant(Value::owned_text(text)),
                Ok(single) => Shape::Composite(single.into()),
                Err(parts) => Shape::Composite(parts),
            }
        }
    }
}

/// Turns constants into text and joins neighbours.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        let text = match part {
            Part::Text(text) => text,
            Part::Expression(Node::Constant(value)) => value.into_text().into_owned(),
            expression => {
                joined.push(expression);
                continue;
            }
        };
        match joined.last_mut() {
            Some(Part::Text(before)) => before.push_str(&text),
            _ => joined.push(Part::Text(text)),
        }
    }
    joined
}

fn composite<'a>(parts: &'a [Part], evaluation: &Evaluation<'a>) -> Result<Value<'a>, EvaluationError> {
    // Most texts for a header field fit, so that they grow without moving.
    let mut text = String::with_capacity(64);
    for part in parts {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Expression(node) => text.push_str(&evaluation.run(node)?.to_text()),
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(EvaluationError::new("the text grows too long"));
        }
    }
    Ok(Value::owned_text(text))
}

/// All results, or the problems of all that failed.
fn all<T>(results: impl Iterator<Item = Result<T, Vec<Problem>>>) -> Result<Vec<T>, Vec<Problem>> {
    let mut values = Vec::new();
    let mut problems = Vec::new();
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}
