//! How requests, responses and contexts look from inside an expression.
//!
//! Property names are those of the product's manual (catalogue, section 2.4). A property that does not
//! exist is null, never an error.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;

use expression::{Bean, Object, ObjectRef, Value};
use http::{HeaderName, StatusCode, Version};
use indexmap::IndexMap;

use crate::fields::{Cookies, Parameters, first, grouped, pairs, position};
use crate::roots::{REQUEST, RESPONSE};
use crate::uri::decode;
use crate::{Body, Headers, Request, Response, Session, Uri};

/// Values that filters hand to one another: `attributes` in expressions.
#[derive(Default, Clone)]
pub struct Attributes(pub IndexMap<String, Value<'static>>);

impl Deref for Attributes {
    type Target = IndexMap<String, Value<'static>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Object for Attributes {
    fn type_name(&self) -> &'static str {
        "attributes"
    }
    fn property(&self, name: &str) -> Value<'_> {
        match self.0.get(name) {
            // Borrowed, because conditions ask for texts most.
            Some(Value::String(text)) => Value::text(text),
            Some(value) => value.clone(),
            None => Value::Null,
        }
    }
    fn len(&self) -> Option<usize> {
        Some(self.0.len())
    }
    fn keys(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
    fn snapshot(&self) -> Value<'static> {
        Value::Map(Arc::new(self.0.clone()))
    }
}

impl Object for Request {
    fn type_name(&self) -> &'static str {
        "request"
    }
    fn property(&self, name: &str) -> Value<'_> {
        // Compared as bytes, which becomes a tree of comparisons; names as texts are compared one after another.
        match name.as_bytes() {
            b"method" => text(self.method.as_str()),
            b"uri" => borrowed(&self.uri),
            b"version" => text(version_text(self.version)),
            b"headers" => borrowed(&self.headers),
            b"entity" => borrowed(&self.body),
            b"cookies" => shared(Cookies::of(&self.headers)),
            b"queryParams" => shared(Parameters(self.uri.path_and_query().clone())),
            b"form" => {
                let is_form = self.headers.text(http::header::CONTENT_TYPE).is_some_and(is_form);
                let body = if is_form { self.body.text() } else { None }.unwrap_or_default();
                grouped(pairs(self.uri.raw_query().unwrap_or_default()).chain(pairs(&body)))
            }
            _ => Value::Null,
        }
    }
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        match (name.as_bytes(), key) {
            (b"uri", Value::String(property)) => Some(self.uri.property(property)),
            _ => None,
        }
    }
    fn keys(&self) -> Vec<String> {
        property_names(&REQUEST)
    }
    fn snapshot(&self) -> Value<'static> {
        copied(self)
    }
}

impl Object for Response {
    fn type_name(&self) -> &'static str {
        "response"
    }
    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "status" => Value::Object(ObjectRef::Shared(Arc::new(Status(self.status, self.reason.clone())))),
            "headers" => borrowed(&self.headers),
            "version" => text(version_text(self.version)),
            "entity" => borrowed(&self.body),
            "cause" => match &self.cause {
                Some(cause) => shared(Cause(cause.to_string())),
                None => Value::Null,
            },
            _ => Value::Null,
        }
    }
    fn keys(&self) -> Vec<String> {
        property_names(&RESPONSE)
    }
    fn snapshot(&self) -> Value<'static> {
        copied(self)
    }
}

/// What went wrong, with the property of a Java exception.
struct Cause(String);

impl Object for Cause {
    fn type_name(&self) -> &'static str {
        "cause"
    }
    fn property(&self, name: &str) -> Value<'_> {
        if name == "message" { text(&self.0) } else { Value::Null }
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0))
    }
    fn snapshot(&self) -> Value<'static> {
        shared(Cause(self.0.clone()))
    }
}

impl Object for Uri {
    fn type_name(&self) -> &'static str {
        "uri"
    }
    fn property(&self, name: &str) -> Value<'_> {
        // As bytes, as for a request.
        match name.as_bytes() {
            b"scheme" => text(self.scheme().as_str()),
            b"host" => text(self.host()),
            b"port" => Value::Integer(self.port().map_or(-1, i64::from)),
            b"authority" | b"rawAuthority" => text(self.authority().as_str()),
            b"userInfo" => self.raw_user_info().map_or(Value::Null, |raw| Value::String(decode(raw))),
            b"rawUserInfo" => self.raw_user_info().map_or(Value::Null, text),
            b"path" => Value::String(self.path()),
            b"rawPath" => text(self.raw_path()),
            b"query" => self.query().map_or(Value::Null, Value::String),
            b"rawQuery" => self.raw_query().map_or(Value::Null, text),
            b"pathElements" => list(
                self.raw_path()
                    .split('/')
                    .filter(|part| !part.is_empty())
                    .map(|part| decode(part).into_owned()),
            ),
            // A fragment is never sent in a request.
            _ => Value::Null,
        }
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
    fn snapshot(&self) -> Value<'static> {
        Value::String(Cow::Owned(self.to_string()))
    }
}

