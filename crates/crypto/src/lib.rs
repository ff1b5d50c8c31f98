//! Secrets: what they are called, where they come from, and that nothing prints them.
//!
//! This crate knows neither configuration nor files: stores of secrets implement [`SecretStore`] elsewhere,
//! and whoever needs a secret asks a [`SecretStoreRef`] for it.

mod error;
mod id;
mod provider;
mod secret;
mod store;

pub use error::SecretError;
pub use id::{SecretId, SecretIdError};
pub use provider::SecretsProvider;
pub use secret::Secret;
pub use store::{Purpose, SecretStore, SecretStoreRef};
