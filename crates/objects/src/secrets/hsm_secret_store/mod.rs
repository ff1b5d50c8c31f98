//! `HsmSecretStore`: keys in a hardware security module.

mod provider;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crypto::token::{SlotChoice, Token, TokenError, TokenSettings};
use crypto::{CryptoKey, Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef};
use heap::{Builder, ObjectConfig, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Span};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::format::PasswordSource;
use super::mappings::{Aliases, Mapping};
use super::{SecretsProviderField, errors, provider_of};
use provider::Provider;

/// Uses keys in a hardware security module, or in any other module with a library of PKCS#11.
///
/// Private keys stay in the module, which makes the signatures: for TLS, with keys of RSA and of the curves P-256, P-384
/// and P-521. The chain of a private key is put together from the certificates in the module. Symmetric keys can be
/// used when they are extractable (`CKA_EXTRACTABLE`), because what they are used for happens in the gateway.
///
/// Each mapping gives a secret the entries of one or several labels (`CKA_LABEL`), the active one first: private keys,
/// symmetric keys, or certificates; the label of a certificate stands for the private key with the same `CKA_ID`, as
/// for Java.
///
/// `providerName` is the name of a file below `config/pkcs11` of the instance folder, with the ending `.cfg` and with or
/// without `SunPKCS11-` in front. It is written as for Java:
///
/// ```text
/// name = SoftHSM
/// library = /usr/lib/softhsm/libsofthsm2.so
/// slotListIndex = 0
/// ```
///
/// In place of the file the store itself may have `library`, and `slot`, `slotListIndex` or `tokenLabel` beside it.
///
/// Keys are looked up when the configuration is loaded, and a module, PIN or label that is wrong keeps it from loading. A
/// session that the module has lost is opened again when it is needed. A signature that takes longer than two
/// seconds fails, and while the module hangs, others fail at once.
///
/// ```json
/// {
///   "name": "Module",
///   "type": "HsmSecretStore",
///   "config": {
///     "providerName": "SunPKCS11-SoftHSM",
///     "storePasswordSecretId": "hsm.pin",
///     "secretsProvider": { "type": "SystemAndEnvSecretStore" },
///     "mappings": [{ "secretId": "tls.key", "aliases": ["https-connector-key"] }]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HsmSecretStore {
    /// The name of the module's configuration.
    provider_name: Spanned<String>,
    /// The PIN of the user.
    store_password_secret_id: Spanned<heap::SecretId>,
    /// Where the PIN comes from.
    secrets_provider: Option<SecretsProviderField>,
    /// Which entries are which secrets.
    mappings: Vec<Mapping>,
    /// Accepted. Keys are looked up when the configuration is loaded.
    #[expect(dead_code, reason = "accepted")]
    lease_expiry: Option<TimeSpan>,
    /// An addition: the library of the module. The provider needs no file then.
    library: Option<Spanned<PathBuf>>,
    /// An addition: the number of the slot.
    slot: Option<u64>,
    /// An addition: the place of the slot among those that have a token, from 0.
    slot_list_index: Option<usize>,
    /// An addition: the label of the token in the slot.
    token_label: Option<String>,
}

