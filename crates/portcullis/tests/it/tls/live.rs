//! Keys and certificates change while the gateway runs: new handshakes see the new ones, open connections go on.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use testbed::{Gateway, eventually};

use super::keys::Keys;
use super::{curl, key_manager, serving, subject, tls_port, tools_are_here, trust_manager};
use crate::answer_route;

/// A connection that stays open: `openssl s_client` with a request typed into it.
struct Held {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Held {
    fn open(gateway: &Gateway) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{}", tls_port(gateway))]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, input, output: BufReader::new(output) }
    }

    /// The body of an answer to a request on this connection.
    fn get(&mut self) -> String {
        self.input.write_all(b"GET / HTTP/1.1\r\nHost: ig.example.com\r\n\r\n").unwrap();
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the connection has ended");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        String::from_utf8(body).unwrap()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[track_caller]
fn wait_for_subject(gateway: &Gateway, name: &str, expected: &str) {
    eventually("the new certificate is presented", || {
        subject(tls_port(gateway), name).contains(expected).then_some(())
    });
}

#[test]
fn a_pem_file_that_is_replaced_serves_new_handshakes() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let gateway = serving(&keys, &key_manager("key"), "").route("all", &answer_route("hello")).start();
    let mut held = Held::open(&gateway);
    assert_eq!(held.get(), "hello");
    keys.remake("key", &["ig.example.com", "new.example.com"]);
    eventually("the new certificate is presented", || {
        let answer = curl(tls_port(&gateway), "new.example.com", "/", &["--cacert", &keys.file("key.crt")]);
        answer.ends_with("\r\n\r\nhello").then_some(())
    });
    gateway.wait_for_log("Keys or certificates have changed and are in use.");
    assert_eq!(held.get(), "hello");
}

#[test]
fn a_key_store_that_is_replaced_serves_new_handshakes() {
    if !tools_are_here() || !crate::tools::are_here(&["keytool"]) {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    keys.keytool("key");
    let options = format!(
        r#""keyManager": {{ "type": "KeyManager", "config": {{ "keystore":
            {{ "type": "KeyStore", "config": {{ "url": "{}", "password": "password" }} }} }} }}"#,
        keys.file("key.p12")
    );
    let gateway = serving(&keys, &options, "").route("all", &answer_route("hello")).start();
    let mut held = Held::open(&gateway);
    assert_eq!(held.get(), "hello");
    keys.remake("key", &["new.example.com"]);
    keys.keytool("key");
    wait_for_subject(&gateway, "any", "CN = new.example.com");
    assert_eq!(held.get(), "hello");
}

#[test]
fn a_file_that_cannot_be_used_leaves_the_last_good_one_in_use_and_is_told_once() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new()
        .self_signed("key", &["ig.example.com"])
        .self_signed("other", &["other.example.com"])
        .mismatched("mixed", "key", "other");
    let gateway = serving(&keys, &key_manager("key"), "").route("all", &answer_route("hello")).start();
    let current = || {
        let text = gateway.get("/openig/metrics/prometheus/0.0.4").text();
        let line = text.lines().find(|line| line.starts_with("portcullis_certificates_current{")).unwrap();
        line.ends_with("} 1")
    };
    assert!(current());
    let mixed = std::fs::read_to_string(keys.path().join("mixed.pem")).unwrap();
    for (broken, complaint) in
        [("nothing", "`key`"), (&*mixed, "none of the certificates belongs to the private key")]
    {
        let before = gateway.log().len();
        keys.write("key.pem", broken);
        eventually("it is told", || {
            let log = &gateway.log()[before..];
            (log.contains(complaint) && log.contains("the last good ones stay in use")).then_some(())
        });
        assert!(subject(tls_port(&gateway), "any").contains("CN = ig.example.com"));
        assert!(!current());
        // Two more looks find the same, and say nothing.
        testbed::pause(std::time::Duration::from_millis(2500));
        assert_eq!(gateway.log()[before..].matches("the last good ones stay in use").count(), 1);
    }
    keys.remake("key", &["mended.example.com"]);
    wait_for_subject(&gateway, "any", "CN = mended.example.com");
    eventually("the metrics say so", || current().then_some(()));
}

#[test]
fn a_certificate_of_one_name_is_replaced() {
    if !tools_are_here() {
        return;
    }
    let keys =
        Keys::new().self_signed("default", &["ig.example.com"]).self_signed("one", &["one.example.com"]);
    let options = r#""sni": { "serverNames": { "one.example.com": "one" }, "defaultSecretId": "default",
        "secretsProvider": "Secrets" }"#;
    let gateway = serving(&keys, options, "").start();
    assert!(subject(tls_port(&gateway), "one.example.com").starts_with("CN = one.example.com"));
    keys.remake("one", &["one.example.com.renewed"]);
    wait_for_subject(&gateway, "one.example.com", "CN = one.example.com.renewed");
    assert!(subject(tls_port(&gateway), "two.example.com").starts_with("CN = ig.example.com"));
}

#[test]
fn whom_to_believe_is_replaced_for_resumed_sessions_too() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new()
        .self_signed("key", &["ig.example.com"])
        .self_signed("ours", &[])
        .issued("client", "/CN=alice", "ours", "30")
        .self_signed("next", &[]);
    let certificate = |name: &str| std::fs::read_to_string(keys.path().join(format!("{name}.crt"))).unwrap();
    keys.write("trust.pem", &certificate("ours"));
    let options = format!(r#"{}, {}, "clientAuth": "REQUIRED""#, key_manager("key"), trust_manager("trust"));
    let gateway = serving(&keys, &options, "").route("all", &answer_route("hello")).start();
    let client = keys.file("client.pem");
    let ask = || curl(tls_port(&gateway), "ig.example.com", "/", &["--insecure", "--cert", &client]);
    assert!(ask().ends_with("\r\n\r\nhello"), "{}", ask());
    let session = keys.file("session");
    super::s_client(
        tls_port(&gateway),
        "ig.example.com",
        &["-tls1_2", "-cert", &client, "-sess_out", &session],
    );
    keys.write("trust.pem", &certificate("next"));
    eventually("the client is refused", || ask().starts_with("curl: (").then_some(()));
    let resumed = super::s_client(
        tls_port(&gateway),
        "ig.example.com",
        &["-tls1_2", "-cert", &client, "-sess_in", &session],
    );
    assert!(!resumed.contains("Reused, "), "{resumed}");
}
