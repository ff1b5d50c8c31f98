//! Operators list sessions and end them, with curl.

use std::net::TcpListener;
use std::process::Command;

use testbed::Gateway;

use crate::live_sessions::{builder, log_in, start};
use crate::tools;

/// What no answer may show.
const VALUES: [&str; 3] = ["hunter2", "bob", "eve"];

/// Where the endpoints are on the main connector.
fn below(gateway: &Gateway, target: &str) -> String {
    format!("http://{}/openig/api/sessions{target}", gateway.address())
}

/// What curl gets: the body, and the status in a line of its own.
fn curl(arguments: &[&str], url: &str) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--write-out", " %{http_code}"])
        .args(arguments)
        .arg(url)
        .output()
        .unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// What ending sessions of a user says; the manager of admin.json is not told whose its sessions are.
fn revoked(count: u64) -> String {
    format!(r#"{{"revoked":{count},"notAsked":["InMemorySessionManager@1:1"]}} 200"#)
}

/// The handles in a list.
fn handles(list: &str) -> Vec<&str> {
    list.split(r#""handle":""#).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Whom the gateway takes a browser for.
fn user(gateway: &Gateway, cookie: &str) -> String {
    let reply = gateway.client().send("GET", "/whoami", &[("Cookie", cookie)], b"");
    reply.text().to_owned()
}

#[test]
fn an_operator_finds_a_session_and_ends_it() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let gateway = start("http://127.0.0.1:9", "1 hour");
    let client = gateway.client();
    let (bob, eve) = (log_in(&client, "bob"), log_in(&client, "eve"));
    assert_eq!((user(&gateway, &bob).as_str(), user(&gateway, &eve).as_str()), ("bob", "eve"));

    let managers = curl(&[], &below(&gateway, ""));
    assert!(managers.contains(r#""name":"Session","type":"InMemorySessionManager""#), "{managers}");
    let session = managers.split(r#""name":"Session""#).nth(1).unwrap();
    let link = session.split(r#""sessions":""#).nth(1).unwrap().split('"').next().unwrap();
    let all = curl(&[], &format!("http://{}{link}", gateway.address()));
    assert_eq!((handles(&all).len(), all.ends_with(" 200")), (2, true), "{all}");

    let list = curl(&[], &below(&gateway, "?manager=Session&subject=bob"));
    let [handle] = handles(&list)[..] else { panic!("{list}") };
    let one = below(&gateway, &format!("/{handle}"));
    let inspected = curl(&[], &one);
    assert!(inspected.contains(r#""subject":"bob","entries":["user","password"]"#), "{inspected}");

    assert_eq!(curl(&["--request", "DELETE"], &one), " 204");
    assert_eq!((user(&gateway, &bob).as_str(), user(&gateway, &eve).as_str()), ("", "eve"));
    assert!(curl(&[], &one).ends_with(" 404"));
    assert!(curl(&["--request", "DELETE"], &one).ends_with(" 404"));

    gateway.wait_for_log("A session was revoked.");
    let line = gateway.log().lines().find(|line| line.contains("A session was revoked.")).unwrap().to_owned();
    assert!(line.contains(handle) && line.contains("127.0.0.1"), "{line}");
    // Nobody's secrets, and nothing that a browser presents.
    let log = gateway.log();
    let shown = [managers, all, list, inspected, log.clone()].concat();
    for cookie in [&bob, &eve] {
        assert!(!shown.contains(cookie.split_once('=').unwrap().1), "{shown}");
    }
    assert!(!shown.contains(VALUES[0]), "{shown}");
    assert!(VALUES.iter().all(|value| !log.contains(value)), "{log}");
}

#[test]
fn all_sessions_of_a_user_end_at_once() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let gateway = start("http://127.0.0.1:9", "1 hour");
    let client = gateway.client();
    let (desk, phone) = (log_in(&client, "bob"), log_in(&client, "bob"));
    let eve = log_in(&client, "eve");
    let ended = curl(&["--request", "DELETE"], &below(&gateway, "?subject=bob"));
    assert_eq!(ended, revoked(2));
    for (cookie, expected) in [(&desk, ""), (&phone, ""), (&eve, "eve")] {
        assert_eq!(user(&gateway, cookie), expected);
    }
    let list = curl(&[], &below(&gateway, "?manager=Session"));
    assert_eq!(handles(&list).len(), 1, "{list}");
}

#[test]
fn only_this_machine_may_and_no_page_in_its_browser() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let gateway = start("http://127.0.0.1:9", "1 hour");
    let eve = log_in(&gateway.client(), "eve");
    let (list, end) = (below(&gateway, "?manager=Session"), below(&gateway, "?subject=eve"));
    for header in
        ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy", "Host: app.example"]
    {
        assert_eq!(curl(&["--header", header], &list), " 403", "{header}");
        assert_eq!(curl(&["--request", "DELETE", "--header", header], &end), " 403", "{header}");
    }
    for header in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        let refused = curl(&["--request", "DELETE", "--header", header], &end);
        assert!(refused.ends_with(" 403"), "{header}: {refused}");
    }
    let preflight = ["--request", "OPTIONS", "--header", "Access-Control-Request-Method: DELETE"];
    assert!(curl(&preflight, &end).ends_with(" 405"));
    assert_eq!(user(&gateway, &eve), "eve");
}

/// What the guide tells operators to run, in its order.
#[test]
fn the_guide_can_be_followed_on_the_admin_connector() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": 0, "host": "127.0.0.1" }} ],
              "adminConnector": {{ "port": {port}, "host": "127.0.0.1" }} }}"#
    );
    let gateway = builder("http://127.0.0.1:9", "1 hour").admin(&admin).start();
    let (bob, desk) = (log_in(&gateway.client(), "bob"), log_in(&gateway.client(), "bob"));
    let list = curl(&[], &format!("http://127.0.0.1:{port}/api/sessions?manager=Session"));
    let handle = handles(&list)[0];

    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/admin-endpoints.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let mut statuses = Vec::new();
    for line in guide.lines().filter(|line| line.starts_with("curl ")) {
        let line = line.replace(":8085/", &format!(":{port}/")).replace("HANDLE", handle);
        let line = line.replace("curl ", "curl --silent --ipv4 --max-time 20 --write-out ' %{http_code}' ");
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        statuses.push(answer.rsplit(' ').next().unwrap().to_owned());
        if line.contains("-X DELETE") && line.contains("subject") {
            assert_eq!(answer, revoked(1));
        }
    }
    assert_eq!(statuses, ["200", "200", "200", "200", "204", "200"]);
    assert_eq!((user(&gateway, &bob), user(&gateway, &desk)), (String::new(), String::new()));
}

#[test]
fn the_guide_names_the_paths_that_there_are() {
    let gateway = start("http://127.0.0.1:9", "1 hour");
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/admin-endpoints.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let rows = guide.lines().filter(|line| line.starts_with("| `/"));
    let paths: Vec<&str> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split(['`', ',', ' '])).collect();
    let paths: Vec<&str> = paths.into_iter().filter(|path| !path.is_empty()).collect();
    assert_eq!(paths.len(), 10, "{paths:?}");
    for path in paths {
        let status = gateway.get(&format!("/openig{path}")).status;
        // The program runs in production mode.
        assert_eq!(status, if path == "/api/info" { 404 } else { 200 }, "{path}");
    }
}
