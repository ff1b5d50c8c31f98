//! Cookies that are older than the latest state of their session.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// No entry renews the id, so that a login is a change like any other.
fn plain() -> Settings {
    Settings { subject: SubjectOptions::new(None, Some(Vec::new())), ..settings() }
}

/// What a cookie that was planted before a login sees so long after it, and what it says after a request that writes.
#[track_caller]
fn check_planted(after: Duration, is_the_login_seen: bool) {
    let gateway = instance(&[&key()], plain());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("basket", text("empty"))]);
    let mut planted = browser.clone();
    browser.now += 5 * MINUTE;
    browser.write(&gateway, &[("user", text("Sam"))]);
    planted.now = browser.now + after;
    assert_eq!(planted.sees(&gateway).contains("Sam"), is_the_login_seen, "{after:?}");
    planted.write(&gateway, &[("evil", text("yes"))]);
    assert_eq!(planted.sees(&gateway).contains("Sam"), is_the_login_seen, "{after:?}");
    browser.now = planted.now;
    assert_eq!(browser.sees(&gateway).contains("evil"), is_the_login_seen, "{after:?}");
    assert!(browser.sees(&gateway).contains("Sam"));
}

#[test]
fn a_cookie_from_before_a_login_is_refused_half_a_minute_after_it() {
    check_planted(Duration::ZERO, true);
    check_planted(29 * SECOND, true);
    check_planted(30 * SECOND, false);
    check_planted(20 * MINUTE, false);
}

#[test]
fn a_session_is_not_told_to_a_request_that_began_before_the_login() {
    let gateway = instance(&[&key()], plain());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("basket", text("empty"))]);
    let mut planted = browser.clone();
    let slow = planted.load(&gateway);
    slow.set("evil", text("yes")).unwrap();
    browser.write(&gateway, &[("user", text("Sam"))]);
    planted.now += 30 * SECOND;
    assert_eq!(planted.save(&gateway, &slow), "", "what is newer is not sealed for it");
    assert_eq!(browser.sees(&gateway), r#"{"basket":"empty","user":"Sam"}"#);
    assert_eq!(planted.sees(&gateway), "{}");
}

#[test]
fn a_planted_cookie_gets_no_login_by_way_of_another_instance() {
    let key = key();
    let (one, two) = (instance(&[&key], plain()), instance(&[&key], plain()));
    let mut browser = Browser::new();
    browser.write(&one, &[("basket", text("empty"))]);
    let mut planted = browser.clone();
    browser.now += 5 * MINUTE;
    browser.write(&one, &[("user", text("Sam"))]);
    // A fresh state of the planted one, from an instance that does not know better; older and newer than the next.
    for (visits, wait) in [(1, 10 * SECOND), (2, 20 * SECOND), (3, 25 * SECOND)] {
        planted.now = browser.now + wait;
        planted.write(&two, &[("evil", Value::Integer(1))]);
        let shown = planted.clone();
        browser.now = planted.now + SECOND;
        browser.write(&one, &[("visits", Value::Integer(visits))]);
        for gateway in [&one, &two] {
            let mut reader = shown.clone();
            reader.now = browser.now + Duration::from_millis(1);
            assert_eq!(reader.sees(gateway), r#"{"basket":"empty","evil":1}"#);
            reader.write(gateway, &[("evil", Value::Integer(2))]);
            assert_eq!(reader.sees(gateway), r#"{"basket":"empty","evil":2}"#);
        }
        let own = format!(r#"{{"basket":"empty","user":"Sam","visits":{visits}}}"#);
        assert_eq!((browser.sees(&one), browser.sees(&two)), (own.clone(), own));
        planted = shown;
    }
}

/// Two instances take turns with a browser that writes with every request, `behind` the first one's clock.
#[track_caller]
fn check_turns(pause: Duration, behind: Duration) {
    let key = key();
    let instances = [instance(&[&key], plain()), instance(&[&key], plain())];
    let mut browser = Browser::new();
    let skewed = |browser: &mut Browser, at: usize, set: bool| match (at, set) {
        (1, true) => browser.now -= behind,
        (1, false) => browser.now += behind,
        _ => {}
    };
    // No order of turns is special.
    for (number, at) in [0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1].into_iter().enumerate() {
        skewed(&mut browser, at, true);
        let value = i64::try_from(number).unwrap();
        browser
            .write(&instances[at], &[("number", Value::Integer(value)), (&format!("k{number}"), text("x"))]);
        assert_eq!(browser.load(&instances[at]).values().len(), number + 2, "{pause:?} {behind:?}");
        skewed(&mut browser, at, false);
        browser.now += pause;
    }
}

#[test]
fn a_browser_that_goes_to_and_fro_between_instances_stays_logged_in() {
    for behind in [Duration::ZERO, Duration::from_millis(3), 4 * SECOND] {
        for pause in [Duration::ZERO, Duration::from_millis(1), SECOND, 31 * SECOND, MINUTE] {
            check_turns(pause, behind);
        }
    }
}

#[test]
fn a_cookie_that_lost_a_race_between_instances_is_good_for_what_it_says() {
    let key = key();
    let (one, two) = (instance(&[&key], plain()), instance(&[&key], plain()));
    let mut browser = Browser::new();
    browser.write(&one, &[("user", text("Sam"))]);
    let mut racing = browser.clone();
    racing.now += SECOND;
    racing.write(&two, &[("b", text("two"))]);
    browser.now += 2 * SECOND;
    browser.write(&one, &[("a", text("one"))]);
    // The response of the second instance came last, though it was written first; the browser returns much later.
    racing.now += 10 * MINUTE;
    assert_eq!(racing.sees(&one), r#"{"user":"Sam","b":"two"}"#);
    racing.write(&one, &[("c", text("one"))]);
    assert_eq!(racing.sees(&one), r#"{"user":"Sam","b":"two","c":"one"}"#);
    assert_eq!(racing.sees(&two), r#"{"user":"Sam","b":"two","c":"one"}"#);
}
