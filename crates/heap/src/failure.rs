//! [`Failure`]: why a node is not what a field asks for, and where inside the configuration.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};
use source::{Span, nearest};

/// One step from a configuration to the value that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// The error of the heap's reader.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) help: Option<String>,
    /// The innermost node that was being read.
    pub(crate) span: Option<Span>,
    /// From the configuration to that node; innermost step first.
    pub(crate) path: Vec<Step>,
}

#[derive(Debug)]
pub(crate) enum FailureKind {
    Missing(&'static str),
    Other(String),
}

impl Failure {
    fn other(message: String) -> Self {
        Self { kind: FailureKind::Other(message), help: None, span: None, path: Vec::new() }
    }

    pub(crate) fn at(mut self, span: &Span) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    pub(crate) fn below(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FailureKind::Missing(field) => write!(f, "the required field `{field}` is missing"),
            FailureKind::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

impl Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::other(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::other(format!("{expected} is needed here, found {}", found(unexpected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::other(format!("{expected} is needed here, found {}", found(unexpected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { kind: FailureKind::Missing(field), help: None, span: None, path: Vec::new() }
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let mut failure = Self::other(format!("`{variant}` is not one of {}", listed(known)));
        failure.help = nearest(variant, known.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        failure
    }
}

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Str(text) => format!("\"{text}\""),
        Unexpected::Unit | Unexpected::Option => "null".into(),
        Unexpected::Seq => "an array".into(),
        Unexpected::Map => "an object".into(),
        other => other.to_string(),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
