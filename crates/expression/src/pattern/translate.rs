//! Reads a pattern in Java's syntax and writes it anew for the engines.
//!
//! Nothing of the original is passed on as it stands: every character is either understood and written in a
//! form that both engines read alike (`\x{…}`, ASCII classes spelled out), or refused.

use std::ops::Range;

use crate::errors::{Problem, ProblemKind};
use crate::pattern::classes;
use crate::pattern::references::GroupTexts;
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
    /// The number of capturing groups.
    pub(super) groups: usize,
    /// Names of groups with their numbers.
    pub(super) names: Vec<(String, usize)>,
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
        texts: GroupTexts::default(),
        depth: 0,
        look_behinds: 0,
        looks: 0,
    };
    let regex = translator.alternatives(&mut Flags::default())?.text;
    if let Some(unit) = translator.units.peek() {
        return Err(
            problem(unit.at..unit.at + 1, "a `)` closes no group").help("write `\\)` to mean it plainly")
        );
    }
    let Translator { is_linear, has_end, groups, names, .. } = translator;
    Ok(Translation { regex, is_linear, has_end, groups, names })
}

/// The flags in force, as `(?idmsuxU)` sets them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) ignores_case: bool,
    pub(super) unicode_case: bool,
    pub(super) unicode_classes: bool,
    pub(super) comments: bool,
    pub(super) unix_lines: bool,
    pub(super) multiline: bool,
    pub(super) dot_all: bool,
}

pub(super) struct Translator<'p> {
    pub(super) units: Units<'p>,
    exact_end: bool,
    pub(super) is_linear: bool,
    has_end: bool,
    /// Names of groups with their numbers.
    pub(super) names: Vec<(String, usize)>,
    /// The number of capturing groups begun so far.
    pub(super) groups: usize,
    /// What is known of the texts of groups at the current place.
    pub(super) texts: GroupTexts,
    depth: usize,
    /// The look-behinds around the current place.
    pub(super) look_behinds: usize,
    /// How many parts so far look at what stands around a place, or back at a group.
    pub(super) looks: usize,
}

/// A part of the translation.
pub(super) struct Piece {
    pub(super) text: String,
    /// Whether it can match nothing.
    pub(super) is_nullable: bool,
    /// Whether it tries nothing before it has tried everything else.
    pub(super) prefers_nothing: bool,
    /// Whether it has alternatives, or such as are like them.
    pub(super) has_alternatives: bool,
    pub(super) width: Width,
}

/// How many characters a part takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Always(usize),
    /// Each of its alternatives always takes its own number.
    PerAlternative,
    Varies,
}

impl Piece {
    /// A part that always takes a character.
    fn character(text: String) -> Piece {
        let width = Width::Always(1);
        Piece { text, is_nullable: false, prefers_nothing: false, has_alternatives: false, width }
    }

    /// A part that looks at a place, or is empty.
    pub(super) fn nullable(text: impl Into<String>) -> Piece {
        Piece { is_nullable: true, width: Width::Always(0), ..Piece::character(text.into()) }
    }

    /// The text of a group, which may be empty.
    pub(super) fn reference(text: String) -> Piece {
        Piece { width: Width::Varies, ..Piece::nullable(text) }
    }
}

impl Width {
    /// One part after the other.
    fn and(self, next: Width) -> Width {
        match (self, next) {
            (Width::Always(first), Width::Always(second)) => Width::Always(first.saturating_add(second)),
            _ => Width::Varies,
        }
    }

    /// One part or the other.
    fn or(self, other: Width) -> Width {
        match (self, other) {
            (Width::Varies, _) | (_, Width::Varies) => Width::Varies,
            _ if self == other => self,
            _ => Width::PerAlternative,
        }
    }
}

/// `\R`. One by itself may take the first of two characters that make one terminator.
pub(super) const LINE_BREAK: &str = r"(?:\x{D}\x{A}|[\x{A}-\x{D}\x{85}\x{2028}\x{2029}])";

pub(super) fn problem(range: Range<usize>, message: impl Into<String>) -> Problem {
    Problem::new(range, ProblemKind::Pattern, message)
}

