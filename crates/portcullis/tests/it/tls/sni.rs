//! Server names: which certificate is presented, and which requests its connection may carry.

use super::keys::Keys;
use super::{curl, key_manager, printed, serving, subject, tls_port, tools_are_here};
use crate::{answer_route, gateway};

#[test]
fn three_names_get_three_certificates() {
    if !tools_are_here() {
        return;
    }
    let gateway = gateway().admin(&printed("install-https-sni.json")).start();
    let presented = |name: &str| {
        let subject = subject(tls_port(&gateway), name);
        subject.split(',').next().unwrap_or_default().to_owned()
    };
    assert_eq!(presented("ig.example.com"), "CN = ig.example.com");
    assert_eq!(presented("IG.Example.COM"), "CN = ig.example.com");
    assert_eq!(presented("other.example.com"), "CN = *.example.com");
    assert_eq!(presented("unmapped.site.com"), "CN = un.mapped.com");
    // A wildcard stands for one label.
    assert_eq!(presented("one.two.example.com"), "CN = un.mapped.com");
    assert_eq!(presented("example.com"), "CN = un.mapped.com");
}

/// A connection for one name, with a request for another.
fn misdirected(connector: &str) -> Option<String> {
    if !tools_are_here() {
        return None;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let gateway = serving(&keys, &key_manager("key"), connector).route("all", &answer_route("hello")).start();
    let trust = keys.file("key.crt");
    let asked = |host: &str| {
        let host = format!("Host: {host}");
        curl(tls_port(&gateway), "ig.example.com", "/", &["--cacert", &trust, "-H", &host])
    };
    assert!(asked("ig.example.com").ends_with("\r\n\r\nhello"), "{}", asked("ig.example.com"));
    assert!(asked("IG.example.com:8443").ends_with("\r\n\r\nhello"));
    Some(asked("other.example.com"))
}

#[test]
fn a_request_for_another_host_than_the_certificate_is_for_is_misdirected() {
    let Some(answer) = misdirected("") else { return };
    assert!(answer.starts_with("HTTP/1.1 421 Misdirected Request\r\n"), "{answer}");
}

#[test]
fn the_answer_can_be_that_of_jetty() {
    let Some(answer) = misdirected(r#", "sniHostCheck": "badRequest""#) else { return };
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[test]
fn the_check_can_be_switched_off() {
    let Some(answer) = misdirected(r#", "sniHostCheck": "off""#) else { return };
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
}
