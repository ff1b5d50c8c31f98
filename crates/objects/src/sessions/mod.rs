//! Session managers, and the stores they share.

pub(crate) mod cookie;
mod errors;
mod file_store;
mod in_memory_session_manager;
mod jwt_session_manager;
pub(crate) mod keys;
mod marker;
mod news;
pub(crate) mod options;
mod shared_session_manager;
mod shared_store;
mod size;
#[cfg(test)]
mod store_contract;
mod valkey_store;

pub use errors::CODES;
pub use file_store::FileStore;
pub use in_memory_session_manager::InMemorySessionManager;
#[cfg(fuzzing)]
pub(crate) use jwt_session_manager::fuzzing::fuzz_cookie;
pub use jwt_session_manager::{JwtSession, JwtSessionManager};
pub use shared_session_manager::SharedSessionManager;
pub use shared_store::SharedStoreRef;
pub use valkey_store::ValkeyStore;

use heap::ObjectType;

/// The session managers and their stores, sorted by name.
pub const TYPES: &[ObjectType] = &[
    ObjectType::of::<FileStore>(),
    ObjectType::of::<InMemorySessionManager>(),
    ObjectType::of::<JwtSession>(),
    ObjectType::of::<JwtSessionManager>(),
    ObjectType::of::<SharedSessionManager>(),
    ObjectType::of::<ValkeyStore>(),
];
