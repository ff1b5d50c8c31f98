//! Secrets: the stores they come from, the formats they are written in, and the field by which objects choose among stores.

mod base64_encoded_secret_store;
mod errors;
mod file_system_secret_store;
mod format;
mod hsm_secret_store;
mod jwk_property_format;
mod jwk_set_secret_store;
mod key_store_secret_store;
mod mappings;
mod pem_property_format;
mod refresh;
mod secret_key_property_format;
mod secrets_provider;
mod system_and_env_secret_store;

pub use base64_encoded_secret_store::Base64EncodedSecretStore;
pub use errors::CODES;
pub(crate) use errors::told;
pub use file_system_secret_store::FileSystemSecretStore;
pub use format::{SecretPropertyFormat, SecretPropertyFormatRef};
pub use hsm_secret_store::HsmSecretStore;
pub use jwk_property_format::JwkPropertyFormat;
pub use jwk_set_secret_store::JwkSetSecretStore;
pub use key_store_secret_store::KeyStoreSecretStore;
pub use pem_property_format::PemPropertyFormat;
pub use secret_key_property_format::SecretKeyPropertyFormat;
pub use secrets_provider::SecretsProvider;
pub use system_and_env_secret_store::SystemAndEnvSecretStore;

use crypto::SecretStoreRef;
use heap::{Builder, LEVEL_SECRETS, ObjectType, OneOrMany, Ref};

use format::Formats;
use system_and_env_secret_store::SystemAndEnv;

/// The stores, their formats and their provider, sorted by name.
pub const TYPES: &[ObjectType] = &[
    ObjectType::of::<Base64EncodedSecretStore>(),
    ObjectType::of::<FileSystemSecretStore>(),
    ObjectType::of::<HsmSecretStore>(),
    ObjectType::of::<JwkPropertyFormat>(),
    ObjectType::of::<JwkSetSecretStore>(),
    ObjectType::of::<KeyStoreSecretStore>(),
    ObjectType::of::<PemPropertyFormat>(),
    ObjectType::of::<SecretKeyPropertyFormat>(),
    ObjectType::of::<SecretsProvider>(),
    ObjectType::of::<SystemAndEnvSecretStore>(),
];

/// The type of every field `secretsProvider`: a provider or a store, by name or in place, or several of them.
pub(crate) type SecretsProviderField = OneOrMany<Ref<SecretStoreRef>>;

/// What answers for an object's secrets. Without the field it is the `secrets` of the route or of a file
/// around it, and then the environment, as it was before the field existed.
pub(crate) fn provider_of(field: Option<&SecretsProviderField>, b: &Builder<'_>) -> SecretStoreRef {
    match field {
        Some(OneOrMany(stores)) => several(b.get_all(stores)),
        None => b
            .named(LEVEL_SECRETS)
            .unwrap_or_else(|| SecretStoreRef::new(SystemAndEnv::new(Formats::default(), b.process()))),
    }
}

/// Stores as one; a single store is that one itself.
fn several(stores: Vec<SecretStoreRef>) -> SecretStoreRef {
    match <[SecretStoreRef; 1]>::try_from(stores) {
        Ok([store]) => store,
        Err(stores) => SecretStoreRef::new(crypto::SecretsProvider::new(stores)),
    }
}

#[cfg(test)]
mod tests;
