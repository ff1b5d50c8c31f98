//! What assignments may change: the places of catalogue section 2.4 that can be written.
//!
//! A place that is read-only is an error with a message for the log; whoever assigns goes on.

use std::str::FromStr;
use std::sync::Arc;

use expression::{Root, ScopeMut, Step, Value};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use indexmap::IndexMap;

use crate::{Body, Context, ExchangeMut, Headers, Request, Response, Uri};

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
            Root::Contexts | Root::Context | Root::Exchange => self.assign_context(root, path, value),
            root => Err(format!("{root:?} cannot be assigned to")),
        }
    }
}

impl ExchangeMut<'_> {
    /// `contexts.attributes.attributes.x`, and `exchange.request…` of the 3.x age.
    fn assign_context(&mut self, root: Root, path: &[Step], value: Value<'static>) -> Result<(), String> {
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
            // What version 3 kept in the exchange itself is an attribute now.
            (Some(_), _) if root == Root::Exchange => self.assign(Root::Attributes, path, value),
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
        (Some("headers"), _) => assign_headers(&mut request.headers, &path[1..], value),
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
        (Some("status"), 1) => assign_status(response, value),
        (Some("status"), 2) if keys(path, 1) == Some("code") => assign_status(response, value),
        (Some("headers"), _) => assign_headers(&mut response.headers, &path[1..], value),
        (Some("entity"), _) => {
            response.body = entity(&path[1..], value)?;
            response.headers.remove(http::header::CONTENT_LENGTH);
            Ok(())
        }
        _ => Err("this property of the response cannot be assigned to".into()),
    }
}

fn assign_status(response: &mut Response, value: &Value<'static>) -> Result<(), String> {
    let code = match value {
        // A status that was read elsewhere, `${attributes.before.status}` say.
        Value::Object(status) => status.get().property("code").into_owned(),
        value => value.clone(),
    };
    let code = code.to_integer().ok().and_then(|code| u16::try_from(code).ok());
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    response.status = status.ok_or("a status is a number from 100 to 999")?;
    response.reason = None;
    Ok(())
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
        (Some("rawUserInfo"), 1) => uri.set_raw_user_info(text.as_deref()),
        (Some("userInfo"), 1) => {
            uri.set_raw_user_info(text.as_deref().map(|text| encode(text, USER_INFO_KEPT)).as_deref())
        }
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

fn assign_headers(headers: &mut Headers, path: &[Step], value: &Value<'static>) -> Result<(), String> {
    match path {
        [] => {
            *headers = all_fields(value)?;
            Ok(())
        }
        [name] => {
            headers.replace_all(&field_name(key(name))?, field_values(value)?);
            Ok(())
        }
        [name, Step::Index(at)] => {
            let name = field_name(key(name))?;
            let mut values: Vec<HeaderValue> = headers.get_all(&name).iter().cloned().collect();
            let place = values.get_mut(*at).ok_or("the header has no value at this position")?;
            *place = field_value(&text(value)?)?;
            headers.replace_all(&name, values);
            Ok(())
        }
        _ => Err("a header value has no parts that can be assigned to".into()),
    }
}

/// All fields at once, from a map of names to values or from the headers of another message.
fn all_fields(value: &Value<'static>) -> Result<Headers, String> {
    let entries: Vec<(String, Value<'static>)> = match value {
        Value::Null => Vec::new(),
        Value::Map(map) => map.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        Value::Object(object) => {
            let object = object.get();
            let names = object.keys().into_iter();
            names.map(|name| (name.clone(), object.property(&name).into_owned())).collect()
        }
        _ => return Err("headers are assigned from a map of names to values".into()),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in entries {
        let name = field_name(Some(&name))?;
        for value in field_values(&value)? {
            headers.try_append(name.clone(), value).map_err(|_| "these are too many headers")?;
        }
    }
    Ok(headers.into())
}

fn field_name(name: Option<&str>) -> Result<HeaderName, String> {
    name.and_then(|name| HeaderName::from_str(name).ok()).ok_or_else(|| "not a header name".to_owned())
}

/// None for null; null elements of a list are left out.
fn field_values(value: &Value<'static>) -> Result<Vec<HeaderValue>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::List(items) => {
            let items = items.iter().filter(|item| !item.is_null());
            items.map(|item| field_value(&text(item)?)).collect()
        }
        value => Ok(vec![field_value(&text(value)?)?]),
    }
}

fn field_value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "a header value may not hold control characters".to_owned())
}

fn assign_session(cx: &mut Context, path: &[Step], value: Value<'static>) -> Result<(), String> {
    let session = cx.session.get().ok_or("no session manager is configured here")?;
    let name = path.first().and_then(key).ok_or("name the session entry to assign to")?;
    let mut outcome = Ok(());
    let updated = session.update(name, |before| {
        if path.len() == 1 {
            return Some(value);
        }
        let mut entry = IndexMap::from([(name.to_owned(), before.clone())]);
        outcome = assign_map(&mut entry, path, value);
        outcome.is_ok().then(|| entry.swap_remove(name).unwrap_or(Value::Null))
    });
    updated.map_err(|error| error.to_string())?;
    outcome
}

/// Sets an entry of a map, or one further inside. Maps and lists on the way must exist.
fn assign_map(
    map: &mut IndexMap<String, Value<'static>>,
    path: &[Step],
    value: Value<'static>,
) -> Result<(), String> {
    let Some((Step::Key(name), rest)) = path.split_first() else {
        return Err("name the entry to assign to".into());
    };
    if rest.is_empty() {
        map.insert(name.clone(), value);
        return Ok(());
    }
    let inner = map.get_mut(name).ok_or_else(|| format!("there is no `{name}` to assign in"))?;
    assign_inside(inner, rest, value)
}

/// `path` is not empty.
fn assign_inside(place: &mut Value<'static>, path: &[Step], value: Value<'static>) -> Result<(), String> {
    match (place, path) {
        (Value::Map(map), [Step::Index(at), rest @ ..]) => {
            // JSON has no numbers for keys, so this one is a text.
            let path: Vec<Step> =
                [Step::Key(at.to_string())].into_iter().chain(rest.iter().cloned()).collect();
            assign_map(Arc::make_mut(map), &path, value)
        }
        (Value::Map(map), path) => assign_map(Arc::make_mut(map), path, value),
        (Value::List(list), [Step::Index(at), rest @ ..]) => {
            let item = Arc::make_mut(list).get_mut(*at).ok_or("the list has no such position")?;
            if rest.is_empty() {
                *item = value;
                return Ok(());
            }
            assign_inside(item, rest, value)
        }
        _ => Err("only entries of maps and lists can be assigned to".into()),
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

/// Characters of decoded user information that stay as they are.
const USER_INFO_KEPT: &str = ":!$&'()*+,;=-._~";
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
