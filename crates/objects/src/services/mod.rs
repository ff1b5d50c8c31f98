//! Objects that handlers and filters use: session managers, storage, executors, delegates.

use heap::ObjectType;

/// The services, sorted by name.
pub const TYPES: &[ObjectType] = &[];
