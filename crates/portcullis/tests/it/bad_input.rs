//! Requests nobody should send: refused before anything of them reaches the origin.

use std::time::Duration;

use testbed::{Gateway, Upstream, upstream};

use crate::{gateway, proxy_route};

const ADMIN: &str = r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1" } ], "adminConnector": { "port": 0 },
                         "maxBodyLength": 1000 }"#;

fn start() -> (Gateway, Upstream) {
    let origin = upstream().get("/", "reached").start();
    (gateway().admin(ADMIN).route("all", &proxy_route(&origin.uri())).start(), origin)
}

/// Each request gets the status and a closed connection, and the origin sees nothing.
#[track_caller]
fn check(status: u16, requests: &[&str]) {
    let (gateway, origin) = start();
    for request in requests {
        let mut connection = gateway.client().connect();
        connection.send(request.as_bytes());
        let reply = connection.reply();
        assert_eq!(reply.status, status, "{request:?} is answered\n{reply}");
        assert_eq!(connection.read_to_end(), b"", "{request:?} is followed by more");
    }
    assert_eq!((origin.connections(), origin.requests().len()), (0, 0));
    assert_eq!(gateway.get("/").text(), "reached", "a good request still passes");
}

#[test]
fn a_malformed_request_is_a_400_and_closes() {
    check(
        400,
        &[
            "nonsense\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
        ],
    );
}

#[test]
fn a_body_that_can_be_framed_in_two_ways_is_a_400_and_closes() {
    check(
        400,
        &[
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ],
    );
}

#[test]
fn a_path_that_can_be_read_in_two_ways_is_a_400_and_closes() {
    check(
        400,
        &[
            "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a/%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a%252fb HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a%5cb HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /%c0%af HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
    );
}

#[test]
fn a_body_that_is_announced_too_large_is_a_413() {
    check(413, &["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"]);
}

#[test]
fn a_body_just_within_the_limit_passes() {
    let (gateway, origin) = start();
    assert_eq!(gateway.client().post("/", &[b'x'; 1000]).status, 200);
    assert_eq!(origin.only_request().body.len(), 1000);
}

#[test]
fn a_body_that_turns_out_too_large_is_a_413_and_never_a_request() {
    let (gateway, origin) = start();
    let mut connection = gateway.client().connect();
    connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001)).as_bytes());
    assert_eq!(connection.reply().status, 413);
    assert_eq!(connection.read_to_end(), b"");
    assert_eq!(origin.requests().len(), 0, "no complete request has reached the origin");
}

#[test]
fn fields_that_are_too_large_are_a_431() {
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(8192));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(200));
    check(431, &[&long, &many]);
}

#[test]
fn a_request_line_that_is_too_long_is_a_414() {
    check(414, &[&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(8192))]);
}

#[test]
fn a_head_that_never_ends_is_a_408() {
    let (gateway, origin) = start();
    let mut connection = gateway.client().connect();
    connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n");
    assert_eq!(connection.reply().status, 408);
    assert_eq!(origin.connections(), 0);
}

#[test]
fn what_follows_a_refused_request_is_not_read_as_another() {
    let (gateway, origin) = start();
    let mut connection = gateway.client().connect();
    connection.send(b"BAD\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(connection.reply().status, 400);
    assert_eq!(connection.read_to_end(), b"");
    testbed::pause(Duration::from_millis(100));
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn an_entity_that_overflows_the_temporary_storage_of_admin_json_is_a_413() {
    let storage = r#"{ "type": "TemporaryStorage", "config": { "initialLength": 10, "memoryLimit": 10, "fileLimit": 100 } }"#;
    let admin = format!(
        r#"{{ "connectors": [{{ "port": "&{{test.port|0}}", "host": "127.0.0.1" }}], "temporaryStorage": {storage} }}"#
    );
    let route = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "${request.entity.string}" } } }"#;
    let gateway = gateway().admin(&admin).route("all", route).start();
    for (length, status) in [(100, 200), (101, 413)] {
        let mut connection = gateway.client().connect();
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        connection.send(head.as_bytes());
        connection.send("x".repeat(length).as_bytes());
        assert_eq!(connection.reply().status, status, "{length}");
    }
}
