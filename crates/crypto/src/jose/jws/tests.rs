//! Signatures: round trips, and what is refused.

use super::*;
use crate::jose::keys_for_tests::{ED25519, OTHER_RSA, P256, P384, P521, RSA, public_forms, symmetric};
use crate::jose::{Header, Labels, compact};
use crate::{CryptoKey, KeyMaterial, Purpose};

const PAYLOAD: &[u8] = br#"{"sub":"bjensen"}"#;

/// A key that the algorithm works with, and another one of its kind or of another.
fn keys(algorithm: SignatureAlgorithm) -> [CryptoKey; 2] {
    match algorithm.needs() {
        Needs::Mac(_) => [symmetric(64, 1), symmetric(64, 2)],
        Needs::Pair(Pair::Rsa, _) => [RSA.clone(), OTHER_RSA.clone()],
        Needs::Pair(Pair::P256, _) => [P256.clone(), P384.clone()],
        Needs::Pair(Pair::P384, _) => [P384.clone(), P521.clone()],
        Needs::Pair(Pair::P521, _) => [P521.clone(), P256.clone()],
        Needs::Pair(Pair::Ed25519, _) => [ED25519.clone(), P256.clone()],
    }
}

fn sign(key: &CryptoKey, algorithm: SignatureAlgorithm) -> String {
    Signer::new(key, algorithm).unwrap().sign(PAYLOAD, &Labels::default()).unwrap()
}

#[track_caller]
fn refuses(verifier: &Verifier, text: &str) {
    assert_eq!(verifier.verify(text), Err(JoseError::Invalid), "{text}");
}

/// What is wrong with a key, as a text.
fn complaint<T>(made: Result<T, JoseError>) -> String {
    made.err().unwrap().to_string()
}

#[test]
fn what_is_signed_is_verified_with_every_form_of_the_key() {
    for algorithm in SignatureAlgorithm::ALL {
        let [key, other] = keys(algorithm);
        let text = sign(&key, algorithm);
        assert_eq!(Header::of(&text).unwrap().alg(), algorithm.name());
        let mut forms = vec![key.clone()];
        if matches!(algorithm.needs(), Needs::Pair(..)) {
            forms.extend(public_forms(&key));
        }
        for form in &forms {
            assert_eq!(Verifier::new(form, algorithm).unwrap().verify(&text).unwrap(), PAYLOAD);
        }
        // A key of the same kind does not verify it, and of another kind there is no verifier.
        match Verifier::new(&other, algorithm) {
            Ok(verifier) => refuses(&verifier, &text),
            Err(error) => assert!(error.to_string().contains("needs a public key of"), "{error}"),
        }
    }
}

#[test]
fn labels_stand_in_the_header() {
    let signer = Signer::new(&symmetric(32, 1), SignatureAlgorithm::Hs256).unwrap();
    let labels = Labels { kid: Some("a \"key\""), typ: Some("JWT"), cty: Some("JWT") };
    let text = signer.sign(b"", &labels).unwrap();
    let header = Header::of(&text).unwrap();
    let read = (header.alg(), header.kid(), header.typ(), header.cty(), header.enc());
    assert_eq!(read, ("HS256", Some("a \"key\""), Some("JWT"), Some("JWT"), None));
    let verifier = Verifier::new(&symmetric(32, 1), SignatureAlgorithm::Hs256).unwrap();
    assert_eq!(verifier.verify(&text).unwrap(), b"");
}

#[test]
fn the_algorithm_is_never_that_of_the_text() {
    for algorithm in SignatureAlgorithm::ALL {
        let [key, _] = keys(algorithm);
        let verifier = Verifier::new(&key, algorithm).unwrap();
        for other in SignatureAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            if let Ok(signer) = Signer::new(&key, other) {
                refuses(&verifier, &signer.sign(PAYLOAD, &Labels::default()).unwrap());
            }
            let renamed = compact::encode(format!(r#"{{"alg":"{other}"}}"#).as_bytes());
            let text = sign(&key, algorithm);
            refuses(&verifier, &format!("{renamed}{}", &text[text.find('.').unwrap()..]));
        }
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"None"}"#, r#"{"alg":""}"#, r#"{"typ":"JWT"}"#] {
            let text = format!("{}.{}.", compact::encode(header.as_bytes()), compact::encode(PAYLOAD));
            refuses(&verifier, &text);
            refuses(&verifier, &format!("{text}AAAA"));
        }
    }
}

/// Whoever knows a public key takes its bytes for the secret of a MAC, and hopes that the reader does the same.
#[test]
fn a_public_key_is_no_secret() {
    for (key, algorithm) in [(&*RSA, SignatureAlgorithm::Rs256), (&*P256, SignatureAlgorithm::Es256)] {
        let [public, certificate] = public_forms(key);
        let KeyMaterial::Public { spki } = public.material() else { unreachable!() };
        let bytes = spki.clone().into();
        let taken = CryptoKey::new(KeyMaterial::Symmetric { algorithm: "RAW".to_owned(), bytes });
        let forged = sign(&taken, SignatureAlgorithm::Hs256);
        refuses(&Verifier::new(&public, algorithm).unwrap(), &forged);
        for form in [key, &public, &certificate] {
            let refused = complaint(Verifier::new(form, SignatureAlgorithm::Hs256));
            assert_eq!(refused, "`HS256` needs a symmetric key");
        }
    }
    let refused = complaint(Verifier::new(&symmetric(32, 1), SignatureAlgorithm::Rs256));
    assert_eq!(refused, "`RS256` needs a public key of RSA");
}

