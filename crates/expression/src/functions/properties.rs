//! Java's `.properties` files: `name = value`, `#` and `!` for comments, a backslash to go on or to escape.

use std::fmt;

/// The only mistake that a `.properties` file can have: `\u` without four hexadecimal digits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenEscape {
    /// The line in which the entry starts, counted from 1.
    pub line: usize,
}

impl fmt::Display for BrokenEscape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: `\\u` is not followed by four hexadecimal digits", self.line)
    }
}

impl std::error::Error for BrokenEscape {}

/// The entries of a `.properties` file in the order of the file, by the rules of Java. A later one of the same
/// name wins when they become a map.
///
/// # Errors
/// A `\u` without four digits, as in Java.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, BrokenEscape> {
    let lines = logical_lines(text);
    lines.iter().map(|(line, text)| entry(text).ok_or(BrokenEscape { line: *line })).collect()
}

/// Lines without comments and blank lines, with continuations joined, and the number of the first of each.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut logical: Vec<(usize, String)> = Vec::new();
    let mut continues = false;
    let text = text.replace("\r\n", "\n");
    for (index, line) in text.split(['\n', '\r']).enumerate() {
        let line = line.trim_start_matches([' ', '\t', '\x0c']);
        if !continues && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        // An even number of backslashes at the end are escaped ones.
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        let goes_on = backslashes % 2 == 1;
        let content = if goes_on { &line[..line.len() - 1] } else { line };
        match logical.last_mut() {
            Some((_, before)) if continues => before.push_str(content),
            _ => logical.push((index + 1, content.to_owned())),
        }
        continues = goes_on;
    }
    logical
}

fn entry(line: &str) -> Option<(String, String)> {
    let mut escaped = false;
    let end = line
        .find(|character: char| {
            let ends = !escaped && matches!(character, '=' | ':' | ' ' | '\t' | '\x0c');
            escaped = character == '\\' && !escaped;
            ends
        })
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let blank = [' ', '\t', '\x0c'];
    let rest = rest.trim_start_matches(blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(blank);
    Some((unescape(name)?, unescape(rest)?))
}

/// Nothing when an escape is broken.
fn unescape(text: &str) -> Option<String> {
    let mut units = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    let mut buffer = [0; 2];
    while let Some(character) = characters.next() {
        let meant = match character {
            '\\' => match characters.next() {
                Some('u') => {
                    units.push(hexadecimal(characters.as_str())?);
                    characters = characters.as_str()[4..].chars();
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\x0c',
                Some(other) => other,
                None => continue,
            },
            plain => plain,
        };
        units.extend_from_slice(meant.encode_utf16(&mut buffer));
    }
    Some(String::from_utf16_lossy(&units))
}

fn hexadecimal(text: &str) -> Option<u16> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}
