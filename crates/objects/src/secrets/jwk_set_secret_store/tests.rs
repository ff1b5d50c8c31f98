//! Sets as a provider publishes and changes them. The provider is a folder with the file `keys`.

use std::time::Duration;

use crate::decorators::logged::with_log;
use crate::secrets::tests::{Folder, fixture, look_up_for, with_store};
use crate::testing::check_complaints;
use crypto::{Purpose, Secret, SecretError, SecretId, SecretStoreRef};
use expect_test::{Expect, expect};

const STORE: &str = "JwkSetSecretStore";

fn config(folder: &Folder, more: &str) -> String {
    let handler =
        format!(r#"{{"type": "ResourceHandler", "config": {{"directories": ["{}"]}}}}"#, folder.0.display());
    format!(r#"{{"jwkUrl": "http://provider.example/keys", "handler": {handler} {more}}}"#)
}

fn set(names: &[&str]) -> String {
    let keys = names.iter().map(|name| match *name {
        // Another key id for each, as those of the cookbook share one.
        "rsa" => fixture("jwk/rsa_public_key.json").replace("bilbo.baggins@hobbiton.example", "rsa"),
        "ec" => fixture("jwk/ec_public_key.json").replace("bilbo.baggins@hobbiton.example", "ec"),
        other => other.to_owned(),
    });
    format!(r#"{{"keys": [{}]}}"#, keys.collect::<Vec<_>>().join(","))
}

async fn shown(found: impl Future<Output = Result<Vec<Secret>, SecretError>>) -> String {
    match found.await {
        Ok(secrets) => {
            format!(
                "{:?}",
                secrets.iter().map(|secret| secret.stable_id().unwrap_or("?")).collect::<Vec<_>>()
            )
        }
        Err(SecretError::Unreadable { cause, .. }) => cause.to_string(),
        Err(error) => error.to_string(),
    }
}

/// What a store of the folder yields in paused time.
fn run<T>(folder: &Folder, more: &str, work: impl AsyncFnOnce(&SecretStoreRef) -> T) -> T {
    let mut outcome = None;
    with_store(STORE, &config(folder, more), |store| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        outcome = Some(runtime.unwrap().block_on(work(store)));
    });
    outcome.unwrap()
}

async fn all(store: &SecretStoreRef, purpose: Purpose) -> String {
    shown(store.secrets(&SecretId::parse("any.id").unwrap(), purpose)).await
}

async fn named(store: &SecretStoreRef, kid: &str) -> String {
    shown(store.named(&SecretId::parse("any.id").unwrap(), kid, Purpose::Verify)).await
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[track_caller]
fn check_set(set: &str, expected: Expect) {
    let folder = Folder::new(&[("keys", set)]);
    let seen = run(&folder, "", async |store| {
        let mut lines = vec![all(store, Purpose::Verify).await, all(store, Purpose::Encrypt).await];
        lines.extend([named(store, "ec").await, named(store, "rsa").await]);
        lines.join("\n")
    });
    expected.assert_eq(&seen);
}

#[test]
fn keys_by_purpose_and_name() {
    check_set(
        &set(&["ec", "rsa", r#"{"kty": "future"}"#]),
        expect![[r#"
        ["ec", "rsa"]
        the secret `any.id` cannot be used: no key of it may encrypt
        ["ec"]
        ["rsa"]"#]],
    );
    check_set(
        &set(&[]),
        expect![[r#"
        []
        []
        []
        []"#]],
    );
}

#[test]
fn what_is_no_set() {
    check_set(
        "<html>",
        expect![[r#"
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1)
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1)
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1)
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1)"#]],
    );
    check_set(
        &" ".repeat(1024 * 1024),
        expect![[r#"
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1048576)
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1048576)
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1048576)
        the set of keys at http://provider.example/keys cannot be read: it is not JSON (line 1, column 1048576)"#]],
    );
    check_set(
        &" ".repeat(1024 * 1024 + 1),
        expect![[r#"
        the set of keys at http://provider.example/keys cannot be read: the body exceeds 1048576 bytes
        the set of keys at http://provider.example/keys cannot be read: the body exceeds 1048576 bytes
        the set of keys at http://provider.example/keys cannot be read: the body exceeds 1048576 bytes
        the set of keys at http://provider.example/keys cannot be read: the body exceeds 1048576 bytes"#]],
    );
}

#[test]
fn a_set_is_used_for_a_while() {
    let folder = Folder::new(&[("keys", &set(&["ec"]))]);
    for (more, expected) in [
        ("", expect![[r#"["ec"] ["ec"] ["ec"] ["ec"] ["rsa"] ["rsa"]"#]]),
        (r#", "cacheTimeout": "10 minutes""#, expect![[r#"["ec"] ["ec"] ["ec"] ["ec"] ["ec"] ["rsa"]"#]]),
        (r#", "cacheTimeout": "unlimited""#, expect![[r#"["ec"] ["ec"] ["ec"] ["ec"] ["ec"] ["ec"]"#]]),
        (
            r#", "cacheTimeout": "zero", "leaseExpiry": "1 hour""#,
            expect![[r#"["ec"] ["ec"] ["rsa"] ["rsa"] ["rsa"] ["rsa"]"#]],
        ),
    ] {
        folder.write("keys", set(&["ec"]));
        let seen = run(&folder, more, async |store| {
            let mut seen = vec![all(store, Purpose::Verify).await];
            folder.write("keys", set(&["rsa"]));
            for seconds in [0, 1, 118, 1, 480] {
                pass(seconds).await;
                seen.push(all(store, Purpose::Verify).await);
            }
            seen.join(" ")
        });
        expected.assert_eq(&seen);
    }
}

#[test]
fn a_key_that_is_not_there_is_looked_for_now_and_then() {
    let folder = Folder::new(&[]);
    for (more, expected) in [
        (r#", "cacheTimeout": "1 hour""#, expect![[r#"[] [] [] [] [] ["rsa"] ["ec"]"#]]),
        (
            r#", "cacheTimeout": "1 hour", "cacheMissCacheTime": "10 s""#,
            expect![[r#"[] [] [] ["rsa"] ["rsa"] ["rsa"] ["ec"]"#]],
        ),
        (
            r#", "cacheTimeout": "1 hour", "cacheMissCacheTime": "unlimited""#,
            expect![[r#"[] [] [] [] [] [] ["ec"]"#]],
        ),
    ] {
        folder.write("keys", set(&["ec"]));
        let seen = run(&folder, more, async |store| {
            let mut seen = vec![named(store, "rsa").await];
            folder.write("keys", set(&["ec", "rsa"]));
            for seconds in [0, 9, 1, 109, 1] {
                pass(seconds).await;
                seen.push(named(store, "rsa").await);
            }
            seen.push(named(store, "ec").await);
            seen.join(" ")
        });
        expected.assert_eq(&seen);
    }
}

#[test]
fn an_outage_of_the_provider_is_survived_for_an_hour() {
    let folder = Folder::new(&[("keys", &set(&["ec"]))]);
    let mut seen = String::new();
    let log = with_log(|| {
        seen = run(&folder, "", async |store| {
            let mut seen = vec![all(store, Purpose::Verify).await];
            std::fs::remove_file(folder.0.join("keys")).unwrap();
            for seconds in [120, 3000, 479, 1] {
                pass(seconds).await;
                seen.push(all(store, Purpose::Verify).await);
            }
            folder.write("keys", set(&["rsa"]));
            for seconds in [4, 1] {
                pass(seconds).await;
                seen.push(all(store, Purpose::Verify).await);
            }
            seen.join("\n")
        });
    });
    expect![[r#"
        ["ec"]
        ["ec"]
        ["ec"]
        ["ec"]
        the set of keys at http://provider.example/keys cannot be fetched: No directory has a file for this path.
        ["rsa"]
        ["rsa"]
         WARN objects::secrets::jwk_set_secret_store: A set of keys cannot be fetched again; the one before stays in use for an hour. url=http://provider.example/keys error="the set of keys at http://provider.example/keys cannot be fetched: No directory has a file for this path."
        INFO objects::secrets::jwk_set_secret_store: A set of keys can be fetched again. url=http://provider.example/keys
    "#]].assert_eq(&format!("{seen}\n{log}"));
}

#[test]
fn complaints() {
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "JwkSetSecretStore"},
    {"name": "2", "type": "JwkSetSecretStore", "config": {"jwkUrl": "http://x/", "handler": "Nobody", "cacheTimeout": 1.5}}
]}"#,
        expect![[r#"
            error[PC0303]: JwkSetSecretStore needs the field `jwkUrl`
             --> config.json:2:5
              |
            2 |     {"name": "1", "type": "JwkSetSecretStore"},
              |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            error[PC0306]: no object is named `Nobody`
             --> config.json:3:93
              |
            3 |     {"name": "2", "type": "JwkSetSecretStore", "config": {"jwkUrl": "http://x/", "handler": "Nobody", "cacheTimeout": 1.5}}
              |                                                                                             ^^^^^^^^ a Handler is needed here
            error[PC0302]: JwkSetSecretStore: a duration such as "10 seconds" is needed here, found `1.5`
             --> config.json:3:119
              |
            3 |     {"name": "2", "type": "JwkSetSecretStore", "config": {"jwkUrl": "http://x/", "handler": "Nobody", "cacheTimeout": 1.5}}
              |                                                                                                                       ^^^
        "#]],
    );
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "JwkSetSecretStore", "config": {"jwkUrl": "keys.json"}},
    {"name": "2", "type": "JwkSetSecretStore", "config": {"jwkUrl": "ftp://provider.example/keys"}},
    {"name": "3", "type": "JwkSetSecretStore", "config": {"jwkUrl": "http://provider.example/keys"}}
]}"#,
        expect![[r#"
            error[PC0313]: `keys.json` is not the URL of a set of keys, http or https
             --> config.json:2:69
              |
            2 |     {"name": "1", "type": "JwkSetSecretStore", "config": {"jwkUrl": "keys.json"}},
              |                                                                     ^^^^^^^^^^^
            error[PC0313]: `ftp://provider.example/keys` is not the URL of a set of keys, http or https
             --> config.json:3:69
              |
            3 |     {"name": "2", "type": "JwkSetSecretStore", "config": {"jwkUrl": "ftp://provider.example/keys"}},
              |                                                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn without_a_handler_the_client_handler_fetches() {
    // Nobody listens at this port.
    with_store(STORE, r#"{"jwkUrl": "http://127.0.0.1:1/keys"}"#, |store| {
        expect!["cannot be read: the set of keys at http://127.0.0.1:1/keys cannot be fetched: A service that the gateway uses did not answer.: 127.0.0.1:1 is unreachable: Connection refused (os error 111)"].assert_eq(&look_up_for(Purpose::Verify, store, "any.id"));
    });
}
