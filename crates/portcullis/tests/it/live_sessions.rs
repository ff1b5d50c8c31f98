//! What lasts longer than a request ends with its session: WebSockets and server-sent events.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testbed::redis::free_port;
use testbed::{Client, Connection, Gateway, GatewayBuilder, Reply, WebSocket, upstream};

use crate::sample_app::SampleApp;
use crate::{gateway, tools};

/// What stands before the port of the admin connector.
const ADMIN_PORT: &str = r#""adminConnector": { "port": "#;

/// Keeps sessions that say whose they are.
const CONFIG: &str = r#"{
  "heap": [ { "name": "Session", "type": "InMemorySessionManager",
              "config": { "subject": "user", "sessionTimeout": "TIMEOUT" } } ],
  "handler": { "type": "Router" }
}"#;

/// Takes everybody in.
const LOGIN: &str = r#"{
  "condition": "${request.uri.path == '/login'}",
  "handler": { "type": "Chain", "config": {
    "filters": [ { "type": "AssignmentFilter", "config": { "onRequest": [
      { "target": "${session.user}", "value": "${request.queryParams['user'][0]}" },
      { "target": "${session.password}", "value": "hunter2" } ] } } ],
    "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "welcome" } } } }
}"#;

/// Empties the session.
const LOGOUT: &str = r#"{
  "condition": "${request.uri.path == '/logout'}",
  "handler": { "type": "Chain", "config": {
    "filters": [ { "type": "AssignmentFilter", "config": { "onRequest": [
      { "target": "${session.user}" }, { "target": "${session.password}" } ] } } ],
    "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "bye" } } } }
}"#;

/// Tells whom it takes a browser for.
const WHOAMI: &str = r#"{
  "condition": "${request.uri.path == '/whoami'}",
  "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "${session.user}" } }
}"#;

/// The application: with `open` in the query nobody asks for the session, otherwise the application is told of the user.
const APPLICATION: &str = r#"{
  "baseURI": "ORIGIN",
  "handler": { "type": "Chain", "config": {
    "filters": [
      { "type": "ConditionalFilter", "config": {
          "condition": "${empty request.queryParams['open']}",
          "delegate": { "type": "HeaderFilter", "config": { "messageType": "REQUEST",
            "add": { "X-User": [ "${session.user}" ] } } } } } ],
    "handler": { "type": "ReverseProxyHandler", "config": { "websocket": { "enabled": true } } } } }
}"#;

/// A gateway in front of `origin` that takes in and keeps whoever comes to `/login`.
pub(crate) fn start(origin: &str, timeout: &str) -> Gateway {
    builder(origin, timeout).start()
}

/// The same before it is started.
pub(crate) fn builder(origin: &str, timeout: &str) -> GatewayBuilder {
    gateway()
        .admin(&admin_json())
        .config(&CONFIG.replace("TIMEOUT", timeout))
        .route("login", LOGIN)
        .route("logout", LOGOUT)
        .route("whoami", WHOAMI)
        .route("z-application", &APPLICATION.replace("ORIGIN", origin))
}

/// Free ports; nothing but this file tells that of the admin connector.
pub(crate) fn admin_json() -> String {
    let port = free_port();
    format!(
        r#"{{ "connectors": [ {{ "port": 0, "host": "127.0.0.1" }} ], {ADMIN_PORT}{port}, "host": "127.0.0.1" }} }}"#
    )
}

/// Where the admin connector of such a gateway is.
pub(crate) fn admin_address(gateway: &Gateway) -> SocketAddr {
    let admin = std::fs::read_to_string(gateway.path().join("config/admin.json")).unwrap();
    let port = admin.split(ADMIN_PORT).nth(1).unwrap().split([',', ' ']).next().unwrap();
    SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap()))
}

/// Ends the sessions of a user, as an operator does.
pub(crate) fn revoke(gateway: &Gateway, subject: &str) -> Reply {
    let admin = Client::new(admin_address(gateway));
    admin.send("DELETE", &format!("/api/sessions?subject={subject}"), &[], b"")
}

/// Logs in and returns the cookie of the session.
pub(crate) fn log_in(client: &Client, user: &str) -> String {
    let reply = client.get(&format!("/login?user={user}"));
    let cookie = reply.field("set-cookie").unwrap_or_else(|| panic!("{reply}"));
    cookie.split(';').next().unwrap().to_owned()
}

/// A WebSocket that has echoed once.
fn websocket(client: &Client, target: &str, cookie: &str) -> WebSocket {
    let mut socket = client.websocket_with(target, &[("Cookie", cookie)]);
    socket.send_text("hello");
    assert_eq!(socket.read_text(), "hello");
    socket
}

/// A stream of events whose first one has come; the next ones take their time.
fn events(client: &Client, target: &str, cookie: &str) -> Connection {
    let mut connection = client.connect();
    connection.request("GET", target, &[("Cookie", cookie)], b"");
    assert_eq!(connection.head().field("content-type"), Some("text/event-stream"));
    connection.read_until("data: tick 1\n\n");
    connection
}

