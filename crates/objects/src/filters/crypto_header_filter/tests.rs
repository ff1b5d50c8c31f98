//! Values that Java has encrypted, and what is refused.

use crate::decorators::logged::logged;
use crate::testing::{check_complaints, check_filter, play};
use expect_test::{Expect, expect};

/// The bytes 1, 8, 15 and so on, of which Java made the encrypted values below.
const KEY: &str = r#""key": "AQgPFh0kKzI5QEdOVVxjag==""#;

#[track_caller]
fn check(config: &str, request: &str, expected: Expect) {
    check_filter("CryptoHeaderFilter", &format!("{{{config}}}"), request, expected);
}

#[test]
fn encrypts_as_java_does() {
    check(
        &format!(r#""messageType": "REQUEST", "operation": "ENCRYPT", {KEY}, "headers": ["X-User", "z"]"#),
        "GET /\nx-user: scarter\nx-user:\nother: scarter",
        expect![[r#"
            GET http://app.example/
            other: scarter
            x-user: rlltgFHl6Rzc4q2Ejzm0pA==
            x-user: yxIZzCZPRi8x9D5kRn9IzQ==

            200 OK
        "#]],
    );
}

#[test]
fn decrypts_what_java_has_encrypted() {
    check(
        &format!(r#""messageType": "REQUEST", "operation": "DECRYPT", {KEY}, "headers": ["x-user"]"#),
        "GET /\nx-user: rlltgFHl6Rzc4q2Ejzm0pA==\nx-user: yxIZzCZPRi8x9D5kRn9IzQ==",
        expect![[r#"
            GET http://app.example/
            x-user: scarter
            x-user: 

            200 OK
        "#]],
    );
}

#[test]
fn works_on_the_response() {
    let filters = format!(
        r#"{{"type": "CryptoHeaderFilter", "config": {{"messageType": "RESPONSE", "operation": "DECRYPT", {KEY}, "headers": ["x"]}}}},
           {{"type": "CryptoHeaderFilter", "config": {{"messageType": "RESPONSE", "operation": "ENCRYPT", {KEY}, "headers": ["x", "y"]}}}}"#
    );
    let origin = r#"{"type": "Origin", "config": {"headers": {"x": "1", "y": "scarter"}}}"#;
    let chain = format!(r#"{{"filters": [{filters}], "handler": {origin}}}"#);
    let config = format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#);
    expect![[r#"
        GET http://app.example/
        x: 1

        200 OK
        y: rlltgFHl6Rzc4q2Ejzm0pA==
        x: 1
    "#]]
    .assert_eq(&play(&config, "GET /\nx: 1").unwrap());
}

#[test]
fn what_cannot_be_decrypted_is_empty() {
    check(
        &format!(r#""messageType": "REQUEST", "operation": "DECRYPT", {KEY}, "headers": ["x"]"#),
        "GET /\nx: scarter!\nx: rlltgFHl6Rzc4q2Ejzm0pA\nx: AAAAAAAAAAAAAAAAAAAAAA==\nx:",
        expect![[r#"
            GET http://app.example/
            x: 
            x: 
            x: 
            x: 

            200 OK
        "#]],
    );
}

#[test]
fn a_line_break_in_a_value_is_no_further_field() {
    // `a`, a line feed, `b: c`, encrypted by Java with the key.
    check(
        &format!(r#""messageType": "REQUEST", "operation": "DECRYPT", {KEY}, "headers": ["x"]"#),
        "GET /\nx: TgqCoA6AVY0dHeo7iX18HA==",
        expect![[r#"
            GET http://app.example/
            x: 

            200 OK
        "#]],
    );
}

#[test]
fn failures_are_logged_without_the_value() {
    let filter = format!(
        r#"{{"type": "CryptoHeaderFilter", "config": {{"messageType": "REQUEST", "operation": "DECRYPT", {KEY}, "headers": ["x"]}}}}"#
    );
    let chain = format!(r#"{{"filters": [{filter}], "handler": {{"type": "Origin"}}}}"#);
    let log =
        logged(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#), "GET /\nx: scarter");
    expect![[r#"
        ERROR objects::filters::crypto_header_filter: A header value could not be worked on; it is left empty. header=x operation=Decrypt
    "#]].assert_eq(&log);
}

#[test]
fn text_has_a_charset() {
    let encrypt = |charset: &str| {
        format!(
            r#""messageType": "REQUEST", "operation": "ENCRYPT", {KEY}, "headers": ["x"], "charset": "{charset}""#
        )
    };
    check(
        &encrypt("ISO-8859-1"),
        "GET /\nx: caf\u{e9}",
        expect![[r#"
        GET http://app.example/
        x: +cwrq6sNmhH859FLC5u2xA==

        200 OK
    "#]],
    );
    check(
        &encrypt("UTF-8"),
        "GET /\nx: caf\u{e9}",
        expect![[r#"
        GET http://app.example/
        x: zkCowMx9a/QhRicvkF7mGA==

        200 OK
    "#]],
    );
    // What the charset has no letter for is not replaced by another.
    check(
        &encrypt("ISO-8859-1"),
        "GET /\nx: \u{4e16}",
        expect![[r#"
        GET http://app.example/
        x: 

        200 OK
    "#]],
    );
    check(
        &encrypt("UTF-16"),
        "GET /",
        expect![[r#"
            config.json:1:210: error[PC0313]: `UTF-16` is not a charset to write in; use for example UTF-8
        "#]],
    );
}

#[test]
fn other_ciphers_have_keys_of_their_own() {
    check(
        r#""messageType": "REQUEST", "operation": "ENCRYPT", "key": "AQgPFh0kKzI=", "headers": ["x"],
           "algorithm": "DES", "keyType": "des""#,
        "GET /\nx: scarter",
        expect![[r#"
            GET http://app.example/
            x: pYHnIaFwr+M=

            200 OK
        "#]],
    );
    check(
        r#""messageType": "REQUEST", "operation": "ENCRYPT", "key": "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui",
           "algorithm": "DESede/ECB/PKCS5Padding", "keyType": "DESede", "headers": ["x"]"#,
        "GET /\nx: scarter",
        expect![[r#"
            GET http://app.example/
            x: wN78W0NmlvA=

            200 OK
        "#]],
    );
    check(
        r#""messageType": "REQUEST", "operation": "DECRYPT", "key": "AQgPFh0kKzI5QEdOVVxjag==",
           "algorithm": "AES/GCM/NoPadding", "headers": ["x"]"#,
        "GET /\nx: yMnKy8zNzs/Q0dLTRqTVTPAudD6CVK00y2kqjvSL2npxIMg=\nx: yMnKy8zNzs/Q0dLTRqTVTPAudD6CVK00y2kqjvSL2npxIMk=",
        expect![[r#"
            GET http://app.example/
            x: scarter
            x: 

            200 OK
        "#]],
    );
}

#[test]
fn the_key_may_be_a_secret() {
    let stores = r#""keySecretId": "key", "algorithm": "AES/GCM/NoPadding", "headers": ["x"], "secretsProvider": [
        {"type": "Base64EncodedSecretStore", "config": {"secrets": {"key": "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o="}}},
        {"type": "Base64EncodedSecretStore", "config": {"secrets": {"key": "AQgPFh0kKzI5QEdOVVxjag=="}}}]"#;
    // One value for each of the two valid secrets.
    check(
        &format!(r#""messageType": "REQUEST", "operation": "DECRYPT", {stores}"#),
        "GET /\nx: yMnKy8zNzs/Q0dLTRqTVTPAudD6CVK00y2kqjvSL2npxIMg=\nx: yMnKy8zNzs/Q0dLTVWwnZH4ovs3QI6bkGEBNnhh5nr6dEXA=",
        expect![[r#"
            GET http://app.example/
            x: scarter
            x: scarter

            200 OK
        "#]],
    );
    let encrypt = format!(r#""messageType": "REQUEST", "operation": "ENCRYPT", {stores}"#);
    let decrypt = r#""messageType": "REQUEST", "operation": "DECRYPT", "algorithm": "AES/GCM/NoPadding",
        "key": "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=", "headers": ["x"]"#;
    let both = [encrypt.as_str(), decrypt]
        .map(|config| format!(r#"{{"type": "CryptoHeaderFilter", "config": {{{config}}}}}"#));
    check_filter(
        "ChainOfFilters",
        &format!(r#"{{"filters": [{}]}}"#, both.join(",")),
        "GET /\nx: scarter",
        expect![[r#"
            GET http://app.example/
            x: scarter

            200 OK
        "#]],
    );
}

#[test]
fn without_its_key_nothing_is_sent() {
    for operation in ["ENCRYPT", "DECRYPT"] {
        let config = |id: &str| {
            format!(
                r#""messageType": "REQUEST", "operation": "{operation}", "keySecretId": "{id}", "headers": ["x"]"#
            )
        };
        let status = |id: &str, request: &str| {
            let filter = format!(r#"{{"type": "CryptoHeaderFilter", "config": {{{}}}}}"#, config(id));
            let chain = format!(r#"{{"filters": [{filter}], "handler": {{"type": "Origin"}}}}"#);
            let shown = play(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#), request);
            shown.unwrap().lines().find(|line| line.starts_with(char::is_numeric)).unwrap().to_owned()
        };
        assert_eq!(status("test.absent", "GET /\nx: 1"), "500 Internal Server Error");
        // Eight bytes are no key of AES.
        assert_eq!(status("test.base64", "GET /\nx: 1"), "500 Internal Server Error");
        assert_eq!(status("test.absent", "GET /\ny: 1"), "200 OK");
    }
}

#[test]
fn weak_ciphers_are_told_with_a_better_one() {
    check_complaints(
        &format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"handler": {{"type": "Origin"}}, "filters": [
{{"type": "CryptoHeaderFilter",
  "config": {{"messageType": "REQUEST", "operation": "ENCRYPT", {KEY}}}}},
{{"type": "CryptoHeaderFilter", "config": {{"messageType": "REQUEST", "operation": "ENCRYPT", "key": "AQgPFh0kKzI=",
  "algorithm": "DES/ECB/PKCS5Padding"}}}},
{{"type": "CryptoHeaderFilter", "config": {{"messageType": "REQUEST", "operation": "ENCRYPT", "keySecretId": "a",
  "algorithm": "DESede"}}}}
]}}}}}}"#
        ),
        expect![[r#"
            warning[PC0410]: `AES/ECB/PKCS5Padding` shows which values are equal, and does not notice changes
             --> config.json:3:13
              |
            3 |   "config": {"messageType": "REQUEST", "operation": "ENCRYPT", "key": "AQgPFh0kKzI5QEdOVVxjag=="}},
              |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: where the other end is a gateway like this one, use `AES/GCM/NoPadding` on both sides
            warning[PC0410]: `DES/ECB/PKCS5Padding` can be broken by trying all keys
             --> config.json:5:16
              |
            5 |   "algorithm": "DES/ECB/PKCS5Padding"}},
              |                ^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: where the other end is a gateway like this one, use `AES/GCM/NoPadding` on both sides
            warning[PC0410]: `DESede` is withdrawn, shows which values are equal, and does not notice changes
             --> config.json:7:16
              |
            7 |   "algorithm": "DESede"}}
              |                ^^^^^^^^
              |
              = help: where the other end is a gateway like this one, use `AES/GCM/NoPadding` on both sides
        "#]],
    );
}

#[test]
fn mistakes_are_found_at_load() {
    let refused = |config: &str, expected: Expect| check(config, "GET /", expected);
    refused(
        "",
        expect![[r#"
        config.json:1:95: error[PC0303]: CryptoHeaderFilter needs the field `messageType`
        config.json:1:95: error[PC0303]: CryptoHeaderFilter needs the field `operation`
    "#]],
    );
    let config = |rest: &str| format!(r#""messageType": "REQUEST", "operation": "ENCRYPT", {rest}"#);
    refused(
        &config(r#""headers": []"#),
        expect![[r#"
        config.json:1:54: error[PC0313]: `key` or `keySecretId` is needed
    "#]],
    );
    refused(
        &config(&format!(r#"{KEY}, "keySecretId": "a""#)),
        expect![[r#"
        config.json:1:196: error[PC0313]: `key` and `keySecretId` exclude one another
    "#]],
    );
    refused(
        &config(r#""key": "AQg=""#),
        expect![[r#"
        config.json:1:153: error[PC0313]: a key of AES has 16, 24 or 32 bytes, and this one has 2
    "#]],
    );
    refused(
        &config(r#""key": "not base64!""#),
        expect![[r#"
        config.json:1:153: error[PC0302]: CryptoHeaderFilter: this is not base64
    "#]],
    );
}

#[test]
fn mistakes_about_ciphers_are_found_at_load() {
    let refused = |config: &str, expected: Expect| check(config, "GET /", expected);
    let config = |rest: &str| format!(r#""messageType": "REQUEST", "operation": "ENCRYPT", {rest}"#);
    refused(
        &config(&format!(r#"{KEY}, "algorithm": "AES/CBC/PKCS5Padding""#)),
        expect![[r#"
        config.json:1:194: error[PC0313]: `AES/CBC/PKCS5Padding` needs a start value that is sent along, and there is no place for one; use `AES/GCM/NoPadding`
    "#]],
    );
    refused(
        &config(&format!(r#"{KEY}, "algorithm": "Blowfish""#)),
        expect![[r#"
        config.json:1:194: error[PC0313]: `Blowfish` is not offered; use `AES/GCM/NoPadding`, `AES/ECB/PKCS5Padding`, `DESede/ECB/PKCS5Padding` or `DES/ECB/PKCS5Padding`
    "#]],
    );
    refused(
        &config(&format!(r#"{KEY}, "keyType": "DES""#)),
        expect![[r#"
        config.json:1:192: error[PC0313]: the algorithm has keys of the type `AES`
    "#]],
    );
    refused(
        &config(&format!(r#"{KEY}, "charset": "utf-99""#)),
        expect![[r#"
            config.json:1:192: error[PC0313]: `utf-99` is not a charset to write in; use for example UTF-8
        "#]],
    );
    refused(
        &config(&format!(r#"{KEY}, "headers": ["a b"]"#)),
        expect![[r#"
        config.json:1:193: error[PC0302]: CryptoHeaderFilter: `a b` cannot be the name of a header field
    "#]],
    );
}
