//! What expressions see of a request in flight ([`Exchange`]), may change ([`ExchangeMut`]), and need
//! prepared beforehand ([`Prepare`]).

use std::str::FromStr;

use expression::{Now, ObjectRef, Root, Scope, ScopeMut, Step, Uses, Value};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use indexmap::IndexMap;
use std::sync::Arc;

use crate::beans::Contexts;
use crate::{Body, BodyError, Context, Fault, FaultKind, Filter, FilterRef, Headers, Next, Outcome, Request};
use crate::{Response, Uri};

/// The read side of an evaluation.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    cx: &'a Context,
    request: &'a Request,
    response: Option<&'a Response>,
    contexts: Contexts<'a>,
}

impl<'a> Exchange<'a> {
    /// The scope before there is a response.
    pub fn new(cx: &'a Context, request: &'a Request) -> Self {
        Self { cx, request, response: None, contexts: Contexts(cx) }
    }

    /// The scope once there is a response.
    #[must_use]
    pub fn with(mut self, response: &'a Response) -> Self {
        self.response = Some(response);
        self
    }
}

impl Scope for Exchange<'_> {
    fn root(&self, root: Root) -> Value<'_> {
        match root {
            Root::Request => Value::Object(ObjectRef::Borrowed(self.request)),
            Root::Response => match self.response {
                Some(response) => Value::Object(ObjectRef::Borrowed(response)),
                None => Value::Null,
            },
            Root::Context | Root::Contexts | Root::Exchange => {
                Value::Object(ObjectRef::Borrowed(&self.contexts))
            }
            Root::Attributes => Value::Object(ObjectRef::Borrowed(&self.cx.attributes)),
            Root::Session => self.contexts.session(),
            Root::Now => {
                Value::Object(ObjectRef::Shared(Arc::new(Now::from_epoch_millis(self.cx.now_millis()))))
            }
            _ => Value::Null,
        }
    }
}

/// The write side of an evaluation: what assignments may change.
pub struct ExchangeMut<'a> {
    cx: &'a mut Context,
    request: &'a mut Request,
    response: Option<&'a mut Response>,
}

impl<'a> ExchangeMut<'a> {
    /// The scope before there is a response.
    pub fn new(cx: &'a mut Context, request: &'a mut Request) -> Self {
        Self { cx, request, response: None }
    }

    /// The scope once there is a response.
    #[must_use]
    pub fn with(mut self, response: &'a mut Response) -> Self {
        self.response = Some(response);
        self
    }

    /// The same, for reading.
    pub fn read(&self) -> Exchange<'_> {
        let scope = Exchange::new(self.cx, self.request);
        match &self.response {
            Some(response) => scope.with(response),
            None => scope,
        }
    }
}

impl Scope for ExchangeMut<'_> {
    /// For the keys of a place: `${attributes[request.headers['x'][0]]}`. Values are read through `read()`
    /// before the assignment begins.
    fn root(&self, root: Root) -> Value<'_> {
        match root {
            Root::Request => Value::object(&*self.request),
            Root::Response => {
                self.response.as_deref().map_or(Value::Null, |response| Value::object(response))
            }
            Root::Attributes => Value::object(&self.cx.attributes),
            Root::Session => Contexts(self.cx).session(),
            _ => Value::Null,
        }
    }
}

impl ScopeMut for ExchangeMut<'_> {
    fn assign(&mut self, root: Root, path: &[Step], value: Value<'static>) -> Result<(), String> {
        match root {
            Root::Request => assign_request(self.request, path, &value),
            Root::Response => match &mut self.response {
                Some(response) => assign_response(response, path, &value),
                None => Err("there is no response yet".into()),
            },
            Root::Attributes => assign_map(&mut self.cx.attributes.0, path, value),
            Root::Session => assign_session(self.cx, path, value),
            Root::Contexts | Root::Context | Root::Exchange => self.assign_context(path, value),
            root => Err(format!("{root:?} cannot be assigned to")),
        }
    }
}

impl ExchangeMut<'_> {
    /// `contexts.attributes.attributes.x`, and `exchange.request…` of the 3.x age.
    fn assign_context(&mut self, path: &[Step], value: Value<'static>) -> Result<(), String> {
        match (path.first().and_then(key), &path[path.len().min(1)..]) {
            (Some("request"), rest) => self.assign(Root::Request, rest, value),
            (Some("response"), rest) => self.assign(Root::Response, rest, value),
            (Some(name @ ("attributes" | "session")), rest) => {
                let rest = match rest.first().and_then(key) {
                    Some(inner) if inner == name => &rest[1..],
                    _ => rest,
                };
                let root = if name == "session" { Root::Session } else { Root::Attributes };
                self.assign(root, rest, value)
            }
            _ => Err("only the attributes and the session of a context can be assigned to".into()),
        }
    }
}

