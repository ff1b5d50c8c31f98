//! The keys of RFC 7520, and what is refused.

use super::*;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use expect_test::{Expect, expect};
use serde_json::json;

/// A key of the RFC's third section.
fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/jwk/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn shown(key: &Value) -> String {
    match parse(key.to_string().as_bytes()) {
        Ok(jwk) => {
            let purposes = [Purpose::Sign, Purpose::Verify, Purpose::Encrypt, Purpose::Decrypt];
            let purposes: Vec<Purpose> =
                purposes.into_iter().filter(|purpose| jwk.is_for(*purpose)).collect();
            format!("{:?} {purposes:?}", jwk)
        }
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(key: &Value, expected: Expect) {
    expected.assert_eq(&shown(key));
}

/// A key of the RFC with some members replaced; null takes one out.
#[track_caller]
fn check_changed(name: &str, changes: &Value, expected: Expect) {
    check(&changed(name, changes), expected);
}

fn changed(name: &str, changes: &Value) -> Value {
    let mut key = fixture(name);
    for (member, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(key.as_object_mut().unwrap().remove(member)),
            value => key[member] = value.clone(),
        }
    }
    key
}

#[test]
fn keys_of_the_cookbook() {
    check(&fixture("ec_public_key"), expect!["[public key: bilbo.baggins@hobbiton.example] [Verify]"]);
    check(
        &fixture("ec_private_key"),
        expect!["[EC private key, 0 certificates: bilbo.baggins@hobbiton.example] [Sign, Verify]"],
    );
    check(&fixture("rsa_public_key"), expect!["[public key: bilbo.baggins@hobbiton.example] [Verify]"]);
    check(
        &fixture("rsa_private_key"),
        expect!["[RSA private key, 0 certificates: bilbo.baggins@hobbiton.example] [Sign, Verify]"],
    );
    check(
        &fixture("hmac_key"),
        expect!["[HmacSHA256 key: 018c0ae5-4d9b-471b-bfd6-eef314bc7037] [Sign, Verify]"],
    );
    check(&fixture("aes_key"), expect!["[AES key: 1e571774-2e08-40da-8308-e8d68773842d] [Encrypt, Decrypt]"]);
}

#[test]
fn private_and_public_keys_are_the_same_key() {
    for kind in ["ec", "rsa"] {
        let read = |half: &str| parse(fixture(&format!("{kind}_{half}_key")).to_string().as_bytes()).unwrap();
        let (private, public) = (read("private"), read("public"));
        let KeyMaterial::Private { pkcs8, .. } = private.material() else { panic!("{private:?}") };
        let KeyMaterial::Public { spki } = public.material() else { panic!("{public:?}") };
        assert_eq!(PrivateKey::from_pkcs8(pkcs8.clone()).unwrap().spki, *spki);
    }
}

#[test]
fn the_bytes_of_a_symmetric_key() {
    let jwk = parse(fixture("hmac_key").to_string().as_bytes()).unwrap();
    let KeyMaterial::Symmetric { bytes, .. } = jwk.material() else { panic!("{jwk:?}") };
    assert_eq!(fixture("hmac_key")["k"], BASE64_URL_SAFE_NO_PAD.encode(&**bytes));
}

/// The key of RFC 8037, appendix A.
fn ed25519() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
           "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

#[test]
fn keys_of_ed25519() {
    check(&ed25519(), expect!["[Ed25519 private key, 0 certificates] [Sign, Verify, Encrypt, Decrypt]"]);
    let mut public = ed25519();
    public.as_object_mut().unwrap().remove("d");
    check(&public, expect!["[public key] [Verify, Encrypt]"]);
    let mut other = ed25519();
    other["crv"] = "X25519".into();
    check(&other, expect!["`crv` is `X25519`; `Ed25519` is offered"]);
    other = ed25519();
    other["x"] = "AAAA".into();
    check(&other, expect!["`x` has 3 bytes; for Ed25519 it is 32"]);
}

#[test]
fn every_curve() {
    for (name, group) in [
        ("P-256", &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        ("P-384", &aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        ("P-521", &aws_lc_rs::signature::ECDSA_P521_SHA512_ASN1_SIGNING),
    ] {
        use aws_lc_rs::encoding::AsBigEndian;
        use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair};
        let pair = EcdsaKeyPair::generate(group).unwrap();
        let (x, y) = {
            let point = &pair.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y))
        };
        let d: aws_lc_rs::encoding::EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().unwrap();
        let d = BASE64_URL_SAFE_NO_PAD.encode(d.as_ref());
        let key = json!({"kty": "EC", "crv": name, "x": x, "y": y, "d": d});
        assert_eq!(shown(&key), "[EC private key, 0 certificates] [Sign, Verify, Encrypt, Decrypt]");
    }
}

