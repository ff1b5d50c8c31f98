//! What session managers of every kind are told: how long sessions live, whose they are, and when their ids change.
//!
//! The fields stand in each manager's configuration. Serde can flatten a shared struct into another only by
//! reading it as a map, and then places are lost and unknown fields are no longer seen.

use std::sync::Arc;
use std::time::Duration;

use exchange::Session;
use expression::Value;
use heap::{Builder, Spanned, TimeSpan};
use source::Diagnostic;

/// How long a session lives when nothing is said about it.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_mins(30);

/// Ten years, the longest a session of any kind may last; also what `unlimited` means.
pub(crate) const TIMEOUT_MAX: Duration = Duration::from_hours(24 * 3650);

/// The value of `sessionTimeout`: 30 minutes by default, and at most 3650 days.
///
/// # Errors
/// Zero, with which no session would last until the next request.
pub(crate) fn timeout(span: Option<&Spanned<TimeSpan>>, b: &Builder<'_>) -> Result<Duration, Diagnostic> {
    Ok(time("sessionTimeout", span, b)?.unwrap_or(DEFAULT_TIMEOUT))
}

/// The value of `absoluteTimeout`: none by default, and at most 3650 days.
///
/// # Errors
/// As for [`timeout`].
pub(crate) fn absolute_timeout(
    span: Option<&Spanned<TimeSpan>>,
    b: &Builder<'_>,
) -> Result<Option<Duration>, Diagnostic> {
    time("absoluteTimeout", span, b)
}

fn time(
    field: &str,
    span: Option<&Spanned<TimeSpan>>,
    b: &Builder<'_>,
) -> Result<Option<Duration>, Diagnostic> {
    let Some(span) = span else { return Ok(None) };
    let time = span.limit().unwrap_or(TIMEOUT_MAX).min(TIMEOUT_MAX);
    if time.is_zero() {
        return Err(b.error(format!("a session must be able to last: {field} is zero"), Some(span.span())));
    }
    Ok(Some(time))
}

/// Entries that usually say who is logged in.
const USUAL_SUBJECTS: [&str; 7] = ["username", "authUsername", "user", "userId", "uid", "sub", "subject"];

/// Whose a session is, and when that changes so that the session needs another id.
#[derive(Debug, Clone)]
pub(crate) struct SubjectOptions {
    subject: Option<String>,
    renew_on: Arc<[String]>,
}

impl Default for SubjectOptions {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl SubjectOptions {
    /// The fields `subject` and `renewOn` of a manager. Without `renewOn`, a change of the subject renews the id; without
    /// either, a change of an entry with one of the usual names does.
    pub(crate) fn new(subject: Option<String>, renew_on: Option<Vec<String>>) -> Self {
        let renew_on = match (renew_on, &subject) {
            (Some(renew_on), _) => renew_on,
            (None, Some(subject)) => vec![subject.clone()],
            (None, None) => USUAL_SUBJECTS.map(str::to_owned).to_vec(),
        };
        Self { subject, renew_on: renew_on.into() }
    }

    /// The entries whose change renews the id.
    pub(crate) fn renewing(&self) -> Arc<[String]> {
        self.renew_on.clone()
    }

    /// Whether there is an entry that says whose a session is.
    pub(crate) fn has_subject(&self) -> bool {
        self.subject.is_some()
    }

    /// Whose the session is, as far as its entry says so by a text or a number. An empty text is nobody.
    pub(crate) fn subject_of(&self, session: &Session) -> Option<String> {
        self.subject_in(|entry| session.get(entry))
    }

    /// The same for entries that `get` finds by their names.
    pub(crate) fn subject_in(&self, get: impl FnOnce(&str) -> Value<'static>) -> Option<String> {
        match get(self.subject.as_deref()?) {
            Value::String(text) => Some(text.into_owned()).filter(|text| !text.is_empty()),
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether this request has given reason for another id: it has asked for one, or changed an entry that stands
    /// in `renewOn`.
    pub(crate) fn renews(&self, session: &Session) -> bool {
        session.is_renewed()
            || session.changed().iter().any(|(key, _)| self.renew_on.iter().any(|entry| **entry == **key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// Options from words: the subject (`-` for none), then what renews (none given: the default).
    fn options(words: &str) -> SubjectOptions {
        let mut words = words.split(' ').map(str::to_owned);
        let subject = words.next().filter(|word| word != "-");
        let renew_on: Vec<String> = words.collect();
        SubjectOptions::new(subject, (!renew_on.is_empty()).then_some(renew_on))
    }

    #[track_caller]
    fn check_subject(words: &str, value: Value<'static>, expected: Expect) {
        let session = Session::new("", [("user".to_owned(), value)]);
        expected.assert_eq(&format!("{:?}", options(words).subject_of(&session)));
    }

    #[test]
    fn the_subject_is_a_text_or_a_number() {
        check_subject("user", Value::owned_text("bob"), expect![[r#"Some("bob")"#]]);
        check_subject("user", Value::Integer(17), expect![[r#"Some("17")"#]]);
        check_subject("user", Value::owned_text(""), expect!["None"]);
        check_subject("user", Value::Bool(true), expect!["None"]);
        check_subject("user", Value::list(vec![Value::owned_text("bob")]), expect!["None"]);
        check_subject("other", Value::owned_text("bob"), expect!["None"]);
        check_subject("-", Value::owned_text("bob"), expect!["None"]);
    }

    /// Writes `entry` in a session in which bob is logged in with five clicks; whether that renews its id.
    #[track_caller]
    fn check_renewal(words: &str, entry: &str, value: Value<'static>, is_expected: bool) {
        let entries = [("user", Value::owned_text("bob")), ("clicks", Value::Integer(5))];
        let session = Session::new("", entries.map(|(key, value)| (key.to_owned(), value)));
        session.set(entry, value).unwrap();
        assert_eq!(options(words).renews(&session), is_expected, "{words}: {entry}");
    }

    #[test]
    fn a_change_of_a_listed_entry_renews_the_id() {
        let alice = || Value::owned_text("alice");
        check_renewal("user", "user", alice(), true);
        check_renewal("user", "user", Value::Null, true);
        check_renewal("user", "clicks", Value::Integer(6), false);
        check_renewal("user level", "user", alice(), false);
        check_renewal("user level", "level", Value::Integer(2), true);
        check_renewal("- level clicks", "clicks", Value::Integer(6), true);
        check_renewal("-", "user", alice(), true);
        check_renewal("-", "level", alice(), false);
        for usual in ["username", "authUsername", "userId", "uid", "sub", "subject"] {
            check_renewal("-", usual, alice(), true);
        }
        check_renewal("level", "user", alice(), false);
    }

    #[test]
    fn writing_what_is_there_renews_nothing() {
        check_renewal("user clicks user", "user", Value::owned_text("bob"), false);
        check_renewal("user clicks user", "clicks", Value::Integer(5), false);
    }

    #[test]
    fn a_request_may_ask_for_another_id() {
        let session = Session::new("", []);
        assert!(!options("-").renews(&session));
        session.renew();
        assert!(options("-").renews(&session));
    }
}
