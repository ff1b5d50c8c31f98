//! Positions in text as Java counts them: in units of UTF-16.
//!
//! Header values and paths are nearly always ASCII, where units and bytes are the same.

/// The length of a text.
pub(crate) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// The byte at which a unit begins; nothing beyond the end or inside a character.
pub(crate) fn to_byte(text: &str, units: usize) -> Option<usize> {
    if text.is_ascii() {
        return (units <= text.len()).then_some(units);
    }
    let mut seen = 0;
    for (byte, character) in text.char_indices() {
        if seen >= units {
            return (seen == units).then_some(byte);
        }
        seen += character.len_utf16();
    }
    (seen == units).then_some(text.len())
}

/// The position of a byte, as an integer of the language.
pub(crate) fn from_byte(text: &str, byte: usize) -> i64 {
    i64::try_from(length(&text[..byte])).unwrap_or(i64::MAX)
}

/// A count as an integer of the language.
pub(crate) fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
