//! Requests of one browser that run at the same time, those of an attacker among them.

use super::*;

#[test]
fn a_login_changes_the_id_and_the_old_one_is_dead() {
    let mut browser = Browser::new(10);
    browser.visit();
    let mut planted = browser.other();
    planted.cookie = browser.cookie.clone();
    browser.log_in("bob");
    assert_ne!(browser.cookie, planted.cookie);
    assert!(planted.load().get("user").is_null());
    assert_eq!(browser.visit(), "visit 2 cookie kept");
    // The same user once more is no change, another one is.
    let before = browser.cookie.clone();
    browser.log_in("bob");
    assert_eq!(browser.cookie, before);
    browser.log_in("alice");
    assert_ne!(browser.cookie, before);
    assert_eq!(browser.count(), 1);
}

#[test]
fn a_request_that_comes_late_with_an_old_id_sets_no_cookie_over_that_of_the_login() {
    let mut browser = Browser::new(10);
    browser.visit();
    let mut late = browser.other();
    late.cookie = browser.cookie.clone();
    browser.log_in("bob");
    assert_eq!(late.visit(), "visit 1 cookie kept");
    let session = late.load();
    session.clear();
    assert_eq!((late.save(&session), late.count()), (None, 1));
    session.set("anew", Value::Bool(true)).unwrap();
    assert_eq!((late.save(&session), late.count()), (None, 1));
    assert!(late.manager.ended(&session).is_none());
    // With both cookies it has the session.
    let both = format!("{}; IG_SESSIONID={}", late.cookie.clone().unwrap(), browser.cookie.clone().unwrap());
    late.cookie = Some(both);
    assert_eq!(late.load().get("user").to_text(), "bob");
    // After a minute the old id is like any other that is unknown.
    late.cookie = Some(late.cookie.unwrap().split(';').next().unwrap().to_owned());
    late.now += MINUTE - SECOND;
    assert_eq!(late.visit(), "visit 1 cookie kept");
    late.now += SECOND;
    assert_eq!(late.visit(), "visit 1 cookie set");
    assert_eq!(late.count(), 2);
}

#[test]
fn who_holds_a_request_back_under_a_planted_id_gets_nothing_of_the_login() {
    let mut attacker = Browser::new(10);
    attacker.visit();
    let mut victim = attacker.other();
    victim.cookie = attacker.cookie.clone();
    let held_back = [attacker.load(), attacker.load()];
    let login = victim.load();
    login.set("user", Value::owned_text("bob")).unwrap();
    // Not even while the login is under way.
    assert!(held_back[0].get("user").is_null() && attacker.load().get("user").is_null());
    victim.save(&login).unwrap();
    held_back[0].renew();
    held_back[1].set("user", Value::owned_text("mallory")).unwrap();
    for session in held_back {
        assert_eq!((attacker.save(&session), attacker.count()), (None, 1));
        assert_ne!(session.get("user").to_text(), "bob");
    }
    assert!(attacker.load().get("user").is_null());
    assert_eq!(victim.load().get("user").to_text(), "bob");
}

#[test]
fn a_logout_counts_whatever_others_write_meanwhile() {
    for log_out in [Session::clear, |session: &Session| session.set("user", Value::Null).unwrap()] {
        let mut browser = Browser::new(10);
        browser.log_in("bob");
        let (logout, mut other) = (browser.load(), browser.other());
        other.cookie = browser.cookie.clone();
        let (early, late) = (other.load(), other.load());
        log_out(&logout);
        early.set("early", Value::Integer(1)).unwrap();
        assert_eq!(other.save(&early), None);
        // Who comes now finds the session ended, and cannot bring it back.
        assert!(other.load().get("user").is_null());
        assert!(browser.save(&logout).is_some_and(|attributes| attributes.contains("Max-Age=0")));
        late.set("user", Value::owned_text("bob")).unwrap();
        assert_eq!((other.save(&late), other.count()), (None, 0));
    }
}

