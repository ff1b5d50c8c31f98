//! Browsers, instances and a clock, all made up, over a store that can be made to fail.

mod administration;
mod cookies;
mod failures;
mod forgeries;
mod memory_store;
mod renewal;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crypto::jose::{ContentEncryption, DirectKey};
use crypto::{CryptoKey, KeyMaterial};
use exchange::{
    Fault, HeaderValue, Request, Response, Session, SessionCookies, SessionManager, StatusCode, header,
};
use expect_test::expect;
use expression::Value;

use super::*;
use crate::testing::{brief, context};
use memory_store::{MemoryStore, Mood};

const MINUTE: u64 = 60;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_800_000_000) };
}

/// The time of this test.
fn now() -> u64 {
    NOW.get()
}

fn pass(seconds: u64) {
    NOW.set(NOW.get() + seconds);
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

fn key(fill: u8) -> DirectKey {
    let bytes = vec![fill; 32].into();
    let key = CryptoKey::new(KeyMaterial::Symmetric { algorithm: "AES".to_owned(), bytes });
    DirectKey::new(&key, ContentEncryption::A256Gcm).unwrap()
}

/// One instance of a gateway.
fn instance(store: &Arc<MemoryStore>) -> Manager {
    with_cookie(store, "IG_SESSIONID")
}

fn with_cookie(store: &Arc<MemoryStore>, cookie: &str) -> Manager {
    let cookie = SessionCookie::plain(cookie);
    let timeout = Duration::from_mins(30);
    let subjects = SubjectOptions::new(Some("user".to_owned()), None);
    Manager {
        name: "Session".to_owned(),
        file: "config.json".to_owned(),
        keys: SessionKeys::fixed(&[1]),
        namespace: Namespace::new(cookie.identity()),
        cookie,
        is_persistent: false,
        store: Arc::new(Store::new(SharedStoreRef(store.clone()), "Session")),
        timeout,
        absolute: None,
        subjects: Subjects::new(subjects, timeout),
        bytes_max: 64 * 1024,
        watches: Arc::default(),
        news: News::default(),
        clock: now,
    }
}

/// What a browser remembers.
#[derive(Default, Clone)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    fn load(&self, manager: &Manager) -> Session {
        self.try_load(manager).unwrap()
    }

    fn try_load(&self, manager: &Manager) -> Result<Session, Fault> {
        let mut request = Request::get("http://app.example/".parse().unwrap());
        if let Some(cookie) = &self.cookie {
            request.headers.insert(header::COOKIE, HeaderValue::from_str(&format!("a=b; {cookie}")).unwrap());
        }
        run(manager.load(&SessionCookies::of(&request.headers)))
    }

    /// Saves, and keeps the cookie as a browser does. Yields the attributes of a cookie that was set.
    fn save(&mut self, manager: &Manager, session: &Session) -> Option<String> {
        let mut response = Response::new(StatusCode::OK);
        run(manager.save(session, &mut response)).unwrap();
        let field = response.headers.text(header::SET_COOKIE)?.to_owned();
        let (pair, attributes) = field.split_once(';').unwrap();
        self.cookie = Some(pair.to_owned()).filter(|pair| !pair.ends_with('='));
        Some(attributes.trim().to_owned())
    }

    /// One request that writes an entry.
    fn write(&mut self, manager: &Manager, entry: &str, value: &str) -> Option<String> {
        let session = self.load(manager);
        session.set(entry, text(value)).unwrap();
        self.save(manager, &session)
    }

    /// All entries, as another request sees them.
    fn entries(&self, manager: &Manager) -> String {
        Value::map(self.load(manager).values()).to_json().to_string()
    }

    fn id(&self) -> Id {
        let cookie = self.cookie.as_deref().unwrap();
        Id::parse(cookie.split_once('=').unwrap().1).unwrap()
    }
}

/// An empty text stands for no entry.
fn text(value: &str) -> Value<'static> {
    if value.is_empty() { Value::Null } else { Value::owned_text(value) }
}

/// What the client gets for a fault.
fn shown(fault: Fault) -> String {
    let response = fault.into_response(&context());
    let wait = response.headers.text(header::RETRY_AFTER).unwrap_or("-");
    let cookie = response.headers.text(header::SET_COOKIE).unwrap_or("-");
    format!("{} retry-after {wait} set-cookie {cookie}", response.status.as_u16())
}

