//! Content keys that are wrapped or agreed on: round trips, and what is refused.

use super::*;
use crate::jose::content_key::ContentKey;
use crate::jose::halves::PublicHalf;
use crate::jose::keys_for_tests::{ED25519, OTHER_RSA, P256, P384, P521, RSA, public_forms, symmetric};
use crate::jose::{ContentEncryption, Header, Labels, compact};
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};

const CONTENT: &[u8] = br#"{"sub":"bjensen","sub2":"bjensen","sub3":"bjensen"}"#;

/// Room for what is encrypted here.
const ROOM: usize = 4096;

/// Keys that the way works with, and one that does not open what they have encrypted.
fn keys(management: KeyManagement, encryption: ContentEncryption) -> (Vec<CryptoKey>, CryptoKey) {
    match management.way() {
        Way::Direct => (vec![symmetric(encryption.key_bytes(), 1)], symmetric(encryption.key_bytes(), 2)),
        Way::Wrap(length) | Way::Gcm(length) => (vec![symmetric(length, 1)], symmetric(length, 2)),
        Way::Oaep(_) | Way::Pkcs1 => (vec![RSA.clone()], OTHER_RSA.clone()),
        Way::Agree(_) => (vec![P256.clone(), P384.clone(), P521.clone()], P256.clone()),
    }
}

fn encrypt(key: &CryptoKey, management: KeyManagement, encryption: ContentEncryption) -> String {
    let encrypter = Encrypter::new(key, management, encryption).unwrap();
    encrypter.encrypt(CONTENT, false, &Labels::default()).unwrap()
}

#[track_caller]
fn refuses(decrypter: &Decrypter, text: &str) {
    assert_eq!(decrypter.decrypt(text, ROOM), Err(JoseError::Invalid), "{text}");
}

/// What is wrong with a key, as a text.
fn complaint<T>(made: Result<T, JoseError>) -> String {
    made.err().unwrap().to_string()
}

