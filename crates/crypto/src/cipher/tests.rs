//! What `javax.crypto` makes of the same keys and values, and what is refused.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::{Expect, expect};

/// Made with `javax.crypto.Cipher` (OpenJDK): name, key, value, what it encrypts to.
const BY_JAVA: &[(&str, &str, &str, &str)] = &[
    ("AES/ECB/PKCS5Padding", "AQgPFh0kKzI5QEdOVVxjag==", "", "yxIZzCZPRi8x9D5kRn9IzQ=="),
    ("AES/ECB/PKCS5Padding", "AQgPFh0kKzI5QEdOVVxjag==", "scarter", "rlltgFHl6Rzc4q2Ejzm0pA=="),
    (
        "AES/ECB/PKCS5Padding",
        "AQgPFh0kKzI5QEdOVVxjag==",
        "sixteen bytes ok",
        "PfTrdGxNSLq2RjzDsLYHKMsSGcwmT0YvMfQ+ZEZ/SM0=",
    ),
    (
        "AES/ECB/PKCS5Padding",
        "AQgPFh0kKzI5QEdOVVxjag==",
        "Grüße, 世界 and a longer text",
        "fWSZndYX+65pJPvkupNKlknHFeEVm+8nkuLdYmz7nUOsMEOAMIQNOgSOXRodCRMm",
    ),
    ("AES", "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui", "", "02Lsb8rUjzx0Q3Qcop/lyw=="),
    ("AES", "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui", "scarter", "nnZFIlzG7nIvi/3ekMYgGA=="),
    (
        "AES",
        "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui",
        "sixteen bytes ok",
        "evYpNVopH5gf7zp/K8YozdNi7G/K1I88dEN0HKKf5cs=",
    ),
    (
        "AES",
        "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui",
        "Grüße, 世界 and a longer text",
        "tkP/SdamH0B3RdlrIHEZMHkzCvO/vE3YDUYsffdl/iCJRfJ/KC8AZ7L5fZtMVrdB",
    ),
    ("AES/ECB/PKCS5Padding", "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=", "", "BNuI4+46UvSQM2ezIjGmQA=="),
    (
        "AES/ECB/PKCS5Padding",
        "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=",
        "scarter",
        "rdGslJHy4ZcDZgOmh0SWxA==",
    ),
    (
        "AES/ECB/PKCS5Padding",
        "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=",
        "sixteen bytes ok",
        "IGviXlEh7zD5HWXFNpU5GQTbiOPuOlL0kDNnsyIxpkA=",
    ),
    (
        "AES/ECB/PKCS5Padding",
        "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=",
        "Grüße, 世界 and a longer text",
        "mcief2tiNLvDu8URjmFb1Nr8C36IW+iNDEErmA7L8/0U1c8MWqvCmB0BhnH0G7l+",
    ),
    ("DES/ECB/PKCS5Padding", "AQgPFh0kKzI=", "", "Rz9sPtFBsjA="),
    ("DES/ECB/PKCS5Padding", "AQgPFh0kKzI=", "scarter", "pYHnIaFwr+M="),
    ("DES/ECB/PKCS5Padding", "AQgPFh0kKzI=", "sixteen bytes ok", "UGEzW1r/qILSOTup64oWBkc/bD7RQbIw"),
    (
        "DES/ECB/PKCS5Padding",
        "AQgPFh0kKzI=",
        "Grüße, 世界 and a longer text",
        "p6k6uFug2+YYzCtz1RPxZljyU9OFkUFy+y9/22brL+9yg+71UligKw==",
    ),
    ("DESede/ECB/PKCS5Padding", "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui", "", "vo+vV/VKKuo="),
    ("DESede/ECB/PKCS5Padding", "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui", "scarter", "wN78W0NmlvA="),
    (
        "DESede/ECB/PKCS5Padding",
        "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui",
        "sixteen bytes ok",
        "yUAj9qRf2UgjsdBjXgUCGb6Pr1f1Sirq",
    ),
    (
        "DESede/ECB/PKCS5Padding",
        "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJui",
        "Grüße, 世界 and a longer text",
        "daGjpd7I6AQTvVk+9uoNIS5Gs3oFmgXdlc/xJVU709c74sqJl0fO3Q==",
    ),
];

#[test]
fn java_and_this_cipher_read_one_another() {
    for (name, key, value, encrypted) in BY_JAVA {
        let key = Secret::from_base64(key.as_bytes()).unwrap();
        let cipher = Cipher::new(Transformation::parse(name).unwrap(), &key).unwrap();
        let text = STANDARD.encode(cipher.encrypt(value.as_bytes()).unwrap());
        assert_eq!(text, *encrypted, "{name} {value}");
        let decrypted = cipher.decrypt(&STANDARD.decode(encrypted).unwrap()).unwrap();
        assert_eq!(std::str::from_utf8(&decrypted).unwrap(), *value, "{name}");
    }
}

