//! A value that is too long for one cookie, in several.
//!
//! The first says how many there are: `NAME=~3.TAG.…`; the others stand in `NAME.1=TAG.…` and so on. The tag is
//! taken from the whole value, so that parts of two versions are never put together.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::{Response, SessionCookies};
use sha2::{Digest, Sha256};

use super::super::cookie::{FORGOTTEN, SessionCookie};
use super::{PARTS_MAX, Refusal};
use crate::filters::cookies;

/// What begins the first of several cookies. No encrypted text begins like this.
const MARK: char = '~';

/// Characters of the tag.
const TAG_CHARS: usize = 8;

/// Cookies of one name that are tried; a browser sends a few at most.
const TRIED_MAX: usize = 8;

/// The cookies of a session as a request brings them.
#[derive(Debug, Default)]
pub(super) struct Presented<'r> {
    /// Values of the first cookie. Several occur when cookies of other paths or domains share the name.
    pub(super) first: Vec<&'r str>,
    /// Values of the others, with their numbers.
    others: Vec<(usize, &'r str)>,
    /// Which of the others there were, a bit each.
    pub(super) numbers: u32,
}

impl<'r> Presented<'r> {
    /// Those of a request. What goes beyond any limit is left out.
    pub(super) fn of(cookies: &'r SessionCookies, name: &str) -> Self {
        let mut presented = Self::default();
        for pair in cookies::sent_in(cookies.fields()) {
            let Some(suffix) = pair.name.strip_prefix(name.as_bytes()) else { continue };
            let (Ok(suffix), Ok(value)) = (std::str::from_utf8(suffix), std::str::from_utf8(pair.value))
            else {
                continue;
            };
            match suffix {
                "" if presented.first.len() < TRIED_MAX => presented.first.push(value),
                suffix => presented.add_other(suffix, value),
            }
        }
        presented
    }

    fn add_other(&mut self, suffix: &str, value: &'r str) {
        let Some(number) = suffix.strip_prefix('.').and_then(number) else { return };
        if (1..PARTS_MAX).contains(&number) {
            self.numbers |= 1 << number;
            if self.others.iter().filter(|(other, _)| *other == number).count() < TRIED_MAX {
                self.others.push((number, value));
            }
        }
    }

    /// The whole value that begins with `first`, one of the values of the first cookie.
    ///
    /// # Errors
    /// A part is missing, or there are more than there may be.
    pub(super) fn whole(&self, first: &'r str) -> Result<std::borrow::Cow<'r, str>, Refusal> {
        let Some(rest) = first.strip_prefix(MARK) else { return Ok(first.into()) };
        let (count, rest) = rest.split_once('.').ok_or(Refusal::Incomplete)?;
        let (tag, chunk) = rest.split_once('.').ok_or(Refusal::Incomplete)?;
        let count =
            number(count).filter(|count| (2..=PARTS_MAX).contains(count)).ok_or(Refusal::Incomplete)?;
        let mut whole = chunk.to_owned();
        for wanted in 1..count {
            let mut chunks = self.others.iter().filter(|(number, _)| *number == wanted);
            let chunk = chunks.find_map(|(_, value)| value.strip_prefix(tag)?.strip_prefix('.'));
            whole.push_str(chunk.ok_or(Refusal::Incomplete)?);
        }
        if tag == tag_of(&whole) { Ok(whole.into()) } else { Err(Refusal::Incomplete) }
    }
}

/// A small number in its only spelling.
fn number(text: &str) -> Option<usize> {
    let is_plain = matches!(text.as_bytes(), [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9']);
    is_plain.then(|| text.parse().ok()).flatten()
}

fn tag_of(value: &str) -> String {
    let mut tag = URL_SAFE_NO_PAD.encode(Sha256::digest(value));
    tag.truncate(TAG_CHARS);
    tag
}

/// The values of the cookies that hold `value` together, the first one first; `None` when there would have to be
/// more than `parts_max`. `kept` is what is written behind their attributes.
pub(super) fn split(
    cookie: &SessionCookie,
    value: &str,
    kept: &str,
    parts_max: usize,
) -> Option<Vec<String>> {
    if value.len() <= cookie.value_bytes_max("", kept) {
        return Some(vec![value.to_owned()]);
    }
    // The longest suffix and the longest number there may be, so that every part has the same room.
    let room = cookie.value_bytes_max(".99", kept).saturating_sub("~99.".len() + TAG_CHARS + ".".len());
    if room == 0 || value.len().div_ceil(room) > parts_max {
        return None;
    }
    let tag = tag_of(value);
    // An encrypted text is ASCII, so that it can be cut anywhere.
    let chunks: Vec<&str> =
        value.as_bytes().chunks(room).map(std::str::from_utf8).collect::<Result<_, _>>().ok()?;
    let count = chunks.len();
    let part = |(number, chunk)| match number {
        0 => format!("{MARK}{count}.{tag}.{chunk}"),
        _ => format!("{tag}.{chunk}"),
    };
    Some(chunks.into_iter().enumerate().map(part).collect())
}

/// What these values weigh in the field of a request.
pub(super) fn bytes(cookie: &SessionCookie, parts: &[String]) -> usize {
    let beside = cookie.name().len() + "=; ".len();
    parts.iter().enumerate().map(|(number, part)| beside + suffix(number).len() + part.len()).sum()
}

/// Over how many cookies a session may be split when all of them have no more bytes than these.
pub(super) fn usable(cookie: &SessionCookie, bytes_max: usize) -> usize {
    let full = cookie.name().len() + "=; ".len() + ".99".len() + cookie.value_bytes_max(".99", "");
    bytes_max.div_ceil(full)
}

/// Sets these cookies, and lets the browser forget those of the request that are none of them.
pub(super) fn set(
    cookie: &SessionCookie,
    parts: &[String],
    kept: &str,
    before: u32,
    response: &mut Response,
) {
    for (number, part) in parts.iter().enumerate() {
        cookie.write(&suffix(number), part, kept, response);
    }
    forget(cookie, parts.len(), before, response);
}

/// Lets the browser forget the cookies of the request from this number on. `before` has a bit for each other one.
pub(super) fn forget(cookie: &SessionCookie, from: usize, before: u32, response: &mut Response) {
    let is_there = |number: &usize| *number == 0 || before & (1 << number) != 0;
    for number in (from..PARTS_MAX).filter(is_there) {
        cookie.write(&suffix(number), "", FORGOTTEN, response);
    }
}

fn suffix(number: usize) -> String {
    if number == 0 { String::new() } else { format!(".{number}") }
}
