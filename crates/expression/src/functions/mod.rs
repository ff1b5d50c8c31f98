//! The functions of the language. Each is one entry of the table of its chapter, with all that the reference
//! says of it; a name has one function, there are no overloads.

use std::ops::RangeInclusive;

use crate::errors::{Problem, ProblemKind};
use crate::evaluate::Outcome;
use crate::pattern::{Anchor, Pattern};
use crate::syntax::Callee;
use crate::types::Type;
use crate::value::Value;

mod certificates;
mod codecs;
mod files;
pub(crate) mod lists;
mod matching;
pub(crate) mod properties;
pub(crate) mod texts;
mod uris;

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The names of its parameters. One that ends with `…` stands for any number of arguments.
    pub parameters: &'static [&'static str],
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// What it yields for null and for what it cannot use.
    pub otherwise: &'static str,
    /// Expressions, and what they yield as [`Value`] writes it for debugging.
    pub examples: &'static [(&'static str, &'static str)],
    /// The function that replaces it, for one of old.
    pub instead: Option<&'static str>,
    /// The type of every result that is not null.
    pub returns: Type,
    pub(crate) run: Run,
    /// Whether the result depends on the arguments alone.
    pub(crate) pure: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    /// Takes values.
    Values(for<'a> fn(&[Value<'a>]) -> Outcome<'a>),
    /// Takes a value and a pattern.
    Pattern {
        run: for<'a> fn(&Value<'a>, &Pattern) -> Outcome<'a>,
        /// The result for a pattern that is null or malformed.
        unmatched: fn() -> Value<'static>,
    },
    /// Takes the name of a property token, which is looked up at load.
    Token,
}

/// More arguments than these are a mistake.
const ARGUMENTS_MAX: usize = 255;

/// All functions by chapter, as the reference shows them.
pub const CHAPTERS: &[(&str, &[Function])] = &[
    ("Patterns and networks", matching::FUNCTIONS),
    ("Text and numbers", texts::FUNCTIONS),
    ("Lists and maps", lists::FUNCTIONS),
    ("URIs and forms", uris::FUNCTIONS),
    ("Encodings", codecs::FUNCTIONS),
    ("Certificates", certificates::FUNCTIONS),
    ("Files", files::FUNCTIONS),
    ("Property tokens", TOKENS),
];

const TOKENS: &[Function] = &[
    Function::token("_token", &[("_token('no.such.token')", "null")]),
    Function::token("_t", &[("_t('no.such.token')", "null")]),
];

fn all() -> impl Iterator<Item = &'static Function> {
    CHAPTERS.iter().flat_map(|(_, functions)| functions.iter())
}

/// The function of this name.
pub(crate) fn named(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// The complaint about a function that does not exist.
pub(crate) fn unknown(callee: Callee) -> Problem {
    let name = &callee.name;
    let help = source::nearest(name, all().map(|function| function.name));
    let help = help.map(|nearest| format!("did you mean `{nearest}`?"));
    let message = format!("there is no function `{name}`");
    Problem::new(callee.range, ProblemKind::UnknownFunction, message).maybe_help(help)
}

impl Function {
    /// How it is called: `find(text, pattern)`.
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }

    /// How many arguments it takes.
    pub(crate) fn arity(&self) -> RangeInclusive<usize> {
        match self.parameters {
            [several] if several.ends_with('…') => 0..=ARGUMENTS_MAX,
            parameters => parameters.len()..=parameters.len(),
        }
    }

    /// How the pattern is matched, for a function that takes one.
    pub(crate) fn anchor(&self) -> Anchor {
        match self.name {
            "find" | "matches" => Anchor::Occurs,
            "keyMatch" | "matchesWithRegex" => Anchor::Whole,
            _ => Anchor::Anywhere,
        }
    }

    const fn new(
        name: &'static str,
        parameters: &'static [&'static str],
        returns: Type,
        run: for<'a> fn(&[Value<'a>]) -> Outcome<'a>,
    ) -> Function {
        Function {
            name,
            parameters,
            about: "",
            otherwise: "",
            examples: &[],
            instead: None,
            returns,
            run: Run::Values(run),
            pure: true,
        }
    }

    const fn with_pattern(
        name: &'static str,
        parameters: &'static [&'static str],
        returns: Type,
        run: for<'a> fn(&Value<'a>, &Pattern) -> Outcome<'a>,
        unmatched: fn() -> Value<'static>,
    ) -> Function {
        Function { run: Run::Pattern { run, unmatched }, ..Function::new(name, parameters, returns, never) }
    }

    const fn token(name: &'static str, examples: &'static [(&'static str, &'static str)]) -> Function {
        Function { run: Run::Token, ..Function::new(name, &["name"], Type::Text, never) }
            .about("The value of a property token. The name is a text that is known at load.")
            .otherwise("null, with a warning at load, for a token that has no value")
            .examples(examples)
            .instead("the token itself: `&{name}` or `&{name|default}`")
    }

    const fn about(mut self, about: &'static str) -> Function {
        self.about = about;
        self
    }

    const fn otherwise(mut self, otherwise: &'static str) -> Function {
        self.otherwise = otherwise;
        self
    }

    const fn examples(mut self, examples: &'static [(&'static str, &'static str)]) -> Function {
        self.examples = examples;
        self
    }

    /// A name of old.
    const fn instead(mut self, replacement: &'static str) -> Function {
        self.instead = Some(replacement);
        self
    }

    /// A function whose result may differ next time.
    const fn impure(mut self) -> Function {
        self.pure = false;
        self
    }
}

/// Stands for the body of a function that is run in another way.
fn never<'a>(_: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Null)
}

fn null() -> Value<'static> {
    Value::Null
}

fn no() -> Value<'static> {
    Value::Bool(false)
}
