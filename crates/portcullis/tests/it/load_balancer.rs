//! A real load balancer in front of the gateway, which tells who its clients are: haproxy.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use testbed::{Folder, Gateway, eventually};

use crate::{gateway, tools};

/// Answers with what the gateway believes of its client.
const TELL: &str = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
    "headers": { "X-Seen": [ "${contexts.client.remoteAddress}" ] }, "entity": "${contexts.client.remoteAddress}" } } }"#;

/// A running haproxy; ended when dropped.
pub(crate) struct Balancer {
    process: Child,
    pub(crate) port: u16,
    _folder: Folder,
}

impl Balancer {
    /// Before the server at this port, with these words behind its address.
    pub(crate) fn start(server: u16, words: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = Folder::new();
        folder.write(
            "haproxy.cfg",
            &format!(
                "defaults\n mode tcp\n timeout connect 10s\n timeout client 10s\n timeout server 10s\n\
                 listen all\n bind 127.0.0.1:{port}\n server gateway 127.0.0.1:{server} {words}\n"
            ),
        );
        let file = folder.path().join("haproxy.cfg");
        let process = Command::new("haproxy")
            .args(["-db", "-f"])
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("haproxy listens", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Self { process, port, _folder: folder }
    }

    /// What a client at 127.0.0.2 gets.
    fn get(&self) -> String {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "20", "--interface", "127.0.0.2"])
            .arg(format!("http://127.0.0.1:{}/", self.port))
            .output()
            .unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A gateway with these fields in its connector.
fn before(fields: &str) -> Gateway {
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": 0, "host": "127.0.0.1" {fields} }} ],
              "adminConnector": {{ "port": 0, "host": "127.0.0.1" }} }}"#
    );
    gateway().admin(&admin).route("tell", TELL).start()
}

#[test]
fn the_proxy_protocol_of_haproxy_names_the_client() {
    if !tools::are_here(&["haproxy", "curl"]) {
        return;
    }
    let gateway = before(r#", "trustedProxies": ["127.0.0.1"], "proxyProtocol": true"#);
    for words in ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2 check inter 100ms"] {
        let balancer = Balancer::start(gateway.ports()[0], words);
        assert_eq!(balancer.get(), "127.0.0.2", "{words}");
        assert_eq!(balancer.get(), "127.0.0.2", "{words}");
    }
    // A trusted load balancer that has been set up without it gets nothing, and its clients are nobody else.
    let silent = Balancer::start(gateway.ports()[0], "");
    assert!(silent.get().contains("Empty reply") || silent.get().contains("reset"), "{}", silent.get());
}

#[test]
fn the_proxy_protocol_of_somebody_who_is_not_trusted_is_an_error() {
    if !tools::are_here(&["haproxy", "curl"]) {
        return;
    }
    let gateway = before(r#", "trustedProxies": ["10.0.0.0/8"], "proxyProtocol": true"#);
    for (words, refusal) in [("send-proxy", "505"), ("send-proxy-v2", "400")] {
        let answer = Balancer::start(gateway.ports()[0], words).get();
        assert!(answer.contains(refusal) && !answer.contains("127.0.0.2"), "{answer}");
    }
    assert_eq!(Balancer::start(gateway.ports()[0], "").get(), "127.0.0.1");
}
