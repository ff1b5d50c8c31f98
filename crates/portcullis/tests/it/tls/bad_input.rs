//! Keys, certificates and options that cannot be used: each says what was found, and nothing listens.

use expect_test::{Expect, expect};

use super::keys::Keys;
use super::{key_manager, serving, tools_are_here, trust_manager};
use crate::guides;

/// Starts a gateway with these options, which must fail, and compares its complaints.
#[track_caller]
fn check(keys: &Keys, options: &str, expected: Expect) {
    expected.assert_eq(&failed(keys, options));
}

/// The complaints of a gateway that does not start with these options. `check` has to say the same.
#[track_caller]
fn failed(keys: &Keys, options: &str) -> String {
    let ended = serving(keys, options, "").run();
    assert_eq!(ended.code(), Some(1), "{}", ended.output);
    // What is said once the ports are open.
    assert!(!ended.output.contains("ms on ports"), "{}", ended.output);
    let shown = complaints(&ended.output, keys);
    let checking = serving(keys, options, "");
    let folder = checking.folder().path().to_str().unwrap().to_owned();
    let checked = checking.arguments(&["check", &folder]).run();
    assert_eq!(checked.code(), Some(1), "{}", checked.output);
    assert_eq!(complaints(&checked.output, keys), shown);
    shown
}

/// The errors, with what they point at, and without what differs from run to run.
fn complaints(output: &str, keys: &Keys) -> String {
    let mut shown = String::new();
    let (mut is_error, mut before) = (false, "");
    for line in output.lines() {
        is_error = line.starts_with("error[") || (is_error && !line.starts_with("warning["));
        if line.starts_with("error[") {
            shown += &format!("{line}\n");
        } else if let Some(at) = line.find('^').filter(|_| is_error) {
            let length = line.chars().filter(|character| *character == '^').count();
            let column = line[..at].chars().count();
            let place: String = before.chars().skip(column).take(length).collect();
            shown += &format!("    at {place}\n");
        }
        before = line;
    }
    shown.replace(&keys.path().display().to_string(), "KEYS")
}

/// `keyManager` with the key of a store whose password is `password`.
fn key_of_store(keys: &Keys, file: &str, password: &str) -> String {
    format!(
        r#""keyManager": {{ "type": "KeyManager", "config": {{ "keystore": {{ "type": "KeyStore",
            "config": {{ "url": "file://{}", "password": "{password}" }} }} }} }}"#,
        keys.file(file)
    )
}

/// `trustManager` with the certificates of a key store.
fn trust_of_store(keys: &Keys, file: &str) -> String {
    format!(
        r#""trustManager": {{ "type": "TrustManager", "config": {{ "keystore": {{ "type": "KeyStore",
            "config": {{ "url": "file://{}", "password": "password" }} }} }} }}"#,
        keys.file(file)
    )
}

