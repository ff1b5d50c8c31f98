//! Routes change while requests run: every answer is one that a good configuration could give.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use testbed::{Gateway, upstream};

use crate::{answer_route, gateway};

const ROUTE: &str = "config/routes/all.json";

fn start(text: &str) -> Gateway {
    gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms").route("all", &answer_route(text)).start()
}

#[track_caller]
fn wait_for(gateway: &Gateway, status: u16, text: &str) {
    testbed::eventually(&format!("the answer is {status} {text}"), || {
        let reply = gateway.get("/");
        (reply.status == status && reply.text().contains(text)).then_some(())
    });
}

#[test]
fn a_broken_edit_never_takes_effect_and_is_told() {
    let gateway = start("good");
    for (broken, complaint) in [
        ("{ not json", "all.json"),
        (r#"{ "handler": "Nobody" }"#, "Nobody"),
        (r#"{ "handler": { "type": "NoHandler" } }"#, "NoHandler"),
        (r#"{ "condition": "${nothing(1)}", "handler": { "type": "WelcomeHandler" } }"#, "nothing"),
        (r#"{ "name": "all" }"#, "handler"),
        ("", "all.json"),
    ] {
        let before = gateway.log().len();
        gateway.folder().write(ROUTE, broken);
        testbed::eventually("the complaint is in the log", || {
            gateway.log()[before..].contains(complaint).then_some(())
        });
        assert_eq!(gateway.get("/").text(), "good", "{broken}");
    }
    gateway.folder().write(ROUTE, &answer_route("mended"));
    wait_for(&gateway, 200, "mended");
}

#[test]
fn a_route_that_is_broken_from_the_start_is_closed_until_it_is_mended() {
    let route = r#"{ "handler": { "type": "NoHandler" } }"#;
    let gateway = gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms").route("all", route).start();
    let reply = gateway.get("/");
    assert_eq!(reply.status, 503);
    assert!(reply.text().contains("Transaction "), "{reply}");
    gateway.folder().write(ROUTE, &answer_route("mended"));
    wait_for(&gateway, 200, "mended");
}

#[test]
fn a_route_opens_when_what_it_needs_is_mended() {
    let route = r#"{
        "heap": [{ "name": "Files", "type": "FileSystemSecretStore", "config": { "directory": "later" } }],
        "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "open" } }
    }"#;
    let gateway = gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms").route("all", route).start();
    assert_eq!(gateway.get("/").status, 503);
    thread::sleep(Duration::from_millis(500));
    let complaints = gateway.log().matches("is not a folder that can be read").count();
    assert_eq!(complaints, 1, "it is said once: {}", gateway.log());
    gateway.folder().write("later/.keep", "");
    wait_for(&gateway, 200, "open");
}

#[test]
fn a_file_that_is_renamed_or_removed_takes_its_route_along() {
    let gateway = start("here");
    let folder = gateway.path().join("config/routes");
    std::fs::rename(folder.join("all.json"), folder.join("other.json")).unwrap();
    gateway.folder().write("config/routes/other.json", &answer_route("renamed"));
    wait_for(&gateway, 200, "renamed");
    std::fs::rename(folder.join("other.json"), folder.join("other.json.off")).unwrap();
    wait_for(&gateway, 200, "<html");
}

#[test]
fn config_json_is_reloaded_too_and_a_broken_one_is_not() {
    let config = |text: &str| answer_route(text);
    let gateway = gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms").config(&config("first")).start();
    gateway.folder().write("config/config.json", &config("second"));
    wait_for(&gateway, 200, "second");
    gateway.folder().write("config/config.json", "{ broken");
    gateway.wait_for_log("the last good version keeps serving");
    assert_eq!(gateway.get("/").text(), "second");
    gateway.folder().write("config/config.json", &config("third"));
    wait_for(&gateway, 200, "third");
}

#[test]
fn a_request_finishes_on_the_version_it_began_on() {
    let origin = upstream()
        .on("/", |_, wire| {
            wire.pause(Duration::from_millis(800));
            wire.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        })
        .start();
    let route = |text: &str| {
        format!(
            r#"{{ "baseURI": "{}", "handler": {{ "type": "Chain", "config": {{
                 "filters": [ {{ "type": "HeaderFilter", "config": {{ "messageType": "RESPONSE",
                                 "add": {{ "X-Version": ["{text}"] }} }} }} ],
                 "handler": "ReverseProxyHandler" }} }} }}"#,
            origin.uri()
        )
    };
    let gateway = gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms").route("all", &route("old")).start();
    let mut slow = gateway.client().connect();
    slow.request("GET", "/", &[], b"");
    testbed::eventually("the origin has the request", || (!origin.requests().is_empty()).then_some(()));
    gateway.folder().write(ROUTE, &answer_route("new"));
    wait_for(&gateway, 200, "new");
    let reply = slow.reply();
    assert_eq!((reply.status, reply.field("x-version")), (200, Some("old")));
}

