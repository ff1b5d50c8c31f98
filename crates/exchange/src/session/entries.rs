//! [`SessionEntries`]: what a session holds.

use std::fmt;
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
pub struct SessionEntries(Mutex<State>);

impl fmt::Debug for SessionEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are nobody's business.
        f.debug_tuple("SessionEntries").field(&self.keys()).finish()
    }
}

enum State {
    /// A plain list: sessions have a few entries, and a list is the smallest thing that holds them.
    Open(Vec<Entry>),
    /// At rest.
    Packed(Packed),
    /// A list that others read, too.
    Frozen(FrozenEntries),
    /// The session has ended, or goes on elsewhere: nothing is read or written here any more.
    Ended,
}

/// What became of a write.
pub(super) enum Written {
    /// Nothing was to be changed.
    Unchanged,
    /// There was this value before; null when absent.
    Changed(Value<'static>),
    /// The last entry was removed.
    Emptied,
    /// The list has ended.
    Refused,
}

impl State {
    /// The list, unless it is packed.
    fn list(&self) -> Result<&[Entry], &Packed> {
        match self {
            Self::Open(entries) => Ok(entries),
            Self::Frozen(frozen) => Ok(frozen.as_slice()),
            Self::Packed(packed) => Err(packed),
            Self::Ended => Ok(&[]),
        }
    }

    /// A list to write in.
    fn into_list(self) -> Vec<Entry> {
        match self {
            Self::Open(entries) => entries,
            Self::Packed(packed) => packed.entries().map(|(key, value)| (key.into(), value)).collect(),
            Self::Frozen(frozen) => frozen.into_list(),
            Self::Ended => Vec::new(),
        }
    }

    fn names(&self) -> Vec<Box<str>> {
        match self.list() {
            Ok(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            Err(packed) => packed.keys().map(Into::into).collect(),
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

    /// Entries of a session that has ended: there are none, and none can be written.
    pub fn ended() -> Self {
        Self(Mutex::new(State::Ended))
    }

    /// Whether the session has ended or goes on under another id with another list. Nothing is written here any more.
    pub fn is_ended(&self) -> bool {
        matches!(*self.lock(), State::Ended)
    }

    /// Ends the list for all who share it, and returns what it held, to go on with elsewhere. `None` when it has
    /// ended before.
    pub fn retire(&self) -> Option<Self> {
        match std::mem::replace(&mut *self.lock(), State::Ended) {
            State::Ended => None,
            state => Some(Self(Mutex::new(state))),
        }
    }

    /// The entries as they are now.
    pub fn freeze(&self) -> FrozenEntries {
        match &*self.lock() {
            State::Open(entries) => FrozenEntries::of(entries.clone()),
            State::Packed(packed) => packed.entries().map(|(key, value)| (key.to_owned(), value)).collect(),
            State::Frozen(frozen) => frozen.clone(),
            State::Ended => FrozenEntries::default(),
        }
    }

    /// A list of its own with the same entries.
    pub(super) fn copy(&self) -> Self {
        Self(Mutex::new(match &*self.lock() {
            State::Open(entries) => State::Open(entries.clone()),
            State::Packed(packed) => State::Packed(packed.clone()),
            State::Frozen(frozen) => State::Frozen(frozen.clone()),
            State::Ended => State::Open(Vec::new()),
        }))
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
    pub(super) fn clear(&self) -> Vec<Box<str>> {
        let mut state = self.lock();
        let after = if matches!(*state, State::Ended) { State::Ended } else { State::Open(Vec::new()) };
        let before = std::mem::replace(&mut *state, after);
        drop(state);
        before.names()
    }

    /// Ends the list for all who share it, and returns the names of what it held.
    pub(super) fn end(&self) -> Vec<Box<str>> {
        let before = std::mem::replace(&mut *self.lock(), State::Ended);
        before.names()
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

    /// How many bytes it takes at rest, if it is: see [`SessionEntries::pack`].
    pub fn packed_bytes(&self) -> Option<usize> {
        match &*self.lock() {
            State::Packed(packed) => Some(packed.bytes()),
            State::Open(_) | State::Frozen(_) | State::Ended => None,
        }
    }

    /// Changes one entry in a single step. True when there was a change; to write what is there already is none, and
    /// nothing is written after the end.
    ///
    /// # Errors
    /// A value that no session can hold; nothing is changed then.
    pub fn update(
        &self,
        key: &str,
        change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>,
    ) -> Result<bool, SessionValueError> {
        let written = self.write(key, change, false)?;
        Ok(matches!(written, Written::Changed(_) | Written::Emptied))
    }

    /// The same. With `ends` the list ends as its last entry is removed, before anybody can write another.
    pub(super) fn write(
        &self,
        key: &str,
        change: impl FnOnce(&Value<'static>) -> Option<Value<'static>>,
        ends: bool,
    ) -> Result<Written, SessionValueError> {
        let mut state = self.lock();
        let value = match state.list() {
            Ok(entries) => wanted(position(entries, key).map_or(&Value::Null, |at| &entries[at].1), change),
            Err(packed) => wanted(&packed.get(key), change),
        };
        let Some(value) = value else { return Ok(Written::Unchanged) };
        if let Some(reason) = obstacle(&value, DEPTH_MAX) {
            return Err(SessionValueError::NotJson { key: key.to_owned(), reason });
        }
        if matches!(*state, State::Ended) {
            return Ok(Written::Refused);
        }
        let mut entries = std::mem::replace(&mut *state, State::Open(Vec::new())).into_list();
        let outcome = put(&mut entries, key, value);
        *state = match &outcome {
            Ok(Written::Emptied) if ends => State::Ended,
            _ => State::Open(entries),
        };
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What it holds is whole at every moment, whatever code panicked while it held the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a value that is known to differ; null removes the entry.
fn put(entries: &mut Vec<Entry>, key: &str, value: Value<'static>) -> Result<Written, SessionValueError> {
    let before = match (position(entries, key), value) {
        (None, Value::Null) => return Ok(Written::Unchanged),
        (Some(at), Value::Null) => {
            let (_, before) = entries.remove(at);
            if entries.is_empty() {
                return Ok(Written::Emptied);
            }
            before
        }
        (Some(at), value) => std::mem::replace(&mut entries[at].1, value),
        (None, _) if entries.len() >= SESSION_ENTRIES_MAX => {
            return Err(SessionValueError::TooMany { key: key.to_owned() });
        }
        (None, value) => {
            // One more place, not twice as many: memory at rest counts, and writing is rare.
            entries.reserve_exact(1);
            entries.push((key.into(), value));
            Value::Null
        }
    };
    Ok(Written::Changed(before))
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
