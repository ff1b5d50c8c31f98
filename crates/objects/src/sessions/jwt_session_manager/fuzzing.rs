//! What the fuzz target of the cookie reader plays.

use exchange::{HeaderValue, Headers, SessionCookies, header};

use super::super::cookie::SessionCookie;
use super::parts::{self, Presented};
use super::{CONTENT_BYTES_MAX, PARTS_MAX, claims};

/// Bytes as the value of a `Cookie` field, as what a cookie says once it is decrypted, and as a session to split.
///
/// # Panics
/// What was split does not come back.
pub(crate) fn fuzz_cookie(bytes: &[u8]) {
    let mut headers = Headers::default();
    if let Ok(field) = HeaderValue::from_bytes(bytes) {
        headers.insert(header::COOKIE, field);
        let cookies = SessionCookies::of(&headers);
        let presented = Presented::of(&cookies, "IG");
        for first in &presented.first {
            let _ = presented.whole(first);
        }
    }
    if bytes.len() <= CONTENT_BYTES_MAX {
        let _ = claims::read(bytes, "IG");
    }
    let cookie = SessionCookie::plain("IG");
    let value: String = bytes.iter().map(|byte| char::from(b'A' + byte % 26)).collect::<String>().repeat(50);
    let Some(split) = parts::split(&cookie, &value, "", PARTS_MAX) else { return };
    let pairs: Vec<String> = split
        .iter()
        .enumerate()
        .map(|(number, part)| if number == 0 { format!("IG={part}") } else { format!("IG.{number}={part}") })
        .collect();
    headers.insert(header::COOKIE, HeaderValue::try_from(pairs.join("; ")).expect("cookie characters"));
    let cookies = SessionCookies::of(&headers);
    let presented = Presented::of(&cookies, "IG");
    assert_eq!(presented.whole(presented.first[0]).ok().as_deref(), Some(value.as_str()));
}