/// Calls `/` on one connection until told to stop; returns every answer that was none of the good ones.
fn load(gateway: &Gateway, is_over: &AtomicBool, good: &[(u16, &str)]) -> (usize, Vec<String>) {
    let mut connection = gateway.client().connect();
    let (mut count, mut bad) = (0, Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        connection.request("GET", "/", &[], b"");
        match connection.try_reply_to("GET") {
            Some(reply)
                if good.iter().any(|(status, text)| reply.status == *status && reply.text() == *text) => {}
            Some(reply) => bad.push(reply.to_string()),
            None => {
                bad.push("closed without an answer".to_owned());
                connection = gateway.client().connect();
            }
        }
        count += 1;
    }
    (count, bad)
}

#[test]
fn under_load_no_request_fails_that_a_good_version_could_have_served() {
    let gateway = start("one");
    let is_over = AtomicBool::new(false);
    let good = [(200, "one"), (200, "two"), (200, "three")];
    thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| load(&gateway, &is_over, &good))).collect();
        let folder = gateway.path().join("config/routes");
        for _ in 0..3 {
            gateway.folder().write(ROUTE, &answer_route("two"));
            wait_for(&gateway, 200, "two");
            let before = gateway.log().len();
            gateway.folder().write(ROUTE, "{ broken");
            testbed::eventually("the complaint is logged", || {
                gateway.log()[before..].contains("all.json").then_some(())
            });
            gateway.folder().write(ROUTE, &answer_route("three"));
            wait_for(&gateway, 200, "three");
            // Another file takes over before this one goes, as an operator would do it.
            gateway.folder().write("config/routes/zz.json", &answer_route("one"));
            testbed::pause(Duration::from_millis(300));
            std::fs::remove_file(folder.join("all.json")).unwrap();
            wait_for(&gateway, 200, "one");
            std::fs::rename(folder.join("zz.json"), folder.join("all.json")).unwrap();
            wait_for(&gateway, 200, "one");
        }
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            let (count, bad) = client.join().unwrap();
            assert!(count > 20, "only {count} requests");
            assert!(bad.is_empty(), "{} of {count} requests failed:\n{}", bad.len(), bad.join("\n"));
        }
    });
}

#[test]
fn a_broken_route_keeps_serving_when_config_json_is_reloaded() {
    let config = |name: &str| format!(r#"{{ "handler": {{ "type": "Router", "name": "{name}" }} }}"#);
    let gateway = gateway()
        .env("IG_ROUTER_SCAN_INTERVAL", "100 ms")
        .config(&config("first"))
        .route("all", &answer_route("good"))
        .start();
    gateway.folder().write(ROUTE, r#"{ "handler": "Nobody" }"#);
    gateway.wait_for_log("the last good version keeps serving");
    gateway.folder().write("config/config.json", &config("second"));
    gateway.wait_for_log("config.json has changed and is loaded");
    assert_eq!(gateway.get("/").text(), "good");
    gateway.folder().write(ROUTE, &answer_route("mended"));
    wait_for(&gateway, 200, "mended");
}
