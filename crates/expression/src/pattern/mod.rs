//! Java's regular expressions (`java.util.regex`) on engines that cannot be made to run forever.
//!
//! A pattern is read in Java's syntax and written anew for [`regex`], which works in linear time, or, where
//! it looks around or back, for [`fancy_regex`] under a limit. Reading it is not a matter of taste: `\d`,
//! `$`, `a*+` and `\h` mean different things in the two worlds, and a pattern often guards access. What
//! cannot be carried over is refused when the configuration is loaded.
//!
//! Two differences are left: Java leaves texts in groups of attempts that failed later, and empties a group
//! that is repeated on nothing. Neither changes what matches, because references to such groups are refused.
//!
//! `\b` follows Java 17, which counts letters and digits of all scripts as parts of words.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use crate::errors::{Problem, ProblemKind};

mod classes;
mod engine;
mod groups;
mod properties;
mod quantifiers;
mod references;
mod replacement;
mod sets;
mod shortcut;
mod starts;
mod translate;
mod units;

pub use replacement::Replacement;
pub use translate::PATTERN_DEPTH_MAX;

use engine::{Engine, Groups};
use shortcut::Shortcut;

/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 8192;

/// A compiled pattern may take so much memory, in bytes.
pub const PROGRAM_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Steps back that a pattern with look-around or back-references may take on one text. Beyond, the text
/// counts as not matching, and the log says so.
pub const BACKTRACK_MAX: usize = 16_000;

/// A text of more bytes is long, and the steps on it are fewer, as each may take longer.
pub const LONG_TEXT_BYTES: usize = 8192;

/// Steps back that such a pattern may take on a long text.
pub const BACKTRACK_LONG_MAX: usize = 2_000;

/// Searches of this process that reached [`BACKTRACK_MAX`], or [`BACKTRACK_LONG_MAX`] on a long text.
static EXHAUSTED: AtomicU64 = AtomicU64::new(0);

/// How many searches of this process took too many steps, and so counted as no match.
pub fn exhausted_total() -> u64 {
    EXHAUSTED.load(Ordering::Relaxed)
}

/// A pattern in Java's syntax. Cheap to clone.
#[derive(Clone)]
pub struct Pattern(Arc<Compiled>);

struct Compiled {
    source: Box<str>,
    shortcut: Option<Shortcut>,
    anywhere: Option<Engines>,
    whole: Option<Engines>,
}

/// How a pattern is going to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// All that counts is whether it matches a part of the text.
    Occurs,
    /// It may match a part of the text.
    Anywhere,
    /// It must match all of the text.
    Whole,
    /// Either.
    Both,
}

/// Two programs for one pattern. In Java `$` also matches before a line terminator at the very end. Without
/// one there it means the end alone, which the linear engine understands.
struct Engines {
    usual: Engine,
    at_terminator: Option<Engine>,
    /// The number of groups. The engines forget those that can take no part.
    groups: usize,
    /// Names of groups with their numbers.
    names: Vec<(String, usize)>,
}

impl Pattern {
    /// Compiles a pattern for every use.
    pub fn compile(pattern: &str) -> Result<Pattern, Problem> {
        Pattern::compile_for(pattern, Anchor::Both)
    }