fn assign_request(request: &mut Request, path: &[Step], value: &Value<'static>) -> Result<(), String> {
    match (keys(path, 0), path.len()) {
        (Some("method"), 1) => {
            request.method = Method::from_str(&text(value)?).map_err(|_| "not a method name".to_owned())?;
            Ok(())
        }
        (Some("uri"), _) => assign_uri(&mut request.uri, &path[1..], value),
        (Some("headers"), 2) => assign_header(&mut request.headers, &path[1], value),
        (Some("entity"), _) => {
            request.body = entity(&path[1..], value)?;
            request.headers.remove(http::header::CONTENT_LENGTH);
            Ok(())
        }
        _ => Err("this property of the request cannot be assigned to".into()),
    }
}

fn assign_response(response: &mut Response, path: &[Step], value: &Value<'static>) -> Result<(), String> {
    match (keys(path, 0), path.len()) {
        (Some("status"), _) => {
            let code = value.to_integer().ok().and_then(|code| u16::try_from(code).ok());
            let status = code.and_then(|code| StatusCode::from_u16(code).ok());
            response.status = status.ok_or("a status is a number from 100 to 999")?;
            response.reason = None;
            Ok(())
        }
        (Some("headers"), 2) => assign_header(&mut response.headers, &path[1], value),
        (Some("entity"), _) => {
            response.body = entity(&path[1..], value)?;
            response.headers.remove(http::header::CONTENT_LENGTH);
            Ok(())
        }
        _ => Err("this property of the response cannot be assigned to".into()),
    }
}

fn assign_uri(uri: &mut Uri, path: &[Step], value: &Value<'static>) -> Result<(), String> {
    let text = match value {
        Value::Null => None,
        value => Some(text(value)?),
    };
    let required = || text.as_deref().ok_or_else(|| "null is not allowed here".to_owned());
    let outcome = match (keys(path, 0), path.len()) {
        (None, 0) => required()?.parse().map(|parsed| *uri = parsed),
        (Some("scheme"), 1) => required()?.parse().map(|scheme| uri.set_scheme(scheme)),
        (Some("host"), 1) => uri.set_host(required()?),
        (Some("port"), 1) => {
            let port = text.as_deref().map(str::parse).transpose();
            uri.set_port(port.map_err(|_| "a port is a number from 0 to 65535")?)
        }
        (Some("authority" | "rawAuthority"), 1) => uri.set_authority(required()?),
        (Some("rawPath"), 1) => uri.set_raw_path(required()?),
        (Some("path"), 1) => uri.set_raw_path(&encode(required()?, PATH_KEPT)),
        (Some("rawQuery"), 1) => uri.set_raw_query(text.as_deref()),
        (Some("query"), 1) => {
            uri.set_raw_query(text.as_deref().map(|text| encode(text, QUERY_KEPT)).as_deref())
        }
        _ => return Err("this part of the URI cannot be assigned to".into()),
    };
    outcome.map_err(|error| error.to_string())
}

fn assign_header(headers: &mut Headers, step: &Step, value: &Value<'static>) -> Result<(), String> {
    let name = key(step).and_then(|name| HeaderName::from_str(name).ok()).ok_or("not a header name")?;
    let values = match value {
        Value::Null => Vec::new(),
        Value::List(items) => {
            items.iter().filter(|item| !matches!(item, Value::Null)).map(text).collect::<Result<_, _>>()?
        }
        value => vec![text(value)?],
    };
    let values: Vec<HeaderValue> = values
        .iter()
        .map(|value| {
            HeaderValue::from_str(value).map_err(|_| "a header value may not hold control characters")
        })
        .collect::<Result<_, _>>()?;
    headers.replace_all(&name, values);
    Ok(())
}

