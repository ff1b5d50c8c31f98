//! What a client gets for what a handler answers.

use std::io::Write;

use exchange::{Body, Context, Handler, HeaderValue, Outcome, Request, Response, StatusCode};
use expect_test::{Expect, expect};
use transport::server::ConnectorOptions;

use crate::support::{connect, serve_with, status, talk};

/// Answers without reading.
struct Answers(fn(&Request) -> Response);

impl Handler for Answers {
    async fn handle(&self, _: &mut Context, request: &mut Request) -> Outcome {
        Ok((self.0)(request))
    }
}

#[track_caller]
fn check_answer(answer: fn(&Request) -> Response, request: &str, expected: Expect) {
    let server = serve_with(ConnectorOptions::default(), Answers(answer));
    expected.assert_eq(&talk(&server, request.as_bytes()).replace('\r', ""));
}

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn unread_bodies() {
    let nothing = |_: &Request| Response::new(StatusCode::OK);
    let server = serve_with(ConnectorOptions::default(), Answers(nothing));
    // A short one is thrown away and the next request is served; for a long one the connection closes.
    for (length, served) in [(10, 2), (60_000, 2), (70_000, 1)] {
        let body = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".repeat(length / 30 + 1);
        let request =
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}{GET}", &body[..length]);
        let response = talk(&server, request.as_bytes());
        assert_eq!(response.matches("HTTP/1.1 200 OK").count(), served, "{length}: {response}");
        assert_eq!(response.matches("connection: close").count(), 1, "{length}: {response}");
    }
    let expecting = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(
        talk(&server, expecting.as_bytes()),
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
}

#[test]
fn statuses_without_content() {
    let no_content: fn(&Request) -> Response =
        |_| Response::text(StatusCode::NO_CONTENT, "text/plain", "body");
    check_answer(
        no_content,
        GET,
        expect![[r#"
        HTTP/1.1 204 No Content
        content-type: text/plain
        connection: close

    "#]],
    );
    let not_modified: fn(&Request) -> Response = |_| {
        let mut response = Response::text(StatusCode::NOT_MODIFIED, "text/plain", "body");
        response.headers.insert("content-length", HeaderValue::from_static("99"));
        response
    };
    check_answer(
        not_modified,
        GET,
        expect![[r#"
        HTTP/1.1 304 Not Modified
        content-type: text/plain
        content-length: 99
        connection: close

    "#]],
    );
    let text: fn(&Request) -> Response = |_| Response::text(StatusCode::OK, "text/plain", "body");
    check_answer(
        text,
        HEAD,
        expect![[r#"
        HTTP/1.1 200 OK
        content-type: text/plain
        content-length: 4
        connection: close

    "#]],
    );
    let claims: fn(&Request) -> Response = |_| {
        let mut response = Response::text(StatusCode::OK, "text/plain", "body");
        response.headers.insert("content-length", HeaderValue::from_static("99"));
        response.headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
        response
    };
    check_answer(
        claims,
        GET,
        expect![[r#"
        HTTP/1.1 200 OK
        content-type: text/plain
        content-length: 4
        connection: close

        body"#]],
    );
}

#[test]
fn reasons_cannot_split_a_response() {
    let split: fn(&Request) -> Response = |_| {
        let mut response = Response::new(StatusCode::OK);
        response.reason = Some("OK\r\nset-cookie: a=b".to_owned());
        response
    };
    check_answer(
        split,
        GET,
        expect![[r#"
        HTTP/1.1 200 OK
        content-length: 0
        connection: close

    "#]],
    );
    let own: fn(&Request) -> Response = |_| {
        let mut response = Response::new(StatusCode::OK);
        response.reason = Some("Très bien".to_owned());
        response
    };
    check_answer(
        own,
        GET,
        expect![[r#"
        HTTP/1.1 200 Très bien
        content-length: 0
        connection: close

    "#]],
    );
}

#[test]
fn a_panic_is_answered_and_kills_nothing() {
    let panics: fn(&Request) -> Response = |request| match request.uri.raw_path() {
        "/panic" => panic!("on purpose"),
        _ => Response::new(StatusCode::OK),
    };
    let server = serve_with(ConnectorOptions::default(), Answers(panics));
    let response = talk(&server, b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(status(&response), "500");
    assert!(response.contains("connection: close"), "{response}");
    assert_eq!(status(&talk(&server, GET.as_bytes())), "200");
}

#[test]
fn an_interim_status_cannot_end_a_request() {
    for status_code in [StatusCode::CONTINUE, StatusCode::SWITCHING_PROTOCOLS] {
        let server = serve_with(ConnectorOptions::default(), Interim(status_code));
        assert_eq!(status(&talk(&server, GET.as_bytes())), "502");
    }
}

struct Interim(StatusCode);

impl Handler for Interim {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        Ok(Response::new(self.0))
    }
}

#[test]
fn responses_are_compressed_for_those_who_take_it() {
    let long: fn(&Request) -> Response = |request| {
        let mut response = Response::text(StatusCode::OK, "text/plain", "abc".repeat(1000));
        response.headers.insert("etag", HeaderValue::from_static("\"1\""));
        match request.uri.raw_path() {
            "/short" => response.body = Body::from("abc"),
            "/image" => drop(response.headers.insert("content-type", HeaderValue::from_static("image/png"))),
            "/as-is" => {
                drop(response.headers.insert("cache-control", HeaderValue::from_static("no-transform")))
            }
            "/done" => drop(response.headers.insert("content-encoding", HeaderValue::from_static("br"))),
            "/events" => {
                drop(response.headers.insert("content-type", HeaderValue::from_static("text/event-stream")))
            }
            _ => {}
        }
        response
    };
    let options = ConnectorOptions { compression: Some(6), ..ConnectorOptions::default() };
    let server = serve_with(options, Answers(long));
    for (path, accepted, compressed) in [
        ("/", "gzip", true),
        ("/", "br, GZIP;q=0.5", true),
        ("/", "*", true),
        ("/", "gzip;q=0", false),
        ("/", "gzip;q=0, *", false),
        ("/", "br", false),
        ("/short", "gzip", false),
        ("/image", "gzip", false),
        ("/as-is", "gzip", false),
        ("/done", "gzip", false),
        ("/events", "gzip", false),
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {accepted}\r\nConnection: close\r\n\r\n"
        );
        let response = talk(&server, request.as_bytes());
        assert_eq!(response.contains("content-encoding: gzip\r\n"), compressed, "{path} {accepted}");
        assert_eq!(response.contains("etag: W/\"1\"\r\n"), compressed, "{path} {accepted}");
        assert_eq!(response.contains("vary: accept-encoding\r\n"), compressed, "{path} {accepted}");
        assert_eq!(response.len() < 1000, compressed || path == "/short", "{path} {accepted}");
    }
}

#[test]
fn compressed_bytes_are_the_same_bytes() {
    use std::io::Read;
    let long: fn(&Request) -> Response =
        |_| Response::text(StatusCode::OK, "application/json", "0123456789".repeat(50_000));
    let server =
        serve_with(ConnectorOptions { compression: Some(1), ..ConnectorOptions::default() }, Answers(long));
    let mut stream = connect(&server);
    stream.write_all(b"GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n").unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let body = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let mut text = String::new();
    flate2::read::GzDecoder::new(&response[body..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, "0123456789".repeat(50_000));
}