#[test]
fn a_changed_character_anywhere_is_noticed() {
    for algorithm in [SignatureAlgorithm::Hs256, SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa] {
        let [key, _] = keys(algorithm);
        let (verifier, text) = (Verifier::new(&key, algorithm).unwrap(), sign(&key, algorithm));
        for index in 0..text.len() {
            for other in ["A", "B", ".", "=", "+"] {
                let mut changed = text.clone();
                changed.replace_range(index..=index, other);
                if changed != text {
                    refuses(&verifier, &changed);
                }
            }
        }
        for changed in ["", "..", &format!("{text}."), &format!("{text}="), &format!("{text}AAAA")] {
            refuses(&verifier, changed);
        }
        refuses(&verifier, &text[..text.rfind('.').unwrap()]);
        refuses(&verifier, &text[..=text.rfind('.').unwrap()]);
        refuses(&verifier, &"A".repeat(100 * 1024));
        refuses(&verifier, &format!("{}.{}.{}", "A".repeat(100 * 1024), "A", "A"));
    }
}

#[test]
fn headers_are_read_strictly() {
    let key = symmetric(32, 1);
    let verifier = Verifier::new(&key, SignatureAlgorithm::Hs256).unwrap();
    let signed = |header: &str| {
        let text = format!("{}.{}", compact::encode(header.as_bytes()), compact::encode(PAYLOAD));
        let KeyMaterial::Symmetric { bytes, .. } = key.material() else { unreachable!() };
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), text.as_bytes());
        format!("{text}.{}", compact::encode(tag.as_ref()))
    };
    for good in [r#"{"alg":"HS256"}"#, r#" { "typ":"JWT", "alg":"HS256", "x":[{"y":0}] } "#] {
        assert_eq!(verifier.verify(&signed(good)).unwrap(), PAYLOAD, "{good}");
    }
    for bad in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","kid":["a"]}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":7}"#,
        r#"{"alg":"HS256"} x"#,
        "[]",
        "",
    ] {
        refuses(&verifier, &signed(bad));
    }
}

#[test]
fn secrets_are_as_long_as_the_hash() {
    for (algorithm, needed) in
        [(SignatureAlgorithm::Hs256, 32), (SignatureAlgorithm::Hs384, 48), (SignatureAlgorithm::Hs512, 64)]
    {
        assert!(Verifier::new(&symmetric(needed, 1), algorithm).is_ok());
        let short = symmetric(needed - 1, 1);
        let expected =
            format!("`{algorithm}` needs a key of at least {needed} bytes, and this one has {}", needed - 1);
        assert_eq!(complaint(Signer::new(&short, algorithm)), expected);
        assert_eq!(complaint(Verifier::new(&short, algorithm)), expected);
    }
}

#[test]
fn keys_are_of_the_kind_that_the_algorithm_needs() {
    let signer = |key: &CryptoKey, algorithm| complaint(Signer::new(key, algorithm));
    let rsa = "`PS256` needs a private key of RSA of 2048 to 8192 bits";
    assert_eq!(signer(&P256, SignatureAlgorithm::Ps256), rsa);
    assert_eq!(signer(&symmetric(64, 1), SignatureAlgorithm::Ps256), rsa);
    assert_eq!(signer(&P384, SignatureAlgorithm::Es256), "`ES256` needs a private key of P-256");
    assert_eq!(signer(&RSA, SignatureAlgorithm::EdDsa), "`EdDSA` needs a private key of Ed25519");
    let [public, certificate] = public_forms(&RSA);
    let refused = "the key may not or cannot sign by `RS256`";
    assert_eq!(signer(&public, SignatureAlgorithm::Rs256), refused);
    assert_eq!(signer(&certificate, SignatureAlgorithm::Rs256), refused);
    let limited = RSA.clone().limited_to(vec![Purpose::Decrypt]);
    assert_eq!(signer(&limited, SignatureAlgorithm::Rs256), refused);
    let damaged = CryptoKey::new(KeyMaterial::Certificate { der: vec![0x30, 0] });
    let refused = complaint(Verifier::new(&damaged, SignatureAlgorithm::Rs256));
    assert_eq!(refused, "the certificate is damaged");
}

#[test]
fn names_are_those_of_the_registry() {
    for algorithm in SignatureAlgorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
    }
    assert_eq!("Ed25519".parse(), Ok(SignatureAlgorithm::EdDsa));
    let refused = complaint("none".parse::<SignatureAlgorithm>());
    assert!(refused.starts_with("`none` is no signature algorithm; they are HS256, HS384,"), "{refused}");
}
