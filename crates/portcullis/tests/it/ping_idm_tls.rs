//! The secure listeners of a PingIDM 8 installation, with a key store of keytool's and clients of curl and openssl.

use std::process::Command;
use std::sync::OnceLock;

use testbed::{Folder, Gateway, GatewayBuilder, upstream};

use crate::ping_idm::installation;
use crate::{answer_route, proxy_route, tools};

const HTTPS: &str = r#"{
  "enabled": {
    "$bool": "&{openidm.https.enabled|true}"
  },
  "port": {
    "$int": "&{openidm.port.https|8443}"
  },
  "secure": true,
  "sslCertAlias": "&{openidm.https.keystore.cer.alias|openidm-localhost}"
}"#;

const MIXED: &str = r#"{
  "enabled": {
    "$bool": "&{openidm.https.enabled|true}"
  },
  "port": {
    "$int": "&{openidm.port.https|8443}"
  },
  "secure": true,
  "mutualAuth": false,
  "wantClientAuth": true,
  "sslCertAlias": "&{openidm.https.keystore.cer.alias|openidm-localhost}"
}"#;

const WITHOUT_HOST_CHECK: &str = r#"{
  "enabled": {
    "$bool": "&{openidm.https.enabled|true}"
  },
  "port": {
    "$int": "&{openidm.port.https|8443}"
  },
  "secure": true,
  "sslCertAlias": "&{openidm.https.keystore.cer.alias|openidm-localhost}",
  "sniHostCheckEnabled": false
}"#;

/// Answers with who the client proved to be.
const WHO: &str = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
    "entity": "[${contexts.client.certificates[0].subjectDN}]" } } }"#;

/// The folder `security` of an installation, and what clients need beside it.
struct Security(Folder);

