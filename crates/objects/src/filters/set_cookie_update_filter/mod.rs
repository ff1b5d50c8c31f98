//! `SetCookieUpdateFilter`: changes the cookies that responses set.
//!
//! What no rule asks for stays as it was written, byte for byte: applications rely on attributes that no
//! standard knows.

mod attribute;
mod cookie;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use exchange::{Context, Edit, Exchange, Fault, FilterRef, HeaderValue, Request, Response, header};
use expression::{Any, EmptyScope, Expr, Pattern, Root, Scope, Value};
use heap::{Builder, JavaPattern, ObjectConfig, Spanned};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use source::Diagnostic;

use attribute::{Attribute, Change};
use cookie::SetCookie;

/// Changes value and attributes of cookies that responses set, such as adding `Secure` and `SameSite` to those
/// of an old application.
///
/// A rule has a Java regular expression that must describe the whole name of a cookie. All rules that fit are
/// applied in their order, so that a later one overwrites what an earlier one has set. Attributes that no rule
/// names stay as they are.
///
/// A value is a string, a number, a boolean, or an expression. In it `previous` is what the cookie had: a
/// boolean for `secure` and `http-only`, a number for `max-age`, text for all others; null for an attribute
/// that is absent. A value of null leaves what is there; `false` takes a flag away, and an empty text any
/// other attribute.
///
/// Browsers refuse a cookie with `SameSite=None` that is not `Secure`. A rule that makes such a cookie has its
/// `SameSite` dropped, and the log says so.
///
/// ```json
/// {
///   "type": "SetCookieUpdateFilter",
///   "config": {
///     "cookies": {
///       ".*": { "secure": true, "http-only": true, "SameSite": "lax" },
///       "JSESSIONID": { "path": "/app", "max-age": "${previous == null ? 3600 : previous}" },
///       "lang.*": { "http-only": false, "value": "${toLowerCase(previous)}" }
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCookieUpdateFilter {
    /// For each pattern of names what to set: `value`, `secure`, `http-only`, `SameSite` (`strict`, `lax` or
    /// `none`), `max-age` in seconds, `expires` as a date, `path` and `domain`, in any case.
    cookies: IndexMap<NamePattern, IndexMap<Attribute, Spanned<Expr<Any>>>>,
}

/// A pattern that is the key of a map.
#[derive(Debug)]
struct NamePattern(Pattern);

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.source() == other.0.source()
    }
}

impl Eq for NamePattern {}

impl Hash for NamePattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.source().hash(state);
    }
}

impl<'de> Deserialize<'de> for NamePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JavaPattern::deserialize(deserializer).map(|pattern| Self(pattern.0))
    }
}

impl JsonSchema for NamePattern {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        JavaPattern::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl ObjectConfig for SetCookieUpdateFilter {
    const TYPE: &'static str = "SetCookieUpdateFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let rules = self.cookies.into_iter().map(|(name, values)| {
            check(&values, b)?;
            let values =
                values.into_iter().map(|(attribute, value)| (attribute, value.into_inner())).collect();
            Ok(Rule { name: name.0, values })
        });
        Ok(FilterRef::edit(Update { rules: rules.collect::<Result<_, Diagnostic>>()? }))
    }
}

/// Refuses constants that could never be set.
fn check(values: &IndexMap<Attribute, Spanned<Expr<Any>>>, b: &Builder<'_>) -> Result<(), Diagnostic> {
    let constant = |attribute: Attribute| {
        let value = values.get(&attribute).filter(|value| value.is_constant())?;
        Some((attribute.change(&value.value(&EmptyScope)), value.span()))
    };
    for attribute in values.keys() {
        if let Some((Err(complaint), span)) = constant(*attribute) {
            return Err(b.error(complaint, Some(span)));
        }
    }
    let Some((Ok(Change::Text(site)), span)) = constant(Attribute::SameSite) else { return Ok(()) };
    if site == attribute::NONE && matches!(constant(Attribute::Secure), Some((Ok(Change::Remove), _))) {
        let message = "browsers refuse a cookie with SameSite=None that is not secure; set `secure` to true";
        return Err(b.error(message, Some(span)));
    }
    Ok(())
}

struct Update {
    rules: Vec<Rule>,
}

struct Rule {
    name: Pattern,
    values: Vec<(Attribute, Expr<Any>)>,
}

impl Edit for Update {
    fn response(&self, cx: &mut Context, request: &Request, response: &mut Response) -> Result<(), Fault> {
        let scope = cx.scope(request).with(response);
        let fields = response.headers.get_all(header::SET_COOKIE).iter();
        let updated: Vec<Option<HeaderValue>> = fields.map(|field| self.updated(field, scope)).collect();
        if updated.iter().all(Option::is_none) {
            return Ok(());
        }
        let fields = response.headers.get_all(header::SET_COOKIE).iter();
        let fields: Vec<HeaderValue> =
            fields.zip(updated).map(|(field, updated)| updated.unwrap_or_else(|| field.clone())).collect();
        response.headers.replace_all(&header::SET_COOKIE, fields);
        Ok(())
    }
}

impl Update {
    /// The field after all rules; `None` when none of them changes anything.
    fn updated(&self, field: &HeaderValue, exchange: Exchange<'_>) -> Option<HeaderValue> {
        let mut cookie = SetCookie::parse(field.as_bytes())?;
        let name = String::from_utf8_lossy(cookie.name()).into_owned();
        let mut is_changed = false;
        for rule in self.rules.iter().filter(|rule| rule.name.matches_whole(&name)) {
            for (attribute, value) in &rule.values {
                let scope = WithPrevious { exchange, previous: cookie.get(*attribute) };
                match attribute.change(&value.value(&scope)) {
                    Ok(change) => is_changed |= cookie.apply(*attribute, change),
                    Err(complaint) => tracing::warn!(cookie = name, "A cookie was not changed: {complaint}."),
                }
            }
        }
        if is_changed && cookie.is_refused_by_browsers() {
            tracing::warn!(cookie = name, "SameSite=None was dropped from a cookie that is not secure.");
            cookie.apply(Attribute::SameSite, Change::Remove);
        }
        let text = is_changed.then(|| cookie.into_bytes())?;
        HeaderValue::try_from(text).ok()
    }
}

/// The exchange, and the value that a rule replaces.
struct WithPrevious<'a> {
    exchange: Exchange<'a>,
    previous: Value<'static>,
}

impl Scope for WithPrevious<'_> {
    fn root(&self, root: Root) -> Value<'_> {
        match root {
            Root::Previous => self.previous.clone(),
            root => self.exchange.root(root),
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({:?})", self.name)
    }
}
