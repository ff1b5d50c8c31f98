//! Entries of real key stores as secrets, and mistakes in files and configurations.

use std::time::Duration;

use crate::decorators::logged::with_log;
use crate::secrets::tests::{Folder, check_for, fixture_bytes, look_up_for, with_store};
use crate::testing::{brief, check_complaints};
use crypto::{Purpose, SecretId, SecretStoreRef};
use expect_test::{Expect, expect};

const STORE: &str = "KeyStoreSecretStore";

/// The folder with a copy of a fixture as `store`.
fn folder(fixture: &str) -> Folder {
    let folder = Folder::new(&[]);
    folder.write("store", fixture_bytes(&format!("keystores/{fixture}")));
    folder
}

/// The configuration of a store: the file, these mappings, and more. Passwords are `store`, which is `changeit`,
/// `entry`, which is `entrypass`, and `wrong`.
fn config(folder: &Folder, mappings: &[(&str, &[&str])], more: &str) -> String {
    let mapping =
        |(id, aliases): &(&str, &[&str])| format!(r#"{{"secretId": "{id}", "aliases": {aliases:?}}}"#);
    let mappings = mappings.iter().map(mapping).collect::<Vec<_>>().join(", ");
    let password = if more.contains("storePassword") { "" } else { r#""storePasswordSecretId": "store","# };
    format!(
        r#"{{"file": "{}/store", {password} "mappings": [{mappings}], "secretsProvider": {{
            "type": "Base64EncodedSecretStore", "config": {{"secrets":
                {{"store": "Y2hhbmdlaXQ=", "entry": "ZW50cnlwYXNz", "wrong": "d3Jvbmc="}}}}}} {more}}}"#,
        folder.0.display()
    )
}

#[track_caller]
fn check(fixture: &str, purpose: Purpose, mappings: &[(&str, &[&str])], more: &str, expected: Expect) {
    let ids: Vec<&str> = mappings.iter().map(|(id, _)| *id).chain(["other"]).collect();
    check_for(purpose, STORE, &config(&folder(fixture), mappings, more), &ids, expected);
}

const MIXED: &[(&str, &[&str])] =
    &[("tls", &["https-connector-key"]), ("jwt", &["symmetric-key", "AES-Key"]), ("trust", &["spike-root"])];

