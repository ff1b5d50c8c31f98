//! Reads a pattern in Java's syntax and writes it anew for the engines.
//!
//! Nothing of the original is passed on as it stands: every character is either understood and written in a
//! form that both engines read alike (`\x{…}`, ASCII classes spelled out), or refused.

use std::ops::Range;

use crate::errors::{Problem, ProblemKind};
use crate::pattern::classes;
use crate::pattern::units::{Unit, Units};

/// Deepest nesting of groups and classes.
pub const PATTERN_DEPTH_MAX: usize = 50;

/// What ends a line in Java, as the inside of a class.
const TERMINATORS: &str = r"\x{A}\x{D}\x{85}\x{2028}\x{2029}";

/// A pattern in the syntax of the engines.
pub(super) struct Translation {
    pub(super) regex: String,
    /// Whether the linear engine understands it.
    pub(super) is_linear: bool,
    /// Whether `$` or `\Z` occurs, whose meaning depends on a line terminator at the end of the text.
    pub(super) has_end: bool,
}

/// Translates a pattern. With `exact_end`, `$` and `\Z` also match before a final line terminator, which
/// takes the slower engine.
pub(super) fn translate(pattern: &str, exact_end: bool) -> Result<Translation, Problem> {
    let mut translator = Translator {
        units: Units::new(pattern),
        exact_end,
        is_linear: true,
        has_end: false,
        names: Vec::new(),
        groups: 0,
        depth: 0,
    };
    let regex = translator.alternatives(&mut Flags::default())?;
    if let Some(unit) = translator.units.peek() {
        return Err(
            problem(unit.at..unit.at + 1, "a `)` closes no group").help("write `\\)` to mean it plainly")
        );
    }
    Ok(Translation { regex, is_linear: translator.is_linear, has_end: translator.has_end })
}

/// The flags in force, as `(?idmsuxU)` sets them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) ignores_case: bool,
    pub(super) unicode_case: bool,
    pub(super) unicode_classes: bool,
    pub(super) comments: bool,
    unix_lines: bool,
    multiline: bool,
    dot_all: bool,
}

struct Translator<'p> {
    units: Units<'p>,
    exact_end: bool,
    is_linear: bool,
    has_end: bool,
    /// Names of groups with their numbers.
    names: Vec<(String, usize)>,
    /// The number of capturing groups begun so far.
    groups: usize,
    depth: usize,
}

pub(super) fn problem(range: Range<usize>, message: impl Into<String>) -> Problem {
    Problem::new(range, ProblemKind::Pattern, message)
}

