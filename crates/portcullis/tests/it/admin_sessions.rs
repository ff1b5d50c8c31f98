//! Operators list sessions and end them, with curl.

use std::process::Command;

use testbed::redis::free_port;
use testbed::{Client, Gateway};

use crate::live_sessions::{admin_address, builder, log_in, start};
use crate::load_balancer::Balancer;
use crate::tools;

/// What no answer may show.
const VALUES: [&str; 3] = ["hunter2", "bob", "eve"];

/// Where the endpoints are.
fn below(gateway: &Gateway, target: &str) -> String {
    format!("http://{}/api/sessions{target}", admin_address(gateway))
}

/// Where they are on the main connector, or on what stands before it.
fn below_main(port: u16, target: &str) -> String {
    format!("http://127.0.0.1:{port}/openig/api/sessions{target}")
}

/// What a refusal says; `rule` is where they are served.
fn refused(rule: &str) -> String {
    format!(
        r#"{{"code":403,"reason":"Forbidden","message":"Sessions are administered {rule}, unless `apiProtectionFilter` of admin.json lets requests in."}} 403"#
    )
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
    let all = curl(&[], &format!("http://{}{link}", admin_address(&gateway)));
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
        let refusal = refused("by clients on this machine, without a proxy, by an address or as `localhost`");
        assert_eq!(curl(&["--header", header], &list), refusal, "{header}");
        assert_eq!(curl(&["--request", "DELETE", "--header", header], &end), refusal, "{header}");
    }
    for header in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        let refused = curl(&["--request", "DELETE", "--header", header], &end);
        assert!(refused.ends_with(" 403"), "{header}: {refused}");
    }
    let preflight = ["--request", "OPTIONS", "--header", "Access-Control-Request-Method: DELETE"];
    assert!(curl(&preflight, &end).ends_with(" 405"));
    assert_eq!(user(&gateway, &eve), "eve");
}

/// A balancer that says nothing of its clients makes all of them clients of this machine, under any host they like.
#[test]
fn clients_of_a_balancer_on_this_machine_see_no_sessions() {
    if !tools::are_here(&["haproxy", "curl"]) {
        return;
    }
    let gateway = start("http://127.0.0.1:9", "1 hour");
    let eve = log_in(&gateway.client(), "eve");
    let list = curl(&[], &below(&gateway, "?manager=Session"));
    let handle = format!("/{}", handles(&list)[0]);
    let balancer = Balancer::start(gateway.ports()[0], "");
    // The gateway takes them for local ones.
    let routes = format!("http://127.0.0.1:{}/openig/api/routes", balancer.port);
    assert!(curl(&[], &routes).ends_with(" 200"));
    for port in [balancer.port, gateway.ports()[0]] {
        for target in ["", "?manager=Session", &handle] {
            for method in ["GET", "DELETE", "POST"] {
                for host in ["Host: localhost", "Host: 127.0.0.1", "Host: app.example"] {
                    let arguments = ["--request", method, "--header", host];
                    let answer = curl(&arguments, &below_main(port, target));
                    assert_eq!(answer, refused("on the admin connector only"), "{method} {host} {target}");
                }
            }
        }
        let end = curl(&["--request", "DELETE"], &below_main(port, "?subject=eve"));
        assert_eq!(end, refused("on the admin connector only"));
    }
    assert_eq!(user(&gateway, &eve), "eve");
}

#[test]
fn an_admin_connector_that_others_reach_shows_no_sessions() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let port = free_port();
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": 0, "host": "127.0.0.1" }} ],
              "adminConnector": {{ "port": {port}, "host": "0.0.0.0" }} }}"#
    );
    let gateway = builder("http://127.0.0.1:9", "1 hour").admin(&admin).start();
    let eve = log_in(&gateway.client(), "eve");
    let refusal = refused("while `adminConnector` listens on loopback addresses only");
    assert_eq!(curl(&[], &below(&gateway, "?manager=Session")), refusal);
    assert_eq!(curl(&["--request", "DELETE"], &below(&gateway, "?subject=eve")), refusal);
    assert_eq!(curl(&[], &format!("http://{}/ping", admin_address(&gateway))), " 200");
    assert_eq!(user(&gateway, &eve), "eve");
}

#[test]
fn a_protection_filter_lets_operators_in_on_every_connector() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let port = free_port();
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": 0, "host": "127.0.0.1" }} ],
              "adminConnector": {{ "port": {port}, "host": "0.0.0.0" }},
              "apiProtectionFilter": {{ "type": "AllowOnlyFilter", "config": {{ "rules": [
                {{ "name": "operators", "when": "${{request.headers['Key'][0] == 'right'}}" }} ] }} }} }}"#
    );
    let gateway = builder("http://127.0.0.1:9", "1 hour").admin(&admin).start();
    let eve = log_in(&gateway.client(), "eve");
    let main = below_main(gateway.ports()[0], "?manager=Session");
    for url in [&main, &below(&gateway, "?manager=Session")] {
        assert_eq!(curl(&[], url), " 401");
        let list = curl(&["--header", "Key: right"], url);
        assert_eq!(handles(&list).len(), 1, "{list}");
    }
    let all = below_main(gateway.ports()[0], "?subject=eve");
    assert_eq!(curl(&["--request", "DELETE"], &all), " 401");
    assert_eq!(user(&gateway, &eve), "eve");
    assert_eq!(curl(&["--request", "DELETE", "--header", "Key: right"], &all), revoked(1));
    assert_eq!(user(&gateway, &eve), "");
}

/// What the guide tells operators to run, in its order.
#[test]
fn the_guide_can_be_followed_on_the_admin_connector() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let gateway = start("http://127.0.0.1:9", "1 hour");
    let port = admin_address(&gateway).port();
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
        let main = gateway.get(&format!("/openig{path}")).status;
        let admin = Client::new(admin_address(&gateway)).get(path).status;
        let expected = match path {
            // The program runs in production mode.
            "/api/info" => (404, 404),
            "/api/sessions" => (403, 200),
            _ => (200, 200),
        };
        assert_eq!((main, admin), expected, "{path}");
    }
}
