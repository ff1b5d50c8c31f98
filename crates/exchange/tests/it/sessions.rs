//! The session slot of a request: loaded once, saved when changed, put back behind a route.

use std::sync::{Arc, Mutex};

use exchange::{
    BoxFuture, Bytes, Fault, HeaderValue, Response, SESSION_ENTRIES_MAX, Session, SessionCookies,
    SessionManager, SessionManagerRef, SessionSlot, StatusCode, header,
};
use expect_test::{Expect, expect};
use expression::{Bindings, LValue, Object, Value};
use indexmap::IndexMap;

use crate::{context, request, run};

/// A manager that counts.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<Vec<&'static str>>>);

impl SessionManager for Counts {
    fn load<'a>(&'a self, _: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        self.0.lock().unwrap().push("load");
        let values = IndexMap::from([("user".to_owned(), Value::from("bob".to_owned()))]);
        Box::pin(async { Ok(Session::new("s-1", values)) })
    }

    fn save<'a>(&'a self, session: &'a Session, _: &'a mut Response) -> BoxFuture<'a, Result<(), Fault>> {
        self.0.lock().unwrap().push(if session.is_changed() { "save" } else { "save unchanged" });
        Box::pin(async { Ok(()) })
    }
}

/// What a manager is asked to do while `work` uses a slot and the response leaves.
#[track_caller]
fn check(work: impl AsyncFnOnce(&mut SessionSlot), expected: &[&str]) {
    let manager = Counts::default();
    run(async {
        let mut slot = SessionSlot::new(SessionManagerRef::new(manager.clone()));
        work(&mut slot).await;
        slot.save(&mut Response::new(StatusCode::OK)).await.unwrap();
    });
    assert_eq!(*manager.0.lock().unwrap(), expected);
}

#[test]
fn it_is_loaded_on_first_use_and_saved_when_changed() {
    check(async |_| {}, &[]);
    check(
        async |slot| {
            assert!(slot.get().is_none());
            slot.load(&request()).await.unwrap();
            slot.load(&request()).await.unwrap();
            assert_eq!(slot.get().unwrap().get("user").to_text(), "bob");
        },
        &["load"],
    );
    check(
        async |slot| slot.load(&request()).await.unwrap().unwrap().set("user", Value::Null).unwrap(),
        &["load", "save"],
    );
}

#[test]
fn without_a_manager_there_is_none() {
    run(async {
        let mut slot = SessionSlot::default();
        assert!(slot.load(&request()).await.unwrap().is_none());
        slot.save(&mut Response::new(StatusCode::OK)).await.unwrap();
    });
}

