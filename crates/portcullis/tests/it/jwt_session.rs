//! `JwtSession`, a test per promise of its page and of the chapter about encrypted sessions.

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use testbed::{Client, Gateway, GatewayBuilder, Reply, eventually};

use crate::key_tools::Keys;
use crate::tools::are_here;
use crate::{gateway, guides};

mod ending;
mod keys;
mod placement;

/// A key of 32 bytes, for A256GCM.
const KEY: &str = "bm90IGEgc2VjcmV0LCAzMiBieXRlcyBmb3IgdGVzdHM=";

/// A manager with the settings of `more` and a key that all have.
fn manager(more: &Value) -> Value {
    let store =
        json!({ "type": "Base64EncodedSecretStore", "config": { "secrets": { "session.key": KEY } } });
    let mut config = json!({ "authenticatedEncryptionSecretId": "session.key", "secretsProvider": store });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "type": "JwtSession", "config": config })
}

/// Writes, reads and removes entries by the query: `/write?key=…&value=…`, `/read?key=…`, `/remove?key=…`; `/wait` takes
/// a while.
fn handler() -> Value {
    let assignment = |path: &str, value: &str| {
        json!({
            "condition": format!("${{contains(request.uri.path, '{path}')}}"),
            "target": "${session[request.queryParams['key'][0]]}",
            "value": value,
        })
    };
    let value = "${request.queryParams['value'][0]}";
    json!({ "type": "Chain", "config": {
        "filters": [{ "type": "AssignmentFilter", "config": { "onRequest": [
            assignment("/write", value),
            assignment("/remove", "${null}"),
        ] } }],
        "handler": { "type": "StaticResponseHandler", "config": {
            "status": 200,
            "headers": { "Content-Type": ["text/plain"] },
            "entity": "${session[request.queryParams['key'][0]]}",
        } },
    } })
}

/// A route for paths that begin with `path`.
fn route(path: &str, manager: Option<&Value>) -> String {
    let mut route =
        json!({ "condition": format!("${{find(request.uri.path, '^{path}')}}"), "handler": handler() });
    if let Some(manager) = manager {
        route["session"] = manager.clone();
    }
    route.to_string()
}

fn with(more: &Value) -> Gateway {
    gateway().route("session", &route("/", Some(&manager(more)))).start()
}

/// Waits until it is so.
#[track_caller]
fn soon(mut is_so: impl FnMut() -> bool) {
    eventually("it is so", || is_so().then_some(()));
}

/// What a browser remembers of one gateway or several.
#[derive(Clone, Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
    /// What the last response has set.
    set: Vec<String>,
}

impl Browser {
    fn get(&mut self, gateway: &Gateway, target: &str) -> Reply {
        self.ask(&gateway.client(), target)
    }

