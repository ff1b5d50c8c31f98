//! The request target: one canonical URI for conditions, policies and origins (incident B2).

use std::borrow::Cow;

use bytes::Bytes;
use exchange::{Scheme, Uri, canonical_path, inspect_path};
use http::uri::{Authority, PathAndQuery};
use http::{Method, StatusCode};

use super::options::NormalizePath;
use super::refusal::Refusal;
use crate::h1::authority::is_authority;

/// What decides how a target is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetRules {
    pub(crate) scheme: Scheme,
    pub(crate) normalize_path: NormalizePath,
    pub(crate) preserve_original_query_string: bool,
}

/// Puts the absolute URI together. `raw` is the target as it stands in the request line; `host` is the
/// authority that the `Host` field gave.
pub(crate) fn read_target(
    rules: TargetRules,
    method: &Method,
    raw: Bytes,
    host: Authority,
) -> Result<Uri, Refusal> {
    if method == Method::CONNECT {
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is not offered"));
    }
    if !raw.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') {
        return Err(Refusal::bad_request("the target has a character that must be encoded, or a fragment"));
    }
    let path_and_query = match raw.first() {
        Some(b'/') => raw,
        Some(b'*') if raw.len() == 1 && method == Method::OPTIONS => {
            return Ok(Uri::from_parts(rules.scheme, host, PathAndQuery::from_static("*")));
        }
        Some(b'*') => return Err(Refusal::bad_request("the target * is for OPTIONS alone")),
        _ => strip_origin(rules.scheme, raw, &host)?,
    };
    let path_and_query = read_path_and_query(rules, path_and_query)?;
    Ok(Uri::from_parts(rules.scheme, host, path_and_query))
}

/// The path and query of an absolute-form target, whose origin must be the one of the connection and `Host`.
fn strip_origin(scheme: Scheme, raw: Bytes, host: &Authority) -> Result<Bytes, Refusal> {
    let Some(scheme_end) = memchr::memmem::find(&raw, b"://") else {
        return Err(Refusal::bad_request("the target is neither a path nor an absolute URI"));
    };
    if !raw[..scheme_end].eq_ignore_ascii_case(scheme.as_str().as_bytes()) {
        return Err(Refusal::bad_request("the target's scheme is not that of the connection"));
    }
    let rest = raw.slice(scheme_end + 3..);
    let end = memchr::memchr2(b'/', b'?', &rest).unwrap_or(rest.len());
    if !is_authority(&rest[..end]) || !rest[..end].eq_ignore_ascii_case(host.as_str().as_bytes()) {
        return Err(Refusal::bad_request("the target's host differs from the Host field"));
    }
    Ok(match rest.get(end) {
        Some(b'/') => rest.slice(end..),
        Some(_) => Bytes::from([b"/", &rest[end..]].concat()),
        None => Bytes::from_static(b"/"),
    })
}

fn read_path_and_query(rules: TargetRules, raw: Bytes) -> Result<PathAndQuery, Refusal> {
    let query_at = memchr::memchr(b'?', &raw);
    let (path, query) = match query_at {
        Some(at) => (&raw[..at], Some(&raw[at + 1..])),
        None => (&raw[..], None),
    };
    let path = normalize(rules.normalize_path, path)?;
    let query = match query {
        Some(query) if rules.preserve_original_query_string => Some(Cow::Borrowed(keep_query(query)?)),
        Some(query) => Some(encode_query(query)?),
        None => None,
    };
    let unchanged = matches!(path, Cow::Borrowed(_)) && !matches!(query, Some(Cow::Owned(_)));
    let text = if unchanged {
        raw.clone()
    } else {
        let mut text = path.into_owned();
        if let Some(query) = query {
            text.push(b'?');
            text.extend_from_slice(&query);
        }
        Bytes::from(text)
    };
    PathAndQuery::from_maybe_shared(text)
        .map_err(|_| Refusal::bad_request("the target has a character that must be encoded"))
}

fn normalize(rule: NormalizePath, path: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    // Only ASCII reaches this.
    let text = std::str::from_utf8(path).map_err(|_| Refusal::bad_request("the path is not ASCII"))?;
    let Some(finding) = (rule != NormalizePath::Off).then(|| inspect_path(text)).flatten() else {
        return Ok(Cow::Borrowed(path));
    };
    match rule {
        NormalizePath::Canonical => canonical_path(text).map(|path| Cow::Owned(path.into_bytes())),
        NormalizePath::Reject | NormalizePath::Off => None,
    }
    .ok_or(Refusal::bad_request(finding.describe()))
}

/// A query that is passed on byte for byte.
fn keep_query(query: &[u8]) -> Result<&[u8], Refusal> {
    match query.iter().any(|byte| matches!(byte, b'"' | b'{' | b'}' | b'<' | b'>' | b' ' | b'|')) {
        true => Err(Refusal::bad_request("the query has one of \" { } < > | unencoded")),
        false => Ok(query),
    }
}

/// Brings a query into one form: what needs no encoding stands plain, everything else encoded. Separators
/// (`&`, `=`, `+`, `%`, `#`) keep the form they came in, so no parameter is split or joined.
fn encode_query(query: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    let stays = |byte: u8| is_plain(byte) || matches!(byte, b'&' | b'=' | b'+');
    if query.iter().all(|byte| stays(*byte)) {
        return Ok(Cow::Borrowed(query));
    }
    let mut encoded = Vec::with_capacity(query.len() + 16);
    let mut index = 0;
    while let Some(byte) = query.get(index).copied() {
        if byte == b'%' {
            let byte = encoded_byte(query, index).ok_or(Refusal::bad_request(
                "the query has a % that is not followed by two hexadecimal digits",
            ))?;
            if is_plain(byte) {
                encoded.push(byte)
            } else {
                push_encoded(&mut encoded, byte)
            }
            index += 3;
        } else {
            if stays(byte) {
                encoded.push(byte)
            } else {
                push_encoded(&mut encoded, byte)
            }
            index += 1;
        }
    }
    Ok(Cow::Owned(encoded))
}

/// Stands unencoded in the name or value of a query parameter and separates nothing.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$'()*,;:@/?".contains(&byte)
}

fn push_encoded(buffer: &mut Vec<u8>, byte: u8) {
    let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value & 15)];
    buffer.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]);
}

fn encoded_byte(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()
}
