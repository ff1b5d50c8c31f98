//! `CookieFilter`: keeps cookies of the application in the session, out of the browser's reach.

mod jar;
#[cfg(test)]
mod tests;

use exchange::{
    Context, Fault, Filter, FilterRef, HeaderValue, Headers, Next, Outcome, Request, Session, header,
};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::cookies;
use jar::{Jar, Site};

/// Where the jar stands in the session. Filters of one session share it.
const JAR: &str = "cookieJar";

/// Decides for each cookie whether the gateway keeps it, drops it, or lets it pass.
///
/// A *managed* cookie that the application sets is kept in the session and sent with later requests, as a
/// browser would do it: domain, path, `Secure`, `Max-Age` and `Expires` count (RFC 6265). The browser never
/// sees it, and what a browser sends under its name is dropped. A *suppressed* cookie is dropped in both
/// directions, a *relayed* one passes in both. The case of names does not matter. A name in several lists
/// counts for the first of `managed`, `suppressed` and `relayed`.
///
/// The cookies are kept under `session.cookieJar` as plain values, so that any kind of session can hold them:
/// at most 100 and 32 KiB of them, each of at most 4096 bytes. When there are more, those that were set the
/// longest time ago go.
///
/// A cookie with `Secure` is sent when the client's request came over TLS. `Domain` may name the host of the
/// request as it passes this filter, or the one it is sent to in the end.
///
/// ```json
/// {
///   "type": "CookieFilter",
///   "config": {
///     "suppressed": ["tracking"],
///     "relayed": ["language", "theme"],
///     "defaultAction": "MANAGE"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CookieFilter {
    /// Names of cookies that the gateway keeps.
    #[serde(default)]
    managed: Vec<String>,
    /// Names of cookies that are dropped.
    #[serde(default)]
    suppressed: Vec<String>,
    /// Names of cookies that pass.
    #[serde(default)]
    relayed: Vec<String>,
    /// What happens to all others.
    #[serde(default)]
    default_action: Action,
}

/// What happens to a cookie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Action {
    /// The gateway keeps it.
    #[default]
    Manage,
    /// It is dropped.
    Suppress,
    /// It passes.
    Relay,
}

impl ObjectConfig for CookieFilter {
    const TYPE: &'static str = "CookieFilter";
    type Object = FilterRef;

    fn build(self, _: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::new(self))
    }
}

impl Filter for CookieFilter {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        // Loaded before cookies are dropped, of which its own may be one.
        let session = match self.manages_any() {
            true => Some(session(cx, request).await?),
            false => None,
        };
        let mut site = Site::of(&request.uri, cx.client.is_secure);
        let now_seconds = cx.now_millis() / 1000;
        let jar = session.as_ref().map(|session| Jar::read(&session.get(JAR))).unwrap_or_default();
        self.fill(&mut request.headers, &jar, &site, now_seconds);
        let mut response = next.run(cx, request).await;
        site.also(request.uri.host());
        self.empty(&mut response.headers, session.as_ref(), &site, now_seconds);
        Ok(response)
    }
}

async fn session(cx: &mut Context, request: &Request) -> Result<Session, Fault> {
    let session = cx.session.load(request).await?.cloned();
    session.ok_or_else(|| Fault::internal("There is no session to keep cookies in."))
}

impl CookieFilter {
    fn manages_any(&self) -> bool {
        self.default_action == Action::Manage || !self.managed.is_empty()
    }

    fn action(&self, name: &[u8]) -> Action {
        let holds = |list: &[String]| list.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(name));
        if holds(&self.managed) {
            Action::Manage
        } else if holds(&self.suppressed) {
            Action::Suppress
        } else if holds(&self.relayed) {
            Action::Relay
        } else {
            self.default_action
        }
    }

    /// Makes the field `Cookie` of what is relayed and what the jar has for this request.
    fn fill(&self, headers: &mut Headers, jar: &Jar, site: &Site, now_seconds: i64) {
        let mut text: Vec<u8> = Vec::new();
        let mut add = |pair: &[u8]| {
            if !text.is_empty() {
                text.extend_from_slice(b"; ");
            }
            text.extend_from_slice(pair);
        };
        let relayed = cookies::sent(headers).filter(|pair| self.action(pair.name) == Action::Relay);
        relayed.for_each(|pair| add(pair.text));
        jar.cookies_for(site, now_seconds).for_each(|pair| add(pair.as_bytes()));
        headers.remove(header::COOKIE);
        if text.is_empty() {
            return;
        }
        match HeaderValue::try_from(text) {
            Ok(field) => {
                headers.insert(header::COOKIE, field);
            }
            // What stands in a jar was a header value once.
            Err(_) => tracing::warn!("The cookies of a session do not fit into a header field."),
        }
    }

    /// Takes out of a response what does not pass, and keeps what is managed.
    fn empty(&self, headers: &mut Headers, session: Option<&Session>, site: &Site, now_seconds: i64) {
        let (mut passing, mut managed) = (Vec::new(), Vec::new());
        for field in headers.get_all(header::SET_COOKIE) {
            match self.action(cookies::set(field.as_bytes()).0.name) {
                Action::Relay => passing.push(field.clone()),
                Action::Suppress => {}
                Action::Manage => managed.push(field.clone()),
            }
        }
        headers.replace_all(&header::SET_COOKIE, passing);
        if let Some(session) = session.filter(|_| !managed.is_empty()) {
            let kept = session.update(JAR, |before| {
                let mut jar = Jar::read(before);
                let mut is_changed = false;
                for field in &managed {
                    is_changed |= jar.put(field.as_bytes(), site, now_seconds);
                }
                is_changed.then(|| jar.write())
            });
            if let Err(error) = kept {
                tracing::error!(%error, "Cookies of an application are lost.");
            }
        }
    }
}