/// The members of a key whose certificate is among the fixtures of PEM.
fn with_certificate() -> (Value, String) {
    let read = |name: &str| {
        let path = format!("{}/tests/pem/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        crate::pem::read(&std::fs::read(path).unwrap(), None).unwrap().remove(0).content
    };
    let crate::pem::Content::PublicKey(spki) = read("ec-public") else { panic!("a public key") };
    let crate::pem::Content::Certificate(leaf) = read("leaf") else { panic!("a certificate") };
    let (x, y) = spki[spki.len() - 64..].split_at(32);
    let [x, y] = [x, y].map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    (json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "leaf"}), BASE64_STANDARD.encode(leaf))
}

#[test]
fn certificates_of_a_key() {
    let (mut key, leaf) = with_certificate();
    key["x5c"] = json!([leaf]);
    check(&key, expect!["[public key: leaf] [Verify, Encrypt]"]);
    key["x5c"] = json!(["AAAA"]);
    check(&key, expect!["`x5c`: entry 1 is no certificate"]);
    key["x5c"] = json!(["!"]);
    check(&key, expect!["`x5c` is not base64"]);
    key["x5c"] = json!(leaf);
    check(&key, expect!["`x5c` is no array of texts"]);
    key["x5c"] = json!(vec![leaf.clone(); 17]);
    check(&key, expect!["`x5c` has more than 16 certificates"]);
    check_changed(
        "rsa_private_key",
        &json!({"x5c": [leaf]}),
        expect!["the first certificate of `x5c` does not belong to the key"],
    );
}

#[test]
fn mistakes_name_the_member() {
    check(&json!([]), expect!["it is no JSON object"]);
    check(&json!({}), expect!["`kty` is missing"]);
    check(&json!({"kty": "oct"}), expect!["`k` is missing"]);
    check(&json!({"kty": "oct", "k": ""}), expect!["`k` is empty"]);
    check(&json!({"kty": "oct", "k": "a+b/"}), expect!["`k` is not base64url"]);
    check(&json!({"kty": "oct", "k": 7}), expect!["`k` is no text"]);
    check(
        &json!({"kty": "EC2", "k": "AAAA"}),
        expect!["`kty` is `EC2`; `oct`, `RSA`, `EC` and `OKP` are offered"],
    );
    check_changed("rsa_private_key", &json!({"n": null}), expect!["`n` is missing"]);
    check_changed(
        "rsa_private_key",
        &json!({"e": "AQ"}),
        expect!["the public key is damaged, or of a size that is not offered"],
    );
    check_changed("rsa_private_key", &json!({"p": null}), expect!["`p` is missing"]);
    check_changed(
        "rsa_private_key",
        &json!({"oth": []}),
        expect!["`oth`: keys of RSA with more than two primes are not offered"],
    );
    check_changed(
        "rsa_private_key",
        &json!({"qi": "AQAB"}),
        expect![
            "`d`: the private key is damaged, or of a size or curve that is not offered (RSA has 2048 to 8192 bits, curves are P-256, P-384 and P-521)"
        ],
    );
    check_changed(
        "ec_private_key",
        &json!({"crv": "secp256k1"}),
        expect!["`crv` is `secp256k1`; `P-256`, `P-384` and `P-521` are offered"],
    );
    check_changed(
        "ec_private_key",
        &json!({"crv": "P-256"}),
        expect!["`x` has 66 bytes; for P-256 it is 32"],
    );
    check_changed(
        "ec_public_key",
        &json!({"y": fixture("ec_public_key")["x"]}),
        expect!["the public key is damaged, or of a size that is not offered"],
    );
    check_changed("hmac_key", &json!({"use": "both"}), expect!["`use` is `both`; it is `sig` or `enc`"]);
    check_changed("hmac_key", &json!({"kid": "k".repeat(513)}), expect!["`kid` is longer than 512 bytes"]);
    check_changed("hmac_key", &json!({"kid": 5}), expect!["`kid` is no text"]);
    check_changed("hmac_key", &json!({"key_ops": "sign"}), expect!["`key_ops` is no array of texts"]);
}

