//! Functions that read files, anew at each evaluation. What cannot be read is null.

use std::fs::File;
use std::io::Read;
use std::path::{Path, absolute};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tracing::warn;

use crate::errors::EvaluationError;
use crate::evaluate::Outcome;
use crate::functions::{Function, properties, texts};
use crate::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("read", &["path"], Type::Text, read)
        .about("The lines of a file in UTF-8, read anew at each evaluation; without a line end after the last one.")
        .otherwise("null, with a warning in the log for a file that cannot be read")
        .examples(&[("read('/opt/app/greeting.txt')", r#""Grüß Gott\nWorld""#), ("read('/no/such/file')", "null")])
        .impure(),
    Function::new("readWithCharset", &["path", "charset"], Type::Text, read_with_charset)
        .about("The same in `UTF-8`, `ISO-8859-1` or `US-ASCII`. Another character set makes the expression fail.")
        .otherwise("null, with a warning in the log for a file that cannot be read")
        .examples(&[("readWithCharset('/opt/app/greeting.txt', 'UTF-8')", r#""Grüß Gott\nWorld""#)])
        .impure(),
    Function::new("readProperties", &["path"], Type::Map(&Type::Text), read_properties)
        .about("The entries of a `.properties` file as a map.")
        .otherwise("null, with a warning in the log for a file that cannot be read")
        .examples(&[("readProperties('/opt/app/app.properties').user", r#""anna""#)])
        .impure(),
    Function::new("pathToUrl", &["path"], Type::Text, path_to_url)
        .about("The `file:` URL of a path, without a slash at the end.")
        .otherwise("null for null")
        .examples(&[("pathToUrl('/opt/my app/')", r#""file:///opt/my%20app""#)])
        .impure(),
    Function::new("fileToUrl", &["path"], Type::Text, path_to_url)
        .about("The same; written for the folders of `openig`.")
        .otherwise("null for null")
        .examples(&[("fileToUrl('/opt/ig/config')", r#""file:///opt/ig/config""#)])
        .impure(),
];
use crate::value::Value;

/// Larger files are not read, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What cannot stand in the path of a URL.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The lines of a file, joined by line feeds; the last one without.
fn read<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(bytes(&arguments[0]).map_or(Value::Null, |bytes| lines(&String::from_utf8_lossy(&bytes))))
}

/// The same in a named character set: UTF-8, ISO-8859-1 or US-ASCII.
fn read_with_charset<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let charset = arguments[1].to_text().to_ascii_lowercase();
    let decode = match charset.as_str() {
        "utf-8" | "utf8" => |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned(),
        "iso-8859-1" | "iso8859_1" | "latin1" | "latin-1" => latin_1,
        "us-ascii" | "ascii" => ascii,
        _ => return Err(EvaluationError::new("`readWithCharset` reads UTF-8, ISO-8859-1 and US-ASCII only")),
    };
    Ok(bytes(&arguments[0]).map_or(Value::Null, |bytes| lines(&decode(&bytes))))
}

/// The entries of a `.properties` file; null for a broken one.
fn read_properties<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let Some(bytes) = bytes(&arguments[0]) else { return Ok(Value::Null) };
    match properties::parse(&latin_1(&bytes)) {
        Ok(entries) => {
            let entries = entries.into_iter().map(|(name, value)| (name, Value::owned_text(value)));
            Ok(Value::map(entries.collect()))
        }
        Err(error) => {
            warn!(%error, "A file of properties cannot be read by an expression; it yields null.");
            Ok(Value::Null)
        }
    }
}

/// The `file:` URL of a path, without a slash at the end.
fn path_to_url<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let Some(path) = texts::optional(&arguments[0]) else {
        return Ok(Value::Null);
    };
    let Ok(path) = absolute(Path::new(&*path)) else {
        return Ok(Value::Null);
    };
    let path = path.to_string_lossy();
    Ok(Value::owned_text(format!("file://{}", utf8_percent_encode(path.trim_end_matches('/'), PATH))))
}

fn bytes(path: &Value<'_>) -> Option<Vec<u8>> {
    let path = texts::optional(path)?;
    let read = File::open(&*path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match read {
        Ok(bytes) if bytes.len() as u64 <= FILE_BYTES_MAX => Some(bytes),
        Ok(_) => {
            warn!(%path, bytes_max = FILE_BYTES_MAX, "A file is too large for an expression; it yields null.");
            None
        }
        Err(error) => {
            warn!(%path, %error, "A file cannot be read by an expression; it yields null.");
            None
        }
    }
}

fn lines(text: &str) -> Value<'static> {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    Value::owned_text(unified.strip_suffix('\n').unwrap_or(&unified))
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn ascii(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER })
        .collect()
}
