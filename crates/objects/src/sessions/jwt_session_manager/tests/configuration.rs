//! What a configuration may say, and what is said about it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use exchange::{SessionManagerRef, SessionSlot};

use super::*;
use crate::testing::with_object;

/// `SECRET` stands for the id of a key of this many bytes.
fn object(config: &str, key_bytes: usize) -> String {
    let key = STANDARD.encode(vec![7; key_bytes]);
    let store =
        format!(r#"{{"type": "Base64EncodedSecretStore", "config": {{"secrets": {{"key": "{key}"}}}}}}"#);
    let secret = format!(r#""authenticatedEncryptionSecretId": "key", "secretsProvider": {store}"#);
    let config = config.replace("SECRET", &secret);
    format!(r#"{{"name": "s", "type": "JwtSession", "config": {{{config}}}}}"#)
}

/// What the manager of this configuration sets for a new session; the encrypted text is left out.
#[track_caller]
fn check_cookie(config: &str, key_bytes: usize, expected: Expect) {
    with_object(&object(config, key_bytes), "s", |manager: SessionManagerRef| {
        let request = Request::get("http://app.example/".parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let field = runtime.block_on(async {
            let mut slot = SessionSlot::new(manager);
            slot.load(&request).await.unwrap().unwrap().set("a", Value::Integer(1)).unwrap();
            let mut response = Response::new(StatusCode::OK);
            slot.save(&mut response).await.unwrap();
            response.headers.text(header::SET_COOKIE).unwrap().to_owned()
        });
        let (name, rest) = field.split_once('=').unwrap();
        let (value, attributes) = rest.split_once(';').unwrap();
        let header = URL_SAFE_NO_PAD.decode(value.split('.').next().unwrap()).unwrap();
        expected.assert_eq(&format!("{name}={};{attributes}", String::from_utf8(header).unwrap()));
    });
}

#[test]
fn the_cookie_and_the_algorithm_are_configured() {
    check_cookie(
        "SECRET",
        32,
        expect![[r#"openig-jwt-session={"alg":"dir","enc":"A256GCM"}; Path=/; HttpOnly; SameSite=Lax"#]],
    );
    check_cookie(
        r#"SECRET, "encryptionMethod": "A256CBC-HS512", "cookie": {"name": "IG", "domain": ".example.com"}"#,
        64,
        expect![[
            r#"IG={"alg":"dir","enc":"A256CBC-HS512"}; Path=/; Domain=.example.com; HttpOnly; SameSite=Lax"#
        ]],
    );
    check_cookie(
        r#"SECRET, "encryptionMethod": "A128CBC-HS256", "useCompression": true,
           "cookie": {"path": "/app", "sameSite": "strict", "secure": true, "httpOnly": false}"#,
        32,
        expect![[
            r#"openig-jwt-session={"alg":"dir","enc":"A128CBC-HS256","zip":"DEF"}; Path=/app; Secure; SameSite=Strict"#
        ]],
    );
    check_cookie(
        r#""encryptionMethod": "A192GCM", "cookieName": "OLD", "cookieDomain": "example.com", "maxCookies": 20"#,
        0,
        expect![[r#"OLD={"alg":"dir","enc":"A192GCM"}; Path=/; Domain=example.com; HttpOnly; SameSite=Lax"#]],
    );
}

/// What is said about a configuration.
#[track_caller]
fn check_said(config: &str, key_bytes: usize, expected: Expect) {
    let object = object(config, key_bytes);
    check_brief(&format!(r#"{{"heap": [{object}], "handler": {{"type": "Origin"}}}}"#), expected);
}

#[test]
fn a_key_has_the_length_that_the_algorithm_needs() {
    let methods = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];
    for (method, key_bytes) in methods.into_iter().zip([16, 24, 32, 32, 48, 64]) {
        check_said(&format!(r#"SECRET, "encryptionMethod": "{method}""#), key_bytes, expect![[""]]);
    }
    check_said(
        "SECRET",
        64,
        expect![[r#"
        config.json:1:93: error[PC0450]: the key `key` has 64 bytes, and A256GCM needs 32
    "#]],
    );
    check_said(
        r#"SECRET, "encryptionMethod": "A256CBC-HS512""#,
        32,
        expect![[r#"
        config.json:1:93: error[PC0450]: the key `key` has 32 bytes, and A256CBC-HS512 needs 64
    "#]],
    );
    check_said(
        r#"SECRET, "encryptionMethod": "A512GCM""#,
        64,
        expect![[r#"
        config.json:1:301: error[PC0302]: JwtSession: `A512GCM` is not one of `A128CBC-HS256`, `A192CBC-HS384`, `A256CBC-HS512`, `A128GCM`, `A192GCM`, `A256GCM` | did you mean `A128GCM`?
    "#]],
    );
    check_said(
        r#""authenticatedEncryptionSecretId": "key""#,
        0,
        expect![[r#"
        config.json:1:93: error[PC0450]: no key for sessions: no store has the secret `key`
    "#]],
    );
}

#[test]
fn mistakes_are_told_at_load() {
    check_said(
        r#"SECRET, "sessionTimeout": "0 seconds""#,
        32,
        expect![[r#"
        config.json:1:255: error[PC0313]: a session must be able to last: sessionTimeout is zero
    "#]],
    );
    check_said(r#"SECRET, "sessionTimeout": "unlimited", "skewAllowance": "2 minutes""#, 32, expect![[""]]);
    check_said(
        r#"SECRET, "skewAllowance": "unlimited""#,
        32,
        expect![[r#"
        config.json:1:254: error[PC0313]: with such a skewAllowance no session would ever end
    "#]],
    );
    check_said(
        r#"SECRET, "maxCookies": 21"#,
        32,
        expect![[r#"
        config.json:1:251: error[PC0313]: maxCookies is a number from 1 to 20
    "#]],
    );
    check_said(
        r#"SECRET, "maxCookies": 0"#,
        32,
        expect![[r#"
        config.json:1:251: error[PC0313]: maxCookies is a number from 1 to 20
    "#]],
    );
}

#[test]
fn older_names_are_read_or_explained() {
    check_said(
        r#"SECRET, "cookieName": "a", "cookieDomain": "b.example", "keystore": "k", "alias": "a", "password": "p",
           "sharedSecret": "s", "encryptionSecretId": "e", "signatureSecretId": "i""#,
        32,
        expect![[r#"
            config.json:1:237: warning[PC0314]: `cookieName` of JwtSession is a name of older releases; write `name` in `cookie`
            config.json:1:256: warning[PC0314]: `cookieDomain` of JwtSession is a name of older releases; write `domain` in `cookie`
            config.json:1:285: warning[PC0314]: `keystore` of JwtSession is a name of older releases and is ignored: sessions are encrypted with the key that `authenticatedEncryptionSecretId` names
            config.json:1:302: warning[PC0314]: `alias` of JwtSession is a name of older releases and is ignored: sessions are encrypted with the key that `authenticatedEncryptionSecretId` names
            config.json:1:316: warning[PC0314]: `password` of JwtSession is a name of older releases and is ignored: sessions are encrypted with the key that `authenticatedEncryptionSecretId` names
            config.json:2:12: warning[PC0314]: `sharedSecret` of JwtSession is a name of older releases and is ignored: sessions are encrypted with the key that `authenticatedEncryptionSecretId` names
            config.json:2:33: warning[PC0314]: `encryptionSecretId` of JwtSession is a name of older releases and is ignored: sessions are encrypted with the key that `authenticatedEncryptionSecretId` names
            config.json:2:60: warning[PC0314]: `signatureSecretId` of JwtSession is a name of older releases and is ignored: sessions are encrypted with the key that `authenticatedEncryptionSecretId` names
        "#]],
    );
    let factory = object("SECRET", 32).replace("JwtSession", "JwtSessionFactory");
    check_brief(
        &format!(r#"{{"heap": [{factory}], "handler": {{"type": "Origin"}}}}"#),
        expect![[r#"
        config.json:1:33: warning[PC0311]: `JwtSessionFactory` is an older name of `JwtSession`
    "#]],
    );
    let manager = object("SECRET", 32).replace("JwtSession", "JwtSessionManager");
    check_brief(&format!(r#"{{"heap": [{manager}], "handler": {{"type": "Origin"}}}}"#), expect![[""]]);
}

#[test]
fn a_key_that_is_missing_is_shown_with_its_place() {
    check_complaints(
        r#"{"heap": [{"name": "s", "type": "JwtSession", "config": {"authenticatedEncryptionSecretId": "nowhere"}}], "handler": {"type": "Origin"}}"#,
        expect![[r#"
            error[PC0450]: no key for sessions: no store has the secret `nowhere`
             --> config.json:1:93
              |
            1 | {"heap": [{"name": "s", "type": "JwtSession", "config": {"authenticatedEncryptionSecretId": "nowhere"}}], "handler": {"type": "Origin"}}
              |                                                                                             ^^^^^^^^^
        "#]],
    );
}
