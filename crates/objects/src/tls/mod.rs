//! TLS: where keys and trust come from (managers), and what is made of them (options of a listener, options of
//! a client).
//!
//! A manager is asked again and again while the gateway runs, because its files change. What it yields is
//! compared with what is in use, and only a difference makes new settings: `live` does that for both kinds of
//! options.

mod client_tls_options;
mod errors;
mod key_manager;
mod key_store;
mod live;
mod managers;
mod material;
mod options;
mod password;
mod secrets_key_manager;
mod secrets_trust_manager;
mod server_tls_options;
mod trust_all_manager;
mod trust_manager;

pub use client_tls_options::{ClientTlsOptions, ClientTlsRef};
pub use errors::CODES;
pub use key_manager::KeyManager;
pub use key_store::{KeyStore, KeyStoreRef};
pub use managers::{KeyManagerRef, TrustManagerRef};
pub use secrets_key_manager::SecretsKeyManager;
pub use secrets_trust_manager::SecretsTrustManager;
pub use server_tls_options::{ServerTlsOptions, ServerTlsRef};
pub use trust_all_manager::TrustAllManager;
pub use trust_manager::TrustManager;

pub(crate) use client_tls_options::{ClientTlsFields, HostnameVerifier};
pub(crate) use errors::ignored_beside_tls;
pub(crate) use options::{NameList, Names};

use heap::ObjectType;

/// Managers, stores and options, sorted by name.
pub const TYPES: &[ObjectType] = &[
    ObjectType::of::<ClientTlsOptions>(),
    ObjectType::of::<KeyManager>(),
    ObjectType::of::<KeyStore>(),
    ObjectType::of::<SecretsKeyManager>(),
    ObjectType::of::<SecretsTrustManager>(),
    ObjectType::of::<ServerTlsOptions>(),
    ObjectType::of::<TrustAllManager>(),
    ObjectType::of::<TrustManager>(),
];

#[cfg(test)]
mod tests;