/// The events as the sample application sends them: one, and silence.
const EVENTS: &str = "/events?count=2&interval=600000";

/// That a WebSocket and a stream of events of a session end by `end`, and properly.
#[track_caller]
fn check(timeout: &str, end: impl FnOnce(&Gateway, &str)) {
    let application = SampleApp::start();
    let gateway = start(&application.uri(), timeout);
    let client = gateway.client();
    let bob = log_in(&client, "bob");
    let (mut socket, mut stream) = (websocket(&client, "/ws", &bob), events(&client, EVENTS, &bob));
    let began = Instant::now();
    end(&gateway, &bob);
    assert_eq!(socket.answer_close(), (4401, "session ended".to_owned()));
    // The end of the body, and a connection that can be used again.
    stream.read_until("\r\n0\r\n\r\n");
    assert_eq!(stream.get("/logout").text(), "bye");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[test]
fn revoking_a_session_ends_its_connections() {
    check("1 hour", |gateway, _| {
        let reply = revoke(gateway, "bob");
        assert!(reply.text().starts_with(r#"{"revoked":1"#), "{reply}");
    });
}

#[test]
fn logging_out_ends_them() {
    check("1 hour", |gateway, bob| {
        let reply = gateway.client().send("GET", "/logout", &[("Cookie", bob)], b"");
        assert_eq!(reply.text(), "bye");
    });
}

#[test]
fn a_session_that_is_not_used_ends_them() {
    check("2 seconds", |_, _| {});
}

#[test]
fn events_over_http_2_end_too() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let application = SampleApp::start();
    let admin = r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1",
                         "vertx": { "http2ClearTextEnabled": true } } ],
                     "adminConnector": { "port": 0, "host": "127.0.0.1" } }"#;
    let gateway = builder(&application.uri(), "1 hour").admin(admin).start();
    let bob = log_in(&gateway.client(), "bob");
    let mut listening = Command::new("curl")
        .args(["--http2-prior-knowledge", "--silent", "--show-error", "--no-buffer", "--max-time", "20"])
        .args(["--cookie", &bob, "--write-out", "ended %{http_version}"])
        .arg(format!("http://{}{EVENTS}", gateway.address()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = BufReader::new(listening.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("data: tick 1") {
        assert!(heard.read_line(&mut line).unwrap() > 0, "{line}");
    }
    gateway.client().send("GET", "/logout", &[("Cookie", &bob)], b"");
    heard.read_to_string(&mut line).unwrap();
    assert!(listening.wait().unwrap().success());
    assert!(line.ends_with("ended 2"), "{line}");
}

#[test]
fn connections_without_the_session_stay() {
    let application = SampleApp::start();
    let gateway = start(&application.uri(), "1 hour");
    let client = gateway.client();
    let (bob, eve) = (log_in(&client, "bob"), log_in(&client, "eve"));
    let mut ending = websocket(&client, "/ws", &bob);
    let mut staying = [
        // Nobody has looked at the session for it.
        websocket(&client, "/ws?open=1", &bob),
        // There is no session.
        websocket(&client, "/ws", ""),
        // It is another one.
        websocket(&client, "/ws", &eve),
    ];
    let mut stream = events(&client, "/events?count=30&interval=100&open=1", &bob);
    client.send("GET", "/logout", &[("Cookie", &bob)], b"");
    assert_eq!(ending.answer_close().0, 4401);
    for socket in &mut staying {
        socket.send_text("still here");
        assert_eq!(socket.read_text(), "still here");
    }
    stream.read_until("data: tick 30\n\n");
}

#[test]
fn a_message_that_is_under_way_arrives_whole() {
    const LENGTH: usize = 60_000;
    let origin = upstream()
        .on("/slow", |_, wire| {
            wire.write(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            );
            // Told to go on, it says one thing slowly, and then another.
            wire.read(6 + 2);
            let length = u16::try_from(LENGTH).unwrap().to_be_bytes();
            wire.write([&[0x81, 126], &length[..], &vec![b'x'; LENGTH / 2]].concat());
            wire.pause(Duration::from_millis(500));
            wire.write(vec![b'y'; LENGTH / 2]);
            wire.write(b"\x81\x05later");
            assert_eq!(wire.read(2), [0x88, 0x8f]);
            wire.close();
        })
        .start();
    let gateway = start(&origin.uri(), "1 hour");
    let client = gateway.client();
    let bob = log_in(&client, "bob");
    let mut socket = client.websocket_with("/slow", &[("Cookie", &bob)]);
    socket.send_text("go");
    socket.wait_for_bytes(1000);
    client.send("GET", "/logout", &[("Cookie", &bob)], b"");
    let text = socket.read_text();
    assert_eq!((text.len(), text.matches('y').count()), (LENGTH, LENGTH / 2));
    assert_eq!(socket.answer_close(), (4401, "session ended".to_owned()));
}