/// The nonce is another each time, so only the way back can be compared.
const SEALED_BY_JAVA: &[(&str, &str)] = &[
    ("AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=", "yMnKy8zNzs/Q0dLTVWwnZH4ovs3QI6bkGEBNnhh5nr6dEXA="),
    ("AQgPFh0kKzI5QEdOVVxjag==", "yMnKy8zNzs/Q0dLTRqTVTPAudD6CVK00y2kqjvSL2npxIMg="),
];

fn sealing(key: &str) -> Cipher {
    Cipher::new(Transformation::AesGcm, &Secret::from_base64(key.as_bytes()).unwrap()).unwrap()
}

#[test]
fn what_java_has_sealed_is_opened() {
    for (key, sealed) in SEALED_BY_JAVA {
        let opened = sealing(key).decrypt(&STANDARD.decode(sealed).unwrap()).unwrap();
        assert_eq!(opened.as_slice(), b"scarter");
    }
}

#[test]
fn equal_values_are_sealed_differently() {
    let cipher = sealing(SEALED_BY_JAVA[0].0);
    let (first, second) = (cipher.encrypt(b"value").unwrap(), cipher.encrypt(b"value").unwrap());
    assert_ne!(first, second);
    assert_eq!(first.len(), NONCE_LEN + 5 + 16);
    assert_eq!(cipher.decrypt(&first).unwrap(), cipher.decrypt(&second).unwrap());
}

#[test]
fn what_was_changed_is_rejected() {
    let cipher = sealing(SEALED_BY_JAVA[0].0);
    let sealed = cipher.encrypt(b"value").unwrap();
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert_eq!(cipher.decrypt(&changed), Err(CipherError::Rejected));
    }
    for length in 0..sealed.len() {
        assert_eq!(cipher.decrypt(&sealed[..length]), Err(CipherError::Rejected));
    }
}

#[test]
fn what_is_no_row_of_blocks_is_rejected() {
    let (name, key, ..) = BY_JAVA[0];
    let key = Secret::from_base64(key.as_bytes()).unwrap();
    let cipher = Cipher::new(Transformation::parse(name).unwrap(), &key).unwrap();
    for text in [&b""[..], b"short", &[0; 16], &[0; 17]] {
        assert_eq!(cipher.decrypt(text), Err(CipherError::Rejected));
    }
}

#[track_caller]
fn check(name: &str, key_length: usize, expected: Expect) {
    let cipher = Transformation::parse(name).and_then(|transformation| {
        let key: Vec<u8> = (1..).take(key_length).collect();
        Cipher::new(transformation, &Secret::generic(key)).map(|_| transformation)
    });
    let shown = cipher.map_or_else(|error| error.to_string(), |transformation| format!("{transformation:?}"));
    expected.assert_eq(&shown);
}

#[test]
fn names_are_those_of_java() {
    check("aes/ecb/pkcs5padding", 16, expect!["AesEcb"]);
    check("DESede", 24, expect!["TripleDesEcb"]);
    check("TripleDES/ECB/PKCS5Padding", 24, expect!["TripleDesEcb"]);
    check(
        "AES/CBC/PKCS5Padding",
        16,
        expect![
            "`AES/CBC/PKCS5Padding` needs a start value that is sent along, and there is no place for one; use `AES/GCM/NoPadding`"
        ],
    );
    check(
        "AES/ECB/NoPadding",
        16,
        expect![
            "`AES/ECB/NoPadding` is not offered; use `AES/GCM/NoPadding`, `AES/ECB/PKCS5Padding`, `DESede/ECB/PKCS5Padding` or `DES/ECB/PKCS5Padding`"
        ],
    );
    check(
        "Blowfish",
        16,
        expect![
            "`Blowfish` is not offered; use `AES/GCM/NoPadding`, `AES/ECB/PKCS5Padding`, `DESede/ECB/PKCS5Padding` or `DES/ECB/PKCS5Padding`"
        ],
    );
    check(
        "",
        16,
        expect![
            "`` is not offered; use `AES/GCM/NoPadding`, `AES/ECB/PKCS5Padding`, `DESede/ECB/PKCS5Padding` or `DES/ECB/PKCS5Padding`"
        ],
    );
}

#[test]
fn keys_have_the_length_of_their_cipher() {
    check("AES", 15, expect!["a key of AES has 16, 24 or 32 bytes, and this one has 15"]);
    check("AES/GCM/NoPadding", 24, expect!["a key of AES has 16 or 32 bytes, and this one has 24"]);
    check("DES", 7, expect!["a key of DES has 8 bytes, and this one has 7"]);
    check("DESede", 16, expect!["a key of DESede has 24 bytes, and this one has 16"]);
}
