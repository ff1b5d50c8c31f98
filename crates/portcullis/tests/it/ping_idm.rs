//! The files of a PingIDM 8 installation, a test per promise of its chapter on connections.
//!
//! The files are those of the chapter, word for word; `boot.properties` chooses free ports.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use testbed::{Client, Gateway, GatewayBuilder, upstream};

use crate::{answer_route, gateway, proxy_route};

pub(crate) const HTTP: &str = r#"{
  "enabled": {
    "$bool": "&{openidm.http.enabled|true}"
  },
  "port": {
    "$int": "&{openidm.port.http|8080}"
  }
}"#;

const HTTP_BEHIND_A_LOAD_BALANCER: &str = r#"{
  "enabled": {
    "$bool": "&{openidm.http.enabled|true}"
  },
  "port": {
    "$int": "&{openidm.port.http|8080}"
  },
  "proxyLoadBalancerConnection": true
}"#;

const PAYLOAD: &str = r#"{
    "classPathURLs" : [ ],
    "systemProperties" : { },
    "requestAttributes" : { },
    "scriptExtensions" : { },
    "initParams" : {
        "maxRequestSizeInMegabytes" : 5
    },
    "urlPatterns" : [
        "/*"
    ],
    "filterClass" : "org.forgerock.openidm.jetty.LargePayloadServletFilter"
}"#;

/// Ports that are free, whatever else runs.
const FREE_PORTS: &str = "openidm.port.http=0\nopenidm.port.https=0\nopenidm.port.mutualauth=0\n";

/// An installation with these properties and listeners, and nothing else that listens.
pub(crate) fn installation(properties: &str, listeners: &[(&str, &str)]) -> GatewayBuilder {
    let mut builder = gateway()
        .admin(r#"{ "adminConnector": { "port": 0, "host": "127.0.0.1" } }"#)
        .file("resolver/boot.properties", &format!("{FREE_PORTS}{properties}"));
    for (name, text) in listeners {
        builder = builder.file(&format!("conf/webserver.listener-{name}.json"), text);
    }
    builder
}

/// A client of a port of the gateway.
fn client(gateway: &Gateway, index: usize) -> Client {
    Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, gateway.ports()[index])))
}

#[test]
fn a_listener_is_opened_unless_it_is_disabled() {
    let http = [("http", HTTP)];
    let opened = installation("", &http).route("all", &answer_route("hello")).start();
    assert_eq!(opened.ports().len(), 1);
    assert_eq!(client(&opened, 0).get("/").text(), "hello");

    let refused = installation("openidm.http.enabled=false\n", &http).run();
    assert_eq!(refused.code(), Some(1));
    assert!(refused.output.contains("is disabled, so nothing would listen"), "{}", refused.output);

    let of_the_environment = installation("openidm.http.enabled=false\n", &http)
        .env("OPENIDM_HTTP_ENABLED", "true")
        .route("all", &answer_route("hello"))
        .start();
    assert_eq!(client(&of_the_environment, 0).get("/").text(), "hello");
}

/// Sends a body of this many bytes, with its length first or in chunks, and yields the status.
fn post(gateway: &Gateway, length: usize, is_chunked: bool) -> u16 {
    let mut connection = client(gateway, 0).connect();
    let framing = if is_chunked {
        "Transfer-Encoding: chunked".to_owned()
    } else {
        format!("Content-Length: {length}")
    };
    connection.send(format!("POST /upload HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n").as_bytes());
    let body = vec![b'x'; length];
    if !is_chunked {
        connection.send(&body);
        return connection.reply().status;
    }
    for chunk in body.chunks(60_000) {
        connection.send(format!("{:x}\r\n", chunk.len()).as_bytes());
        connection.send(chunk);
        connection.send(b"\r\n");
    }
    connection.send(b"0\r\n\r\n");
    connection.reply().status
}

#[test]
fn a_body_of_more_than_5_megabytes_is_a_413_and_no_request_at_the_origin() {
    let origin = upstream().get("/upload", "taken").start();
    let gateway = installation("", &[("http", HTTP)])
        .file("conf/servletfilter-payload.json", PAYLOAD)
        .route("all", &proxy_route(&origin.uri()))
        .start();
    let megabytes = 5 * 1024 * 1024;
    for is_chunked in [false, true] {
        assert_eq!(post(&gateway, megabytes, is_chunked), 200);
        assert_eq!(post(&gateway, megabytes + 1, is_chunked), 413);
    }
    assert_eq!(origin.requests().len(), 2, "what is refused never looks complete");
}

#[test]
fn the_limit_can_be_changed() {
    let origin = upstream().get("/upload", "taken").start();
    let gateway = installation("", &[("http", HTTP)])
        .file("conf/servletfilter-payload.json", &PAYLOAD.replace(": 5", ": 1"))
        .route("all", &proxy_route(&origin.uri()))
        .start();
    for is_chunked in [false, true] {
        assert_eq!(post(&gateway, 1024 * 1024, is_chunked), 200);
        assert_eq!(post(&gateway, 1024 * 1024 + 1, is_chunked), 413);
    }
}

