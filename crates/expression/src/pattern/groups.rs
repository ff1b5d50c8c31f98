//! Groups: what stands between round brackets, and references to it.

use std::ops::Range;

use crate::errors::Problem;
use crate::pattern::translate::{Flags, Piece, Translator, problem};

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
        let looks_behind = usize::from(matches!(opening.as_str(), "(?<=" | "(?<!"));
        self.look_behinds += looks_behind;
        let captures = opening == "(" || opening.starts_with("(?P<");
        self.open.extend(captures.then_some(self.groups));
        let body = self.alternatives(&mut inner)?;
        if captures {
            self.open.pop();
        }
        self.look_behinds -= looks_behind;
        if !self.units.take(')') {
            return Err(problem(start..start + 1, "the group has no closing `)`"));
        }
        let text = format!("{opening}{})", body.text);
        let looks = looks_behind == 1 || matches!(opening.as_str(), "(?=" | "(?!");
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
        self.is_linear = false;
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

    pub(super) fn named_reference(&mut self, start: usize, flags: Flags) -> Result<String, Problem> {
        self.units.advance();
        self.units.advance();
        let name = if self.units.take('<') { self.units.name() } else { None };
        let name = name.filter(|_| self.units.take('>'));
        let range = start..self.units.position();
        let Some(name) = name else {
            return Err(problem(range, "a reference to a named group is written `\\k<name>`"));
        };
        match self.names.iter().find(|(known, _)| *known == name).map(|(_, number)| *number) {
            Some(number) => self.reference(number, range, flags),
            None => Err(problem(range, format!("no group before this place is named `{name}`"))),
        }
    }

    /// Takes digits as long as there is such a group, as Java does.
    pub(super) fn numbered_reference(&mut self, start: usize, flags: Flags) -> Result<String, Problem> {
        self.units.advance();
        let mut number = 0;
        while let Some(digit) = self.units.peek().and_then(|unit| unit.character.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if number > 0 && longer > self.groups {
                break;
            }
            number = longer;
            self.units.advance();
        }
        let range = start..self.units.position();
        if number > self.groups {
            let message = format!("the pattern has no group {number} before this place");
            return Err(problem(range, message));
        }
        self.reference(number, range, flags)
    }

    fn reference(&mut self, number: usize, range: Range<usize>, flags: Flags) -> Result<String, Problem> {
        if self.open.contains(&number) {
            return Err(problem(range, format!("the reference to group {number} stands inside of it")));
        }
        if self.uncertain.contains(&number) {
            let message =
                format!("group {number} is repeated and may have matched nothing in the last round");
            return Err(problem(range, message).help("refer to a group around the repetition"));
        }
        if flags.ignores_case {
            let message = "a reference to a group under the flag `i` is not offered";
            return Err(problem(range, message).help("switch the flag off around it: `(?-i:…)`"));
        }
        self.is_linear = false;
        Ok(format!("(?:\\{number})"))
    }
}

/// Behind, the engine tries lengths where Java tries places, which shows where nothing may be given back.
pub(super) fn not_behind(range: Range<usize>) -> Problem {
    problem(range, "what gives nothing back (`*+`, `(?>`) is not offered in a look-behind")
}
