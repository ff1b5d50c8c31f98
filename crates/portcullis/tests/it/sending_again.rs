//! `retries` and `circuitBreaker` of the handlers, against origins that fail so many times.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use testbed::{Gateway, Message, Upstream, Wire, upstream};

use crate::gateway;

/// A gateway with one handler of this configuration, and an origin that runs `fail` for its first `failures`
/// requests and answers the rest with `ok`.
fn start(
    object_type: &str,
    config: &str,
    failures: usize,
    fail: impl Fn(&mut Wire) + Send + Sync + 'static,
) -> (Gateway, Upstream) {
    let served = AtomicUsize::new(0);
    let answer = move |_: &Message, wire: &mut Wire| {
        if served.fetch_add(1, Ordering::SeqCst) < failures {
            fail(wire);
        } else {
            wire.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    };
    let origin = upstream().on("*", answer).start();
    let route = route(&origin.uri(), object_type, config);
    (gateway().route("all", &route).start(), origin)
}

fn route(origin: &str, object_type: &str, config: &str) -> String {
    format!(
        r#"{{ "baseURI": "{origin}",
              "handler": {{ "name": "out", "type": "{object_type}", "config": {config} }} }}"#
    )
}

const PROXY: &str = "ReverseProxyHandler";
const THREE_TIMES: &str = r#"{ "retries": { "count": 3, "delay": "1 ms" } }"#;

fn close(wire: &mut Wire) {
    wire.close();
}

fn unavailable(wire: &mut Wire) {
    wire.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy");
}

#[test]
fn an_idempotent_request_is_sent_again() {
    let (gateway, origin) = start(PROXY, THREE_TIMES, 3, close);
    assert_eq!(gateway.get("/").text(), "ok");
    assert_eq!(origin.requests().len(), 4);
}

#[test]
fn so_often_and_no_more() {
    let (gateway, origin) = start(PROXY, THREE_TIMES, 4, close);
    assert_eq!(gateway.get("/").status, 502);
    assert_eq!(origin.requests().len(), 4);
    gateway.wait_for_log("All attempts have failed.");
}

#[test]
fn without_retries_it_is_sent_once() {
    for config in [
        "{}",
        r#"{ "retries": { "enabled": false, "count": 3 } }"#,
        r#"{ "retries": { "count": 0 } }"#,
        r#"{ "disableRetries": true, "retries": { "count": 3 } }"#,
    ] {
        let (gateway, origin) = start(PROXY, config, 1, close);
        assert_eq!(gateway.get("/").status, 502, "{config}");
        assert_eq!(origin.requests().len(), 1, "{config}");
    }
}

#[test]
fn a_request_that_may_have_done_something_is_not_sent_again_unless_that_is_wanted() {
    let (gateway, origin) = start(PROXY, THREE_TIMES, 3, close);
    assert_eq!(gateway.client().post("/", b"order").status, 502);
    assert_eq!(origin.requests().len(), 1);

    let wanted = r#"{ "retries": { "count": 3, "delay": "1 ms", "runtimeExceptionCondition":
        "${request.headers['idempotency-key'][0] == request.entity.string}" } }"#;
    let (gateway, origin) = start(PROXY, wanted, 3, close);
    assert_eq!(gateway.client().post("/", b"order").status, 502);
    assert_eq!(origin.requests().len(), 1);
    let reply = gateway.client().send("POST", "/", &[("Idempotency-Key", "order")], b"order");
    assert_eq!(reply.text(), "ok");
    let bodies: Vec<String> = origin.requests().iter().map(Message::text).collect();
    assert_eq!(bodies, ["order", "order", "order", "order"]);
}

