//! `InMemorySessionManager` as browsers meet it: parallel requests, logins, time, reloads.

use std::thread;
use std::time::Duration;

use testbed::{Client, Gateway, Reply};

use crate::gateway;

/// A browser that keeps one cookie.
#[derive(Clone)]
struct Browser {
    client: Client,
    /// `NAME=VALUE`.
    cookie: Option<String>,
}

impl Browser {
    fn of(gateway: &Gateway) -> Self {
        Self { client: gateway.client(), cookie: None }
    }

    #[track_caller]
    fn get(&mut self, target: &str) -> Reply {
        let cookie = self.cookie.clone();
        let fields: Vec<_> = cookie.iter().map(|cookie| ("Cookie", cookie.as_str())).collect();
        let reply = self.client.send("GET", target, &fields, b"");
        assert_eq!(reply.status, 200, "{reply}");
        if let Some(field) = reply.field("set-cookie") {
            let pair = field.split(';').next().unwrap_or_default();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        reply
    }

    #[track_caller]
    fn write(&mut self, key: &str, value: &str) -> Reply {
        self.get(&format!("/write?key={key}&value={value}"))
    }

    #[track_caller]
    fn read(&mut self, key: &str) -> String {
        self.get(&format!("/read?key={key}")).text()
    }
}

/// A route whose session clients read and write by the query, with a session manager of this configuration.
fn route(condition: &str, manager: &str, version: &str) -> String {
    format!(
        r#"{{
          "condition": "{condition}",
          "session": {{ "type": "InMemorySessionManager", "config": {manager} }},
          "handler": {{ "type": "Chain", "config": {{
            "filters": [
              {{ "type": "AssignmentFilter", "config": {{ "onRequest": [
                {{ "condition": "${{contains(request.uri.path, '/write')}}",
                   "target": "${{session[request.queryParams['key'][0]]}}",
                   "value": "${{request.queryParams['value'][0]}}" }},
                {{ "condition": "${{contains(request.uri.path, '/remove')}}",
                   "target": "${{session[request.queryParams['key'][0]]}}" }},
                {{ "condition": "${{contains(request.uri.path, '/whole')}}",
                   "target": "${{session[request.queryParams['key'][0]]}}",
                   "value": "${{request}}" }}
              ] }} }}
            ],
            "handler": {{ "type": "StaticResponseHandler", "config": {{
              "status": 200,
              "headers": {{ "X-Version": ["{version}"] }},
              "entity": "${{session[request.queryParams['key'][0]]}}"
            }} }}
          }} }}
        }}"#
    )
}

fn start(manager: &str) -> Gateway {
    let route = route("${true}", manager, "1");
    gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms").route("all", &route).start()
}

#[test]
fn of_two_hundred_parallel_requests_none_loses_its_write() {
    let gateway = start("{}");
    let mut browser = Browser::of(&gateway);
    browser.write("first", "yes");
    let keys: Vec<String> = (0..200).map(|number| format!("key{number}")).collect();
    thread::scope(|scope| {
        for key in &keys {
            let mut browser = browser.clone();
            scope.spawn(move || {
                browser.write(key, &format!("of-{key}"));
            });
        }
    });
    for key in &keys {
        assert_eq!(browser.read(key), format!("of-{key}"));
    }
    assert_eq!(browser.read("first"), "yes");
}

#[test]
fn parallel_requests_take_no_cookie_from_a_login() {
    let gateway = start("{}");
    let mut browser = Browser::of(&gateway);
    browser.write("first", "yes");
    let old = browser.clone();
    thread::scope(|scope| {
        for number in 0..50 {
            let mut browser = old.clone();
            scope.spawn(move || {
                // Before the login it is written, after it dropped.
                let reply = browser.write(&format!("key{number}"), "written");
                assert_eq!(reply.field("set-cookie"), None);
            });
        }
        browser.write("user", "bob");
    });
    assert_ne!(browser.cookie, old.cookie);
    assert_eq!((browser.read("user").as_str(), browser.read("first").as_str()), ("bob", "yes"));
}

#[test]
fn an_id_that_was_planted_is_not_adopted() {
    let gateway = start("{}");
    let planted = format!("IG_SESSIONID={}", "A".repeat(43));
    let mut victim = Browser { cookie: Some(planted.clone()), ..Browser::of(&gateway) };
    victim.write("user", "bob");
    assert_ne!(victim.cookie.as_deref(), Some(planted.as_str()));
    assert_eq!(victim.read("user"), "bob");
    let mut attacker = Browser { cookie: Some(planted), ..Browser::of(&gateway) };
    assert_eq!((attacker.read("user"), attacker.read("user")), (String::new(), String::new()));
    // Said once, though it came twice, and calmly: after a restart every browser has such a cookie.
    attacker.cookie = Some("IG_SESSIONID=short".to_owned());
    attacker.read("user");
    gateway.wait_for_log("not a name that this gateway makes");
    let log = gateway.log();
    let lines = |reason: &str| log.lines().filter(|line| line.contains(reason)).collect::<Vec<_>>();
    let unknown = lines("unknown or expired");
    assert!(unknown.len() == 1 && unknown[0].contains("INFO"), "{unknown:?}");
    assert!(lines("not a name").iter().all(|line| line.contains("WARN")), "{log}");
    assert!(!gateway.log().contains(&"A".repeat(43)), "no id stands in the log");
}

