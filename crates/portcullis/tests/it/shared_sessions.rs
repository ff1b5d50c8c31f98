//! `SharedSessionManager` as browsers meet it: several gateways with one store, which die and come back.

use std::thread;
use std::time::Duration;

use testbed::redis::{self, Redis};
use testbed::{Client, Folder, Gateway, GatewayBuilder, Reply, WebSocket, eventually};

use crate::sample_app::SampleApp;
use crate::{gateway, live_sessions};

/// The declaration of a manager with this store.
fn manager(store: &str) -> String {
    format!(
        r#"{{ "name": "Session", "type": "SharedSessionManager", "config": {{
    "authenticatedEncryptionSecretId": "session.key",
    "secretsProvider": {{ "type": "Base64EncodedSecretStore", "config": {{ "secrets": {{
      "session.key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" }} }} }},
    "subject": "user",
    "store": {store} }} }}"#
    )
}

/// A gateway whose session clients read and write by the query.
fn configured(store: &str) -> GatewayBuilder {
    let config = format!(
        r#"{{
  "heap": [{}],
  "handler": {{ "type": "Chain", "config": {{
    "filters": [{{ "type": "AssignmentFilter", "config": {{ "onRequest": [
      {{ "condition": "${{request.uri.path == '/write'}}",
        "target": "${{session[request.queryParams['key'][0]]}}",
        "value": "${{request.queryParams['value'][0]}}" }},
      {{ "condition": "${{request.uri.path == '/logout'}}", "target": "${{session.user}}" }} ] }} }}],
    "handler": {{ "type": "StaticResponseHandler", "config": {{
      "status": 200, "entity": "${{session[request.queryParams['key'][0]]}}" }} }} }} }}
}}"#,
        manager(store)
    );
    gateway().config(&config)
}

/// A browser that keeps one cookie, and finds any of the gateways behind the same name.
#[derive(Clone, Default)]
struct Browser {
    /// `NAME=VALUE`.
    cookie: Option<String>,
}

impl Browser {
    fn get(&mut self, client: Client, target: &str) -> Reply {
        let fields: Vec<(&str, &str)> =
            self.cookie.iter().map(|cookie| ("Cookie", cookie.as_str())).collect();
        let reply = client.send("GET", target, &fields, b"");
        if let Some(field) = reply.field("set-cookie") {
            let pair = field.split(';').next().unwrap_or_default();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        reply
    }

    #[track_caller]
    fn write(&mut self, gateway: &Gateway, key: &str, value: &str) {
        let reply = self.get(gateway.client(), &format!("/write?key={key}&value={value}"));
        assert_eq!((reply.status, reply.text().as_str()), (200, value));
    }

    #[track_caller]
    fn read(&mut self, gateway: &Gateway, key: &str) -> String {
        let reply = self.get(gateway.client(), &format!("/read?key={key}"));
        assert_eq!(reply.status, 200, "{reply}");
        reply.text()
    }
}

/// Two hundred requests at once, each writing another entry at one of the gateways. None may be lost.
fn check_parallel_writes(gateways: &[&Gateway]) {
    let mut browser = Browser::default();
    browser.write(gateways[0], "first", "yes");
    thread::scope(|scope| {
        for number in 0..200 {
            let mut browser = browser.clone();
            scope.spawn(move || {
                browser.write(
                    gateways[number % gateways.len()],
                    &format!("key{number}"),
                    &format!("of-{number}"),
                );
            });
        }
    });
    for number in 0..200 {
        let gateway = gateways[number % gateways.len()];
        assert_eq!(browser.read(gateway, &format!("key{number}")), format!("of-{number}"));
    }
    assert_eq!(browser.read(gateways[0], "first"), "yes");
}

fn valkey(server: &Redis) -> String {
    format!(r#"{{ "type": "ValkeyStore", "config": {{ "addresses": ["{}"] }} }}"#, server.address())
}

const FILE: &str = r#"{ "type": "FileStore", "config": { "file": "sessions.redb" } }"#;

#[test]
fn of_two_hundred_parallel_requests_none_loses_its_write_in_a_file() {
    check_parallel_writes(&[&configured(FILE).start()]);
}

#[test]
fn of_two_hundred_parallel_requests_at_three_gateways_none_loses_its_write() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let store = valkey(&server);
    let gateways = [configured(&store).start(), configured(&store).start(), configured(&store).start()];
    check_parallel_writes(&gateways.iter().collect::<Vec<_>>());
}

#[test]
fn a_logout_at_one_gateway_counts_at_the_others_at_once() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let (one, other) = (configured(&valkey(&server)).start(), configured(&valkey(&server)).start());
    let mut browser = Browser::default();
    browser.write(&one, "user", "bob");
    let copy = browser.clone();
    assert_eq!(browser.read(&other, "user"), "bob");
    let reply = browser.get(one.client(), "/logout?key=user");
    assert_eq!(browser.cookie, None, "{reply}");
    assert_eq!(copy.clone().read(&other, "user"), "");
    assert_eq!(server.cli(&["DBSIZE"]), "0");
    other.wait_for_log("it names no session, or one that has ended");
}

