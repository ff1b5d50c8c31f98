//! The cookie by which a browser names its session: its configuration, and how it is read and written.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use exchange::{HeaderValue, Response, SessionCookies, header};
use heap::{Builder, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::errors;
use crate::filters::cookies;

/// Browsers keep a cookie up to this size, from its name to the end of its last attribute.
pub(crate) const COOKIE_BYTES_MAX: usize = 4096;

/// Cookies of the session's name that are tried per request; a browser sends a few at most.
const TRIED_MAX: usize = 8;

/// The cookie that names a session.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionCookieConfig {
    /// The name; the page of each session manager says what it is by default.
    pub(crate) name: Option<Spanned<String>>,
    /// The domain the browser sends it to. By default only the host that set it.
    pub(crate) domain: Option<Spanned<String>>,
    /// Whether scripts in the page are kept from reading it: true by default.
    pub(crate) http_only: Option<bool>,
    /// The path below which the browser sends it: `/` by default.
    pub(crate) path: Option<Spanned<String>>,
    /// Whether it goes with requests that other sites cause. `NONE` needs `secure`, or browsers drop it.
    /// `LAX` by default.
    pub(crate) same_site: Option<Spanned<SameSite>>,
    /// Whether the browser sends it over TLS only: false by default, true is better wherever there is TLS.
    pub(crate) secure: Option<bool>,
}

/// When a cookie goes with requests that other sites cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SameSite {
    /// Never.
    Strict,
    /// When the person follows a link.
    Lax,
    /// Always.
    None,
}

/// A checked [`SessionCookieConfig`].
#[derive(Debug, Clone)]
pub(crate) struct SessionCookie {
    name: String,
    /// `; Path=/` and so on, as sent behind the value.
    attributes: String,
    /// What a browser tells cookies apart by.
    identity: String,
}

impl SessionCookieConfig {
    /// Checks the parts that end up in a header field, with `default_name` for the name.
    ///
    /// # Errors
    /// A name that is no token, or a domain or path with characters that a cookie's attribute may not have.
    pub(crate) fn checked(
        self,
        default_name: &str,
        b: &mut Builder<'_>,
    ) -> Result<SessionCookie, Diagnostic> {
        let is_token = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte))
        };
        let is_attribute =
            |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b';');
        if let Some(name) = self.name.as_ref().filter(|name| !is_token(name)) {
            return Err(b.error(
                "the name of a cookie is made of letters, digits and `!#$%&'*+-.^_`|~`",
                Some(name.span()),
            ));
        }
        let unusable = [&self.domain, &self.path].into_iter().flatten().find(|part| !is_attribute(part));
        if let Some(part) = unusable {
            return Err(b.error("a cookie's domain and path are plain ASCII without `;`", Some(part.span())));
        }
        if let Some(everywhere) = self.same_site.as_ref().filter(|same_site| ***same_site == SameSite::None)
            && !self.secure.unwrap_or(false)
        {
            let warning = errors::insecure_everywhere(everywhere.span());
            b.load(async move { vec![warning] });
        }
        let name = self.name.map_or_else(|| default_name.to_owned(), Spanned::into_inner);
        let path = self.path.map_or_else(|| "/".to_owned(), Spanned::into_inner);
        let domain = self.domain.map(Spanned::into_inner).unwrap_or_default();
        let mut attributes = format!("; Path={path}");
        if !domain.is_empty() {
            let _ = write!(attributes, "; Domain={domain}");
        }
        if self.secure.unwrap_or(false) {
            attributes.push_str("; Secure");
        }
        if self.http_only.unwrap_or(true) {
            attributes.push_str("; HttpOnly");
        }
        attributes.push_str(match self.same_site.map_or(SameSite::Lax, Spanned::into_inner) {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        let identity = format!("{name};{domain};{path}");
        Ok(SessionCookie { name, attributes, identity })
    }
}

impl SessionCookie {
    /// A cookie with the default attributes.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn plain(name: &str) -> Self {
        let (name, attributes) = (name.to_owned(), "; Path=/; HttpOnly; SameSite=Lax".to_owned());
        Self { identity: format!("{name};;/"), name, attributes }
    }

    /// Name, domain and path as one text: what tells this cookie from others in the same browser.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// The values under this name, at most 8. Several occur when cookies of other paths or domains share the name.
    pub(crate) fn values<'r>(&'r self, cookies: &'r SessionCookies) -> impl Iterator<Item = &'r str> {
        let pairs = cookies::sent_in(cookies.fields()).filter(|pair| pair.name == self.name.as_bytes());
        pairs.filter_map(|pair| std::str::from_utf8(pair.value).ok()).take(TRIED_MAX)
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tells the browser to keep `value` until it is closed. The value must be made of cookie characters.
    pub(crate) fn set(&self, value: &str, response: &mut Response) {
        self.write("", value, "", response);
    }

    /// The same for so long.
    pub(crate) fn set_for(&self, value: &str, age: Duration, response: &mut Response) {
        self.write("", value, &format!("; Max-Age={}", age.as_secs().max(1)), response);
    }

    /// Tells the browser to forget the cookie.
    pub(crate) fn expire(&self, response: &mut Response) {
        self.write("", "", FORGOTTEN, response);
    }

    /// Sets the cookie whose name has this `suffix`, with the attributes of all and those that say how long it is
    /// kept: nothing, [`lifetime`] or [`FORGOTTEN`].
    pub(crate) fn write(&self, suffix: &str, value: &str, kept: &str, response: &mut Response) {
        let text = format!("{}{suffix}={value}{}{kept}", self.name, self.attributes);
        match HeaderValue::try_from(text) {
            Ok(field) => {
                response.headers.append(header::SET_COOKIE, field);
            }
            // Every part was checked at load; without the cookie the session is merely not found again.
            Err(_) => tracing::error!(cookie = self.name, "The session cookie could not be written."),
        }
    }

    /// How long a value may be that is written in this way.
    pub(crate) fn value_bytes_max(&self, suffix: &str, kept: &str) -> usize {
        let beside = self.name.len() + suffix.len() + 1 + self.attributes.len() + kept.len();
        COOKIE_BYTES_MAX.saturating_sub(beside)
    }
}

/// What lets a browser forget a cookie.
pub(crate) const FORGOTTEN: &str = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";

/// What lets a browser keep a cookie for so long from now, even when it is closed meanwhile.
pub(crate) fn lifetime(age: Duration) -> String {
    let age_seconds = age.as_secs().max(1);
    let end = SystemTime::now().checked_add(Duration::from_secs(age_seconds));
    // No session lasts so long that its end could not be told.
    let end = end.unwrap_or(SystemTime::UNIX_EPOCH);
    format!("; Max-Age={age_seconds}; Expires={}", httpdate::fmt_http_date(end))
}