#[test]
fn any_instance_continues_a_session() {
    let store = Arc::default();
    let (one, other) = (instance(&store), instance(&store));
    let mut browser = Browser::default();
    let set = browser.write(&one, "user", "bob");
    assert_eq!(set.as_deref(), Some("Path=/; HttpOnly; SameSite=Lax"));
    assert_eq!(browser.write(&other, "color", "red"), None);
    assert_eq!(browser.entries(&one), r#"{"color":"red","user":"bob"}"#);
}

#[test]
fn entries_are_every_kind_of_json() {
    let store = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    let session = browser.load(&manager);
    let value = serde_json::json!({"list": [1, -2.5, true, null, "\u{e4}\u{1F600}\""], "map": {"": {}}});
    session.set("", Value::from(value.clone())).unwrap();
    browser.save(&manager, &session);
    assert_eq!(browser.load(&manager).get("").to_json(), value);
}

#[test]
fn a_session_that_is_only_read_is_not_stored() {
    let store: Arc<MemoryStore> = Arc::default();
    Browser::default().load(&instance(&store));
    assert!(store.tables.lock().unwrap().records.is_empty());
}

#[test]
fn two_hundred_requests_at_once_lose_nothing() {
    let store = Arc::default();
    let instances = [instance(&store), instance(&store), instance(&store)];
    let mut browser = Browser::default();
    browser.write(&instances[0], "shared", "0");
    let loaded: Vec<Session> = (0..200).map(|at| browser.load(&instances[at % 3])).collect();
    for (at, session) in loaded.iter().enumerate() {
        session.set(&format!("entry-{at}"), Value::Integer(1)).unwrap();
        session.set("shared", text(&at.to_string())).unwrap();
    }
    for (at, session) in loaded.iter().enumerate() {
        assert_eq!(browser.save(&instances[(at + 1) % 3], session), None);
    }
    let session = browser.load(&instances[0]);
    assert_eq!(session.entries().len(), 201);
    assert_eq!(session.get("shared").to_json(), "199", "the last one counts");
}

#[test]
fn an_entry_that_was_removed_stays_removed() {
    let store = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "one", "1");
    browser.write(&manager, "two", "2");
    let other = browser.load(&manager);
    browser.write(&manager, "one", "");
    other.set("three", text("3")).unwrap();
    browser.save(&manager, &other);
    assert_eq!(browser.entries(&manager), r#"{"three":"3","two":"2"}"#);
}

#[test]
fn an_empty_session_ends() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "user", "bob");
    let session = browser.load(&manager);
    session.clear();
    let attributes = browser.save(&manager, &session).unwrap();
    assert!(attributes.contains("Max-Age=0"), "{attributes}");
    let mut tables = store.tables.lock().unwrap();
    tables.sets.retain(|_, (_, names)| !names.is_empty());
    assert!(tables.records.is_empty() && tables.sets.is_empty());
}

#[test]
fn a_session_lives_from_its_last_use() {
    let store = Arc::default();
    let (one, other) = (instance(&store), instance(&store));
    let mut browser = Browser::default();
    browser.write(&one, "user", "bob");
    for _ in 0..10 {
        pass(29 * MINUTE);
        assert_eq!(browser.entries(&other), r#"{"user":"bob"}"#);
    }
    pass(30 * MINUTE);
    assert_eq!(browser.entries(&one), "{}");
}

#[test]
fn a_session_has_an_absolute_end() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = Manager { absolute: Some(Duration::from_mins(50)), ..instance(&store) };
    let mut browser = Browser::default();
    browser.write(&manager, "user", "bob");
    pass(25 * MINUTE);
    browser.write(&manager, "color", "red");
    pass(24 * MINUTE);
    // Another id does not give it more time.
    assert!(browser.write(&manager, "user", "alice").is_some());
    assert_eq!(browser.entries(&manager), r#"{"color":"red","user":"alice"}"#);
    pass(MINUTE);
    assert_eq!(browser.entries(&manager), "{}");
    assert!(store.tables.lock().unwrap().records.is_empty());
}

#[test]
fn an_absolute_end_that_is_configured_later_counts() {
    let store: Arc<MemoryStore> = Arc::default();
    let mut browser = Browser::default();
    browser.write(&instance(&store), "user", "bob");
    pass(20 * MINUTE);
    let manager = Manager { absolute: Some(Duration::from_mins(10)), ..instance(&store) };
    assert_eq!(browser.entries(&manager), "{}");
}

#[test]
fn a_persistent_cookie_says_how_long() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager =
        Manager { is_persistent: true, absolute: Some(Duration::from_hours(8)), ..instance(&store) };
    let set = Browser::default().write(&manager, "user", "bob");
    assert_eq!(set.as_deref(), Some("Path=/; HttpOnly; SameSite=Lax; Max-Age=28800"));
}

