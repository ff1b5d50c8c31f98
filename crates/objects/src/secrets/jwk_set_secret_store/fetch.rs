//! Fetches a set of keys, with limits on time and size.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crypto::{CryptoKey, jwk};
use exchange::{
    ClientInfo, Context, HandlerRef, HeaderValue, Method, Request, Response, StatusCode, StorageLimits,
    TemporaryStorage, Uri,
};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::super::errors;

/// A provider that is slower is as good as down: requests wait for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// How a set is fetched.
pub(super) struct Fetch {
    pub(super) url: Uri,
    pub(super) handler: HandlerRef,
}

impl Fetch {
    /// The keys of the set as it is now.
    pub(super) async fn keys(&self) -> Result<Arc<[CryptoKey]>, String> {
        let told = |reason: String| format!("the set of keys at {} {reason}", self.url);
        let fetched = timeout(FETCH_TIMEOUT, self.fetch()).await;
        let text = fetched.map_err(|_| told("did not come in time".to_owned()))?.map_err(told)?;
        let parsed = spawn_blocking(move || jwk::parse_set(&text)).await;
        let set = parsed.map_err(|error| told(format!("cannot be read: {error}")))?;
        let set = set.map_err(|error| told(format!("cannot be read: {error}")))?;
        if !set.left_out.is_empty() {
            let reasons = set.left_out.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join("; ");
            tracing::debug!(url = %self.url, count = set.left_out.len(), reasons, "Keys of a set are left out.");
        }
        Ok(set.keys.into())
    }

    async fn fetch(&self) -> Result<bytes::Bytes, String> {
        let nobody = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let mut cx = Context::new(Arc::new(ClientInfo::direct(nobody, nobody)));
        cx.storage = TemporaryStorage::new(StorageLimits {
            memory_bytes_max: jwk::SET_BYTES_MAX as u64,
            file_bytes_max: 0,
            ..StorageLimits::default()
        });
        let mut request = Request::new(Method::GET, self.url.clone());
        let accept = HeaderValue::from_static("application/jwk-set+json, application/json");
        request.headers.insert(exchange::header::ACCEPT, accept);
        let mut response = self.handler.handle(&mut cx, &mut request).await;
        if response.status != StatusCode::OK {
            return Err(refused(&response));
        }
        response.body.buffer(&cx.storage).await.map_err(|error| format!("cannot be read: {error}"))?;
        Ok(response.body.bytes().unwrap_or_default())
    }
}

/// What came instead of a set. The gateway's own answers have a better reason than their status.
fn refused(response: &Response) -> String {
    match &response.cause {
        Some(fault) => format!("cannot be fetched: {}", errors::told(&**fault)),
        None => format!("came with the status {}", response.status.as_u16()),
    }
}
