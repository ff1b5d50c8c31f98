//! What an administrator may do with sessions in cookies.

use exchange::FaultKind;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_administrator_sees_names_and_may_end_a_session() {
    let gateway = instance(&[&key()], settings());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut browsers: Vec<Browser> = Vec::new();
    for user in ["sam", "kim", "sam"] {
        let mut browser = Browser::new();
        // Lists are asked at the time of the day.
        browser.now = super::super::manager::now();
        browser.write(&gateway, &[("user", text(user)), ("token", text("secret"))]);
        browsers.push(browser);
    }
    runtime.block_on(async {
        let page = gateway.list(SessionQuery { limit: 2, ..SessionQuery::default() }).await.unwrap();
        assert_eq!(page.sessions.len(), 2);
        let rest = SessionQuery { limit: 2, cursor: page.cursor.clone(), ..SessionQuery::default() };
        let rest = gateway.list(rest).await.unwrap();
        assert_eq!((rest.sessions.len(), rest.cursor), (1, None));
        let shown = format!("{page:?}");
        assert!(shown.contains("token") && !shown.contains("secret"), "{shown}");
        let first = &page.sessions[0];
        assert_eq!(first.handle.len(), 32);
        assert_eq!(first.entries, ["user", "token"]);
        assert!((1799..=1800).contains(&first.expires_in_seconds));
        assert_eq!(gateway.inspect(&first.handle).await.unwrap().as_ref(), Some(first));
        assert_eq!(gateway.inspect("0123").await.unwrap(), None);

        let kim =
            gateway.list(SessionQuery { subject: Some("kim".into()), limit: 9, cursor: None }).await.unwrap();
        assert_eq!(kim.sessions.len(), 1);
        let session = browsers[1].load(&gateway);
        let ended = gateway.ended(&session).unwrap();
        assert!(gateway.revoke(&kim.sessions[0].handle).await.unwrap());
        ended.await;
        assert!(!gateway.revoke(&kim.sessions[0].handle).await.unwrap());
        assert_eq!(gateway.revoke_subject("sam").await.unwrap(), 2);
        assert_eq!(gateway.revoke_subject("sam").await.unwrap(), 0);
    });
    assert!(browsers.iter().all(|browser| browser.sees(&gateway) == "{}"));
}

/// A browser at the time of the day, which is the one that administration goes by.
fn today() -> Browser {
    Browser { now: super::super::manager::now(), ..Browser::new() }
}

#[tokio::test]
async fn without_a_subject_nobody_can_tell_whose_a_session_is() {
    let gateway = instance(&[&key()], Settings { subject: SubjectOptions::new(None, None), ..settings() });
    let query = SessionQuery { subject: Some("sam".into()), limit: 9, cursor: None };
    for fault in [gateway.list(query).await.unwrap_err(), gateway.revoke_subject("sam").await.unwrap_err()] {
        assert_eq!(fault.kind(), FaultKind::BadRequest);
        assert!(format!("{fault:?}").contains("`Session` has no `subject`, so nobody can tell"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_subject_is_revoked_with_the_sessions_that_were_not_seen() {
    let key = key();
    let (one, two) = (instance(&[&key], settings()), instance(&[&key], settings()));
    let (mut sam, mut kim, mut late) = (today(), today(), today());
    sam.write(&two, &[("user", text("sam"))]);
    kim.write(&two, &[("user", text("kim"))]);
    late.write(&one, &[("basket", text("full"))]);
    let seen_before = late.clone();
    assert_eq!(one.revoke_subject("sam").await.unwrap(), 0, "it has seen none");
    assert_eq!(sam.sees(&one), "{}");
    assert_eq!(kim.sees(&one), r#"{"user":"kim"}"#);
    // Whoever logs in again is welcome, in a new session or in one that was nobody's.
    sam.now += 2 * SECOND;
    sam.write(&one, &[("user", text("sam"))]);
    assert_eq!(sam.sees(&one), r#"{"user":"sam"}"#);
    late.now += 2 * SECOND;
    late.write(&one, &[("user", text("sam"))]);
    assert_eq!(late.sees(&one), r#"{"basket":"full","user":"sam"}"#);
    assert_eq!(seen_before.sees(&one), "{}");
}

#[tokio::test]
async fn what_is_under_way_of_a_revoked_subject_is_not_saved() {
    let gateway = instance(&[&key()], settings());
    let mut browser = today();
    browser.write(&gateway, &[("user", text("sam"))]);
    let session = browser.load(&gateway);
    session.set("basket", text("full")).unwrap();
    assert_eq!(gateway.revoke_subject("sam").await.unwrap(), 1);
    assert_eq!(browser.save(&gateway, &session), "");
    assert_eq!(browser.sees(&gateway), "{}");
}

#[tokio::test]
async fn a_handle_is_good_for_the_session_under_its_next_ids() {
    let gateway = instance(&[&key()], settings());
    let mut browser = today();
    browser.write(&gateway, &[("basket", text("full"))]);
    let all = || gateway.list(SessionQuery { limit: 9, ..SessionQuery::default() });
    let handle = all().await.unwrap().sessions[0].handle.clone();
    browser.write(&gateway, &[("user", text("sam"))]);
    let session = browser.load(&gateway);
    session.renew();
    browser.save(&gateway, &session);
    let ended = gateway.ended(&browser.load(&gateway)).unwrap();
    assert_ne!(all().await.unwrap().sessions[0].handle, handle);
    assert!(gateway.revoke(&handle).await.unwrap());
    ended.await;
    assert_eq!(browser.sees(&gateway), "{}");
    assert!(!gateway.revoke(&handle).await.unwrap());
    assert!(all().await.unwrap().sessions.is_empty());
}
