//! Functions that encode, decode and digest. Null in, null out; what cannot be decoded is null.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::evaluate::Outcome;
use crate::functions::{Function, texts};
use crate::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("encodeBase64", &["value"], Type::Text, encode_base64)
        .about("Base64 of bytes, or of a text in UTF-8.")
        .otherwise("null for null")
        .examples(&[("encodeBase64('hello?>')", r#""aGVsbG8/Pg==""#)]),
    Function::new("decodeBase64", &["text"], Type::Text, decode_base64)
        .about("The text, in UTF-8, that was encoded in Base64. Padding may be missing.")
        .otherwise("null for null and for what is not Base64")
        .examples(&[("decodeBase64('aGVsbG8/Pg==')", r#""hello?>""#), ("decodeBase64('*')", "null")]),
    Function::new("encodeBase64url", &["value"], Type::Text, encode_base64url)
        .about("Base64 in the alphabet for URLs, without padding.")
        .otherwise("null for null")
        .examples(&[("encodeBase64url('hello?>')", r#""aGVsbG8_Pg""#)]),
    Function::new("decodeBase64url", &["text"], Type::Text, decode_base64url)
        .about("Undoes `encodeBase64url`.")
        .otherwise("null for null and for what is not Base64")
        .examples(&[("decodeBase64url('aGVsbG8_Pg')", r#""hello?>""#)]),
    Function::new("digestSha256", &["value"], Type::Bytes, digest_sha256)
        .about("The SHA-256 digest of bytes, or of a text in UTF-8, as bytes.")
        .otherwise("null for null")
        .examples(&[(
            "encodeBase64url(digestSha256('abc'))",
            r#""ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0""#,
        )]),
    Function::new("toJson", &["text"], Type::Any, to_json)
        .about("The map, list or plain value that a text in JSON holds.")
        .otherwise("null, with a warning in the log for what is not JSON")
        .examples(&[(r#"toJson('{"a": [1, 2]}').a[1]"#, "2"), ("toJson('{')", "null")]),
    Function::new("escapeJson", &["text"], Type::Text, escape_json)
        .about("The text as it may stand between the quotes of a JSON string.")
        .otherwise("null for null")
        .examples(&[(r#"escapeJson('say "hi"')"#, r#""say \\\"hi\\\"""#)]),
];
use crate::value::Value;

/// Padding may be there or not: both are found in headers.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

fn encode_base64<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&STANDARD, &arguments[0]))
}

fn encode_base64url<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(encode(&URL_SAFE_NO_PAD, &arguments[0]))
}

fn decode_base64<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(decode(&STANDARD_LENIENT, &arguments[0]))
}

fn decode_base64url<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(decode(&URL_LENIENT, &arguments[0]))
}

fn digest_sha256<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    Ok(bytes_of(&arguments[0])
        .map_or(Value::Null, |bytes| Value::Bytes(Bytes::copy_from_slice(&Sha256::digest(&bytes)))))
}

/// JSON text to a map, a list or a plain value; null if it is no JSON.
fn to_json<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let Some(text) = texts::optional(&arguments[0]) else {
        return Ok(Value::Null);
    };
    Ok(serde_json::from_str::<serde_json::Value>(&text).map_or_else(
        |_| {
            warn!("`toJson` is given a text that is not JSON; it yields null.");
            Value::Null
        },
        Value::from,
    ))
}

/// The text as it may stand between the quotes of a JSON string.
fn escape_json<'a>(arguments: &[Value<'a>]) -> Outcome<'a> {
    let Some(text) = texts::optional(&arguments[0]) else {
        return Ok(Value::Null);
    };
    let quoted = serde_json::Value::from(&*text).to_string();
    Ok(Value::owned_text(&quoted[1..quoted.len() - 1]))
}

fn encode(engine: &GeneralPurpose, value: &Value<'_>) -> Value<'static> {
    bytes_of(value).map_or(Value::Null, |bytes| Value::owned_text(engine.encode(bytes)))
}

fn decode(engine: &GeneralPurpose, value: &Value<'_>) -> Value<'static> {
    let decoded = bytes_of(value).and_then(|text| engine.decode(text).ok());
    decoded.map_or(Value::Null, |bytes| Value::owned_text(String::from_utf8_lossy(&bytes)))
}

/// Bytes as they are, any other value as the UTF-8 of its text.
fn bytes_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, [u8]>> {
    match value {
        Value::Null => None,
        Value::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        other => Some(match other.to_text() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }),
    }
}
