//! Sessions that are too long for one cookie.

use exchange::FaultKind;

use super::*;

fn gateway() -> Arc<Manager> {
    instance(&[&key()], settings())
}

/// A text that compression would not help with, if there was any.
fn long(bytes: usize) -> Value<'static> {
    text(&"0123456789abcdef".repeat(bytes.div_ceil(16))[..bytes])
}

#[test]
fn every_size_comes_back_up_to_the_last_that_fits() {
    let gateway = gateway();
    let mut last = 0;
    // Around every border between two counts of cookies, and beyond the last.
    for bytes in (0..15_500).step_by(37).chain(2_700..3_100).chain(14_500..15_300) {
        let mut browser = Browser::new();
        let session = browser.load(&gateway);
        session.set("a", long(bytes)).unwrap();
        let mut response = Response::new(StatusCode::OK);
        match gateway.keep(&session, &mut response, browser.now) {
            Ok(()) => {
                browser.take(&response);
                assert_eq!(browser.load(&gateway).get("a").to_text(), long(bytes).to_text(), "{bytes}");
                last = last.max(bytes);
                assert!(browser.cookies.len() <= 5);
            }
            Err(fault) => {
                assert_eq!(fault.kind(), FaultKind::HeadersTooLarge);
                assert!(bytes > 14_500, "{bytes}");
            }
        }
    }
    assert!((14_500..15_300).contains(&last), "{last}");
}

#[test]
fn parts_that_are_left_over_are_forgotten() {
    let gateway = gateway();
    let mut browser = Browser::new();
    let set = browser.write(&gateway, &[("a", long(9_000))]);
    let attributes = "; Path=/; HttpOnly; SameSite=Lax";
    let expected: String =
        ["IG", "IG.1", "IG.2", "IG.3"].iter().map(|name| format!("{name}=…{attributes}\n")).collect();
    assert_eq!(set, expected);
    assert!(browser.cookie().starts_with("~4."));
    let set = browser.write(&gateway, &[("a", long(4_000))]);
    assert_eq!(set, format!("IG=…{attributes}\nIG.1=…{attributes}\nIG.2 forgotten\nIG.3 forgotten\n"));
    let set = browser.write(&gateway, &[("a", text("b"))]);
    assert_eq!(set, format!("IG=…{attributes}\nIG.1 forgotten\n"));
    assert_eq!(browser.cookies.len(), 1);
    browser.write(&gateway, &[("a", long(9_000))]);
    let set = browser.write(&gateway, &[("a", Value::Null)]);
    assert_eq!(set, "IG forgotten\nIG.1 forgotten\nIG.2 forgotten\nIG.3 forgotten\n");
}

/// What a session of three cookies is after somebody has changed them.
#[track_caller]
fn check_changed(change: impl FnOnce(&mut BTreeMap<String, String>), is_expected: bool) {
    let gateway = gateway();
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", long(7_000))]);
    assert_eq!(browser.cookies.len(), 3);
    change(&mut browser.cookies);
    assert_eq!(browser.sees(&gateway) != "{}", is_expected);
    // Whatever it was, the next session is whole.
    browser.write(&gateway, &[("a", text("b"))]);
    assert_eq!(browser.load(&gateway).get("a").to_text(), "b");
    assert_eq!(browser.cookies.keys().filter(|name| name.starts_with("IG")).count(), 1);
}

#[test]
fn parts_that_do_not_belong_together_are_an_empty_session() {
    check_changed(|_| {}, true);
    check_changed(|cookies| drop(cookies.remove("IG.1")), false);
    check_changed(|cookies| drop(cookies.remove("IG.2")), false);
    check_changed(|cookies| drop(cookies.remove("IG")), false);
    check_changed(|cookies| drop(cookies.insert("IG.2".into(), "AAAAAAAA.AAAA".into())), false);
    check_changed(|cookies| drop(cookies.insert("IG.7".into(), "AAAAAAAA.AAAA".into())), true);
    check_changed(
        |cookies| {
            let (one, two) = (cookies["IG.1"].clone(), cookies["IG.2"].clone());
            cookies.insert("IG.1".into(), two);
            cookies.insert("IG.2".into(), one);
        },
        false,
    );
    for first in
        ["~2", "~3", "~03", "~1", "~0", "~21", "~200", "~99999999999", "~-3", "~", "~+3", "~3.", "~3.."]
    {
        let change = |cookies: &mut BTreeMap<String, String>| {
            let rest = cookies["IG"].split_once('.').unwrap().1.to_owned();
            cookies.insert(
                "IG".into(),
                if first.ends_with('.') { first.into() } else { format!("{first}.{rest}") },
            );
        };
        check_changed(change, first == "~3");
    }
}

