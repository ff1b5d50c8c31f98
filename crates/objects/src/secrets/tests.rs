//! What stores yield, and how objects choose among them.

use std::path::PathBuf;

use crate::decorators::logged::logged;
use crate::testing::{check_complaints, check_level, with_object};
use crypto::{Purpose, SecretError, SecretId, SecretStoreRef};
use expect_test::{Expect, expect};

/// What the store has for each id: all valid secrets, or why there are none.
#[track_caller]
pub(super) fn check(object_type: &str, config: &str, ids: &[&str], expected: Expect) {
    check_for(Purpose::Password, object_type, config, ids, expected);
}

/// The same for another purpose than to prove who somebody is.
#[track_caller]
pub(super) fn check_for(purpose: Purpose, object_type: &str, config: &str, ids: &[&str], expected: Expect) {
    with_store(object_type, config, |store| {
        let lines = ids.iter().map(|id| format!("{id}: {}\n", look_up_for(purpose, store, id)));
        expected.assert_eq(&lines.collect::<String>());
    });
}

#[track_caller]
pub(super) fn with_store(object_type: &str, config: &str, look: impl FnOnce(&SecretStoreRef)) {
    let declaration = format!(r#"{{"name": "Store", "type": "{object_type}", "config": {config}}}"#);
    with_object(&declaration, "Store", |store: SecretStoreRef| look(&store));
}

fn look_up(store: &SecretStoreRef, id: &str) -> String {
    look_up_for(Purpose::Password, store, id)
}

pub(super) fn look_up_for(purpose: Purpose, store: &SecretStoreRef, id: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(store.secrets(&SecretId::parse(id).unwrap(), purpose));
    match found {
        Ok(secrets) => {
            let text = |secret: &crypto::Secret| match secret.key() {
                Some(key) => format!("{key:?}"),
                None => String::from_utf8_lossy(secret.bytes().unwrap()).into_owned(),
            };
            format!("{:?}", secrets.iter().map(text).collect::<Vec<_>>())
        }
        Err(SecretError::Unreadable { cause, .. }) => format!("cannot be read: {cause}"),
        Err(error) => error.to_string(),
    }
}

/// Text of a file among the fixtures of `crypto`.
pub(super) fn fixture(name: &str) -> String {
    String::from_utf8(fixture_bytes(name)).unwrap()
}

pub(super) fn fixture_bytes(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../crypto/tests/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A folder of its own that goes with the test.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("secrets-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        let folder = Self(path);
        files.iter().for_each(|(name, content)| folder.write(name, content));
        folder
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).unwrap();
    }

    /// The configuration of a store of this folder.
    pub(super) fn config(&self, more: &str) -> String {
        format!(r#"{{"directory": "{}" {more}}}"#, self.0.display())
    }

    #[track_caller]
    fn check(&self, more: &str, ids: &[&str], expected: Expect) {
        check("FileSystemSecretStore", &self.config(more), ids, expected);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn secrets_in_the_configuration() {
    check(
        "Base64EncodedSecretStore",
        r#"{"secrets": {"a": "c2VjcmV0", "/b": " c2VjcmV0 IQ"}}"#,
        &["a", "b", "c"],
        expect![[r#"
            a: ["secret"]
            b: ["secret!"]
            c: []
        "#]],
    );
}

#[test]
fn secrets_in_the_environment() {
    // testing.rs sets these variables and properties.
    check(
        "SystemAndEnvSecretStore",
        "{}",
        &["test.base64", "test.plain", "test-plain", "test.system", "test.both", "test.empty", "test.absent"],
        expect![[r#"
            test.base64: ["password"]
            test.plain: ["open sesame!"]
            test-plain: ["open sesame!"]
            test.system: ["system"]
            test.both: ["environment"]
            test.empty: []
            test.absent: []
        "#]],
    );
    check(
        "SystemAndEnvSecretStore",
        r#"{"format": "PLAIN", "mappings": [{"secretId": "test.both", "format": "base64"}], "leaseExpiry": "1 h"}"#,
        &["test.base64", "test.plain", "test.both"],
        expect![[r#"
            test.base64: ["cGFzc3dvcmQ="]
            test.plain: ["open sesame!"]
            test.both: ["environment"]
        "#]],
    );
}

#[test]
fn secrets_in_files() {
    let folder = Folder::new(&[
        ("plain", "open sesame"),
        ("line", "open sesame\r\n"),
        ("lines", "open sesame\n\n"),
        ("coded", "b3BlbiBz\nZXNhbWU=\n"),
        ("empty", ""),
        ("break", "\n"),
    ]);
    folder.check(
        r#", "format": "PLAIN", "mappings": [{"secretId": "coded", "format": "BASE64"}]"#,
        &["plain", "line", "lines", "coded", "empty", "break", "absent"],
        expect![[r#"
            plain: ["open sesame"]
            line: ["open sesame"]
            lines: ["open sesame\n"]
            coded: ["open sesame"]
            empty: the secret `empty` cannot be used: it is empty
            break: the secret `break` cannot be used: it is empty
            absent: []
        "#]],
    );
    folder.check(
        "",
        &["coded", "plain", "empty"],
        expect![[r#"
        coded: ["open sesame"]
        plain: the secret `plain` cannot be used: it is not base64
        empty: the secret `empty` cannot be used: it is empty
    "#]],
    );
}

#[test]
fn a_suffix_belongs_to_the_name() {
    let folder = Folder::new(&[("a", "MA=="), ("a.txt", "MQ=="), ("b.txt", "Mg==")]);
    folder.check(
        r#", "suffix": ".txt""#,
        &["a", "b", "a.txt"],
        expect![[r#"
        a: ["1"]
        b: ["2"]
        a.txt: []
    "#]],
    );
}

#[test]
fn versions_of_a_secret() {
    let folder = Folder::new(&[
        ("a.v2", "2"),
        ("a.v10", "10"),
        ("a", "0"),
        ("a.v", "none"),
        ("a.v+1", "none"),
        ("a.v1x", "none"),
        ("b.v3", "3"),
        ("ab.v4", "4"),
    ]);
    folder.check(
        r#", "format": "PLAIN", "versionSuffix": ".v""#,
        &["a", "b", "c"],
        expect![[r#"
        a: ["10", "2", "0"]
        b: ["3"]
        c: []
    "#]],
    );
    let folder = Folder::new(&[("a.v1.txt", "1"), ("a.txt.v2", "2"), ("a.v3", "none"), ("a.txt", "0")]);
    folder.check(
        r#", "format": "PLAIN", "versionSuffix": ".v", "suffix": ".txt""#,
        &["a"],
        expect![[r#"
        a: ["2", "1", "0"]
    "#]],
    );
}

#[test]
fn what_is_no_file_is_no_secret() {
    let folder = Folder::new(&[("long", &"x".repeat(64 * 1024)), ("longer", &"x".repeat(64 * 1024 + 1))]);
    std::fs::create_dir(folder.0.join("folder")).unwrap();
    std::os::unix::fs::symlink("long", folder.0.join("link")).unwrap();
    std::os::unix::fs::symlink("gone", folder.0.join("dangling")).unwrap();
    folder.check(
        r#", "format": "PLAIN""#,
        &["longer", "folder", "dangling"],
        expect![[r#"
        longer: cannot be read: the file is longer than 65536 bytes
        folder: cannot be read: it is not a file
        dangling: []
    "#]],
    );
    with_store("FileSystemSecretStore", &folder.config(r#", "format": "PLAIN""#), |store| {
        assert_eq!(look_up(store, "long").len(), 64 * 1024 + 4);
        assert_eq!(look_up(store, "link"), look_up(store, "long"));
    });
}

/// What a store yields before and after its file changes, is broken, and goes.
#[track_caller]
fn check_changes(more: &str, expected: Expect) {
    let folder = Folder::new(&[("a", "Zmlyc3Q=")]);
    with_store("FileSystemSecretStore", &folder.config(more), |store| {
        let mut seen = vec![look_up(store, "a")];
        folder.write("a", "c2Vjb25k");
        seen.push(look_up(store, "a"));
        folder.write("a", "second!");
        seen.push(look_up(store, "a"));
        std::fs::remove_file(folder.0.join("a")).unwrap();
        seen.push(look_up(store, "a"));
        expected.assert_eq(&seen.join("\n"));
    });
}

#[test]
fn changes_of_files_are_noticed() {
    check_changes(
        r#", "leaseExpiry": "zero""#,
        expect![[r#"
        ["first"]
        ["second"]
        the secret `a` cannot be used: it is not base64
        []"#]],
    );
    check_changes(
        r#", "leaseExpiry": "zero", "autoRefresh": {"enabled": false}"#,
        expect![[r#"
        ["first"]
        ["second"]
        the secret `a` cannot be used: it is not base64
        []"#]],
    );
}

#[test]
fn what_was_read_is_used_for_a_while() {
    check_changes(
        r#", "leaseExpiry": "unlimited", "autoRefresh": {"enabled": false, "executor": "ScheduledExecutorService"}"#,
        expect![[r#"
            ["first"]
            ["first"]
            ["first"]
            ["first"]"#]],
    );
}

#[test]
fn no_secret_is_printed() {
    let folder = Folder::new(&[("a", "b3BlbnNlc2FtZQ==")]);
    with_store("FileSystemSecretStore", &folder.config(""), |store| {
        assert_eq!(look_up(store, "a"), r#"["opensesame"]"#);
        let id = SecretId::parse("a").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(store.secrets(&id, Purpose::Password));
        assert_eq!(format!("{found:?} {store:?}"), "Ok([[secret]]) SecretStoreRef");
    });
}

#[test]
fn no_secret_is_logged() {
    let heap = HEAP.replace("MQ==", "b3BlbnNlc2FtZQ==");
    let filters = [
        ADD.replace("MORE", r#", "secretsProvider": "One""#),
        ADD.replace("test.base64", "test.plain").replace("MORE", ""),
        ADD.replace("test.base64", "test.absent").replace("MORE", ""),
    ];
    let chain = format!(r#"{{"filters": [{}], "handler": {{"type": "Origin"}}}}"#, filters.join(","));
    let log = logged(&format!(r#"{{{heap} "handler": {{"type": "Chain", "config": {chain}}}}}"#), "GET /");
    // Something of each was logged, and no secret was: plain, or as it stands in the header field.
    assert!(log.contains("is not base64") && log.contains("`test.absent`"), "{log}");
    for secret in ["opensesame", "open sesame", "b3BlbnNlc2FtZQ", "dTpvcGVu"] {
        assert!(!log.contains(secret), "{log}");
    }
}

const ADD: &str = r#"{"type": "HttpBasicAuthenticationClientFilter", "config": {"username": "u", "passwordSecretId": "test.base64" MORE}}"#;

/// What is sent when the filter has this `secretsProvider`, in a file with `level` beside its handler.
#[track_caller]
fn check_chosen(level: &str, more: &str, expected: Expect) {
    let filter = ADD.replace("MORE", more);
    let chain = format!(r#"{{"filters": [{filter}], "handler": {{"type": "Origin"}}}}"#);
    let config = format!(r#"{{{level} "handler": {{"type": "Chain", "config": {chain}}}}}"#);
    check_level(&config, "GET /", expected);
}

const HEAP: &str = r#""heap": [
    {"name": "One", "type": "Base64EncodedSecretStore", "config": {"secrets": {"test.base64": "MQ=="}}},
    {"name": "None", "type": "Base64EncodedSecretStore", "config": {"secrets": {}}},
    {"name": "Both", "type": "SecretsProvider", "config": {"stores": ["None", "One"]}}
],"#;

#[test]
fn a_store_or_a_provider_by_name_or_in_place() {
    check_chosen(
        HEAP,
        r#", "secretsProvider": "One""#,
        expect![[r#"
        GET http://app.example/
        authorization: Basic dTox

        200 OK
    "#]],
    );
    check_chosen(
        HEAP,
        r#", "secretsProvider": "Both""#,
        expect![[r#"
        GET http://app.example/
        authorization: Basic dTox

        200 OK
    "#]],
    );
    check_chosen(
        "",
        r#", "secretsProvider": {"type": "Base64EncodedSecretStore", "config": {"secrets": {"test.base64": "Mg=="}}}"#,
        expect![[r#"
            GET http://app.example/
            authorization: Basic dToy

            200 OK
        "#]],
    );
    check_chosen(
        HEAP,
        r#", "secretsProvider": {"type": "SecretsProvider", "config": {"stores": ["None", "One"]}}"#,
        expect![[r#"
            GET http://app.example/
            authorization: Basic dTox

            200 OK
        "#]],
    );
    check_chosen(
        HEAP,
        r#", "secretsProvider": ["None", {"type": "SystemAndEnvSecretStore"}, "One"]"#,
        expect![[r#"
            GET http://app.example/
            authorization: Basic dTpwYXNzd29yZA==

            200 OK
        "#]],
    );
}

#[test]
fn without_a_provider_the_environment_answers() {
    check_chosen(
        "",
        "",
        expect![[r#"
        GET http://app.example/
        authorization: Basic dTpwYXNzd29yZA==

        200 OK
    "#]],
    );
}

#[test]
fn the_secrets_of_the_file_answer_before_the_environment() {
    let secrets = r#""secrets": {"stores": [{"type": "Base64EncodedSecretStore",
        "config": {"secrets": {"test.base64": "Mw=="}}}]},"#;
    check_chosen(
        secrets,
        "",
        expect![[r#"
        GET http://app.example/
        authorization: Basic dToz

        200 OK
    "#]],
    );
    check_chosen(
        &format!("{secrets} {HEAP}"),
        r#", "secretsProvider": "One""#,
        expect![[r#"
        GET http://app.example/
        authorization: Basic dTox

        200 OK
    "#]],
    );
    check_complaints(
        r#"{"secrets": {"stores": ["Nowhere", {"type": "Vault"}]}, "handler": {"type": "Origin"}}"#,
        expect![[r#"
            warning[PC0314]: `secrets` of a file is a field of older releases
             --> config.json:1:13
              |
            1 | {"secrets": {"stores": ["Nowhere", {"type": "Vault"}]}, "handler": {"type": "Origin"}}
              |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: declare a `SecretsProvider` in the heap and name it in the field `secretsProvider` of objects
            error[PC0306]: no object is named `Nowhere`
             --> config.json:1:25
              |
            1 | {"secrets": {"stores": ["Nowhere", {"type": "Vault"}]}, "handler": {"type": "Origin"}}
              |                         ^^^^^^^^^ a SecretStore is needed here
            error[PC0305]: there is no object type `Vault`
             --> config.json:1:45
              |
            1 | {"secrets": {"stores": ["Nowhere", {"type": "Vault"}]}, "handler": {"type": "Origin"}}
              |                                             ^^^^^^^
        "#]],
    );
}

/// What is sent by a route whose file has `route` beside its handler, in a `config.json` with `level`.
#[track_caller]
fn check_route(level: &str, route: &str, expected: Expect) {
    let folder = Folder::new(&[]);
    let chain = format!(r#"{{"filters": [{}], "handler": {{"type": "Origin"}}}}"#, ADD.replace("MORE", ""));
    folder.write("route.json", format!(r#"{{{route} "handler": {{"type": "Chain", "config": {chain}}}}}"#));
    let router = format!(r#"{{"type": "Router", "name": "r", "config": {}}}"#, folder.config(""));
    check_level(&format!(r#"{{{level} "handler": {router}}}"#), "GET /", expected);
}

#[test]
fn a_route_has_its_own_secrets_or_those_around_it() {
    let secrets = |value: &str| {
        let store = format!(r#"{{"type": "Base64EncodedSecretStore", "config": {{"secrets": {value}}}}}"#);
        format!(r#""secrets": {{"stores": [{store}]}},"#)
    };
    let outer = secrets(r#"{"test.base64": "b3V0ZXI="}"#);
    check_route(
        &outer,
        "",
        expect![[r#"
        GET http://app.example/
        authorization: Basic dTpvdXRlcg==

        200 OK
    "#]],
    );
    check_route(
        &outer,
        &secrets(r#"{"test.base64": "aW5uZXI="}"#),
        expect![[r#"
        GET http://app.example/
        authorization: Basic dTppbm5lcg==

        200 OK
    "#]],
    );
    check_route(
        "",
        "",
        expect![[r#"
        GET http://app.example/
        authorization: Basic dTpwYXNzd29yZA==

        200 OK
    "#]],
    );
    // The nearest provider answers alone.
    check_route(
        &outer,
        &secrets("{}"),
        expect![[r#"
        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn a_slash_before_an_id_is_left_out_with_a_warning() {
    check_complaints(
        r#"{"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [
            {"type": "HttpBasicAuthenticationClientFilter", "config": {"username": "u", "passwordSecretId": "/a.b"}}
        ]}}}"#,
        expect![[r#"
            warning[PC0315]: the secret id `/a.b` begins with a slash, which is left out
             --> config.json:2:109
              |
            2 |             {"type": "HttpBasicAuthenticationClientFilter", "config": {"username": "u", "passwordSecretId": "/a.b"}}
              |                                                                                                             ^^^^^^
        "#]],
    );
}

#[test]
fn mistakes_of_stores_are_found_at_load() {
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "Base64EncodedSecretStore"},
    {"name": "2", "type": "Base64EncodedSecretStore", "config": {"secrets": {"a": "se cret!"}}},
    {"name": "3", "type": "Base64EncodedSecretStore", "config": {"secrets": {"a": ""}}},
    {"name": "4", "type": "Base64EncodedSecretStore", "config": {"secrets": {"a/b": "MQ=="}}},
    {"name": "5", "type": "SystemAndEnvSecretStore", "config": {"format": "HEX"}},
    {"name": "6", "type": "SystemAndEnvSecretStore", "config": {"mappings": [{"secretId": "a"}]}},
    {"name": "7", "type": "FileSystemSecretStore", "config": {"format": {"type": "PemPropertyFormat"}}},
    {"name": "8", "type": "SecretsProvider", "config": {}},
    {"name": "9", "type": "SecretsProvider", "config": {"stores": ["CaptureDecorator"]}}
]}"#,
        expect![[r#"
            error[PC0303]: Base64EncodedSecretStore needs the field `secrets`
             --> config.json:2:5
              |
            2 |     {"name": "1", "type": "Base64EncodedSecretStore"},
              |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            error[PC0302]: Base64EncodedSecretStore: this is not base64
             --> config.json:3:83
              |
            3 |     {"name": "2", "type": "Base64EncodedSecretStore", "config": {"secrets": {"a": "se cret!"}}},
              |                                                                                   ^^^^^^^^^^
            error[PC0302]: Base64EncodedSecretStore: an empty secret protects nothing
             --> config.json:4:83
              |
            4 |     {"name": "3", "type": "Base64EncodedSecretStore", "config": {"secrets": {"a": ""}}},
              |                                                                                   ^^
            error[PC0302]: Base64EncodedSecretStore: a secret id has letters, digits, `.`, `_` and `-` only, not '/'
             --> config.json:5:78
              |
            5 |     {"name": "4", "type": "Base64EncodedSecretStore", "config": {"secrets": {"a/b": "MQ=="}}},
              |                                                                              ^^^^^
            error[PC0306]: no object is named `HEX`
             --> config.json:6:75
              |
            6 |     {"name": "5", "type": "SystemAndEnvSecretStore", "config": {"format": "HEX"}},
              |                                                                           ^^^^^ a SecretPropertyFormat is needed here
            error[PC0303]: an entry in `mappings` of SystemAndEnvSecretStore needs the field `format`
             --> config.json:7:78
              |
            7 |     {"name": "6", "type": "SystemAndEnvSecretStore", "config": {"mappings": [{"secretId": "a"}]}},
              |                                                                              ^^^^^^^^^^^^^^^^^
            error[PC0303]: FileSystemSecretStore needs the field `directory`
             --> config.json:8:62
              |
            8 |     {"name": "7", "type": "FileSystemSecretStore", "config": {"format": {"type": "PemPropertyFormat"}}},
              |                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            error[PC0303]: SecretsProvider needs the field `stores`
             --> config.json:9:56
              |
            9 |     {"name": "8", "type": "SecretsProvider", "config": {}},
              |                                                        ^^
            error[PC0306]: no object is named `CaptureDecorator`
              --> config.json:10:68
               |
            10 |     {"name": "9", "type": "SecretsProvider", "config": {"stores": ["CaptureDecorator"]}}
               |                                                                    ^^^^^^^^^^^^^^^^^^ a SecretStore is needed here
        "#]],
    );
}

#[test]
fn mistakes_of_stores_are_found_at_build() {
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "SecretsProvider", "config": {"stores": []}},
    {"name": "2", "type": "FileSystemSecretStore", "config": {"directory": "/nonexistent"}},
    {"name": "3", "type": "FileSystemSecretStore", "config": {"directory": "secrets"}},
    {"name": "4", "type": "FileSystemSecretStore", "config": {"directory": "/", "suffix": "/../x"}},
    {"name": "5", "type": "FileSystemSecretStore", "config": {"directory": "/", "versionSuffix": "/v"}}
]}"#,
        expect![[r#"
            error[PC0313]: a provider without stores has no secrets
             --> config.json:2:67
              |
            2 |     {"name": "1", "type": "SecretsProvider", "config": {"stores": []}},
              |                                                                   ^^
            error[PC0313]: `/nonexistent` is not a folder that can be read
             --> config.json:3:76
              |
            3 |     {"name": "2", "type": "FileSystemSecretStore", "config": {"directory": "/nonexistent"}},
              |                                                                            ^^^^^^^^^^^^^^
            error[PC0313]: `/nonexistent/secrets` is not a folder that can be read
             --> config.json:4:76
              |
            4 |     {"name": "3", "type": "FileSystemSecretStore", "config": {"directory": "secrets"}},
              |                                                                            ^^^^^^^^^
            error[PC0313]: a suffix is a part of the name of a file
             --> config.json:5:91
              |
            5 |     {"name": "4", "type": "FileSystemSecretStore", "config": {"directory": "/", "suffix": "/../x"}},
              |                                                                                           ^^^^^^^
            error[PC0313]: a suffix is a part of the name of a file
             --> config.json:6:98
              |
            6 |     {"name": "5", "type": "FileSystemSecretStore", "config": {"directory": "/", "versionSuffix": "/v"}}
              |                                                                                                  ^^^^
        "#]],
    );
}
