//! What must not wait: events, uploads, upgrades, interim answers.

use std::time::Duration;

use testbed::upstream;

use crate::sample_app::SampleApp;
use crate::{gateway, proxy_route, websocket_route};

/// The head of a WebSocket's handshake.
const HANDSHAKE: &[u8] = b"GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[test]
fn a_websocket_echoes_through_the_gateway() {
    let application = SampleApp::start();
    let gateway = gateway().route("all", &websocket_route(&application.uri())).start();
    let mut socket = gateway.client().websocket("/ws");
    for text in ["one", "two", &"long ".repeat(20_000)] {
        socket.send_text(text);
        assert_eq!(socket.read_text(), text);
    }
    socket.send_close(1000);
    assert_eq!(socket.read_close(), Some(1000));
}

#[test]
fn bytes_that_follow_the_upgrade_at_once_are_not_lost() {
    let origin = upstream()
        .on("/up", |request, wire| {
            assert_eq!(request.field("upgrade"), Some("websocket"));
            wire.write(format!("{ACCEPTED}hello"));
            let heard = wire.read(4);
            wire.write(heard);
            wire.close();
        })
        .start();
    let gateway = gateway().route("all", &websocket_route(&origin.uri())).start();
    let mut connection = gateway.client().connect();
    connection.send(&[HANDSHAKE, b"ping"].concat());
    assert_eq!(connection.reply().status, 101);
    assert_eq!(connection.read_to_end(), b"helloping");
}

#[test]
fn a_refused_upgrade_is_an_ordinary_answer() {
    let origin = upstream().get("/up", "no").start();
    let gateway = gateway().route("all", &websocket_route(&origin.uri())).start();
    let mut connection = gateway.client().connect();
    connection.send(HANDSHAKE);
    assert_eq!(connection.reply().text(), "no");
    assert_eq!(connection.get("/up").text(), "no");
}

#[test]
fn an_upgrade_that_is_not_allowed_is_not_passed_on() {
    let check = |route: &dyn Fn(&str) -> String, protocol: &str| {
        let origin = upstream().get("/up", "plain").start();
        let gateway = gateway().route("all", &route(&origin.uri())).start();
        let mut connection = gateway.client().connect();
        let head =
            format!("GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n");
        connection.send(head.as_bytes());
        assert_eq!(connection.reply().text(), "plain");
        assert_eq!(origin.only_request().field("upgrade"), None, "{protocol}");
    };
    check(&proxy_route, "websocket");
    check(&proxy_route, "something");
    check(&websocket_route, "h2c");
    check(&websocket_route, "TLS/1.3");
}

#[test]
fn events_arrive_one_by_one() {
    let origin = upstream()
        .on("/events", |_, wire| {
            wire.write(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            );
            wire.write("d\r\ndata: first\n\n\r\n");
            // The second event follows only after the client has had the first and asked for more.
            wire.pause(Duration::from_millis(100));
            while !wire.is_closed() {
                wire.write("e\r\ndata: second\n\n\r\n");
                wire.pause(Duration::from_millis(100));
            }
        })
        .start();
    let gateway = gateway().route("all", &proxy_route(&origin.uri())).start();
    let mut connection = gateway.client().connect();
    connection.request("GET", "/events", &[], b"");
    let head = connection.head();
    assert_eq!(head.field("content-type"), Some("text/event-stream"));
    connection.read_until("data: first\n\n");
    connection.read_until("data: second\n\n");
}

#[test]
fn a_request_body_is_passed_on_while_it_arrives() {
    let application = SampleApp::start();
    let gateway = gateway().route("all", &proxy_route(&application.uri())).start();
    // The origin answers before the body has ended, and the client gets to know.
    let mut connection = gateway.client().connect();
    connection.send(b"POST /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nonly the beginning");
    assert_eq!(connection.reply().status, 426);
}

#[test]
fn a_client_that_waits_for_100_gets_it_when_the_body_is_wanted() {
    let application = SampleApp::start();
    let gateway = gateway().route("all", &proxy_route(&application.uri())).start();
    let mut connection = gateway.client().connect();
    connection.send(b"POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(connection.reply().status, 100);
    connection.send(b"hello");
    assert_eq!(connection.reply().text(), "5 bytes\n");
}

#[test]
fn a_client_that_leaves_ends_the_request_at_the_origin() {
    let origin = upstream()
        .on("/endless", |_, wire| {
            wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while !wire.is_closed() {
                wire.write("1\r\nx\r\n");
                wire.pause(Duration::from_millis(5));
            }
        })
        .get("/", "well")
        .start();
    let gateway = gateway().route("all", &proxy_route(&origin.uri())).start();
    let mut connection = gateway.client().connect();
    connection.request("GET", "/endless", &[], b"");
    connection.read_until("1\r\nx\r\n");
    drop(connection);
    // The endless answer must not be kept for the next client.
    assert_eq!(gateway.get("/").text(), "well");
    assert_eq!(origin.connections(), 2);
}
