//! A request in the words in which one would call `curl`.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use exchange::{ClientInfo, Context, HeaderName, HeaderValue, Method, Request, Uri};

/// Reads `[METHOD] URL [-X METHOD] [-H 'Name: value']… [-d BODY]`, in any order.
pub(super) fn parse(words: &[String]) -> Result<Request, String> {
    let (mut method, mut uri, mut body) = (None, None, None);
    let mut headers = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let mut argument = || words.next().ok_or(format!("`{word}` needs a word behind it"));
        match word {
            "-X" | "--request" => method = Some(argument()?),
            "-H" | "--header" => headers.push(header(argument()?)?),
            "-d" | "--data" => body = Some(argument()?),
            _ if word.starts_with('-') => {
                return Err(format!("`{word}` is none of -X METHOD, -H 'Name: value', -d BODY"));
            }
            _ if word.contains("://") => uri = Some(word),
            _ if method.is_none() && word.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                method = Some(word)
            }
            _ => return Err(format!("`{word}` is neither a method nor a URL such as https://host/path")),
        }
    }
    let uri = uri.ok_or("a URL such as https://host/path is needed")?;
    let uri = Uri::from_str(uri).map_err(|error| format!("`{uri}` is no URL the gateway takes: {error}"))?;
    let method = method.unwrap_or(if body.is_some() { "POST" } else { "GET" });
    let method = Method::from_str(method).map_err(|_| format!("`{method}` is no method"))?;
    let mut request = Request::new(method, uri);
    let host = HeaderValue::from_str(request.uri.authority().as_str()).map_err(|error| error.to_string())?;
    request.headers.append(HeaderName::from_static("host"), host);
    for (name, value) in headers {
        // A host that is given replaces that of the URL.
        if name == "host" {
            request.headers.remove(&name);
        }
        request.headers.append(name, value);
    }
    if let Some(body) = body {
        request.body = body.to_owned().into();
    }
    Ok(request)
}

/// A context as a connector would make it for a client on this machine.
pub(super) fn context() -> Context {
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Context::new(Arc::new(ClientInfo::direct(local, local)))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) =
        text.split_once(':').ok_or(format!("`{text}` is no header field: it has no colon"))?;
    let read = HeaderName::from_str(name.trim())
        .map_err(|_| format!("`{name}` cannot be the name of a header field"))?;
    // The value may be a credential, so it is not repeated.
    let value =
        HeaderValue::from_str(value.trim()).map_err(|_| format!("the value of `{name}` cannot be sent"))?;
    Ok((read, value))
}
