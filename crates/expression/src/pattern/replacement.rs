//! Replacement text with references to groups: `$1`, `${name}`, and a backslash before what is meant plainly.

use std::ops::Range;

use crate::errors::{Problem, ProblemKind};
use crate::pattern::Pattern;

/// A replacement, read in the syntax of `Matcher.appendReplacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
}

impl Replacement {
    /// Reads a replacement for a pattern. A reference to a group that the pattern lacks is an error.
    pub fn compile(text: &str, pattern: &Pattern) -> Result<Replacement, Problem> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let at = text.len() - rest.len();
            rest = &rest[character.len_utf8()..];
            match character {
                '\\' => {
                    let Some(escaped) = rest.chars().next() else {
                        return Err(problem(
                            at..text.len(),
                            "a backslash at the end of the replacement escapes nothing",
                        ));
                    };
                    literal.push(escaped);
                    rest = &rest[escaped.len_utf8()..];
                }
                '$' => {
                    let (group, length) = reference(rest, pattern).ok_or_else(|| {
                        problem(at..at + 1, "`$` refers to a group that the pattern does not have")
                            .help("write `\\$` for a plain dollar sign")
                    })?;
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Group(group));
                    rest = &rest[length..];
                }
                plain => literal.push(plain),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Replacement(parts))
    }

    /// Appends the replacement of one match. A group that took no part adds nothing.
    pub(super) fn append(&self, text: &str, groups: &[Option<Range<usize>>], out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(literal) => out.push_str(literal),
                Part::Group(group) => {
                    if let Some(Some(range)) = groups.get(*group) {
                        out.push_str(&text[range.clone()]);
                    }
                }
            }
        }
    }
}

fn problem(range: Range<usize>, message: &str) -> Problem {
    Problem::new(range, ProblemKind::Pattern, message)
}

/// The group after a `$`, and the bytes that name it. Digits are taken as long as such a group exists.
fn reference(rest: &str, pattern: &Pattern) -> Option<(usize, usize)> {
    if let Some(named) = rest.strip_prefix('{') {
        let end = named.find('}')?;
        return Some((pattern.group_named(&named[..end])?, end + 2));
    }
    let mut digits = rest.bytes().take_while(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'));
    let mut group = digits.next().filter(|group| *group <= pattern.group_count())?;
    let mut length = 1;
    for digit in digits {
        let longer = group * 10 + digit;
        if longer > pattern.group_count() {
            break;
        }
        group = longer;
        length += 1;
    }
    Some((group, length))
}