#[test]
fn what_makes_a_session_too_large_is_not_kept() {
    let mut browser = Browser::new(10);
    let fault = |browser: &Browser, session: &Session| {
        let mut response = Response::new(StatusCode::OK);
        let fault = browser.manager.store_or_drop(session, &mut response, browser.now).unwrap_err();
        assert!(response.headers.get(header::SET_COOKIE).is_none());
        format!("{:?}: {fault}", fault.kind())
    };
    let large = |bytes: usize| Value::owned_text("x".repeat(bytes));
    let new = browser.load();
    new.set("large", large(994)).unwrap();
    let expected = "Internal: The session is too large to be kept: 1001 bytes, and maxBytes is 1000. Its largest \
                    entries: `large` (1001 bytes).";
    assert_eq!((fault(&browser, &new).as_str(), browser.count()), (expected, 0));
    browser.visit();
    for user in [None, Some("bob")] {
        let session = browser.load();
        session.set("visits", Value::Integer(7)).unwrap();
        session.set("large", large(2000)).unwrap();
        session.set("larger", large(20_000)).unwrap();
        if let Some(user) = user {
            session.set("user", Value::owned_text(user)).unwrap();
        }
        assert!(fault(&browser, &session).contains("Its largest entries: `larger` (20008 bytes), `large`"));
        let left = Value::map(browser.load().values()).to_json().to_string();
        assert_eq!(left, r#"{"visits":1}"#);
    }
    // What fits to the byte is kept: 993 and two quotes, 5 for its name, and `visits`.
    let session = browser.load();
    session.set("large", large(993 - 7)).unwrap();
    assert_eq!(browser.save(&session), None);
    assert_eq!(browser.visit(), "visit 2 cookie kept");
}

#[test]
fn who_clears_a_session_and_writes_anew_has_another_one() {
    let mut browser = Browser::new(10);
    browser.log_in("bob");
    let (switch, before) = (browser.load(), browser.cookie.clone());
    let mut other = browser.other();
    other.cookie = before.clone();
    let racing = other.load();
    let mut signal = browser.manager.ended(&racing).unwrap();
    switch.clear();
    racing.set("racing", Value::Integer(1)).unwrap();
    switch.set("user", Value::owned_text("alice")).unwrap();
    assert_eq!(browser.save(&switch).as_deref(), Some(" Path=/; HttpOnly; SameSite=Lax"));
    assert_ne!(browser.cookie, before);
    let shown = Value::map(browser.load().values()).to_json().to_string();
    assert_eq!((shown.as_str(), browser.count()), (r#"{"user":"alice"}"#, 1));
    assert!(is_told(&mut signal));
    assert_eq!((other.save(&racing), other.load().values().len()), (None, 0));
    // Not if it was ended by somebody else meanwhile.
    let (switch, logout) = (browser.load(), browser.load());
    logout.clear();
    browser.save(&logout);
    switch.clear();
    switch.set("user", Value::owned_text("carol")).unwrap();
    assert_eq!((browser.save(&switch), browser.count()), (None, 0));
}

#[test]
fn what_was_written_before_the_id_changes_is_kept() {
    let mut browser = Browser::new(10);
    browser.visit();
    let (login, mut parallel) = (browser.load(), browser.other());
    parallel.cookie = browser.cookie.clone();
    let (early, late) = (parallel.load(), parallel.load());
    early.set("early", Value::Integer(1)).unwrap();
    login.set("user", Value::owned_text("bob")).unwrap();
    early.set("meanwhile", Value::Integer(2)).unwrap();
    browser.save(&login).unwrap();
    assert_eq!(parallel.save(&early), None);
    // From now on, it is lost.
    late.set("late", Value::Integer(3)).unwrap();
    assert_eq!(parallel.save(&late), None);
    let shown = Value::map(browser.load().values()).to_json().to_string();
    expect![[r#"{"visits":1,"early":1,"meanwhile":2,"user":"bob"}"#]].assert_eq(&shown);
    // A logout that began under the first name still ends it.
    late.clear();
    assert!(parallel.save(&late).is_some());
    assert_eq!(parallel.count(), 0);
}

#[test]
fn a_filter_may_ask_for_another_id() {
    let mut browser = Browser::new(10);
    browser.visit();
    let before = browser.cookie.clone();
    let session = browser.load();
    session.renew();
    assert_eq!(browser.save(&session).as_deref(), Some(" Path=/; HttpOnly; SameSite=Lax"));
    assert_ne!(browser.cookie, before);
    assert_eq!((browser.visit().as_str(), browser.count()), ("visit 2 cookie kept", 1));
}

#[test]
fn requests_at_the_same_time_share_the_session() {
    let mut browser = Browser::new(10);
    browser.visit();
    let (one, two) = (browser.load(), browser.load());
    one.set("a", Value::Integer(1)).unwrap();
    assert_eq!(two.get("a").to_text(), "1");
}

#[test]
fn a_session_that_has_ended_stays_ended_whatever_is_under_way() {
    let mut browser = Browser::new(10);
    browser.visit();
    let (logout, late) = (browser.load(), browser.load());
    logout.clear();
    browser.save(&logout);
    late.set("visits", Value::Integer(7)).unwrap();
    assert_eq!((browser.save(&late), browser.count()), (None, 0));
}
