//! [`SecretError`]: why there is no secret to use. Never holds any of it.

use std::borrow::Cow;
use std::error::Error;

use crate::SecretId;

/// Why there is no secret to use.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No store knows it.
    #[error("no store has the secret `{0}`")]
    NotFound(SecretId),
    /// It is there and cannot be read.
    #[error("the secret `{id}` cannot be read")]
    Unreadable {
        /// Which secret.
        id: SecretId,
        /// What the store met.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// It is there and is not what it should be.
    #[error("the secret `{id}` cannot be used: {reason}")]
    Malformed {
        /// Which secret.
        id: SecretId,
        /// What is wrong with it, without a part of it.
        reason: Cow<'static, str>,
    },
}
