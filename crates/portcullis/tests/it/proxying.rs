//! What arrives at the origin, and what comes back.

use std::time::Duration;

use testbed::{Gateway, Upstream, UpstreamBuilder, upstream};

use crate::{gateway, proxy_route};

/// A gateway in front of an origin.
fn before(origin: UpstreamBuilder) -> (Gateway, Upstream) {
    let origin = origin.start();
    let gateway = gateway().route("all", &proxy_route(&origin.uri())).start();
    (gateway, origin)
}

fn ok(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}

#[test]
fn method_target_fields_and_body_arrive_as_they_were_sent() {
    let (gateway, origin) = before(upstream().answer("/a/b%20c", &ok("seen")));
    let fields = [("X-Custom", "one"), ("X-Custom", "two"), ("Content-Type", "text/plain")];
    let reply = gateway.client().send("PATCH", "/a/b%20c?q=1&r=%C3%A4", &fields, b"some text");
    assert_eq!((reply.status, reply.text().as_str()), (200, "seen"));
    let request = origin.only_request();
    assert_eq!(request.first_line, "PATCH /a/b%20c?q=1&r=%C3%A4 HTTP/1.1");
    assert_eq!(request.values("x-custom").collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(request.field("content-type"), Some("text/plain"));
    assert_eq!(request.field("content-length"), Some("9"));
    // The name the client used; `baseURI` changes where the request goes, not what it asks for.
    assert_eq!(request.field("host"), Some(gateway.address().to_string().as_str()));
    assert_eq!(request.text(), "some text");
}

#[test]
fn status_reason_fields_and_body_come_back_as_they_were_sent() {
    let answer =
        "HTTP/1.1 299 Quite Good\r\nContent-Length: 4\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nbody";
    let (gateway, _origin) = before(upstream().answer("/", answer));
    let reply = gateway.get("/");
    assert_eq!(reply.first_line, "HTTP/1.1 299 Quite Good");
    assert_eq!(reply.values("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(reply.text(), "body");
}

#[test]
fn chunked_bodies_pass_both_ways_with_trailers() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-End: yes\r\n\r\n";
    let (gateway, origin) = before(upstream().answer("/chunks", answer));
    let mut connection = gateway.client().connect();
    connection.send(b"POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n");
    connection.send(b"5\r\npedia\r\n0\r\n\r\n");
    let reply = connection.reply();
    assert_eq!(reply.text(), "abcde");
    assert_eq!(reply.trailers, [("x-end".to_owned(), "yes".to_owned())]);
    let request = origin.only_request();
    assert_eq!(request.field("transfer-encoding"), Some("chunked"));
    assert_eq!(request.text(), "wikipedia");
    // The connection has survived both.
    connection.send(b"GET /chunks HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(connection.reply().text(), "abcde");
}

#[test]
fn a_large_body_passes_both_ways_whole() {
    let application = crate::sample_app::SampleApp::start();
    let gateway = gateway().route("all", &proxy_route(&application.uri())).start();
    let body = vec![b'x'; 10 * 1024 * 1024];
    assert_eq!(gateway.client().post("/upload", &body).text(), "10485760 bytes\n");
    let reply = gateway.get("/large?bytes=10485760");
    let line = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";
    assert_eq!(reply.body.len(), 10 * 1024 * 1024);
    assert!(reply.body.chunks(64).all(|chunk| chunk == line));
}

#[test]
fn head_and_other_answers_without_a_body_keep_the_connection() {
    let (gateway, _origin) = before(
        upstream()
            .answer("/", &ok("five!"))
            .answer("/204", "HTTP/1.1 204 No Content\r\n\r\n")
            .answer("/304", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"),
    );
    let mut connection = gateway.client().connect();
    connection.request("HEAD", "/", &[], b"");
    let reply = connection.reply_to("HEAD");
    assert_eq!((reply.status, reply.field("content-length")), (200, Some("5")));
    assert_eq!(connection.get("/204").status, 204);
    assert_eq!(connection.get("/304").field("etag"), Some("\"x\""));
    assert_eq!(connection.get("/").text(), "five!");
}

#[test]
fn fields_of_one_connection_end_at_the_gateway() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Stays: 1\r\n\r\n";
    let (gateway, origin) = before(upstream().answer("/", answer));
    let fields = [
        ("Connection", "keep-alive, X-Drop"),
        ("X-Drop", "1"),
        ("Keep-Alive", "300"),
        ("TE", "trailers"),
        ("Proxy-Connection", "keep-alive"),
        ("X-Stays", "1"),
    ];
    let reply = gateway.client().send("GET", "/", &fields, b"");
    let request = origin.only_request();
    for name in ["connection", "x-drop", "keep-alive", "te", "proxy-connection"] {
        assert_eq!(request.field(name), None, "{request}");
    }
    for name in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(reply.field(name), None, "{reply}");
    }
    assert_eq!((request.field("x-stays"), reply.field("x-stays")), (Some("1"), Some("1")));
}

#[test]
fn what_a_client_claims_about_earlier_proxies_is_not_passed_on() {
    let (gateway, origin) = before(upstream().answer("/", &ok("")));
    let fields = [
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Proto", "https"),
        ("X_Forwarded_For", "10.0.0.2"),
        ("Forwarded", "for=10.0.0.3"),
        ("X-Real-IP", "10.0.0.4"),
    ];
    gateway.client().send("GET", "/", &fields, b"");
    let request = origin.only_request();
    assert!(!request.to_string().contains("10.0.0."), "{request}");
}

#[test]
fn the_origin_learns_who_asked_for_what() {
    let (gateway, origin) = before(upstream().answer("/", &ok("")));
    gateway.client().send("GET", "/", &[("Host", "front.example.com")], b"");
    let request = origin.only_request();
    let field = |name: &str| request.values(name).collect::<Vec<_>>().join(" and ");
    assert_eq!(field("host"), "front.example.com");
    assert_eq!(field("x-forwarded-for"), "127.0.0.1");
    assert_eq!(field("x-forwarded-proto"), "http");
    assert_eq!(field("x-forwarded-host"), "front.example.com");
    assert_eq!(field("via"), "1.1 portcullis");
}

#[test]
fn what_a_trusted_proxy_says_is_passed_on_and_believed() {
    let origin = upstream().answer("/", &ok("")).start();
    let admin = r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1", "trustedProxies": ["127.0.0.0/8"] } ],
                     "adminConnector": { "port": 0 } }"#;
    let route = format!(
        r#"{{ "baseURI": "{}", "handler": {{ "type": "Chain", "config": {{
             "filters": [ {{ "type": "HeaderFilter", "config": {{ "messageType": "REQUEST",
                              "add": {{ "X-Client": ["${{contexts.client.remoteAddress}}"] }} }} }} ],
             "handler": "ReverseProxyHandler" }} }} }}"#,
        origin.uri()
    );
    let gateway = gateway().admin(admin).route("all", &route).start();
    gateway.client().send("GET", "/", &[("X-Forwarded-For", "192.0.2.7")], b"");
    assert_eq!(origin.only_request().field("x-client"), Some("192.0.2.7"));
}

