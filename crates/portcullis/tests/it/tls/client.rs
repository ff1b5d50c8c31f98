//! The gateway as a client over HTTPS.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use testbed::{Gateway, GatewayBuilder};

use super::keys::Keys;
use super::{curl, key_manager, serving, store, tls_port, tools_are_here, trust_manager};
use crate::{gateway, guides};

/// An application over TLS: `openssl s_server`, which answers with a page about the connection.
struct Application {
    process: Child,
    port: u16,
    /// Read on, or the program would get no further.
    _output: BufReader<ChildStdout>,
}

impl Application {
    /// `key` is the name of its PEM file, without the ending unless it is somewhere else.
    fn start(keys: &Keys, key: &str, arguments: &[&str]) -> Self {
        let file = if key.ends_with(".pem") { key.to_owned() } else { keys.file(&format!("{key}.pem")) };
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", &file, "-key", &file]);
        command.args(arguments).current_dir(keys.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ACCEPT ") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "s_server ended");
        }
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        Self { process, port, _output: output }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A connector on a free port, and the names of the application.
const ADMIN: &str = r#"{
  "connectors": [ { "port": 0, "host": "127.0.0.1" } ],
  "adminConnector": { "port": 0, "host": "127.0.0.1" },
  "vertx": { "addressResolverOptions": { "hostsValue": "127.0.0.1 app.example.com other.example.com" } }
}"#;

/// A gateway in front of an application, under a name of which the hosts of the gateway know.
fn in_front(host: &str, port: u16, keys: &Keys, handler: &str) -> GatewayBuilder {
    let route = format!(
        r#"{{
          "baseURI": "https://{host}:{port}",
          "heap": [ {} ],
          "handler": {{ "type": "ReverseProxyHandler", "config": {{ {handler} }}, "capture": "all" }}
        }}"#,
        store("Secrets", keys)
    );
    gateway().admin(ADMIN).route("app", &route)
}

fn tls(options: &str) -> String {
    format!(r#""tls": {{ "type": "ClientTlsOptions", "config": {{ {options} }} }}"#)
}

/// An authority, and a certificate of it for the application.
fn keys() -> Keys {
    let keys = Keys::new().self_signed("application", &["app.example.com"]);
    let certificate = std::fs::read_to_string(keys.path().join("application.crt")).unwrap();
    keys.write("trust.pem", &certificate);
    keys
}

#[test]
fn a_server_is_believed_whose_certificate_is_in_the_trust_store() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    let application = Application::start(&keys, "application", &[]);
    let gateway = in_front("app.example.com", application.port, &keys, &tls(&trust_manager("trust"))).start();
    let reply = gateway.get("/home");
    assert_eq!(reply.status, 200, "{reply}");
    assert!(reply.text().contains("TLSv1.3"), "{reply}");
}

