//! Values and questions as text, in the form that `Values.java` reads and writes.

use std::fmt::Write;

use expression::Value;

/// A value, its type told by how it is written.
pub(crate) fn shown(value: &Value<'_>) -> String {
    let mut out = String::new();
    show(value, &mut out);
    out
}

fn show(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => {
            let _ = write!(out, "i{value}");
        }
        Value::Decimal(value) => {
            // Java has one NaN.
            let bits = if value.is_nan() { 0x7FF8_0000_0000_0000 } else { value.to_bits() };
            let _ = write!(out, "d{bits:016x}");
        }
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Bytes(bytes) => {
            let signed: Vec<i8> = bytes.iter().map(|byte| byte.cast_signed()).collect();
            let _ = write!(out, "bytes{signed:?}");
        }
        Value::List(list) => {
            out.push('[');
            for (at, element) in list.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                show(element, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (name, element) in map.iter() {
                out.push_str(&quoted(name));
                out.push('=');
                show(element, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Object(object) => {
            let _ = write!(out, "object {}", object.get().type_name());
        }
    }
}

/// A text between quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for character in text.chars() {
        match character {
            '"' | '\\' | '\0'..='\x1f' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            plain => out.push(plain),
        }
    }
    out + "\""
}

/// Groups of a match, or that there is none.
pub(crate) fn groups(groups: Option<&[Option<String>]>) -> String {
    let Some(groups) = groups else {
        return "none".to_owned();
    };
    let shown = groups.iter().map(|group| group.as_deref().map_or("null".to_owned(), quoted));
    format!("[{}]", shown.collect::<Vec<_>>().join(","))
}

/// A text as a column of a line.
pub(crate) fn column(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// A column as it was before it was put into a line.
pub(crate) fn from_column(column: &str) -> String {
    let mut text = String::with_capacity(column.len());
    let mut characters = column.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                other => other.unwrap_or('\\'),
            },
            plain => plain,
        });
    }
    text
}
