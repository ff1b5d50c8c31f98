//! Lists of fields in a request, read only as far as somebody asks: cookies, and the parameters of a query.
//!
//! Both are maps to expressions, from a name to everything of that name, in the order of the request.

use std::borrow::Cow;

use expression::{Object, Value};
use http::HeaderValue;
use http::uri::PathAndQuery;
use indexmap::IndexMap;

use crate::Headers;
use crate::beans::{list, shared};
use crate::uri::decode;

/// The parameters of a query: `request.queryParams`.
pub(crate) struct Parameters(pub(crate) PathAndQuery);

impl Parameters {
    fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Cow<'s, str>> {
        pairs(self.0.query().unwrap_or_default())
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value)
    }
}

impl Object for Parameters {
    fn type_name(&self) -> &'static str {
        "parameters"
    }
    fn property(&self, name: &str) -> Value<'_> {
        let mut values = self.named(name).map(Cow::into_owned).peekable();
        if values.peek().is_none() { Value::Null } else { list(values) }
    }
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        let value = self.named(name).nth(position(key)?);
        Some(value.map_or(Value::Null, Value::owned_text))
    }
    fn call(&self, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        first(self, method, arguments)
    }
    fn len(&self) -> Option<usize> {
        Some(Object::keys(self).len())
    }
    fn keys(&self) -> Vec<String> {
        names(pairs(self.0.query().unwrap_or_default()).map(|(name, _)| name))
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.snapshot().to_text().into_owned()))
    }
    fn snapshot(&self) -> Value<'static> {
        grouped(pairs(self.0.query().unwrap_or_default()))
    }
}

/// The cookies of a request.
pub(crate) struct Cookies(Vec<HeaderValue>);

impl Cookies {
    /// Those of the header fields.
    pub(crate) fn of(headers: &Headers) -> Cookies {
        Cookies(headers.get_all(http::header::COOKIE).iter().cloned().collect())
    }

    /// Shows the name and value of every pair, in order.
    fn visit(&self, mut see: impl FnMut(&str, &str)) {
        for header in &self.0 {
            for pair in String::from_utf8_lossy(header.as_bytes()).split(';') {
                if let Some((name, value)) = pair.trim().split_once('=') {
                    see(name, value.trim_matches('"'));
                }
            }
        }
    }

    fn named(&self, wanted: &str) -> Vec<Cookie> {
        let mut found: Vec<Cookie> = Vec::new();
        let mut is_wanted = false;
        self.visit(|name, value| match name.strip_prefix('$') {
            // RFC 2965: what begins with a dollar sign belongs to the cookie before it.
            Some(attribute) => {
                if let Some(cookie) = found.last_mut().filter(|_| is_wanted) {
                    cookie.attributes.push((attribute.to_ascii_lowercase(), value.to_owned()));
                }
            }
            None => {
                is_wanted = name == wanted;
                if is_wanted {
                    let (name, value) = (name.to_owned(), value.to_owned());
                    found.push(Cookie { name, value, attributes: Vec::new() });
                }
            }
        });
        found
    }
}

impl Object for Cookies {
    fn type_name(&self) -> &'static str {
        "cookies"
    }
    /// A list, since a name may occur again.
    fn property(&self, name: &str) -> Value<'_> {
        let cookies = self.named(name);
        if cookies.is_empty() { Value::Null } else { Value::list(cookies.into_iter().map(shared).collect()) }
    }
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        Some(self.named(name).into_iter().nth(position(key)?).map_or(Value::Null, shared))
    }
    fn call(&self, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        first(self, method, arguments)
    }
    fn len(&self) -> Option<usize> {
        Some(Object::keys(self).len())
    }
    fn keys(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.visit(|name, _| {
            if !name.starts_with('$') {
                all.push(name.to_owned());
            }
        });
        names(all.into_iter().map(Cow::Owned))
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.snapshot().to_text().into_owned()))
    }
    fn snapshot(&self) -> Value<'static> {
        let entry = |name: String| {
            let cookies = self.property(&name).into_owned();
            (name, cookies)
        };
        Value::map(Object::keys(self).into_iter().map(entry).collect())
    }
}

/// One cookie of a request. Clients send name and value; what else a cookie may have stays with them.
#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    attributes: Vec<(String, String)>,
}

impl Object for Cookie {
    fn type_name(&self) -> &'static str {
        "cookie"
    }
    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "name" => Value::text(&self.name),
            "value" => Value::text(&self.value),
            other => {
                let found = self.attributes.iter().find(|(known, _)| known == other);
                found.map_or(Value::Null, |(_, value)| Value::text(value))
            }
        }
    }
    fn keys(&self) -> Vec<String> {
        let attributes = self.attributes.iter().map(|(name, _)| name.clone());
        ["name", "value"].map(str::to_owned).into_iter().chain(attributes).collect()
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(crate::beans::copied(self).to_text().into_owned()))
    }
    fn snapshot(&self) -> Value<'static> {
        crate::beans::copied(self)
    }
}

/// `getFirst`, which the collections of a message have.
pub(crate) fn first(object: &dyn Object, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
    match (method, arguments) {
        ("getFirst", [name]) => Some(object.within(&name.to_text(), &Value::Integer(0))?.into_owned()),
        _ => None,
    }
}

/// The position that a key between brackets is.
pub(crate) fn position(key: &Value<'_>) -> Option<usize> {
    match key {
        Value::Integer(at) => usize::try_from(*at).ok(),
        _ => None,
    }
}

/// Reads `a=b&c=d`, form-encoded.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode_form(name), decode_form(value))
    })
}

/// A map from each name to the list of its values.
pub(crate) fn grouped<'p>(pairs: impl Iterator<Item = (Cow<'p, str>, Cow<'p, str>)>) -> Value<'static> {
    let mut grouped: IndexMap<String, Vec<Value<'static>>> = IndexMap::new();
    for (name, value) in pairs {
        grouped.entry(name.into_owned()).or_default().push(Value::owned_text(value));
    }
    Value::map(grouped.into_iter().map(|(name, values)| (name, Value::list(values))).collect())
}

/// Each name once.
fn names<'p>(all: impl Iterator<Item = Cow<'p, str>>) -> Vec<String> {
    let once: indexmap::IndexSet<String> = all.map(Cow::into_owned).collect();
    once.into_iter().collect()
}

fn decode_form(text: &str) -> Cow<'_, str> {
    if text.contains('+') { Cow::Owned(decode(&text.replace('+', " ")).into_owned()) } else { decode(text) }
}