#[test]
fn a_server_that_nobody_vouches_for_is_a_502() {
    if !tools_are_here() {
        return;
    }
    let keys = keys().self_signed("stranger", &["app.example.com"]);
    let application = Application::start(&keys, "stranger", &[]);
    let start = |handler: &str| in_front("app.example.com", application.port, &keys, handler).start();
    // The store of the operating system does not know it either.
    for handler in [tls(&trust_manager("trust")), String::new(), tls("")] {
        assert_eq!(start(&handler).get("/").status, 502);
    }
    assert_eq!(start(&tls(r#""trustManager": { "type": "TrustAllManager" }"#)).get("/").status, 200);
}

#[test]
fn a_server_of_another_name_is_a_502_unless_all_names_are_allowed() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    let application = Application::start(&keys, "application", &[]);
    let start = |handler: &str| in_front("other.example.com", application.port, &keys, handler).start();
    let trust = trust_manager("trust");
    assert_eq!(start(&tls(&trust)).get("/").status, 502);
    assert_eq!(start(&tls(&format!(r#"{trust}, "hostnameVerifier": "STRICT""#))).get("/").status, 502);
    assert_eq!(start(&tls(&format!(r#"{trust}, "hostnameVerifier": "ALLOW_ALL""#))).get("/").status, 200);
    // As the installation guide prints it: beside `tls`.
    let beside = format!(r#"{}, "hostnameVerifier": "ALLOW_ALL""#, tls(&trust));
    assert_eq!(start(&beside).get("/").status, 200);
}

#[test]
fn tls_on_the_handler_itself_is_heeded() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    let application = Application::start(&keys, "application", &[]);
    let start = |host: &str, handler: &str| in_front(host, application.port, &keys, handler).start();
    let trust = trust_manager("trust");
    assert_eq!(start("app.example.com", &trust).get("/").status, 200);
    assert_eq!(start("other.example.com", &trust).get("/").status, 502);
    let all = format!(r#"{trust}, "hostnameVerifier": "ALLOW_ALL""#);
    assert_eq!(start("other.example.com", &all).get("/").status, 200);
    let old = format!(r#"{trust}, "sslEnabledProtocols": ["TLSv1.2"]"#);
    let reply = start("app.example.com", &old).get("/");
    assert!(reply.text().contains("TLSv1.2"), "{reply}");
}

#[test]
fn a_server_may_ask_for_our_certificate() {
    if !tools_are_here() {
        return;
    }
    let keys = keys().self_signed("ours", &[]).issued("client", "/CN=gateway", "ours", "30");
    // The second argument of -Verify: without a certificate the handshake fails.
    let application = Application::start(
        &keys,
        "application",
        &["-Verify", "1", "-verify_return_error", "-CAfile", "ours.crt"],
    );
    let trust = trust_manager("trust");
    let start = |options: &str| in_front("app.example.com", application.port, &keys, &tls(options)).start();
    assert_eq!(start(&trust).get("/").status, 502);
    let reply = start(&format!("{trust}, {}", key_manager("client"))).get("/");
    assert_eq!(reply.status, 200, "{reply}");
    assert!(reply.text().contains("CN = gateway") || reply.text().contains("CN=gateway"), "{reply}");
}

#[test]
fn the_route_of_the_guide_reaches_an_application_over_https() {
    if !tools_are_here() {
        return;
    }
    // The key whose certificate the guide says to import into the trust store.
    let key = guides::secrets().join("key.manager.secret.id.pem");
    let application = Application::start(&Keys::new(), key.to_str().unwrap(), &[]);
    let route = guides::with_secrets(&guides::text("install-client-side-https.json"));
    let route = route.replace("8444", &application.port.to_string());
    let gateway = gateway().admin(ADMIN).route("client-side-https", &route).start();
    let reply = gateway.get("/home/client-side-https");
    assert_eq!(reply.status, 200, "{reply}");
    assert!(reply.text().contains("TLSv1.3"), "{reply}");
    gateway.wait_for_log(&format!("GET https://app.example.com:{}/home/client-side-https", application.port));
}

#[test]
fn two_gateways_know_one_another_by_their_certificates() {
    if !tools_are_here() {
        return;
    }
    let keys = keys().self_signed("ours", &[]).issued("client", "/CN=first", "ours", "30");
    let who = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
        "entity": "${contexts.client.certificates[0].subjectDN}" } } }"#;
    let options =
        format!(r#"{}, {}, "clientAuth": "REQUIRED""#, key_manager("application"), trust_manager("ours"));
    let inner = serving(&keys, &options, "").route("all", who).start();
    let client = tls(&format!("{}, {}", trust_manager("trust"), key_manager("client")));
    let outer: Gateway = in_front("app.example.com", tls_port(&inner), &keys, &client).start();
    for _ in 0..3 {
        // What the client calls the host is what the inner one is called, too.
        let reply = outer.client().send("GET", "/", &[("Host", "app.example.com")], b"");
        assert_eq!(reply.text(), "CN=first");
    }
    assert!(curl(tls_port(&inner), "app.example.com", "/", &["--insecure"]).starts_with("curl: ("));
}
