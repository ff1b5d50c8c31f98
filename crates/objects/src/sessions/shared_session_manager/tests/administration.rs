//! Listing, revoking, and connections that end with their session.

use std::task::{Context, Waker};

use exchange::{EndSignal, SessionAdministration, SessionQuery};
use sha2::Digest;

use super::*;

/// Sessions of these users; the n-th has been there for n minutes.
fn with(store: &Arc<MemoryStore>, users: &[&str]) -> (Manager, Vec<Browser>) {
    let manager = instance(store);
    let mut browsers = vec![Browser::default(); users.len()];
    for (browser, user) in browsers.iter_mut().zip(users).rev() {
        browser.write(
            &manager,
            if user.is_empty() { "color" } else { "user" },
            if user.is_empty() { "red" } else { user },
        );
        pass(MINUTE);
    }
    (manager, browsers)
}

/// All pages of a list, each session as `subject entries seconds`.
fn list(manager: &Manager, subject: Option<&str>, limit: usize) -> String {
    let (mut lines, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let query = SessionQuery { subject: subject.map(str::to_owned), cursor, limit };
        let page = run(manager.list(query)).unwrap();
        assert!(page.sessions.len() <= limit);
        pages += 1;
        lines.extend(page.sessions.into_iter().map(|session| {
            let subject = session.subject.as_deref().unwrap_or("-");
            format!("{subject} {} {}", session.entries.join(","), session.expires_in_seconds)
        }));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    lines.sort();
    format!("{pages} pages\n{}\n", lines.join("\n"))
}

#[test]
fn sessions_are_listed_by_name_only() {
    let store = Arc::default();
    let (manager, _) = with(&store, &["bob", "", "alice", "bob"]);
    expect![[r#"
        1 pages
        - color 1680
        alice user 1620
        bob user 1560
        bob user 1740
    "#]]
    .assert_eq(&list(&manager, None, 1000));
    assert_eq!(list(&manager, None, 3).lines().count(), 5);
    expect![[r#"
        2 pages
        bob user 1560
        bob user 1740
    "#]]
    .assert_eq(&list(&manager, Some("bob"), 1));
    assert_eq!(list(&manager, Some("nobody"), 10), "1 pages\n\n");
    let other = with_cookie(&store, "OTHER");
    assert_eq!(list(&other, None, 10), "1 pages\n\n");
}

#[test]
fn one_session_is_looked_at_and_revoked_by_its_handle() {
    let store = Arc::default();
    let (manager, browsers) = with(&store, &["bob", "bob"]);
    let handle = browsers[0].id().handle();
    let summary = run(manager.inspect(&handle)).unwrap().unwrap();
    assert_eq!((summary.handle.as_str(), summary.subject.as_deref()), (handle.as_str(), Some("bob")));
    assert!(run(manager.revoke(&handle)).unwrap());
    assert!(!run(manager.revoke(&handle)).unwrap());
    assert_eq!(run(manager.inspect(&handle)).unwrap(), None);
    assert_eq!(browsers[0].entries(&manager), "{}");
    assert_eq!(browsers[1].entries(&manager), r#"{"user":"bob"}"#);
    for handle in ["", "x", "*", &"g".repeat(32), &"A".repeat(32)] {
        assert!(!run(manager.revoke(handle)).unwrap());
        assert_eq!(run(manager.inspect(handle)).unwrap(), None);
    }
}

#[test]
fn the_sessions_of_a_subject_are_revoked_on_every_instance() {
    let store = Arc::default();
    let (manager, browsers) = with(&store, &["bob", "alice", "bob"]);
    assert_eq!(run(instance(&store).revoke_subject("bob")).unwrap(), 2);
    let left: Vec<String> = browsers.iter().map(|browser| browser.entries(&manager)).collect();
    assert_eq!(left, ["{}", r#"{"user":"alice"}"#, "{}"]);
    assert_eq!(run(manager.revoke_subject("bob")).unwrap(), 0);
}

#[test]
fn a_session_that_is_used_stays_in_the_list_of_its_subject() {
    let store = Arc::default();
    let (manager, browsers) = with(&store, &["bob"]);
    for _ in 0..10 {
        pass(25 * MINUTE);
        // Another instance has renewed nothing yet.
        browsers[0].load(&instance(&store));
    }
    assert_eq!(run(manager.revoke_subject("bob")).unwrap(), 1);
}

#[test]
fn the_sessions_of_a_subject_are_found_while_keys_are_replaced() {
    let store = Arc::default();
    let (old, _) = with(&store, &["bob"]);
    let both = Manager { keys: SessionKeys::fixed(&[2, 1]), ..instance(&store) };
    Browser::default().write(&both, "user", "bob");
    // One that knows the new key, and does not use it yet.
    let early = Manager { keys: SessionKeys::fixed(&[1, 2]), ..instance(&store) };
    for manager in [&both, &early] {
        assert_eq!(list(manager, Some("bob"), 10).lines().count(), 3);
    }
    assert_eq!(run(both.revoke_subject("bob")).unwrap(), 2);
    assert_eq!(run(old.revoke_subject("bob")).unwrap(), 0);
}

#[test]
fn the_set_of_a_subject_does_not_tell_whose_it_is() {
    let store: Arc<MemoryStore> = Arc::default();
    with(&store, &["bob"]);
    let name = store.tables.lock().unwrap().sets.keys().next().unwrap().clone();
    let digits = name.rsplit(':').next().unwrap();
    assert_eq!((name.split(':').next(), digits.len()), (Some("subject"), 64));
    let guess: String = sha2::Sha256::digest("bob").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_ne!(digits, guess);
}

#[test]
fn sessions_that_have_ended_leave_the_list_of_their_subject() {
    let store: Arc<MemoryStore> = Arc::default();
    let (manager, _) = with(&store, &["bob"; 40]);
    let members = || store.tables.lock().unwrap().sets.values().map(|(_, names)| names.len()).sum::<usize>();
    assert_eq!(members(), 30, "a login removes what has ended when there is much");
    pass(28 * MINUTE);
    assert_eq!(list(&manager, Some("bob"), 10).lines().count(), 2);
    assert_eq!(members(), 1);
}

#[test]
fn logging_in_as_somebody_else_moves_the_session() {
    let store = Arc::default();
    let (manager, mut browsers) = with(&store, &["bob"]);
    browsers[0].write(&manager, "user", "alice");
    assert_eq!(list(&manager, Some("bob"), 10), "1 pages\n\n");
    assert_eq!(list(&manager, Some("alice"), 10), "1 pages\nalice user 1800\n");
}

#[test]
fn a_manager_that_knows_no_subjects_says_so() {
    let store = Arc::default();
    let subjects = Subjects::new(SubjectOptions::default(), Duration::from_mins(30));
    let manager = Manager { subjects, ..instance(&store) };
    let fault = run(manager.revoke_subject("bob")).unwrap_err();
    assert_eq!(shown(fault), "400 retry-after - set-cookie -");
}

/// Whether a connection would end now.
fn is_ended(signal: &mut EndSignal) -> bool {
    signal.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn a_connection_ends_with_its_session() {
    let store: Arc<MemoryStore> = Arc::default();
    let (manager, browsers) = with(&store, &["revoked here", "revoked elsewhere", "expired", "used"]);
    let look = || run(manager.watches.look(&manager.store, &manager.namespace, now()));
    let mut ends: Vec<EndSignal> =
        browsers.iter().map(|browser| manager.ended(&browser.load(&manager)).unwrap()).collect();
    assert!(manager.ended(&Browser::default().load(&manager)).is_none());
    // What has ended is not asked again.
    let mut told = ['-'; 4];
    let mut ended = || {
        for (end, told) in ends.iter_mut().zip(&mut told).filter(|(_, told)| **told == '-') {
            *told = if is_ended(end) { '+' } else { '-' };
        }
        told.iter().collect::<String>()
    };
    look();
    assert_eq!(ended(), "----");
    run(manager.revoke(&browsers[0].id().handle())).unwrap();
    run(instance(&store).revoke(&browsers[1].id().handle())).unwrap();
    *store.mood.lock().unwrap() = Mood::Failing;
    look();
    assert_eq!(ended(), "+---");
    *store.mood.lock().unwrap() = Mood::Good;
    look();
    assert_eq!(ended(), "++--");
    pass(29 * MINUTE);
    browsers[3].load(&manager);
    pass(MINUTE);
    look();
    assert_eq!(ended(), "+++-");
}

#[test]
fn a_connection_moves_along_with_a_renewal_of_its_own_request() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = Manager { absolute: Some(Duration::from_mins(10)), ..instance(&store) };
    let mut browser = Browser::default();
    browser.write(&manager, "color", "red");
    let (own, other) = (browser.load(&manager), browser.load(&manager));
    let mut others = manager.ended(&other).unwrap();
    own.set("user", text("bob")).unwrap();
    browser.save(&manager, &own);
    let mut owns = manager.ended(&own).unwrap();
    let look = || run(manager.watches.look(&manager.store, &manager.namespace, now()));
    look();
    assert_eq!((is_ended(&mut owns), is_ended(&mut others)), (false, false), "it is the same session");
    let mut revoked = manager.ended(&browser.load(&manager)).unwrap();
    pass(10 * MINUTE);
    look();
    assert!(is_ended(&mut owns) && is_ended(&mut others), "the absolute end counts");
    assert!(is_ended(&mut revoked));
}

#[test]
fn connections_that_moved_end_when_the_new_id_is_revoked() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "color", "red");
    let (other, stranger) = (browser.load(&manager), &mut Browser::default());
    stranger.write(&manager, "color", "blue");
    let mut moved = manager.ended(&other).unwrap();
    let mut strangers = manager.ended(&stranger.load(&manager)).unwrap();
    browser.write(&manager, "user", "bob");
    assert!(!is_ended(&mut moved));
    assert!(run(manager.revoke(&browser.id().handle())).unwrap());
    assert_eq!((is_ended(&mut moved), is_ended(&mut strangers)), (true, false));
}

#[test]
fn revoking_says_honestly_what_it_has_ended_when_an_answer_was_lost() {
    let store: Arc<MemoryStore> = Arc::default();
    let (manager, browsers) = with(&store, &["bob"]);
    store.loses_answers.store(true, Ordering::Relaxed);
    assert!(run(manager.revoke(&browsers[0].id().handle())).unwrap());
    assert_eq!(browsers[0].entries(&manager), "{}");
}

#[test]
fn a_session_that_has_become_somebody_elses_is_not_revoked_with_the_first() {
    let store: Arc<MemoryStore> = Arc::default();
    let options = SubjectOptions::new(Some("user".to_owned()), Some(vec!["level".to_owned()]));
    let subjects = Subjects::new(options, Duration::from_mins(30));
    let manager = Manager { subjects, ..instance(&store) };
    let mut browser = Browser::default();
    browser.write(&manager, "user", "bob");
    let listed = store.tables.lock().unwrap().sets.clone();
    assert_eq!(browser.write(&manager, "user", "alice"), None, "it keeps its id");
    // It could not be taken out of the first set.
    store.tables.lock().unwrap().sets.extend(listed);
    assert_eq!(run(manager.revoke_subject("bob")).unwrap(), 0);
    assert_eq!(browser.entries(&manager), r#"{"user":"alice"}"#);
    assert_eq!(run(manager.revoke_subject("alice")).unwrap(), 1);
}
