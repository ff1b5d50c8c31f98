//! A browser and a clock, both made up, so that thirty minutes pass at once.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use crypto::jose::{ContentEncryption, DirectKey};
use exchange::{
    HeaderValue, Request, Response, Session, SessionAdministration, SessionCookies, SessionManager,
    SessionQuery, StatusCode, header,
};
use expect_test::{Expect, expect};
use expression::Value;

use super::super::cookie::SessionCookie;
use super::super::keys::SessionKeys;
use super::super::options::SubjectOptions;
use super::manager::{Manager, Place, Settings};
use super::states::States;
use crate::testing::{check_brief, check_complaints};

mod administering;
mod configuration;
mod outdated;
mod racing;
mod splitting;

const START: Duration = Duration::from_secs(1_900_000_000);
const MINUTE: Duration = Duration::from_mins(1);

fn key() -> Arc<DirectKey> {
    Arc::new(DirectKey::random(ContentEncryption::A256Gcm).unwrap())
}

fn settings() -> Settings {
    Settings {
        timeout_seconds: 30 * 60,
        skew_seconds: 0,
        is_persistent: false,
        is_compressed: false,
        parts_max: 5,
        cookie_bytes_max: usize::MAX,
        subject: SubjectOptions::new(Some("user".to_owned()), None),
    }
}

/// These keys, the active one first.
fn keys(keys: &[&Arc<DirectKey>]) -> Arc<SessionKeys> {
    let ring = SessionKeys::fixed(&[]);
    ring.replace(keys.iter().map(|key| (*key).clone()).collect());
    ring
}

/// An instance with these keys and settings.
fn instance(ring: &[&Arc<DirectKey>], settings: Settings) -> Arc<Manager> {
    manager_of(keys(ring), settings)
}

fn manager_of(keys: Arc<SessionKeys>, settings: Settings) -> Arc<Manager> {
    let place = Place { name: "Session".to_owned(), type_name: "JwtSession", file: "config.json".to_owned() };
    Arc::new(Manager::new(place, SessionCookie::plain("IG"), keys, Arc::default(), settings))
}

/// What a browser remembers.
#[derive(Clone)]
struct Browser {
    cookies: BTreeMap<String, String>,
    now: Duration,
}

impl Browser {
    fn new() -> Self {
        Self { cookies: BTreeMap::new(), now: START }
    }

    /// One that somebody has given this cookie.
    fn with(cookie: &str) -> Self {
        let mut browser = Self::new();
        browser.cookies.insert("IG".to_owned(), cookie.to_owned());
        browser
    }

    fn request(&self) -> Request {
        let mut request = Request::get("http://app.example/".parse().unwrap());
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            let field = HeaderValue::from_str(&format!("a=b; {}; IGNORED=c", pairs.join("; "))).unwrap();
            request.headers.insert(header::COOKIE, field);
        }
        request
    }

    fn load(&self, manager: &Manager) -> Session {
        manager.find_or_make(&SessionCookies::of(&self.request().headers), self.now)
    }

    /// Saves, and keeps the cookies as a browser does; yields what was set, the values left out.
    fn save(&mut self, manager: &Manager, session: &Session) -> String {
        let mut response = Response::new(StatusCode::OK);
        if session.is_changed() {
            manager.keep(session, &mut response, self.now).unwrap();
        }
        self.take(&response)
    }

    fn take(&mut self, response: &Response) -> String {
        let mut set = String::new();
        for field in response.headers.get_all(header::SET_COOKIE) {
            let field = field.to_str().unwrap();
            assert!(field.len() <= 4096, "{}", field.len());
            let (pair, attributes) = field.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                assert_eq!(value, "");
                self.cookies.remove(name);
                let _ = writeln!(set, "{name} forgotten");
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
                let _ = writeln!(set, "{name}=…;{attributes}");
            }
        }
        set
    }

    /// One request that writes entries; null removes.
    fn write(&mut self, manager: &Manager, entries: &[(&str, Value<'static>)]) -> String {
        let session = self.load(manager);
        for (key, value) in entries {
            session.set(key, value.clone()).unwrap();
        }
        self.save(manager, &session)
    }

    /// What the session holds, as a request sees it.
    fn sees(&self, manager: &Manager) -> String {
        Value::map(self.load(manager).values()).to_json().to_string()
    }

    fn cookie(&self) -> &str {
        &self.cookies["IG"]
    }
}

fn text(text: &str) -> Value<'static> {
    Value::owned_text(text)
}

