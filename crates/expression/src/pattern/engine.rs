//! The two engines behind one face.

use std::ops::Range;

use crate::errors::{Problem, ProblemKind};
use crate::pattern::translate::Translation;
use crate::pattern::{BACKTRACK_MAX, PROGRAM_BYTES_MAX};

/// A program for one of the two engines.
pub(super) enum Engine {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
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
        let built = fancy_regex::RegexBuilder::new(text)
            .backtrack_limit(BACKTRACK_MAX)
            .delegate_size_limit(PROGRAM_BYTES_MAX)
            .build();
        built.map(Engine::Backtracking).map_err(|error| refused(pattern, &error.to_string()))
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
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| Exhausted),
        }
    }

    /// The first match that begins at byte `from` or later.
    pub(super) fn captures(&self, text: &str, from: usize) -> Result<Option<Groups>, Exhausted> {
        match self {
            Engine::Linear(regex) => Ok(regex.captures_at(text, from).map(|found| {
                (0..found.len()).map(|group| found.get(group).map(|part| part.range())).collect()
            })),
            Engine::Backtracking(regex) => {
                let found = regex.captures_from_pos(text, from).map_err(|_| Exhausted)?;
                Ok(found.map(|found| {
                    (0..found.len()).map(|group| found.get(group).map(|part| part.range())).collect()
                }))
            }
        }
    }
}

/// The engines complain about the translation, which the author of the pattern never saw.
fn refused(pattern: &str, error: &str) -> Problem {
    let last = error.lines().last().unwrap_or(error);
    Problem::new(0..pattern.len(), ProblemKind::Pattern, format!("the pattern cannot be used: {last}"))
}