#[test]
fn two_hundred_chunks_and_a_hundred_kilobytes_are_an_empty_session() {
    let gateway = gateway();
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", long(7_000))]);
    let tag = browser.cookie().split('.').nth(1).unwrap().to_owned();
    browser.cookies.insert("IG".into(), format!("~200.{tag}.AAAA"));
    for number in 1..200 {
        browser.cookies.insert(format!("IG.{number}"), format!("{tag}.{}", "A".repeat(500)));
    }
    assert_eq!(browser.sees(&gateway), "{}");
    let set = browser.write(&gateway, &[("a", text("b"))]);
    assert_eq!(set.lines().count(), 20, "as many as we could have set are forgotten: {set}");
    let browser = Browser::with(&"A".repeat(100_000));
    assert_eq!(browser.sees(&gateway), "{}");
}

/// The cookies of these fields, for a browser that has several of one name.
fn sees(gateway: &Manager, fields: &[String]) -> String {
    let mut request = Request::get("http://app.example/".parse().unwrap());
    for field in fields {
        request.headers.append(header::COOKIE, HeaderValue::from_str(field).unwrap());
    }
    Value::map(gateway.find_or_make(&SessionCookies::of(&request.headers), START).values())
        .to_json()
        .to_string()
}

#[test]
fn of_several_cookies_of_one_name_the_good_one_counts() {
    let gateway = gateway();
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", text("b"))]);
    let good = format!("IG={}", browser.cookie());
    let bad = "IG=bad".to_owned();
    assert_eq!(sees(&gateway, &[bad.clone(), good.clone()]), r#"{"a":"b"}"#);
    assert_eq!(sees(&gateway, &[format!("{bad}; {bad};{good} ; x=y")]), r#"{"a":"b"}"#);
    let late = [vec![bad; 8], vec![good]].concat();
    assert_eq!(sees(&gateway, &late), "{}", "no more than eight are tried");

    // Parts of another path beside ours.
    browser.write(&gateway, &[("a", long(4_000))]);
    let mut fields = vec!["IG.1=AAAAAAAA.AAAA".to_owned()];
    fields.extend(browser.cookies.iter().map(|(name, value)| format!("{name}={value}")));
    assert!(sees(&gateway, &fields).len() > 4_000);
}

#[test]
fn a_session_that_is_too_large_is_refused_and_the_old_cookie_stays() {
    let gateway = gateway();
    let mut browser = Browser::new();
    browser.write(&gateway, &[("a", text("b"))]);
    let session = browser.load(&gateway);
    session.set("large", long(20_000)).unwrap();
    let mut response = Response::new(StatusCode::OK);
    let fault = gateway.keep(&session, &mut response, browser.now).unwrap_err();
    assert_eq!(fault.kind().status(), 431);
    assert_eq!(browser.take(&response), "");
    assert_eq!(browser.sees(&gateway), r#"{"a":"b"}"#);
    assert!(!browser.load(&gateway).is_changed(), "nothing later is remembered");
}

#[test]
fn no_more_is_set_than_a_listener_takes_back() {
    let gateway = instance(&[&key()], Settings { cookie_bytes_max: 6144, ..settings() });
    let mut last = 0;
    for bytes in 4_000..5_000 {
        let mut browser = Browser::new();
        let session = browser.load(&gateway);
        session.set("a", long(bytes)).unwrap();
        let mut response = Response::new(StatusCode::OK);
        match gateway.keep(&session, &mut response, browser.now) {
            Ok(()) => {
                browser.take(&response);
                let pairs: Vec<String> =
                    browser.cookies.iter().map(|(name, value)| format!("{name}={value}; ")).collect();
                assert!(pairs.concat().len() <= 6144);
                last = bytes;
            }
            Err(fault) => assert_eq!(fault.kind(), FaultKind::HeadersTooLarge),
        }
    }
    assert!((4_300..4_500).contains(&last), "{last}");
}