#[test]
fn a_login_makes_the_id_before_it_worthless() {
    // Without any configuration: `user` is one of the usual names.
    let gateway = start("{}");
    let mut attacker = Browser::of(&gateway);
    attacker.write("page", "7");
    let mut victim = attacker.clone();
    victim.write("user", "bob");
    assert_ne!(victim.cookie, attacker.cookie);
    assert_eq!((victim.read("user").as_str(), victim.read("page").as_str()), ("bob", "7"));
    assert_eq!((attacker.read("user").as_str(), attacker.read("page").as_str()), ("", ""));
}

#[test]
fn a_logout_expires_the_cookie() {
    let gateway = start("{}");
    let mut browser = Browser::of(&gateway);
    browser.write("user", "bob");
    let old = browser.cookie.clone();
    let reply = browser.get("/remove?key=user");
    let field = reply.field("set-cookie").unwrap();
    assert!(field.starts_with("IG_SESSIONID=;") && field.contains("Max-Age=0"), "{field}");
    browser.cookie = old;
    assert_eq!(browser.read("user"), "");
}

#[test]
fn a_session_lives_as_long_as_it_is_used() {
    let gateway = start(r#"{ "sessionTimeout": "3 seconds" }"#);
    let mut browser = Browser::of(&gateway);
    browser.write("user", "bob");
    for _ in 0..4 {
        testbed::pause(Duration::from_secs(1));
        assert_eq!(browser.read("user"), "bob");
    }
    testbed::pause(Duration::from_millis(3200));
    assert_eq!(browser.read("user"), "");
}

#[test]
fn a_session_ends_in_the_end_however_often_it_is_used() {
    let gateway = start(r#"{ "absoluteTimeout": "2 seconds" }"#);
    let mut browser = Browser::of(&gateway);
    browser.write("user", "bob");
    assert_eq!(browser.read("user"), "bob");
    testbed::eventually("the session has ended", || browser.read("user").is_empty().then_some(()));
}

#[test]
fn the_cookie_has_the_attributes_of_its_configuration() {
    for (manager, expected) in [
        ("{}", "IG_SESSIONID=…; Path=/; HttpOnly; SameSite=Lax"),
        (
            r#"{ "cookie": { "name": "SID", "domain": "example.com", "path": "/app", "httpOnly": false,
                             "secure": true, "sameSite": "STRICT" } }"#,
            "SID=…; Path=/app; Domain=example.com; Secure; SameSite=Strict",
        ),
    ] {
        let gateway = start(manager);
        let reply = Browser::of(&gateway).write("user", "bob");
        let (pair, attributes) = reply.field("set-cookie").unwrap().split_once("; ").unwrap();
        let (name, id) = pair.split_once('=').unwrap();
        assert_eq!((id.len(), format!("{name}=…; {attributes}").as_str()), (43, expected));
    }
}

#[test]
fn sessions_survive_a_reload_of_their_route() {
    let gateway = start("{}");
    let mut browser = Browser::of(&gateway);
    browser.write("user", "bob");
    let changed = route("${true}", r#"{ "sessionTimeout": "1 hour", "subject": "user" }"#, "2");
    gateway.folder().write("config/routes/all.json", &changed);
    testbed::eventually("the new version serves", || {
        (browser.get("/read?key=user").field("x-version") == Some("2")).then_some(())
    });
    assert_eq!(browser.read("user"), "bob");
    browser.write("user", "alice");
    assert_eq!(browser.read("user"), "alice");
}

#[test]
fn routes_with_managers_of_their_own_share_no_session() {
    let one = route("${matches(request.uri.path, '^/one')}", "{}", "1");
    let two = route("${matches(request.uri.path, '^/two')}", "{}", "1");
    let gateway = gateway().route("one", &one).route("two", &two).start();
    let mut browser = Browser::of(&gateway);
    browser.get("/one/write?key=user&value=bob");
    assert_eq!(browser.get("/one/read?key=user").text(), "bob");
    assert_eq!(browser.get("/two/read?key=user").text(), "");
}

#[test]
fn a_value_that_no_session_can_hold_is_told_and_the_request_goes_on() {
    let gateway = start("{}");
    let mut browser = Browser::of(&gateway);
    browser.write("user", "bob");
    assert_eq!(browser.get("/whole?key=everything").text(), "");
    let complaint = "the session entry `everything` cannot be kept";
    gateway.wait_for_log(complaint);
    let log = gateway.log();
    let line = log.lines().find(|line| line.contains(complaint)).unwrap();
    assert!(line.contains("ERROR"), "{line}");
    assert_eq!(browser.read("user"), "bob");
}
