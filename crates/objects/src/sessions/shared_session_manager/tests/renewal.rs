//! Another id for a session, and requests that run meanwhile.

use super::memory_store::Fields;
use super::*;
use crate::decorators::logged::with_log;

/// A browser with an anonymous session.
fn anonymous() -> (Arc<MemoryStore>, Manager, Browser) {
    let store = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "color", "red");
    (store, manager, browser)
}

/// How many sessions are in the store.
fn session_count(store: &MemoryStore) -> usize {
    store.tables.lock().unwrap().records.keys().filter(|name| name.starts_with("session:")).count()
}

#[test]
fn whoever_logs_in_gets_another_id_and_the_old_one_is_dead() {
    let (store, manager, mut browser) = anonymous();
    let planted = browser.clone();
    assert!(browser.write(&manager, "user", "bob").is_some());
    assert_ne!(browser.cookie, planted.cookie);
    assert_eq!(browser.entries(&manager), r#"{"color":"red","user":"bob"}"#);
    assert_eq!(planted.entries(&manager), "{}");
    assert_eq!(session_count(&store), 1);
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
    assert_eq!(session_count(&store), 0);
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
    assert_eq!(session_count(&store), 1);
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
    assert_eq!(session_count(&store), 1);
}

#[test]
fn a_request_that_comes_late_with_the_old_id_begins_no_session() {
    let (store, manager, mut browser) = anonymous();
    let mut late = browser.clone();
    browser.write(&manager, "user", "bob");
    pass(30);
    let log = with_log(|| {
        assert_eq!(late.write(&manager, "basket", "apples"), None);
        assert_eq!(late.write(&manager, "user", "eve"), None);
        let session = late.load(&manager);
        session.clear();
        assert_eq!(late.save(&manager, &session), None);
    });
    assert_eq!((log.as_str(), session_count(&store)), ("", 1));
    assert_eq!(browser.entries(&manager), r#"{"color":"red","user":"bob"}"#);
    // A browser that sends both is known by the good one.
    let both = format!("{}; {}", late.cookie.clone().unwrap(), browser.cookie.clone().unwrap());
    assert_eq!(Browser { cookie: Some(both) }.entries(&manager), r#"{"color":"red","user":"bob"}"#);
    pass(30);
    assert!(late.write(&manager, "basket", "apples").is_some(), "after a minute it is a stranger");
}

#[test]
fn a_request_that_empties_a_session_that_has_moved_leaves_the_new_cookie_alone() {
    let (_, manager, mut browser) = anonymous();
    let late = browser.load(&manager);
    browser.write(&manager, "user", "bob");
    late.clear();
    assert_eq!(with_log(|| assert_eq!(browser.save(&manager, &late), None)), "");
    assert_eq!(browser.entries(&manager), r#"{"color":"red","user":"bob"}"#);
}

#[test]
fn a_login_counts_when_the_answer_to_the_end_of_the_old_id_is_lost() {
    let (store, manager, mut browser) = anonymous();
    store.loses_answers.store(true, Ordering::Relaxed);
    assert!(browser.write(&manager, "user", "bob").is_some());
    assert_eq!(browser.entries(&manager), r#"{"color":"red","user":"bob"}"#);
    assert_eq!(session_count(&store), 1);
}

#[test]
fn a_login_that_loses_a_race_leaves_the_note_of_the_winner() {
    let (store, manager, browser) = anonymous();
    let (loser, mut late) = (browser.load(&manager), browser.clone());
    let old = browser.id().handle();
    let (record, note) = (manager.namespace.session(&old), manager.namespace.moved(&old));
    // Another instance renews the id right after this one has made its own new record.
    *store.after_new.lock().unwrap() = Some(Box::new(move |tables| {
        tables.records.remove(&record).unwrap();
        tables.records.insert(note, (now() + 60, Fields::new()));
    }));
    loser.set("user", text("eve")).unwrap();
    assert_eq!(browser.clone().save(&manager, &loser), None);
    assert_eq!(session_count(&store), 0);
    assert_eq!(late.write(&manager, "basket", "apples"), None, "it is recognised still");
}
