//! `DataPreservationFilter`: keeps what a person has typed into a form when the session has ended meanwhile.
//!
//! What is kept is posted again by a page of this host, with all the rights of whoever has logged in. So only
//! what a page of this host has posted is kept; from anywhere else it could be an attack that waits for a login.

mod preserved;
#[cfg(test)]
mod tests;

use std::time::Duration;

use exchange::{Context, Fault, Filter, FilterRef, Method, Next, Outcome, Request, Response};
use heap::{Builder, ObjectConfig, PositiveDuration, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::navigation::{
    form_fields, is_form, is_from_own_page, is_navigation, leads_here, read_up_to, temporary_redirect,
};
use super::origin::client_uri;
use super::pages::{Page, escape};
use preserved::{Preserved, Shelf};

/// Where entities wait in the session. Filters of one session share it.
const SHELF: &str = "dataPreservation";

const DEFAULT_LENGTH_BYTES: u32 = 4096;
/// A session holds four entities, and there may be a million sessions.
const LENGTH_BYTES_MAX: u32 = 1024 * 1024;
const DEFAULT_LIFETIME: Duration = Duration::from_mins(5);
const DEFAULT_MESSAGE: &str =
    "Press the button to send the form that you have filled in before you logged in.";

/// Not `form.submit()`, which a field of that name would hide.
const SCRIPT: &str = "HTMLFormElement.prototype.submit.call(document.getElementById(\"preserved\"));";

/// Keeps the entity of a `POST` in the session when the answer is a redirect, as it is to a login page, and
/// sends it again after the login.
///
/// When the browser comes back to the same path and query with a `GET`, the answer is a page with the form,
/// which submits itself. An entity that has been sent on to an application is not kept, since the redirect is
/// then the application's own. Neither is one that cannot be sent again by a form as it was, or should not be:
///
/// - a longer one than `maxContentLength`, whether its length is announced or not;
/// - any other type than `application/x-www-form-urlencoded`: files, JSON;
/// - text that is not UTF-8, and fields without a name;
/// - the request of a script;
/// - what a page of another site has posted, or nobody knows which (no `Origin`): it could be a forgery that
///   waits until the person has logged in.
///
/// The redirect then goes its way, and the log says why nothing was kept. Four entities at most are kept for a
/// session at a time, each for one use.
///
/// ```json
/// {
///   "type": "DataPreservationFilter",
///   "config": {
///     "maxContentLength": 8192,
///     "lifetime": "10 minutes",
///     "noJavaScriptMessage": "You are logged in. Press the button to send your order."
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataPreservationFilter {
    /// What people see whose browser runs no JavaScript, beside a button that sends the form.
    no_java_script_message: Option<String>,
    /// The length of the longest entity that is kept, in bytes: 4096 by default, 1048576 at most.
    max_content_length: Option<Spanned<u32>>,
    /// How long an entity is kept: 5 minutes by default.
    lifetime: Option<PositiveDuration>,
}

impl ObjectConfig for DataPreservationFilter {
    const TYPE: &'static str = "DataPreservationFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        if let Some(length) = self.max_content_length.as_ref().filter(|length| ***length > LENGTH_BYTES_MAX) {
            let message =
                format!("maxContentLength is at most {LENGTH_BYTES_MAX} bytes: sessions are no file store");
            return Err(b.error(message, Some(length.span())));
        }
        let lifetime = self.lifetime.map_or(DEFAULT_LIFETIME, |lifetime| lifetime.0);
        Ok(FilterRef::new(Preserve {
            message: self.no_java_script_message.unwrap_or_else(|| DEFAULT_MESSAGE.to_owned()),
            length_bytes_max: self.max_content_length.map_or(DEFAULT_LENGTH_BYTES, Spanned::into_inner),
            lifetime_ms: i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX),
            // Without `form-action`: browsers apply it to the redirect of the application that follows, too.
            page: Page::new("Continue", SCRIPT, &[]),
        }))
    }
}

struct Preserve {
    message: String,
    length_bytes_max: u32,
    lifetime_ms: i64,
    page: Page,
}

