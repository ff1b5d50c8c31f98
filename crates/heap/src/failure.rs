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
    /// What the missing field belongs to.
    pub(crate) owner: Option<String>,
}

#[derive(Debug)]
pub(crate) enum FailureKind {
    Missing(&'static str),
    Other(String),
    /// A mistake that has been reported already.
    Told,
}

impl Failure {
    fn new(kind: FailureKind) -> Self {
        Self { kind, help: None, span: None, path: Vec::new(), owner: None }
    }

    fn other(message: String) -> Self {
        Self::new(FailureKind::Other(message))
    }

    pub(crate) fn told() -> Self {
        Self::new(FailureKind::Told)
    }

    /// Says whose field is missing; the innermost owner counts.
    pub(crate) fn of(mut self, owner: &dyn fmt::Display) -> Self {
        if matches!(self.kind, FailureKind::Missing(_)) {
            self.owner.get_or_insert_with(|| owner.to_string());
        }
        self
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
            FailureKind::Told => f.write_str("a mistake that has been reported"),
        }
    }
}

impl std::error::Error for Failure {}

impl Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::other(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::other(format!("{} is needed here, found {}", wanted(expected), found(unexpected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(FailureKind::Missing(field))
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let mut failure = Self::other(format!("`{variant}` is not one of {}", listed(known)));
        failure.help = nearest(variant, known.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        failure
    }
}

/// What serde and its derived code expect, in words for people who write JSON.
fn wanted(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    let whole = |least: &str, most: String| format!("a whole number from {least} to {most}");
    match expected.as_str() {
        "u8" => whole("0", u8::MAX.to_string()),
        "u16" => whole("0", u16::MAX.to_string()),
        "u32" => whole("0", u32::MAX.to_string()),
        "u64" | "usize" => "a whole number of at least 0".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "a boolean" => "`true` or `false`".into(),
        "a sequence" => "an array".into(),
        "a map" => "an object".into(),
        _ => expected,
    }
}

/// At most this many characters of a text are repeated in a complaint.
const QUOTED_MAX: usize = 60;

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Str(text) => match text.char_indices().nth(QUOTED_MAX) {
            Some((end, _)) => format!("\"{}…\"", &text[..end]),
            None => format!("\"{text}\""),
        },
        Unexpected::Unit | Unexpected::Option => "null".into(),
        Unexpected::Seq => "an array".into(),
        Unexpected::Map => "an object".into(),
        other => other.to_string(),
    }
}

pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
