//! Sessions that operators end, and those that get another id.

use super::*;
use crate::live_sessions;
use crate::sample_app::SampleApp;

fn api(gateway: &Gateway, method: &str, target: &str) -> Reply {
    let admin = Client::new(live_sessions::admin_address(gateway));
    admin.send(method, &format!("/api/sessions{target}"), &[], b"")
}

#[test]
fn operators_list_the_sessions_that_were_seen_and_revoke_them() {
    let mut session = manager(&json!({ "subject": "user" }));
    session["name"] = json!("Session");
    let config = json!({ "heap": [session], "handler": handler() });
    let gateway = gateway().admin(&live_sessions::admin_json()).config(&config.to_string()).start();
    let (mut sam, mut kim) = (Browser::default(), Browser::default());
    sam.write(&gateway, "user", "sam");
    sam.write(&gateway, "token", "hunter2");
    kim.write(&gateway, "user", "kim");

    let list = api(&gateway, "GET", "?manager=Session&subject=sam").text();
    assert!(list.contains(r#""subject":"sam","entries":["user","token"]"#), "{list}");
    assert!(!list.contains("hunter2") && !list.contains("kim"), "{list}");
    let handle = list.split(r#""handle":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(api(&gateway, "DELETE", &format!("/{handle}")).status, 204);
    assert_eq!(sam.clone().read(&gateway, "user"), "");
    assert_eq!(kim.read(&gateway, "user"), "kim");
    assert_eq!(api(&gateway, "DELETE", &format!("/{handle}")).status, 404);
    gateway.wait_for_log("A session cookie is ignored: its session has ended.");
}

#[test]
fn another_user_gets_another_id_and_an_older_cookie_is_refused() {
    let gateway = with(&json!({ "subject": "user", "renewOn": ["user", "level"] }));
    let mut browser = Browser::default();
    browser.write(&gateway, "basket", "full");
    let mut planted = browser.clone();
    browser.write(&gateway, "user", "sam");
    assert_eq!(browser.read(&gateway, "basket"), "full");
    assert_eq!(planted.read(&gateway, "basket"), "", "who has planted the cookie before has nothing");
    let before = browser.clone();
    browser.write(&gateway, "clicks", "1");
    assert_eq!(
        before.clone().read(&gateway, "clicks"),
        "1",
        "an older cookie of the same id sees what is latest"
    );
    browser.write(&gateway, "level", "2");
    assert_eq!(before.clone().read(&gateway, "user"), "");
}

/// That a WebSocket of a session that lasts this long is closed by `end`.
#[track_caller]
fn check_connection(timeout: &str, end: impl FnOnce(&Gateway, &str)) {
    let application = SampleApp::start();
    let mut session = manager(&json!({ "subject": "user", "sessionTimeout": timeout }));
    session["name"] = json!("Session");
    let config = json!({ "heap": [session], "handler": { "type": "Router" } });
    let gateway = live_sessions::builder(&application.uri(), "1 hour").config(&config.to_string()).start();
    let client = gateway.client();
    let cookie = live_sessions::log_in(&client, "bob");
    let mut socket = client.websocket_with("/ws", &[("Cookie", &cookie)]);
    socket.send_text("hello");
    assert_eq!(socket.read_text(), "hello");
    end(&gateway, &cookie);
    assert_eq!(socket.answer_close(), (4401, "session ended".to_owned()));
}

#[test]
fn connections_end_with_their_session() {
    check_connection("1 hour", |gateway, _| {
        assert!(live_sessions::revoke(gateway, "bob").text().starts_with(r#"{"revoked":1"#));
    });
    check_connection("1 hour", |gateway, cookie| {
        let reply = gateway.client().send("GET", "/logout", &[("Cookie", cookie)], b"");
        assert_eq!(reply.text(), "bye");
    });
    check_connection("2 seconds", |_, _| {});
}
