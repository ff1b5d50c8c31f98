//! [`SessionEntries`]: what a session holds.

use std::sync::{Mutex, MutexGuard, PoisonError};

use expression::Value;
use indexmap::IndexMap;

use super::frozen::FrozenEntries;
use super::packed::Packed;

/// A session has at most this many entries. Who needs more keeps them in one entry that is a map.
pub const SESSION_ENTRIES_MAX: usize = 1000;

/// Lists and maps of an entry nest at most this deep.
pub(super) const DEPTH_MAX: usize = 64;

/// Why an entry cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionValueError {
    /// Sessions hold what JSON can say, so that they can be kept anywhere.
    #[error("the session entry `{key}` cannot be kept: {reason}")]
    NotJson {
        /// The name of the entry.
        key: String,
        /// What stands in the way.
        reason: &'static str,
    },
    /// There are [`SESSION_ENTRIES_MAX`] already.
    #[error("the session has {SESSION_ENTRIES_MAX} entries already, so `{key}` cannot be added")]
    TooMany {
        /// The name of the entry.
        key: String,
    },
}

/// The entries of a session, in the order in which they were first written.
#[derive(Debug)]
pub struct SessionEntries(Mutex<State>);

#[derive(Debug)]
enum State {
    /// A plain list: sessions have a few entries, and a list is the smallest thing that holds them.
    Open(Vec<Entry>),
    /// At rest.
    Packed(Packed),
    /// A list that others read, too.
    Frozen(FrozenEntries),
}

impl State {
    /// The list, unless it is packed.
    fn list(&self) -> Result<&[Entry], &Packed> {
        match self {
            Self::Open(entries) => Ok(entries),
            Self::Frozen(frozen) => Ok(frozen.as_slice()),
            Self::Packed(packed) => Err(packed),
        }
    }
}