#[test]
fn two_managers_in_one_store_do_not_meet() {
    let store: Arc<MemoryStore> = Arc::default();
    let (one, other) = (with_cookie(&store, "ONE"), with_cookie(&store, "OTHER"));
    let mut browser = Browser::default();
    browser.write(&one, "user", "bob");
    let moved = browser.cookie.clone().map(|cookie| cookie.replace("ONE", "OTHER"));
    let mut moved = Browser { cookie: moved };
    assert_eq!(moved.entries(&other), "{}");
    moved.write(&other, "user", "eve");
    assert_eq!(browser.entries(&one), r#"{"user":"bob"}"#);
}

#[test]
fn a_session_outlives_the_rotation_of_keys() {
    let store: Arc<MemoryStore> = Arc::default();
    let (old, both) = (instance(&store), Manager { keys: SessionKeys::fixed(&[2, 1]), ..instance(&store) });
    let new = Manager { keys: SessionKeys::fixed(&[2]), ..instance(&store) };
    let mut browser = Browser::default();
    browser.write(&old, "user", "bob");
    browser.write(&both, "color", "red");
    assert_eq!(browser.entries(&both), r#"{"color":"red","user":"bob"}"#);
    // What was written under the old key only is refused as a whole once it is gone.
    assert_eq!(browser.entries(&new), "{}");
    // A renewal encrypts everything anew.
    browser.write(&both, "user", "alice");
    assert_eq!(browser.entries(&new), r#"{"color":"red","user":"alice"}"#);
}

/// What the loader says about a manager with these fields.
fn complaint(fields: &str) -> String {
    let store = r#""store": {"type": "FileStore", "config": {"file": "sessions.redb"}}"#;
    let manager = format!(r#"{{"type": "SharedSessionManager", "name": "Session", "config": {{{fields}}}}}"#);
    let manager = manager.replace("STORE", store);
    brief(&format!("{{\n\"heap\": [{manager}],\n\"handler\": {{\"type\": \"Origin\"}}\n}}"))
}

#[test]
fn what_cannot_be_configured() {
    let cases = [
        "STORE",
        r#""authenticatedEncryptionSecretId": "key""#,
        r#"STORE, "authenticatedEncryptionSecretId": "key", "sessionTimeout": "0 s""#,
        r#"STORE, "authenticatedEncryptionSecretId": "key", "absoluteTimeout": "0 s""#,
        r#"STORE, "authenticatedEncryptionSecretId": "key", "maxBytes": 0"#,
        r#"STORE, "authenticatedEncryptionSecretId": "key", "maxBytes": 524289"#,
        r#"STORE, "authenticatedEncryptionSecretId": "key", "cookie": {"name": "a b"}"#,
        r#"STORE, "authenticatedEncryptionSecretId": "key", "encryptionMethod": "A512GCM""#,
        r#""store": {"type": "InMemorySessionManager"}, "authenticatedEncryptionSecretId": "key""#,
    ];
    let told: Vec<String> = cases.iter().map(|fields| format!("{fields}\n{}", complaint(fields))).collect();
    expect![[r#"
        STORE
        config.json:2:51: error[PC0313]: authenticatedEncryptionSecretId is missing: every instance that shares the store needs the same key

        "authenticatedEncryptionSecretId": "key"
        config.json:2:72: error[PC0303]: SharedSessionManager needs the field `store`

        STORE, "authenticatedEncryptionSecretId": "key", "sessionTimeout": "0 s"
        config.json:2:202: error[PC0313]: a session must be able to last: sessionTimeout is zero

        STORE, "authenticatedEncryptionSecretId": "key", "absoluteTimeout": "0 s"
        config.json:2:203: error[PC0313]: a session must be able to last: absoluteTimeout is zero

        STORE, "authenticatedEncryptionSecretId": "key", "maxBytes": 0
        config.json:2:196: error[PC0313]: maxBytes is between 1 and 524288

        STORE, "authenticatedEncryptionSecretId": "key", "maxBytes": 524289
        config.json:2:196: error[PC0313]: maxBytes is between 1 and 524288

        STORE, "authenticatedEncryptionSecretId": "key", "cookie": {"name": "a b"}
        config.json:2:203: error[PC0313]: the name of a cookie is made of letters, digits and `!#$%&'*+-.^_`|~`

        STORE, "authenticatedEncryptionSecretId": "key", "encryptionMethod": "A512GCM"
        config.json:2:204: error[PC0302]: SharedSessionManager: `A512GCM` is not one of `A128CBC-HS256`, `A192CBC-HS384`, `A256CBC-HS512`, `A128GCM`, `A192GCM`, `A256GCM` | did you mean `A128GCM`?

        "store": {"type": "InMemorySessionManager"}, "authenticatedEncryptionSecretId": "key"
        config.json:2:82: error[PC0307]: `InMemorySessionManager@2:82` is a SessionManager (InMemorySessionManager), but a SharedStore is needed here
    "#]].assert_eq(&told.join("\n"));
}
