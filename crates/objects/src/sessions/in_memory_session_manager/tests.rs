//! A browser and a clock, both made up, so that thirty minutes pass at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{HeaderValue, Request, Response, Session, SessionManagerRef, StatusCode, header};
use expect_test::{Expect, expect};
use expression::Value;
use heap::{Environment, InstancePaths, ProcessSettings, Ref};
use serde::Deserialize;

use super::Manager;
use super::store::{Id, Store};
use crate::sessions::options::DEFAULT_TIMEOUT;
use crate::testing::{check_complaints, with_object};

const MINUTE: Duration = Duration::from_mins(1);

/// A manager, and what a browser that talks to it remembers.
struct Browser {
    manager: Manager,
    cookie: Option<String>,
    now: Instant,
}

impl Browser {
    fn new(sessions_max: usize) -> Self {
        let store = Arc::new(Store::default());
        Self::of(store, sessions_max)
    }

    /// Another browser of the same gateway.
    fn of(store: Arc<Store>, sessions_max: usize) -> Self {
        let cookie = super::SessionCookie::plain("IG_SESSIONID");
        let manager = Manager { store, cookie, timeout: DEFAULT_TIMEOUT, sessions_max };
        Self { manager, cookie: None, now: Instant::now() }
    }

    fn request(&self) -> Request {
        let mut request = Request::get("http://app.example/".parse().unwrap());
        if let Some(cookie) = &self.cookie {
            let field = HeaderValue::from_str(&format!("a=b; IG_SESSIONID={cookie}; c=d")).unwrap();
            request.headers.insert(header::COOKIE, field);
        }
        request
    }

    fn load(&self) -> Session {
        self.manager.find_or_make(&self.request(), self.now).unwrap()
    }

    /// Saves, and keeps the cookie as a browser does; yields the cookie's attributes.
    fn save(&mut self, session: &Session) -> Option<String> {
        let mut response = Response::new(StatusCode::OK);
        self.manager.store_or_drop(session, &mut response, self.now);
        let field = response.headers.text(header::SET_COOKIE)?.to_owned();
        let (value, attributes) = field.split_once(';').unwrap();
        let value = value.strip_prefix("IG_SESSIONID=").unwrap().to_owned();
        self.cookie = Some(value).filter(|value| !value.is_empty());
        Some(attributes.to_owned())
    }

    /// One request that counts its visits.
    fn visit(&mut self) -> String {
        let session = self.load();
        let visits = match session.get("visits") {
            Value::Integer(visits) => visits,
            _ => 0,
        };
        session.set("visits", Value::Integer(visits + 1)).unwrap();
        let cookie = self.save(&session);
        format!("visit {} cookie {}", visits + 1, if cookie.is_some() { "set" } else { "kept" })
    }
}

#[test]
fn the_cookie_is_set_once() {
    let mut browser = Browser::new(10);
    assert_eq!(browser.visit(), "visit 1 cookie set");
    assert_eq!(browser.visit(), "visit 2 cookie kept");
    assert_eq!(browser.manager.store.count(), 1);
}

#[test]
fn an_id_is_long_and_never_the_same() {
    let mut browser = Browser::new(10);
    browser.visit();
    let first = browser.cookie.take().unwrap();
    browser.visit();
    let second = browser.cookie.take().unwrap();
    assert_eq!((first.len(), second.len()), (43, 43));
    assert_ne!(first, second);
}

#[test]
fn a_session_that_is_only_read_is_not_stored() {
    let mut browser = Browser::new(10);
    browser.load();
    assert_eq!(browser.manager.store.count(), 0);
    assert!(browser.cookie.is_none());
    browser.visit();
}

#[test]
fn an_unknown_id_gets_a_new_one() {
    let planted = Id::random().unwrap().to_string();
    for planted in [planted.as_str(), "", "short", "%00", &"A".repeat(500)] {
        let mut browser = Browser::new(10);
        browser.cookie = Some(planted.to_owned());
        assert_eq!(browser.visit(), "visit 1 cookie set");
        assert_ne!(browser.cookie.as_deref(), Some(planted));
    }
}

#[test]
fn of_several_cookies_the_known_one_counts() {
    let mut browser = Browser::new(10);
    browser.visit();
    let known = browser.cookie.take().unwrap();
    browser.cookie = Some(format!("{}; IG_SESSIONID={known}", Id::random().unwrap()));
    assert_eq!(browser.visit(), "visit 2 cookie kept");
}

