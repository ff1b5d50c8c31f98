//! Decorators: filters spliced around any handler or filter.

use heap::ObjectType;

/// The decorators, sorted by name.
pub const TYPES: &[ObjectType] = &[];