impl Object for Headers {
    fn type_name(&self) -> &'static str {
        "headers"
    }
    /// All values of a field, in order; null when it is absent.
    fn property(&self, name: &str) -> Value<'_> {
        let Ok(name) = HeaderName::from_str(name) else { return Value::Null };
        if !self.contains_key(&name) {
            return Value::Null;
        }
        list(self.get_all(&name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()))
    }
    /// One value, borrowed.
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        let value = self.get_all(name).iter().nth(position(key)?);
        Some(value.map_or(Value::Null, |value| Value::String(String::from_utf8_lossy(value.as_bytes()))))
    }
    fn call(&self, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        first(self, method, arguments)
    }
    fn len(&self) -> Option<usize> {
        Some(self.keys_len())
    }
    fn keys(&self) -> Vec<String> {
        self.0.keys().map(|name| name.as_str().to_owned()).collect()
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(copied(self).to_text().into_owned()))
    }
    fn snapshot(&self) -> Value<'static> {
        shared(HeadersCopy(self.clone()))
    }
}

/// Fields that an attribute or a session keeps: names still match in any case, and as JSON they are a map.
struct HeadersCopy(Headers);

impl Object for HeadersCopy {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }
    fn property(&self, name: &str) -> Value<'_> {
        self.0.property(name)
    }
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        self.0.within(name, key)
    }
    fn call(&self, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        self.0.call(method, arguments)
    }
    fn len(&self) -> Option<usize> {
        Object::len(&self.0)
    }
    fn keys(&self) -> Vec<String> {
        Object::keys(&self.0)
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        self.0.to_text()
    }
    fn snapshot(&self) -> Value<'static> {
        copied(&self.0)
    }
}

/// The entity of a message. Its properties are null until it has been buffered.
impl Object for Body {
    fn type_name(&self) -> &'static str {
        "entity"
    }
    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "empty" => Value::Bool(self.is_empty()),
            "string" => self.text().map_or(Value::Null, |text| Value::String(Cow::Owned(text))),
            "bytes" => self.bytes().map_or(Value::Null, Value::Bytes),
            "json" => {
                let parsed = self.bytes().and_then(|bytes| serde_json::from_slice(&bytes).ok());
                parsed.map_or(Value::Null, |json: serde_json::Value| Value::from(json))
            }
            "form" => self.text().map_or(Value::Null, |text| grouped(pairs(&text))),
            _ => Value::Null,
        }
    }
    fn len(&self) -> Option<usize> {
        self.length().and_then(|length| usize::try_from(length).ok())
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        self.text().map(Cow::Owned)
    }
    fn snapshot(&self) -> Value<'static> {
        self.property("string").into_owned()
    }
}

struct Status(StatusCode, Option<String>);

impl Object for Status {
    fn type_name(&self) -> &'static str {
        "status"
    }
    fn property(&self, name: &str) -> Value<'_> {
        let code = self.0;
        match name {
            "code" => Value::Integer(i64::from(code.as_u16())),
            "reasonPhrase" => {
                text(self.1.as_deref().unwrap_or_else(|| code.canonical_reason().unwrap_or_default()))
            }
            "family" => text(family(code)),
            "informational" => Value::Bool(code.is_informational()),
            "successful" => Value::Bool(code.is_success()),
            "redirection" => Value::Bool(code.is_redirection()),
            "clientError" => Value::Bool(code.is_client_error()),
            "serverError" => Value::Bool(code.is_server_error()),
            _ => Value::Null,
        }
    }
    fn to_text(&self) -> Option<Cow<'_, str>> {
        let reason = self.1.as_deref().or_else(|| self.0.canonical_reason()).unwrap_or_default();
        Some(Cow::Owned(format!("[Status: {} {reason}]", self.0.as_u16())))
    }
}

/// The name of a status code's class.
fn family(code: StatusCode) -> &'static str {
    match code.as_u16() / 100 {
        1 => "INFORMATIONAL",
        2 => "SUCCESSFUL",
        3 => "REDIRECTION",
        4 => "CLIENT_ERROR",
        5 => "SERVER_ERROR",
        _ => "UNKNOWN",
    }
}

impl Object for Session {
    fn type_name(&self) -> &'static str {
        "session"
    }
    fn property(&self, name: &str) -> Value<'_> {
        self.get(name)
    }
    fn len(&self) -> Option<usize> {
        Some(self.entries().len())
    }
    fn keys(&self) -> Vec<String> {
        self.entries().keys()
    }
    fn snapshot(&self) -> Value<'static> {
        Value::Map(Arc::new(self.values()))
    }
}

fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The version as written in HTTP/1.
pub(crate) fn version_text(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

fn text(text: &str) -> Value<'_> {
    Value::String(Cow::Borrowed(text))
}

pub(crate) fn text_owned(text: &str) -> Value<'static> {
    Value::String(Cow::Owned(text.to_owned()))
}

fn borrowed(object: &dyn Object) -> Value<'_> {
    Value::Object(ObjectRef::Borrowed(object))
}

pub(crate) fn shared(object: impl Object + 'static) -> Value<'static> {
    Value::Object(ObjectRef::Shared(Arc::new(object)))
}

pub(crate) fn list(items: impl Iterator<Item = String>) -> Value<'static> {
    Value::List(Arc::new(items.map(|item| Value::String(Cow::Owned(item))).collect()))
}

pub(crate) fn map<const N: usize>(entries: [(&str, Value<'static>); N]) -> Value<'static> {
    Value::Map(Arc::new(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

/// A copy of every property of an object.
pub(crate) fn copied(object: &dyn Object) -> Value<'static> {
    let copy = |name: String| {
        let value = object.property(&name).into_owned();
        (name, value)
    };
    Value::Map(Arc::new(object.keys().into_iter().map(copy).collect()))
}

/// The names of all properties in the table.
fn property_names(bean: &Bean) -> Vec<String> {
    bean.properties.iter().map(|property| property.name.to_owned()).collect()
}

pub(crate) fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
