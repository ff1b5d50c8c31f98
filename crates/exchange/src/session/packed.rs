//! [`Packed`]: the entries of a session at rest, in one piece of memory.
//!
//! A gateway keeps a hundred thousand sessions of which a few are in use. As lists and maps each entry takes several
//! allocations, which are three quarters of the memory. Reading finds an entry without unpacking the others.

use std::borrow::Cow;

use expression::Value;
use indexmap::IndexMap;

use super::entries::{DEPTH_MAX, Entry};

/// Larger sessions stay as they are: few are, and to read a large entry anew each time costs more than its memory.
const PACKED_BYTES_MAX: usize = 4096;

/// What stands before a value and says how to read it.
mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    /// Eight bytes.
    pub(super) const INTEGER: u8 = 3;
    /// Eight bytes.
    pub(super) const DECIMAL: u8 = 4;
    /// A text.
    pub(super) const STRING: u8 = 5;
    /// The number of values, and the values.
    pub(super) const LIST: u8 = 6;
    /// The number of entries, and keys and values in turn.
    pub(super) const MAP: u8 = 7;
}

/// Entries: of each the name, the length of the value, and the value.
#[derive(Clone)]
pub(super) struct Packed(Box<[u8]>);

impl Packed {
    /// These entries; `None` when they are too large, or not what JSON can say.
    pub(super) fn of(entries: &[Entry]) -> Option<Self> {
        let (mut bytes, mut value_bytes) = (Vec::new(), Vec::new());
        for (key, value) in entries {
            value_bytes.clear();
            write_value(value, &mut value_bytes, DEPTH_MAX)?;
            write_text(key, &mut bytes)?;
            write_length(value_bytes.len(), &mut bytes)?;
            bytes.extend_from_slice(&value_bytes);
            if bytes.len() > PACKED_BYTES_MAX {
                return None;
            }
        }
        Some(Self(bytes.into_boxed_slice()))
    }

    /// The value of an entry; null when absent.
    pub(super) fn get(&self, key: &str) -> Value<'static> {
        let found = self.parts().find(|(known, _)| *known == key);
        found.map_or(Value::Null, |(_, value)| read(value))
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts().map(|(key, _)| key)
    }

    /// The entries as they were.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Value<'static>)> {
        self.parts().map(|(key, value)| (key, read(value)))
    }

    /// Names, and values as they are packed.
    fn parts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut reader = Reader(&self.0);
        std::iter::from_fn(move || {
            let key = reader.text()?;
            let length = reader.length()?;
            Some((key, reader.take(length)?))
        })
    }
}

fn read(value: &[u8]) -> Value<'static> {
    // What was packed can be read.
    Reader(value).value().unwrap_or_default()
}

/// What is left to read. Nothing is read that was not written here, so `None` is the end.
struct Reader<'p>(&'p [u8]);

impl<'p> Reader<'p> {
    fn value(&mut self) -> Option<Value<'static>> {
        Some(match self.byte()? {
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::INTEGER => Value::Integer(i64::from_le_bytes(self.eight()?)),
            tag::DECIMAL => Value::Decimal(f64::from_le_bytes(self.eight()?)),
            tag::STRING => Value::String(Cow::Owned(self.text()?.to_owned())),
            tag::LIST => {
                let length = self.length()?;
                Value::list((0..length).map(|_| self.value()).collect::<Option<_>>()?)
            }
            tag::MAP => {
                let length = self.length()?;
                let entries = (0..length).map(|_| Some((self.text()?.to_owned(), self.value()?)));
                Value::map(entries.collect::<Option<IndexMap<_, _>>>()?)
            }
            _ => Value::Null,
        })
    }

    fn text(&mut self) -> Option<&'p str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// One byte, or 255 and two bytes.
    fn length(&mut self) -> Option<usize> {
        match self.byte()? {
            u8::MAX => Some(usize::from(u16::from_le_bytes(self.take(2)?.try_into().ok()?))),
            short => Some(usize::from(short)),
        }
    }

    fn eight(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn take(&mut self, length: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Appends a value; `None` when it cannot be packed.
fn write_value(value: &Value<'static>, bytes: &mut Vec<u8>, depth_left: usize) -> Option<()> {
    if bytes.len() > PACKED_BYTES_MAX {
        return None;
    }
    let deeper = depth_left.checked_sub(1);
    match value {
        Value::Null => bytes.push(tag::NULL),
        Value::Bool(false) => bytes.push(tag::FALSE),
        Value::Bool(true) => bytes.push(tag::TRUE),
        Value::Integer(number) => {
            bytes.push(tag::INTEGER);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Value::Decimal(number) => {
            bytes.push(tag::DECIMAL);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Value::String(text) => {
            bytes.push(tag::STRING);
            write_text(text, bytes)?;
        }
        Value::List(items) => {
            bytes.push(tag::LIST);
            write_length(items.len(), bytes)?;
            items.iter().try_for_each(|item| write_value(item, bytes, deeper?))?;
        }
        Value::Map(map) => {
            bytes.push(tag::MAP);
            write_length(map.len(), bytes)?;
            for (key, item) in map.iter() {
                write_text(key, bytes)?;
                write_value(item, bytes, deeper?)?;
            }
        }
        Value::Bytes(_) | Value::Object(_) => return None,
    }
    Some(())
}

fn write_text(text: &str, bytes: &mut Vec<u8>) -> Option<()> {
    write_length(text.len(), bytes)?;
    bytes.extend_from_slice(text.as_bytes());
    Some(())
}

fn write_length(length: usize, bytes: &mut Vec<u8>) -> Option<()> {
    match u8::try_from(length) {
        Ok(short) if short < u8::MAX => bytes.push(short),
        _ => {
            bytes.push(u8::MAX);
            let long = u16::try_from(length).ok().filter(|long| usize::from(*long) <= PACKED_BYTES_MAX)?;
            bytes.extend_from_slice(&long.to_le_bytes());
        }
    }
    Some(())
}
