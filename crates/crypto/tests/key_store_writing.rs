//! What is written is read again, entry by entry; what Java could not open is not written.

use std::time::{Duration, SystemTime};

use crypto::KeyMaterial;
use crypto::generate::{self, AlternativeName, Digest, KeyType, SelfSigned, SubjectPart};
use crypto::keystore::{EntryKind, KeyStore, NewEntry, write_pkcs12};
use expect_test::{Expect, expect};
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

fn made_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn generated(key: KeyType) -> KeyMaterial {
    let made = generate::self_signed(key, &wanted(&[])).expect("it can be made");
    KeyMaterial::Private { algorithm: "EC".to_owned(), pkcs8: made.pkcs8, chain: vec![made.certificate] }
}

fn wanted(names: &[AlternativeName]) -> SelfSigned<'_> {
    SelfSigned {
        subject: &[],
        names,
        not_before: made_at(),
        days: 30,
        digest: Digest::Sha256,
        is_authority: false,
    }
}

fn entry(alias: &str, key: KeyMaterial) -> NewEntry {
    NewEntry { alias: alias.to_owned(), created: made_at(), key }
}

fn secret(algorithm: &str, bytes: &[u8]) -> KeyMaterial {
    KeyMaterial::Symmetric { algorithm: algorithm.to_owned(), bytes: Zeroizing::new(bytes.to_vec()) }
}

fn check_refused(entries: &[NewEntry], password: &str, expected: Expect) {
    expected.assert_eq(&write_pkcs12(entries, password.as_bytes()).expect_err("it is refused").to_string());
}

#[test]
fn every_kind_of_entry_comes_back() {
    let key = generated(KeyType::P256);
    let KeyMaterial::Private { chain, pkcs8, .. } = key.clone() else { panic!("it is a private key") };
    let entries = [
        entry("Server", key),
        entry("second", generated(KeyType::Ed25519)),
        entry("root", KeyMaterial::Certificate { der: chain[0].clone() }),
        entry("hmac", secret("HmacSHA512", &[7; 64])),
        entry("aes", secret("AES", &[8; 32])),
        entry("imported", secret("PBEWithMD5AndDES", b"opensesame")),
    ];
    let bytes = write_pkcs12(&entries, b"pass word~").expect("it can be written");
    let store = KeyStore::open(&bytes, Some(b"pass word~")).expect("it can be read");
    assert_eq!(store.entries().len(), 6);
    assert!(store.loose_certificates().is_empty());
    let key =
        |alias: &str| store.get(alias).expect("it is there").key(Some(b"pass word~")).expect("it opens");
    let KeyMaterial::Private { chain: read, pkcs8: read_key, .. } = key("server").material().clone() else {
        panic!("it is a private key")
    };
    assert_eq!((read, read_key), (chain.clone(), pkcs8));
    assert_eq!(store.get("root").expect("it is there").kind, EntryKind::TrustedCertificate);
    assert_eq!(store.get("root").expect("it is there").chain(), chain);
    for (alias, algorithm, bytes) in [
        ("hmac", "HmacSHA512", &[7; 64][..]),
        ("aes", "AES", &[8; 32]),
        ("imported", "PBEWithMD5AndDES", b"opensesame"),
    ] {
        let KeyMaterial::Symmetric { algorithm: read, bytes: read_bytes } = key(alias).material().clone()
        else {
            panic!("it is a secret key")
        };
        assert_eq!((read.as_str(), read_bytes.as_slice()), (algorithm, bytes));
    }
    // No two have the same time, because it ties certificates to keys.
    let created: Vec<_> = store.entries().filter_map(|entry| entry.created).collect();
    assert_eq!(created.len(), 5);
    assert!(
        created
            .iter()
            .all(|at| at.duration_since(made_at()).expect("it is later") < Duration::from_millis(5))
    );
    assert_eq!(store.get("second").expect("it is there").chain().len(), 1);
}

