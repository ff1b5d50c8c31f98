//! A browser and a clock, both made up, so that thirty minutes pass at once.

mod racing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{
    FaultKind, HeaderValue, Request, Response, Session, SessionAdministration, SessionCookies,
    SessionManager, SessionManagerRef, SessionQuery, StatusCode, header,
};
use expect_test::{Expect, expect};
use expression::Value;
use heap::{Environment, InstancePaths, ProcessSettings, Ref};
use serde::Deserialize;

use super::store::{Limits, Store};
use super::{Manager, SubjectOptions, key};
use crate::sessions::options::DEFAULT_TIMEOUT;
use crate::testing::{check_complaints, with_object};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

/// A manager, and what a browser that talks to it remembers.
struct Browser {
    manager: Arc<Manager>,
    cookie: Option<String>,
    now: Instant,
}

impl Browser {
    fn new(sessions_max: u32) -> Self {
        Self::with(Limits::new(DEFAULT_TIMEOUT, None, sessions_max), Some("user"))
    }

    fn with(limits: Limits, subject: Option<&str>) -> Self {
        let cookie = super::SessionCookie::plain("IG_SESSIONID");
        let subject = SubjectOptions::new(subject.map(str::to_owned), None);
        let (name, file) = ("Session".to_owned(), "config.json".to_owned());
        let store = Arc::new(Store::default());
        let news = super::News::default();
        let manager = Arc::new(Manager { name, file, store, cookie, subject, limits, bytes_max: 1000, news });
        Self { manager, cookie: None, now: Instant::now() }
    }

    /// Another browser of the same gateway.
    fn other(&self) -> Self {
        Self { manager: self.manager.clone(), cookie: None, now: self.now }
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
        self.manager.find_or_make(&SessionCookies::of(&self.request().headers), self.now)
    }