pub(super) type Entry = (Box<str>, Value<'static>);

impl Default for SessionEntries {
    fn default() -> Self {
        Self(Mutex::new(State::Open(Vec::new())))
    }
}

impl SessionEntries {
    /// These entries.
    pub fn new(entries: impl IntoIterator<Item = (String, Value<'static>)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into_boxed_str(), value));
        Self(Mutex::new(State::Open(entries.collect::<Box<[Entry]>>().into_vec())))
    }

    /// Starts from these, which are copied when one of them is first changed.
    pub fn thawed(frozen: FrozenEntries) -> Self {
        Self(Mutex::new(State::Frozen(frozen)))
    }

    /// The entries as they are now.
    pub fn freeze(&self) -> FrozenEntries {
        match &*self.lock() {
            State::Open(entries) => FrozenEntries::of(entries.clone()),
            State::Packed(packed) => packed.entries().map(|(key, value)| (key.to_owned(), value)).collect(),
            State::Frozen(frozen) => frozen.clone(),
        }
    }

    /// The value of an entry; null when absent.
    pub fn get(&self, key: &str) -> Value<'static> {
        match self.lock().list() {
            Ok(entries) => position(entries, key).map_or(Value::Null, |at| entries[at].1.clone()),
            Err(packed) => packed.get(key),
        }
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        match self.lock().list() {
            Ok(entries) => entries.is_empty(),
            Err(packed) => packed.is_empty(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self.lock().list() {
            Ok(entries) => entries.len(),
            Err(packed) => packed.keys().count(),
        }
    }

    /// A copy of all entries.
    pub fn values(&self) -> IndexMap<String, Value<'static>> {
        match self.lock().list() {
            Ok(entries) => entries.iter().map(|(key, value)| (key.to_string(), value.clone())).collect(),
            Err(packed) => packed.entries().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    /// The names of all entries.
    pub fn keys(&self) -> Vec<String> {
        match self.lock().list() {
            Ok(entries) => entries.iter().map(|(key, _)| key.to_string()).collect(),
            Err(packed) => packed.keys().map(str::to_owned).collect(),
        }
    }

    /// Removes all, and returns their names.
    pub fn clear(&self) -> Vec<Box<str>> {
        let mut state = self.lock();
        let before = std::mem::replace(&mut *state, State::Open(Vec::new()));
        drop(state);
        match before.list() {
            Ok(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            Err(packed) => packed.keys().map(Into::into).collect(),
        }
    }

    /// Makes it small until it is written again, for a manager that keeps many of which few are in use. Large ones
    /// stay as they are.
    pub fn pack(&self) {
        let mut state = self.lock();
        if let State::Open(entries) = &*state
            && let Some(packed) = Packed::of(entries)
        {
            *state = State::Packed(packed);
        }
    }

    /// Changes one entry in a single step. True when there was a change; to write what is there already is none.
    ///
    /// # Errors
    /// A value that no session can hold; nothing is changed then.
    pub fn update(
        &self,
        key: &str,
        change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>,
    ) -> Result<bool, SessionValueError> {
        let mut state = self.lock();
        let value = match state.list() {
            Ok(entries) => wanted(position(entries, key).map_or(&Value::Null, |at| &entries[at].1), change),
            Err(packed) => wanted(&packed.get(key), change),
        };
        let Some(value) = value else { return Ok(false) };
        if let Some(reason) = obstacle(&value, DEPTH_MAX) {
            return Err(SessionValueError::NotJson { key: key.to_owned(), reason });
        }
        let before = std::mem::replace(&mut *state, State::Open(Vec::new()));
        *state = State::Open(match before {
            State::Open(entries) => entries,
            State::Packed(packed) => packed.entries().map(|(key, value)| (key.into(), value)).collect(),
            State::Frozen(frozen) => frozen.into_list(),
        });
        // Open it is, since a moment ago at the latest.
        let State::Open(entries) = &mut *state else { return Ok(false) };
        let at = position(entries, key);
        match (at, value) {
            (None, Value::Null) => {}
            (Some(at), Value::Null) => {
                entries.remove(at);
            }
            (Some(at), value) => entries[at].1 = value,
            (None, _) if entries.len() >= SESSION_ENTRIES_MAX => {
                return Err(SessionValueError::TooMany { key: key.to_owned() });
            }
            (None, value) => {
                // One more place, not twice as many: memory at rest counts, and writing is rare.
                entries.reserve_exact(1);
                entries.push((key.into(), value));
            }
        }
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What it holds is whole at every moment, whatever code panicked while it held the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn position(entries: &[Entry], key: &str) -> Option<usize> {
    entries.iter().position(|(known, _)| **known == *key)
}

/// What a change makes of a value, unless that is the same.
fn wanted(
    before: &Value<'static>,
    change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>,
) -> Option<Value<'static>> {
    change(before).filter(|value| !is_same(before, value))
}

/// Whether two values are the same, as far as that is seen at a glance: lists and maps are not compared by what is in
/// them.
fn is_same(one: &Value<'static>, other: &Value<'static>) -> bool {
    match (one, other) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Integer(one), Value::Integer(other)) => one == other,
        (Value::String(one), Value::String(other)) => one == other,
        _ => false,
    }
}

/// Why JSON cannot say this value.
fn obstacle(value: &Value<'static>, depth_left: usize) -> Option<&'static str> {
    match value {
        Value::Decimal(number) if !number.is_finite() => Some("JSON has no number like this"),
        Value::Bytes(_) => Some("it is bytes, and JSON has none; encode them, with `encodeBase64` say"),
        Value::Object(_) => {
            Some("it is an object of the gateway, such as a request; take the texts you need")
        }
        Value::List(_) | Value::Map(_) if depth_left == 0 => Some("its lists and maps nest too deep"),
        Value::List(items) => items.iter().find_map(|item| obstacle(item, depth_left - 1)),
        Value::Map(map) => map.values().find_map(|item| obstacle(item, depth_left - 1)),
        _ => None,
    }
}
