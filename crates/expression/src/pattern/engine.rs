//! The two engines behind one face.

use std::ops::Range;
use std::sync::OnceLock;

use crate::errors::{Problem, ProblemKind};
use crate::pattern::translate::Translation;
use crate::pattern::{BACKTRACK_LONG_MAX, BACKTRACK_MAX, LONG_TEXT_BYTES, PROGRAM_BYTES_MAX};

/// A program for one of the two engines.
pub(super) enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<Backtracking>),
}

/// A program that takes the steps it is allowed, of which one may look at all of the text: the longer the
/// text, the fewer.
pub(super) struct Backtracking {
    text: String,
    usual: fancy_regex::Regex,
    /// For long texts, which most programs never see.
    long: OnceLock<Option<fancy_regex::Regex>>,
}

/// The backtracking engine gave up.
pub(super) struct Exhausted;

/// The places of a match and its groups.
pub(super) type Groups = Vec<Option<Range<usize>>>;

impl Engine {
    pub(super) fn compile(pattern: &str, translation: &Translation, whole: bool) -> Result<Engine, Problem> {
        let anchored;
        let text = if whole {
            anchored = format!(r"\A(?:{})\z", translation.regex);
            &anchored
        } else {
            &translation.regex
        };
        if translation.is_linear {
            let built = regex::RegexBuilder::new(text).size_limit(PROGRAM_BYTES_MAX).build();
            return built.map(Engine::Linear).map_err(|error| refused(pattern, &error.to_string()));
        }
        let usual = limited(text, BACKTRACK_MAX).map_err(|error| refused(pattern, &error.to_string()))?;
        let program = Backtracking { text: text.clone(), usual, long: OnceLock::new() };
        Ok(Engine::Backtracking(Box::new(program)))
    }

    /// The text of the program, if it is of the linear engine.
    pub(super) fn linear(&self) -> Option<&str> {
        match self {
            Engine::Linear(regex) => Some(regex.as_str()),
            Engine::Backtracking(_) => None,
        }
    }

    pub(super) fn is_match(&self, text: &str) -> Result<bool, Exhausted> {
        match self {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(program) => program.regex(text)?.is_match(text).map_err(|_| Exhausted),
        }
    }

    /// The first match that begins at byte `from` or later.
    pub(super) fn captures(&self, text: &str, from: usize) -> Result<Option<Groups>, Exhausted> {
        match self {
            Engine::Linear(regex) => Ok(regex.captures_at(text, from).map(|found| {
                (0..found.len()).map(|group| found.get(group).map(|part| part.range())).collect()
            })),
            Engine::Backtracking(program) => {
                let found = program.regex(text)?.captures_from_pos(text, from).map_err(|_| Exhausted)?;
                Ok(found.map(|found| {
                    (0..found.len()).map(|group| found.get(group).map(|part| part.range())).collect()
                }))
            }
        }
    }
}

impl Backtracking {
    /// The program for texts of this length.
    fn regex(&self, text: &str) -> Result<&fancy_regex::Regex, Exhausted> {
        if text.len() <= LONG_TEXT_BYTES {
            return Ok(&self.usual);
        }
        // It cannot fail where the usual program was built of the same text.
        let long = self.long.get_or_init(|| limited(&self.text, BACKTRACK_LONG_MAX).ok());
        long.as_ref().ok_or(Exhausted)
    }
}

fn limited(text: &str, steps: usize) -> fancy_regex::Result<fancy_regex::Regex> {
    fancy_regex::RegexBuilder::new(text).backtrack_limit(steps).delegate_size_limit(PROGRAM_BYTES_MAX).build()
}

/// The engines complain about the translation, which the author of the pattern never saw.
fn refused(pattern: &str, error: &str) -> Problem {
    let last = error.lines().last().unwrap_or(error);
    Problem::new(0..pattern.len(), ProblemKind::Pattern, format!("the pattern cannot be used: {last}"))
}