#[test]
fn a_body_without_end_is_refused_as_soon_as_it_exceeds_the_limit() {
    let origin = upstream().get("/upload", "taken").start();
    let gateway = installation("", &[("http", HTTP)]).route("all", &proxy_route(&origin.uri())).start();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway.ports()[0])).unwrap();
    stream.write_all(b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    // The gateway stops taking in more; otherwise this would go on for ever.
    let taken = (0..1_000).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!(taken < 500, "{taken} chunks were taken");
    assert_eq!(origin.requests().len(), 0);
}

/// The status of a request with these fields.
fn ask(gateway: &Gateway, method: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
    client(gateway, 0).send(method, path, fields, b"").status
}

#[test]
fn the_filter_against_forgery_wants_the_cookie_as_a_token() {
    let properties = "openidm.csrfFilter.enabled=true\n\
                      openidm.csrfFilter.pathWhitelistCSV=/openidm/example,/openidm/my-project\n";
    let gateway = installation(properties, &[("http", HTTP)]).route("all", &answer_route("in")).start();
    let cookie = ("Cookie", "session-jwt=eyJ.a.b");
    for method in ["GET", "POST", "DELETE"] {
        assert_eq!(ask(&gateway, method, "/openidm/x", &[cookie, ("X-CSRF-Token", "eyJ.a.b")]), 200);
        assert_eq!(ask(&gateway, method, "/openidm/x", &[cookie]), 403);
        assert_eq!(ask(&gateway, method, "/openidm/x", &[cookie, ("X-CSRF-Token", "eyJ.a.c")]), 403);
        assert_eq!(ask(&gateway, method, "/openidm/example", &[cookie]), 200);
        assert_eq!(ask(&gateway, method, "/openidm/my-project/a", &[]), 200);
        assert_eq!(ask(&gateway, method, "/openidm/my-projects", &[cookie]), 403);
    }
    assert_eq!(ask(&gateway, "POST", "/openidm/x", &[]), 403);
    assert_eq!(ask(&gateway, "GET", "/openidm/x", &[]), 200);
}

#[test]
fn the_filter_against_forgery_takes_another_cookie_and_is_off_by_default() {
    let properties = "openidm.csrfFilter.enabled=true\nopenidm.csrfFilter.authCookieName=sid\n";
    let gateway = installation(properties, &[("http", HTTP)]).route("all", &answer_route("in")).start();
    assert_eq!(ask(&gateway, "POST", "/", &[("Cookie", "sid=1"), ("X-CSRF-Token", "1")]), 200);
    assert_eq!(ask(&gateway, "POST", "/", &[("Cookie", "session-jwt=1"), ("X-CSRF-Token", "1")]), 403);
    let gateway = installation("", &[("http", HTTP)]).route("all", &answer_route("in")).start();
    assert_eq!(ask(&gateway, "POST", "/", &[("Cookie", "session-jwt=1")]), 200);
}

/// Answers with the address that the gateway believes its client to have.
const TELL: &str = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
    "entity": "${contexts.client.remoteAddress}" } } }"#;

#[test]
fn a_load_balancer_is_believed_only_when_it_is_listed() {
    let seen = |properties: &str, listener: &str| {
        let gateway = installation(properties, &[("http", listener)]).route("tell", TELL).start();
        let reply = client(&gateway, 0).send("GET", "/", &[("X-Forwarded-For", "203.0.113.9")], b"");
        (reply.text(), gateway.log().contains("no load balancer is listed"))
    };
    let believed = seen("openidm.trustedProxies=127.0.0.1\n", HTTP_BEHIND_A_LOAD_BALANCER);
    assert_eq!(believed, ("203.0.113.9".to_owned(), false));
    assert_eq!(seen("", HTTP_BEHIND_A_LOAD_BALANCER), ("127.0.0.1".to_owned(), true));
    let elsewhere = seen("openidm.trustedProxies=10.0.0.0/8\n", HTTP_BEHIND_A_LOAD_BALANCER);
    assert_eq!(elsewhere, ("127.0.0.1".to_owned(), false));
    assert_eq!(seen("openidm.trustedProxies=127.0.0.1\n", HTTP), ("127.0.0.1".to_owned(), false));
}

#[test]
fn a_changed_listener_is_said_to_need_a_restart() {
    let gateway = installation("", &[("http", HTTP)]).env("IG_ROUTER_SCAN_INTERVAL", "100 ms").start();
    gateway.folder().write("conf/webserver.listener-http.json", &HTTP.replace("8080", "8081"));
    gateway.wait_for_log("a file of listeners has changed");
}