impl Filter for Preserve {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let target = client_uri(cx, request).path_and_query().as_str().to_owned();
        if request.method == Method::GET
            && is_navigation(&request.headers)
            && let Some(form) = take(cx, request, &target).await?
        {
            return Ok(self.form(&form));
        }
        if request.method != Method::POST {
            return Ok(next.run(cx, request).await);
        }
        let refusal = refusal(cx, request, &target);
        let response = next.run(cx, request).await;
        // What is gone has been sent on.
        if temporary_redirect(&response).is_some() && !request.body.is_empty() {
            let refusal = match refusal {
                Some(refusal) => Some(refusal),
                None => self.preserve(cx, request, target).await?,
            };
            if let Some(reason) = refusal {
                tracing::info!(transaction = %cx.transaction(), "The data of a form is not preserved: {reason}.");
            }
        }
        Ok(response)
    }
}

/// Why the entity must not be kept, as far as the head of the request tells.
fn refusal(cx: &Context, request: &Request, target: &str) -> Option<&'static str> {
    if !is_navigation(&request.headers) || !leads_here(target) {
        Some("it was not sent by a form")
    } else if !is_form(&request.headers) {
        Some("a form can send fields of text only")
    } else if !is_from_own_page(cx, request) {
        Some("it does not come from a page of this host")
    } else {
        None
    }
}

/// Takes what is kept for a path and query out of the session.
async fn take(cx: &mut Context, request: &Request, target: &str) -> Result<Option<Preserved>, Fault> {
    let now_millis = cx.now_millis();
    let Some(session) = cx.session.load(request).await? else { return Ok(None) };
    let mut found = None;
    session.update(SHELF, |before| {
        let mut shelf = Shelf::read(before, now_millis);
        found = shelf.take(target);
        found.is_some().then(|| shelf.write())
    })?;
    Ok(found)
}

impl Preserve {
    /// Puts the entity into the session; the reason why not, if it is not.
    async fn preserve(
        &self,
        cx: &mut Context,
        request: &mut Request,
        target: String,
    ) -> Result<Option<&'static str>, Fault> {
        let now_millis = cx.now_millis();
        let entity = match read_up_to(u64::from(self.length_bytes_max), &mut request.body).await {
            Ok(Some(entity)) => entity,
            Ok(None) => return Ok(Some("it is longer than maxContentLength")),
            Err(error) => {
                return Err(Fault::bad_request("The data of a form is not complete.").because(error));
            }
        };
        // A browser drops fields without a name, and no page can hold the character of code 0.
        let is_usable = |text: &str| !text.contains('\0');
        let is_whole = form_fields(&entity).is_some_and(|fields| {
            fields.iter().all(|(name, value)| !name.is_empty() && is_usable(name) && is_usable(value))
        });
        let Some(entity) = String::from_utf8(entity.to_vec()).ok().filter(|_| is_whole) else {
            return Ok(Some("it is not text in UTF-8, or not as forms send it"));
        };
        let Some(session) = cx.session.load(request).await? else {
            return Ok(Some("there is no session to keep it in"));
        };
        let expires = now_millis.saturating_add(self.lifetime_ms);
        session.update(SHELF, |before| {
            let mut shelf = Shelf::read(before, now_millis);
            shelf.put(Preserved { target, entity, expires });
            Some(shelf.write())
        })?;
        Ok(None)
    }

    /// The page that sends the entity again.
    fn form(&self, preserved: &Preserved) -> Response {
        let fields = form_fields(preserved.entity.as_bytes()).unwrap_or_default();
        let fields: String = fields
            .iter()
            .map(|(name, value)| {
                format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value))
            })
            .collect();
        self.page.response(&format!(
            "<form id=\"preserved\" method=\"post\" action=\"{}\" accept-charset=\"utf-8\">\n{fields}\
             <noscript><p>{}</p><button>Continue</button></noscript>\n</form>\n",
            escape(&preserved.target),
            escape(&self.message),
        ))
    }
}
