//! Requests of one browser at the same time.

use super::*;

fn numbered(number: usize) -> String {
    format!("key{number}")
}

#[test]
fn two_hundred_requests_at_once_lose_nothing() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("user", text("Sam"))]);
    let answers: Vec<(usize, Response)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let (gateway, browser) = (&gateway, &browser);
                scope.spawn(move || {
                    let mine = (0..25).map(|at| worker * 25 + at);
                    let sessions: Vec<(usize, Session)> =
                        mine.map(|number| (number, browser.load(gateway))).collect();
                    let answer = |(number, session): (usize, Session)| {
                        session.set(&numbered(number), Value::Integer(1)).unwrap();
                        let mut response = Response::new(StatusCode::OK);
                        gateway.keep(&session, &mut response, browser.now).unwrap();
                        (number, response)
                    };
                    sessions.into_iter().map(answer).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    // Whichever response comes last.
    for (_, response) in answers.iter().rev().step_by(17) {
        let mut browser = browser.clone();
        browser.take(response);
        let session = browser.load(&gateway);
        let missing: Vec<usize> =
            (0..200).filter(|number| session.get(&numbered(*number)).is_null()).collect();
        assert_eq!(missing, [0; 0]);
        assert_eq!(session.get("user").to_text(), "Sam");
        browser.save(&gateway, &session);
        // The cookie itself holds it all now: another instance sees it, too.
        assert!(browser.load(&gateway).values().len() == 201 && !browser.load(&gateway).is_changed());
    }
}

#[test]
fn a_later_state_of_another_instance_counts() {
    let key = key();
    let (one, two) = (instance(&[&key], settings()), instance(&[&key], settings()));
    let mut browser = Browser::new();
    browser.write(&one, &[("a", text("one"))]);
    browser.write(&two, &[("a", text("two"))]);
    assert_eq!(browser.sees(&one), r#"{"a":"two"}"#);
    browser.now += Duration::from_secs(1);
    let mut racing = browser.clone();
    browser.write(&one, &[("b", text("one"))]);
    racing.now += Duration::from_millis(1);
    racing.write(&two, &[("c", text("two"))]);
    // Both have written; the cookie that the browser took last counts as a whole, wherever it is shown.
    for gateway in [&one, &two] {
        assert_eq!(racing.sees(gateway), r#"{"a":"two","c":"two"}"#);
        assert_eq!(browser.sees(gateway), r#"{"a":"two","b":"one"}"#);
    }
}

#[test]
fn an_instance_whose_clock_is_behind_still_writes_later_states() {
    let key = key();
    let skewed = || Settings { skew_seconds: 60, ..settings() };
    let (one, two) = (instance(&[&key], skewed()), instance(&[&key], skewed()));
    let mut browser = Browser::new();
    browser.write(&one, &[("a", text("one"))]);
    browser.now -= Duration::from_secs(50);
    browser.write(&two, &[("a", text("two"))]);
    browser.now += Duration::from_secs(50);
    assert_eq!(browser.sees(&one), r#"{"a":"two"}"#);
}

#[test]
fn what_was_emptied_stays_ended() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("user", text("Sam"))]);
    let mut racing = browser.clone();
    let late = racing.load(&gateway);
    late.set("basket", text("full")).unwrap();
    let session = browser.load(&gateway);
    session.clear();
    assert_eq!(browser.save(&gateway, &session), "IG forgotten\n");
    assert_eq!(racing.save(&gateway, &late), "", "no response brings it back");
    assert_eq!(racing.sees(&gateway), "{}");
    let set = racing.write(&gateway, &[("a", text("b"))]);
    assert!(set.starts_with("IG=…"), "a new session begins: {set}");
    assert_eq!(racing.sees(&gateway), r#"{"a":"b"}"#);
}

#[test]
fn a_renewed_session_has_another_id_and_the_old_one_is_dead() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("basket", text("full"))]);
    let mut planted = browser.clone();
    let late = planted.load(&gateway);
    late.set("evil", text("yes")).unwrap();
    let before = browser.load(&gateway).id().to_owned();
    // The subject changes: somebody has logged in.
    let set = browser.write(&gateway, &[("user", text("Sam"))]);
    assert_eq!(set, "IG=…; Path=/; HttpOnly; SameSite=Lax\n");
    assert_eq!(browser.sees(&gateway), r#"{"basket":"full","user":"Sam"}"#);
    assert_ne!(browser.load(&gateway).id(), before);
    assert_eq!(planted.sees(&gateway), "{}");
    assert_eq!(planted.save(&gateway, &late), "");
    assert_eq!(browser.sees(&gateway), r#"{"basket":"full","user":"Sam"}"#);
    // It does not last longer for it.
    browser.now += 30 * MINUTE + Duration::from_secs(1);
    assert_eq!(browser.sees(&gateway), "{}");
}

#[test]
fn a_request_may_ask_for_another_id() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", text("b"))]);
    let old = browser.clone();
    let session = browser.load(&gateway);
    session.renew();
    browser.save(&gateway, &session);
    assert_eq!((browser.sees(&gateway), old.sees(&gateway)), (r#"{"a":"b"}"#.to_owned(), "{}".to_owned()));
    // What is saved twice in one request stays one session.
    session.set("c", text("d")).unwrap();
    browser.save(&gateway, &session);
    assert_eq!(browser.sees(&gateway), r#"{"a":"b","c":"d"}"#);
}

#[test]
fn a_session_that_begins_is_saved_twice_under_one_id() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    let session = browser.load(&gateway);
    session.set("a", text("b")).unwrap();
    browser.save(&gateway, &session);
    let first = browser.load(&gateway).id().to_owned();
    session.set("c", text("d")).unwrap();
    browser.save(&gateway, &session);
    assert_eq!(browser.load(&gateway).id(), first);
    assert_eq!(browser.sees(&gateway), r#"{"a":"b","c":"d"}"#);
}

#[test]
fn managers_that_share_states_share_revocations() {
    let key = key();
    let keys = keys(&[&key]);
    let states: Arc<States> = Arc::default();
    let sibling = |name: &str| {
        let place = Place { name: name.to_owned(), type_name: "JwtSession", file: format!("{name}.json") };
        Manager::new(place, SessionCookie::plain("IG"), keys.clone(), states.clone(), settings())
    };
    let (one, two) = (sibling("one"), sibling("two"));
    let mut browser = Browser::new();
    browser.write(&one, &[("a", text("b"))]);
    assert_eq!(browser.sees(&two), r#"{"a":"b"}"#);
    let old = browser.clone();
    browser.write(&two, &[("a", Value::Null)]);
    assert_eq!(old.sees(&one), "{}");
}

#[test]
fn what_one_manager_ends_stays_ended_where_clocks_may_differ_more() {
    let keys = keys(&[&key()]);
    let states: Arc<States> = Arc::default();
    let sibling = |skew_seconds: u64| {
        let place =
            Place { name: "s".to_owned(), type_name: "JwtSession", file: format!("{skew_seconds}.json") };
        let settings = Settings { skew_seconds, ..settings() };
        Manager::new(place, SessionCookie::plain("IG"), keys.clone(), states.clone(), settings)
    };
    let (strict, lenient) = (sibling(0), sibling(3600));
    let mut browser = Browser::new();
    browser.write(&strict, &[("a", text("b"))]);
    let mut old = browser.clone();
    browser.write(&strict, &[("a", Value::Null)]);
    old.now += 31 * MINUTE;
    // Others end, in every part of what is known, so that what need not be remembered is forgotten.
    for _ in 0..1000 {
        let mut other = Browser { now: old.now, ..Browser::new() };
        other.write(&strict, &[("a", text("b"))]);
        other.write(&strict, &[("a", Value::Null)]);
    }
    assert_eq!(old.sees(&lenient), "{}");
}

#[test]
fn a_logout_counts_whatever_is_written_before_it_is_saved() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("user", text("Sam"))]);
    let mut racing = browser.clone();
    let session = browser.load(&gateway);
    session.set("user", Value::Null).unwrap();
    racing.write(&gateway, &[("basket", text("full"))]);
    assert_eq!(racing.sees(&gateway), r#"{"user":"Sam","basket":"full"}"#);
    assert_eq!(browser.save(&gateway, &session), "IG forgotten\n");
    assert_eq!(racing.sees(&gateway), "{}");
}

#[tokio::test]
async fn a_session_that_is_emptied_and_written_is_another_one() {
    let gateway = instance(&[&key()], settings());
    let mut browser = Browser::new();
    browser.write(&gateway, &[("user", text("Sam"))]);
    let mut racing = browser.clone();
    let before = browser.load(&gateway);
    let ended = gateway.ended(&before).unwrap();
    browser.now += 10 * MINUTE;
    racing.now = browser.now;
    let session = browser.load(&gateway);
    session.clear();
    session.set("user", text("Kim")).unwrap();
    racing.write(&gateway, &[("basket", text("full"))]);
    browser.save(&gateway, &session);
    assert_eq!(browser.sees(&gateway), r#"{"user":"Kim"}"#);
    assert_ne!(browser.load(&gateway).id(), before.id());
    assert_eq!(racing.sees(&gateway), "{}");
    ended.await;
    session.set("a", text("b")).unwrap();
    browser.save(&gateway, &session);
    browser.now += 30 * MINUTE;
    assert_eq!(browser.sees(&gateway), r#"{"user":"Kim","a":"b"}"#, "it has a time of its own");
}