#[test]
fn the_cookie_holds_the_entries_and_is_written_when_they_change() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    assert_eq!(browser.sees(&gateway), "{}");
    let set = browser.write(&gateway, &[("user", text("Sam")), ("visits", Value::Integer(1))]);
    assert_eq!(set, "IG=…; Path=/; HttpOnly; SameSite=Lax\n");
    assert!(browser.cookie().starts_with("eyJ") && browser.cookie().split('.').count() == 5);
    assert_eq!(browser.sees(&gateway), r#"{"user":"Sam","visits":1}"#);
    let before = browser.cookies.clone();
    let session = browser.load(&gateway);
    assert_eq!(browser.save(&gateway, &session), "", "nothing has changed");
    session.set("visits", Value::Integer(1)).unwrap();
    assert_eq!(browser.save(&gateway, &session), "", "what was written was there");
    assert_eq!(browser.cookies, before);
    browser.write(&gateway, &[("visits", Value::Integer(2))]);
    assert_ne!(browser.cookies, before);
}

#[test]
fn json_types_come_back_as_they_were() {
    let key = key();
    let (writer, reader) = (instance(&[&key], settings()), instance(&[&key], settings()));
    let mut browser = Browser::new();
    let list = Value::list(vec![Value::Integer(i64::MAX), Value::Bool(true), Value::Decimal(0.1)]);
    let map = Value::map([("ключ".to_owned(), text("“value”\u{0}"))].into_iter().collect());
    browser.write(&writer, &[("list", list), ("map", map), ("decimal", Value::Decimal(1.0))]);
    expect![[r#"{"list":[9223372036854775807,true,0.1],"map":{"ключ":"“value”\u0000"},"decimal":1.0}"#]]
        .assert_eq(&browser.sees(&reader));
}

#[test]
fn a_session_lasts_from_its_beginning_however_often_it_is_used() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("visits", Value::Integer(1))]);
    browser.now += 29 * MINUTE;
    browser.write(&gateway, &[("visits", Value::Integer(2))]);
    assert_eq!(browser.sees(&gateway), r#"{"visits":2}"#);
    browser.now += MINUTE;
    assert_eq!(browser.sees(&gateway), r#"{"visits":2}"#, "the last second counts");
    browser.now += Duration::from_secs(1);
    assert_eq!(browser.sees(&gateway), "{}");
}

/// Whether a cookie of 12:00 that ends at 12:30 is good at this time, in seconds from 12:00, with two minutes of skew.
#[track_caller]
fn check_skew(seconds: i64, is_expected: bool) {
    let key = key();
    let keys = [&key];
    let mut browser = Browser::new();
    browser.write(&instance(&keys, settings()), &[("a", text("b"))]);
    browser.now = Duration::from_secs(START.as_secs().checked_add_signed(seconds).unwrap());
    let other = instance(&keys, Settings { skew_seconds: 120, ..settings() });
    assert_eq!(browser.sees(&other) != "{}", is_expected, "{seconds}");
    let strict = instance(&keys, settings());
    assert_eq!(browser.sees(&strict) != "{}", (-5..=1800).contains(&seconds), "{seconds}");
}

#[test]
fn clocks_may_differ_by_the_skew_in_both_directions() {
    check_skew(-600, false);
    check_skew(-121, false);
    check_skew(-120, true);
    check_skew(-6, true);
    check_skew(-5, true);
    check_skew(-1, true);
    check_skew(0, true);
    check_skew(1800, true);
    check_skew(1801, true);
    check_skew(1920, true);
    check_skew(1921, false);
    check_skew(2400, false);
}

#[test]
fn a_persistent_cookie_ends_with_its_session() {
    let gateway = instance(&[&key()], Settings { is_persistent: true, ..settings() });
    let mut browser = Browser::new();
    let first = browser.write(&gateway, &[("a", text("b"))]);
    assert!(first.contains("; HttpOnly; SameSite=Lax; Max-Age=1800; Expires="), "{first}");
    assert!(first.ends_with(" GMT\n"), "{first}");
    browser.now += 10 * MINUTE;
    let second = browser.write(&gateway, &[("a", text("c"))]);
    assert!(second.contains("; Max-Age=1200; Expires="), "{second}");
}

#[test]
fn an_empty_session_forgets_its_cookie() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    assert_eq!(browser.write(&gateway, &[("a", text("b")), ("a", Value::Null)]), "", "there was none");
    browser.write(&gateway, &[("a", text("b")), ("c", text("d"))]);
    let before = browser.clone();
    let session = browser.load(&gateway);
    session.clear();
    assert_eq!(browser.save(&gateway, &session), "IG forgotten\n");
    assert!(browser.cookies.is_empty());
    assert_eq!(before.sees(&gateway), "{}", "its cookie is dead, too");
}

