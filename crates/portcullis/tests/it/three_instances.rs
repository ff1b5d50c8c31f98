//! The three instances of the installation guide, from its files: a balancer that begins a session, and two that
//! greet by it.

use std::process::Command;

use testbed::Gateway;

use crate::tools::are_here;
use crate::{gateway, guides};

/// An instance of the guide on a free port. Nothing is changed in its files but the folder of the secrets, the port,
/// and the addresses of the other instances.
fn instance(number: u8, route: &str, others: &[(&str, &Gateway)]) -> Gateway {
    let printed = guides::with_secrets(&guides::text(&format!("install-instance{number}-{route}.json")));
    let route_text = others
        .iter()
        .fold(printed, |text, (printed, other)| text.replace(printed, &other.address().to_string()));
    let admin = guides::text(&format!("install-instance{number}-admin.json"));
    gateway()
        .admin(&admin.replace(&format!("800{number}"), "0"))
        .route(&format!("instance{number}-{route}"), &route_text)
        .env("KEYSTORE_SECRET_ID", "cGFzc3dvcmQ=")
        .start()
}

/// What `curl -v` shows of a request for the first instance: what was sent and what came back.
fn curl(first: &Gateway, path: &str, arguments: &[&str]) -> String {
    let port = first.address().port();
    let mut command = Command::new("curl");
    command.args(["--verbose", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*"]);
    command.arg("--resolve").arg(format!("ig.example.com:{port}:127.0.0.1")).args(arguments);
    let output = command.arg(format!("http://ig.example.com:{port}{path}")).output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn three() -> [Gateway; 3] {
    let second = instance(2, "retrieve-session-username", &[]);
    let third = instance(3, "retrieve-session-username", &[]);
    let others = [("ig.example.com:8002", &second), ("ig.example.com:8003", &third)];
    let first = instance(1, "loadbalancer", &others);
    [first, second, third]
}

/// The cookie that the first instance sets, as `IG=…`.
fn log_in(first: &Gateway) -> String {
    let said = curl(first, "/log-in-and-generate-session", &[]);
    assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
    assert!(
        said.ends_with("<html><body>Sam Carter logged IN. (JWT session generated)</body></html>"),
        "{said}"
    );
    let field =
        said.lines().find_map(|line| line.strip_prefix("< set-cookie: ")).unwrap_or_else(|| panic!("{said}"));
    let (cookie, attributes) = field.trim_end().split_once(';').unwrap();
    assert!(cookie.starts_with("IG=eyJ"), "{cookie}");
    assert_eq!(attributes.strip_prefix(" Path=/; Domain=.example.com; HttpOnly"), Some("; SameSite=Lax"));
    cookie.to_owned()
}

#[test]
fn a_session_of_the_first_instance_is_known_to_the_second_and_the_third() {
    if !are_here(&["curl"]) {
        return;
    }
    let [first, second, third] = three();
    let header = format!("cookie:{}", log_in(&first));
    for (query, number) in [("?one", 2), ("", 2), ("?two", 3)] {
        let said = curl(&first, &format!("/webapp/browsing{query}"), &["--header", &header]);
        assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
        assert!(said.contains(&format!("Hello, Sam Carter !! (instance{number})")), "{said}");
        assert!(!said.contains("< set-cookie"), "nothing was written: {said}");
        let said = curl(&first, &format!("/webapp/browsing{query}"), &[]);
        assert!(said.contains(&format!("Session.authUsername is not defined! (instance{number})")), "{said}");
    }
    assert!(curl(&first, "/webapp/browsing?three", &["--header", &header]).contains("HTTP/1.1 404"));
    // Each of them dispatches as the text says, and the capture of the first shows it.
    assert!(first.log().contains("/webapp/browsing?two"), "{}", first.log());
    assert!(second.log().contains("/webapp/browsing?one") && third.log().contains("/webapp/browsing?two"));
    // The id of the secret has a slash in the third file.
    assert!(third.log().contains("/jwtsession.symmetric.secret.id"), "{}", third.log());
    for gateway in [&first, &second, &third] {
        assert!(
            !gateway.log().contains(header.strip_prefix("cookie:IG=").unwrap()),
            "the log tells no session"
        );
    }
}

#[test]
fn a_session_outlives_a_restart_of_every_instance() {
    if !are_here(&["curl"]) {
        return;
    }
    let header = format!("cookie:{}", log_in(&three()[0]));
    let [first, _second, _third] = three();
    let said = curl(&first, "/webapp/browsing?two", &["--header", &header]);
    assert!(said.contains("Hello, Sam Carter !! (instance3)"), "{said}");
}
