//! Where a manager stands, and whose session it is then.

use super::*;

#[test]
fn the_object_session_of_the_heap_is_for_all_routes() {
    let mut session = manager(&json!({}));
    session["name"] = json!("Session");
    let config = json!({ "heap": [session], "handler": { "type": "Router" } });
    let gateway = gateway()
        .config(&config.to_string())
        .route("a", &route("/a", None))
        .route("b", &route("/b", None))
        .start();
    let mut browser = Browser::default();
    browser.get(&gateway, "/a/write?key=user&value=sam");
    assert!(browser.set[0].starts_with("openig-jwt-session=eyJ"), "{:?}", browser.set);
    assert_eq!(browser.get(&gateway, "/b/read?key=user").text(), "sam");
    assert!(!browser.cookies.contains_key("IG_SESSIONID"), "no session is kept in memory");
}

#[test]
fn routes_below_a_route_inherit_its_session() {
    let builder = gateway();
    let child = route("/a/child", None);
    let routes = builder.folder().path().join("config/children");
    std::fs::create_dir_all(&routes).unwrap();
    std::fs::write(routes.join("child.json"), child).unwrap();
    let parent = json!({
        "condition": "${find(request.uri.path, '^/a')}",
        "session": manager(&json!({})),
        "handler": { "type": "Router", "config": { "directory": routes.to_str().unwrap(), "defaultHandler": handler() } },
    });
    let gateway = builder.route("parent", &parent.to_string()).route("other", &route("/b", None)).start();
    let mut browser = Browser::default();
    browser.get(&gateway, "/a/child/write?key=user&value=sam");
    assert!(browser.set[0].starts_with("openig-jwt-session=eyJ"), "{:?}", browser.set);
    assert_eq!(browser.get(&gateway, "/a/read?key=user").text(), "sam");
    assert_eq!(browser.get(&gateway, "/b/read?key=user").text(), "", "it is known within its route only");
}

#[test]
fn routes_beside_each_other_share_a_session_by_cookie_and_key() {
    let other_key = json!({ "type": "JwtSession", "config": {} });
    let gateway = gateway()
        .route("a", &route("/a", Some(&manager(&json!({})))))
        .route("b", &route("/b", Some(&manager(&json!({})))))
        .route("c", &route("/c", Some(&manager(&json!({ "cookie": { "name": "OTHER" } })))))
        .route("d", &route("/d", Some(&other_key)))
        .start();
    let mut browser = Browser::default();
    browser.get(&gateway, "/a/write?key=user&value=sam");
    browser.get(&gateway, "/b/write?key=level&value=2");
    assert_eq!(browser.get(&gateway, "/a/read?key=level").text(), "2");
    assert_eq!(browser.get(&gateway, "/b/read?key=user").text(), "sam");
    let read = |browser: &Browser, path: &str| browser.clone().get(&gateway, path).text();
    assert_eq!(read(&browser, "/c/read?key=user"), "", "another cookie");
    assert_eq!(read(&browser, "/d/read?key=user"), "", "another key");
    // What one cookie says cannot be said by another, though the key is the same.
    let stolen = browser.cookies["openig-jwt-session"].clone();
    browser.cookies.insert("OTHER".to_owned(), stolen);
    assert_eq!(read(&browser, "/c/read?key=user"), "");
    gateway.wait_for_log("what it says is not a session of this cookie");
    // A session that ends in one route has ended in the other.
    let old = browser.clone();
    browser.get(&gateway, "/a/remove?key=level");
    browser.get(&gateway, "/b/remove?key=user");
    assert_eq!(read(&old, "/a/read?key=user"), "");
}

#[test]
fn a_reload_keeps_sessions() {
    let gateway = gateway()
        .env("IG_ROUTER_SCAN_INTERVAL", "100 ms")
        .route("session", &route("/", Some(&json!({ "type": "JwtSession" }))))
        .start();
    assert!(
        gateway.log().contains("sessions are encrypted with a key of this process alone"),
        "{}",
        gateway.log()
    );
    let mut browser = Browser::default();
    browser.write(&gateway, "user", "sam");
    let longer = json!({ "type": "JwtSession", "config": { "sessionTimeout": "1 hour" } });
    gateway
        .folder()
        .write("config/routes/session.json", &route("/", Some(&longer)).replace("text/plain", "text/html"));
    soon(|| gateway.get("/").field("content-type") == Some("text/html"));
    assert_eq!(browser.read(&gateway, "user"), "sam", "the random key is kept");
}