#[test]
fn a_streamed_body_is_sent_again_whole() {
    let (gateway, origin) = start(PROXY, THREE_TIMES, 2, close);
    let mut connection = gateway.client().connect();
    connection.send(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n");
    connection.send(b"5\r\npedia\r\n0\r\n\r\n");
    assert_eq!(connection.reply().text(), "ok");
    let bodies: Vec<String> = origin.requests().iter().map(Message::text).collect();
    assert_eq!(bodies, ["wikipedia", "wikipedia", "wikipedia"]);
}

#[test]
fn a_body_beyond_the_storage_is_refused() {
    let origin = upstream().get("/", "ok").start();
    let storage = r#"{ "heap": [ { "name": "TemporaryStorage", "type": "TemporaryStorage",
        "config": { "initialLength": 8, "memoryLimit": 8, "fileLimit": 16 } } ],
        "handler": { "type": "Router" } }"#;
    let gateway = gateway().config(storage).route("all", &route(&origin.uri(), PROXY, THREE_TIMES)).start();
    assert_eq!(gateway.client().post("/", &[b'x'; 16]).status, 200);
    assert_eq!(gateway.client().post("/", &[b'x'; 17]).status, 413);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn an_answer_is_a_reason_when_the_condition_says_so() {
    let config = r#"{ "retries": { "count": 3, "delay": "1 ms", "condition":
        "${response.status.code == 503 and response.entity.string == 'busy'}" } }"#;
    let (gateway, origin) = start(PROXY, config, 3, unavailable);
    assert_eq!(gateway.client().post("/", b"a").text(), "ok");
    assert_eq!(origin.requests().len(), 4);
    // The last answer stands when none is better.
    let (gateway, origin) = start(PROXY, config, 4, unavailable);
    let reply = gateway.client().post("/", b"a");
    assert_eq!((reply.status, reply.text().as_str()), (503, "busy"));
    assert_eq!(origin.requests().len(), 4);
    // Without a condition an answer is an answer.
    let (gateway, origin) = start(PROXY, THREE_TIMES, 1, unavailable);
    assert_eq!(gateway.get("/").status, 503);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn what_never_reached_the_origin_is_sent_again_whatever_its_method() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = r#"{ "retries": { "count": 1000, "delay": "20 ms" } }"#;
    let gateway = gateway().route("all", &route(&format!("http://{address}"), PROXY, config)).start();
    thread::scope(|scope| {
        let posted = scope.spawn(|| gateway.client().post("/", b"order").text());
        testbed::pause(Duration::from_millis(100));
        let origin = TcpListener::bind(address).unwrap();
        let (mut stream, _) = origin.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").unwrap();
        assert_eq!(posted.join().unwrap(), "done");
    });
}

#[test]
fn nothing_is_sent_for_a_client_that_has_left() {
    let config = r#"{ "retries": { "count": 1000, "delay": "20 ms" } }"#;
    let (gateway, origin) = start(PROXY, config, usize::MAX, close);
    let client = TcpStream::connect(gateway.address()).unwrap();
    std::io::Write::write_all(&mut &client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    testbed::eventually("it is sent again", || (origin.requests().len() > 2).then_some(()));
    drop(client);
    testbed::eventually("it is not sent any more", || {
        let before = origin.requests().len();
        testbed::pause(Duration::from_millis(200));
        (origin.requests().len() == before).then_some(())
    });
}

#[test]
fn an_upgrade_is_not_sent_again() {
    let config = r#"{ "websocket": { "enabled": true },
        "retries": { "count": 3, "delay": "1 ms", "runtimeExceptionCondition": "${true}" } }"#;
    let (gateway, origin) = start(PROXY, config, 3, close);
    let fields = [("Connection", "upgrade"), ("Upgrade", "websocket")];
    assert_eq!(gateway.client().send("GET", "/", &fields, b"").status, 502);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_client_handler_sends_again_too() {
    let (gateway, origin) = start("ClientHandler", THREE_TIMES, 3, close);
    assert_eq!(gateway.get("/").text(), "ok");
    assert_eq!(origin.requests().len(), 4);
    let (gateway, _origin) = start("ClientHandler", THREE_TIMES, 4, close);
    assert_eq!(gateway.get("/").status, 500);
}

#[test]
fn a_breaker_counts_attempts_and_ends_the_retries() {
    let config = r#"{ "retries": { "count": 5, "delay": "1 ms" },
        "circuitBreaker": { "maxFailures": 2, "openDuration": "400 ms", "slidingCounter": { "size": 3 } } }"#;
    let (gateway, origin) = start(PROXY, config, 2, close);
    let reply = gateway.get("/");
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("1")));
    assert_eq!(origin.requests().len(), 2);
    assert_eq!(gateway.get("/").status, 503);
    testbed::eventually("the trial is answered", || (gateway.get("/").status == 200).then_some(()));
    assert_eq!(origin.requests().len(), 3);
    assert_eq!(gateway.get("/").status, 200);
    let log = gateway.log();
    for change in ["The circuit opens", "One request is let through", "The circuit closes"] {
        assert_eq!(log.matches(change).count(), 1, "{change}:\n{log}");
    }
    assert!(!log.contains("is open"), "{log}");
}

#[test]
fn a_breaker_may_count_answers_and_answer_by_a_handler() {
    let config = r#"{ "circuitBreaker": { "maxFailures": 1, "openDuration": "1 day",
        "slidingCounter": { "size": 2 }, "failureCondition": "${response.status.code == 503}",
        "openHandler": { "type": "StaticResponseHandler", "config": { "status": 418 } } } }"#;
    let (gateway, origin) = start(PROXY, config, 1, unavailable);
    assert_eq!(gateway.get("/").status, 503);
    assert_eq!(gateway.get("/").status, 418);
    assert_eq!(origin.requests().len(), 1);
    // The faults of an open circuit are our own doing for who asked the gateway for something else.
    let config = r#"{ "circuitBreaker": { "maxFailures": 1, "openDuration": "1 day",
        "slidingCounter": { "size": 2 } } }"#;
    let (gateway, origin) = start("ClientHandler", config, 1, close);
    assert_eq!((gateway.get("/").status, gateway.get("/").status), (500, 500));
    assert_eq!(origin.requests().len(), 1);
}