#[test]
fn a_wrong_password() {
    if !tools_are_here() || !crate::tools::are_here(&["keytool"]) {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    keys.keytool("key");
    check(
        &keys,
        &key_of_store(&keys, "key.p12", "wrong"),
        expect![[r#"
            error[PC0430]: the key store `KEYS/key.p12` does not open with this password, or has been changed
                at "file://KEYS/key.p12"
        "#]],
    );
    check(
        &keys,
        &key_of_store(&keys, "absent.p12", "password"),
        expect![[r#"
            error[PC0430]: the key store `KEYS/absent.p12` cannot be read: No such file or directory (os error 2)
                at "file://KEYS/absent.p12"
        "#]],
    );
}

#[test]
fn a_certificate_that_is_not_valid_now() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new()
        .self_signed("ours", &[])
        .issued("expired", "/CN=old.example.com", "ours", "-1")
        .of_the_future("future", "new.example.com");
    let output = |id: &str| {
        let shown = failed(&keys, &key_manager(id));
        shown.split_inclusive(" on ").next().unwrap_or_default().to_owned()
    };
    expect![
        "error[PC0431]: the certificate `CN=old.example.com` of `expired` (KEYS/expired.pem) expired on "
    ]
    .assert_eq(&output("expired"));
    check(
        &keys,
        &key_manager("future"),
        expect![[r#"
            error[PC0431]: the certificate `CN=new.example.com` of `future` (KEYS/future.pem) is not valid before Jan  1 00:00:00 2101 +00:00
                at "future"
        "#]],
    );
}

#[test]
fn a_key_that_does_not_belong_to_its_certificate() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("one", &["one.example.com"]).self_signed("two", &["two.example.com"]);
    let keys = keys.mismatched("mixed", "one", "two");
    check(
        &keys,
        &key_manager("mixed"),
        expect![[r#"
            error[PC0431]: there is no private key: the secret `mixed` cannot be used: line 1: none of the certificates belongs to the private key
                at "mixed"
        "#]],
    );
}

#[test]
fn a_secret_that_is_no_key() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let certificate = std::fs::read_to_string(keys.path().join("key.crt")).unwrap();
    keys.write("certificate.pem", &certificate);
    keys.write("nothing.pem", "nothing");
    check(
        &keys,
        &key_manager("certificate"),
        expect![[r#"
            error[PC0431]: there is no private key: the secret `certificate` cannot be used: no key of it can sign: a private or symmetric key is needed
                at "certificate"
        "#]],
    );
    check(
        &keys,
        &key_manager("nothing"),
        expect![[r#"
            error[PC0431]: there is no private key: the secret `nothing` cannot be used: line 1: there is no block of a key or certificate in it; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are understood
                at "nothing"
        "#]],
    );
    check(
        &keys,
        &key_manager("absent"),
        expect![[r#"
            error[PC0431]: there is no private key: no store has the secret `absent`
                at "absent"
        "#]],
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("one", &["one.example.com"]).self_signed("two", &["two.example.com"]);
    let keys = keys.mismatched("mixed", "one", "two");
    let sni = r#""sni": { "serverNames": { "one.example.com": "mixed", "two.example.com": "two" },
        "defaultSecretId": "absent", "secretsProvider": "Secrets" }"#;
    check(
        &keys,
        sni,
        expect![[r#"
            error[PC0431]: there is no private key: no store has the secret `absent`
                at "absent"
            error[PC0431]: there is no private key: the secret `mixed` cannot be used: line 1: none of the certificates belongs to the private key
                at "mixed"
        "#]],
    );
}

#[test]
fn nobody_to_believe() {
    if !tools_are_here() || !crate::tools::are_here(&["keytool"]) {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    keys.write("broken.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    keys.empty_key_store("empty.p12");
    let with = |trust: &str| format!(r#"{}, "clientAuth": "REQUIRED", {trust}"#, key_manager("key"));
    check(
        &keys,
        &with(&trust_of_store(&keys, "empty.p12")),
        expect![[r#"
            error[PC0432]: the key store `KEYS/empty.p12` holds no certificate to believe
                at "file://KEYS/empty.p12"
        "#]],
    );
    check(
        &keys,
        &with(&trust_manager("broken")),
        expect![[r#"
            error[PC0432]: the secret `broken` cannot be used: line 1: it is no certificate
                at "broken"
        "#]],
    );
    check(
        &keys,
        &with(&trust_manager("absent")),
        expect![[r#"
            error[PC0432]: no store has a certificate for the secret `absent`
                at "absent"
        "#]],
    );
    let crls = trust_manager("key").replacen("\"config\": {", "\"config\": { \"crls\": [\"absent.crl\"],", 1);
    let crls = crls.replace("absent.crl", &keys.file("absent.crl"));
    check(
        &keys,
        &with(&crls),
        expect![[r#"
            error[PC0432]: the list of revoked certificates `KEYS/absent.crl` cannot be read: No such file or directory (os error 2)
                at "KEYS/absent.crl"
        "#]],
    );
}

#[test]
fn names_that_leave_nothing_to_offer() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new().self_signed("key", &["ig.example.com"]);
    let with = |options: &str| format!("{}, {options}", key_manager("key"));
    check(
        &keys,
        &with(r#""sslCipherSuites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]"#),
        expect![[r#"
            error[PC0433]: none of the cipher suites can be offered with TLSv1.2 and TLSv1.3
                at ["TLS_RSA_WITH_AES_128_CBC_SHA"]
        "#]],
    );
    check(
        &keys,
        &with(r#""sslCipherSuites": ["TLS_NO_SUCH_SUITE"]"#),
        expect![[r#"
            error[PC0433]: no cipher suite is called `TLS_NO_SUCH_SUITE`; names look like `TLS_AES_256_GCM_SHA384`
                at "TLS_NO_SUCH_SUITE"
        "#]],
    );
    check(
        &keys,
        &with(r#""sslEnabledProtocols": ["TLSv1.1"]"#),
        expect![[r#"
            error[PC0433]: none of the protocols can be offered; `TLSv1.3` and `TLSv1.2` can
                at ["TLSv1.1"]
        "#]],
    );
    check(
        &keys,
        &with(r#""sslEnabledProtocols": ["TLSv1.4"]"#),
        expect![[r#"
            error[PC0433]: no protocol is called `TLSv1.4`; `TLSv1.3` and `TLSv1.2` can be offered
                at "TLSv1.4"
        "#]],
    );
    check(
        &keys,
        &with(r#""sslContextAlgorithm": "NoTLS""#),
        expect![[r#"
            error[PC0433]: no algorithm of TLS contexts is called `NoTLS`; `TLS`, `TLSv1.3` and `TLSv1.2` are
                at "NoTLS"
        "#]],
    );
    // Suites for RSA, and a key that is not.
    check(
        &keys,
        &with(
            r#""sslCipherSuites": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], "sslEnabledProtocols": ["TLSv1.2"]"#,
        ),
        expect![[r#"
            error[PC0433]: none of the cipher suites that are offered is for the kind of key of `key` (KEYS/key.pem)
                at "ServerTlsOptions-1"
        "#]],
    );
    check(
        &keys,
        "",
        expect![[r#"
            error[PC0433]: a listener has to prove who it is, and there is no key to do that with
                at {  }
        "#]],
    );
}

#[test]
fn an_alias_that_is_not_there() {
    if !tools_are_here() {
        return;
    }
    let keys = Keys::new();
    let store = |aliases: &str, password: &str| {
        let file = guides::secrets().join("IG-keystore");
        format!(
            r#""keyManager": {{ "type": "SecretsKeyManager", "config": {{ "signingSecretId": "key", "secretsProvider": {{
                "type": "KeyStoreSecretStore", "config": {{ "file": "{}", "storePasswordSecretId": "password",
                  "secretsProvider": {{ "type": "Base64EncodedSecretStore",
                    "config": {{ "secrets": {{ "password": "{password}" }} }} }},
                  "mappings": [{{ "secretId": "key", "aliases": ["{aliases}"] }}] }} }} }} }}"#,
            file.display()
        )
    };
    let check = |options: &str, expected: Expect| {
        let shown = failed(&keys, options);
        expected.assert_eq(&shown.replace(&guides::secrets().display().to_string(), "SECRETS"));
    };
    check(
        &store("https-connector", "cGFzc3dvcmQ="),
        expect![[r#"
            error[PC0440]: the key store `SECRETS/IG-keystore` has no entry `https-connector`; it has `https-connector-key`
                at "https-connector"
            error[PC0431]: there is no private key: the secret `key` cannot be used: the key store `SECRETS/IG-keystore` has no entry `https-connector`; it has `https-connector-key`
                at "key"
        "#]],
    );
    check(
        &store("https-connector-key", "d3Jvbmc="),
        expect![[r#"
            error[PC0440]: the key store `SECRETS/IG-keystore` does not open with this password, or has been changed
                at "password"
            error[PC0431]: there is no private key: the secret `key` cannot be used: the key store `SECRETS/IG-keystore` does not open with this password, or has been changed
                at "key"
        "#]],
    );
}
