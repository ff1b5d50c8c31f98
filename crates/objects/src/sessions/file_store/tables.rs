//! The tables of the file, and what is done in one transaction.
//!
//! Every entry has its end written beside it, and once more in a table ordered by ends, so that finding those that are
//! over costs nothing for the others. An entry that is over is as good as gone, whether it has been swept or not.

use std::ops::Bound;
use std::time::Duration;

use redb::{
    Database, Error, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError, WriteTransaction,
};

use super::super::shared_store::{
    Change, Field, Keys, Onto, RECORD_BYTES_MAX, RECORD_FIELDS_MAX, SET_NAMES_MAX, StoreError,
};

/// The end in milliseconds since 1970 (8 bytes), the kind (1 byte), then the fields of a record or the number of names
/// of a set.
const ENTRIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");

/// The names of all sets.
const NAMES: TableDefinition<'_, (&str, &str), ()> = TableDefinition::new("names");

/// All entries by their ends.
const ENDS: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("ends");

/// What is asked for, or why it is refused; beside it, what is wrong with the file.
pub(super) type Outcome<T> = Result<Result<T, StoreError>, Error>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Record = 0,
    Set = 1,
}

/// An entry, which may be over.
struct Entry {
    expires: u64,
    kind: Kind,
    /// What follows end and kind.
    content: Vec<u8>,
}

impl Entry {
    /// `None` for one that is damaged, which only somebody else can have written. It is as good as gone.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (expires, rest) = bytes.split_first_chunk()?;
        let (kind, content) = rest.split_first()?;
        let kind = match kind {
            0 => Kind::Record,
            1 => Kind::Set,
            _ => return None,
        };
        let is_whole = match kind {
            Kind::Record => decode_fields(content).is_some(),
            Kind::Set => content.len() == size_of::<u64>(),
        };
        is_whole.then(|| Self { expires: u64::from_be_bytes(*expires), kind, content: content.to_vec() })
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(9 + self.content.len());
        bytes.extend(self.expires.to_be_bytes());
        bytes.push(self.kind as u8);
        bytes.extend(&self.content);
        bytes
    }

    fn set(expires: u64, count: usize) -> Self {
        Self { expires, kind: Kind::Set, content: (count as u64).to_be_bytes().to_vec() }
    }

    /// The fields, when it is a record.
    fn fields(&self) -> Outcome<Vec<Field>> {
        if self.kind == Kind::Set {
            return Ok(Err(StoreError::Refused("a set is not a record".to_owned())));
        }
        decode_fields(&self.content).map(Ok).ok_or_else(damaged)
    }

    /// How many names a set has.
    fn count(&self) -> Outcome<usize> {
        if self.kind == Kind::Record {
            return Ok(Err(StoreError::Refused("a record is not a set".to_owned())));
        }
        let count = self.content.as_slice().try_into().map(u64::from_be_bytes);
        let count = count.ok().and_then(|count| usize::try_from(count).ok());
        count.map(Ok).ok_or_else(damaged)
    }
}

fn damaged() -> Error {
    Error::Corrupted("an entry has a form that it never gets".to_owned())
}

fn encode_fields(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in fields.iter().flat_map(|(name, value)| [name, value]) {
        // No piece is longer than a record may be.
        bytes.extend(u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(piece);
    }
    bytes
}

fn decode_fields(bytes: &[u8]) -> Option<Vec<Field>> {
    let mut rest = bytes;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (name, behind) = decode_piece(rest)?;
        let (value, behind) = decode_piece(behind)?;
        fields.push((name.to_vec(), value.to_vec()));
        rest = behind;
    }
    Some(fields)
}

/// The first piece, and what stands behind it.
fn decode_piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// The fields of a record, and when it ends.
pub(super) fn read(database: &Database, key: &str, now: u64) -> Outcome<Option<(Vec<Field>, u64)>> {
    let entries = database.begin_read()?.open_table(ENTRIES)?;
    let Some(entry) = live(&entries, key, now)? else { return Ok(Ok(None)) };
    Ok(entry.fields()?.map(|fields| Some((fields, entry.expires))))
}

/// How long each of these lives yet.
pub(super) fn times_to_live(
    database: &Database,
    keys: &[String],
    now: u64,
) -> Outcome<Vec<Option<Duration>>> {
    let entries = database.begin_read()?.open_table(ENTRIES)?;
    let mut times = Vec::with_capacity(keys.len());
    for key in keys {
        times.push(live(&entries, key, now)?.map(|entry| Duration::from_millis(entry.expires - now)));
    }
    Ok(Ok(times))
}

