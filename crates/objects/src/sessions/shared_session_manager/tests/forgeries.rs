//! What stands in the store, and what is done to it by somebody who can write there but has no key.

use super::memory_store::Fields;
use super::*;

/// A store with the sessions of bob and eve.
fn two() -> (Arc<MemoryStore>, Manager, Browser, Browser) {
    let store = Arc::default();
    let manager = instance(&store);
    let (mut bob, mut eve) = (Browser::default(), Browser::default());
    for (browser, user) in [(&mut bob, "bob"), (&mut eve, "eve")] {
        browser.write(&manager, "user", user);
        browser.write(&manager, "color", "red");
    }
    (store, manager, bob, eve)
}

fn record(manager: &Manager, browser: &Browser) -> String {
    manager.namespace.session(&browser.id().handle())
}

#[test]
fn a_record_names_nothing_and_shows_nothing() {
    let (store, manager, bob, _) = two();
    let name = record(&manager, &bob);
    let mut tables = store.tables.lock().unwrap();
    let (_, fields) = tables.records.remove(&name).unwrap();
    let mut told = String::new();
    let handle = bob.id().handle();
    for (field, sealed) in fields {
        let kind =
            if field == record::META_FIELD { "meta".to_owned() } else { format!("{} bytes", field.len()) };
        let content = key(1).open(std::str::from_utf8(&sealed).unwrap(), 10_000).unwrap();
        let content = String::from_utf8(content.to_vec()).unwrap().replace(&handle, "HANDLE");
        let plain = [&field[..], &sealed[..]].concat();
        let plain = String::from_utf8_lossy(&plain);
        assert!(!plain.contains("user") && !plain.contains("bob") && !plain.contains(&handle));
        told += &format!("{kind}: {content}\n");
    }
    let mut lines: Vec<&str> = told.lines().collect();
    lines.sort_unstable();
    expect![[r#"
        session:ed9117cede29a1de:HANDLE
        16 bytes: ["entry","session:ed9117cede29a1de:HANDLE","color","red"]
        16 bytes: ["entry","session:ed9117cede29a1de:HANDLE","user","bob"]
        meta: ["session","session:ed9117cede29a1de:HANDLE",{"created":1800000000,"ends":null,"subject":"bob"}]
    "#]]
    .assert_eq(&format!("{}\n{}\n", name.replace(&handle, "HANDLE"), lines.join("\n")));
    assert!(!name.contains(bob.cookie.as_deref().unwrap().split_once('=').unwrap().1));
}

#[test]
fn the_same_entries_have_other_names_in_another_session() {
    let (store, manager, bob, eve) = two();
    let tables = store.tables.lock().unwrap();
    let names = |browser| tables.records[&record(&manager, browser)].1.keys().cloned().collect::<Vec<_>>();
    let (bob, eve) = (names(&bob), names(&eve));
    assert_eq!(bob.iter().filter(|name| eve.contains(name)).count(), 1, "that of the metadata");
}

/// Lets somebody change bob's record; whether he then is taken for nobody, at every request.
#[track_caller]
fn check_refused(forge: impl FnOnce(&Id, &mut Fields, &Fields)) {
    let (store, manager, bob, eve) = two();
    {
        let mut tables = store.tables.lock().unwrap();
        let other = tables.records[&record(&manager, &eve)].1.clone();
        let own = &mut tables.records.get_mut(&record(&manager, &bob)).unwrap().1;
        forge(&bob.id(), own, &other);
    }
    assert_eq!(bob.entries(&manager), "{}");
    let mut again = bob.clone();
    assert!(again.write(&manager, "color", "blue").is_some(), "a new session has a new id");
    assert_ne!(again.cookie, bob.cookie);
    assert_eq!(bob.entries(&manager), "{}");
}

#[test]
fn a_field_of_another_session_is_refused() {
    check_refused(|id, own, other| {
        let sealed = other.iter().find(|(name, _)| *name != record::META_FIELD).unwrap().1.clone();
        own.insert(id.field("user"), sealed);
    });
    check_refused(|_, own, other| own.extend(other.clone()));
    check_refused(|_, own, other| *own = other.clone());
}

#[test]
fn a_field_of_another_entry_is_refused() {
    check_refused(|id, own, _| {
        let sealed = own[&id.field("color")].clone();
        own.insert(id.field("user"), sealed);
    });
    check_refused(|id, own, _| {
        let sealed = own[&id.field("color")].clone();
        own.insert(id.field("third"), sealed);
    });
}

#[test]
fn metadata_is_no_entry_and_an_entry_no_metadata() {
    check_refused(|id, own, _| {
        let meta = own[record::META_FIELD].clone();
        own.insert(id.field("user"), meta);
    });
    check_refused(|id, own, _| {
        let entry = own[&id.field("user")].clone();
        own.insert(record::META_FIELD.to_vec(), entry);
    });
    check_refused(|_, own, other| {
        own.insert(record::META_FIELD.to_vec(), other[record::META_FIELD].clone());
    });
    check_refused(|_, own, _| {
        own.remove(record::META_FIELD);
    });
}

#[test]
fn a_field_that_was_changed_is_refused() {
    check_refused(|id, own, _| {
        own.get_mut(&id.field("user")).unwrap().pop();
    });
    check_refused(|id, own, _| {
        let sealed = own.get_mut(&id.field("user")).unwrap();
        let middle = sealed.len() / 2;
        sealed[middle] = if sealed[middle] == b'A' { b'B' } else { b'A' };
    });
    check_refused(|id, own, _| {
        own.insert(id.field("user"), b"\xff\xfe".to_vec());
    });
    check_refused(|_, own, _| {
        own.insert(Vec::new(), Vec::new());
    });
    check_refused(|id, own, _| {
        let name = format!("session:{}", id.handle());
        let forged = key(9).seal(format!(r#"["entry","{name}","user","eve"]"#).as_bytes(), false).unwrap();
        own.insert(id.field("user"), forged.into_bytes());
    });
    check_refused(|_, own, _| own.extend((0..3000_u32).map(|at| (at.to_be_bytes().to_vec(), Vec::new()))));
}

#[test]
fn what_is_no_id_is_nobody() {
    let store = Arc::default();
    let manager = instance(&store);
    let unknown = Id::random().unwrap().to_string();
    for value in [unknown.as_str(), "", "short", "%00", "..", &"A".repeat(100_000)] {
        let mut browser = Browser { cookie: Some(format!("IG_SESSIONID={value}")) };
        assert_eq!(browser.entries(&manager), "{}");
        browser.write(&manager, "user", "bob");
        assert_ne!(browser.cookie, Some(format!("IG_SESSIONID={value}")));
    }
}

#[test]
fn of_several_cookies_the_known_one_counts() {
    let store = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "user", "bob");
    let known = browser.cookie.clone().unwrap();
    browser.cookie = Some(format!("IG_SESSIONID={}; {known}", Id::random().unwrap()));
    assert_eq!(browser.entries(&manager), r#"{"user":"bob"}"#);
}
