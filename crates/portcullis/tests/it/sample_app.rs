//! The sample application as a process of its own, for what stands behind a gateway.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use testbed::{Client, Gateway};

/// A running sample application; stopped when dropped.
pub(crate) struct SampleApp {
    _process: Gateway,
    address: SocketAddr,
}

impl SampleApp {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        Self::start_at(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
    }

    /// Starts it on this address and port.
    pub(crate) fn start_at(host: IpAddr, port: u16) -> Self {
        let (host, port) = (host.to_string(), port.to_string());
        let process = crate::gateway().arguments(&["sample-app", "--http", &port, "--host", &host]).spawn();
        process.wait_for_log("answers on http://");
        let log = process.log();
        let address = log.split_once("http://").and_then(|(_, rest)| rest.split('/').next()).unwrap();
        Self { address: address.parse().unwrap(), _process: process }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[test]
fn runs_until_it_is_asked_to_end() {
    let application = SampleApp::start();
    let client = Client::new(application.address());
    assert_eq!(client.get("/").status, 200);
    assert_eq!(client.get("/large?bytes=3000000").body.len(), 3_000_000);
    drop(application);
    assert!(client.try_connect().is_err());
}

#[test]
fn echoes_over_websocket_and_closes_politely() {
    let application = SampleApp::start();
    let mut socket = Client::new(application.address()).websocket("/ws");
    socket.send_text("hello");
    assert_eq!(socket.read_text(), "hello");
    let long = "long ".repeat(50_000);
    socket.send_text(&long);
    assert_eq!(socket.read_text(), long);
    socket.send_close(1000);
    assert_eq!(socket.read_close(), Some(1000));
}

#[test]
fn a_message_of_more_than_a_mebibyte_is_refused() {
    let application = SampleApp::start();
    let mut socket = Client::new(application.address()).websocket("/ws");
    socket.send_text(&"x".repeat(1024 * 1024 + 1));
    assert_eq!(socket.read_close(), Some(1009));
}

#[test]
fn a_port_in_use_is_told_and_fails() {
    let application = SampleApp::start();
    let port = application.address().port().to_string();
    let ended = crate::gateway().arguments(&["sample-app", "--http", &port]).run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains(&format!("port {port} is in use")), "{}", ended.output);
}