impl Translator<'_> {
    /// Alternatives up to the end of the group or the pattern. Flags that are set hold to the end of both.
    fn alternatives(&mut self, flags: &mut Flags) -> Result<String, Problem> {
        self.depth += 1;
        if self.depth > PATTERN_DEPTH_MAX {
            let at = self.units.position();
            let message = format!("the pattern is nested more than {PATTERN_DEPTH_MAX} levels deep");
            return Err(Problem::new(at..at, ProblemKind::TooLarge, message));
        }
        let mut out = String::new();
        loop {
            self.units.skip_comments(*flags);
            match self.units.peek() {
                None => break,
                Some(unit) if unit.is(')') => break,
                Some(unit) if unit.is('|') => {
                    self.units.advance();
                    out.push('|');
                }
                Some(unit) => {
                    let piece = self.piece(unit, flags)?;
                    out.push_str(&piece);
                }
            }
        }
        self.depth -= 1;
        Ok(out)
    }

    /// One atom and its quantifier.
    fn piece(&mut self, unit: Unit, flags: &mut Flags) -> Result<String, Problem> {
        if !unit.quoted {
            match unit.character {
                '*' | '+' | '?' => {
                    let message = format!("`{}` repeats nothing", unit.character);
                    return Err(problem(unit.at..unit.at + 1, message)
                        .help(format!("write `\\{}` to mean it plainly", unit.character)));
                }
                '{' => {
                    return Err(problem(unit.at..unit.at + 1, "`{` repeats nothing")
                        .help("write `\\{` to mean it plainly"));
                }
                _ => {}
            }
        }
        match self.atom(unit, flags)? {
            Some(atom) => self.quantified(atom, *flags),
            None => Ok(String::new()),
        }
    }

    /// An atom, written as one unit; nothing where only flags are set.
    fn atom(&mut self, unit: Unit, flags: &mut Flags) -> Result<Option<String>, Problem> {
        if !unit.quoted {
            match unit.character {
                '(' => return self.group(flags),
                '[' => return classes::class(&mut self.units, *flags).map(Some),
                '\\' => return self.escape(*flags).map(Some),
                _ => {}
            }
        }
        self.units.advance();
        Ok(Some(match unit.character {
            '.' if !unit.quoted => dot(*flags),
            '^' if !unit.quoted => self.line_start(*flags),
            '$' if !unit.quoted => self.line_end(*flags, flags.multiline),
            plain => classes::literal(plain, *flags),
        }))
    }

    fn quantified(&mut self, atom: String, flags: Flags) -> Result<String, Problem> {
        self.units.skip_comments(flags);
        let Some(unit) = self.units.peek().filter(|unit| !unit.quoted) else {
            return Ok(atom);
        };
        let quantifier = match unit.character {
            '*' | '+' | '?' => {
                self.units.advance();
                unit.character.to_string()
            }
            '{' => self.count()?,
            _ => return Ok(atom),
        };
        self.units.skip_comments(flags);
        match self.units.peek() {
            Some(unit) if unit.is('?') => {
                self.units.advance();
                Ok(format!("{atom}{quantifier}?"))
            }
            Some(unit) if unit.is('+') => {
                self.units.advance();
                self.is_linear = false;
                Ok(format!("(?>{atom}{quantifier})"))
            }
            _ => Ok(format!("{atom}{quantifier}")),
        }
    }

    /// `{n}`, `{n,}` or `{n,m}`.
    fn count(&mut self) -> Result<String, Problem> {
        let start = self.units.position();
        self.units.advance();
        let least = self.units.number();
        let mut most = least;
        if self.units.take(',') {
            most = self.units.number();
        }
        let closed = self.units.take('}');
        let range = start..self.units.position();
        let Some(least) = least.filter(|_| closed) else {
            return Err(problem(range, "a count of repetitions is `{n}`, `{n,}` or `{n,m}`")
                .help("write `\\{` to mean the bracket plainly"));
        };
        if most.is_some_and(|most| most < least) {
            return Err(problem(range, "the greater count of repetitions comes last"));
        }
        Ok(match most {
            Some(most) if most == least => format!("{{{least}}}"),
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least},}}"),
        })
    }

    fn group(&mut self, flags: &mut Flags) -> Result<Option<String>, Problem> {
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
        let body = self.alternatives(&mut inner)?;
        if !self.units.take(')') {
            return Err(problem(start..start + 1, "the group has no closing `)`"));
        }
        let group = format!("{opening}{body})");
        // Not every engine repeats a look-around unless it stands in a group.
        let looks = opening.starts_with("(?=") || opening.starts_with("(?!") || opening.starts_with("(?<");
        Ok(Some(if looks { format!("(?:{group})") } else { group }))
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
        while let Some(unit) = self.units.peek() {
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

    fn escape(&mut self, flags: Flags) -> Result<String, Problem> {
        let start = self.units.position();
        let letter = self.units.after_backslash();
        match letter {
            Some('A') => return Ok(self.take_escape("(?:\\A)")),
            Some('z') => return Ok(self.take_escape("(?:\\z)")),
            Some('B') => return Ok(self.take_escape("(?:\\B)")),
            Some('G') => {
                // The engine takes it for the start of the text in every round of a replacement.
                return Err(problem(start..start + 2, "the end of the previous match (`\\G`) is not offered"));
            }
            Some('Z') => {
                self.take_escape("");
                return Ok(self.line_end(flags, false));
            }
            Some('b') => {
                self.take_escape("");
                if self.units.peek().is_some_and(|unit| unit.is('{')) {
                    return Err(problem(start..start + 3, "boundaries of grapheme clusters are not offered"));
                }
                return Ok("(?:\\b)".to_owned());
            }
            Some('R') => {
                return Ok(self.take_escape(r"(?:\x{D}\x{A}|[\x{A}-\x{D}\x{85}\x{2028}\x{2029}])"));
            }
            Some('X') => {
                return Err(problem(start..start + 2, "grapheme clusters (`\\X`) are not offered"));
            }
            Some('k') => {
                self.take_escape("");
                return self.named_reference(start, flags);
            }
            Some('1'..='9') => {
                self.units.advance();
                return self.numbered_reference(start, flags);
            }
            _ => {}
        }
        match classes::escape(&mut self.units, flags)? {
            classes::Escaped::Character(character) => Ok(classes::literal(character, flags)),
            classes::Escaped::Set(set) => Ok(format!("[{set}]")),
        }
    }

    /// Goes on behind a backslash and a letter.
    fn take_escape(&mut self, meaning: &str) -> String {
        self.units.advance();
        self.units.advance();
        meaning.to_owned()
    }

    fn named_reference(&mut self, start: usize, flags: Flags) -> Result<String, Problem> {
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
    fn numbered_reference(&mut self, start: usize, flags: Flags) -> Result<String, Problem> {
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
        if flags.ignores_case {
            let message = "a reference to a group under the flag `i` is not offered";
            return Err(problem(range, message).help("switch the flag off around it: `(?-i:…)`"));
        }
        self.is_linear = false;
        Ok(format!("(?:\\{number})"))
    }

    fn line_start(&mut self, flags: Flags) -> String {
        if !flags.multiline {
            return "(?:\\A)".to_owned();
        }
        self.is_linear = false;
        // Java finds no line after the last terminator, nor between the two characters of one.
        let after = match flags.unix_lines {
            true => r"(?<=\x{A})",
            false => r"(?<=[\x{A}\x{85}\x{2028}\x{2029}])|(?<=\x{D})(?!\x{A})",
        };
        format!(r"(?:(?!\z)(?:\A|{after}))")
    }

    fn line_end(&mut self, flags: Flags, multiline: bool) -> String {
        if multiline {
            self.is_linear = false;
            return match flags.unix_lines {
                true => r"(?:(?=\x{A}|\z))".to_owned(),
                false => format!(r"(?:(?=[{TERMINATORS}]|\z)(?!(?<=\x{{D}})\x{{A}}))"),
            };
        }
        self.has_end = true;
        if !self.exact_end {
            return "(?:\\z)".to_owned();
        }
        self.is_linear = false;
        match flags.unix_lines {
            true => r"(?:(?=\x{A}?\z))".to_owned(),
            false => format!(r"(?:(?=(?:\x{{D}}\x{{A}}|[{TERMINATORS}])?\z)(?!(?<=\x{{D}})\x{{A}}))"),
        }
    }
}

enum Extension {
    /// A group, with what it opens with.
    Group(String),
    /// `(?i)`: holds from here to the end of the group around it.
    FlagsOnly,
}

/// Any character but those that end a line.
fn dot(flags: Flags) -> String {
    if flags.dot_all {
        "(?s:.)".to_owned()
    } else if flags.unix_lines {
        r"[^\x{A}]".to_owned()
    } else {
        format!("[^{TERMINATORS}]")
    }
}
