//! Patterns that are plain text in disguise: `^/css`, `admin`, `^/a$`. Most route conditions are such, and
//! comparing text is several times faster than running a program.

use memchr::memmem;

/// A test that is equal to matching a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shortcut {
    StartsWith(String),
    Contains(String),
}

impl Shortcut {
    /// The shortcut of a pattern; nothing if it is more than plain text.
    pub(super) fn of(pattern: &str) -> Option<Shortcut> {
        let (anchored, rest) = match pattern.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let mut text = String::new();
        let mut characters = rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => text.push(
                    characters.next().filter(|escaped| matches!(escaped, '.' | '/' | '-' | '?' | '+'))?,
                ),
                '/' | '-' | '_' | ' ' | '~' | '%' | ',' | ';' | ':' | '=' | '@' | '&' => text.push(character),
                _ if character.is_ascii_alphanumeric() => text.push(character),
                _ => return None,
            }
        }
        Some(if anchored { Shortcut::StartsWith(text) } else { Shortcut::Contains(text) })
    }

    /// Whether it is all of the text.
    pub(super) fn is_whole(&self, text: &str) -> bool {
        match self {
            Shortcut::StartsWith(plain) | Shortcut::Contains(plain) => text == plain,
        }
    }

    pub(super) fn find(&self, text: &str) -> bool {
        match self {
            Shortcut::StartsWith(start) => text.starts_with(start),
            // For short texts quicker than `str::contains`, which prepares for long ones.
            Shortcut::Contains(part) => memmem::find(text.as_bytes(), part.as_bytes()).is_some(),
        }
    }
}
