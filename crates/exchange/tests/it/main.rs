//! The vocabulary of a request as handlers, filters and expressions meet it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

mod assignments;
mod chains;
mod checks;
mod faults;
mod lasting;
mod reads;
mod sessions;
mod small;

use std::net::SocketAddr;
use std::sync::Arc;

use exchange::{
    Body, ClientInfo, Context, HeaderName, HeaderValue, Request, Response, RouterContext, StatusCode,
};

/// A request of a browser, as a connection hands it over.
fn context() -> Context {
    let remote: SocketAddr = "[::ffff:192.0.2.7]:4711".parse().unwrap();
    let local: SocketAddr = "127.0.0.1:8080".parse().unwrap();
    Context::new(Arc::new(ClientInfo::direct(remote, local)))
}

fn request() -> Request {
    let uri = "http://user:pw@app.example:8081/a%20b/c?q=1&q=2%2B&r";
    let mut request = Request::get(uri.parse().unwrap());
    for (name, value) in [
        ("host", "front.example"),
        ("x-list", "one"),
        ("x-list", "two"),
        ("user-agent", "Browser/1"),
        ("cookie", "sid=1; other=\"2\""),
        ("cookie", "sid=3"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
    ] {
        let name: HeaderName = name.parse().unwrap();
        request.headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    request.body = Body::from("f=1&g=a+b");
    request
}

fn response() -> Response {
    let mut response =
        Response::text(StatusCode::NOT_FOUND, "application/json", r#"{"a": [1, {"b": true}]}"#);
    response.headers.insert("x-one", HeaderValue::from_static("1"));
    response
}

/// What a router leaves behind.
fn routed(cx: &mut Context) {
    cx.router = Some(RouterContext { original_uri: "http://front.example/in?x".parse().unwrap() });
}

/// Runs a future that never waits for anything outside.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