/// The names of a set, at most `limit`.
pub(super) fn names(database: &Database, key: &str, limit: usize, now: u64) -> Outcome<Vec<String>> {
    let transaction = database.begin_read()?;
    let Some(entry) = live(&transaction.open_table(ENTRIES)?, key, now)? else { return Ok(Ok(Vec::new())) };
    if let Err(refused) = entry.count()? {
        return Ok(Err(refused));
    }
    Ok(Ok(names_of(&transaction.open_table(NAMES)?, key, limit)?))
}

/// A page of the names of entries. The cursor is the last name that was looked at.
pub(super) fn keys(
    database: &Database,
    prefix: &str,
    cursor: Option<String>,
    limit: usize,
    now: u64,
) -> Outcome<Keys> {
    let entries = database.begin_read()?.open_table(ENTRIES)?;
    let start = match &cursor {
        Some(cursor) if cursor.as_str() >= prefix => Bound::Excluded(cursor.as_str()),
        _ => Bound::Included(prefix),
    };
    let mut page = Keys::default();
    for (looked_at, item) in entries.range::<&str>((start, Bound::Unbounded))?.enumerate() {
        let (key, entry) = item?;
        let key = key.value();
        if !key.starts_with(prefix) {
            return Ok(Ok(Keys { cursor: None, ..page }));
        }
        if looked_at >= limit {
            return Ok(Ok(page));
        }
        if Entry::decode(entry.value()).is_some_and(|entry| entry.expires > now) {
            page.keys.push(key.to_owned());
        }
        page.cursor = Some(key.to_owned());
    }
    Ok(Ok(Keys { cursor: None, ..page }))
}

/// Whether there is an entry to sweep.
pub(super) fn is_any_over(database: &Database, now: u64) -> Result<bool, Error> {
    let ends = database.begin_read()?.open_table(ENDS)?;
    Ok(ends.range(..=(now, ""))?.next().transpose()?.is_some())
}

fn live(
    entries: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
    now: u64,
) -> Result<Option<Entry>, Error> {
    let found = entries.get(key)?.and_then(|found| Entry::decode(found.value()));
    Ok(found.filter(|entry| entry.expires > now))
}

fn names_of(
    names: &impl ReadableTable<(&'static str, &'static str), ()>,
    key: &str,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for item in names.range((key, "")..)?.take(limit) {
        let (name, _) = item?;
        let (set, name) = name.value();
        if set != key {
            break;
        }
        found.push(name.to_owned());
    }
    Ok(found)
}

/// The tables within a transaction that writes.
pub(super) struct Tables<'t> {
    entries: Table<'t, &'static str, &'static [u8]>,
    names: Table<'t, (&'static str, &'static str), ()>,
    ends: Table<'t, (u64, &'static str), ()>,
}

