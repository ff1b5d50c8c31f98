//! Objects of TLS over the key stores of the crate `crypto`: what is refused, and in which words.
//!
//! That handshakes come out as configured is tested over sockets, where the program is.

use expect_test::{Expect, expect};

use super::{ClientTlsRef, ServerTlsRef};
use crate::testing::{brief, check_complaints, example_of, with_object};

/// Key stores that Java and OpenSSL have made. Their password is `changeit`.
const STORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crypto/tests/keystores");

/// `changeit`, `wrong` and `entrypass`.
const PASSWORDS: &str = r#"{"name": "Passwords", "type": "Base64EncodedSecretStore", "config": {"secrets": {
    "store": "Y2hhbmdlaXQ=", "wrong": "d3Jvbmc=", "entry": "ZW50cnlwYXNz"}}}"#;

/// What there is to say about an object in a heap, a line each. `STORES` stands for the folder of the key stores.
#[track_caller]
fn check(object: &str, expected: Expect) {
    let config = format!(r#"{{"heap": [{PASSWORDS}, {object}], "handler": {{"type": "Origin"}}}}"#);
    let shown = brief(&config.replace("STORES", STORES)).replace(STORES, "STORES");
    let shown: String = shown.lines().map(|line| without_place(line).to_owned() + "\n").collect();
    expected.assert_eq(&shown);
}

/// Columns depend on where the sources are.
fn without_place(line: &str) -> &str {
    line.splitn(4, ':').nth(3).map_or(line, str::trim_start)
}

fn store(file: &str, rest: &str) -> String {
    format!(r#"{{"type": "KeyStore", "config": {{"url": "file://STORES/{file}"{rest}}}}}"#)
}

const WITH_PASSWORD: &str = r#", "passwordSecretId": "store", "secretsProvider": "Passwords""#;

/// Options of a listener with the keys of a store.
fn server(store: &str, rest: &str) -> String {
    format!(
        r#"{{"name": "tls", "type": "ServerTlsOptions", "config": {{
            "keyManager": {{"type": "KeyManager", "config": {{"keystore": {store}{rest}}}}}}}}}"#
    )
}

/// Options of a client that believes the certificates of a store.
fn client(store: &str) -> String {
    format!(
        r#"{{"name": "tls", "type": "ClientTlsOptions", "config": {{
            "trustManager": {{"type": "TrustManager", "config": {{"keystore": {store}}}}}}}}}"#
    )
}

