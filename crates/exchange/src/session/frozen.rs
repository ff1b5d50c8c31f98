//! [`FrozenEntries`]: what several sessions start from.

use std::fmt;
use std::sync::Arc;

use expression::Value;

use super::entries::{Entry, position};

/// Entries that do not change any more, from which any number of sessions may start without copying them.
#[derive(Clone, Default)]
pub struct FrozenEntries(Arc<Vec<Entry>>);

impl fmt::Debug for FrozenEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are nobody's business.
        f.debug_tuple("FrozenEntries").field(&self.iter().map(|(key, _)| key).collect::<Vec<_>>()).finish()
    }
}

impl FrozenEntries {
    /// The value of an entry; null when absent.
    pub fn get(&self, key: &str) -> Value<'static> {
        position(&self.0, key).map_or(Value::Null, |at| self.0[at].1.clone())
    }

    /// The entries, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'static>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These entries, in this order; of two with the same name, the first is found.
    pub fn of(entries: Vec<(Box<str>, Value<'static>)>) -> Self {
        Self(Arc::new(entries))
    }

    pub(super) fn as_slice(&self) -> &[Entry] {
        &self.0
    }

    /// A list to write in: a copy, unless nobody else has it.
    pub(super) fn into_list(self) -> Vec<Entry> {
        Arc::unwrap_or_clone(self.0)
    }
}

impl FromIterator<(String, Value<'static>)> for FrozenEntries {
    fn from_iter<I: IntoIterator<Item = (String, Value<'static>)>>(entries: I) -> Self {
        Self::of(entries.into_iter().map(|(key, value)| (key.into_boxed_str(), value)).collect())
    }
}