impl<'t> Tables<'t> {
    /// Opens them, and makes those that are not there.
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            names: transaction.open_table(NAMES)?,
            ends: transaction.open_table(ENDS)?,
        })
    }

    /// Changes a record. False when there is one and must not be, or the other way round.
    pub(super) fn write(&mut self, key: &str, change: &Change, expires: u64, now: u64) -> Outcome<bool> {
        let before = self.live(key, now)?;
        if before.is_some() != (change.onto == Onto::Existing) {
            return Ok(Ok(false));
        }
        let mut fields = match before.as_ref().map(Entry::fields).transpose()? {
            None => Vec::new(),
            Some(Ok(fields)) => fields,
            Some(Err(refused)) => return Ok(Err(refused)),
        };
        let is_changed = |name: &Vec<u8>| {
            change.set.iter().map(|(name, _)| name).chain(&change.remove).any(|other| other == name)
        };
        fields.retain(|(name, _)| !is_changed(name));
        fields.extend(change.set.iter().cloned());
        let content = encode_fields(&fields);
        if fields.len() > RECORD_FIELDS_MAX || content.len() > RECORD_BYTES_MAX + 8 * fields.len() {
            return Ok(Err(Change::too_large()));
        }
        self.put(key, before.as_ref(), &Entry { expires, kind: Kind::Record, content })?;
        Ok(Ok(true))
    }

    /// Lets a record end at another time. False when there is none.
    pub(super) fn touch(&mut self, key: &str, expires: u64, now: u64) -> Outcome<bool> {
        let Some(before) = self.live(key, now)? else { return Ok(Ok(false)) };
        let after = Entry { expires, kind: before.kind, content: before.content.clone() };
        self.put(key, Some(&before), &after)?;
        Ok(Ok(true))
    }

    /// Removes whatever there is. False when there is nothing.
    pub(super) fn remove(&mut self, key: &str, now: u64) -> Outcome<bool> {
        let Some(entry) = self.live(key, now)? else { return Ok(Ok(false)) };
        self.discard(key, &entry)?;
        Ok(Ok(true))
    }

    /// Adds a name to a set. False when it has it already.
    pub(super) fn add_name(&mut self, key: &str, name: &str, expires: u64, now: u64) -> Outcome<bool> {
        let before = self.live(key, now)?;
        let count = match before.as_ref().map(Entry::count).transpose()? {
            None => 0,
            Some(Ok(count)) => count,
            Some(Err(refused)) => return Ok(Err(refused)),
        };
        let is_new = self.names.get((key, name))?.is_none();
        if is_new && count >= SET_NAMES_MAX {
            return Ok(Err(StoreError::Refused(format!("a set has at most {SET_NAMES_MAX} names"))));
        }
        if is_new {
            self.names.insert((key, name), ())?;
        }
        let expires = before.as_ref().map_or(expires, |before| before.expires.max(expires));
        self.put(key, before.as_ref(), &Entry::set(expires, count + usize::from(is_new)))?;
        Ok(Ok(is_new))
    }

    /// Removes a name from a set, and with the last name the set. False when it is not in it.
    pub(super) fn remove_name(&mut self, key: &str, name: &str, now: u64) -> Outcome<bool> {
        let Some(before) = self.live(key, now)? else { return Ok(Ok(false)) };
        let count = match before.count()? {
            Ok(count) => count,
            Err(refused) => return Ok(Err(refused)),
        };
        if self.names.remove((key, name))?.is_none() {
            return Ok(Ok(false));
        }
        if count <= 1 {
            self.discard(key, &before)?;
        } else {
            self.put(key, Some(&before), &Entry::set(before.expires, count - 1))?;
        }
        Ok(Ok(true))
    }

    /// Removes at most `limit` entries that are over, and says how many.
    pub(super) fn sweep(&mut self, now: u64, limit: usize) -> Result<usize, Error> {
        let mut over = Vec::new();
        for item in self.ends.range(..=(now, ""))?.take(limit) {
            let (row, _) = item?;
            let (end, key) = row.value();
            over.push((end, key.to_owned()));
        }
        for (end, key) in &over {
            // What is over is not live, and looking for it removes it.
            self.live(key, now)?;
            // The end of a damaged entry was not to be read.
            self.ends.remove((*end, key.as_str()))?;
        }
        Ok(over.len())
    }

    /// The entry, if it is not over; one that is over is removed, and so is one that is damaged: it must not keep the
    /// others from being used.
    fn live(&mut self, key: &str, now: u64) -> Result<Option<Entry>, Error> {
        let found = self.entries.get(key)?.map(|found| Entry::decode(found.value()));
        match found {
            None => Ok(None),
            Some(Some(entry)) if entry.expires > now => Ok(Some(entry)),
            Some(Some(entry)) => self.discard(key, &entry).map(|()| None),
            Some(None) => {
                tracing::error!("A file store has removed an entry that was damaged.");
                self.entries.remove(key)?;
                self.remove_names(key).map(|()| None)
            }
        }
    }

    fn put(&mut self, key: &str, before: Option<&Entry>, after: &Entry) -> Result<(), Error> {
        if before.map(|before| before.expires) != Some(after.expires) {
            if let Some(before) = before {
                self.ends.remove((before.expires, key))?;
            }
            self.ends.insert((after.expires, key), ())?;
        }
        self.entries.insert(key, after.encode().as_slice())?;
        Ok(())
    }

    fn discard(&mut self, key: &str, entry: &Entry) -> Result<(), Error> {
        self.entries.remove(key)?;
        self.ends.remove((entry.expires, key))?;
        if entry.kind == Kind::Set {
            self.remove_names(key)?;
        }
        Ok(())
    }

    fn remove_names(&mut self, key: &str) -> Result<(), Error> {
        for name in names_of(&self.names, key, usize::MAX)? {
            self.names.remove((key, name.as_str()))?;
        }
        Ok(())
    }
}

/// What no code of ours does to an entry: all but its first bytes are lost.
#[cfg(test)]
pub(super) fn damage(database: &Database, key: &str, bytes_left: usize) {
    let transaction = database.begin_write().unwrap();
    {
        let mut entries = transaction.open_table(ENTRIES).unwrap();
        let whole = entries.get(key).unwrap().unwrap().value().to_vec();
        entries.insert(key, &whole[..bytes_left]).unwrap();
    }
    transaction.commit().unwrap();
}

/// How many entries there are, whatever state they are in.
#[cfg(test)]
pub(super) fn count_all(database: &Database) -> usize {
    database.begin_read().unwrap().open_table(ENTRIES).unwrap().iter().unwrap().count()
}
