//! Handlers: they answer a request.

use heap::ObjectType;

/// The handlers, sorted by name.
pub const TYPES: &[ObjectType] = &[];
