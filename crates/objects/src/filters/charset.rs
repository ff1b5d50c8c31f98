//! Entities as text: which charset applies, and what the bytes say in it.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use exchange::{Headers, header};

/// The charset of a name such as `UTF-8` or `latin1`, in any case (WHATWG's list of labels).
pub(crate) fn charset_named(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes())
}

/// The charset that `Content-Type` names, if it is known.
pub(crate) fn charset_of(headers: &Headers) -> Option<&'static Encoding> {
    let parameters = headers.text(header::CONTENT_TYPE)?.split(';').skip(1);
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
