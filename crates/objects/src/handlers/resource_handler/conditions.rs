//! Conditional requests and ranges (RFC 9110, sections 13 and 14).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exchange::{HeaderName, HeaderValue, Headers, Method, header};

use super::find::Found;

/// What tells one version of a file from another.
pub(super) struct Validators {
    /// Quoted. Strong: it changes with the length and with the time of change in nanoseconds.
    tag: String,
    /// In whole seconds, as HTTP writes it.
    modified: Option<SystemTime>,
}

/// What is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    Part(Part),
    NotModified,
    Failed,
    OutOfRange,
}

/// A range of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: u64,
    /// At least 1.
    pub(super) length: u64,
}

impl Validators {
    pub(super) fn of(found: &Found) -> Self {
        let since_epoch = found.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanoseconds = since_epoch.unwrap_or_default().as_nanos();
        let whole_seconds = since_epoch.map(|time| UNIX_EPOCH + Duration::from_secs(time.as_secs()));
        Self { tag: format!("\"{nanoseconds:x}-{:x}\"", found.length), modified: whole_seconds }
    }

    pub(super) fn write(&self, headers: &mut Headers) {
        let modified = self.modified.map(httpdate::fmt_http_date);
        for (name, text) in [(header::ETAG, Some(&self.tag)), (header::LAST_MODIFIED, modified.as_ref())] {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
                headers.insert(name, value);
            }
        }
    }

    /// Whether a list of tags names this version. Weak comparison takes `W/"x"` for `"x"`.
    fn is_listed(&self, headers: &Headers, name: HeaderName, weakly: bool) -> bool {
        let fields = headers.get_all(name).iter().filter_map(|field| field.to_str().ok());
        fields.flat_map(|field| field.split(',')).map(str::trim).any(|tag| {
            let tag = if weakly { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
            tag == "*" || tag == self.tag
        })
    }

    fn is_newer_than(&self, date: &str) -> Option<bool> {
        let date = httpdate::parse_http_date(date).ok()?;
        Some(self.modified? > date)
    }
}

/// Decides in the order of RFC 9110, section 13.2.2.
pub(super) fn judge(method: &Method, headers: &Headers, validators: &Validators, length: u64) -> Verdict {
    if headers.contains_key(header::IF_MATCH) {
        if !validators.is_listed(headers, header::IF_MATCH, false) {
            return Verdict::Failed;
        }
    } else if headers.text(header::IF_UNMODIFIED_SINCE).and_then(|date| validators.is_newer_than(date))
        == Some(true)
    {
        return Verdict::Failed;
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        if validators.is_listed(headers, header::IF_NONE_MATCH, true) {
            return Verdict::NotModified;
        }
    } else if headers.text(header::IF_MODIFIED_SINCE).and_then(|date| validators.is_newer_than(date))
        == Some(false)
    {
        return Verdict::NotModified;
    }
    let range = headers.text(header::RANGE).filter(|_| *method == Method::GET);
    match range {
        Some(range) if is_current(headers, validators) => part(range, length),
        _ => Verdict::Whole,
    }
}

/// Whether the client's part is of this version (`If-Range`).
fn is_current(headers: &Headers, validators: &Validators) -> bool {
    let Some(condition) = headers.get(header::IF_RANGE) else { return true };
    match condition.to_str() {
        Ok(tag) if tag.starts_with('"') => tag == validators.tag,
        // A date counts only when it is the very one that was sent.
        Ok(date) => {
            validators.modified.is_some() && httpdate::parse_http_date(date).ok() == validators.modified
        }
        Err(_) => false,
    }
}

/// A single range. Several at once, other units and nonsense are answered with the whole.
fn part(range: &str, length: u64) -> Verdict {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else {
        return Verdict::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok());
    let (start, end) = match (first, last) {
        ("", last) => match number(last).flatten() {
            Some(0) => return Verdict::OutOfRange,
            Some(suffix) => (length.saturating_sub(suffix), length),
            None => return Verdict::Whole,
        },
        (first, "") => match number(first).flatten() {
            Some(first) => (first, length),
            None => return Verdict::Whole,
        },
        (first, last) => match (number(first).flatten(), number(last).flatten()) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(length)),
            _ => return Verdict::Whole,
        },
    };
    if start >= end {
        return Verdict::OutOfRange;
    }
    Verdict::Part(Part { start, length: end - start })
}
