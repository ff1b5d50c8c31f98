//! One reading of the path for condition, policy and origin.
//!
//! Gateways have been bypassed again and again because a rule saw one path and the origin another: an
//! encoded slash, a dot segment, a doubled slash. [`inspect_path`] says whether a raw path can be read in
//! only one way; a listener refuses with 400 those that cannot, or makes them canonical.

use percent_encoding::percent_decode_str;

/// Why a path can be read in more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFinding {
    /// `.` or `..` as a segment, plain or encoded.
    DotSegment,
    /// `%2F` or `%5C`: a separator to some, data to others.
    EncodedSeparator,
    /// `%2E`: a dot that a later decoder may act on.
    EncodedDot,
    /// `%25`: what follows may be decoded twice.
    DoubleEncoding,
    /// A backslash, which some servers take for a slash.
    Backslash,
    /// `//`: merged by some, kept by others.
    EmptySegment,
    /// A control character, NUL among them.
    ControlCharacter,
    /// `%` not followed by two hexadecimal digits.
    BrokenEncoding,
    /// Encoded bytes that are not UTF-8, overlong forms among them.
    NotUtf8,
}

impl PathFinding {
    /// A sentence for the log.
    pub fn describe(self) -> &'static str {
        match self {
            Self::DotSegment => "the path has a `.` or `..` segment",
            Self::EncodedSeparator => "the path has an encoded slash or backslash",
            Self::EncodedDot => "the path has an encoded dot",
            Self::DoubleEncoding => "the path has an encoded percent sign, so it could be decoded twice",
            Self::Backslash => "the path has a backslash",
            Self::EmptySegment => "the path has an empty segment (`//`)",
            Self::ControlCharacter => "the path has a control character",
            Self::BrokenEncoding => "the path has a `%` that is not followed by two hexadecimal digits",
            Self::NotUtf8 => "the path has encoded bytes that are not UTF-8",
        }
    }
}

/// Finds the first reason why `raw` (the encoded path of a request line) is ambiguous.
pub fn inspect_path(raw: &str) -> Option<PathFinding> {
    let bytes = raw.as_bytes();
    let mut encoded_beyond_ascii = false;
    let mut index = 0;
    while index < bytes.len() {
        match bytes[index] {
            b'%' => {
                let Some(byte) = encoded_byte(bytes, index) else { return Some(PathFinding::BrokenEncoding) };
                match byte {
                    b'/' | b'\\' => return Some(PathFinding::EncodedSeparator),
                    b'.' => return Some(PathFinding::EncodedDot),
                    b'%' if could_decode_again(&bytes[index + 3..]) => {
                        return Some(PathFinding::DoubleEncoding);
                    }
                    0..=0x1f | 0x7f => return Some(PathFinding::ControlCharacter),
                    0x80.. => encoded_beyond_ascii = true,
                    _ => {}
                }
                index += 3;
                continue;
            }
            b'\\' => return Some(PathFinding::Backslash),
            0..=0x1f | 0x7f => return Some(PathFinding::ControlCharacter),
            b'/' => match &bytes[index + 1..] {
                [b'/', ..] => return Some(PathFinding::EmptySegment),
                [b'.'] | [b'.', b'/' | b';', ..] | [b'.', b'.'] | [b'.', b'.', b'/' | b';', ..] => {
                    return Some(PathFinding::DotSegment);
                }
                _ => {}
            },
            _ => {}
        }
        index += 1;
    }
    (encoded_beyond_ascii && percent_decode_str(raw).decode_utf8().is_err()).then_some(PathFinding::NotUtf8)
}

/// Rewrites an ambiguous path to the one form every reader agrees on: dot segments resolved, empty segments
/// merged, encoded dots decoded. `None` when no such form exists (encoded separators, double encoding,
/// backslash, control characters, bytes that are not UTF-8).
pub fn canonical_path(raw: &str) -> Option<String> {
    let dots_decoded = raw.replace("%2e", ".").replace("%2E", ".");
    let mut segments: Vec<&str> = Vec::new();
    for segment in dots_decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let ends_as_folder =
        dots_decoded.ends_with('/') || dots_decoded.ends_with("/.") || dots_decoded.ends_with("/..");
    let mut path = format!("/{}", segments.join("/"));
    if ends_as_folder && !segments.is_empty() {
        path.push('/');
    }
    inspect_path(&path).is_none().then_some(path)
}

/// Whether an encoded percent sign and what follows it may be taken for one more encoded byte. `100%25` at the
/// end of a segment can not.
fn could_decode_again(rest: &[u8]) -> bool {
    rest.first().is_some_and(|next| next.is_ascii_hexdigit() || *next == b'%')
}

fn encoded_byte(bytes: &[u8], at: usize) -> Option<u8> {
    let high = char::from(*bytes.get(at + 1)?).to_digit(16)?;
    let low = char::from(*bytes.get(at + 2)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, finding: Option<PathFinding>, canonical: Option<&str>) {
        assert_eq!(inspect_path(raw), finding, "{raw}");
        assert_eq!(canonical_path(raw).as_deref(), canonical, "{raw}");
    }

    #[test]
    fn plain_paths_pass() {
        for path in [
            "/100%25",
            "/100%25/x",
            "/",
            "/a/b.c",
            "/a%20b/",
            "/caf%C3%A9",
            "/.well-known/x",
            "/a..b",
            "/a;v=1",
        ] {
            check(path, None, Some(path));
        }
    }

    #[test]
    fn what_has_one_meaning_is_made_canonical() {
        check("/a/../b", Some(PathFinding::DotSegment), Some("/b"));
        check("/a/.", Some(PathFinding::DotSegment), Some("/a/"));
        check("/..", Some(PathFinding::DotSegment), Some("/"));
        check("//a", Some(PathFinding::EmptySegment), Some("/a"));
        check("/a/%2e%2E/b", Some(PathFinding::EncodedDot), Some("/b"));
    }

    #[test]
    fn what_has_two_meanings_is_refused() {
        check("/a%2fb", Some(PathFinding::EncodedSeparator), None);
        check("/a%5Cb", Some(PathFinding::EncodedSeparator), None);
        check("/a%252e", Some(PathFinding::DoubleEncoding), None);
        check("/a%25%32e", Some(PathFinding::DoubleEncoding), None);
        check("/a\\b", Some(PathFinding::Backslash), None);
        check("/a%00", Some(PathFinding::ControlCharacter), None);
        check("/a%zz", Some(PathFinding::BrokenEncoding), None);
        check("/a%", Some(PathFinding::BrokenEncoding), None);
        check("/a%c0%af", Some(PathFinding::NotUtf8), None);
        check("/a/..;x/b", Some(PathFinding::DotSegment), None);
    }
}
