//! [`Request`] and [`Response`].

use std::sync::Arc;

use http::{Method, StatusCode, Version};

use crate::{Body, Fault, Headers, Upgrade, Uri};

/// A request on its way through the gateway.
#[derive(Debug)]
pub struct Request {
    /// The method, case-sensitive as on the wire (RFC 9110, section 9).
    pub method: Method,
    /// The absolute target: scheme and authority of the connection, path and query of the request line.
    pub uri: Uri,
    /// The version the peer spoke.
    pub version: Version,
    /// The header fields.
    pub headers: Headers,
    /// The content; [`Body::take`]n by whoever sends it on.
    pub body: Body,
}

impl Request {
    /// A request with no headers and no body.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, version: Version::HTTP_11, headers: Headers::default(), body: Body::empty() }
    }

    /// A GET of `uri`.
    pub fn get(uri: Uri) -> Self {
        Self::new(Method::GET, uri)
    }
}

/// A response on its way back.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// A reason phrase other than the standard one. HTTP/1 only.
    pub reason: Option<String>,
    /// The version the origin spoke.
    pub version: Version,
    /// The header fields.
    pub headers: Headers,
    /// The content.
    pub body: Body,
    /// For a 101: what to do with the client's connection once the response is written.
    pub upgrade: Option<Upgrade>,
    /// The failure this response stands for, when the gateway made it.
    pub cause: Option<Arc<Fault>>,
}

impl Response {
    /// A response with no headers and no body.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            reason: None,
            version: Version::HTTP_11,
            headers: Headers::default(),
            body: Body::empty(),
            upgrade: None,
            cause: None,
        }
    }

    /// A response with a body of text.
    pub fn text(status: StatusCode, content_type: &'static str, text: impl Into<String>) -> Self {
        let mut response = Self::new(status);
        response.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        response.body = Body::from(text.into());
        response
    }
}