#[test]
fn a_private_key_belongs_to_its_public_key() {
    let mut key = with_certificate().0;
    key["d"] = BASE64_URL_SAFE_NO_PAD.encode([7; 32]).into();
    check(
        &key,
        expect![
            "`d`: the private key is damaged, or of a size or curve that is not offered (RSA has 2048 to 8192 bits, curves are P-256, P-384 and P-521)"
        ],
    );
    key = ed25519();
    key["d"] = BASE64_URL_SAFE_NO_PAD.encode([7; 32]).into();
    check(&key, expect!["`d` does not belong to the public key"]);
}

#[test]
fn an_algorithm_is_for_its_keys_only() {
    check_changed(
        "hmac_key",
        &json!({"alg": "HS512"}),
        expect!["`k` has 32 bytes; for HS512 it has at least 64"],
    );
    check_changed(
        "hmac_key",
        &json!({"alg": "RS256"}),
        expect!["`alg` is `RS256`, which is not for keys of the type `oct`"],
    );
    check_changed("hmac_key", &json!({"alg": "none"}), expect!["`alg` is `none`, which is not offered"]);
    check_changed(
        "hmac_key",
        &json!({"alg": "A256GCM"}),
        expect!["`alg` is `A256GCM`, which contradicts `use`"],
    );
    check_changed(
        "ec_public_key",
        &json!({"alg": "ES256"}),
        expect!["`alg` is `ES256`, which is not for keys of this `crv`"],
    );
    check_changed(
        "ec_public_key",
        &json!({"alg": "ES512"}),
        expect!["[public key: bilbo.baggins@hobbiton.example] [Verify]"],
    );
    check_changed(
        "rsa_public_key",
        &json!({"alg": "RSA-OAEP", "use": null}),
        expect!["[public key: bilbo.baggins@hobbiton.example] [Encrypt]"],
    );
    check_changed(
        "hmac_key",
        &json!({"alg": null, "use": null}),
        expect!["[RAW key: 018c0ae5-4d9b-471b-bfd6-eef314bc7037] [Sign, Verify, Encrypt, Decrypt]"],
    );
}

#[test]
fn operations_restrict_a_key() {
    check_changed(
        "rsa_private_key",
        &json!({"use": null, "key_ops": ["sign"]}),
        expect!["[RSA private key, 0 certificates: bilbo.baggins@hobbiton.example] [Sign]"],
    );
    check_changed(
        "rsa_private_key",
        &json!({"use": null, "key_ops": ["verify", "decrypt"]}),
        expect!["[RSA private key, 0 certificates: bilbo.baggins@hobbiton.example] [Verify, Decrypt]"],
    );
    check_changed(
        "rsa_private_key",
        &json!({"key_ops": ["encrypt"]}),
        expect!["[RSA private key, 0 certificates: bilbo.baggins@hobbiton.example] []"],
    );
    check_changed(
        "rsa_private_key",
        &json!({"use": "enc"}),
        expect!["[RSA private key, 0 certificates: bilbo.baggins@hobbiton.example] [Encrypt, Decrypt]"],
    );
}

#[test]
fn no_key_is_printed() {
    for name in ["rsa_private_key", "ec_private_key", "hmac_key"] {
        let secret =
            fixture(name).get("d").or(fixture(name).get("k")).unwrap().as_str().unwrap()[..12].to_owned();
        assert!(!format!("{:#?}", parse(fixture(name).to_string().as_bytes())).contains(&secret));
        // Neither by what is wrong with it.
        let broken = fixture(name).to_string().replace('}', ",");
        assert_eq!(shown_text(&broken).find(&secret), None);
    }
}