    fn ask(&mut self, client: &Client, target: &str) -> Reply {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let field = pairs.join("; ");
        let fields = [("Cookie", field.as_str())];
        let reply = client.send("GET", target, &fields[usize::from(pairs.is_empty())..], b"");
        self.set = reply.values("set-cookie").map(str::to_owned).collect();
        for field in &self.set {
            let (name, value) = field.split(';').next().unwrap().split_once('=').unwrap();
            if field.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    #[track_caller]
    fn write(&mut self, gateway: &Gateway, key: &str, value: &str) {
        let reply = self.get(gateway, &format!("/write?key={key}&value={value}"));
        assert_eq!((reply.status, reply.text().as_str()), (200, value), "{reply}");
    }

    fn read(&mut self, gateway: &Gateway, key: &str) -> String {
        let reply = self.get(gateway, &format!("/read?key={key}"));
        assert_eq!(reply.status, 200, "{reply}");
        reply.text()
    }
}

#[test]
fn session_information_is_an_encrypted_jwt_in_a_cookie() {
    let gateway = with(&json!({}));
    let mut browser = Browser::default();
    assert_eq!(browser.read(&gateway, "user"), "");
    assert!(browser.set.is_empty(), "a session that is only read has no cookie");
    browser.write(&gateway, "user", "sam");
    let [field] = &browser.set[..] else { panic!("{:?}", browser.set) };
    let (cookie, attributes) = field.split_once(';').unwrap();
    // The header of the JWT: `{"alg":"dir","enc":"A256GCM"}`; no encrypted key.
    assert!(cookie.starts_with("openig-jwt-session=eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.."), "{cookie}");
    assert_eq!(cookie.split('.').count(), 5);
    assert_eq!(attributes, " Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(browser.read(&gateway, "user"), "sam");
    assert!(browser.set.is_empty(), "it is written when it has changed");
}

#[test]
fn only_json_can_be_in_a_session() {
    let mut bytes: Value = serde_json::from_str(&route("/", Some(&manager(&json!({}))))).unwrap();
    let target = &mut bytes["handler"]["config"]["filters"][0]["config"]["onRequest"][0];
    target["value"] = json!("${request.headers}");
    let gateway = gateway().route("session", &bytes.to_string()).start();
    let mut browser = Browser::default();
    let reply = browser.get(&gateway, "/write?key=headers");
    assert!(reply.status >= 500 || browser.set.is_empty(), "{reply}");
    gateway.wait_for_log("the session entry `headers` cannot be kept");
}

#[test]
fn an_empty_session_expires_its_cookie() {
    let gateway = with(&json!({}));
    let mut browser = Browser::default();
    browser.write(&gateway, "user", "sam");
    let old = browser.clone();
    browser.get(&gateway, "/remove?key=user");
    let expired = "openig-jwt-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(browser.set, [expired]);
    assert_eq!(old.clone().read(&gateway, "user"), "", "the cookie is worth nothing any more");
    gateway.wait_for_log("A session cookie is ignored: its session has ended.");
}

#[test]
fn a_session_ends_after_its_timeout_and_the_skew() {
    let (strict, lenient) =
        (with(&json!({ "sessionTimeout": "1 second" })), with(&json!({ "skewAllowance": "1 hour" })));
    let mut browser = Browser::default();
    browser.write(&strict, "user", "sam");
    let started = SystemTime::now();
    assert_eq!(browser.read(&lenient, "user"), "sam");
    while !browser.read(&strict, "user").is_empty() {
        assert!(started.elapsed().unwrap() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(50));
    }
    assert!(started.elapsed().unwrap() >= Duration::from_secs(1));
    assert_eq!(browser.read(&lenient, "user"), "sam", "clocks may differ by an hour here");
    strict.wait_for_log("A session cookie is ignored: it has expired.");
    assert_eq!(strict.log().matches("it has expired").count(), 1, "a cookie is complained about once");
}

#[test]
fn a_persistent_cookie_expires_with_the_session() {
    let gateway = with(&json!({ "persistentCookie": true, "sessionTimeout": "5000 days" }));
    let mut browser = Browser::default();
    browser.write(&gateway, "user", "sam");
    // The longest there is: 3650 days.
    let field = &browser.set[0];
    assert!(field.contains("; Max-Age=315360000; Expires="), "{field}");
    assert!(field.contains(" GMT"), "{field}");
}

#[test]
fn what_was_tampered_with_is_an_empty_session_and_a_line_in_the_log() {
    let gateway = with(&json!({}));
    let mut good = Browser::default();
    good.write(&gateway, "user", "sam");
    let cookie = good.cookies["openig-jwt-session"].clone();
    let (header, rest) = cookie.split_once('.').unwrap();
    let none = format!("eyJhbGciOiJub25lIn0.{rest}");
    let cut = cookie[..cookie.len() - 1].to_owned();
    let tagless = format!("{}.", cookie.rsplit_once('.').unwrap().0);
    for changed in
        [none, cut, tagless, format!("{header}.x.y"), "~200.AAAAAAAA.x".into(), "~2.A.b".into(), "%00".into()]
    {
        let mut browser = Browser::default();
        browser.cookies.insert("openig-jwt-session".to_owned(), changed.clone());
        assert_eq!(browser.read(&gateway, "user"), "", "{changed}");
        browser.write(&gateway, "user", "kim");
        assert_eq!(browser.read(&gateway, "user"), "kim");
    }
    soon(|| gateway.log().matches("A session cookie is ignored").count() == 7);
    assert!(!gateway.log().contains(rest), "the log tells no cookie");
    assert_eq!(good.read(&gateway, "user"), "sam");
}

/// A gateway that takes long header fields, with these settings of the session.
fn roomy(more: &Value) -> Gateway {
    let admin = r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1", "maxTotalHeadersSize": 262144, "vertx": { "maxInitialLineLength": 16384 } } ],
                     "adminConnector": { "port": 0, "host": "127.0.0.1" } }"#;
    gateway().admin(admin).route("session", &route("/", Some(&manager(more)))).start()
}

#[test]
fn a_long_session_is_split_over_several_cookies_and_cleared_as_a_whole() {
    let gateway = roomy(&json!({}));
    let mut browser = Browser::default();
    browser.write(&gateway, "a", &"x".repeat(3500));
    browser.write(&gateway, "b", &"y".repeat(3500));
    let names: Vec<&str> = browser.cookies.keys().map(String::as_str).collect();
    assert_eq!(names, ["openig-jwt-session", "openig-jwt-session.1", "openig-jwt-session.2"]);
    assert!(browser.set.iter().all(|field| field.len() <= 4096));
    assert_eq!(browser.read(&gateway, "a").len() + browser.read(&gateway, "b").len(), 7000);

    let mut partial = browser.clone();
    partial.cookies.remove("openig-jwt-session.1");
    assert_eq!(partial.read(&gateway, "a"), "");
    gateway.wait_for_log("a part of it is missing or belongs to another version");

    browser.get(&gateway, "/remove?key=a");
    assert_eq!(browser.cookies.len(), 2, "what is left over is forgotten");
    browser.get(&gateway, "/remove?key=b");
    assert!(browser.cookies.is_empty());
}

#[test]
fn a_session_that_is_too_large_is_a_431_and_the_log_names_the_largest_entries() {
    let gateway = roomy(&json!({ "maxCookies": 2 }));
    let mut browser = Browser::default();
    browser.write(&gateway, "small", "1");
    browser.write(&gateway, "basket", &"x".repeat(4000));
    let before = browser.cookies.clone();
    let reply = browser.get(&gateway, &format!("/write?key=profile&value={}", "y".repeat(5000)));
    assert_eq!(reply.status, 431, "{reply}");
    assert_eq!(browser.cookies, before, "the cookies stay as they were");
    assert_eq!(browser.read(&gateway, "small"), "1");
    gateway.wait_for_log("`profile` 5002 bytes, `basket` 4002 bytes, `small` 3 bytes");
}

#[test]
fn a_session_never_grows_so_large_that_its_cookies_are_refused() {
    let gateway = with(&json!({}));
    let mut browser = Browser::default();
    let refused = (0..20).find(|number| {
        let reply = browser.get(&gateway, &format!("/write?key=k{number}&value={}", "x".repeat(500)));
        assert!(matches!(reply.status, 200 | 431), "{reply}");
        reply.status == 431
    });
    let refused = refused.expect("no session of ten kilobytes fits");
    assert!(refused > 6, "{refused}");
    // Nobody is locked out.
    assert_eq!(browser.read(&gateway, "k0").len(), 500);
    assert_eq!(browser.read(&gateway, &format!("k{refused}")), "");
    browser.write(&gateway, "k0", "short");
    gateway.wait_for_log("A session is too large for 5 cookies of 6144 bytes together");
}

#[test]
fn a_hundred_kilobytes_and_two_hundred_chunks_are_an_empty_session() {
    let gateway = roomy(&json!({}));
    let mut browser = Browser::default();
    browser.cookies.insert("openig-jwt-session".into(), "A".repeat(100_000));
    assert_eq!(browser.read(&gateway, "user"), "");
    browser.cookies.insert("openig-jwt-session".into(), "~200.AAAAAAAA.A".into());
    for number in 1..200 {
        browser
            .cookies
            .insert(format!("openig-jwt-session.{number}"), format!("AAAAAAAA.{}", "A".repeat(500)));
    }
    assert_eq!(browser.read(&gateway, "user"), "");
}

#[test]
fn compression_makes_cookies_shorter() {
    let gateway = with(&json!({ "useCompression": true }));
    let mut browser = Browser::default();
    for key in 0..5 {
        browser.write(&gateway, &format!("key{key}"), &"abc".repeat(1000));
    }
    assert!(browser.cookies["openig-jwt-session"].len() < 1000);
    assert_eq!(browser.read(&gateway, "key4").len(), 3000);
}

#[test]
fn requests_at_the_same_time_lose_nothing() {
    let gateway = roomy(&json!({ "maxCookies": 20, "useCompression": true }));
    let mut browser = Browser::default();
    browser.write(&gateway, "user", "sam");
    let browsers: Vec<Browser> = thread::scope(|scope| {
        let asked: Vec<_> = (0..200)
            .map(|number| {
                let (gateway, mut browser) = (&gateway, browser.clone());
                scope.spawn(move || {
                    browser.write(gateway, &format!("key{number}"), "written");
                    browser
                })
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    // Whichever answer the browser takes last.
    for mut browser in browsers.into_iter().step_by(40) {
        assert_eq!(browser.read(&gateway, "user"), "sam");
        let missing: Vec<usize> =
            (0..200).filter(|number| browser.read(&gateway, &format!("key{number}")) != "written").collect();
        assert_eq!(missing, [0; 0]);
    }
}
