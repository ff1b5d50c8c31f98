//! [`SecretId`]: what a secret is called.

use std::fmt;
use std::sync::Arc;

/// The longest identifier, in bytes. Beyond it, a file of this name and a suffix might not be possible.
const ID_BYTES_MAX: usize = 200;

/// What a secret is called: letters, digits, `.`, `_` and `-`. Safe as the name of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretId(Arc<str>);

/// Why a text is no [`SecretId`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretIdError {
    /// There is nothing left of it.
    #[error("a secret id has at least one letter or digit")]
    Empty,
    /// It is too long.
    #[error("a secret id has at most {ID_BYTES_MAX} characters")]
    TooLong,
    /// A character that none may have.
    #[error("a secret id has letters, digits, `.`, `_` and `-` only, not {0:?}")]
    Character(char),
}

impl SecretId {
    /// Reads an identifier. A slash at its beginning is left out, because published configurations have one.
    ///
    /// # Errors
    /// What the text breaks of the rules above.
    pub fn parse(text: &str) -> Result<Self, SecretIdError> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if let Some(other) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(SecretIdError::Character(other));
        }
        // `.` and `..` would be folders.
        if !text.contains(|c: char| c.is_ascii_alphanumeric()) {
            return Err(SecretIdError::Empty);
        }
        if text.len() > ID_BYTES_MAX {
            return Err(SecretIdError::TooLong);
        }
        Ok(Self(text.into()))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, SecretIdError>) {
        let id = SecretId::parse(text);
        assert_eq!(id.as_ref().map(SecretId::as_str), expected.as_ref().copied());
    }

    #[test]
    fn letters_digits_and_three_signs() {
        check("am.agent_Password-1", Ok("am.agent_Password-1"));
        check("/leading.slash", Ok("leading.slash"));
        check("a/b", Err(SecretIdError::Character('/')));
        check("//a", Err(SecretIdError::Character('/')));
        check("a b", Err(SecretIdError::Character(' ')));
        check("p\u{e4}ss", Err(SecretIdError::Character('\u{e4}')));
        check("a\0", Err(SecretIdError::Character('\0')));
    }

    #[test]
    fn folders_are_no_secrets() {
        for text in ["", "/", ".", "..", "/..", "-", "..."] {
            check(text, Err(SecretIdError::Empty));
        }
        check("..a", Ok("..a"));
    }

    #[test]
    fn two_hundred_characters_are_enough() {
        let longest = "a".repeat(ID_BYTES_MAX);
        check(&longest, Ok(&longest));
        check(&format!("{longest}a"), Err(SecretIdError::TooLong));
    }
}