impl Security {
    /// Made once, since keytool takes its time. `None` where a program for it is missing.
    fn get() -> Option<&'static Self> {
        static MADE: OnceLock<Option<Security>> = OnceLock::new();
        MADE.get_or_init(|| tools::are_here(&["keytool", "openssl", "curl"]).then(Self::make)).as_ref()
    }

    fn make() -> Self {
        let security = Self(Folder::new());
        std::fs::create_dir(security.0.path().join("security")).unwrap();
        security.run(
            "keytool -genkeypair -storetype JCEKS -keystore security/keystore.jceks -storepass s3cret \
             -alias openidm-localhost -keyalg RSA -keysize 2048 -validity 30 -dname CN=localhost \
             -ext san=dns:localhost,dns:idm.example.com",
        );
        security.run(
            "keytool -exportcert -rfc -storetype JCEKS -keystore security/keystore.jceks -storepass s3cret \
             -alias openidm-localhost -file server.pem",
        );
        for name in ["client", "stranger"] {
            security.run(&format!(
                "openssl req -x509 -sha512 -newkey rsa:2048 -keyout {name}-key.pem -out {name}.pem -days 30 -nodes \
                 -subj /CN={name}"
            ));
        }
        security.run(
            "keytool -importcert -noprompt -storetype JKS -keystore security/truststore -storepass tr0st!! \
             -alias client -file client.pem",
        );
        security
    }

    fn run(&self, line: &str) {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap();
        let output = Command::new(program).args(words).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }

    fn installation(&self, properties: &str, listeners: &[(&str, &str)]) -> GatewayBuilder {
        let passwords = "openidm.keystore.password=s3cret\nopenidm.truststore.password=tr0st!!\n";
        let gateway = installation(&format!("{passwords}{properties}"), listeners).copy(self.0.path());
        gateway.route("who", WHO)
    }

    /// What curl shows of the page at the first port, called by this name: the head and the body, or a complaint.
    fn curl(&self, gateway: &Gateway, host: &str, arguments: &[&str]) -> String {
        let port = gateway.ports()[0];
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--max-time", "20", "--cacert", "server.pem"])
            .args(["--resolve", &format!("{host}:{port}:127.0.0.1")])
            .args(arguments)
            .arg(format!("https://{host}:{port}/"))
            .current_dir(self.0.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

/// The status in what curl shows; `none` for a complaint.
fn status(shown: &str) -> &str {
    shown.split(' ').nth(1).filter(|_| shown.starts_with("HTTP/")).unwrap_or("none")
}

const CLIENT: [&str; 4] = ["--cert", "client.pem", "--key", "client-key.pem"];
const STRANGER: [&str; 4] = ["--cert", "stranger.pem", "--key", "stranger-key.pem"];

#[test]
fn a_secure_listener_presents_the_certificate_of_its_alias() {
    let Some(security) = Security::get() else { return };
    let gateway = security.installation("", &[("https", HTTPS)]).start();
    for host in ["localhost", "idm.example.com"] {
        let shown = security.curl(&gateway, host, &[]);
        assert_eq!(status(&shown), "200", "{shown}");
    }
    let clear =
        testbed::Client::new(gateway.address()).send_text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_ne!(clear.status, 200, "the port is not open in clear text");
}

#[test]
fn secure_listeners_tell_browsers_to_stay_secure() {
    let Some(security) = Security::get() else { return };
    let gateway = security.installation("", &[("https", HTTPS)]).start();
    let shown = security.curl(&gateway, "localhost", &[]).to_lowercase();
    assert!(shown.contains("strict-transport-security: max-age=31536000; includesubdomains\r\n"), "{shown}");
    let gateway =
        installation("", &[("http", crate::ping_idm::HTTP)]).route("all", &answer_route("in")).start();
    assert_eq!(gateway.get("/").field("strict-transport-security"), None);
}

#[test]
fn a_host_that_the_certificate_is_not_for_is_a_400_unless_the_check_is_disabled() {
    let Some(security) = Security::get() else { return };
    for (listener, other) in [(HTTPS, "400"), (WITHOUT_HOST_CHECK, "200")] {
        let gateway = security.installation("", &[("https", listener)]).start();
        let ask = |host: &str| security.curl(&gateway, "localhost", &["--header", &format!("Host: {host}")]);
        assert_eq!(status(&ask("idm.example.com")), "200");
        assert_eq!(status(&ask("IDM.example.com:8443")), "200");
        assert_eq!(status(&ask("other.example.com")), other);
    }
}

#[test]
fn mutual_authentication_lets_only_trusted_systems_in() {
    let Some(security) = Security::get() else { return };
    let mutual = MIXED.replace(r#""mutualAuth": false"#, r#""mutualAuth": true"#);
    let gateway = security.installation("", &[("mutualAuth", &mutual)]).start();
    let shown = security.curl(&gateway, "localhost", &CLIENT);
    assert!(shown.ends_with("[CN=client]"), "{shown}");
    for arguments in [&[][..], &STRANGER] {
        let shown = security.curl(&gateway, "localhost", arguments);
        assert!(status(&shown) == "none" && shown.starts_with("curl:"), "{shown}");
    }
}

#[test]
fn one_port_takes_clients_with_a_certificate_and_without() {
    let Some(security) = Security::get() else { return };
    let gateway = security.installation("", &[("https", MIXED)]).start();
    assert!(security.curl(&gateway, "localhost", &CLIENT).ends_with("[CN=client]"));
    assert!(security.curl(&gateway, "localhost", &[]).ends_with("[]"));
    let stranger = security.curl(&gateway, "localhost", &STRANGER);
    assert_eq!(status(&stranger), "none", "{stranger}");
}

#[test]
fn a_listener_whose_store_cannot_be_used_is_not_opened() {
    let Some(security) = Security::get() else { return };
    let refused = |properties: &str, listener: &str, expected: &[&str]| {
        let ended = security.installation(properties, &[("https", listener)]).run();
        assert_eq!(ended.code(), Some(1), "{}", ended.output);
        for part in expected {
            assert!(ended.output.contains(part), "`{part}` is not in:\n{}", ended.output);
        }
        assert!(!ended.output.contains("s3cret"), "{}", ended.output);
    };
    refused(
        "openidm.https.keystore.cer.alias=other\n",
        HTTPS,
        &["`other`", "keystore.jceks", "listener-https.json"],
    );
    refused("openidm.keystore.password=wrong-one\n", HTTPS, &["keystore.jceks", "password"]);
    refused("openidm.keystore.location=security/none.jceks\n", HTTPS, &["security/none.jceks"]);
    refused("openidm.truststore.location=security/none\n", MIXED, &["security/none"]);
}

#[test]
fn the_limit_of_bodies_holds_over_tls() {
    let Some(security) = Security::get() else { return };
    let origin = upstream().get("/", "taken").start();
    let gateway =
        security.installation("", &[("https", HTTPS)]).route("who", &proxy_route(&origin.uri())).start();
    let port = gateway.ports()[0];
    let upload = |length: usize, arguments: &str| {
        let line = format!(
            "head -c {length} /dev/zero | curl --silent --max-time 20 --cacert server.pem --ipv4 --output /dev/null \
             --write-out '%{{http_code}}' -X POST -T - {arguments} https://localhost:{port}/"
        );
        let output = Command::new("sh").args(["-c", &line]).current_dir(security.0.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let megabytes = 5 * 1024 * 1024;
    assert_eq!(upload(megabytes, "--http1.1"), "200");
    assert_eq!(upload(megabytes, "--http2"), "200");
    // Over HTTP/2, old versions of curl lose an answer that comes while they still send.
    assert_eq!(upload(megabytes + 1, "--http1.1"), "413");
    assert_eq!(origin.requests().len(), 2, "what is refused never looks complete");
}

#[test]
fn a_new_certificate_in_the_key_store_needs_no_restart() {
    let Some(security) = Security::get() else { return };
    let gateway = security.installation("", &[("https", HTTPS)]).start();
    let renewed = Folder::new();
    for line in [
        "keytool -genkeypair -storetype JCEKS -keystore keystore.jceks -storepass s3cret -alias openidm-localhost \
         -keyalg EC -validity 60 -dname CN=localhost -ext san=dns:localhost",
        "keytool -exportcert -rfc -storetype JCEKS -keystore keystore.jceks -storepass s3cret \
         -alias openidm-localhost -file renewed.pem",
    ] {
        let mut words = line.split_whitespace();
        let output =
            Command::new(words.next().unwrap()).args(words).current_dir(renewed.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }
    let certificate = renewed.path().join("renewed.pem").display().to_string();
    let ask = || security.curl(&gateway, "localhost", &["--cacert", &certificate]);
    assert_eq!(status(&ask()), "none");
    std::fs::copy(renewed.path().join("keystore.jceks"), gateway.path().join("security/keystore.jceks"))
        .unwrap();
    testbed::eventually("the new certificate is served", || (status(&ask()) == "200").then_some(()));
}

#[test]
fn the_proxy_protocol_comes_before_tls() {
    let Some(security) = Security::get() else { return };
    if !tools::are_here(&["haproxy"]) {
        return;
    }
    let listener = HTTPS.replace(
        r#""secure": true"#,
        r#""secure": true, "proxyLoadBalancerConnection": true, "trustedProxies": ["127.0.0.1"], "proxyProtocol": true"#,
    );
    let tell = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
        "entity": "${contexts.client.remoteAddress} ${contexts.client.isSecure}" } } }"#;
    let gateway = security.installation("", &[("https", &listener)]).route("who", tell).start();
    for words in ["send-proxy", "send-proxy-v2"] {
        let balancer = crate::load_balancer::Balancer::start(gateway.ports()[0], words);
        let address = format!("https://localhost:{}/", balancer.port);
        let output = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "20",
                "--cacert",
                "server.pem",
                "--interface",
                "127.0.0.2",
            ])
            .args(["--ipv4", &address])
            .current_dir(security.0.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "127.0.0.2 true", "{output:?}");
    }
}