#[test]
fn keys_and_certificates_of_stores_of_all_ages() {
    for file in
        ["key-java17.p12", "key-ec-java17.p12", "key-javalegacy.p12", "openssl-modern.p12", "key-trust.jks"]
    {
        check(&server(&store(file, WITH_PASSWORD), ""), expect![""]);
    }
    // `openssl` marks no certificate as trusted; Java sees none in its file.
    for file in ["trust-java17.p12", "key-java17.p12", "key-trust.jks", "openssl-nokeys-trust.p12"] {
        check(&client(&store(file, WITH_PASSWORD)), expect![""]);
    }
    check(&client(&store("trust-nopass-java17.p12", "")), expect![""]);
    check(&client(&store("key-trust.jks", "")), expect![""]);
    check(
        &server(&store("key-java17.p12", r#", "type": "jks", "password": "changeit""#), ""),
        expect![[r#"
        warning[PC0314]: `password` of KeyStore is a name of older releases; write `passwordSecretId`
    "#]],
    );
}

#[test]
fn a_store_that_does_not_open_closes_what_needs_it() {
    check(
        &server(&store("absent.p12", WITH_PASSWORD), ""),
        expect![[r#"
        error[PC0430]: the key store `STORES/absent.p12` cannot be read: No such file or directory (os error 2)
    "#]],
    );
    check(
        &server(&store("../pem/ca.pem", WITH_PASSWORD), ""),
        expect![[r#"
        error[PC0430]: the key store `STORES/../pem/ca.pem` is no key store of type PKCS12, JKS or JCEKS, but PEM text
    "#]],
    );
    check(
        &server(
            &store("key-java17.p12", r#", "passwordSecretId": "wrong", "secretsProvider": "Passwords""#),
            "",
        ),
        expect![[r#"
            error[PC0430]: the key store `STORES/key-java17.p12` does not open with this password, or has been changed
        "#]],
    );
    check(
        &server(&store("key-java17.p12", ""), ""),
        expect![[r#"
        error[PC0430]: the key store `STORES/key-java17.p12` is encrypted, and no password is given
    "#]],
    );
    check(
        &server(
            &store("key-java17.p12", r#", "passwordSecretId": "absent", "secretsProvider": "Passwords""#),
            "",
        ),
        expect![[r#"
            error[PC0430]: there is no password to open the key store with: no store has the secret `absent`
        "#]],
    );
    check(
        &server(&store("key-java17.p12", r#", "password": "a", "passwordSecretId": "store""#), ""),
        expect![[r#"
            error[PC0430]: `password` and `passwordSecretId` exclude one another
        "#]],
    );
    check(
        &server(&store("key-java17.p12", r#", "type": "BCFKS""#), ""),
        expect![[r#"
        error[PC0430]: key stores of the type `BCFKS` cannot be read | convert it with `keytool -importkeystore … -deststoretype PKCS12`
    "#]],
    );
    check(
        &server(r#"{"type": "KeyStore", "config": {"url": "https://keys.example/a.p12"}}"#, ""),
        expect![[r#"
            error[PC0430]: `https://keys.example/a.p12` is not the URL of a file: its scheme is not `file`
        "#]],
    );
    check(
        &server(r#"{"type": "KeyStore", "config": {"url": "file://keys.p12"}}"#, ""),
        expect![[r#"
        error[PC0430]: `file://keys.p12` is not the URL of a file: the path behind `file://` must begin with a slash
    "#]],
    );
    check(
        &server(r#"{"type": "KeyStore", "config": {"url": "keys/a.p12"}}"#, ""),
        expect![[r#"
        error[PC0430]: the key store `/nonexistent/keys/a.p12` cannot be read: No such file or directory (os error 2)
    "#]],
    );
}

#[test]
fn a_key_may_have_a_password_of_its_own() {
    let locked = store("key-otherpass.jks", WITH_PASSWORD);
    check(&server(&locked, r#", "passwordSecretId": "entry", "secretsProvider": "Passwords""#), expect![""]);
    check(
        &server(&locked, r#", "password": "entrypass""#),
        expect![[r#"
        warning[PC0314]: `password` of KeyManager is a name of older releases; write `passwordSecretId`
    "#]],
    );
    check(
        &server(&locked, ""),
        expect![[r#"
        error[PC0430]: the key store `STORES/key-otherpass.jks` has an entry `https-connector-key` that does not open with this password, or has been changed
    "#]],
    );
}

#[test]
fn a_store_without_what_is_looked_for() {
    check(
        &server(&store("trust-java17.p12", WITH_PASSWORD), ""),
        expect![[r#"
        error[PC0431]: the key store `STORES/trust-java17.p12` has no private key: it holds `spike-root`, `spike issuing`
    "#]],
    );
    check(
        &client(&store("aes-java17.p12", WITH_PASSWORD)),
        expect![[r#"
        error[PC0432]: the key store `STORES/aes-java17.p12` holds no certificate to believe | add the certificate of the peer or of its issuer with `keytool -importcert`
    "#]],
    );
}

#[test]
fn algorithms_of_managers_are_those_of_java() {
    let keys = store("key-java17.p12", WITH_PASSWORD);
    for alg in ["SunX509", "pkix"] {
        check(&server(&keys, &format!(r#", "alg": "{alg}""#)), expect![""]);
    }
    check(
        &server(&keys, r#", "alg": "X.400""#),
        expect![[r#"
        error[PC0433]: there is no algorithm `X.400` for managers | leave `alg` out, or write `PKIX` or `SunX509`
    "#]],
    );
}

#[test]
fn a_listener_needs_a_key() {
    let options =
        |config: &str| format!(r#"{{"name": "tls", "type": "ServerTlsOptions", "config": {{{config}}}}}"#);
    let sni = r#""sni": {"serverNames": {}, "defaultSecretId": "store", "secretsProvider": "Passwords"}"#;
    check(
        &options(""),
        expect![[r#"
        error[PC0433]: a listener has to prove who it is, and there is no key to do that with | add a `keyManager` for one certificate, or `sni` for one per server name
    "#]],
    );
    check(
        &options(r#""keyManager": []"#),
        expect![[r#"
        error[PC0433]: `keyManager` is an empty list
    "#]],
    );
    // Bytes are no key; the key manager beside it is not even asked.
    check(
        &options(&format!(
            r#"{sni}, "keyManager": {{"type": "SecretsKeyManager", "config": {{"signingSecretId": "a"}}}}"#
        )),
        expect![[r#"
            error[PC0431]: `store` is no key but bytes, such as a password; a private key with its certificate is needed
        "#]],
    );
    check(
        &options(&sni.replace("{}", r#"{"*.example.com": "a", "a.*": "b", "": "c"}"#)),
        expect![[r#"
        error[PC0433]: `a.*` is no server name | write a name such as `ig.example.com`, or `*.example.com` for all names one label longer
        error[PC0433]: `` is no server name | write a name such as `ig.example.com`, or `*.example.com` for all names one label longer
    "#]],
    );
    check(
        &options(
            r#""keyManager": {"type": "SecretsKeyManager", "config": {"signingSecretId": "absent", "secretsProvider": "Passwords"}}"#,
        ),
        expect![[r#"
            error[PC0431]: there is no private key: no store has the secret `absent`
        "#]],
    );
}

/// Options of a listener that has a key.
fn options(config: &str) -> String {
    let keyed = server(&store("key-java17.p12", WITH_PASSWORD), "");
    keyed.replacen(r#""keyManager""#, &format!("{config}, \"keyManager\""), 1)
}

#[test]
fn what_is_negotiated_is_named_as_in_java() {
    check(&options(r#""sslEnabledProtocols": ["TLSv1.3"], "sslContextAlgorithm": "TLSv1.2""#), expect![""]);
    check(
        &options(r#""sslEnabledProtocols": ["TLSv1.2", "TLSv1.1"]"#),
        expect![[r#"
        warning[PC0433]: the protocol `TLSv1.1` is broken and is not offered
    "#]],
    );
    check(
        &options(r#""sslEnabledProtocols": ["TLSv1.1"]"#),
        expect![[r#"
        error[PC0433]: none of the protocols can be offered; `TLSv1.3` and `TLSv1.2` can
    "#]],
    );
    check(
        &options(r#""sslEnabledProtocols": ["TLSv9"]"#),
        expect![[r#"
        error[PC0433]: no protocol is called `TLSv9`; `TLSv1.3` and `TLSv1.2` can be offered
    "#]],
    );
    check(
        &options(r#""sslEnabledProtocols": []"#),
        expect![[r#"
        error[PC0433]: `sslEnabledProtocols` is an empty list
    "#]],
    );
    check(
        &options(r#""sslContextAlgorithm": "TLSv9""#),
        expect![[r#"
        error[PC0433]: no algorithm of TLS contexts is called `TLSv9`; `TLS`, `TLSv1.3` and `TLSv1.2` are
    "#]],
    );
    check(
        &options(r#""sslCipherSuites": ["TLS_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"]"#),
        expect![[r#"
            warning[PC0433]: the cipher suite `TLS_RSA_WITH_AES_128_CBC_SHA` is outdated and is not offered
        "#]],
    );
    check(
        &options(r#""sslCipherSuites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]"#),
        expect![[r#"
        error[PC0433]: none of the cipher suites can be offered with TLSv1.2 and TLSv1.3
    "#]],
    );
    check(
        &options(r#""sslCipherSuites": ["ECDHE-RSA-AES128-GCM-SHA256"]"#),
        expect![[r#"
        error[PC0433]: no cipher suite is called `ECDHE-RSA-AES128-GCM-SHA256`; names look like `TLS_AES_256_GCM_SHA384`
    "#]],
    );
    check(
        &options(r#""sslCipherSuites": ["TLS_AES_128_GCM_SHA256"], "sslEnabledProtocols": ["TLSv1.2"]"#),
        expect![[r#"
            error[PC0433]: none of the cipher suites can be offered with TLSv1.2
        "#]],
    );
}

#[test]
fn what_is_asked_of_clients() {
    check(
        &options(r#""clientAuth": "maybe""#),
        expect![[r#"
        error[PC0302]: ServerTlsOptions: `maybe` is not one of `NONE`, `REQUEST`, `REQUIRED`
    "#]],
    );
    check(
        &options(
            r#""clientAuth": "request", "trustManager": {"type": "TrustAllManager"}, "alpn": {"enabled": false}"#,
        ),
        expect![[r#"
            warning[PC0434]: every certificate is believed: this is for tests only
        "#]],
    );
    check(
        &options(r#""clientAuth": "REQUIRED""#),
        expect![[r#"
        warning[PC0433]: without `trustManager`, clients are believed whose certificates any public issuer has made | name a `trustManager` with the certificates of your clients or of their issuer
    "#]],
    );
}

#[test]
fn whom_secrets_say_to_trust() {
    let options = |config: &str| {
        format!(
            r#"{{"name": "tls", "type": "ClientTlsOptions", "config": {{"trustManager":
                {{"type": "SecretsTrustManager", "config": {{"secretsProvider": "Passwords", {config}}}}}}}}}"#
        )
    };
    check(
        &options(r#""verificationSecretId": "store""#),
        expect![[r#"
        error[PC0432]: the secret `store` is no key but bytes, such as a password; a certificate is needed
    "#]],
    );
    check(
        &options(r#""certificateVerificationSecretId": "absent""#),
        expect![[r#"
        error[PC0432]: no store has a certificate for the secret `absent`
    "#]],
    );
    check(
        &options(r#""verificationSecretId": "store", "checkRevocation": false, "crls": ["a.crl"]"#),
        expect![[r#"
            error[PC0432]: the secret `store` is no key but bytes, such as a password; a certificate is needed
        "#]],
    );
}

/// A folder with a certificate as the PEM file of a secret.
fn with_certificate(config: &str) -> String {
    format!(
        r#"{{"name": "tls", "type": "ClientTlsOptions", "config": {{"trustManager":
            {{"type": "SecretsTrustManager", "config": {{{config}, "secretsProvider": {{
                "type": "FileSystemSecretStore", "config": {{"directory": "STORES/../pem", "suffix": ".pem",
                    "mappings": [{{"secretId": "ca", "format": {{"type": "PemPropertyFormat"}}}}]}}}}}}}}}}}}"#
    )
}

#[test]
fn names_and_fields_of_trust_managers_that_do_nothing_more() {
    check(&with_certificate(r#""verificationSecretId": "ca""#), expect![""]);
    check(
        &with_certificate(r#""certificateVerificationSecretId": "ca""#),
        expect![[r#"
        warning[PC0314]: `certificateVerificationSecretId` of SecretsTrustManager is a name of older releases; write `verificationSecretId`
    "#]],
    );
    check(
        &with_certificate(r#""verificationSecretId": "ca", "checkRevocation": false, "crls": ["a.crl"]"#),
        expect![[r#"
            warning[PC0433]: `crls` are not looked at, because `checkRevocation` is false
        "#]],
    );
    check(
        &with_certificate(r#""verificationSecretId": "ca", "crls": ["a.crl"]"#),
        expect![[r#"
        error[PC0432]: the list of revoked certificates `/nonexistent/a.crl` cannot be read: No such file or directory (os error 2)
    "#]],
    );
    check(
        &with_certificate(r#""verificationSecretId": "ca", "crls": ["STORES/../pem/ca.pem"]"#),
        expect![[r#"
            error[PC0432]: the list of revoked certificates `STORES/../pem/ca.pem` cannot be read: it has no line `-----BEGIN X509 CRL-----`
        "#]],
    );
}

#[test]
fn a_key_manager_beside_sni_is_ignored() {
    let sni = r#""sni": {"serverNames": {"*.example.com": "keys"}, "defaultSecretId": "keys", "secretsProvider": {
        "type": "KeyStoreSecretStore", "config": {"file": "STORES/key-java17.p12", "storePasswordSecretId": "store",
            "secretsProvider": "Passwords", "mappings": [{"secretId": "keys", "aliases": ["https-connector-key"]}]}}}"#;
    check(
        &options(sni),
        expect![[r#"
        warning[PC0433]: `keyManager` is ignored, because `sni` is there
    "#]],
    );
}

#[test]
fn peers_that_are_not_verified_are_reported() {
    check(
        r#"{"name": "tls", "type": "ClientTlsOptions", "config": {
            "trustManager": {"type": "TrustAllManager"}, "hostnameVerifier": "ALLOW_ALL", "offloadHandshake": true}}"#,
        expect![[r#"
            warning[PC0434]: every certificate is believed: this is for tests only
            warning[PC0434]: the certificate of any name is taken: whoever has one can stand in for the server
        "#]],
    );
}

#[test]
fn a_complaint_points_at_the_field() {
    check_complaints(
        r#"{"heap": [
  {"name": "tls", "type": "ServerTlsOptions", "config": {"keyManager":
    {"type": "KeyManager", "config": {"keystore": "Keys"}}}},
  {"name": "Keys", "type": "KeyStore", "config": {
    "url": "secrets/keystore.p12"}}
], "handler": {"type": "Origin"}}"#,
        expect![[r#"
            error[PC0430]: the key store `/nonexistent/secrets/keystore.p12` cannot be read: No such file or directory (os error 2)
             --> config.json:5:12
              |
            5 |     "url": "secrets/keystore.p12"}}
              |            ^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn what_is_made_is_shared() {
    let keys = server(&store("key-java17.p12", WITH_PASSWORD), "").replace("STORES", STORES);
    let keys = keys.replace(
        "\"Passwords\"",
        r#"{"type": "Base64EncodedSecretStore", "config": {"secrets": {"store": "Y2hhbmdlaXQ="}}}"#,
    );
    with_object::<ServerTlsRef>(&keys, "tls", |tls| {
        assert!(format!("{:?}", tls.0).contains("gateway.example.test"));
    });
    let trust = client(&store("trust-nopass-java17.p12", "")).replace("STORES", STORES);
    with_object::<ClientTlsRef>(&trust, "tls", |tls| {
        assert!(tls.tls.config().is_ok());
        assert_eq!(tls.tls.generation(), 1);
    });
}

#[test]
fn every_page_has_an_example_of_its_type() {
    for object_type in super::TYPES {
        assert!(example_of(object_type).contains(&format!("\"{}\"", object_type.name)));
    }
}