impl Translator<'_> {
    /// Alternatives up to the end of the group or the pattern. Flags that are set hold to the end of both.
    pub(super) fn alternatives(&mut self, flags: &mut Flags) -> Result<Piece, Problem> {
        self.depth += 1;
        if self.depth > PATTERN_DEPTH_MAX {
            let at = self.units.position();
            let message = format!("the pattern is nested more than {PATTERN_DEPTH_MAX} levels deep");
            return Err(Problem::new(at..at, ProblemKind::TooLarge, message));
        }
        let matched_before = self.texts.matched.len();
        let mut all = self.sequence(flags)?;
        while self.units.take('|') {
            self.texts.matched.truncate(matched_before);
            let next = self.sequence(flags)?;
            self.texts.matched.truncate(matched_before);
            all.prefers_nothing |= all.is_nullable || next.prefers_nothing;
            all.is_nullable |= next.is_nullable;
            all.has_alternatives = true;
            all.width = all.width.or(next.width);
            all.text.push('|');
            all.text.push_str(&next.text);
        }
        self.depth -= 1;
        Ok(all)
    }

    /// Pieces up to the end of the alternative.
    fn sequence(&mut self, flags: &mut Flags) -> Result<Piece, Problem> {
        let mut all = Piece::nullable("");
        let mut looks_at_place = false;
        loop {
            self.units.skip_comments(*flags);
            let unit = match self.units.peek() {
                None => break,
                Some(unit) if unit.is(')') || unit.is('|') => break,
                Some(unit) => unit,
            };
            let piece = self.piece(unit, flags)?;
            looks_at_place |= piece.width == Width::Always(0) && !matches!(piece.text.as_str(), "" | "(?:)");
            all.text.push_str(&piece.text);
            all.is_nullable &= piece.is_nullable;
            all.prefers_nothing |= piece.prefers_nothing;
            all.has_alternatives |= piece.has_alternatives;
            all.width = all.width.and(piece.width);
        }
        all.prefers_nothing &= all.is_nullable;
        // `\b(?:a-)?` may match nothing at one place only, which is like having an alternative.
        all.has_alternatives |= looks_at_place && all.is_nullable && all.width != Width::Always(0);
        Ok(all)
    }

    /// One atom and its quantifier.
    fn piece(&mut self, unit: Unit, flags: &mut Flags) -> Result<Piece, Problem> {
        if !unit.quoted {
            match unit.character {
                '*' | '+' | '?' => {
                    let message = format!("`{}` repeats nothing", unit.character);
                    return Err(problem(unit.at..unit.at + 1, message)
                        .help(format!("write `\\{}` to mean it plainly", unit.character)));
                }
                // A count without anything before it repeats the empty text.
                '{' => return self.quantified(Piece::nullable("(?:)"), *flags, self.groups),
                _ => {}
            }
        }
        let groups_before = self.groups;
        let Some(atom) = self.atom(unit, flags)? else {
            return Ok(Piece::nullable(""));
        };
        self.quantified(atom, *flags, groups_before)
    }

    /// An atom, written as one unit; nothing where only flags are set.
    fn atom(&mut self, unit: Unit, flags: &mut Flags) -> Result<Option<Piece>, Problem> {
        if !unit.quoted {
            match unit.character {
                '(' => return self.group(flags),
                '[' => return classes::class(&mut self.units, *flags).map(Piece::character).map(Some),
                '\\' => return self.escape(*flags).map(Some),
                _ => {}
            }
        }
        self.units.advance();
        Ok(Some(match unit.character {
            '.' if !unit.quoted => Piece::character(dot(*flags)),
            '^' if !unit.quoted => Piece::nullable(self.line_start(*flags)),
            '$' if !unit.quoted => Piece::nullable(self.line_end(*flags, flags.multiline)),
            plain => Piece::character(classes::literal(plain, *flags)),
        }))
    }

    fn escape(&mut self, flags: Flags) -> Result<Piece, Problem> {
        let start = self.units.position();
        match self.units.after_backslash() {
            Some('A') => Ok(self.taken(Piece::nullable("(?:\\A)"))),
            Some('z') => Ok(self.taken(Piece::nullable("(?:\\z)"))),
            Some('B') => {
                self.looks += 1;
                Ok(self.taken(Piece::nullable("(?:\\B)")))
            }
            Some('R') => {
                let line_break = Piece::character(LINE_BREAK.to_owned());
                Ok(self.taken(Piece { width: Width::Varies, ..line_break }))
            }
            Some('Z') => {
                let end = Piece::nullable(self.line_end(flags, false));
                Ok(self.taken(end))
            }
            Some('b') => {
                self.looks += 1;
                let boundary = self.taken(Piece::nullable("(?:\\b)"));
                match self.units.peek().filter(|unit| unit.is('{')) {
                    Some(unit) if self.units.peek_second().is_some_and(|second| second.is('g')) => {
                        let message = "boundaries of grapheme clusters are not offered";
                        Err(problem(start..unit.at + 1, message))
                    }
                    _ => Ok(boundary),
                }
            }
            Some('G') => {
                // The engine takes it for the start of the text in every round of a replacement.
                Err(problem(start..start + 2, "the end of the previous match (`\\G`) is not offered"))
            }
            Some('X') => Err(problem(start..start + 2, "grapheme clusters (`\\X`) are not offered")),
            Some('k') => self.named_reference(start, flags).map(Piece::reference),
            Some('1'..='9') => self.numbered_reference(start, flags).map(Piece::reference),
            _ => Ok(Piece::character(match classes::escape(&mut self.units, flags)? {
                classes::Escaped::Character(character) => classes::literal(character, flags),
                classes::Escaped::Set(set) => format!("[{set}]"),
            })),
        }
    }

    /// Goes on behind a backslash and a letter.
    fn taken(&mut self, meaning: Piece) -> Piece {
        self.units.advance();
        self.units.advance();
        meaning
    }

    /// A part follows that looks around, or back at a group, which takes the slower engine.
    pub(super) fn looks_around(&mut self) {
        self.is_linear = false;
        self.looks += 1;
    }

    fn line_start(&mut self, flags: Flags) -> String {
        if !flags.multiline {
            return "(?:\\A)".to_owned();
        }
        self.looks_around();
        // Java finds no line after the last terminator, nor between the two characters of one.
        let after = match flags.unix_lines {
            true => r"(?<=\x{A})",
            false => r"(?<=[\x{A}\x{85}\x{2028}\x{2029}])|(?<=\x{D})(?!\x{A})",
        };
        format!(r"(?:(?!\z)(?:\A|{after}))")
    }

    fn line_end(&mut self, flags: Flags, multiline: bool) -> String {
        if multiline {
            self.looks_around();
            return match flags.unix_lines {
                true => r"(?:(?=\x{A}|\z))".to_owned(),
                false => format!(r"(?:(?=[{TERMINATORS}]|\z)(?!(?<=\x{{D}})\x{{A}}))"),
            };
        }
        self.has_end = true;
        if !self.exact_end {
            return "(?:\\z)".to_owned();
        }
        self.looks_around();
        match flags.unix_lines {
            true => r"(?:(?=\x{A}?\z))".to_owned(),
            false => format!(r"(?:(?=(?:\x{{D}}\x{{A}}|[{TERMINATORS}])?\z)(?!(?<=\x{{D}})\x{{A}}))"),
        }
    }
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
