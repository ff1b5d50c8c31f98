//! Secrets: what they are called, where they come from, and the ciphers they are used with.
//!
//! This crate knows neither configuration nor files: stores of secrets implement [`SecretStore`] elsewhere,
//! and whoever needs a secret asks a [`SecretStoreRef`] for it. The cryptographic library behind the ciphers
//! is named here and nowhere else.

mod asn1;
mod asymmetric;
mod chain;
mod cipher;
mod error;
pub mod generate;
mod id;
pub mod jose;
pub mod jwk;
mod key;
pub mod keystore;
pub mod pem;
mod provider;
mod secret;
mod store;
pub mod tls;
pub mod token;

pub use cipher::{Cipher, CipherError, Transformation};
pub use error::SecretError;
pub use id::{SecretId, SecretIdError};
pub use key::{CryptoKey, KeyMaterial};
pub use provider::SecretsProvider;
pub use secret::Secret;
pub use store::{Purpose, SecretStore, SecretStoreRef};
