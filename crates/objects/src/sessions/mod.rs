//! Session managers, and the stores they share.

pub(crate) mod cookie;
mod errors;
mod in_memory_session_manager;
pub(crate) mod keys;
pub(crate) mod options;
mod shared_store;

pub use errors::CODES;
pub use in_memory_session_manager::InMemorySessionManager;

use heap::ObjectType;

/// The session managers and their stores, sorted by name.
pub const TYPES: &[ObjectType] = &[ObjectType::of::<InMemorySessionManager>()];
