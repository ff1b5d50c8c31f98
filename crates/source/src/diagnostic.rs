//! What is wrong with a configuration, as a value: collected by every stage, shown at the end, all at once.

use std::fmt;

use crate::Span;

/// The kind of a complaint: a stable number to search for, and the page that explains it.
pub struct Code {
    /// Printed as `PC` and four digits. Never reused for another meaning.
    pub number: u16,
    /// A short name in words and hyphens; the file name of the page.
    pub name: &'static str,
    /// The page, in Markdown: what it means, why it matters, how to mend it, an example.
    pub explanation: &'static str,
}

impl Code {
    /// A code. Numbers are given out per crate; 1 to 199 are this crate's.
    pub const fn new(number: u16, name: &'static str, explanation: &'static str) -> Code {
        Code { number, name, explanation }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PC{:04}", self.number)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self} {}", self.name)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Code) -> bool {
        self.number == other.number
    }
}

impl Eq for Code {}

/// How bad it is. Ordered: the worst is the smallest, so that sorting puts errors first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing that holds this may start.
    Error,
    /// It starts, but probably not as meant.
    Warning,
    /// It is understood, and worth knowing.
    Note,
}

impl Severity {
    /// The word that is printed: `error`, `warning`, `note`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One complaint: what is wrong, where, and what to do.
///
/// `label` and `help` are boxed slices so that the whole stays small enough to be an `Err` by value.
#[derive(Clone, Debug)]
#[must_use = "a diagnostic that nobody collects is a mistake that nobody sees"]
pub struct Diagnostic {
    /// Which kind of complaint.
    pub code: &'static Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where. Nothing for a complaint about no file (a port in use).
    pub span: Option<Span>,
    /// The words beside the caret.
    pub label: Option<Box<str>>,
    /// What to do.
    pub help: Option<Box<str>>,
    /// Other places that matter, each with its words.
    pub notes: Vec<(Span, String)>,
}

impl Diagnostic {
    /// A complaint that forbids the start.
    pub fn error(code: &'static Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Error, message.into())
    }

    /// A complaint that is printed and otherwise ignored, unless the person asks to be strict.
    pub fn warning(code: &'static Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Warning, message.into())
    }

    /// A remark.
    pub fn note(code: &'static Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Note, message.into())
    }

    /// Says where. Takes a span, a reference to one, or an option of either.
    pub fn at(mut self, span: impl Into<Place>) -> Diagnostic {
        self.span = span.into().0;
        self
    }

    /// Sets the words beside the caret.
    pub fn label(mut self, label: impl Into<Box<str>>) -> Diagnostic {
        self.label = Some(label.into());
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<Box<str>>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, if there is something to say.
    pub fn maybe_help(self, help: Option<impl Into<Box<str>>>) -> Diagnostic {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Points at another place that matters.
    pub fn also(mut self, span: &Span, words: impl Into<String>) -> Diagnostic {
        self.notes.push((span.clone(), words.into()));
        self
    }

    /// Whether this forbids the start.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn new(code: &'static Code, severity: Severity, message: String) -> Diagnostic {
        Diagnostic { code, severity, message, span: None, label: None, help: None, notes: Vec::new() }
    }
}

/// One line: `config.json:3:7: error[PC0003]: …`. For logs; people get [`Diagnostic::render`].
impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(span) = &self.span {
            write!(formatter, "{span}: ")?;
        }
        write!(formatter, "{}[{}]: {}", self.severity, self.code, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// Where a diagnostic points, or nowhere: what [`Diagnostic::at`] takes.
pub struct Place(Option<Span>);

impl From<Span> for Place {
    fn from(span: Span) -> Place {
        Place(Some(span))
    }
}

impl From<&Span> for Place {
    fn from(span: &Span) -> Place {
        Place(Some(span.clone()))
    }
}

impl From<Option<Span>> for Place {
    fn from(span: Option<Span>) -> Place {
        Place(span)
    }
}

impl From<Option<&Span>> for Place {
    fn from(span: Option<&Span>) -> Place {
        Place(span.cloned())
    }
}