    /// Saves as the end of a request does, and keeps the cookie as a browser does; yields the cookie's attributes.
    fn save(&mut self, session: &Session) -> Option<String> {
        let mut response = Response::new(StatusCode::OK);
        self.manager.store_or_drop(session, &mut response, self.now).unwrap();
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

    /// One request that logs somebody in.
    fn log_in(&mut self, user: &str) {
        let session = self.load();
        session.set("user", Value::owned_text(user)).unwrap();
        self.save(&session);
    }

    /// Sessions in the store.
    fn count(&self) -> usize {
        self.manager.store.counts().0
    }

    fn sweep(&self, after: Duration) {
        self.manager.store.sweep(&self.manager.limits, self.now + after);
    }

    fn handle(&self) -> String {
        key::Key::of(self.cookie.as_deref().unwrap()).unwrap().to_string()
    }
}

#[test]
fn the_cookie_is_set_once() {
    let mut browser = Browser::new(10);
    assert_eq!(browser.visit(), "visit 1 cookie set");
    assert_eq!(browser.visit(), "visit 2 cookie kept");
    assert_eq!(browser.count(), 1);
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
    let session = browser.load();
    session.set("a", Value::Integer(1)).unwrap();
    session.set("a", Value::Null).unwrap();
    assert_eq!((browser.save(&session), browser.count()), (None, 0));
}

#[test]
fn an_unknown_id_gets_a_new_one() {
    let planted = key::random_id().unwrap();
    for planted in [planted.as_str(), "", "short", "%00", &"A".repeat(43), &"A".repeat(500)] {
        let mut browser = Browser::new(10);
        browser.cookie = Some(planted.to_owned());
        assert_eq!(browser.visit(), "visit 1 cookie set");
        assert_ne!(browser.cookie.as_deref(), Some(planted));
    }
}

#[test]
fn the_handle_of_a_session_opens_nothing() {
    let mut browser = Browser::new(10);
    browser.visit();
    let handle = browser.handle();
    assert_eq!(handle.len(), 32);
    browser.cookie = Some(handle);
    assert_eq!(browser.visit(), "visit 1 cookie set");
}

#[test]
fn of_several_cookies_the_known_one_counts() {
    let mut browser = Browser::new(10);
    browser.visit();
    let known = browser.cookie.take().unwrap();
    browser.cookie = Some(format!("{}; IG_SESSIONID={known}", key::random_id().unwrap()));
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
    assert_eq!(browser.count(), 1);
}

#[test]
fn a_session_ends_by_the_absolute_timeout_however_often_it_is_used() {
    let limits = Limits::new(DEFAULT_TIMEOUT, Some(60 * MINUTE), 10);
    let mut browser = Browser::with(limits, Some("user"));
    browser.visit();
    browser.now += 20 * MINUTE;
    browser.visit();
    browser.log_in("bob");
    browser.now += 20 * MINUTE;
    assert_eq!(browser.visit(), "visit 3 cookie kept");
    browser.now += 20 * MINUTE - SECOND;
    assert_eq!(browser.visit(), "visit 4 cookie kept");
    browser.now += SECOND;
    assert_eq!(browser.visit(), "visit 1 cookie set");
}

#[test]
fn a_sweep_drops_what_has_expired() {
    let mut browser = Browser::new(10);
    browser.visit();
    browser.cookie = None;
    browser.now += 20 * MINUTE;
    browser.visit();
    browser.sweep(10 * MINUTE - SECOND);
    assert_eq!(browser.count(), 2);
    browser.sweep(10 * MINUTE + 2 * SECOND);
    assert_eq!(browser.count(), 1);
    assert_eq!(browser.visit(), "visit 2 cookie kept");
}

#[test]
fn a_sweep_leaves_what_was_used_since() {
    let mut browser = Browser::new(10);
    browser.visit();
    browser.now += 20 * MINUTE;
    browser.visit();
    browser.sweep(29 * MINUTE);
    assert_eq!(browser.manager.store.counts(), (1, 1));
    browser.sweep(30 * MINUTE + 2 * SECOND);
    assert_eq!(browser.manager.store.counts(), (0, 0));
}

#[test]
fn an_unlimited_session_goes_by_its_absolute_timeout() {
    let limits = Limits::new(Duration::from_hours(24 * 3650), Some(MINUTE), 10);
    let mut browser = Browser::with(limits, None);
    browser.visit();
    browser.sweep(MINUTE - SECOND);
    assert_eq!(browser.count(), 1);
    browser.sweep(MINUTE + 2 * SECOND);
    assert_eq!(browser.count(), 0);
}

#[test]
fn beyond_the_limit_the_longest_unused_goes() {
    let mut first = Browser::new(2);
    let (mut second, mut third) = (first.other(), first.other());
    first.visit();
    second.visit();
    first.now += MINUTE;
    third.now += MINUTE;
    first.visit();
    third.visit();
    assert_eq!((first.count(), first.manager.store.evicted()), (2, 1));
    assert_eq!(first.visit(), "visit 3 cookie kept");
    assert_eq!(second.visit(), "visit 1 cookie set");
}

#[test]
fn the_limit_holds_however_much_is_in_use() {
    let mut browsers = vec![Browser::new(100)];
    for _ in 0..300 {
        let mut browser = browsers[0].other();
        browser.visit();
        browsers.push(browser);
    }
    assert_eq!(browsers[0].count(), 100);
    for browser in &mut browsers {
        browser.now += MINUTE;
        browser.visit();
    }
    assert_eq!(browsers[0].manager.store.counts(), (100, 100));
}

#[test]
fn sessions_that_come_and_go_leave_nothing_behind() {
    let mut browser = Browser::new(10);
    for _ in 0..10_000 {
        browser.visit();
        let session = browser.load();
        session.clear();
        browser.save(&session);
    }
    let (sessions, queued) = browser.manager.store.counts();
    assert_eq!(sessions, 0);
    assert!(queued <= 16 * 65, "{queued} keys are queued");
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
    assert_eq!(browser.count(), 0);
}

/// Whether what waits for the end of the session is told at once.
fn is_told(signal: &mut exchange::EndSignal) -> bool {
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    signal.as_mut().poll(&mut task).is_ready()
}

/// Watches a session in which somebody is logged in, then does `work` to it.
#[track_caller]
fn check_end(work: impl FnOnce(&mut Browser), is_expected: bool) {
    let mut browser = Browser::new(2);
    browser.log_in("bob");
    let mut signals = [0, 1].map(|_| browser.manager.ended(&browser.load()).unwrap());
    assert!(!signals.iter_mut().any(is_told));
    work(&mut browser);
    assert_eq!(signals.each_mut().map(is_told), [is_expected; 2]);
    if !is_expected {
        browser.sweep(Duration::from_hours(2));
        assert!(signals.iter_mut().all(is_told));
    }
}

#[test]
fn watchers_are_told_of_the_end() {
    check_end(|_| {}, false);
    check_end(|browser| browser.sweep(30 * MINUTE - SECOND), false);
    check_end(|browser| browser.sweep(30 * MINUTE), true);
    let log_out = |browser: &mut Browser| {
        let session = browser.load();
        session.clear();
        browser.save(&session);
    };
    check_end(log_out, true);
    check_end(|browser| browser.log_in("alice"), false);
    let log_in_and_out = |browser: &mut Browser| {
        browser.log_in("alice");
        log_out(browser);
    };
    check_end(log_in_and_out, true);
    let use_once_more = |browser: &mut Browser| {
        browser.now += 20 * MINUTE;
        browser.load();
        browser.sweep(20 * MINUTE);
    };
    check_end(use_once_more, false);
    let crowd = |browser: &mut Browser| {
        browser.now += MINUTE;
        (0..2).for_each(|_| drop(browser.other().visit()));
    };
    check_end(crowd, true);
}

#[test]
fn the_end_is_told_of_what_is_kept_only() {
    let mut browser = Browser::new(10);
    let session = browser.load();
    assert!(browser.manager.ended(&session).is_none());
    session.set("user", Value::owned_text("bob")).unwrap();
    browser.save(&session);
    assert!(!is_told(&mut browser.manager.ended(&session).unwrap()));
    // One that has ended already.
    browser.sweep(60 * MINUTE);
    assert!(is_told(&mut browser.manager.ended(&session).unwrap()));
}

#[test]
fn threads_leave_the_store_in_order() {
    let browser = Browser::new(50);
    let signals = std::thread::scope(|scope| {
        let play = |thread: u32| {
            let mut browser = browser.other();
            scope.spawn(move || {
                let mut signals = Vec::new();
                for round in 0..2000 {
                    browser.now += SECOND;
                    match (round + thread) % 9 {
                        0 => browser.cookie = None,
                        3 => browser.log_in(&round.to_string()),
                        4 => signals.extend(browser.manager.ended(&browser.load())),
                        6 if round % 2 == 0 => {
                            let session = browser.load();
                            session.clear();
                            browser.save(&session);
                        }
                        8 => browser.sweep(Duration::ZERO),
                        _ => drop(browser.visit()),
                    }
                }
                signals
            })
        };
        let threads: Vec<_> = (0..4).map(play).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let (sessions, queued) = browser.manager.store.counts();
    assert!((1..=54).contains(&sessions) && queued <= 50 + 16 * 65, "{sessions} sessions, {queued} queued");
    browser.sweep(Duration::from_hours(2));
    assert_eq!(browser.manager.store.counts(), (0, 0));
    assert!(signals.len() > 100 && signals.into_iter().all(|mut signal| is_told(&mut signal)));
}

#[test]
fn the_number_of_sessions_is_measured() {
    let browser = Browser::new(2);
    (0..3).for_each(|_| drop(browser.other().visit()));
    let metrics = exchange::metrics::Metrics::default();
    metrics.register(&browser.manager);
    expect![[r##"
        # HELP portcullis_sessions Sessions that are kept in memory.
        # TYPE portcullis_sessions gauge
        portcullis_sessions{file="config.json",object="Session"} 2
        # HELP portcullis_sessions_evicted Sessions that had to go before their time, because there were too many.
        # TYPE portcullis_sessions_evicted gauge
        portcullis_sessions_evicted{file="config.json",object="Session"} 1
    "##]].assert_eq(&metrics.render());
}

/// Runs what an administrator asks for.
fn ask<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn administrators_see_names_and_end_sessions() {
    let mut browser = Browser::new(10);
    browser.visit();
    browser.log_in("bob");
    let handle = browser.handle();
    let manager = browser.manager.clone();
    let shown = ask(manager.inspect(&handle)).unwrap().unwrap();
    assert_eq!((shown.handle.as_str(), shown.subject.as_deref()), (handle.as_str(), Some("bob")));
    assert_eq!(
        (shown.entries, shown.expires_in_seconds),
        (vec!["visits".to_owned(), "user".to_owned()], 1800)
    );
    for unknown in ["", "0", "é", &"0".repeat(32), &"g".repeat(32), browser.cookie.as_deref().unwrap()] {
        assert_eq!(ask(manager.inspect(unknown)).unwrap(), None);
        assert!(!ask(manager.revoke(unknown)).unwrap());
    }
    let mut signal = manager.ended(&browser.load()).unwrap();
    let under_way = browser.load();
    assert!(ask(manager.revoke(&handle)).unwrap());
    assert!(is_told(&mut signal));
    assert!(!ask(manager.revoke(&handle)).unwrap());
    under_way.set("late", Value::Bool(true)).unwrap();
    assert_eq!((browser.save(&under_way), browser.count()), (None, 0));
    assert_eq!(browser.visit(), "visit 1 cookie set");
}

#[test]
fn all_sessions_are_listed_page_by_page() {
    let browser = Browser::new(1000);
    let mut expected = Vec::new();
    for number in 0..100 {
        let mut other = browser.other();
        other.log_in(if number % 10 == 0 { "bob" } else { "alice" });
        expected.push(other.handle());
    }
    expected.sort_unstable();
    for limit in [1, 7, 50, 100, 0] {
        let (mut listed, mut query) = (Vec::new(), SessionQuery { limit, ..SessionQuery::default() });
        loop {
            let page = ask(browser.manager.list(query.clone())).unwrap();
            assert!(limit == 0 || page.sessions.len() <= limit);
            listed.extend(page.sessions.into_iter().map(|session| session.handle));
            query.cursor = page.cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }
    let bobs = SessionQuery { subject: Some("bob".into()), limit: 10, ..SessionQuery::default() };
    let page = ask(browser.manager.list(bobs.clone())).unwrap();
    assert_eq!((page.sessions.len(), page.cursor), (10, None));
    assert_eq!(ask(browser.manager.revoke_subject("bob")).unwrap(), 10);
    assert_eq!(ask(browser.manager.revoke_subject("bob")).unwrap(), 0);
    assert_eq!((ask(browser.manager.list(bobs)).unwrap().sessions.len(), browser.count()), (0, 90));
}

#[test]
fn who_asks_for_what_cannot_be_told_hears_so() {
    let browser = Browser::with(Limits::new(DEFAULT_TIMEOUT, None, 10), None);
    let manager = &browser.manager;
    let by_subject = SessionQuery { subject: Some("bob".into()), ..SessionQuery::default() };
    let by_cursor = SessionQuery { cursor: Some("nonsense".into()), ..SessionQuery::default() };
    let faults = [
        ask(manager.list(by_subject)).map(drop),
        ask(manager.list(by_cursor)).map(drop),
        ask(manager.revoke_subject("bob")).map(drop),
    ];
    let told = faults.map(|fault| fault.unwrap_err()).map(|fault| {
        assert_eq!(fault.kind(), FaultKind::BadRequest);
        format!("{fault}\n")
    });
    expect![[r#"
        The session manager `Session` has no `subject`, so nobody can tell whose a session is.
        The cursor is none of ours.
        The session manager `Session` has no `subject`, so nobody can tell whose a session is.
    "#]]
    .assert_eq(&told.concat());
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
        r#"{"cookie": {"sameSite": "STRICT"}, "sessionTimeout": "unlimited", "absoluteTimeout": "8 hours", "maxSessions": 1, "renewOn": ["level"]}"#,
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
        r#"{"absoluteTimeout": "zero"}"#,
        expect![[r#"
        error[PC0313]: a session must be able to last: absoluteTimeout is zero
         --> config.json:1:89
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"absoluteTimeout": "zero"}}], "handler": {"type": "Origin"}}
          |                                                                                         ^^^^^^
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
        r#"{"maxBytes": 0}"#,
        expect![[r#"
        error[PC0313]: maxBytes must be at least 1
         --> config.json:1:82
          |
        1 | {"heap": [{"name": "s", "type": "InMemorySessionManager", "config": {"maxBytes": 0}}], "handler": {"type": "Origin"}}
          |                                                                                  ^
    "#]],
    );
}

#[test]
fn mistakes_in_cookies_are_found_at_load() {
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
