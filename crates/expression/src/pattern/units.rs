//! The characters of a pattern, one by one, each knowing where it stands and whether `\Q…\E` quotes it.

use crate::pattern::translate::Flags;

/// One character of a pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) character: char,
    /// Whether it stands between `\Q` and `\E` and so means itself.
    pub(super) quoted: bool,
    /// Its place, in bytes.
    pub(super) at: usize,
}

impl Unit {
    /// Whether this is the given character, with its special meaning.
    pub(super) fn is(self, character: char) -> bool {
        !self.quoted && self.character == character
    }
}

/// A place in the characters of a pattern.
pub(super) struct Units<'p> {
    pattern: &'p str,
    units: Vec<Unit>,
    next: usize,
}

impl<'p> Units<'p> {
    pub(super) fn new(pattern: &'p str) -> Units<'p> {
        let mut units = Vec::with_capacity(pattern.len());
        let mut quoted = false;
        let mut characters = pattern.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let following = characters.peek().map(|(_, following)| *following);
            match (character, following) {
                ('\\', Some('E')) if quoted => {
                    quoted = false;
                    characters.next();
                }
                ('\\', Some('Q')) if !quoted => {
                    quoted = true;
                    characters.next();
                }
                ('\\', Some(escaped)) if !quoted => {
                    // The pair is taken together, so that the second backslash of `\\Q` begins no quotation.
                    units.push(Unit { character, quoted, at });
                    units.push(Unit { character: escaped, quoted, at: at + 1 });
                    characters.next();
                }
                _ => units.push(Unit { character, quoted, at }),
            }
        }
        Units { pattern, units, next: 0 }
    }

    /// The next character, left where it is.
    pub(super) fn peek(&self) -> Option<Unit> {
        self.units.get(self.next).copied()
    }

    /// The character after the next.
    pub(super) fn peek_second(&self) -> Option<Unit> {
        self.units.get(self.next + 1).copied()
    }

    /// The character after the next two.
    pub(super) fn peek_third(&self) -> Option<Unit> {
        self.units.get(self.next + 2).copied()
    }

    /// The letter behind the backslash that is next.
    pub(super) fn after_backslash(&self) -> Option<char> {
        self.peek_second().filter(|unit| !unit.quoted).map(|unit| unit.character)
    }

    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// Takes the next character if it is this one, with its special meaning.
    pub(super) fn take(&mut self, character: char) -> bool {
        let found = self.peek().is_some_and(|unit| unit.is(character));
        if found {
            self.advance();
        }
        found
    }

    /// The place of the next character, in bytes.
    pub(super) fn position(&self) -> usize {
        self.peek().map_or(self.pattern.len(), |unit| unit.at)
    }

    /// A number of at most nine digits, if one is next.
    pub(super) fn number(&mut self) -> Option<u32> {
        let digits = self.take_while(|character| character.is_ascii_digit());
        if digits.len() > 9 { None } else { digits.parse().ok() }
    }

    /// The name of a group, if one is next.
    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.take_while(|character| character.is_ascii_alphanumeric());
        name.starts_with(|first: char| first.is_ascii_alphabetic()).then_some(name)
    }

    /// Takes characters as long as they fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(unit) = self.peek().filter(|unit| !unit.quoted && fits(unit.character)) {
            taken.push(unit.character);
            self.advance();
        }
        taken
    }

    /// Under the flag `x`: goes on behind blanks and comments.
    pub(super) fn skip_comments(&mut self, flags: Flags) {
        if !flags.comments {
            return;
        }
        let mut in_comment = false;
        while let Some(unit) = self.peek().filter(|unit| in_comment || !unit.quoted) {
            match unit.character {
                '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' if in_comment => in_comment = false,
                _ if in_comment => {}
                ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r' => {}
                '#' => in_comment = true,
                _ => return,
            }
            self.advance();
        }
    }
}