#[test]
fn a_session_outlives_a_gateway_that_is_killed() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let store = valkey(&server);
    let [mut one, two, three] =
        [configured(&store).start(), configured(&store).start(), configured(&store).start()];
    let mut browser = Browser::default();
    browser.write(&one, "user", "bob");
    one.kill();
    assert_eq!(browser.read(&two, "user"), "bob");
    browser.write(&three, "color", "red");
    let one = configured(&store).start();
    assert_eq!(
        (browser.read(&one, "user"), browser.read(&one, "color")),
        ("bob".to_owned(), "red".to_owned())
    );
}

#[test]
fn a_session_in_a_file_outlives_a_gateway_that_is_killed() {
    let folder = Folder::new();
    let file = folder.path().join("sessions.redb");
    let store = format!(r#"{{ "type": "FileStore", "config": {{ "file": "{}" }} }}"#, file.display());
    let mut browser = Browser::default();
    let mut gateway = configured(&store).start();
    browser.write(&gateway, "user", "bob");
    gateway.kill();
    let gateway = configured(&store).start();
    assert_eq!(browser.read(&gateway, "user"), "bob");
}

#[test]
fn while_the_store_is_down_the_answer_is_503_and_the_cookie_stays() {
    if !redis::is_here() {
        return;
    }
    let mut server = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let gateway = configured(&valkey(&server)).start();
    let mut browser = Browser::default();
    browser.write(&gateway, "user", "bob");
    let cookie = browser.cookie.clone();
    server.kill();
    for target in ["/read?key=user", "/write?key=color&value=red", "/logout?key=user"] {
        let reply = browser.get(gateway.client(), target);
        assert_eq!(
            (reply.status, reply.field("retry-after"), reply.field("set-cookie")),
            (503, Some("5"), None)
        );
    }
    assert_eq!(browser.cookie, cookie);
    server.start_again();
    eventually("the store is found again", || {
        let reply = browser.get(gateway.client(), "/read?key=user");
        (reply.status == 200).then(|| assert_eq!(reply.text(), "bob"))
    });
    assert_eq!(browser.cookie, cookie);
    // By the store or by those who use it, whoever notices first.
    let count = |lines: [&str; 2]| -> usize {
        let log = gateway.log();
        lines.iter().map(|line| log.matches(line).count()).sum()
    };
    let ended = ["The store of sessions answers again", "A shared store can be used again"];
    eventually("the log tells of it", || (count(ended) > 0).then_some(()));
    thread::sleep(Duration::from_secs(3));
    let begun = ["The store of sessions does not answer", "A shared store cannot be used"];
    assert_eq!((count(begun), count(ended)), (1, 1), "{}", gateway.log());
}

/// The configuration of a gateway that lets people log in to an application.
fn with_router(manager: &str) -> String {
    format!(r#"{{ "heap": [{manager}], "handler": {{ "type": "Router" }} }}"#)
}

/// A WebSocket of somebody who is logged in.
fn websocket(gateway: &Gateway, cookie: &str) -> WebSocket {
    let mut socket = gateway.client().websocket_with("/ws", &[("Cookie", cookie)]);
    socket.send_text("hello");
    assert_eq!(socket.read_text(), "hello");
    socket
}

#[track_caller]
fn revoke_bob(gateway: &Gateway) {
    let reply = live_sessions::revoke(gateway, "bob");
    assert!(reply.text().starts_with(r#"{"revoked":1"#), "{reply}");
}

#[test]
fn a_websocket_ends_with_its_session_wherever_that_is_ended() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let application = SampleApp::start();
    let config = with_router(&manager(&valkey(&server)));
    let start = || live_sessions::builder(&application.uri(), "unused").config(&config).start();
    let (one, other) = (start(), start());
    let bob = live_sessions::log_in(&one.client(), "bob");
    let sockets = [websocket(&one, &bob), websocket(&other, &bob)];
    revoke_bob(&other);
    for mut socket in sockets {
        assert_eq!(socket.answer_close(), (4401, "session ended".to_owned()));
    }
    let reply = one.client().send("GET", "/whoami", &[("Cookie", &bob)], b"");
    assert_eq!(reply.text(), "");
}

#[test]
fn a_websocket_outlives_a_reload_and_still_ends_with_its_session() {
    let application = SampleApp::start();
    let config = with_router(&manager(FILE));
    let builder = live_sessions::builder(&application.uri(), "unused").config(&config);
    let gateway = builder.env("IG_ROUTER_SCAN_INTERVAL", "100 ms").start();
    let bob = live_sessions::log_in(&gateway.client(), "bob");
    let mut socket = websocket(&gateway, &bob);
    let edited = config.replace(r#""subject": "user","#, r#""subject": "user", "sessionTimeout": "1 hour","#);
    assert_ne!(edited, config);
    gateway.folder().write("config/config.json", &edited);
    gateway.wait_for_log("config.json has changed and is loaded");
    // Longer than the time between two looks into the store.
    testbed::pause(Duration::from_secs(3));
    socket.send_text("still here");
    assert_eq!(socket.read_text(), "still here");
    revoke_bob(&gateway);
    assert_eq!(socket.answer_close(), (4401, "session ended".to_owned()));
}
