//! The gateway as a server over HTTPS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use testbed::{Client, Gateway};

use super::keys::Keys;
use super::{curl, key_manager, printed, s_client, serving, subject, tls_port, tools_are_here};
use crate::{answer_route, gateway};

/// Any name gets the same certificate, and requests are answered as on the port in clear text.
#[track_caller]
fn check_all_names(file: &str, expected: Expect) {
    if !tools_are_here() {
        return;
    }
    let gateway = gateway().admin(&printed(file)).route("all", &answer_route("hello")).start();
    let port = tls_port(&gateway);
    let subjects =
        ["ig.example.com", "other.example.com", "unmapped.site.com"].map(|name| subject(port, name));
    assert!(subjects.iter().all(|subject| *subject == subjects[0]), "{subjects:?}");
    expected.assert_eq(&subjects[0]);
    let answer = curl(port, "ig.example.com", "/", &["--insecure"]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert_eq!(gateway.get("/").text(), "hello");
    let log = gateway.log();
    let ports = gateway.ports();
    assert!(log.contains(&format!("ms on ports : [{} {}]", ports[0], ports[1])), "{log}");
}

#[test]
fn a_pkcs12_file_serves_the_same_certificate_for_all_names() {
    check_all_names("install-https-keystore.json", expect!["C = FR, O = Example Corp, CN = ig.example.com"]);
}

#[test]
fn a_pem_file_serves_the_same_certificate_for_all_names() {
    check_all_names(
        "install-https-pem.json",
        expect!["CN = ig.example.com, OU = example, O = com, L = fr, ST = fr, C = fr"],
    );
}

#[test]
fn http_2_is_agreed_on_unless_alpn_is_off() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let with = |alpn: &str| {
        let options = format!("{} {alpn}", key_manager("key"));
        serving(&keys, &options, "").route("all", &answer_route("hello")).start()
    };
    let agreed = |gateway: &Gateway, offered: &str| {
        let said = s_client(tls_port(gateway), "ig.example.com", &["-alpn", offered]);
        said.lines().find(|line| line.contains("ALPN")).unwrap_or_default().to_owned()
    };
    let version = |gateway: &Gateway, argument: &str| {
        let answer = curl(tls_port(gateway), "ig.example.com", "/", &["--insecure", argument]);
        assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
        answer.split(' ').next().unwrap_or_default().to_owned()
    };
    for alpn in ["", r#", "alpn": { "enabled": true }"#] {
        let gateway = with(alpn);
        assert_eq!(agreed(&gateway, "h2,http/1.1"), "ALPN protocol: h2");
        assert_eq!(agreed(&gateway, "http/1.1,h2"), "ALPN protocol: h2");
        assert_eq!(agreed(&gateway, "http/1.1"), "ALPN protocol: http/1.1");
        assert_eq!(version(&gateway, "--http2"), "HTTP/2");
        assert_eq!(version(&gateway, "--http1.1"), "HTTP/1.1");
    }
    let gateway = with(r#", "alpn": { "enabled": false }"#);
    assert_eq!(agreed(&gateway, "h2,http/1.1"), "No ALPN negotiated");
    assert_eq!(version(&gateway, "--http2"), "HTTP/1.1");
}

#[test]
fn tls_1_1_is_refused() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let gateway = serving(&keys, &key_manager("key"), "").start();
    let handshake = |arguments: &[&str]| s_client(tls_port(&gateway), "ig.example.com", arguments);
    // Even where the client has no qualms about old digests.
    let old = handshake(&["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]);
    assert!(old.contains("Cipher is (NONE)") && old.contains("SSL alert number"), "{old}");
    assert!(handshake(&["-tls1_2"]).contains("Protocol  : TLSv1.2"));
    assert!(handshake(&["-tls1_3"]).contains("TLSv1.3, Cipher is TLS_AES_"));
}

#[test]
fn suites_and_versions_are_those_of_the_configuration() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let options = key_manager("key")
        + r#", "sslEnabledProtocols": ["TLSv1.2"], "sslCipherSuites": [
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" ]"#;
    let gateway = serving(&keys, &options, "").start();
    let handshake = |arguments: &[&str]| s_client(tls_port(&gateway), "ig.example.com", arguments);
    // The order is the gateway's.
    let chosen = handshake(&["-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"]);
    assert!(chosen.contains("Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"), "{chosen}");
    assert!(handshake(&["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]).contains("alert handshake failure"));
    assert!(handshake(&["-tls1_3"]).contains("alert protocol version"));
}

#[test]
fn strict_transport_security_is_told_over_tls_when_it_is_configured() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let connector = r#", "strictTransportSecurity": "max-age=31536000; includeSubDomains""#;
    let gateway = serving(&keys, &key_manager("key"), connector).route("all", &answer_route("hello")).start();
    let answer = curl(tls_port(&gateway), "ig.example.com", "/", &["--insecure"]);
    assert!(
        answer
            .to_lowercase()
            .contains("\r\nstrict-transport-security: max-age=31536000; includesubdomains\r\n"),
        "{answer}"
    );
    assert_eq!(gateway.get("/").field("strict-transport-security"), None);
}

#[test]
fn keys_of_older_configurations_serve_too() {
    if !tools_are_here() || !crate::tools::are_here(&["keytool"]) {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    keys.keytool("key");
    let options = format!(
        r#""keyManager": {{ "type": "KeyManager", "config": {{ "password": "password", "keystore":
            {{ "type": "KeyStore", "config": {{ "url": "file://{}", "password": "password" }} }} }} }}"#,
        keys.file("key.p12")
    );
    let gateway = serving(&keys, &options, "").route("all", &answer_route("hello")).start();
    let answer = curl(tls_port(&gateway), "ig.example.com", "/", &["--cacert", &keys.file("key.crt")]);
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
}

