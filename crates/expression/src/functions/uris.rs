//! Coders for the parts of a URI (RFC 3986) and for forms. Null in, null out; a broken escape yields null.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::evaluate::Outcome;
use crate::functions::{Function, texts};
use crate::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("urlEncode", &["text"], Type::Text, form_encode)
        .about("Encodes a text for a form: a blank becomes `+`.")
        .otherwise("null for null")
        .examples(&[("urlEncode('a b&c/é')", r#""a+b%26c%2F%C3%A9""#)]),
    Function::new("urlDecode", &["text"], Type::Text, form_decode)
        .about("Undoes `urlEncode`: `+` becomes a blank.")
        .otherwise("null for null and for a broken escape")
        .examples(&[("urlDecode('a+b%26%C3%A9')", r#""a b&é""#), ("urlDecode('100%')", "null")]),
    Function::new("urlEncodeQueryParameterNameOrValue", &["text"], Type::Text, encode_query)
        .about("Encodes the name or the value of a query parameter: a blank becomes `%20`.")
        .otherwise("null for null")
        .examples(&[("urlEncodeQueryParameterNameOrValue('a/b?c=d&e f')", r#""a/b?c%3Dd%26e%20f""#)]),
    Function::new("urlDecodeQueryParameterNameOrValue", &["text"], Type::Text, decode)
        .about("Decodes the name or the value of a query parameter. A `+` stays.")
        .otherwise("null for null and for a broken escape")
        .examples(&[("urlDecodeQueryParameterNameOrValue('a%20b+c')", r#""a b+c""#)]),
    Function::new("urlEncodePathElement", &["text"], Type::Text, encode_path_element)
        .about("Encodes one element of a path: a slash in it becomes `%2F`.")
        .otherwise("null for null")
        .examples(&[("urlEncodePathElement('a/b c')", r#""a%2Fb%20c""#)]),
    Function::new("urlDecodePathElement", &["text"], Type::Text, decode)
        .about("Decodes one element of a path.")
        .otherwise("null for null and for a broken escape")
        .examples(&[("urlDecodePathElement('a%2Fb+')", r#""a/b+""#)]),
    Function::new("urlEncodeFragment", &["text"], Type::Text, encode_fragment)
        .about("Encodes the part of a URI after `#`.")
        .otherwise("null for null")
        .examples(&[("urlEncodeFragment('a/b?c#d')", r#""a/b?c%23d""#)]),
    Function::new("urlDecodeFragment", &["text"], Type::Text, decode)
        .about("Decodes the part of a URI after `#`.")
        .otherwise("null for null and for a broken escape")
        .examples(&[("urlDecodeFragment('a%23')", r#""a#""#)]),
    Function::new("urlEncodeUserInfo", &["text"], Type::Text, encode_user_info)
        .about("Encodes the part of a URI before `@`.")
        .otherwise("null for null")
        .examples(&[("urlEncodeUserInfo('a:b@c')", r#""a:b%40c""#)]),
    Function::new("urlDecodeUserInfo", &["text"], Type::Text, decode)
        .about("Decodes the part of a URI before `@`.")
        .otherwise("null for null and for a broken escape")
        .examples(&[("urlDecodeUserInfo('a%40')", r#""a@""#)]),
    Function::new("formEncodeParameterNameOrValue", &["text"], Type::Text, form_encode)
        .about("Encodes the name or the value of a form field, as `urlEncode` does.")
        .otherwise("null for null")
        .examples(&[("formEncodeParameterNameOrValue('a b')", r#""a+b""#)]),
    Function::new("formDecodeParameterNameOrValue", &["text"], Type::Text, form_decode)
        .about("Decodes the name or the value of a form field, as `urlDecode` does.")
        .otherwise("null for null and for a broken escape")
        .examples(&[("formDecodeParameterNameOrValue('a+b')", r#""a b""#)]),
];
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

fn encode_user_info<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], USER_INFO))
}

fn encode_path_element<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], PATH_ELEMENT))
}

fn encode_query<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], QUERY))
}

fn encode_fragment<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&arguments[0], FRAGMENT))
}

/// Undoes the percent escapes. A `+` stays what it is.
fn decode<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(texts::optional(&arguments[0]).and_then(|text| unescape(&text)).map_or(Value::Null, Value::owned_text))
}

fn form_encode<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(texts::optional(&arguments[0]).map_or(Value::Null, |text| {
        Value::owned_text(utf8_percent_encode(&text, FORM).to_string().replace(' ', "+"))
    }))
}

fn form_decode<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
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