#[test]
fn an_entry_is_changed_in_one_step() {
    check(
        async |slot| {
            let session = slot.load(&request()).await.unwrap().unwrap();
            session.update("user", |before| (before.to_text() != "bob").then_some(Value::Null)).unwrap();
            assert!(!session.is_changed());
            session.update("user", |before| Some(Value::from(format!("{}by", before.to_text())))).unwrap();
            assert_eq!(session.get("user").to_text(), "bobby");
            session.update("new", |before| Some(Value::Bool(before.is_null()))).unwrap();
            session.update("user", |_| Some(Value::Null)).unwrap();
            assert_eq!(Value::map(session.values()).to_json().to_string(), r#"{"new":true}"#);
        },
        &["load", "save"],
    );
}

#[test]
fn a_route_puts_back_the_session_around_it() {
    let (outer, inner) = (Counts::default(), Counts::default());
    let mut cx = context();
    cx.session = SessionSlot::new(SessionManagerRef::new(outer.clone()));
    run(async {
        cx.session.load(&request()).await.unwrap();
        let before = cx.replace_session(SessionManagerRef::new(inner.clone()));
        cx.session.load(&request()).await.unwrap().unwrap().set("a", Value::Integer(1)).unwrap();
        cx.session = before;
        assert!(cx.session.get().unwrap().get("a").is_null());
    });
    assert_eq!((outer.0.lock().unwrap().len(), inner.0.lock().unwrap().len()), (1, 1));
}

#[test]
fn an_assignment_changes_it() {
    let (mut cx, mut request) = (context(), request());
    cx.session = SessionSlot::new(SessionManagerRef::new(Counts::default()));
    run(async { cx.session.load(&request).await.unwrap().cloned() });
    for (place, value) in [
        ("${session.number}", Value::Integer(1)),
        ("${contexts.session.session.map}", Value::map(IndexMap::new())),
        ("${session.map['deep']}", Value::Bool(true)),
        ("${session.user}", Value::Null),
    ] {
        let place = LValue::compile(place, &Bindings::default()).unwrap();
        place.assign(&mut cx.scope_mut(&mut request), value).unwrap();
    }
    let session = cx.session.get().unwrap();
    let shown = Value::map(session.values()).to_json().to_string();
    assert_eq!((shown.as_str(), session.is_changed()), (r#"{"number":1,"map":{"deep":true}}"#, true));
}

/// A session of two entries.
fn session() -> Session {
    let entries = [("user", Value::owned_text("bob")), ("clicks", Value::Integer(5))];
    Session::new("s-1", entries.map(|(key, value)| (key.to_owned(), value)))
}

/// What a session and its request's part in it look like after `work`, be it at rest before or not.
#[track_caller]
fn check_changes(work: impl Fn(&Session), expected: Expect) {
    let open = changes(&session(), &work);
    let packed = session();
    packed.entries().pack();
    assert_eq!(changes(&packed, &work), open);
    expected.assert_eq(&open);
}

fn changes(session: &Session, work: impl Fn(&Session)) -> String {
    work(session);
    // Nobody sees whether it is at rest.
    let seen = (session.values().len(), session.entries().keys(), session.entries().is_empty());
    session.entries().pack();
    let count = session.entries().len();
    assert_eq!((count, session.entries().keys(), session.entries().is_empty()), seen);
    let json = |value: Value<'static>| value.to_json().to_string();
    let changed = session.changed().into_iter().map(|(key, value)| format!("{key}={}", json(value)));
    let changed: Vec<String> = changed.collect();
    let (is_changed, is_renewed) = (session.is_changed(), session.is_renewed());
    let entries = json(Value::map(session.values()));
    format!("{entries} {changed:?} changed {is_changed} renewed {is_renewed}")
}

#[test]
fn a_request_knows_what_it_has_changed() {
    check_changes(|_| {}, expect![[r#"{"user":"bob","clicks":5} [] changed false renewed false"#]]);
    check_changes(
        |session| session.set("clicks", Value::Integer(6)).unwrap(),
        expect![[r#"{"user":"bob","clicks":6} ["clicks=6"] changed true renewed false"#]],
    );
    check_changes(
        |session| {
            session.set("clicks", Value::Integer(6)).unwrap();
            session.set("user", Value::Null).unwrap();
            session.set("new", Value::Bool(true)).unwrap();
            session.set("clicks", Value::Integer(7)).unwrap();
        },
        expect![[
            r#"{"clicks":7,"new":true} ["clicks=7", "user=null", "new=true"] changed true renewed false"#
        ]],
    );
    check_changes(Session::clear, expect![[r#"{} ["user=null", "clicks=null"] changed true renewed false"#]]);
    check_changes(
        |session| {
            session.clear();
            session.set("user", Value::owned_text("alice")).unwrap();
        },
        expect![[r#"{"user":"alice"} ["user=\"alice\"", "clicks=null"] changed true renewed true"#]],
    );
    check_changes(Session::renew, expect![[r#"{"user":"bob","clicks":5} [] changed true renewed true"#]]);
}

#[test]
fn to_write_what_is_there_is_no_change() {
    check_changes(
        |session| {
            session.set("user", Value::owned_text("bob")).unwrap();
            session.set("clicks", Value::Integer(5)).unwrap();
            session.set("absent", Value::Null).unwrap();
        },
        expect![[r#"{"user":"bob","clicks":5} [] changed false renewed false"#]],
    );
}

#[test]
fn what_another_request_writes_is_seen_and_is_not_its_own() {
    let one = session();
    let other = Session::sharing("s-1", one.entries().clone());
    other.set("clicks", Value::Integer(6)).unwrap();
    assert_eq!(one.get("clicks").to_text(), "6");
    assert!(!one.is_changed());
    one.set("user", Value::owned_text("alice")).unwrap();
    other.renew();
    assert_eq!((one.changed().len(), other.changed().len()), (1, 1));
    assert!(!one.is_renewed());
}

/// Whether a request has ended its session, or begun another one, after `work`.
#[track_caller]
fn check_end(work: impl Fn(&Session), expected: &str) {
    for session in [session(), session().with_renewal(Arc::new(["user".to_owned()]))] {
        work(&session);
        let end = match (session.is_ended(), session.is_begun_anew()) {
            (false, false) => "goes on",
            (true, false) => "has ended",
            (false, true) => "has begun anew",
            (true, true) => "both",
        };
        let left = Value::map(session.values()).to_json();
        assert_eq!(format!("{end} {left} changed {}", session.is_changed()), expected);
    }
}

#[test]
fn a_request_ends_a_session_by_removing_the_last_entry() {
    fn remove(session: &Session, key: &str) {
        session.set(key, Value::Null).unwrap();
    }
    fn remove_all(session: &Session) {
        ["user", "clicks"].iter().for_each(|key| remove(session, key));
    }
    let write = |session: &Session| session.set("color", Value::owned_text("blue")).unwrap();
    check_end(|_| {}, r#"goes on {"user":"bob","clicks":5} changed false"#);
    check_end(|session| remove(session, "clicks"), r#"goes on {"user":"bob"} changed true"#);
    check_end(remove_all, "has ended {} changed true");
    check_end(Session::clear, "has ended {} changed true");
    let ends: [fn(&Session); 2] = [remove_all, Session::clear];
    for end in ends {
        let begin_anew = |session: &Session| {
            end(session);
            write(session);
        };
        check_end(begin_anew, r#"has begun anew {"color":"blue"} changed true"#);
        let end_again = |session: &Session| {
            begin_anew(session);
            remove(session, "color");
        };
        check_end(end_again, "has ended {} changed true");
    }
    // Nothing was there, but another request may write yet.
    let empty = Session::new("s-1", []);
    empty.clear();
    assert!(empty.is_ended() && empty.is_changed());
}

#[test]
fn after_the_end_no_other_request_writes() {
    let remove_all = |session: &Session| {
        session.set("user", Value::Null).unwrap();
        session.set("clicks", Value::Null).unwrap();
    };
    let ends: [fn(&Session); 2] = [Session::clear, remove_all];
    for end in ends {
        let one = session();
        let other = Session::sharing("s-1", one.entries().clone());
        end(&one);
        other.set("clicks", Value::Integer(6)).unwrap();
        one.set("color", Value::owned_text("blue")).unwrap();
        other.set("user", Value::owned_text("bob")).unwrap();
        assert_eq!((one.values().len(), other.values().len()), (1, 0));
        assert!(!other.is_changed() && !other.is_ended());
        assert!(one.is_renewed() && one.is_begun_anew());
    }
}

#[test]
fn what_is_written_under_a_new_id_is_not_seen_under_the_old_one() {
    let renewing: Arc<[String]> = Arc::new(["user".to_owned()]);
    let alice = || Value::owned_text("alice");
    let works: [fn(&Session, Value<'static>); 2] = [
        |session, user| session.set("user", user).unwrap(),
        |session, user| {
            session.renew();
            session.set("clicks", user).unwrap();
        },
    ];
    for work in works {
        let one = session().with_renewal(renewing.clone());
        let other = Session::sharing("s-1", one.entries().clone()).with_renewal(renewing.clone());
        work(&one, alice());
        assert!(one.is_renewed() && one.values().values().any(|value| value.to_text() == "alice"));
        other.set("more", Value::Integer(1)).unwrap();
        assert_eq!(Value::map(other.values()).to_json().to_string(), r#"{"user":"bob","clicks":5,"more":1}"#);
        assert!(one.get("more").is_null() && !other.is_renewed());
    }
    // To write what is there is no reason for another id.
    let one = session().with_renewal(renewing);
    one.set("user", Value::owned_text("bob")).unwrap();
    assert!(!one.is_renewed() && !one.is_changed());
}

#[test]
fn values_are_not_shown_to_programmers() {
    let session = session();
    let shown = format!("{:?} {:?}", session.entries(), session.entries().freeze());
    expect![[r#"SessionEntries(["user", "clicks"]) FrozenEntries(["user", "clicks"])"#]].assert_eq(&shown);
    session.entries().pack();
    expect![[r#"SessionEntries(["user", "clicks"])"#]].assert_eq(&format!("{:?}", session.entries()));
}

#[test]
fn a_session_finds_what_its_manager_has_left() {
    let session = session();
    assert_eq!(session.origin::<u8>(), None);
    let held = session.clone();
    let session = session.with_origin(Arc::new(7_u8));
    assert_eq!(
        (session.origin::<u8>(), session.origin::<u16>(), held.origin::<u8>()),
        (Some(&7), None, None)
    );
    held.set("clicks", Value::Integer(6)).unwrap();
    assert_eq!((session.id(), session.get("clicks").to_text().as_ref()), ("s-1", "6"));
}

/// A list in a list, so deep.
fn nested(depth: usize) -> Value<'static> {
    (0..depth).fold(Value::Integer(1), |inner, _| Value::list(vec![inner]))
}

struct Anything;

impl Object for Anything {
    fn type_name(&self) -> &'static str {
        "Anything"
    }

    fn property(&self, _: &str) -> Value<'_> {
        Value::Null
    }
}

#[test]
fn values_are_the_same_at_rest() {
    let text = |length: usize| Value::owned_text("ä".repeat(length / 2) + &"x".repeat(length % 2));
    let deep = Value::map(IndexMap::from([
        (String::new(), Value::list(vec![Value::Null, Value::Bool(true), Value::list(Vec::new())])),
        ("a".repeat(300), Value::map(IndexMap::new())),
    ]));
    let lengths = [0, 1, 253, 254, 255, 256, 4000, 4095, 4096, 4097, 70_000].map(text);
    let numbers = [0, 1, -1, 255, i64::MIN, i64::MAX].map(Value::Integer);
    let decimals = [0.0, -0.5, 1.0e300, f64::MIN_POSITIVE].map(Value::Decimal);
    let others = [Value::Bool(true), Value::Bool(false), deep, nested(64)];
    for value in [lengths.as_slice(), &numbers, &decimals, &others].concat() {
        let entries =
            [("first", Value::Integer(1)), ("", value.clone()), ("ü", value.clone()), ("last", value)];
        let session = Session::new("", entries.map(|(key, value)| (key.to_owned(), value)));
        let shown = || format!("{:?} {}", session.entries().keys(), Value::map(session.values()).to_json());
        let before = (shown(), session.get("").to_json(), session.get("last").to_json());
        session.entries().pack();
        assert_eq!((shown(), session.get("").to_json(), session.get("last").to_json()), before);
        assert!(session.get("none").is_null());
        session.set("last", Value::Null).unwrap();
        session.set("first", Value::Integer(2)).unwrap();
        session.entries().pack();
        assert_eq!((session.entries().len(), session.get("first").to_text().as_ref()), (3, "2"));
        assert_eq!(session.get("").to_json(), before.1);
    }
}

#[test]
fn what_json_cannot_say_is_not_lost_at_rest() {
    let entries = [("bytes", Value::Bytes(Bytes::from_static(b"ab"))), ("user", Value::owned_text("bob"))];
    let session = Session::new("", entries.map(|(key, value)| (key.to_owned(), value)));
    session.entries().pack();
    assert!(matches!(session.get("bytes"), Value::Bytes(bytes) if bytes == "ab"));
    assert_eq!(session.get("user").to_text(), "bob");
}

/// What is said of a value that is written to the session.
#[track_caller]
fn check_value(value: Value<'static>, expected: Expect) {
    let session = session();
    let outcome = session.set("entry", value.clone());
    // The same below other values.
    let within = Value::map(IndexMap::from([("in".to_owned(), Value::list(vec![Value::Null, value]))]));
    assert_eq!(session.set("entry", within).is_err(), outcome.is_err());
    assert_eq!(session.is_changed(), outcome.is_ok());
    expected.assert_eq(&outcome.map_or_else(|error| error.to_string(), |()| "kept".to_owned()));
}

#[test]
fn a_session_keeps_what_json_can_say() {
    check_value(Value::Decimal(1.5), expect!["kept"]);
    check_value(Value::Decimal(f64::MAX), expect!["kept"]);
    check_value(Value::list(Vec::new()), expect!["kept"]);
    check_value(
        Value::Decimal(f64::NAN),
        expect!["the session entry `entry` cannot be kept: JSON has no number like this"],
    );
    check_value(
        Value::Decimal(f64::NEG_INFINITY),
        expect!["the session entry `entry` cannot be kept: JSON has no number like this"],
    );
    check_value(
        Value::Bytes(Bytes::from_static(b"a")),
        expect![
            "the session entry `entry` cannot be kept: it is bytes, and JSON has none; encode them, with `encodeBase64` say"
        ],
    );
    check_value(
        Value::shared(Arc::new(Anything)),
        expect![
            "the session entry `entry` cannot be kept: it is an object of the gateway, such as a request; take the texts you need"
        ],
    );
}

#[test]
fn entries_nest_64_deep_and_no_deeper() {
    let session = session();
    session.set("entry", nested(64)).unwrap();
    let error = session.set("entry", nested(65)).unwrap_err().to_string();
    expect!["the session entry `entry` cannot be kept: its lists and maps nest too deep"].assert_eq(&error);
    // What was there stays.
    assert_eq!(session.get("entry").to_json().to_string().len(), 129);
}

#[test]
fn a_session_has_a_thousand_entries_and_no_more() {
    let session = Session::new("", []);
    for number in 0..SESSION_ENTRIES_MAX {
        session.set(&number.to_string(), Value::Bool(true)).unwrap();
    }
    let error = session.set("one more", Value::Bool(true)).unwrap_err();
    expect!["the session has 1000 entries already, so `one more` cannot be added"]
        .assert_eq(&error.to_string());
    assert_eq!(Fault::from(error).kind().status(), StatusCode::INTERNAL_SERVER_ERROR);
    // The others can be written yet, and one that goes makes room for another.
    session.set("7", Value::Bool(false)).unwrap();
    session.set("8", Value::Null).unwrap();
    session.set("one more", Value::Bool(true)).unwrap();
    assert_eq!((session.entries().len(), session.changed().len()), (1000, 1001));
    assert_eq!(session.entries().keys().last().map(String::as_str), Some("one more"));
}

/// A manager whose session is what the request's cookies were.
struct Mirror;

impl SessionManager for Mirror {
    fn load<'a>(&'a self, cookies: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        let fields: Vec<String> =
            cookies.fields().map(|field| String::from_utf8_lossy(field).into()).collect();
        let entry = ("cookies".to_owned(), Value::from(fields.join(" | ")));
        Box::pin(async { Ok(Session::new("", [entry])) })
    }

    fn save<'a>(&'a self, _: &'a Session, _: &'a mut Response) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn whose_session_it_is_was_said_by_the_client_and_not_by_filters() {
    let mut request = request();
    request.headers.remove(header::COOKIE);
    for cookie in ["id=1; name=Zoë", "x=y"] {
        request.headers.append(header::COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
    }
    let cookies = SessionCookies::of(&request.headers);
    let mut cx = context();
    cx.session = SessionSlot::with_cookies(SessionManagerRef::new(Mirror), cookies);
    request.headers.insert(header::COOKIE, HeaderValue::from_static("id=2"));
    let shown = |session: &Session| session.get("cookies").to_text().into_owned();
    run(async {
        let outer = cx.replace_session(SessionManagerRef::new(Mirror));
        assert_eq!(shown(cx.session.load(&request).await.unwrap().unwrap()), "id=1; name=Zoë | x=y");
        cx.session = outer;
        assert_eq!(shown(cx.session.load(&request).await.unwrap().unwrap()), "id=1; name=Zoë | x=y");
    });
}
