//! Credentials that an application has accepted, kept in the user's session.

use exchange::{Context, Fault, HeaderValue, Request};
use expression::Value;
use heap::Builder;

/// Keeps accepted credentials under the name of one filter, apart for each server.
pub(super) struct Cache {
    /// The filter, because another one may log the same user in under another name.
    owner: String,
}

impl Cache {
    pub(super) fn of(b: &Builder<'_>) -> Self {
        Self { owner: format!("HttpBasicAuthFilter {} of {}", b.name(), b.file()) }
    }

    /// What was accepted for this user, or for whoever it was when his name is not known any more.
    pub(super) async fn find(
        &self,
        user: Option<&str>,
        cx: &mut Context,
        request: &Request,
    ) -> Result<Option<HeaderValue>, Fault> {
        let key = self.key(request);
        let Some(session) = cx.session.load(request).await? else { return Ok(None) };
        let Value::List(kept) = session.get(&key) else { return Ok(None) };
        let [Value::String(known), Value::String(credentials)] = kept.as_slice() else { return Ok(None) };
        if user.is_some_and(|user| user != known.as_ref()) {
            return Ok(None);
        }
        let credentials = HeaderValue::from_str(credentials).ok();
        Ok(credentials.map(|mut credentials| {
            credentials.set_sensitive(true);
            credentials
        }))
    }

    pub(super) async fn keep(
        &self,
        user: &str,
        credentials: &HeaderValue,
        cx: &mut Context,
        request: &Request,
    ) -> Result<(), Fault> {
        let credentials = credentials.to_str().map_or(Value::Null, Value::owned_text);
        if let Some(session) = cx.session.load(request).await? {
            // Somebody has logged in. Before anything is written, so that an id that was planted leads to nothing.
            session.renew();
        }
        self.set(Value::list(vec![Value::owned_text(user), credentials]), cx, request).await
    }

    /// Credentials that are not accepted any more.
    pub(super) async fn forget(&self, cx: &mut Context, request: &Request) -> Result<(), Fault> {
        self.set(Value::Null, cx, request).await
    }

    async fn set(&self, value: Value<'static>, cx: &mut Context, request: &Request) -> Result<(), Fault> {
        let key = self.key(request);
        if let Some(session) = cx.session.load(request).await? {
            // A session that has nothing of ours need not be saved for having nothing.
            let is_news = !matches!((session.get(&key), &value), (Value::Null, Value::Null));
            if is_news {
                session.set(&key, value)?;
            }
        }
        Ok(())
    }

    /// Credentials belong to one server: its scheme, host and port.
    fn key(&self, request: &Request) -> String {
        let uri = &request.uri;
        let host = uri.host().to_ascii_lowercase();
        format!("{} at {}://{host}:{}", self.owner, uri.scheme().as_str(), uri.effective_port())
    }
}
