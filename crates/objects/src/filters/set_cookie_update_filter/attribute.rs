//! What a rule can set, and which values make sense for it.

use std::borrow::Cow;

use expression::Value;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error};

use crate::filters::cookie_date::parse_cookie_date;

/// As it is written in a cookie.
pub(super) const NONE: &str = "None";
const SAME_SITES: [&str; 3] = ["Strict", "Lax", NONE];

/// The value of a cookie, or one of its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Attribute {
    Value,
    Secure,
    HttpOnly,
    SameSite,
    MaxAge,
    Expires,
    Path,
    Domain,
}

/// What becomes of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Leave,
    Remove,
    /// Is there, without a value.
    Flag,
    Text(String),
}

impl Attribute {
    const ALL: [(&'static str, Attribute); 8] = [
        ("value", Self::Value),
        ("Secure", Self::Secure),
        ("HttpOnly", Self::HttpOnly),
        ("SameSite", Self::SameSite),
        ("Max-Age", Self::MaxAge),
        ("Expires", Self::Expires),
        ("Path", Self::Path),
        ("Domain", Self::Domain),
    ];

    /// The name as it is written in a cookie.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, attribute)| *attribute == self).map_or("", |(name, _)| *name)
    }

    pub(super) fn is_flag(self) -> bool {
        matches!(self, Self::Secure | Self::HttpOnly)
    }

    /// Hyphens and case do not matter: `http-only`, `httpOnly` and `HttpOnly` are the same.
    fn named(text: &str) -> Option<Self> {
        let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
        Self::ALL.iter().find(|(name, _)| plain(name) == plain(text)).map(|(_, attribute)| *attribute)
    }

    /// What a value means for the attribute; a complaint about one that it cannot have.
    pub(super) fn change(self, value: &Value<'_>) -> Result<Change, String> {
        let text = match value {
            Value::Null => return Ok(Change::Leave),
            Value::String(_) | Value::Bool(_) | Value::Integer(_) => value.to_text(),
            Value::Decimal(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Object(_) => {
                return Err(format!("{} cannot be a {}", self.name(), value.type_name()));
            }
        };
        let text = text.trim();
        if self.is_flag() {
            return match text {
                _ if text.eq_ignore_ascii_case("true") => Ok(Change::Flag),
                _ if text.eq_ignore_ascii_case("false") => Ok(Change::Remove),
                _ => Err(format!("{} is `true` or `false`, not `{text}`", self.name())),
            };
        }
        if text.is_empty() && self != Self::Value {
            return Ok(Change::Remove);
        }
        match self.usable(text) {
            Some(usable) => Ok(Change::Text(usable.into_owned())),
            // The value of a cookie is nobody's business.
            None if self == Self::Value => {
                Err("the value of a cookie has neither `;` nor control characters".to_owned())
            }
            None => Err(format!("{} cannot be `{}`", self.name(), text.escape_debug())),
        }
    }

    /// The text as it is written in a cookie, unless it would mean something else there.
    fn usable(self, text: &str) -> Option<Cow<'_, str>> {
        let is_plain = text.chars().all(|character| character != ';' && !character.is_control());
        let is_ascii = is_plain && text.is_ascii();
        match self {
            Self::SameSite => {
                let known = SAME_SITES.into_iter().find(|known| known.eq_ignore_ascii_case(text));
                known.map(Cow::Borrowed)
            }
            Self::MaxAge => text.parse::<i64>().ok().map(|seconds| Cow::Owned(seconds.to_string())),
            Self::Expires => {
                (is_ascii && parse_cookie_date(text.as_bytes()).is_some()).then_some(Cow::Borrowed(text))
            }
            Self::Path => (is_ascii && text.starts_with('/')).then_some(Cow::Borrowed(text)),
            Self::Domain => (is_ascii && !text.contains([' ', '/', '='])).then_some(Cow::Borrowed(text)),
            _ => is_plain.then_some(Cow::Borrowed(text)),
        }
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::named(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no attribute of a cookie; there are value, secure, http-only, SameSite, max-age, \
                 expires, path and domain"
            ))
        })
    }
}

impl JsonSchema for Attribute {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "CookieAttribute".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}