    /// Compiles a pattern for one use, which takes half the time and memory, or hardly any for plain text.
    pub(crate) fn compile_for(pattern: &str, anchor: Anchor) -> Result<Pattern, Problem> {
        if pattern.len() > PATTERN_BYTES_MAX {
            let message = format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes");
            return Err(Problem::new(0..pattern.len(), ProblemKind::TooLarge, message));
        }
        let shortcut = Shortcut::of(pattern);
        let needs_program = shortcut.is_none();
        let (anywhere, whole) = match anchor {
            Anchor::Occurs => (needs_program, false),
            Anchor::Anywhere => (true, false),
            Anchor::Whole => (false, needs_program),
            Anchor::Both => (true, true),
        };
        let compile =
            |is_needed: bool, whole| is_needed.then(|| Engines::compile(pattern, whole)).transpose();
        let (anywhere, whole) = (compile(anywhere, false)?, compile(whole, true)?);
        Ok(Pattern(Arc::new(Compiled { source: pattern.into(), shortcut, anywhere, whole })))
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The text to begin with which is all that the pattern asks for, as `^/a` does.
    pub(crate) fn literal_start(&self) -> Option<&str> {
        match &self.0.shortcut {
            Some(Shortcut::StartsWith(start)) => Some(start),
            _ => None,
        }
    }

    /// Whether the pattern occurs in the text.
    pub fn find(&self, text: &str) -> bool {
        match &self.0.shortcut {
            Some(shortcut) => shortcut.find(text),
            None => self.anywhere(text).is_some_and(|engine| self.checked(engine.is_match(text))),
        }
    }

    /// Whether the pattern describes the whole text.
    pub fn matches_whole(&self, text: &str) -> bool {
        if let Some(shortcut) = &self.0.shortcut {
            return shortcut.is_whole(text);
        }
        let engine = self.0.whole.as_ref().map(|engines| engines.for_text(text));
        engine.is_some_and(|engine| self.checked(engine.is_match(text)))
    }

    /// The first match (element 0) and its groups; a group that took no part is nothing.
    pub fn groups(&self, text: &str) -> Option<Vec<Option<String>>> {
        let found = self.ranges(text)?;
        Some(self.texts(text, found))
    }

    /// Where the first match (element 0) and its groups are, in bytes.
    pub fn ranges(&self, text: &str) -> Option<Vec<Option<Range<usize>>>> {
        self.checked(self.anywhere(text)?.captures(text, 0))
    }

    /// The groups of a match of the whole text.
    pub fn groups_of_whole(&self, text: &str) -> Option<Vec<Option<String>>> {
        let engine = self.0.whole.as_ref()?.for_text(text);
        let found = self.checked(engine.captures(text, 0))?;
        Some(self.texts(text, found))
    }

    /// The replacement with the groups of the first match filled in; nothing without a match.
    pub fn expand(&self, text: &str, replacement: &Replacement) -> Option<String> {
        let found = self.checked(self.anywhere(text)?.captures(text, 0))?;
        let mut expanded = String::new();
        replacement.append(text, &found, &mut expanded);
        Some(expanded)
    }

    /// The text with every match replaced.
    pub fn replace_all(&self, text: &str, replacement: &Replacement) -> String {
        self.replace(text, replacement, usize::MAX)
    }

    /// The text with the first match replaced.
    pub fn replace_first(&self, text: &str, replacement: &Replacement) -> String {
        self.replace(text, replacement, 1)
    }

    /// The parts between matches, as Java's `String.split` has them: no empty part before a match of nothing
    /// at the start, no empty parts at the end.
    pub fn split(&self, text: &str) -> Vec<String> {
        let mut parts = Vec::new();
        let mut start = 0;
        self.each_match(text, |groups| {
            if let Some(Some(found)) = groups.first()
                && found.end != 0
            {
                parts.push(text[start..found.start].to_owned());
                start = found.end;
            }
            true
        });
        if parts.is_empty() {
            return vec![text.to_owned()];
        }
        parts.push(text[start..].to_owned());
        while parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        parts
    }

    /// The number of groups, group 0 not counted.
    pub fn group_count(&self) -> usize {
        self.engines().map_or(0, |engines| engines.groups)
    }

    /// The number of the group of this name.
    pub fn group_named(&self, name: &str) -> Option<usize> {
        let names = &self.engines()?.names;
        names.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }

    fn engines(&self) -> Option<&Engines> {
        self.0.anywhere.as_ref().or(self.0.whole.as_ref())
    }

    fn anywhere(&self, text: &str) -> Option<&Engine> {
        self.0.anywhere.as_ref().map(|engines| engines.for_text(text))
    }

    /// The texts of groups.
    fn texts(&self, text: &str, groups: Groups) -> Vec<Option<String>> {
        let mut texts: Vec<_> =
            groups.into_iter().map(|group| group.map(|range| text[range].to_owned())).collect();
        texts.resize(self.group_count() + 1, None);
        texts
    }

    fn replace(&self, text: &str, replacement: &Replacement, mut left: usize) -> String {
        let mut replaced = String::new();
        let mut start = 0;
        self.each_match(text, |groups| {
            if let Some(Some(found)) = groups.first() {
                replaced.push_str(&text[start..found.start]);
                replacement.append(text, groups, &mut replaced);
                start = found.end;
            }
            left -= 1;
            left > 0 && replaced.len() <= crate::TEXT_BYTES_MAX
        });
        replaced.push_str(&text[start..]);
        replaced
    }

    /// Goes through the matches from left to right until told to stop. After an empty match the search goes
    /// on one character later, as `Matcher.find` does.
    fn each_match(&self, text: &str, mut each: impl FnMut(&[Option<Range<usize>>]) -> bool) {
        let Some(engine) = self.anywhere(text) else {
            return;
        };
        let mut from = 0;
        while from <= text.len() {
            let Some(groups) = self.checked(engine.captures(text, from)) else {
                return;
            };
            let Some(Some(found)) = groups.first().cloned() else {
                return;
            };
            if !each(&groups) {
                return;
            }
            from = if found.is_empty() {
                found.end + text[found.end..].chars().next().map_or(1, char::len_utf8)
            } else {
                found.end
            };
        }
    }

    /// A match that runs over the limit is none.
    fn checked<T: Default>(&self, result: Result<T, engine::Exhausted>) -> T {
        result.unwrap_or_else(|_| {
            EXHAUSTED.fetch_add(1, Ordering::Relaxed);
            warn!(
                pattern = self.source(),
                "A pattern takes too many steps on a text; it counts as no match."
            );
            T::default()
        })
    }
}

impl Engines {
    fn compile(pattern: &str, whole: bool) -> Result<Engines, Problem> {
        let usual = translate::translate(pattern, false)?;
        let exact = if usual.has_end { Some(translate::translate(pattern, true)?) } else { None };
        let (groups, names) = (usual.groups, usual.names.clone());
        if !usual.is_linear {
            // The slower engine can look ahead anyway, so one program does for all texts.
            let usual = Engine::compile(pattern, exact.as_ref().unwrap_or(&usual), whole)?;
            return Ok(Engines { usual, at_terminator: None, groups, names });
        }
        let at_terminator = exact.map(|exact| Engine::compile(pattern, &exact, whole)).transpose()?;
        Ok(Engines { usual: Engine::compile(pattern, &usual, whole)?, at_terminator, groups, names })
    }

    fn for_text(&self, text: &str) -> &Engine {
        match &self.at_terminator {
            Some(exact) if text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) => exact,
            _ => &self.usual,
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pattern({:?})", self.source())
    }
}

/// The last pattern of a call whose pattern is worked out per evaluation.
#[derive(Debug)]
pub(crate) struct PatternMemo {
    anchor: Anchor,
    last: Mutex<Option<Result<Pattern, String>>>,
}

impl PatternMemo {
    pub(crate) fn new(anchor: Anchor) -> PatternMemo {
        PatternMemo { anchor, last: Mutex::new(None) }
    }

    /// The compiled pattern; nothing for a malformed one, which is logged when it is new.
    pub(crate) fn get(&self, text: &str) -> Option<Pattern> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(Ok(pattern)) if pattern.source() == text => return Some(pattern.clone()),
            Some(Err(malformed)) if malformed == text => return None,
            _ => {}
        }
        let compiled = Pattern::compile_for(text, self.anchor);
        if let Err(problem) = &compiled {
            warn!(%problem, "A pattern that an expression works out is malformed; it matches nothing.");
        }
        *last = Some(compiled.map_err(|_| text.to_owned()));
        last.as_ref().and_then(|result| result.as_ref().ok()).cloned()
    }
}
