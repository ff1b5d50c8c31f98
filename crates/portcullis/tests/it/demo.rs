//! `portcullis demo`: one command, and everything it promises can be opened.

use std::net::SocketAddr;

use testbed::{Client, Folder, Gateway};

use crate::gateway;

/// Starts the demo; the gateway's address is read from what it prints.
fn start(arguments: &[&str]) -> (Gateway, SocketAddr) {
    let demo = gateway().arguments(arguments).spawn();
    demo.wait_for_log("Ctrl-C ends both");
    let log = demo.log();
    let address = log.split_once("http://localhost:").and_then(|(_, rest)| rest.split('/').next()).unwrap();
    (demo, SocketAddr::from(([127, 0, 0, 1], address.parse().unwrap())))
}

#[test]
fn shows_a_page_a_websocket_events_and_a_login() {
    let (demo, address) = start(&["demo"]);
    let client = Client::new(address);
    let page = client.get("/");
    assert_eq!(page.status, 200, "{page}");
    assert!(page.text().contains("<th>x-gateway</th><td>Portcullis</td>"), "{page}");
    assert_eq!(page.field("x-served-through"), Some("Portcullis"));
    let mut socket = client.websocket("/ws");
    socket.send_text("hello");
    assert_eq!(socket.read_text(), "hello");
    let mut events = client.connect();
    events.request("GET", "/events?interval=10", &[], b"");
    events.read_until("data: tick 3\n\n");
    let form = b"username=demo&password=Ch4ng31t";
    assert!(client.post("/login", form).text().contains("Welcome, demo"));
    assert_eq!(client.get("/openig/api/info").status, 200);
    let ended = demo.stop();
    assert!(ended.success(), "{}", ended.output);
    assert!(client.try_connect().is_err());
}

#[test]
fn writes_into_the_folder_it_is_given_and_keeps_what_is_there() {
    let folder = Folder::new();
    folder.write("config/routes/90-application.json", &crate::answer_route("mine"));
    let (demo, address) = start(&["demo", folder.path().to_str().unwrap()]);
    assert_eq!(Client::new(address).get("/").text(), "mine");
    folder.write("config/routes/90-application.json", &crate::answer_route("edited"));
    let client = Client::new(address);
    testbed::eventually("the edit counts", || (client.get("/").text() == "edited").then_some(()));
    assert!(demo.stop().success());
    assert!(folder.read("config/admin.json").is_some());
}
