//! The sample application as a process of its own, for what stands behind a gateway.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use testbed::{Client, Folder, Gateway};

use crate::tools;

/// A running sample application; stopped when dropped.
pub(crate) struct SampleApp {
    _process: Gateway,
    address: SocketAddr,
    https: SocketAddr,
    client_auth: SocketAddr,
}

impl SampleApp {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        Self::start_at(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
    }

    /// Starts it on this address and port.
    pub(crate) fn start_at(host: IpAddr, port: u16) -> Self {
        let (host, port) = (host.to_string(), port.to_string());
        let arguments =
            ["sample-app", "--http", &port, "--https", "0", "--client-auth", "0", "--host", &host];
        let process = crate::gateway().arguments(&arguments).spawn();
        process.wait_for_log("To clients that show a certificate on ");
        let log = process.log();
        let addresses = |scheme: &str| -> Vec<SocketAddr> {
            let found = log.split(scheme).skip(1).map(|rest| rest.split('/').next().unwrap());
            found.map(|address| address.parse().unwrap()).collect()
        };
        let (http, https) = (addresses("http://"), addresses("https://"));
        Self { address: http[0], https: https[0], client_auth: https[1], _process: process }
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
    let ended = crate::gateway().arguments(&["sample-app", "--http", &port, "--https", "0"]).run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains(&format!("port {port} is in use")), "{}", ended.output);
}

/// What curl shows of a page, or its complaint.
fn curl(arguments: &[&str]) -> String {
    let curl =
        Command::new("curl").args(["--silent", "--show-error", "--max-time", "20"]).args(arguments).output();
    let output = curl.unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn it_answers_over_tls_with_a_certificate_of_its_own() {
    if !tools::are_here(&["curl", "openssl"]) {
        return;
    }
    let application = SampleApp::start();
    let address = application.https.to_string();
    let folder = Folder::new();
    let file = folder.path().join("certificate.pem").display().to_string();
    let shown = format!("openssl s_client -connect {address} </dev/null | openssl x509 -out {file}");
    assert!(Command::new("sh").args(["-c", &shown]).output().unwrap().status.success());
    let port = application.https.port();
    let resolve = format!("app.example.com:{port}:127.0.0.1");
    let page =
        curl(&["--cacert", &file, "--resolve", &resolve, &format!("https://app.example.com:{port}/home")]);
    assert!(page.contains("<td>/home</td>") && page.contains("<th>TLS</th><td>yes</td>"), "{page}");
    assert!(!page.contains("<th>Certificate</th>"), "{page}");
    assert!(curl(&[&format!("https://{address}/")]).contains("certificate"), "nobody vouches for it");
}

#[test]
fn it_shows_whose_certificate_a_client_has() {
    if !tools::are_here(&["curl", "openssl"]) {
        return;
    }
    let application = SampleApp::start();
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key, certificate) = (path("key.pem"), path("certificate.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=Somebody <&>", "-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let address = format!("https://{}/", application.client_auth);
    let page = curl(&["--insecure", "--cert", &certificate, "--key", &key, &address]);
    assert!(page.contains("<th>Certificate</th><td>CN=&quot;Somebody &lt;&amp;&gt;&quot;</td>"), "{page}");
    let refused = curl(&["--insecure", &address]);
    assert!(refused.starts_with("curl:") && !refused.contains("<html"), "{refused}");
}
