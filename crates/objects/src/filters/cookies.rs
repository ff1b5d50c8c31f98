//! Cookies as they stand in the fields `Cookie` and `Set-Cookie` (RFC 6265): taken apart, never changed.
//!
//! Applications write into cookies what they like, so these are bytes and not text.

use exchange::{HeaderValue, Headers, header};

/// A name and a value, without white space around either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair<'a> {
    /// What stands before the first `=`, or all of it.
    pub(crate) name: &'a [u8],
    /// What stands behind.
    pub(crate) value: &'a [u8],
    /// Both as they were written.
    pub(crate) text: &'a [u8],
}

impl<'a> Pair<'a> {
    /// Takes `name=value` apart.
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        let text = text.trim_ascii();
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &text[text.len()..]),
        };
        Self { name: name.trim_ascii(), value: value.trim_ascii(), text }
    }
}

/// The cookies of a request, in order.
pub(crate) fn sent(headers: &Headers) -> impl Iterator<Item = Pair<'_>> {
    sent_in(headers.get_all(header::COOKIE).into_iter().map(HeaderValue::as_bytes))
}

/// The cookies in these values of fields, in order.
pub(crate) fn sent_in<'a>(fields: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Pair<'a>> {
    let texts = fields.flat_map(|field| {
        // Session cookies are long, and this is asked for each request that has one.
        let ends = memchr::memchr_iter(b';', field).chain([field.len()]);
        ends.scan(0, |begin, end| Some(&field[std::mem::replace(begin, end + 1)..end]))
    });
    texts.map(Pair::parse).filter(|pair| !pair.text.is_empty())
}

/// The cookie that a field `Set-Cookie` sets, and behind it the attributes.
pub(crate) fn set(field: &[u8]) -> (Pair<'_>, impl Iterator<Item = Pair<'_>>) {
    let mut parts = field.split(|byte| *byte == b';').map(Pair::parse);
    // Splitting yields one part at least.
    let cookie = parts.next().unwrap_or_else(|| Pair::parse(field));
    (cookie, parts)
}
