//! Another id for a session, and requests that run meanwhile.

use super::*;

/// A browser with an anonymous session.
fn anonymous() -> (Arc<MemoryStore>, Manager, Browser) {
    let store = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "color", "red");
    (store, manager, browser)
}

#[test]
fn whoever_logs_in_gets_another_id_and_the_old_one_is_dead() {
    let (store, manager, mut browser) = anonymous();
    let planted = browser.clone();
    assert!(browser.write(&manager, "user", "bob").is_some());
    assert_ne!(browser.cookie, planted.cookie);
    assert_eq!(browser.entries(&manager), r#"{"color":"red","user":"bob"}"#);
    assert_eq!(planted.entries(&manager), "{}");
    assert_eq!(store.tables.lock().unwrap().records.len(), 1);
}

#[test]
fn a_request_may_ask_for_another_id() {
    let (_, manager, mut browser) = anonymous();
    let before = browser.clone();
    let session = browser.load(&manager);
    session.renew();
    assert!(browser.save(&manager, &session).is_some());
    assert_eq!(
        (browser.entries(&manager).as_str(), before.entries(&manager).as_str()),
        (r#"{"color":"red"}"#, "{}")
    );
}

#[test]
fn what_others_wrote_meanwhile_moves_along() {
    let (_, manager, mut browser) = anonymous();
    let login = browser.load(&manager);
    browser.write(&manager, "basket", "apples");
    login.set("user", text("bob")).unwrap();
    login.set("color", Value::Null).unwrap();
    browser.save(&manager, &login);
    assert_eq!(browser.entries(&manager), r#"{"basket":"apples","user":"bob"}"#);
}

#[test]
fn a_request_with_the_old_id_writes_nothing_and_leaves_the_new_cookie_alone() {
    let (_, manager, mut browser) = anonymous();
    let late = browser.load(&manager);
    browser.write(&manager, "user", "bob");
    late.set("color", text("blue")).unwrap();
    assert_eq!(browser.save(&manager, &late), None);
    assert_eq!(browser.entries(&manager), r#"{"color":"red","user":"bob"}"#);
}

#[test]
fn a_session_that_was_ended_is_not_written_to_again() {
    let (store, manager, mut browser) = anonymous();
    let (late, login) = (browser.load(&manager), browser.load(&manager));
    let session = browser.load(&manager);
    session.clear();
    browser.save(&manager, &session);
    late.set("color", text("blue")).unwrap();
    login.set("user", text("bob")).unwrap();
    assert_eq!((browser.save(&manager, &late), browser.save(&manager, &login)), (None, None));
    assert!(store.tables.lock().unwrap().records.is_empty());
}

#[test]
fn a_session_that_is_revoked_while_its_id_is_renewed_ends() {
    let (store, manager, mut browser) = anonymous();
    let old = manager.namespace.session(&browser.id().handle());
    *store.after_new.lock().unwrap() = Some(Box::new(move |tables| {
        tables.records.remove(&old).unwrap();
    }));
    assert_eq!(browser.write(&manager, "user", "bob"), None);
    assert!(store.tables.lock().unwrap().records.is_empty());
    assert_eq!(browser.entries(&manager), "{}");
}

#[test]
fn of_two_logins_at_once_one_counts() {
    let (store, manager, browser) = anonymous();
    let (mut one, mut other) = (browser.clone(), browser);
    let (first, second) = (one.load(&manager), other.load(&manager));
    first.set("user", text("bob")).unwrap();
    second.set("user", text("eve")).unwrap();
    assert!(one.save(&manager, &first).is_some());
    assert_eq!(other.save(&manager, &second), None);
    assert_eq!(one.entries(&manager), r#"{"color":"red","user":"bob"}"#);
    assert_eq!(store.tables.lock().unwrap().records.len(), 1);
}

#[test]
fn saving_twice_is_saving_once() {
    let (store, manager, mut browser) = anonymous();
    let session = browser.load(&manager);
    session.set("user", text("bob")).unwrap();
    browser.save(&manager, &session);
    session.set("color", text("blue")).unwrap();
    browser.save(&manager, &session);
    assert_eq!(browser.entries(&manager), r#"{"color":"blue","user":"bob"}"#);
    assert_eq!(store.tables.lock().unwrap().records.len(), 1);
}