#[test]
fn redirects_lead_back_to_the_gateway_wherever_the_base_is_set() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://origin.example/b\r\nContent-Length: 0\r\n\r\n";
    let origin = upstream().answer("/a", redirect).start();
    let chain = r#"{ "type": "Chain", "config": {
        "filters": [{ "type": "LocationHeaderFilter" }], "handler": "ReverseProxyHandler" } }"#;
    let router = r#"{ "type": "Router" }"#;
    for (inner, handler) in [(None, chain), (Some(chain), router)] {
        let config = format!(r#"{{ "handler": {handler}, "baseURI": "{}" }}"#, origin.uri());
        let mut builder = gateway().config(&config);
        if let Some(inner) = inner {
            builder = builder.route("all", &format!(r#"{{ "handler": {inner} }}"#));
        }
        let gateway = builder.start();
        let reply = gateway.client().get("/a");
        let expected = format!("http://{}", gateway.address());
        assert!(reply.field("location").unwrap().starts_with(&expected), "{:?}", reply.field("location"));
    }
}

#[test]
fn an_origin_that_is_not_there_is_a_502() {
    let closed = upstream().start().uri();
    let gateway = gateway().route("all", &proxy_route(&closed)).start();
    let reply = gateway.get("/");
    assert_eq!(reply.status, 502, "{reply}");
    assert!(reply.text().contains("Transaction "), "{reply}");
    let port = closed.rsplit(':').next().unwrap();
    assert!(!reply.text().contains(port), "the client learns nothing of the origin: {reply}");
    gateway.wait_for_log(port);
}

#[test]
fn an_origin_that_is_silent_is_a_504() {
    let origin = upstream().on("/", |_, wire| wire.pause(Duration::from_secs(3))).start();
    let route = format!(
        r#"{{ "baseURI": "{}",
              "handler": {{ "type": "ReverseProxyHandler", "config": {{ "soTimeout": "300 ms" }} }} }}"#,
        origin.uri()
    );
    let gateway = gateway().route("all", &route).start();
    let reply = gateway.get("/");
    assert_eq!(reply.status, 504, "{reply}");
}

#[test]
fn an_origin_that_does_not_speak_http_is_a_502() {
    let check = |answer: &str| {
        let (gateway, _origin) = before(upstream().on("/", {
            let answer = answer.to_owned();
            move |_, wire| {
                wire.write(&answer);
                wire.close();
            }
        }));
        assert_eq!(gateway.get("/").status, 502, "{answer:?}");
    };
    check("");
    check("220 mail.example.com ESMTP\r\n");
    check("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab");
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

#[test]
fn an_answer_that_breaks_off_never_looks_complete() {
    let (gateway, _origin) = before(upstream().on("/", |_, wire| {
        wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        wire.close();
    }));
    let mut connection = gateway.client().connect();
    connection.request("GET", "/", &[], b"");
    let rest = String::from_utf8_lossy(&connection.read_to_end()).into_owned();
    assert!(!rest.contains("0\r\n\r\n"), "{rest:?}");
}

#[test]
fn connections_to_the_origin_are_used_again() {
    let (gateway, origin) = before(upstream().answer("/", &ok("x")));
    let mut connection = gateway.client().connect();
    for _ in 0..20 {
        assert_eq!(connection.get("/").status, 200);
    }
    assert_eq!((origin.requests().len(), origin.connections()), (20, 1));
}

#[test]
fn a_connection_that_the_origin_has_closed_is_replaced() {
    let (gateway, origin) = before(upstream().on("/", |_, wire| {
        wire.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        // Without a word, as an origin does whose idle time is over.
        wire.close();
    }));
    for _ in 0..5 {
        assert_eq!(gateway.get("/").status, 200);
        testbed::pause(Duration::from_millis(20));
    }
    assert_eq!(origin.requests().len(), 5);
}

#[test]
fn a_filter_that_panics_or_fails_ends_one_request_only() {
    let gateway = gateway()
        .route(
            "broken",
            r#"{ "condition": "${request.uri.path == '/broken'}",
                              "handler": { "type": "StaticRequestFilter" } }"#,
        )
        .route("well", &crate::answer_route("well"))
        .start();
    // A route that cannot be loaded is closed, and the others run.
    assert_eq!(gateway.get("/broken").status, 503);
    assert_eq!(gateway.get("/").text(), "well");
}
