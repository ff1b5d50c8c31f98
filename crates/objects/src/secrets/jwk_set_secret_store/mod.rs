//! `JwkSetSecretStore`: keys that somebody else publishes.

mod fetch;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::{CryptoKey, Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef};
use exchange::{HandlerRef, Uri};
use heap::{Builder, Declarer, ObjectConfig, Ref, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node};
use tokio::time::Instant;

use fetch::Fetch;

/// What fetches a set unless the configuration says otherwise.
const CLIENT_HANDLER: &str = "ClientHandler";

/// How long a set is used, and how long a key that was not in it is not looked for again.
const CACHE_TIMEOUT: Duration = Duration::from_mins(2);

/// Whatever a configuration says, a set is not fetched more often than this: a token can name any key.
const FETCH_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// After a failure, the next attempt is not made earlier.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// A set that cannot be fetched again is used no longer than this: its keys may have been withdrawn.
const OUTAGE_MAX: Duration = Duration::from_hours(1);

/// Reads keys from a JSON Web Key Set (RFC 7517) that an identity provider publishes.
///
/// The id of a secret does not matter: the set is all there is, and a token names its key by `kid`. A key that is not in
/// the set as it was fetched last is looked for once more, because providers add keys at any time, but not more often
/// than `cacheMissCacheTime` says. A key is used for nothing that its `use`, `key_ops` or `alg` does not allow, and keys
/// that are not understood are left out.
///
/// When the provider does not answer, the set that was fetched last stays in use for an hour, and the log says so. A set
/// is at most 1 MiB long and has at most 1000 keys; it has to come with the status 200 and within 10 seconds.
///
/// ```json
/// {
///   "name": "ProviderKeys",
///   "type": "JwkSetSecretStore",
///   "config": { "jwkUrl": "https://provider.example.com/oauth2/jwk_uri", "cacheTimeout": "10 minutes" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JwkSetSecretStore {
    /// Where the set is.
    jwk_url: Spanned<String>,
    /// What fetches it: `ClientHandler` by default.
    handler: Option<Ref<HandlerRef>>,
    /// How long a set is used until it is fetched again: 2 minutes by default, at least a second.
    cache_timeout: Option<TimeSpan>,
    /// How long a key that is not in the set is not looked for again: 2 minutes by default, at least a second.
    cache_miss_cache_time: Option<TimeSpan>,
    /// Accepted. Keys are as good as the set they are in.
    #[expect(dead_code, reason = "accepted")]
    lease_expiry: Option<TimeSpan>,
}

impl ObjectConfig for JwkSetSecretStore {
    const TYPE: &'static str = "JwkSetSecretStore";
    type Object = SecretStoreRef;

    fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        if self.handler.is_none() {
            declarer.refer_to::<HandlerRef>(CLIENT_HANDLER, config);
        }
    }

    fn build(self, b: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        let url = self.jwk_url.parse::<Uri>().ok().filter(|url| !url.host().is_empty());
        let Some(url) = url else {
            let message = format!("`{}` is not the URL of a set of keys, http or https", &*self.jwk_url);
            return Err(b.error(message, Some(self.jwk_url.span())));
        };
        let handler = match &self.handler {
            Some(handler) => Some(b.get(handler)),
            None => b.named(CLIENT_HANDLER),
        };
        let handler =
            handler.ok_or_else(|| b.error("there is no `ClientHandler` to fetch the set with", None))?;
        let at_least = |span: Option<TimeSpan>| {
            let span = span.map_or(Some(CACHE_TIMEOUT), TimeSpan::limit);
            span.map(|span| span.max(FETCH_INTERVAL_MIN))
        };
        Ok(SecretStoreRef::new(JwkSet {
            fetch: Fetch { url, handler },
            cache_timeout: at_least(self.cache_timeout),
            miss_timeout: at_least(self.cache_miss_cache_time),
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }))
    }
}

struct JwkSet {
    fetch: Fetch,
    /// For ever when `None`.
    cache_timeout: Option<Duration>,
    miss_timeout: Option<Duration>,
    known: Mutex<Known>,
    /// Held while the set is fetched, so that requests that come together fetch it once.
    fetching: tokio::sync::Mutex<()>,
}

/// What is known of the set.
#[derive(Default)]
struct Known {
    fetched: Option<(Instant, Keys)>,
    /// When fetching failed since then, and why.
    failed: Option<(Instant, String)>,
}

type Keys = Arc<[CryptoKey]>;

impl JwkSet {
    /// The set; one that is older than `age_max` is fetched again first.
    async fn keys(&self, id: &SecretId, age_max: Option<Duration>) -> Result<Keys, SecretError> {
        let unreadable = |reason: String| SecretError::Unreadable { id: id.clone(), cause: reason.into() };
        if let Some(known) = self.known(age_max) {
            return known.map_err(unreadable);
        }
        let _fetching = self.fetching.lock().await;
        // Somebody else may have fetched it while this request waited.
        if let Some(known) = self.known(age_max) {
            return known.map_err(unreadable);
        }
        let outcome = self.fetch.keys().await;
        self.take_over(outcome).map_err(unreadable)
    }

    /// What has been found out, unless it is time to look again.
    fn known(&self, age_max: Option<Duration>) -> Option<Result<Keys, String>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((failed, reason)) = &known.failed
            && failed.elapsed() < RETRY_INTERVAL
        {
            return Some(known.good().ok_or_else(|| reason.clone()));
        }
        let (fetched, keys) = known.fetched.as_ref()?;
        let is_good = age_max.is_none_or(|age_max| fetched.elapsed() < age_max);
        (is_good && known.failed.is_none()).then(|| Ok(Arc::clone(keys)))
    }

    fn take_over(&self, outcome: Result<Keys, String>) -> Result<Keys, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(keys) => {
                if known.failed.is_some() && known.fetched.is_some() {
                    tracing::info!(url = %self.fetch.url, "A set of keys can be fetched again.");
                }
                *known = Known { fetched: Some((Instant::now(), Arc::clone(&keys))), failed: None };
                Ok(keys)
            }
            Err(reason) => {
                let good = known.good();
                if good.is_some() && known.failed.is_none() {
                    tracing::warn!(
                        url = %self.fetch.url,
                        error = reason,
                        "A set of keys cannot be fetched again; the one before stays in use for an hour."
                    );
                }
                known.failed = Some((Instant::now(), reason.clone()));
                good.ok_or(reason)
            }
        }
    }
}

impl Known {
    /// What was fetched last, unless that is too long ago.
    fn good(&self) -> Option<Keys> {
        let (fetched, keys) = self.fetched.as_ref()?;
        (fetched.elapsed() < OUTAGE_MAX).then(|| Arc::clone(keys))
    }
}

impl SecretStore for JwkSet {
    async fn secrets(&self, id: &SecretId, purpose: Purpose) -> Result<Vec<Secret>, SecretError> {
        let keys = self.keys(id, self.cache_timeout).await?;
        purpose.choose(id, keys.iter().cloned().map(Secret::from).collect())
    }

    async fn named(
        &self,
        id: &SecretId,
        stable_id: &str,
        purpose: Purpose,
    ) -> Result<Vec<Secret>, SecretError> {
        let named = |keys: &[CryptoKey]| -> Vec<Secret> {
            let named = keys.iter().filter(|key| key.stable_id() == Some(stable_id));
            named.cloned().map(Secret::from).collect()
        };
        let mut found = named(&self.keys(id, self.cache_timeout).await?);
        if found.is_empty() {
            found = named(&self.keys(id, self.miss_timeout).await?);
        }
        found.retain(|secret| secret.is_for(purpose));
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