#[test]
fn what_is_encrypted_is_decrypted() {
    for management in KeyManagement::ALL {
        for encryption in ContentEncryption::ALL {
            let (keys, other) = keys(management, encryption);
            let other = Decrypter::new(&other, management, &[encryption]).unwrap();
            for (index, key) in keys.iter().enumerate() {
                let decrypter = Decrypter::new(key, management, &[encryption]).unwrap();
                let mut forms = vec![key.clone()];
                if matches!(key.material(), KeyMaterial::Private { .. }) {
                    forms.extend(public_forms(key));
                }
                for form in &forms {
                    let encrypter = Encrypter::new(form, management, encryption).unwrap();
                    for is_compressed in [false, true] {
                        let labels = Labels { kid: Some("k"), typ: None, cty: Some("JWT") };
                        let text = encrypter.encrypt(CONTENT, is_compressed, &labels).unwrap();
                        assert_eq!(decrypter.decrypt(&text, ROOM).unwrap().as_slice(), CONTENT);
                        let short = decrypter.decrypt(&text, CONTENT.len() - 1);
                        assert_eq!(short, Err(JoseError::Invalid));
                        let header = Header::of(&text).unwrap();
                        let read = (header.alg(), header.enc(), header.kid(), header.cty());
                        assert_eq!(
                            read,
                            (management.name(), Some(encryption.name()), Some("k"), Some("JWT"))
                        );
                        let is_own = index == 0 && matches!(management.way(), Way::Agree(_));
                        if !is_own {
                            refuses(&other, &text);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_changed_character_anywhere_is_noticed() {
    let encryption = ContentEncryption::A128CbcHs256;
    for management in KeyManagement::ALL {
        let (keys, _) = keys(management, encryption);
        let decrypter = Decrypter::new(&keys[0], management, &[encryption]).unwrap();
        let text = encrypt(&keys[0], management, encryption);
        for index in 0..text.len() {
            for other in ["A", "B", "."] {
                let mut changed = text.clone();
                changed.replace_range(index..=index, other);
                if changed != text {
                    refuses(&decrypter, &changed);
                }
            }
        }
        let parts: Vec<&str> = text.split('.').collect();
        for index in 0..parts.len() {
            for other in [String::new(), format!("{}AAAA", parts[index]), format!("{}=", parts[index])] {
                let mut changed = parts.clone();
                changed[index] = &other;
                if changed != parts {
                    refuses(&decrypter, &changed.join("."));
                }
            }
        }
        refuses(&decrypter, &"A".repeat(100 * 1024));
        refuses(&decrypter, &format!("{text}."));
    }
}

#[test]
fn the_algorithms_are_never_those_of_the_text() {
    let (first, second) = (ContentEncryption::A128Gcm, ContentEncryption::A256CbcHs512);
    let key = symmetric(16, 1);
    let wrapped = encrypt(&key, KeyManagement::A128Kw, first);
    let gcm = encrypt(&key, KeyManagement::A128GcmKw, first);
    let direct = encrypt(&key, KeyManagement::Dir, first);
    for (management, accepted) in
        [(KeyManagement::A128Kw, &wrapped), (KeyManagement::A128GcmKw, &gcm), (KeyManagement::Dir, &direct)]
    {
        let decrypter = Decrypter::new(&key, management, &[first]).unwrap();
        for text in [&wrapped, &gcm, &direct] {
            assert_eq!(decrypter.decrypt(text, ROOM).is_ok(), text == accepted);
        }
    }
    let decrypter = Decrypter::new(&key, KeyManagement::A128Kw, &[second]).unwrap();
    refuses(&decrypter, &wrapped);
    let decrypter = Decrypter::new(&key, KeyManagement::A128Kw, &[second, first]).unwrap();
    assert!(decrypter.decrypt(&wrapped, ROOM).is_ok());
    for header in [r#"{"alg":"none","enc":"A128GCM"}"#, r#"{"alg":"A128KW"}"#, r#"{"enc":"A128GCM"}"#] {
        let rest = &wrapped[wrapped.find('.').unwrap()..];
        refuses(&decrypter, &format!("{}{rest}", compact::encode(header.as_bytes())));
    }
}

#[test]
fn keys_are_of_the_kind_and_length_that_the_way_needs() {
    let encryption = ContentEncryption::A256Gcm;
    let check = |key: &CryptoKey, management, expected: &str| {
        assert_eq!(complaint(Decrypter::new(key, management, &[encryption])), expected);
    };
    check(&symmetric(16, 1), KeyManagement::Dir, "`A256GCM` needs a key of 32 bytes, and this one has 16");
    check(&symmetric(32, 1), KeyManagement::A192Kw, "`A192KW` needs a key of 24 bytes, and this one has 32");
    check(
        &symmetric(32, 1),
        KeyManagement::A128GcmKw,
        "`A128GCMKW` needs a key of 16 bytes, and this one has 32",
    );
    check(&RSA, KeyManagement::A128Kw, "`A128KW` needs a symmetric key");
    check(&P256, KeyManagement::RsaOaep, "`RSA-OAEP` needs a private key of RSA of 2048 to 8192 bits");
    check(&symmetric(32, 1), KeyManagement::RsaOaep, "`RSA-OAEP` needs a private key of RSA");
    let curves = "`ECDH-ES` needs a private key of P-256, P-384 or P-521";
    check(&RSA, KeyManagement::EcdhEs, curves);
    check(&ED25519, KeyManagement::EcdhEs, curves);
    check(&symmetric(32, 1), KeyManagement::EcdhEs, curves);
    let [public, _] = public_forms(&RSA);
    check(&public, KeyManagement::RsaOaep, "the key may not or cannot decrypt by `RSA-OAEP`");
    let refused = complaint(Encrypter::new(&P256, KeyManagement::RsaOaep, encryption));
    assert_eq!(refused, "`RSA-OAEP` needs a public key of RSA of 2048 to 8192 bits");
    let refused = complaint(Encrypter::new(&RSA, KeyManagement::EcdhEs, encryption));
    assert_eq!(refused, "`ECDH-ES` needs a public key of P-256, P-384 or P-521");
}

#[test]
fn the_oldest_way_is_asked_for_on_purpose() {
    let refused = complaint("RSA1_5".parse::<KeyManagement>());
    assert!(refused.starts_with("`RSA1_5` is no way to encrypt keys that is offered; they are RSA-OAEP,"));
    let refused = complaint(Encrypter::new(&RSA, KeyManagement::Rsa15, ContentEncryption::A128Gcm));
    assert_eq!(refused, "`RSA1_5` only decrypts what old programs have made; encrypt with `RSA-OAEP-256`");
    for management in KeyManagement::ALL {
        assert_eq!(management.name().parse(), Ok(management));
        let (keys, _) = keys(management, ContentEncryption::A128Gcm);
        if let Ok(decrypter) = Decrypter::new(&keys[0], management, &[ContentEncryption::A128Gcm]) {
            refuses(&decrypter, &old(&[1; 16]));
        }
    }
}

/// A text as old programs make them, with this key for the content.
fn old(content_key: &[u8]) -> String {
    let half = PublicHalf::of(&RSA).unwrap().unwrap();
    let public = PublicEncryptingKey::from_der(&half.spki).unwrap();
    let public = Pkcs1PublicEncryptingKey::new(public).unwrap();
    let mut encrypted = vec![0; public.ciphertext_size()];
    public.encrypt(content_key, &mut encrypted).unwrap();
    let header = compact::encode(br#"{"alg":"RSA1_5","enc":"A128GCM"}"#);
    // A key of another length cannot have encrypted anything.
    let key = if content_key.len() == 16 { content_key } else { &[1; 16] };
    let key = ContentKey::new(ContentEncryption::A128Gcm, key).unwrap();
    compact::seal(&key, &header, &encrypted, CONTENT, false).unwrap()
}

/// A guess that is no key in the padding of PKCS#1 goes as far as one that is: to the tag.
#[test]
fn guesses_learn_nothing() {
    let decrypter = Decrypter::new(&RSA, KeyManagement::Rsa15, &[ContentEncryption::A128Gcm]).unwrap();
    assert_eq!(decrypter.decrypt(&old(&[1; 16]), ROOM).unwrap().as_slice(), CONTENT);
    for length in [0, 1, 15, 17, 32] {
        refuses(&decrypter, &old(&vec![1; length]));
    }
    let text = old(&[1; 16]);
    let parts: Vec<&str> = text.split('.').collect();
    for encrypted in ["", "AAAA", &compact::encode(&[0; 256]), &compact::encode(&[0xFF; 256])] {
        refuses(&decrypter, &[parts[0], encrypted, parts[2], parts[3], parts[4]].join("."));
    }
}
