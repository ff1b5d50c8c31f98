//! [`Store`]: the shared store as requests ask it.

use std::time::Duration;

use exchange::Fault;

use super::super::shared_store::{Noticed, SharedStore, SharedStoreRef, StoreError};

/// Stores have shorter limits of their own; this one holds whatever a store does.
const PATIENCE: Duration = Duration::from_secs(10);

/// When clients are asked to come back: by then a replica has usually been promoted.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A store that answers in time or fails, and whose failure is told once until it answers again.
pub(super) struct Store {
    store: SharedStoreRef,
    /// The name of the manager, for the log.
    object: String,
}

impl Store {
    pub(super) fn new(store: SharedStoreRef, object: &str) -> Self {
        Self { store, object: object.to_owned() }
    }

    /// Asks the store.
    ///
    /// # Errors
    /// 503 with `Retry-After` when it fails or is silent; 500 when it refuses.
    pub(super) async fn ask<'a, T>(
        &'a self,
        question: impl FnOnce(&'a dyn SharedStore) -> exchange::BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, Fault> {
        let outcome = tokio::time::timeout(PATIENCE, question(&*self.store.0)).await;
        let error = match outcome {
            Ok(Ok(answer)) => {
                if self.store.0.outage().ends(Noticed::InUse) {
                    tracing::info!(object = self.object, "The store of sessions answers again.");
                }
                return Ok(answer);
            }
            // It works, for others.
            Ok(Err(refused @ StoreError::Refused(_))) => return Err(refused.into()),
            Ok(Err(error)) => error,
            Err(_) => StoreError::Unavailable(format!("it was silent for {} s", PATIENCE.as_secs())),
        };
        if self.store.0.outage().begins(Noticed::InUse) {
            tracing::error!(
                object = self.object,
                %error,
                "The store of sessions does not answer; requests that need their session are answered 503."
            );
        }
        Err(Fault::from(error).retry_after(RETRY_AFTER).told())
    }
}