#[test]
fn entries_to_sign_with() {
    check(
        "mixed-java17.p12",
        Purpose::Sign,
        MIXED,
        "",
        expect![[r#"
        tls: ["[RSA private key, 1 certificates: https-connector-key]"]
        jwt: ["[HmacSHA512 key: symmetric-key]", "[AES key: aes-key]"]
        trust: the secret `trust` cannot be used: no key of it can sign: a private or symmetric key is needed
        other: []
    "#]],
    );
}

#[test]
fn entries_to_verify_with() {
    check(
        "mixed-java17.p12",
        Purpose::Verify,
        MIXED,
        "",
        expect![[r#"
        tls: ["[RSA private key, 1 certificates: https-connector-key]"]
        jwt: ["[HmacSHA512 key: symmetric-key]", "[AES key: aes-key]"]
        trust: ["[certificate: spike-root]"]
        other: []
    "#]],
    );
    check(
        "mixed-java17.p12",
        Purpose::Password,
        MIXED,
        "",
        expect![[r#"
        tls: the secret `tls` cannot be used: a password is needed, and it is a key or certificate
        jwt: ["[HmacSHA512 key: symmetric-key]", "[AES key: aes-key]"]
        trust: the secret `trust` cannot be used: a password is needed, and it is a key or certificate
        other: []
    "#]],
    );
}

#[test]
fn every_type_of_store_whatever_is_claimed() {
    let key: &[(&str, &[&str])] = &[("tls", &["https-connector-key"])];
    for (fixture, more) in [
        ("key-trust.jks", r#", "storeType": "PKCS12""#),
        ("secret.jceks", r#", "storeType": "jks""#),
        ("key-javalegacy.p12", r#", "storeType": "JCEKS""#),
        ("openssl-modern.p12", ""),
        ("openssl-nomac.p12", ""),
    ] {
        let folder = folder(fixture);
        with_store(STORE, &config(&folder, key, more), |store| {
            assert!(look_up_for(Purpose::Sign, store, "tls").contains("RSA private key"), "{fixture}");
        });
    }
}

#[test]
fn certificates_that_openssl_has_not_marked() {
    let store = folder("openssl-nokeys-trust.p12");
    let parsed =
        crypto::keystore::KeyStore::open(&std::fs::read(store.0.join("store")).unwrap(), Some(b"changeit"));
    let alias = parsed.unwrap().loose_certificates()[0].alias.clone();
    let config = config(&store, &[("trust", &[&alias])], "");
    with_store(STORE, &config, |store| {
        assert!(look_up_for(Purpose::Verify, store, "trust").starts_with(r#"["[certificate: "#));
    });
}

#[test]
fn entries_may_have_a_password_of_their_own() {
    let key: &[(&str, &[&str])] = &[("tls", &["https-connector-key"]), ("jwt", &["symmetric-key"])];
    check(
        "mixed-otherpass.p12",
        Purpose::Sign,
        key,
        r#", "entryPasswordSecretId": "entry""#,
        expect![[r#"
        tls: ["[RSA private key, 1 certificates: https-connector-key]"]
        jwt: ["[HmacSHA512 key: symmetric-key]"]
        other: []
    "#]],
    );
    check(
        "key-otherpass.jks",
        Purpose::Sign,
        &key[..1],
        r#", "storePassword": "store", "keyEntryPassword": "entry""#,
        expect![[r#"
            tls: ["[RSA private key, 1 certificates: https-connector-key]"]
            other: []
        "#]],
    );
}

#[test]
fn tokens_refer_to_an_entry_by_its_alias() {
    with_store(STORE, &config(&folder("mixed-java17.p12"), MIXED, ""), |store| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let named = |id: &str, alias: &str| {
            let id = SecretId::parse(id).unwrap();
            runtime.block_on(store.named(&id, alias, Purpose::Verify)).unwrap().len()
        };
        let found = (named("jwt", "aes-key"), named("jwt", "spike-root"), named("other", "aes-key"));
        assert_eq!(found, (1, 0, 0));
    });
}

#[test]
fn a_key_says_where_it_comes_from() {
    let folder = folder("mixed-java17.p12");
    with_store(STORE, &config(&folder, MIXED, ""), |store| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let id = SecretId::parse("tls").unwrap();
        let secret = runtime.block_on(store.active(&id, Purpose::Sign)).unwrap();
        let expected = format!("`https-connector-key` of {}/store", folder.0.display());
        assert_eq!(secret.key().unwrap().origin(), Some(expected.as_str()));
    });
}

/// What a store yields while its file changes: another one with the alias, twice one without, none at all, the first
/// again. Two seconds pass before each look.
#[track_caller]
fn check_changes(more: &str, expected: Expect) {
    let folder = folder("key-java17.p12");
    let config = config(&folder, &[("tls", &["https-connector-key"])], more);
    let fixtures = ["openssl-modern.p12", "hmac-java17.p12", "hmac-java17.p12", "", "key-java17.p12"];
    let mut seen = String::new();
    let log = with_log(|| {
        with_store(STORE, &config, |store| {
            seen = in_paused_time(async {
                let mut seen = certificates(store).await;
                for fixture in fixtures {
                    match fixture {
                        "" => std::fs::remove_file(folder.0.join("store")).unwrap(),
                        fixture => folder.write("store", fixture_bytes(&format!("keystores/{fixture}"))),
                    }
                    tokio::time::advance(Duration::from_secs(2)).await;
                    seen += &certificates(store).await;
                }
                seen
            });
        });
    });
    let log = log.replace(&folder.0.display().to_string(), "FOLDER");
    expected.assert_eq(&format!("{seen}\n{log}"));
}

fn in_paused_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

/// How many certificates the key of the secret `tls` has, which tells one fixture from another.
async fn certificates(store: &SecretStoreRef) -> String {
    let found = store.active(&SecretId::parse("tls").unwrap(), Purpose::Sign).await.unwrap();
    match found.key().unwrap().material() {
        crypto::KeyMaterial::Private { chain, .. } => chain.len().to_string(),
        other => panic!("{:?}", crypto::CryptoKey::new(other.clone())),
    }
}

#[test]
fn a_changed_file_is_taken_over_and_a_broken_one_is_not() {
    check_changes(
        "",
        expect![[r#"
        133331
        INFO objects::secrets::key_store_secret_store: A key store has changed and is in use. file=FOLDER/store
        ERROR objects::secrets::key_store_secret_store: A key store has changed and cannot be used; the entries that were read last stay in use. file=FOLDER/store error=the key store `FOLDER/store` has no entry `https-connector-key`; it has `symmetric-key`
        ERROR objects::secrets::key_store_secret_store: A key store has changed and cannot be used; the entries that were read last stay in use. file=FOLDER/store error=`FOLDER/store` cannot be read: there is no such file
        INFO objects::secrets::key_store_secret_store: A key store has changed and is in use. file=FOLDER/store
    "#]],
    );
    check_changes(
        r#", "leaseExpiry": "zero""#,
        expect![[r#"
        133331
        INFO objects::secrets::key_store_secret_store: A key store has changed and is in use. file=FOLDER/store
        ERROR objects::secrets::key_store_secret_store: A key store has changed and cannot be used; the entries that were read last stay in use. file=FOLDER/store error=the key store `FOLDER/store` has no entry `https-connector-key`; it has `symmetric-key`
        ERROR objects::secrets::key_store_secret_store: A key store has changed and cannot be used; the entries that were read last stay in use. file=FOLDER/store error=`FOLDER/store` cannot be read: there is no such file
        INFO objects::secrets::key_store_secret_store: A key store has changed and is in use. file=FOLDER/store
    "#]],
    );
}

#[test]
fn what_was_read_is_used_for_a_while() {
    check_changes(
        r#", "leaseExpiry": "unlimited", "autoRefresh": {"enabled": false}"#,
        expect![[r#"
        111111
    "#]],
    );
    check_changes(
        r#", "leaseExpiry": "5 s", "autoRefresh": {"enabled": false}"#,
        expect![[r#"
            111111
            ERROR objects::secrets::key_store_secret_store: A key store has changed and cannot be used; the entries that were read last stay in use. file=FOLDER/store error=the key store `FOLDER/store` has no entry `https-connector-key`; it has `symmetric-key`
            ERROR objects::secrets::key_store_secret_store: A key store has changed and cannot be used; the entries that were read last stay in use. file=FOLDER/store error=`FOLDER/store` cannot be read: there is no such file
            INFO objects::secrets::key_store_secret_store: A key store can be used again. file=FOLDER/store
        "#]],
    );
}

/// The complaints about a store in a heap, without the name of the folder.
#[track_caller]
fn check_refused(fixture: &str, mappings: &[(&str, &[&str])], more: &str, expected: Expect) {
    let folder = folder(fixture);
    let store = config(&folder, mappings, more);
    let heap = format!(r#"{{"name": "Keys", "type": "{STORE}", "config": {store}}}"#);
    let shown = brief(&format!(r#"{{"handler": {{"type": "Origin"}}, "heap": [{heap}]}}"#));
    expected.assert_eq(&shown.replace(&folder.0.display().to_string(), "FOLDER"));
}

#[test]
fn what_is_wrong_keeps_the_configuration_from_loading() {
    let key: &[(&str, &[&str])] = &[("tls", &["https-connector-key"])];
    check_refused("mixed-java17.p12", key, "", expect![[""]]);
    check_refused(
        "mixed-java17.p12",
        &[("tls", &["connector"])],
        "",
        expect![[r#"
        config.json:1:247: error[PC0440]: the key store `FOLDER/store` has no entry `connector`; it has `https-connector-key`, `symmetric-key`, `aes-key`, `spike-root`
    "#]],
    );
    check_refused(
        "mixed-java17.p12",
        key,
        r#", "storePasswordSecretId": "wrong""#,
        expect![[r#"
        config.json:3:118: error[PC0440]: the key store `FOLDER/store` does not open with this password, or has been changed
    "#]],
    );
    check_refused(
        "mixed-java17.p12",
        key,
        r#", "storePasswordSecretId": "absent""#,
        expect![[r#"
            config.json:3:118: error[PC0440]: there is no password for the key store `FOLDER/store`: no store has the secret `absent`
        "#]],
    );
    check_refused(
        "mixed-java17.p12",
        key,
        r#", "entryPasswordSecretId": "wrong""#,
        expect![[r#"
        config.json:3:118: error[PC0440]: the key store `FOLDER/store` has an entry `https-connector-key` that does not open with this password, or has been changed
    "#]],
    );
    check_refused(
        "mixed-java17.p12",
        key,
        r#", "entryPasswordSecretId": "absent""#,
        expect![[r#"
            config.json:3:118: error[PC0440]: there is no password for the key store `FOLDER/store`: no store has the secret `absent`
        "#]],
    );
    check_refused(
        "mixed-otherpass.p12",
        key,
        "",
        expect![[r#"
        config.json:1:193: error[PC0440]: the key store `FOLDER/store` has an entry `https-connector-key` that does not open with this password, or has been changed
    "#]],
    );
    check_refused(
        "expected.txt",
        key,
        "",
        expect![[r#"
        config.json:1:109: error[PC0440]: the key store `FOLDER/store` is no key store of type PKCS12, JKS or JCEKS, but something else
    "#]],
    );
    check_refused("openssl-plain.p12", key, "", expect![[""]]);
    check_refused(
        "hmac-java17.p12",
        key,
        r#", "storePassword": "store""#,
        expect![[r#"
        config.json:1:214: error[PC0440]: the key store `FOLDER/store` has no entry `https-connector-key`; it has `symmetric-key`
    "#]],
    );
}

#[test]
fn a_missing_file_is_shown_at_its_field() {
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "Keys", "type": "KeyStoreSecretStore", "config": {
        "file": "missing.p12", "storePasswordSecretId": "test.base64", "mappings": []}}
]}"#,
        expect![[r#"
            error[PC0440]: `/nonexistent/missing.p12` cannot be read: there is no such file
             --> config.json:3:17
              |
            3 |         "file": "missing.p12", "storePasswordSecretId": "test.base64", "mappings": []}}
              |                 ^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn mistakes_of_mappings() {
    let in_heap = |config: &str| {
        format!(
            r#"{{"handler": {{"type": "Origin"}}, "heap": [
    {{"name": "Keys", "type": "KeyStoreSecretStore", "config": {config}}}
]}}"#
        )
    };
    for (config, expected) in [
        (
            "{}",
            expect![[r#"
            error[PC0303]: KeyStoreSecretStore needs the field `file`
             --> config.json:2:63
              |
            2 |     {"name": "Keys", "type": "KeyStoreSecretStore", "config": {}}
              |                                                               ^^
            error[PC0303]: KeyStoreSecretStore needs the field `storePasswordSecretId`
             --> config.json:2:63
              |
            2 |     {"name": "Keys", "type": "KeyStoreSecretStore", "config": {}}
              |                                                               ^^
            error[PC0303]: KeyStoreSecretStore needs the field `mappings`
             --> config.json:2:63
              |
            2 |     {"name": "Keys", "type": "KeyStoreSecretStore", "config": {}}
              |                                                               ^^
        "#]],
        ),
        (
            r#"{"file": "x", "storePasswordSecretId": "p", "mappings": [{"secretId": "a", "aliases": []}]}"#,
            expect![[r#"
                error[PC0313]: a mapping without aliases has no secret
                 --> config.json:2:149
                  |
                2 | ...sswordSecretId": "p", "mappings": [{"secretId": "a", "aliases": []}]}}
                  |                                                                    ^^
            "#]],
        ),
        (
            r#"{"file": "x", "storePasswordSecretId": "p", "mappings": [{"secretId": "a", "aliases": ["b", "B"]}]}"#,
            expect![[r#"
                error[PC0313]: `a` has the alias `B` twice
                 --> config.json:2:155
                  |
                2 | ...ecretId": "p", "mappings": [{"secretId": "a", "aliases": ["b", "B"]}]}}
                  |                                                                   ^^^
            "#]],
        ),
        (
            r#"{"file": "x", "storePasswordSecretId": "p", "storeType": "BKS", "mappings": [{"secretId": "a"}]}"#,
            expect![[r#"
                error[PC0302]: KeyStoreSecretStore: `BKS` is not one of `PKCS12`, `JKS`, `JCEKS`
                 --> config.json:2:120
                  |
                2 |     {"name": "Keys", "type": "KeyStoreSecretStore", "config": {"file": "x", "storePasswordSecretId": "p", "storeType": "BKS", "mappin...
                  |                                                                                                                        ^^^^^
                  |
                  = help: did you mean `JKS`?
                error[PC0303]: an entry in `mappings` of KeyStoreSecretStore needs the field `aliases`
                 --> config.json:2:140
                  |
                2 | ...asswordSecretId": "p", "storeType": "BKS", "mappings": [{"secretId": "a"}]}}
                  |                                                            ^^^^^^^^^^^^^^^^^
            "#]],
        ),
    ] {
        check_complaints(&in_heap(config), expected);
    }
}
