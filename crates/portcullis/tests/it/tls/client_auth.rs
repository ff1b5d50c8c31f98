//! Certificates of clients: asked for or not, verified, and shown to expressions.

use super::keys::Keys;
use super::{curl, key_manager, serving, tls_port, tools_are_here, trust_manager};
use testbed::Gateway;

/// Answers with what is known about the client.
const WHO: &str = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
    "entity": "who: ${contexts.client.certificates[0].subjectDN}" } } }"#;

/// An authority, a client of it, one of another authority, and one whose own certificate is believed.
fn keys() -> Keys {
    Keys::new()
        .self_signed("key", &["ig.example.com"])
        .self_signed("ours", &[])
        .self_signed("theirs", &[])
        .issued("client", "/CN=alice/O=Example", "ours", "30")
        .issued("stranger", "/CN=mallory", "theirs", "30")
        .self_signed("pinned", &["bob.example"])
}

fn start(keys: &Keys, client_auth: &str) -> Gateway {
    let believed = format!("{}\n{}", read(keys, "ours.crt"), read(keys, "pinned.crt"));
    keys.write("believed.pem", &believed);
    let options =
        format!(r#"{}, {}, "clientAuth": "{client_auth}""#, key_manager("key"), trust_manager("believed"));
    serving(keys, &options, "").route("all", WHO).start()
}

fn read(keys: &Keys, file: &str) -> String {
    std::fs::read_to_string(keys.path().join(file)).unwrap()
}

/// What a client with this certificate learns.
fn ask(gateway: &Gateway, keys: &Keys, certificate: Option<&str>) -> String {
    let file = certificate.map(|name| keys.file(&format!("{name}.pem")));
    let certificate = file.iter().flat_map(|file| ["--cert", file]);
    let arguments: Vec<&str> = ["--insecure"].into_iter().chain(certificate).collect();
    curl(tls_port(gateway), "ig.example.com", "/", &arguments)
}

fn is_refused(answer: &str) -> bool {
    !answer.starts_with("HTTP/") && answer.starts_with("curl: (")
}

#[test]
fn required_refuses_whoever_has_no_certificate_that_is_believed() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    let gateway = start(&keys, "REQUIRED");
    let (none, stranger) = (ask(&gateway, &keys, None), ask(&gateway, &keys, Some("stranger")));
    assert!(is_refused(&none), "{none}");
    assert!(is_refused(&stranger), "{stranger}");
    let client = ask(&gateway, &keys, Some("client"));
    assert!(client.ends_with("\r\n\r\nwho: O=Example, CN=alice"), "{client}");
}

#[test]
fn request_goes_on_without_a_certificate() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    let gateway = start(&keys, "REQUEST");
    let none = ask(&gateway, &keys, None);
    assert!(none.ends_with("\r\n\r\nwho: "), "{none}");
    let client = ask(&gateway, &keys, Some("client"));
    assert!(client.ends_with("\r\n\r\nwho: O=Example, CN=alice"), "{client}");
    let stranger = ask(&gateway, &keys, Some("stranger"));
    assert!(is_refused(&stranger), "{stranger}");
}

#[test]
fn none_does_not_ask() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    let gateway = start(&keys, "NONE");
    for certificate in [None, Some("client"), Some("stranger")] {
        let answer = ask(&gateway, &keys, certificate);
        assert!(answer.ends_with("\r\n\r\nwho: "), "{answer}");
    }
}

#[test]
fn a_certificate_may_be_believed_for_itself() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    let gateway = start(&keys, "REQUIRED");
    let pinned = ask(&gateway, &keys, Some("pinned"));
    assert!(pinned.ends_with("\r\n\r\nwho: O=pinned, CN=bob.example"), "{pinned}");
}

#[test]
fn a_revoked_certificate_is_refused() {
    if !tools_are_here() {
        return;
    }
    let keys = keys();
    keys.write("database", "");
    keys.write("number", "01");
    keys.write(
        "crl.cnf",
        "[ca]\ndefault_ca=only\n[only]\ndatabase=database\ndefault_md=sha256\ndefault_crl_days=30\n\
         crlnumber=number\ncrl_extensions=list\n[list]\nauthorityKeyIdentifier=keyid:always\n",
    );
    let authority = ["-config", "crl.cnf", "-cert", "ours.crt", "-keyfile", "ours.pem"];
    let list = || keys.openssl(&[&["ca", "-gencrl", "-out", "ours.crl"], &authority[..]].concat());
    list();
    let options = format!(
        r#"{}, "clientAuth": "REQUIRED", "trustManager": {{ "type": "SecretsTrustManager", "config": {{
            "verificationSecretId": "ours", "secretsProvider": "Secrets", "crls": ["{}"] }} }}"#,
        key_manager("key"),
        keys.file("ours.crl")
    );
    let gateway = serving(&keys, &options, "").route("all", WHO).start();
    let client = ask(&gateway, &keys, Some("client"));
    assert!(client.ends_with("\r\n\r\nwho: O=Example, CN=alice"), "{client}");
    // The list is taken over like any other file.
    keys.openssl(&[&["ca", "-revoke", "client.crt"], &authority[..]].concat());
    list();
    testbed::eventually("the client is refused", || {
        is_refused(&ask(&gateway, &keys, Some("client"))).then_some(())
    });
}