#[test]
fn keys_are_replaced_without_ending_a_session() {
    let (old, new) = (key(), key());
    let keys = keys(&[&old]);
    let gateway = manager_of(keys.clone(), settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", text("b"))]);
    let idle = browser.clone();
    keys.replace(vec![new.clone(), old]);
    assert_eq!(browser.sees(&gateway), r#"{"a":"b"}"#);
    browser.write(&gateway, &[("a", text("c"))]);
    keys.replace(vec![new]);
    assert_eq!(browser.sees(&gateway), r#"{"a":"c"}"#);
    assert_eq!(idle.sees(&gateway), "{}", "what was opened under an old key is not remembered as good");
}

/// A cookie that was changed in some way; the session is empty, and a new one may begin.
#[track_caller]
fn check_refused(change: impl Fn(&str) -> String) {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", text("b"))]);
    let changed = change(browser.cookie());
    let mut stranger = Browser::with(&changed);
    assert_eq!(stranger.sees(&gateway), "{}", "{changed}");
    assert_eq!(browser.sees(&gateway), r#"{"a":"b"}"#, "the good one is still good");
    stranger.write(&gateway, &[("x", text("y"))]);
    assert_eq!(stranger.sees(&gateway), r#"{"x":"y"}"#);
}

#[test]
fn what_was_tampered_with_is_an_empty_session() {
    check_refused(|_| "not.a.token".to_owned());
    check_refused(|_| String::new());
    check_refused(|_| ".".repeat(5000));
    check_refused(|_| "~".repeat(5000));
    check_refused(|good| format!("{good}A"));
    check_refused(|good| good[..good.len() - 4].to_owned());
    check_refused(|good| good.rsplit_once('.').unwrap().0.to_owned() + ".");
    // Another algorithm than ours in the header: `{"alg":"none"}`.
    check_refused(|good| format!("eyJhbGciOiJub25lIn0.{}", good.split_once('.').unwrap().1));
    check_refused(|_| "eyJhbGciOiJub25lIn0.eyJzZXNzaW9uIjp7ImEiOiJiIn19.".to_owned());
    check_refused(|good| {
        let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        let changed = if parts[3].starts_with('A') { "B" } else { "A" };
        parts[3].replace_range(..1, changed);
        parts.join(".")
    });
    let other = instance(&[&key()], settings());
    check_refused(move |_| {
        let mut browser = Browser::new();
        browser.write(&other, &[("a", text("foreign"))]);
        browser.cookie().to_owned()
    });
}

#[test]
fn what_is_inflated_is_bounded() {
    let key = key();
    let gateway = instance(&[&key], Settings { is_compressed: true, ..settings() });
    let bomb = format!(r#"{{"session":{{"a":"{}"}}}}"#, "a".repeat(2_000_000));
    let bomb = key.seal(bomb.as_bytes(), true).unwrap();
    assert!(bomb.len() < 4096, "{}", bomb.len());
    assert_eq!(Browser::with(&bomb).sees(&gateway), "{}");
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", text(&"a".repeat(100_000)))]);
    assert!(browser.cookie().len() < 1000, "it is compressed");
    assert_eq!(browser.sees(&gateway).len(), 100_008);
}

/// A text of ours that says this.
#[track_caller]
fn check_content(content: &str, expected: &str) {
    let key = key();
    let gateway = instance(&[&key], settings());
    let cookie = key.seal(content.as_bytes(), false).unwrap();
    assert_eq!(Browser::with(&cookie).sees(&gateway), expected, "{content}");
}

#[test]
fn what_is_no_session_of_this_cookie_is_none() {
    let claims = |claims: &str| {
        format!(r#"{{"iat":1900000000,"exp":1900000100,"jti":"AAAAAAAAAAAAAAAAAAAAAA",{claims}}}"#)
    };
    let good = r#""aud":"IG","rev":1,"session":{"a":1}"#;
    check_content(&claims(good), r#"{"a":1}"#);
    check_content(&claims(&good.replace("IG", "OTHER")), "{}");
    check_content(&claims(&good.replace(r#"{"a":1}"#, "[]")), "{}");
    check_content(&claims(&good.replace(r#""rev":1,"#, "")), "{}");
    check_content(&claims(good).replace("AAAAAAAAAAAAAAAAAAAAAA", "AAAA"), "{}");
    check_content(&claims(good).replace("1900000100", "1899999999"), "{}");
    check_content(&claims(good).replace("1900000100", "-1"), "{}");
    check_content("", "{}");
    check_content("null", "{}");
    check_content(&"[".repeat(100_000), "{}");
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_with_time_or_with_the_last_entry() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.now = super::manager::now();
    let session = browser.load(&gateway);
    assert!(gateway.ended(&session).is_none(), "it is not kept yet");
    session.set("a", text("b")).unwrap();
    browser.save(&gateway, &session);
    let ended = gateway.ended(&session).unwrap();
    tokio::pin!(ended);
    let soon = tokio::time::timeout(Duration::from_secs(60), &mut ended).await;
    assert!(soon.is_err(), "it goes on");
    browser.write(&gateway, &[("a", Value::Null)]);
    ended.await;
    assert!(gateway.ended(&session).is_some());
    gateway.ended(&session).unwrap().await;
}