fn assign_session(cx: &mut Context, path: &[Step], value: Value<'static>) -> Result<(), String> {
    let session = cx.session.get().ok_or("no session manager is configured here")?;
    let name = path.first().and_then(key).ok_or("name the session entry to assign to")?;
    if path.len() == 1 {
        session.set(name, value);
        return Ok(());
    }
    let mut entry = IndexMap::from([(name.to_owned(), session.get(name))]);
    assign_map(&mut entry, path, value)?;
    session.set(name, entry.swap_remove(name).unwrap_or(Value::Null));
    Ok(())
}

/// Sets an entry of a map, or of a map inside it. Maps on the way must exist.
fn assign_map(
    map: &mut IndexMap<String, Value<'static>>,
    path: &[Step],
    value: Value<'static>,
) -> Result<(), String> {
    let name = path.first().and_then(key).ok_or("name the entry to assign to")?;
    if path.len() == 1 {
        map.insert(name.to_owned(), value);
        return Ok(());
    }
    match map.get_mut(name) {
        Some(Value::Map(inner)) => assign_map(Arc::make_mut(inner), &path[1..], value),
        _ => Err(format!("`{name}` is not a map")),
    }
}

fn entity(path: &[Step], value: &Value<'static>) -> Result<Body, String> {
    match (keys(path, 0), value) {
        (_, Value::Null) => Ok(Body::empty()),
        (Some("json"), value) => Ok(Body::from(value.to_json().to_string())),
        (None | Some("string" | "bytes"), Value::Bytes(bytes)) => Ok(Body::from(bytes.clone())),
        (None | Some("string"), value) => Ok(Body::from(text(value)?)),
        _ => Err("this property of the entity cannot be assigned to".into()),
    }
}

fn keys(path: &[Step], index: usize) -> Option<&str> {
    path.get(index).and_then(key)
}

fn text(value: &Value<'static>) -> Result<String, String> {
    match value {
        Value::List(_) | Value::Map(_) | Value::Null => Err("a text is needed here".to_owned()),
        value => Ok(value.to_text().into_owned()),
    }
}

fn key(step: &Step) -> Option<&str> {
    match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    }
}

/// Characters of a decoded path that stay as they are (RFC 3986, `pchar` and `/`).
const PATH_KEPT: &str = "/:@!$&'()*+,;=-._~";
/// Characters of a decoded query that stay as they are.
const QUERY_KEPT: &str = "/?:@!$&'()*+,;=-._~";

fn encode(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || kept.contains(character) {
            encoded.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

/// Fetches what expressions will look at, before they are evaluated: evaluation itself never waits.
///
/// The heap splices it around an object whose expressions need an entity or the session.
pub struct Prepare {
    request_entity: bool,
    response_entity: bool,
    session: bool,
}

impl Prepare {
    /// The filter to run outside an object with these uses, if any is needed.
    pub fn outer(uses: Uses) -> Option<FilterRef> {
        (uses.request_entity || uses.session).then(|| {
            FilterRef::new(Self {
                request_entity: uses.request_entity,
                response_entity: false,
                session: uses.session,
            })
        })
    }

    /// The filter to run inside an object with these uses, if any is needed.
    pub fn inner(uses: Uses) -> Option<FilterRef> {
        uses.response_entity
            .then(|| FilterRef::new(Self { request_entity: false, response_entity: true, session: false }))
    }

    /// Does the same for a handler that evaluates by itself, like a router.
    pub async fn request(uses: Uses, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        if uses.request_entity {
            request.body.buffer(&cx.storage).await.map_err(request_body_fault)?;
        }
        if uses.session {
            cx.session.load(request).await?;
        }
        Ok(())
    }
}

impl Filter for Prepare {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let uses = Uses { request_entity: self.request_entity, session: self.session, ..Uses::default() };
        Self::request(uses, cx, request).await?;
        let mut response = next.run(cx, request).await;
        if self.response_entity {
            response.body.buffer(&cx.storage).await.map_err(|error| {
                Fault::new(FaultKind::BadGateway, "The response could not be buffered.").because(error)
            })?;
        }
        Ok(response)
    }
}

/// A request body that cannot be read: the client's doing, except when our storage failed.
fn request_body_fault(error: BodyError) -> Fault {
    let kind = match &error {
        BodyError::TooLarge { .. } => FaultKind::TooLarge,
        BodyError::TimedOut => FaultKind::RequestTimeout,
        BodyError::Storage(_) => FaultKind::Internal,
        BodyError::Incomplete | BodyError::Malformed(_) | BodyError::Connection(_) => FaultKind::BadRequest,
    };
    Fault::new(kind, "The request body could not be buffered.").because(error).closing()
}
