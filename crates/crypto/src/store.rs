//! [`SecretStore`]: where secrets come from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Secret, SecretError, SecretId};

/// What a secret is going to be used for; a store may yield different secrets for one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// To prove who somebody is: a generic secret.
    Password,
    /// To encrypt: the active secret only.
    Encrypt,
    /// To decrypt: any valid secret.
    Decrypt,
    /// To sign, or to prove who we are in a handshake: the active private or symmetric key.
    Sign,
    /// To verify a signature, or who somebody else is: any valid key or certificate.
    Verify,
}

impl Purpose {
    /// The secrets that can serve the purpose.
    ///
    /// # Errors
    /// When there are secrets and none of them can.
    pub fn choose(self, id: &SecretId, mut secrets: Vec<Secret>) -> Result<Vec<Secret>, SecretError> {
        let is_known = !secrets.is_empty();
        secrets.retain(|secret| secret.is_for(self));
        if is_known && secrets.is_empty() {
            let reason = match self {
                Self::Password => "a password is needed, and it is a key or certificate",
                Self::Encrypt => "no key of it may encrypt",
                Self::Decrypt => "no key of it can decrypt: a private or symmetric key is needed",
                Self::Sign => "no key of it can sign: a private or symmetric key is needed",
                Self::Verify => "no key of it may verify signatures",
            };
            return Err(SecretError::Malformed { id: id.clone(), reason: reason.into() });
        }
        Ok(secrets)
    }
}

/// Where secrets come from.
pub trait SecretStore: Send + Sync + 'static {
    /// The valid secrets for `id`, the active one first; none when the store does not know it.
    fn secrets(
        &self,
        id: &SecretId,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Vec<Secret>, SecretError>> + Send;

    /// The valid secrets for `id` that a token names: those with this `stable_id`. There is no fall-back: when
    /// none has it, what the token asks for is not there.
    fn named(
        &self,
        id: &SecretId,
        stable_id: &str,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Vec<Secret>, SecretError>> + Send {
        async move {
            let mut secrets = self.secrets(id, purpose).await?;
            secrets.retain(|secret| secret.stable_id() == Some(stable_id));
            Ok(secrets)
        }
    }
}

type Secrets<'a> = Pin<Box<dyn Future<Output = Result<Vec<Secret>, SecretError>> + Send + 'a>>;

/// A shared store of any type.
#[derive(Clone)]
pub struct SecretStoreRef(Arc<dyn DynSecretStore>);

impl SecretStoreRef {
    /// Erases the type of a store.
    pub fn new(store: impl SecretStore) -> Self {
        Self(Arc::new(store))
    }

    /// The valid secrets for `id`, the active one first; none when the store does not know it.
    ///
    /// # Errors
    /// Whatever keeps the store from telling.
    pub async fn secrets(&self, id: &SecretId, purpose: Purpose) -> Result<Vec<Secret>, SecretError> {
        self.0.secrets(id, purpose).await
    }

    /// The valid secrets for `id` with this stable id, such as the `kid` of a token; none when no store has it.
    ///
    /// # Errors
    /// Whatever keeps the store from telling.
    pub async fn named(
        &self,
        id: &SecretId,
        stable_id: &str,
        purpose: Purpose,
    ) -> Result<Vec<Secret>, SecretError> {
        self.0.named(id, stable_id, purpose).await
    }

    /// The active secret for `id`.
    ///
    /// # Errors
    /// [`SecretError::NotFound`], and whatever keeps the store from telling.
    pub async fn active(&self, id: &SecretId, purpose: Purpose) -> Result<Secret, SecretError> {
        let secrets = self.secrets(id, purpose).await?;
        secrets.into_iter().next().ok_or_else(|| SecretError::NotFound(id.clone()))
    }
}

impl fmt::Debug for SecretStoreRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretStoreRef")
    }
}

/// [`SecretStore`] with its future boxed.
trait DynSecretStore: Send + Sync {
    fn secrets<'a>(&'a self, id: &'a SecretId, purpose: Purpose) -> Secrets<'a>;
    fn named<'a>(&'a self, id: &'a SecretId, stable_id: &'a str, purpose: Purpose) -> Secrets<'a>;
}

impl<S: SecretStore> DynSecretStore for S {
    fn secrets<'a>(&'a self, id: &'a SecretId, purpose: Purpose) -> Secrets<'a> {
        Box::pin(SecretStore::secrets(self, id, purpose))
    }

    fn named<'a>(&'a self, id: &'a SecretId, stable_id: &'a str, purpose: Purpose) -> Secrets<'a> {
        Box::pin(SecretStore::named(self, id, stable_id, purpose))
    }
}
