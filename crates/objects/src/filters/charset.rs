//! Entities as text: which charset applies, and what the bytes say in it.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use exchange::{Bytes, Headers, header};

/// The charset of a name such as `UTF-8` or `latin1`, in any case (WHATWG's list of labels).
pub(crate) fn charset_named(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes())
}

/// The charset that `Content-Type` names, if it is known.
pub(crate) fn charset_of(headers: &Headers) -> Option<&'static Encoding> {
    charset_in(headers.text(header::CONTENT_TYPE)?)
}

/// The charset in the value of a `Content-Type`, if it is known.
pub(crate) fn charset_in(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').skip(1);
    parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset").then(|| charset_named(value.trim().trim_matches('"')))?
    })
}

/// The text of an entity. Without a charset it is UTF-8 if it can be, else Latin-1, which takes every byte.
/// What a charset cannot read is replaced.
pub(crate) fn decode(bytes: &[u8], charset: Option<&'static Encoding>) -> String {
    let charset = charset.unwrap_or(if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 });
    charset.decode(bytes).0.into_owned()
}

/// The bytes of a text. Without a charset it is UTF-8; characters that a charset lacks become references such as
/// `&#8364;`.
pub(crate) fn encode(text: String, charset: Option<&'static Encoding>) -> Bytes {
    match charset {
        Some(charset) if charset != UTF_8 && !text.is_ascii() => charset.encode(&text).0.into_owned().into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{charset_in, encode};

    #[track_caller]
    fn check(content_type: &str, text: &str, expected: &[u8]) {
        assert_eq!(&encode(text.to_owned(), charset_in(content_type))[..], expected);
    }

    #[test]
    fn texts_are_encoded_in_the_charset_of_the_content_type() {
        check("text/plain", "é", b"\xc3\xa9");
        check("text/plain; charset=\"utf-8\"", "é", b"\xc3\xa9");
        check("text/plain;charset=ISO-8859-1", "é€中", b"\xe9\x80&#20013;");
        check("text/plain; q=1; Charset=shift_jis", "中", b"\x92\x86");
        check("text/plain; charset=unknown", "é", b"\xc3\xa9");
    }
}
