//! Stores that fail or are silent, and sessions that are too large.

use super::*;
use crate::decorators::logged::with_log;
use crate::sessions::shared_store::Noticed;

/// Loads, saves and logs in while the store is in this mood; what the clients get. Then it is good again.
fn outage(mood: Mood) -> String {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "color", "red");
    let (write, login, logout) = (browser.load(&manager), browser.load(&manager), browser.load(&manager));
    let begin = Browser::default().load(&manager);
    begin.set("color", text("green")).unwrap();
    write.set("color", text("blue")).unwrap();
    login.set("user", text("bob")).unwrap();
    logout.clear();
    *store.mood.lock().unwrap() = mood;
    let mut told = format!("load: {}\n", shown(browser.try_load(&manager).err().unwrap()));
    for (what, session) in [("begin", begin), ("write", write), ("login", login), ("logout", logout)] {
        let mut response = Response::new(StatusCode::OK);
        let fault = run(manager.save(&session, &mut response)).unwrap_err();
        assert!(response.headers.get(header::SET_COOKIE).is_none());
        told += &format!("{what}: {}\n", shown(fault));
    }
    // A stranger needs no store.
    Browser::default().load(&manager);
    *store.mood.lock().unwrap() = Mood::Good;
    told + &browser.entries(&manager)
}

#[test]
fn a_store_that_fails_is_not_an_empty_session() {
    expect![[r#"
        load: 503 retry-after 5 set-cookie -
        begin: 503 retry-after 5 set-cookie -
        write: 503 retry-after 5 set-cookie -
        login: 503 retry-after 5 set-cookie -
        logout: 503 retry-after 5 set-cookie -
        {"color":"red"}"#]]
    .assert_eq(&outage(Mood::Failing));
}

#[test]
fn a_store_that_is_silent_is_waited_for_no_longer_than_ten_seconds() {
    assert_eq!(outage(Mood::Silent), outage(Mood::Failing));
}

#[test]
fn what_a_store_refuses_is_no_outage() {
    let told = outage(Mood::Refusing);
    assert_eq!(told.matches("500 retry-after - set-cookie -").count(), 5, "{told}");
    let store: Arc<MemoryStore> = Arc::default();
    let manager = instance(&store);
    let ask = |mood| {
        *store.mood.lock().unwrap() = mood;
        let _ = run(manager.store.ask(|store| store.read("s", None)));
    };
    assert_eq!(with_log(|| [Mood::Refusing, Mood::Good, Mood::Refusing].into_iter().for_each(ask)), "");
    let log =
        with_log(|| [Mood::Failing, Mood::Refusing, Mood::Failing, Mood::Good].into_iter().for_each(ask));
    assert_eq!(log.lines().count(), 2, "{log}");
}

#[test]
fn an_outage_is_told_once_whoever_notices_it() {
    let store: Arc<MemoryStore> = Arc::default();
    let managers = [instance(&store), instance(&store)];
    let ask = |mood| {
        *store.mood.lock().unwrap() = mood;
        for manager in &managers {
            let _ = run(manager.store.ask(|store| store.read("s", None)));
        }
    };
    let log = with_log(|| [Mood::Failing, Mood::Failing, Mood::Good, Mood::Good].into_iter().for_each(ask));
    assert_eq!(log.lines().count(), 2, "{log}");
    // The store has told of it.
    assert!(store.outage.begins(Noticed::Itself));
    assert_eq!(with_log(|| ask(Mood::Failing)), "");
    assert!(store.outage.ends(Noticed::Itself) && !store.outage.ends(Noticed::InUse));
    // It is fine, as far as it sees itself.
    ask(Mood::Failing);
    assert!(!store.outage.begins(Noticed::Itself) && !store.outage.ends(Noticed::Itself));
    assert_eq!(with_log(|| ask(Mood::Good)).lines().count(), 1);
}

#[test]
fn a_session_that_is_too_large_is_refused_and_stays_as_it_was() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = Manager { bytes_max: 100, ..instance(&store) };
    let mut browser = Browser::default();
    // `entry`, quotes and text are 100 bytes.
    browser.write(&manager, "entry", &"x".repeat(93));
    let session = browser.load(&manager);
    session.set("more", text("y")).unwrap();
    let fault = run(manager.save(&session, &mut Response::new(StatusCode::OK))).unwrap_err();
    expect!["The session is too large to be kept: 107 bytes, and maxBytes is 100. Its largest entries: `entry` (100 bytes), `more` (7 bytes)."]
        .assert_eq(fault.detail());
    assert_eq!(shown(fault), "500 retry-after - set-cookie -");
    assert_eq!(browser.load(&manager).entries().len(), 1);
}
