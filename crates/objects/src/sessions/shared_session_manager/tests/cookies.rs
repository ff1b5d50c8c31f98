//! Cookies that name no session: what they cost, and what the log says of them.

use super::*;
use crate::decorators::logged::with_log;

/// A browser with these values of the cookie.
fn sending(values: &[String]) -> Browser {
    let pairs: Vec<String> = values.iter().map(|value| format!("IG_SESSIONID={value}")).collect();
    Browser { cookie: Some(pairs.join("; ")) }
}

fn made_up() -> String {
    Id::random().unwrap().to_string()
}

#[test]
fn made_up_ids_cost_few_questions_and_one_line_each() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = instance(&store);
    let ids: Vec<String> = (0..8).map(|_| made_up()).collect();
    let browser = sending(&ids);
    let log = with_log(|| assert_eq!(browser.entries(&manager), "{}"));
    assert!(store.asked.load(Ordering::Relaxed) <= 4, "three ids, and whether they were renewed away");
    assert_eq!(log.lines().count(), 3, "{log}");
    assert!(log.lines().all(|line| line.starts_with("INFO ") && line.contains("it names no session")));
    assert!(ids.iter().all(|id| !log.contains(id.as_str())));
    assert_eq!(with_log(|| assert_eq!(browser.entries(&manager), "{}")), "");
    let log = with_log(|| assert_eq!(sending(&["nonsense".to_owned()]).entries(&manager), "{}"));
    assert!(
        log.trim_start().starts_with("WARN ") && log.contains("it is not an id of this gateway"),
        "{log}"
    );
}

#[test]
fn a_stale_cookie_beside_a_good_one_is_nothing_to_speak_of() {
    let store: Arc<MemoryStore> = Arc::default();
    let manager = instance(&store);
    let mut browser = Browser::default();
    browser.write(&manager, "color", "red");
    let good = browser.id().to_string();
    let both = sending(&[made_up(), "nonsense".to_owned(), good]);
    assert_eq!(with_log(|| assert_eq!(both.entries(&manager), r#"{"color":"red"}"#)), "");
}

#[test]
fn a_lower_limit_leaves_larger_sessions_readable() {
    let store: Arc<MemoryStore> = Arc::default();
    let mut browser = Browser::default();
    browser.write(&instance(&store), "entry", &"x".repeat(20_000));
    let lower = Manager { bytes_max: 100, ..instance(&store) };
    assert_eq!(browser.load(&lower).entries().len(), 1);
    let session = browser.load(&lower);
    session.set("entry", Value::Null).unwrap();
    session.set("color", text("red")).unwrap();
    browser.save(&lower, &session);
    assert_eq!(browser.entries(&lower), r#"{"color":"red"}"#);
}