#[test]
fn what_java_could_not_open_is_not_written() {
    let aes = |alias: &str| entry(alias, secret("AES", &[1; 16]));
    for password in ["pässword", "", "password\n"] {
        check_refused(
            &[],
            password,
            expect![
                "cannot be written: its password must be printable ASCII, and not empty, because Java opens no others"
            ],
        );
    }
    check_refused(
        &[aes("Key"), aes("kEY")],
        "changeit",
        expect!["has an entry `key` that cannot be written: there is another of this name"],
    );
    check_refused(
        &[aes("😀")],
        "changeit",
        expect![
            "has an entry `😀` that cannot be written: its name has characters that the format does not have"
        ],
    );
    check_refused(
        &[entry("fish", secret("Blowfish", &[1; 16]))],
        "changeit",
        expect![
            "has an entry `fish` that cannot be written: Java has no identifier for the algorithm of its key"
        ],
    );
    check_refused(
        &[entry("public", KeyMaterial::Public { spki: vec![0x30, 0] })],
        "changeit",
        expect!["has an entry `public` that cannot be written: it is a public key without a certificate"],
    );
    check_refused(
        &[entry("broken", KeyMaterial::Certificate { der: vec![0x30, 0] })],
        "changeit",
        expect!["has an entry `broken` that cannot be written: its certificate cannot be read"],
    );
}

#[test]
fn a_certificate_says_what_it_was_asked_to_say() {
    let names =
        [AlternativeName::Dns("*.example.com".to_owned()), AlternativeName::Ip([127, 0, 0, 1].into())];
    let subject =
        [(SubjectPart::Country, "FR".to_owned()), (SubjectPart::CommonName, "ig.example.com".to_owned())];
    let wanted = SelfSigned { subject: &subject, days: 365, ..wanted(&names) };
    let made = generate::self_signed(KeyType::Rsa2048, &wanted).expect("it can be made");
    let (_, read) = parse_x509_certificate(&made.certificate).expect("it is one");
    assert_eq!(read.subject().to_string(), "C=FR, CN=ig.example.com");
    assert_eq!(read.issuer(), read.subject());
    let validity = read.validity();
    assert_eq!(validity.not_before.timestamp(), 1_700_000_000);
    assert_eq!(validity.not_after.timestamp() - validity.not_before.timestamp(), 365 * 24 * 60 * 60);
    let names = read.subject_alternative_name().expect("it is readable").expect("it is there");
    expect![[r#"[DNSName("*.example.com"), IPAddress([127, 0, 0, 1])]"#]]
        .assert_eq(&format!("{:?}", names.value.general_names));
    assert!(!read.is_ca());

    let authority = SelfSigned { is_authority: true, digest: Digest::Sha512, ..wanted };
    let made = generate::self_signed(KeyType::Rsa2048, &authority).expect("it can be made");
    let (_, read) = parse_x509_certificate(&made.certificate).expect("it is one");
    assert!(read.is_ca());
    assert_eq!(read.signature_algorithm.algorithm.to_id_string(), "1.2.840.113549.1.1.13");
}

#[test]
fn a_subject_or_name_that_is_none_is_refused() {
    let refused = |subject: &[(SubjectPart, String)], names: &[AlternativeName]| {
        let wanted = SelfSigned { subject, ..wanted(names) };
        generate::self_signed(KeyType::P256, &wanted).err().expect("it is refused").to_string()
    };
    expect!["`France` is no country: two letters are needed"]
        .assert_eq(&refused(&[(SubjectPart::Country, "France".to_owned())], &[]));
    expect!["`ig example` is no host name in ASCII"]
        .assert_eq(&refused(&[], &[AlternativeName::Dns("ig example".to_owned())]));
    expect!["`bücher.example` is no host name in ASCII"]
        .assert_eq(&refused(&[], &[AlternativeName::Dns("bücher.example".to_owned())]));
}

#[test]
fn random_bytes_differ() {
    let random = || generate::random(32).expect("there are some");
    assert_eq!(random().len(), 32);
    assert_ne!(random(), random());
}
