//! Entities that wait in a session, as plain values.

use expression::Value;
use indexmap::IndexMap;

/// A person fills in one form at a time, or a few in several windows.
const WAITING_MAX: usize = 4;

/// How an entity is sent again; no other is kept.
const METHOD: &str = "POST";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The entity of a `POST` to a path and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Preserved {
    pub(super) target: String,
    /// Urlencoded, as it came.
    pub(super) entity: String,
    /// Milliseconds since 1970.
    pub(super) expires: i64,
}

/// What waits in a session, the newest last.
#[derive(Debug, Default)]
pub(super) struct Shelf(Vec<Preserved>);

impl Shelf {
    /// Reads what [`Shelf::write`] has written, without what has expired or is not of that form.
    pub(super) fn read(value: &Value<'static>, now_millis: i64) -> Self {
        let Value::List(list) = value else { return Self::default() };
        let waiting = list.iter().filter_map(Preserved::read);
        Self(waiting.filter(|preserved| preserved.expires > now_millis).collect())
    }

    /// Null when nothing waits.
    pub(super) fn write(&self) -> Value<'static> {
        match self.0.is_empty() {
            true => Value::Null,
            false => Value::list(self.0.iter().map(Preserved::write).collect()),
        }
    }

    /// Adds one in place of what waits for the same path and query; the oldest goes when there are too many.
    pub(super) fn put(&mut self, preserved: Preserved) {
        self.take(&preserved.target);
        if self.0.len() >= WAITING_MAX {
            self.0.remove(0);
        }
        self.0.push(preserved);
    }

    pub(super) fn take(&mut self, target: &str) -> Option<Preserved> {
        let at = self.0.iter().position(|preserved| preserved.target == target)?;
        Some(self.0.remove(at))
    }
}

impl Preserved {
    fn read(value: &Value<'static>) -> Option<Self> {
        let Value::Map(map) = value else { return None };
        let text = |key: &str| match map.get(key) {
            Some(Value::String(text)) => Some(text.clone().into_owned()),
            _ => None,
        };
        let Some(Value::Integer(expires)) = map.get("expires") else { return None };
        let is_ours = text("method")? == METHOD && text("contentType")? == CONTENT_TYPE;
        is_ours.then_some(Self { target: text("target")?, entity: text("entity")?, expires: *expires })
    }

    fn write(&self) -> Value<'static> {
        let texts = [
            ("method", METHOD),
            ("target", &self.target),
            ("contentType", CONTENT_TYPE),
            ("entity", &self.entity),
        ];
        let mut entries: IndexMap<String, Value<'static>> =
            texts.into_iter().map(|(key, text)| (key.to_owned(), Value::owned_text(text))).collect();
        entries.insert("expires".to_owned(), Value::Integer(self.expires));
        Value::map(entries)
    }
}
