//! The session slot of a request: loaded once, saved when changed, put back behind a route.

use std::sync::{Arc, Mutex};

use exchange::{
    BoxFuture, Fault, Request, Response, Session, SessionManager, SessionManagerRef, SessionSlot, StatusCode,
};
use expression::{Bindings, LValue, Value};
use indexmap::IndexMap;

use crate::{context, request, run};

/// A manager that counts.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<Vec<&'static str>>>);

impl SessionManager for Counts {
    fn load<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Session, Fault>> {
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
