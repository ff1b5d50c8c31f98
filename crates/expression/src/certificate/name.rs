//! Names in certificates, written in the two forms that Java has and configurations compare with.
//!
//! The order is that of Java: last part first. What Java gets wrong is kept, since a comparison was made with
//! what it printed: in the form of RFC 2253 the bytes of every kind of text are taken for UTF-8.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use x509_parser::asn1_rs::{Any, Tag, ToDer};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::value::{Object, Value};

/// Attributes that have a short name in the usual form. The nine of RFC 2253 come first.
const KEYWORDS: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("2.5.4.4", "SURNAME"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.12", "T"),
    ("2.5.4.42", "GIVENNAME"),
    ("2.5.4.43", "INITIALS"),
    ("2.5.4.44", "GENERATION"),
    ("2.5.4.46", "DNQ"),
    ("1.2.840.113549.1.9.1", "EMAILADDRESS"),
    ("1.3.6.1.4.1.42.2.11.2.1", "IP"),
];
const KEYWORDS_RFC_2253: usize = 9;

/// A name whose `name` is one of the two forms; as text it is always the usual one.
#[derive(Clone)]
struct Name {
    type_name: &'static str,
    name: String,
    text: String,
    encoded: Bytes,
}

/// The value of `subjectDN`, and that of `subjectX500Principal`.
pub(super) fn both(name: &X509Name<'_>) -> (Value<'static>, Value<'static>) {
    let text = usual(name);
    let encoded = Bytes::copy_from_slice(name.as_raw());
    let plain =
        Name { type_name: super::DN.name, name: text.clone(), text: text.clone(), encoded: encoded.clone() };
    let principal = Name { type_name: super::PRINCIPAL.name, name: rfc_2253(name), text, encoded };
    (Value::shared(Arc::new(plain)), Value::shared(Arc::new(principal)))
}

/// `CN=a, O="b, c"`: what Java's `X500Name` prints.
fn usual(name: &X509Name<'_>) -> String {
    written(name, ", ", " + ", |attribute| {
        let oid = attribute.attr_type().to_id_string();
        let keyword = KEYWORDS.iter().find(|(known, _)| *known == oid);
        let keyword = keyword.map_or_else(|| format!("OID.{oid}"), |(_, keyword)| (*keyword).to_owned());
        let value = match text(attribute.attr_value()) {
            Some(text) => quoted(&text),
            None => hexadecimal(attribute.attr_value()).to_uppercase(),
        };
        format!("{keyword}={value}")
    })
}

/// `CN=a,O=b\, c`: what Java's `X500Principal` gives as its name.
pub(super) fn rfc_2253(name: &X509Name<'_>) -> String {
    written(name, ",", "+", |attribute| {
        let oid = attribute.attr_type().to_id_string();
        let keyword = KEYWORDS[..KEYWORDS_RFC_2253].iter().find(|(known, _)| *known == oid);
        match keyword {
            Some((_, keyword)) if text(attribute.attr_value()).is_some() => {
                let value = String::from_utf8_lossy(attribute.attr_value().data);
                format!("{keyword}={}", escaped(&value))
            }
            Some((_, keyword)) => format!("{keyword}={}", hexadecimal(attribute.attr_value())),
            None => format!("{oid}={}", hexadecimal(attribute.attr_value())),
        }
    })
}

fn written(
    name: &X509Name<'_>,
    between_parts: &str,
    between_attributes: &str,
    attribute: impl Fn(&AttributeTypeAndValue<'_>) -> String,
) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|part| part.iter().map(&attribute).collect::<Vec<_>>().join(between_attributes))
        .collect();
    parts.reverse();
    parts.join(between_parts)
}

/// The text of a value, if it is one of the kinds of text that Java reads.
fn text<'v>(value: &'v Any<'_>) -> Option<Cow<'v, str>> {
    let data = value.data;
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::GeneralString => {
            Some(String::from_utf8_lossy(data))
        }
        Tag::T61String => Some(data.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        _ => None,
    }
}

fn hexadecimal(value: &Any<'_>) -> String {
    let der = value.to_der_vec().unwrap_or_default();
    der.iter().fold("#".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// In quotes if the value could be misread without.
fn quoted(value: &str) -> String {
    let is_blank = |character| matches!(character, ' ' | '\n');
    if value.len() > 1 && value.starts_with('"') && value.ends_with('"') {
        return value.to_owned();
    }
    let needs_quotes = value.contains([',', '+', '=', '\n', '<', '>', '#', ';', '\\', '"'])
        || value.contains("  ")
        || value.starts_with(is_blank)
        || value.ends_with(is_blank);
    if !needs_quotes {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// With a backslash before what has a meaning, and before blanks at either end.
fn escaped(value: &str) -> String {
    let is_blank = |character| matches!(character, ' ' | '\r');
    let leading = value.len() - value.trim_start_matches(is_blank).len();
    let inner_end = value.trim_end_matches(is_blank).len();
    let mut out = String::with_capacity(value.len());
    for (at, character) in value.char_indices() {
        let is_outer = at < leading || at >= inner_end;
        match character {
            '\0' => out.push_str("\\00"),
            ',' | '=' | '+' | '<' | '>' | '#' | ';' | '"' | '\\' => out.extend(['\\', character]),
            _ if is_outer => out.extend(['\\', character]),
            _ => out.push(character),
        }
    }
    out
}

impl Object for Name {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "name" => Value::text(&self.name),
            "encoded" => Value::Bytes(self.encoded.clone()),
            _ => Value::Null,
        }
    }

    fn keys(&self) -> Vec<String> {
        ["name", "encoded"].map(str::to_owned).into()
    }

    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.text))
    }

    fn snapshot(&self) -> Value<'static> {
        Value::shared(Arc::new(self.clone()))
    }
}