#[test]
fn a_stalled_handshake_ends_in_time_and_costs_nobody_anything() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let gateway = serving(&keys, &key_manager("key"), r#", "handshakeTimeout": "1 second""#)
        .env("PORTCULLIS_WORKERS", "1")
        .route("all", &answer_route("hello"))
        .start();
    let connect = || TcpStream::connect(("127.0.0.1", tls_port(&gateway))).unwrap();
    let began = Instant::now();
    let silent: Vec<TcpStream> = (0..50).map(|_| connect()).collect();
    let mut half = connect();
    // The first bytes of a ClientHello that announces more.
    half.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]).unwrap();
    let answer = curl(tls_port(&gateway), "ig.example.com", "/", &["--insecure"]);
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    for mut stream in silent.into_iter().chain([half]) {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn clear_text_on_the_port_with_tls_is_not_served() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let gateway = serving(&keys, &key_manager("key"), "").route("all", &answer_route("hello")).start();
    let mut connection = Client::new(([127, 0, 0, 1], tls_port(&gateway)).into()).connect();
    connection.request("GET", "/", &[], b"");
    let said = connection.read_to_end();
    assert!(!String::from_utf8_lossy(&said).contains("hello"));
    let answer = curl(tls_port(&gateway), "ig.example.com", "/", &["--insecure"]);
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
}

#[test]
fn metrics_tell_when_certificates_expire() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let gateway = serving(&keys, &key_manager("key"), "").start();
    let metrics = gateway.get("/openig/metrics/prometheus/0.0.4");
    assert_eq!(metrics.field("content-type"), Some("text/plain; version=0.0.4; charset=UTF-8"));
    let text = metrics.text();
    let line = text.lines().find(|line| line.starts_with("portcullis_certificate_expiry_days{")).unwrap();
    let (labels, days) = line.rsplit_once(' ').unwrap();
    expect![[r#"portcullis_certificate_expiry_days{file="config/admin.json",object="ServerTlsOptions-1",alias="",subject="O=key, CN=ig.example.com"}"#]].assert_eq(labels);
    let days: f64 = days.parse().unwrap();
    assert!((89.0..90.1).contains(&days), "{days}");
    assert!(text.contains(
        "portcullis_certificates_current{file=\"config/admin.json\",object=\"ServerTlsOptions-1\"} 1\n"
    ));
}

#[test]
fn a_certificate_that_expires_soon_is_told_at_the_start_and_by_check() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("ours", &[]).issued("key", "/CN=ig.example.com", "ours", "10");
    let builder = serving(&keys, &key_manager("key"), "");
    let folder = builder.folder().path().to_str().unwrap().to_owned();
    let checked = builder.arguments(&["check", &folder]).run();
    assert!(checked.success(), "{}", checked.output);
    let told = format!("warning[PC0435]: the certificate of `key` ({}) expires in ", keys.file("key.pem"));
    assert!(checked.output.contains(&told), "{}", checked.output);
    let gateway = serving(&keys, &key_manager("key"), "").start();
    gateway.wait_for_log(&told);
    let log = gateway.log();
    assert_eq!(log.matches("PC0435").count(), 1, "{log}");
}

#[test]
fn the_admin_connector_serves_over_tls() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let builder = serving(&keys, &key_manager("key"), "");
    let admin = builder.folder().read("config/admin.json").unwrap();
    let place = r#""adminConnector": { "port": 0, "#;
    // Nothing tells which port the admin connector gets, so it takes one that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let with_tls = format!(r#""adminConnector": {{ "tls": "ServerTlsOptions-1", "port": {port}, "#);
    assert!(admin.contains(place), "{admin}");
    let _gateway = builder.admin(&admin.replace(place, &with_tls)).start();
    let answer = curl(port, "ig.example.com", "/health/ready", &["--insecure"]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let metrics = curl(port, "ig.example.com", "/metrics/prometheus/0.0.4", &["--insecure"]);
    assert!(metrics.contains("portcullis_certificate_expiry_days{"), "{metrics}");
}
