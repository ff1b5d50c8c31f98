//! [`Budget`]: how much the values of a configuration may hold together.
//!
//! Lists and maps are shared, so a value that takes no memory may be without end once it is written out.

use expression::{VALUE_DEPTH_MAX, Value};

/// What a value costs beside its text, as a part of a tree.
const VALUE_BYTES: usize = 64;

/// Bytes that are left for values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Takes a value out of the budget; whether there was enough for it, and it is not too deep to be handled.
    /// Takes no longer than the budget is large, whatever the value is.
    pub(crate) fn charge(&mut self, value: &Value<'_>) -> bool {
        self.charge_at(value, 0)
    }

    fn charge_at(&mut self, value: &Value<'_>, depth: usize) -> bool {
        let text = match value {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        if depth > VALUE_DEPTH_MAX || !self.take(text) {
            return false;
        }
        match value {
            Value::List(items) => items.iter().all(|item| self.charge_at(item, depth + 1)),
            Value::Map(entries) => {
                entries.iter().all(|(name, value)| self.take(name.len()) && self.charge_at(value, depth + 1))
            }
            _ => true,
        }
    }

    fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(VALUE_BYTES + bytes);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}