#[test]
fn a_session_lives_from_its_last_use() {
    let mut browser = Browser::new(10);
    browser.visit();
    browser.now += 29 * MINUTE;
    assert_eq!(browser.visit(), "visit 2 cookie kept");
    browser.now += 29 * MINUTE;
    assert_eq!(browser.visit(), "visit 3 cookie kept");
    browser.now += 30 * MINUTE;
    assert_eq!(browser.visit(), "visit 1 cookie set");
    assert_eq!(browser.manager.store.count(), 1);
}

#[test]
fn a_sweep_drops_what_has_expired() {
    let mut browser = Browser::new(10);
    browser.visit();
    browser.cookie = None;
    browser.now += 20 * MINUTE;
    browser.visit();
    browser.manager.store.sweep(DEFAULT_TIMEOUT, browser.now + 9 * MINUTE);
    assert_eq!(browser.manager.store.count(), 2);
    browser.manager.store.sweep(DEFAULT_TIMEOUT, browser.now + 10 * MINUTE);
    assert_eq!(browser.manager.store.count(), 1);
    assert_eq!(browser.visit(), "visit 2 cookie kept");
}

#[test]
fn beyond_the_limit_the_longest_unused_goes() {
    let mut first = Browser::new(2);
    let mut second = Browser::of(first.manager.store.clone(), 2);
    let mut third = Browser::of(first.manager.store.clone(), 2);
    first.visit();
    second.visit();
    first.visit();
    third.visit();
    assert_eq!(first.manager.store.count(), 2);
    assert_eq!(first.visit(), "visit 3 cookie kept");
    assert_eq!(second.visit(), "visit 1 cookie set");
}

