//! Coders for the parts of a URI (RFC 3986) and for forms. Null in, null out; a broken escape yields null.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::evaluate::Outcome;
use crate::functions::texts;
use crate::value::Value;

/// Letters, digits and `-._~` mean themselves everywhere.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `sub-delims` of the RFC, less those that separate parameters or mean a blank in a query.
const COMMON: &AsciiSet = &UNRESERVED
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b':');
const USER_INFO: &AsciiSet = &COMMON.remove(b'&').remove(b'+').remove(b'=');
const PATH_ELEMENT: &AsciiSet = &USER_INFO.remove(b'@');
const FRAGMENT: &AsciiSet = &PATH_ELEMENT.remove(b'/').remove(b'?');
const QUERY: &AsciiSet = &COMMON.remove(b'@').remove(b'/').remove(b'?');
/// What `java.net.URLEncoder` leaves alone; a blank becomes `+` afterwards.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');

pub(super) fn encode_user_info<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], USER_INFO))
}

pub(super) fn encode_path_element<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], PATH_ELEMENT))
}

pub(super) fn encode_query<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], QUERY))
}

pub(super) fn encode_fragment<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], FRAGMENT))
}

/// Undoes the percent escapes. A `+` stays what it is.
pub(super) fn decode<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(texts::optional(&arguments[0]).and_then(|text| unescape(&text)).map_or(Value::Null, Value::owned_text))
}

pub(super) fn form_encode<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(texts::optional(&arguments[0]).map_or(Value::Null, |text| {
        Value::owned_text(utf8_percent_encode(&text, FORM).to_string().replace(' ', "+"))
    }))
}

pub(super) fn form_decode<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let decoded = texts::optional(&arguments[0]).and_then(|text| {
        // Before the escapes are undone: an escaped plus sign stays one.
        let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { text };
        unescape(&spaced)
    });
    Ok(decoded.map_or(Value::Null, Value::owned_text))
}

fn encode(value: &Value<'_>, reserved: &'static AsciiSet) -> Value<'static> {
    texts::optional(value)
        .map_or(Value::Null, |text| Value::owned_text(utf8_percent_encode(&text, reserved).to_string()))
}

fn unescape(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_hexadecimal = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let sound = (0..bytes.len())
        .filter(|at| bytes[*at] == b'%')
        .all(|at| is_hexadecimal(at + 1) && is_hexadecimal(at + 2));
    if !sound {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}
