//! The sample application over real sockets.

use std::net::{IpAddr, Ipv4Addr};

use testbed::Client;

use super::{Ports, start};

/// Sends a request and compares the status, and a part of the answer.
fn check(request: &str, status: u16, part: &str) {
    let ports = Ports { http: 0, https: None, client_auth: None };
    let application = start(IpAddr::V4(Ipv4Addr::LOCALHOST), ports).unwrap();
    let reply = Client::new(application.http).send_text(request);
    assert_eq!(reply.status, status, "{reply}");
    assert!(reply.to_string().contains(part), "`{part}` is not in:\n{reply}");
}

#[test]
fn shows_the_request_it_received_and_escapes_it() {
    check("GET /any/path?a=1 HTTP/1.1\r\nhost: app\r\n\r\n", 200, "<td>/any/path?a=1</td>");
    check(
        "GET / HTTP/1.1\r\nhost: app\r\nx-test: <b>&\r\n\r\n",
        200,
        "<th>x-test</th><td>&lt;b&gt;&amp;</td>",
    );
    check("POST / HTTP/1.1\r\nhost: app\r\ncontent-length: 8\r\n\r\n<script>", 200, "&lt;script&gt;</pre>");
}

#[test]
fn head_describes_what_get_would_answer() {
    check("HEAD /css/style.css HTTP/1.1\r\nhost: app\r\n\r\n", 200, "content-length: ");
    check("HEAD /large?bytes=123 HTTP/1.1\r\nhost: app\r\n\r\n", 200, "content-length: 123");
}

#[test]
fn logs_in_the_one_user_it_knows() {
    let attempt = |form: &str, status, part: &str| {
        let head = "POST /login HTTP/1.1\r\nhost: app\r\ncontent-length:";
        check(&format!("{head} {}\r\n\r\n{form}", form.len()), status, part);
    };
    attempt("username=demo&password=Ch4ng31t", 200, "Welcome, demo");
    attempt("username=d%65mo&password=Ch4ng31t", 200, "Welcome, demo");
    attempt("username=demo&password=wrong", 401, "is wrong");
    attempt("", 401, "is wrong");
    check("GET /login HTTP/1.1\r\nhost: app\r\n\r\n", 200, "<form method=\"post\"");
    check("PUT /login HTTP/1.1\r\nhost: app\r\ncontent-length: 0\r\n\r\n", 405, "allow: GET, HEAD, POST");
}

#[test]
fn sends_events_and_downloads_of_the_length_asked_for() {
    check("GET /events?count=2&interval=1 HTTP/1.1\r\nhost: app\r\n\r\n", 200, "id: 2\ndata: tick 2\n\n");
    check("GET /large?bytes=65 HTTP/1.1\r\nhost: app\r\n\r\n", 200, "XYZ-\n0");
    check("GET /slow?ms=1 HTTP/1.1\r\nhost: app\r\n\r\n", 200, "waited 1ms");
    check("POST /upload HTTP/1.1\r\nhost: app\r\ncontent-length: 3\r\n\r\nabc", 200, "3 bytes");
}

#[test]
fn answers_json_with_what_it_received() {
    check(
        "GET /json?q HTTP/1.1\r\nhost: app\r\nx-a: 1\r\nx-a: 2\r\n\r\n",
        200,
        "\"x-a\": [\n      \"1\",\n      \"2\"\n    ]",
    );
}

#[test]
fn speaks_websocket_only_to_those_who_ask_properly() {
    check("GET /ws HTTP/1.1\r\nhost: app\r\n\r\n", 426, "sec-websocket-version: 13");
    check(
        "GET /ws HTTP/1.1\r\nhost: app\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        101,
        "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    );
}