fn shown_text(text: &str) -> String {
    parse(text.as_bytes()).unwrap_err().to_string()
}

#[track_caller]
fn check_set(text: &str, expected: Expect) {
    expected.assert_eq(&match parse_set(text.as_bytes()) {
        Ok(set) => {
            let keys = set.keys.iter().map(|jwk| format!("{:?}\n", jwk));
            keys.chain(set.left_out.iter().map(|error| format!("{error}\n"))).collect()
        }
        Err(error) => error.to_string(),
    });
}

#[test]
fn a_set_is_what_is_understood_of_it() {
    let keys = json!([fixture("ec_public_key"), {"kty": "future"}, 7, fixture("rsa_public_key")]);
    check_set(
        &json!({"keys": keys}).to_string(),
        expect![[r#"
        [public key: bilbo.baggins@hobbiton.example]
        [public key: bilbo.baggins@hobbiton.example]
        key 2: `kty` is `future`; `oct`, `RSA`, `EC` and `OKP` are offered
        key 3: it is no JSON object
    "#]],
    );
    check_set(r#"{"keys": []}"#, expect![[""]]);
    check_set(r#"{"keys": {}}"#, expect!["`keys` is missing, or is no array"]);
    check_set("{}", expect!["`keys` is missing, or is no array"]);
    check_set("[]", expect!["it is no JSON object"]);
    check_set("<html>", expect!["it is not JSON (line 1, column 1)"]);
}

#[test]
fn a_set_has_limits() {
    let of =
        |count: usize| format!(r#"{{"keys": [{}]}}"#, vec![r#"{"kty":"oct","k":"AA"}"#; count].join(","));
    assert!(parse_set(of(SET_KEYS_MAX).as_bytes()).unwrap().left_out.is_empty());
    let set = parse_set(of(SET_KEYS_MAX + 1).as_bytes()).unwrap();
    assert_eq!((set.keys.len(), set.left_out.len()), (SET_KEYS_MAX, 1));
    let padded = |bytes: usize| r#"{"keys":[]}"#.to_owned() + &" ".repeat(bytes - 11);
    assert!(parse_set(padded(SET_BYTES_MAX).as_bytes()).is_ok());
    assert!(parse_set(padded(SET_BYTES_MAX + 1).as_bytes()).is_err());
}

/// The members of the public half, in any order.
#[track_caller]
fn check_public(key: &Value) {
    let read = parse(key.to_string().as_bytes()).unwrap();
    let made: Value = serde_json::from_str(&public(&read).unwrap()).unwrap();
    let names = ["kty", "kid", "crv", "n", "e", "x", "y"];
    let expected: serde_json::Map<String, Value> =
        names.iter().filter_map(|name| Some(((*name).to_owned(), key.get(*name)?.clone()))).collect();
    assert_eq!(made, Value::Object(expected));
    // What is made is read as the same public key, and makes the same.
    let again = parse(made.to_string().as_bytes()).unwrap();
    assert!(matches!(again.material(), KeyMaterial::Public { .. }));
    assert_eq!(public(&again).unwrap(), public(&read).unwrap());
}

#[test]
fn the_public_half_of_a_key() {
    for name in ["rsa_private_key", "rsa_public_key", "ec_private_key", "ec_public_key"] {
        check_public(&fixture(name));
    }
    check_public(&ed25519());
    let (certificate, der) = with_certificate();
    check_public(&certificate);
    let der = BASE64_STANDARD.decode(der).unwrap();
    let of_certificate = public(&CryptoKey::new(KeyMaterial::Certificate { der })).unwrap();
    let mut expected = certificate;
    expected.as_object_mut().unwrap().remove("kid");
    assert_eq!(serde_json::from_str::<Value>(&of_certificate).unwrap(), expected);
}

#[test]
fn a_secret_has_no_public_half() {
    let key = parse(fixture("hmac_key").to_string().as_bytes()).unwrap();
    assert_eq!(public(&key).unwrap_err().to_string(), "a symmetric key has no public half");
}
