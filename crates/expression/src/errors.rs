//! Every complaint of this crate: mistakes in the text of an expression, and evaluations that fail.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use source::{Code, Severity};

use crate::syntax::Callee;
use crate::value::Value;

/// A mistake in the text of an expression or a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is, in bytes of the text that was compiled.
    pub range: Range<usize>,
    /// What kind of mistake it is.
    pub kind: ProblemKind,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The kinds of mistakes in an expression or a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The text does not follow the grammar.
    Syntax,
    /// The text is too long, or nested too deeply.
    TooLarge,
    /// A function of this name does not exist.
    UnknownFunction,
    /// A name that is neither a root nor a property.
    UnknownRoot,
    /// A function or method is given too few or too many arguments.
    Arguments,
    /// A method that values of this type do not have.
    UnknownMethod,
    /// A pattern that is malformed, or that asks for something that is not offered.
    Pattern,
    /// A place that cannot be written.
    NotAssignable,
    /// A property that an object does not have; it is null.
    UnknownProperty,
    /// A name of old that another one replaces; it works.
    OldName,
    /// A property token that has no value; it is null.
    UnresolvedToken,
}

impl ProblemKind {
    /// The stable code of this kind of mistake.
    pub fn code(self) -> &'static Code {
        match self {
            ProblemKind::Syntax => &codes::SYNTAX,
            ProblemKind::TooLarge => &codes::TOO_LARGE,
            ProblemKind::UnknownFunction => &codes::UNKNOWN_FUNCTION,
            ProblemKind::UnknownRoot => &codes::UNKNOWN_ROOT,
            ProblemKind::Arguments => &codes::ARGUMENTS,
            ProblemKind::UnknownMethod => &codes::UNKNOWN_METHOD,
            ProblemKind::Pattern => &codes::PATTERN,
            ProblemKind::NotAssignable => &codes::NOT_ASSIGNABLE,
            ProblemKind::UnknownProperty => &codes::UNKNOWN_PROPERTY,
            ProblemKind::OldName => &codes::OLD_NAME,
            ProblemKind::UnresolvedToken => &codes::UNRESOLVED_TOKEN,
        }
    }

    /// How bad it is. Only an error keeps a text from being compiled.
    pub fn severity(self) -> Severity {
        match self {
            ProblemKind::UnknownProperty | ProblemKind::UnresolvedToken => Severity::Warning,
            // Such names are in most configurations and do what they always did.
            ProblemKind::OldName => Severity::Note,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(formatter, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl Problem {
    pub(crate) fn new(range: Range<usize>, kind: ProblemKind, message: impl Into<String>) -> Problem {
        Problem { range, kind, message: message.into(), help: None }
    }

    /// What is written `instead` stands in a help of its own.
    pub(crate) fn old_name(range: Range<usize>, what: &str, name: &str, instead: &str) -> Problem {
        Problem::new(range, ProblemKind::OldName, format!("the {what} `{name}` is a name of old"))
            .help(format!("write {instead}"))
    }

    pub(crate) fn unknown_property<'n>(
        range: Range<usize>,
        owner: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Problem {
        let message = format!("{owner} has no property `{name}`; it is null");
        let nearest = source::nearest(name, known);
        Problem::new(range, ProblemKind::UnknownProperty, message)
            .maybe_help(nearest.map(|nearest| format!("did you mean `{nearest}`?")))
    }

    pub(crate) fn unknown_method<'n>(
        callee: &Callee,
        owner: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Problem {
        let message = format!("{owner} has no method `{}`", callee.name);
        let nearest = source::nearest(&callee.name, known);
        Problem::new(callee.range.clone(), ProblemKind::UnknownMethod, message)
            .maybe_help(nearest.map(|nearest| format!("did you mean `{nearest}`?")))
    }

    /// Whether it keeps the text from being compiled.
    pub fn is_error(&self) -> bool {
        self.kind.severity() == Severity::Error
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Problem {
        self.help = help;
        self
    }
}

/// An evaluation that failed. The whole expression then counts as null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationError(Cow<'static, str>);

impl EvaluationError {
    /// An error with this message, a sentence without a full stop.
    pub fn new(message: impl Into<Cow<'static, str>>) -> EvaluationError {
        EvaluationError(message.into())
    }

    pub(crate) fn coercion(value: &Value<'_>, wanted: &str) -> EvaluationError {
        EvaluationError::new(format!("a value of type {} does not convert to {wanted}", value.type_name()))
    }

    /// The text itself is left out: it may be a password.
    pub(crate) fn not_a_number(text: &str, wanted: &str) -> EvaluationError {
        EvaluationError::new(format!("a text of {} bytes is not {wanted}", text.len()))
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for EvaluationError {}

/// The codes of this crate, with the page that explains each.
pub mod codes {
    use source::Code;

    /// The text of an expression does not follow the grammar.
    pub const SYNTAX: Code = Code::new(200, "expression-syntax", include_str!("pages/syntax.md"));
    /// An expression is longer or deeper than allowed.
    pub const TOO_LARGE: Code = Code::new(201, "expression-too-large", include_str!("pages/too_large.md"));
    /// A function does not exist.
    pub const UNKNOWN_FUNCTION: Code =
        Code::new(202, "unknown-function", include_str!("pages/unknown_function.md"));
    /// A name means nothing here.
    pub const UNKNOWN_ROOT: Code = Code::new(203, "unknown-name", include_str!("pages/unknown_name.md"));
    /// Too few or too many arguments.
    pub const ARGUMENTS: Code = Code::new(204, "wrong-arguments", include_str!("pages/arguments.md"));
    /// A method does not exist.
    pub const UNKNOWN_METHOD: Code =
        Code::new(205, "unknown-method", include_str!("pages/unknown_method.md"));
    /// A regular expression is malformed or asks too much.
    pub const PATTERN: Code = Code::new(206, "pattern", include_str!("pages/pattern.md"));
    /// A place cannot be written.
    pub const NOT_ASSIGNABLE: Code =
        Code::new(207, "not-assignable", include_str!("pages/not_assignable.md"));
    /// An object has no such property.
    pub const UNKNOWN_PROPERTY: Code =
        Code::new(208, "unknown-property", include_str!("pages/unknown_property.md"));
    /// Another name replaces this one.
    pub const OLD_NAME: Code = Code::new(209, "old-name", include_str!("pages/old_name.md"));
    /// A property token has no value.
    pub const UNRESOLVED_TOKEN: Code =
        Code::new(210, "token-without-value", include_str!("pages/unresolved_token.md"));

    /// All of them, in order of their numbers.
    pub const CODES: &[&Code] = &[
        &SYNTAX,
        &TOO_LARGE,
        &UNKNOWN_FUNCTION,
        &UNKNOWN_ROOT,
        &ARGUMENTS,
        &UNKNOWN_METHOD,
        &PATTERN,
        &NOT_ASSIGNABLE,
        &UNKNOWN_PROPERTY,
        &OLD_NAME,
        &UNRESOLVED_TOKEN,
    ];
}