impl ObjectConfig for HsmSecretStore {
    const TYPE: &'static str = "HsmSecretStore";
    type Object = SecretStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        let module = self.library.as_ref().map_or(self.provider_name.span(), Spanned::span).clone();
        let choices = [
            self.slot.map(SlotChoice::Id),
            self.slot_list_index.map(SlotChoice::Index),
            self.token_label.map(SlotChoice::Label),
        ];
        let mut choices = choices.into_iter().flatten();
        let choice = choices.next();
        if choices.next().is_some() {
            let message =
                "one of `slot`, `slotListIndex` and `tokenLabel` says which slot it is, not several";
            return Err(errors::store(message, &module));
        }
        let provider = match self.library {
            Some(library) => {
                Provider { library: b.paths().instance.join(&*library), slot: SlotChoice::Index(0) }
            }
            None => provider::read(&self.provider_name, &b.paths().config)
                .map_err(|message| errors::store(&message, self.provider_name.span()))?,
        };
        let pin = self.store_password_secret_id.span().clone();
        let store = Arc::new(Module {
            library: provider.library,
            slot: choice.unwrap_or(provider.slot),
            pin: PasswordSource {
                id: self.store_password_secret_id.into_inner().0,
                secrets: provider_of(self.secrets_provider.as_ref(), b),
            },
            aliases: Arc::new(Aliases::new(self.mappings, b)?),
            keys: OnceCell::new(),
        });
        let first = Arc::clone(&store);
        b.load(async move {
            let problem = first.keys().await.err();
            let complaint = |problem: Problem| {
                let span = match &problem.place {
                    Place::Module => &module,
                    Place::Pin => &pin,
                    Place::Alias(span) => span,
                };
                errors::store(&problem.message, span)
            };
            problem.map(complaint).into_iter().collect()
        });
        Ok(SecretStoreRef::new(Shared(store)))
    }
}

struct Module {
    library: PathBuf,
    slot: SlotChoice,
    pin: PasswordSource,
    aliases: Arc<Aliases>,
    keys: OnceCell<HashMap<SecretId, Vec<CryptoKey>>>,
}

/// What is wrong, and which field has to do with it.
struct Problem {
    place: Place,
    message: String,
}

enum Place {
    Module,
    Pin,
    Alias(Span),
}

impl Module {
    /// The keys of every secret, looked up once.
    async fn keys(&self) -> Result<&HashMap<SecretId, Vec<CryptoKey>>, Problem> {
        self.keys.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<HashMap<SecretId, Vec<CryptoKey>>, Problem> {
        let pin = self.pin.password().await.map_err(|error| Problem {
            place: Place::Pin,
            message: format!(
                "there is no PIN for the module `{}`: {}",
                self.library.display(),
                errors::told(&error)
            ),
        })?;
        let settings = TokenSettings {
            library: self.library.clone(),
            slot: self.slot.clone(),
            pin: Zeroizing::new(pin.bytes().unwrap_or_default().to_vec()),
        };
        let aliases = Arc::clone(&self.aliases);
        let loading = spawn_blocking(move || read(settings, &aliases));
        loading.await.map_err(|panicked| Problem { place: Place::Module, message: panicked.to_string() })?
    }
}

fn read(settings: TokenSettings, aliases: &Aliases) -> Result<HashMap<SecretId, Vec<CryptoKey>>, Problem> {
    let library = settings.library.display().to_string();
    let told = |error: TokenError, alias: Option<&Spanned<String>>| {
        let place = match (&error, alias) {
            (TokenError::Pin(_), _) => Place::Pin,
            (TokenError::Entry(_), Some(alias)) => Place::Alias(alias.span().clone()),
            _ => Place::Module,
        };
        let message = match &error {
            TokenError::Entry(_) | TokenError::TimedOut => format!("the module `{library}`: {error}"),
            TokenError::Module(_) | TokenError::Pin(_) => error.to_string(),
        };
        Problem { place, message }
    };
    let token = Token::open(settings.clone()).map_err(|error| told(error, None))?;
    aliases.read(|alias| {
        let key = token.key(alias).map_err(|error| told(error, Some(alias)))?;
        Ok(key.with_origin(format!("`{}` of {library}", &**alias)))
    })
}

/// The store as others hold it.
struct Shared(Arc<Module>);

impl SecretStore for Shared {
    async fn secrets(&self, id: &SecretId, purpose: Purpose) -> Result<Vec<Secret>, SecretError> {
        if !self.0.aliases.contains(id) {
            return Ok(Vec::new());
        }
        let keys = self.0.keys().await;
        let keys = keys
            .map_err(|problem| SecretError::Malformed { id: id.clone(), reason: problem.message.into() })?;
        purpose.choose(id, keys.get(id).into_iter().flatten().cloned().map(Secret::from).collect())
    }
}

#[cfg(test)]
mod tests;
