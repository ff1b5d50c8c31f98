//! Groups: what stands between round brackets, and references to it.

use std::ops::Range;

use crate::errors::Problem;
use crate::pattern::translate::{Flags, Piece, Translator, Width, problem};

enum Extension {
    /// A group, with what it opens with.
    Group(String),
    /// `(?i)`: holds from here to the end of the group around it.
    FlagsOnly,
}

impl Translator<'_> {
    /// Translates the group whose `(` is next; nothing where only flags are set.
    pub(super) fn group(&mut self, flags: &mut Flags) -> Result<Option<Piece>, Problem> {
        let start = self.units.position();
        let groups_before = self.groups;
        self.units.advance();
        let mut inner = *flags;
        let opening = if self.units.take('?') {
            match self.extension(start, &mut inner)? {
                Extension::Group(opening) => opening,
                Extension::FlagsOnly => {
                    *flags = inner;
                    return Ok(None);
                }
            }
        } else {
            self.groups += 1;
            "(".to_owned()
        };
        let looks_behind = matches!(opening.as_str(), "(?<=" | "(?<!");
        let looks = looks_behind || matches!(opening.as_str(), "(?=" | "(?!");
        let number = (opening == "(" || opening.starts_with("(?P<")).then_some(self.groups);
        let (looks_before, matched_before) = (self.looks, self.texts.matched.len());
        self.look_behinds += usize::from(looks_behind);
        self.texts.open.extend(number);
        let body = self.alternatives(&mut inner)?;
        self.look_behinds -= usize::from(looks_behind);
        if number.is_some() {
            self.texts.open.pop();
        }
        self.texts.matched.extend(number);
        if !self.units.take(')') {
            return Err(problem(start..start + 1, "the group has no closing `)`"));
        }
        if looks || opening == "(?>" {
            self.texts.keep(groups_before + 1..=self.groups)?;
        }
        if opening.ends_with('!') {
            self.texts.matched.truncate(matched_before);
        }
        if looks_behind && body.width == Width::Varies {
            self.texts.lost.extend(groups_before + 1..=self.groups);
            if self.looks > looks_before {
                return Err(looks_from_behind(start..self.units.position()));
            }
        }
        let text = format!("{opening}{})", body.text);
        // Not every engine repeats a look-around unless it stands in a group.
        Ok(Some(if looks { Piece::nullable(format!("(?:{text})")) } else { Piece { text, ..body } }))
    }

    /// What follows `(?`.
    fn extension(&mut self, start: usize, flags: &mut Flags) -> Result<Extension, Problem> {
        let opening = if self.units.take(':') {
            return Ok(Extension::Group("(?:".to_owned()));
        } else if self.units.take('=') {
            "(?="
        } else if self.units.take('!') {
            "(?!"
        } else if self.units.take('>') {
            if self.look_behinds > 0 {
                return Err(not_behind(start..self.units.position()));
            }
            "(?>"
        } else if self.units.take('<') {
            if self.units.take('=') {
                "(?<="
            } else if self.units.take('!') {
                "(?<!"
            } else {
                return self.named(start);
            }
        } else {
            return self.inline_flags(start, flags);
        };
        self.looks_around();
        Ok(Extension::Group(opening.to_owned()))
    }

    fn named(&mut self, start: usize) -> Result<Extension, Problem> {
        let name = self.units.name();
        let range = start..self.units.position();
        let Some(name) = name.filter(|_| self.units.take('>')) else {
            return Err(problem(range, "the name of a group is made of ASCII letters and digits, then `>`"));
        };
        if self.names.iter().any(|(known, _)| *known == name) {
            return Err(problem(range, format!("two groups are named `{name}`")));
        }
        self.groups += 1;
        let opening = format!("(?P<{name}>");
        self.names.push((name, self.groups));
        Ok(Extension::Group(opening))
    }

    fn inline_flags(&mut self, start: usize, flags: &mut Flags) -> Result<Extension, Problem> {
        let mut on = true;
        while let Some(unit) = self.units.peek().filter(|unit| !unit.quoted) {
            self.units.advance();
            match unit.character {
                'i' => flags.ignores_case = on,
                'm' => flags.multiline = on,
                's' => flags.dot_all = on,
                'd' => flags.unix_lines = on,
                'x' => flags.comments = on,
                'u' => flags.unicode_case = on,
                'U' => {
                    flags.unicode_classes = on;
                    flags.unicode_case = on;
                }
                '-' if on => on = false,
                ')' => return Ok(Extension::FlagsOnly),
                ':' => return Ok(Extension::Group("(?:".to_owned())),
                _ => break,
            }
        }
        let message = "a group does not begin like this";
        Err(problem(start..self.units.position(), message)
            .help("known are `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!`, `(?>`, `(?<name>` and the flags idmsuxU"))
    }
}

/// Behind, the engine tries lengths where Java tries places, which shows where nothing may be given back.
pub(super) fn not_behind(range: Range<usize>) -> Problem {
    problem(range, "what gives nothing back (`*+`, `(?>`) is not offered in a look-behind")
}

/// Where the engine has to try lengths and to look around for each, it takes a failure of its own, as at `\b`
/// behind letters beyond ASCII, for a text that does not match, which makes `(?<!` true.
fn looks_from_behind(range: Range<usize>) -> Problem {
    problem(range, "a look-behind whose length varies cannot itself look around or back")
        .help("write one look-behind for each length, as alternatives")
}
