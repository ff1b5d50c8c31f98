//! What is hidden in captured messages: by name, wherever a name occurs.

use std::borrow::Cow;
use std::collections::HashSet;

use exchange::{HeaderName, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::MasksConfig;

/// JSON deeper than this is hidden rather than searched.
const DEPTH_MAX: usize = 128;

/// Parts of names that tell a secret, written without separators and in lower case.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "privatekey",
    "assertion",
    "authorization",
    "cookie",
    "samlresponse",
    "sessionid",
    "jwt",
];
/// Whole names of parameters that tell a secret.
const SECRET_PARAMETERS: &[&str] = &["code", "pass", "pin", "otp", "ticket", "samlrequest"];

/// What to hide, and what to show instead.
pub(super) struct Masks {
    headers: HashSet<HeaderName>,
    attributes: HashSet<String>,
    mask: String,
    defaults: bool,
}

impl Masks {
    pub(super) fn new(config: MasksConfig) -> Self {
        Self {
            headers: config.headers.into_iter().map(|name| name.0).collect(),
            attributes: config.attributes.into_iter().collect(),
            mask: config.mask,
            defaults: config.defaults,
        }
    }

    /// A header value as it may be shown.
    pub(super) fn header<'v>(&'v self, name: &HeaderName, value: &'v str) -> Cow<'v, str> {
        let is_default = || {
            matches!(
                *name,
                header::AUTHORIZATION | header::PROXY_AUTHORIZATION | header::COOKIE | header::SET_COOKIE
            ) || name.as_str().starts_with("x-openam-")
                || is_secret(name.as_str())
        };
        if self.headers.contains(name) || (self.defaults && is_default()) {
            return Cow::Borrowed(&self.mask);
        }
        match *name {
            header::LOCATION | header::CONTENT_LOCATION | header::REFERER => self.uri(value),
            _ => Cow::Borrowed(value),
        }
    }

    /// A URI with the values of telling parameters hidden, in query and fragment, and its user information.
    pub(super) fn uri<'v>(&self, uri: &'v str) -> Cow<'v, str> {
        if !self.defaults || !uri.contains(['?', '#', '@']) {
            return Cow::Borrowed(uri);
        }
        let (uri, fragment) =
            uri.split_once('#').map_or((uri, None), |(uri, fragment)| (uri, Some(fragment)));
        let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
        let mut shown = self.without_user_information(path);
        for (mark, parameters) in [('?', query), ('#', fragment)] {
            if let Some(parameters) = parameters {
                shown.push(mark);
                shown.push_str(&self.parameters(parameters));
            }
        }
        Cow::Owned(shown)
    }

    fn without_user_information(&self, path: &str) -> String {
        let Some((scheme, rest)) = path.split_once("//") else { return path.to_owned() };
        let (authority, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}//{}@{host}{rest}", self.mask),
            None => path.to_owned(),
        }
    }

    /// A query or an urlencoded form with the values of telling parameters hidden.
    pub(super) fn parameters(&self, text: &str) -> String {
        if !self.defaults {
            return text.to_owned();
        }
        let hidden = |pair: &str| match pair.split_once('=') {
            Some((name, _)) if is_secret_parameter(name) => format!("{name}={}", self.mask),
            _ => pair.to_owned(),
        };
        text.split('&').map(hidden).collect::<Vec<_>>().join("&")
    }

    /// The text of a JSON entity. It is as it came unless there is something to hide; if it is cut or broken,
    /// so that nobody can tell, all of it is hidden when it mentions something telling.
    pub(super) fn json_text<'v>(&'v self, text: &'v str) -> Cow<'v, str> {
        if !self.defaults || !is_secret(text) {
            return Cow::Borrowed(text);
        }
        match serde_json::from_str(text) {
            Ok(json) => Cow::Owned(self.json(json).to_string()),
            Err(_) => Cow::Borrowed(&self.mask),
        }
    }

    /// JSON with telling members hidden, and those that the configuration names.
    pub(super) fn json(&self, json: Value) -> Value {
        self.json_to(json, DEPTH_MAX)
    }

    fn json_to(&self, json: Value, depth: usize) -> Value {
        if depth == 0 {
            return Value::String(self.mask.clone());
        }
        match json {
            Value::Object(entries) => entries
                .into_iter()
                .map(|(name, value)| {
                    let is_named = self.attributes.contains(&name) || (self.defaults && is_secret(&name));
                    // An empty value tells nothing, and that it is empty may be what somebody looks for.
                    let is_hidden = is_named && !value.is_null();
                    let value =
                        if is_hidden { self.mask.clone().into() } else { self.json_to(value, depth - 1) };
                    (name, value)
                })
                .collect(),
            Value::Array(items) => items.into_iter().map(|item| self.json_to(item, depth - 1)).collect(),
            Value::String(text) if text.contains("://") => Value::String(self.uri(&text).into_owned()),
            other => other,
        }
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|character| !"-_. ".contains(*character)).flat_map(char::to_lowercase).collect();
    SECRET_PARTS.iter().any(|part| plain.contains(part))
}

fn is_secret_parameter(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    is_secret(&name) || SECRET_PARAMETERS.iter().any(|secret| name.trim().eq_ignore_ascii_case(secret))
}