#[test]
fn an_empty_session_expires_its_cookie() {
    let mut browser = Browser::new(10);
    browser.visit();
    let session = browser.load();
    session.set("visits", Value::Null).unwrap();
    let attributes = browser.save(&session).unwrap();
    expect![" Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
        .assert_eq(&attributes);
    assert_eq!(browser.manager.store.count(), 0);
}

#[test]
fn requests_at_the_same_time_share_the_session() {
    let mut browser = Browser::new(10);
    browser.visit();
    let (one, two) = (browser.load(), browser.load());
    one.set("a", Value::Integer(1)).unwrap();
    assert_eq!(two.get("a").to_text(), "1");
}

/// What the manager of this configuration sets for a new session; the random part is left out.
#[track_caller]
fn check_cookie(config: &str, expected: Expect) {
    let object = format!(r#"{{"name": "s", "type": "InMemorySessionManager", "config": {config}}}"#);
    with_object(&object, "s", |manager: SessionManagerRef| {
        let request = Request::get("http://app.example/".parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let field = runtime.block_on(async {
            let mut slot = exchange::SessionSlot::new(manager);
            slot.load(&request).await.unwrap().unwrap().set("a", Value::Integer(1)).unwrap();
            let mut response = Response::new(StatusCode::OK);
            slot.save(&mut response).await.unwrap();
            response.headers.text(header::SET_COOKIE).unwrap().to_owned()
        });
        let (name, rest) = field.split_once('=').unwrap();
        expected.assert_eq(&format!("{name}=…{}", &rest[43..]));
    });
}

/// Starts a configuration of this file name in `environment`, as a reload does, and plays visits of one browser.
fn visits(environment: &Arc<Environment>, file: &str, cookie: &mut Option<String>) -> i64 {
    #[derive(Deserialize)]
    struct Fields {
        session: Ref<SessionManagerRef>,
    }
    let config = br#"{"session": {"type": "InMemorySessionManager"}}"#;
    let document = heap::Document::parse(environment, file, config, None);
    let level = heap::declare::<Fields>(environment, document, None, "a route", true).level.unwrap();
    let Ok(unstarted) = level.plan.build(environment, None) else { panic!("the configuration is sound") };
    let manager = unstarted.generation().get(&level.fields.session);
    // What the environment shares is kept while any generation holds it.
    std::mem::forget(manager.clone());
    let mut request = Request::get("http://app.example/".parse().unwrap());
    if let Some(cookie) = cookie {
        request.headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut slot = exchange::SessionSlot::new(manager);
        let session = slot.load(&request).await.unwrap().unwrap();
        let visits = if let Value::Integer(visits) = session.get("visits") { visits + 1 } else { 1 };
        session.set("visits", Value::Integer(visits)).unwrap();
        let mut response = Response::new(StatusCode::OK);
        slot.save(&mut response).await.unwrap();
        if let Some(field) = response.headers.text(header::SET_COOKIE) {
            *cookie = field.split(';').next().map(str::to_owned);
        }
        visits
    })
}

#[test]
fn sessions_survive_a_reload_and_belong_to_one_file() {
    let paths = InstancePaths::below(std::path::Path::new("/nonexistent"));
    let environment = Arc::new(Environment::new(crate::catalogue(), paths, ProcessSettings::default()));
    let mut cookie = None;
    assert_eq!(visits(&environment, "a.json", &mut cookie), 1);
    assert_eq!(visits(&environment, "a.json", &mut cookie), 2);
    assert_eq!(visits(&environment, "b.json", &mut cookie), 1);
    // The other file took the cookie over, so the first one's session is not found again.
    assert_eq!(visits(&environment, "a.json", &mut cookie), 1);
}

#[track_caller]
fn check_refused(config: &str, expected: Expect) {
    let object = format!(r#"{{"name": "s", "type": "InMemorySessionManager", "config": {config}}}"#);
    check_complaints(&format!(r#"{{"heap": [{object}], "handler": {{"type": "Origin"}}}}"#), expected);
}

#[test]
fn cookies_have_attributes() {
    check_cookie("{}", expect!["IG_SESSIONID=…; Path=/; HttpOnly; SameSite=Lax"]);
    check_cookie(
        r#"{"cookie": {"name": "IG", "domain": ".example.com", "httpOnly": false, "path": "/app", "sameSite": "none", "secure": true}}"#,
        expect!["IG=…; Path=/app; Domain=.example.com; Secure; SameSite=None"],
    );
    check_cookie(
        r#"{"cookie": {"sameSite": "STRICT"}, "sessionTimeout": "unlimited", "maxSessions": 1}"#,
        expect!["IG_SESSIONID=…; Path=/; HttpOnly; SameSite=Strict"],
    );
}

#[test]
fn mistakes_are_found_at_load() {
    check_refused(
        r#"{"sessionTimeout": "0 seconds"}"#,
        expect![[r#"
        error[PC0313]: a session must be able to last: sessionTimeout is zero
         --> config.json:1:88
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"sessionTimeout": "0 seconds"}}], "handler": {"type": "Origin"}}
          |                                                                                        ^^^^^^^^^^^
    "#]],
    );
    check_refused(
        r#"{"maxSessions": 0}"#,
        expect![[r#"
        error[PC0313]: maxSessions must be at least 1
         --> config.json:1:85
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"maxSessions": 0}}], "handler": {"type": "Origin"}}
          |                                                                                     ^
    "#]],
    );
    check_refused(
        r#"{"cookie": {"name": "a b"}}"#,
        expect![[r#"
        error[PC0313]: the name of a cookie is made of letters, digits and `!#$%&'*+-.^_`|~`
         --> config.json:1:89
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"cookie": {"name": "a b"}}}], "handler": {"type": "Origin"}}
          |                                                                                         ^^^^^
    "#]],
    );
    check_refused(
        r#"{"cookie": {"name": ""}}"#,
        expect![[r#"
        error[PC0313]: the name of a cookie is made of letters, digits and `!#$%&'*+-.^_`|~`
         --> config.json:1:89
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"cookie": {"name": ""}}}], "handler": {"type": "Origin"}}
          |                                                                                         ^^
    "#]],
    );
    check_refused(
        r#"{"cookie": {"path": "/; Domain=evil.example"}}"#,
        expect![[r#"
        error[PC0313]: a cookie's domain and path are plain ASCII without `;`
         --> config.json:1:89
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"cookie": {"path": "/; Domain=evil.example"}}}], "handler": {"ty...
          |                                                                                         ^^^^^^^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check_refused(
        r#"{"cookie": {"sameSite": "MAYBE"}}"#,
        expect![[r#"
        error[PC0302]: InMemorySessionManager: `MAYBE` is not one of `STRICT`, `LAX`, `NONE`
         --> config.json:1:93
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"cookie": {"sameSite": "MAYBE"}}}], "handler": {"type": "Origin"}}
          |                                                                                             ^^^^^^^
    "#]],
    );
}
