//! What says where a module is. Keys in a real one are tested where the gateway is a process of its own, because
//! SoftHSM finds its tokens through the environment.

use super::provider::parse;
use crate::testing::check_complaints;
use expect_test::{Expect, expect};

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&match parse(text) {
        Ok(provider) => format!("{} {:?}", provider.library.display(), provider.slot),
        Err(error) => error,
    });
}

#[test]
fn files_as_java_has_them() {
    check(
        "name = SoftHSM\nlibrary = /usr/lib/softhsm.so\nslotListIndex = 1\n",
        expect!["/usr/lib/softhsm.so Index(1)"],
    );
    check(
        "# a remark\r\nlibrary=\"/a b.so\" # another\r\nslot=0x1F\r\ndescription = none\r\n",
        expect!["/a b.so Id(31)"],
    );
    check(
        "library = /a.so\nattributes(*,*,*) = {\n  CKA_TOKEN = true\n  library = /b.so\n}\nslot = 7\n",
        expect!["/a.so Id(7)"],
    );
    check("library = /a.so\ndisabledMechanisms = { CKM_A }\n", expect!["/a.so Index(0)"]);
}

#[test]
fn mistakes_in_files() {
    check("name = SoftHSM", expect!["there is no line `library = …`"]);
    check("library = softhsm.so", expect!["`library` is `softhsm.so`, and a whole path is needed"]);
    check("library = /a.so\n\nslot = one", expect!["line 3: `one` is no number"]);
    check("library = /a.so\nslotListIndex = -1", expect!["line 2: `-1` is no number"]);
    check(
        "library = /a.so\nslot = 1\nslotListIndex = 0",
        expect!["`slot` or `slotListIndex` says which slot it is, not both"],
    );
}

#[test]
fn mistakes_of_stores() {
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "HsmSecretStore", "config": {}}
]}"#,
        expect![[r#"
            error[PC0303]: HsmSecretStore needs the field `providerName`
             --> config.json:2:55
              |
            2 |     {"name": "1", "type": "HsmSecretStore", "config": {}}
              |                                                       ^^
            error[PC0303]: HsmSecretStore needs the field `storePasswordSecretId`
             --> config.json:2:55
              |
            2 |     {"name": "1", "type": "HsmSecretStore", "config": {}}
              |                                                       ^^
            error[PC0303]: HsmSecretStore needs the field `mappings`
             --> config.json:2:55
              |
            2 |     {"name": "1", "type": "HsmSecretStore", "config": {}}
              |                                                       ^^
        "#]],
    );
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "HsmSecretStore", "config": {
        "providerName": "SunPKCS11-SoftHSM", "storePasswordSecretId": "test.base64", "mappings": []}},
    {"name": "2", "type": "HsmSecretStore", "config": {
        "providerName": "../SoftHSM", "storePasswordSecretId": "test.base64", "mappings": []}},
    {"name": "3", "type": "HsmSecretStore", "config": {
        "providerName": "SoftHSM", "storePasswordSecretId": "test.base64", "mappings": [],
        "library": "/nonexistent.so", "slot": 1, "tokenLabel": "test"}},
    {"name": "4", "type": "HsmSecretStore", "config": {
        "providerName": "SoftHSM", "storePasswordSecretId": "test.base64", "library": "/nonexistent.so",
        "mappings": [{"secretId": "a", "aliases": ["b", "b"]}]}}
]}"#,
        expect![[r#"
            error[PC0440]: there is no `/nonexistent/config/pkcs11/SoftHSM.cfg`, which would say where the module `SunPKCS11-SoftHSM` is
             --> config.json:3:25
              |
            3 |         "providerName": "SunPKCS11-SoftHSM", "storePasswordSecretId": "test.base64", "mappings": []}},
              |                         ^^^^^^^^^^^^^^^^^^^
            error[PC0440]: `../SoftHSM` is not the name of a provider: letters, digits, `.`, `_` and `-`
             --> config.json:5:25
              |
            5 |         "providerName": "../SoftHSM", "storePasswordSecretId": "test.base64", "mappings": []}},
              |                         ^^^^^^^^^^^^
            error[PC0440]: one of `slot`, `slotListIndex` and `tokenLabel` says which slot it is, not several
             --> config.json:8:20
              |
            8 |         "library": "/nonexistent.so", "slot": 1, "tokenLabel": "test"}},
              |                    ^^^^^^^^^^^^^^^^^
            error[PC0313]: `a` has the alias `b` twice
              --> config.json:11:57
               |
            11 |         "mappings": [{"secretId": "a", "aliases": ["b", "b"]}]}}
               |                                                         ^^^
        "#]],
    );
}

#[test]
fn what_is_wrong_keeps_the_configuration_from_loading() {
    check_complaints(
        r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "HsmSecretStore", "config": {
        "providerName": "SoftHSM", "storePasswordSecretId": "test.absent", "mappings": [],
        "library": "/nonexistent.so"}},
    {"name": "2", "type": "HsmSecretStore", "config": {
        "providerName": "SoftHSM", "storePasswordSecretId": "test.base64", "mappings": [],
        "library": "/nonexistent.so"}}
]}"#,
        expect![[r#"
            error[PC0440]: there is no PIN for the module `/nonexistent.so`: no store has the secret `test.absent`
             --> config.json:3:61
              |
            3 |         "providerName": "SoftHSM", "storePasswordSecretId": "test.absent", "mappings": [],
              |                                                             ^^^^^^^^^^^^^
            error[PC0440]: `/nonexistent.so` cannot be loaded: libloading error (/nonexistent.so: cannot open shared object file: No such file or directory)
             --> config.json:7:20
              |
            7 |         "library": "/nonexistent.so"}}
              |                    ^^^^^^^^^^^^^^^^^
        "#]],
    );
}
