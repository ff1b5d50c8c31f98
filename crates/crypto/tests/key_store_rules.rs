//! The rules of Java's key stores, one test each, and what is said about files that break them.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crypto::KeyMaterial;
use crypto::keystore::{BYTES_MAX, Entry, EntryKind, KeyStore, KeyStoreError, KeyStoreType};
use expect_test::{Expect, expect};

const PASSWORD: Option<&[u8]> = Some(b"changeit");

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keystores");
    fs::read(folder.join(name)).expect("the file is there")
}

fn open(name: &str) -> KeyStore {
    KeyStore::open(&file(name), PASSWORD).unwrap_or_else(|error| panic!("{name} {error}"))
}

/// A line of `other/protected.txt`.
fn protected(name: &str) -> Vec<u8> {
    let text = String::from_utf8(file("other/protected.txt")).expect("it is text");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    BASE64_STANDARD.decode(line.expect("the line is there")).expect("it is base64")
}

fn check_error(bytes: &[u8], password: Option<&[u8]>, expected: Expect) {
    expected.assert_eq(&KeyStore::open(bytes, password).expect_err("it cannot be read").to_string());
}

fn aliases(store: &KeyStore) -> Vec<&str> {
    store.entries().map(|entry| entry.alias.as_str()).collect()
}

// What files are made of, for those that no program makes.

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).expect("a short one").to_be_bytes();
    [&[tag, 0x82], length.as_slice(), &content].concat()
}

fn oid(text: &str) -> Vec<u8> {
    der::Encode::to_der(&der::asn1::ObjectIdentifier::new(text).expect("a good one")).expect("a short one")
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, parts)
}

fn number(number: u32) -> Vec<u8> {
    der(2, &[&[0], &number.to_be_bytes()])
}

fn octets(content: &[u8]) -> Vec<u8> {
    der(4, &[content])
}

const DATA: &str = "1.2.840.113549.1.7.1";
const SHROUDED: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE: &str = "1.2.840.113549.1.12.10.1.3";
const FRIENDLY_NAME: &str = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID: &str = "1.2.840.113549.1.9.21";
const TRUSTED: &str = "2.16.840.1.113894.746875.1.1";

fn attribute(id: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(id), &der(0x31, &[value])])
}

fn name(name: &str) -> Vec<u8> {
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(FRIENDLY_NAME, &der(0x1E, &[&units]))
}

fn id(id: &str) -> Vec<u8> {
    attribute(LOCAL_KEY_ID, &octets(id.as_bytes()))
}

fn trusted() -> Vec<u8> {
    attribute(TRUSTED, &oid("2.5.29.37.0"))
}

fn bag(kind: &str, value: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[&oid(kind), &der(0xA0, &[value]), &der(0x31, &[&attributes.concat()])])
}

fn certificate_bag(certificate: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let value = sequence(&[&oid("1.2.840.113549.1.9.22.1"), &der(0xA0, &[&octets(certificate)])]);
    bag(CERTIFICATE, &value, attributes)
}

fn key_bag(attributes: &[Vec<u8>]) -> Vec<u8> {
    bag(SHROUDED, &protected("AES-256/SHA256"), attributes)
}

/// A file of these bags, without encryption, and with what is to check it.
fn store_with(bags: &[Vec<u8>], mac: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let data = |content: &[u8]| sequence(&[&oid(DATA), &der(0xA0, &[&octets(content)])]);
    let parts = sequence(&[&data(&sequence(&[&bags.concat()]))]);
    sequence(&[&number(3), &data(&parts), &mac(&parts)])
}

fn store(bags: &[Vec<u8>]) -> KeyStore {
    KeyStore::open(&store_with(bags, |_| Vec::new()), None).expect("it is one")
}

/// A chain of three from a file: the leaf, who signed it, and the root.
fn chain() -> Vec<Vec<u8>> {
    open("multi-java17.p12").get("exact-chain").expect("it is there").chain().to_vec()
}

#[test]
fn the_type_is_what_the_first_bytes_say() {
    assert_eq!(open("key-java17.p12").kind(), KeyStoreType::Pkcs12);
    assert_eq!(open("key-trust.jks").kind(), KeyStoreType::Jks);
    assert_eq!(open("secret.jceks").kind(), KeyStoreType::Jceks);
    assert_eq!(
        [KeyStoreType::Pkcs12, KeyStoreType::Jks, KeyStoreType::Jceks].map(|kind| kind.to_string()),
        ["PKCS12", "JKS", "JCEKS"]
    );
}

#[test]
fn other_files_are_said_to_be_what_they_are() {
    check_error(b"", None, expect!["is no key store of type PKCS12, JKS or JCEKS, but an empty file"]);
    check_error(
        b"Bag Attributes\n-----BEGIN CERTIFICATE-----\n",
        None,
        expect!["is no key store of type PKCS12, JKS or JCEKS, but PEM text"],
    );
    check_error(
        &[0xFE, 0xED],
        None,
        expect!["is no key store of type PKCS12, JKS or JCEKS, but something else"],
    );
    check_error(
        &chain()[0],
        None,
        expect![
            "is no key store of type PKCS12, JKS or JCEKS, but another structure, such as a certificate or a key"
        ],
    );
    check_error(
        &protected("plain"),
        None,
        expect![
            "is no key store of type PKCS12, JKS or JCEKS, but another structure, such as a certificate or a key"
        ],
    );
    check_error(
        &vec![0x30; BYTES_MAX + 1],
        None,
        expect!["has 16777217 bytes, more than the 16777216 allowed"],
    );
}

#[test]
fn aliases_have_no_case() {
    let store = open("trust-java17.p12");
    assert_eq!(aliases(&store), ["spike-root", "spike issuing"]);
    assert!(store.get("SPIKE Issuing").is_some_and(|entry| entry.kind == EntryKind::TrustedCertificate));
    assert!(store.get("spike-roo").is_none());
    let german = open("multi-java17.p12");
    assert!(german.get("SCHLÜSSEL").is_some_and(|entry| entry.kind == EntryKind::PrivateKey));
}

#[test]
fn of_two_aliases_that_differ_in_case_the_later_takes_the_place_of_the_first() {
    let chain = chain();
    let trusted = |index: usize, alias: &str| certificate_bag(&chain[index], &[name(alias), trusted()]);
    let store = store(&[trusted(0, "Root"), trusted(1, "other"), trusted(2, "ROOT")]);
    assert_eq!(aliases(&store), ["root", "other"]);
    assert_eq!(store.get("root").expect("it is there").chain(), &chain[2..]);
}

#[test]
fn what_has_no_name_is_numbered() {
    let certificate = certificate_bag(&chain()[2], &[trusted()]);
    assert_eq!(aliases(&store(&[certificate, key_bag(&[]), key_bag(&[])])), ["1", "2", "3"]);
}

#[test]
fn a_certificate_is_trusted_only_with_the_attribute_of_java() {
    let store = open("openssl-nokeys-trust.p12");
    assert_eq!(aliases(&store), [""; 0]);
    let [loose] = store.loose_certificates() else { panic!("there is one certificate") };
    assert_eq!(loose.alias, "spike-root");
    let root = open("trust-java17.p12").get("spike-root").expect("it is there").chain()[0].clone();
    assert_eq!(loose.der, root);
}

#[test]
fn loose_certificates_have_the_names_of_the_file_each_once() {
    let chain = chain();
    let stranger = protected_certificate();
    let store = store(&[
        certificate_bag(&stranger, &[name("Partner")]),
        certificate_bag(&stranger, &[name("partner")]),
        certificate_bag(&stranger, &[]),
        certificate_bag(&chain[1], &[name("in the chain")]),
        certificate_bag(&chain[0], &[name("key"), id("1")]),
        key_bag(&[name("key"), id("1")]),
    ]);
    let loose: Vec<&str> = store.loose_certificates().iter().map(|loose| loose.alias.as_str()).collect();
    assert_eq!(loose, ["partner", "partner-2", "cn=checked"]);
    assert_eq!(store.get("key").expect("it is there").chain(), &chain[..2]);
}

fn protected_certificate() -> Vec<u8> {
    KeyStore::open(&protected("MAC-sha256"), PASSWORD).expect("it opens").loose_certificates()[0].der.clone()
}

#[test]
fn unencrypted_keys_are_ignored_and_counted() {
    let store = open("openssl-plain.p12");
    assert_eq!((aliases(&store).len(), store.unencrypted_keys()), (0, 1));
}

#[test]
fn a_chain_begins_with_the_identifier_of_the_key_and_goes_on_with_trusted_certificates_too() {
    let chain = chain();
    let certificates = [
        certificate_bag(&chain[2], &[name("root"), trusted()]),
        certificate_bag(&chain[1], &[]),
        certificate_bag(&chain[0], &[id("same")]),
    ];
    let of = |key: Vec<u8>| {
        let store = store(&[certificates.as_slice(), &[key]].concat());
        store.get("key").expect("it is there").chain().to_vec()
    };
    assert_eq!(of(key_bag(&[name("key"), id("same")])), chain);
    assert_eq!(of(key_bag(&[name("key"), id("other")])), Vec::<Vec<u8>>::new());
    // A single key without an identifier goes with the first certificate without one.
    assert_eq!(of(key_bag(&[name("key")])), &chain[1..]);
}

#[test]
fn of_several_keys_one_without_identifier_has_no_chain() {
    let certificate = certificate_bag(&chain()[2], &[]);
    let store = store(&[key_bag(&[name("a")]), certificate, key_bag(&[name("b")])]);
    assert!(store.entries().all(|entry| entry.chain().is_empty()));
    assert_eq!(store.loose_certificates().len(), 1);
}

#[test]
fn of_two_certificates_of_one_identifier_the_one_of_the_same_name_counts() {
    let chain = chain();
    let store = store(&[
        certificate_bag(&chain[2], &[name("other"), id("1")]),
        certificate_bag(&chain[1], &[name("KEY"), id("1")]),
        key_bag(&[name("key"), id("1")]),
    ]);
    assert_eq!(store.get("key").expect("it is there").chain()[0], chain[1]);
}

#[test]
fn the_date_of_an_entry_stands_in_its_identifier() {
    let store = store(&[
        key_bag(&[name("dated"), id("Time 1700000000123")]),
        key_bag(&[name("other"), id("\u{1}\u{2}")]),
        key_bag(&[name("huge"), id("Time 99999999999999999999999")]),
    ]);
    let created = |alias: &str| store.get(alias).expect("it is there").created;
    assert_eq!(created("dated"), Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)));
    assert_eq!((created("other"), created("huge")), (None, None));
    let jks = open("key-trust.jks");
    let made_at = jks.entries().map(|entry| entry.created.expect("each has a date"));
    assert!(made_at.into_iter().all(|at| at > SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)));
}

#[test]
fn an_encrypted_store_without_a_password_is_an_error() {
    check_error(&file("trust-java17.p12"), None, expect!["is encrypted, and no password is given"]);
    check_error(&file("key-javalegacy.p12"), None, expect!["is encrypted, and no password is given"]);
}

#[test]
fn what_is_not_encrypted_needs_no_password() {
    let read = |name: &str| KeyStore::open(&file(name), None).expect("it is readable");
    assert_eq!(aliases(&read("trust-nopass-java17.p12")), ["spike-root"]);
    let store = read("key-trust.jks");
    assert!(store.get("spike-root").expect("it is there").key(None).is_ok());
    let key = store.get("https-connector-key").expect("it is there");
    assert_eq!(key.chain().len(), 1);
    expect!["has an entry `https-connector-key` that is encrypted, and no password is given"]
        .assert_eq(&key.key(None).expect_err("it is encrypted").to_string());
}

#[test]
fn a_wrong_password_opens_no_store() {
    for name in ["key-java17.p12", "key-javalegacy.p12", "openssl-3des.p12", "key-trust.jks", "secret.jceks"]
    {
        for password in [&b"changeIt"[..], b"", b"changeit\n"] {
            let opened = KeyStore::open(&file(name), Some(password)).map(|store| store.entries().len());
            assert_eq!(opened, Err(KeyStoreError::WrongPassword), "{name}");
        }
    }
    check_error(
        &file("key-trust.jks"),
        Some(b"\xFF\xFE"),
        expect!["has a password of text, and the one given is not UTF-8"],
    );
}

#[test]
fn a_wrong_entry_password_concerns_that_entry_only() {
    for (name, alias, own) in [
        ("mixed-otherpass.p12", "aes-key", "entrypass"),
        ("mixed-otherpass.p12", "https-connector-key", "entrypass"),
        ("key-otherpass.jks", "https-connector-key", "entrypass"),
        ("secret.jceks", "aes-key", "entrypass"),
        ("secret.jceks", "https-connector-key", "changeit"),
        ("secret.jceks", "symmetric-key", "changeit"),
    ] {
        let store = open(name);
        let entry = store.get(alias).expect("it is there");
        assert!(entry.key(Some(own.as_bytes())).is_ok(), "{name}: {alias}");
        let error = entry.key(Some(b"wrong")).expect_err("it is wrong").to_string();
        let expected = "that does not open with this password, or has been changed";
        assert_eq!(error, format!("has an entry `{alias}` {expected}"), "{name}");
    }
}

#[test]
fn a_wrong_password_shows_even_when_the_padding_is_right_by_chance() {
    for protection in ["PBE-RC2-40", "AES-128/SHA256"] {
        let store = store(&[bag(SHROUDED, &protected(protection), &[name("key")])]);
        let entry = store.get("key").expect("it is there");
        // Of so many, one or two leave a padding that looks right.
        for number in 0..400 {
            let error = entry.key(Some(format!("wrong {number}").as_bytes())).expect_err("it is wrong");
            let KeyStoreError::Entry { reason, .. } = error else { panic!("{error}") };
            assert_eq!(*reason, KeyStoreError::WrongPassword, "{protection}: {number}");
        }
    }
}

#[test]
fn every_protection_of_a_key_opens() {
    let text = String::from_utf8(file("other/protected.txt")).expect("it is text");
    let names: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| name.starts_with(['A', '3', 'P'])).collect();
    assert_eq!(names.len(), 12);
    for protection in names {
        let store = store(&[bag(SHROUDED, &protected(protection), &[name("key")])]);
        let entry = store.get("key").expect("it is there");
        let key = entry.key(PASSWORD).unwrap_or_else(|error| panic!("{protection} {error}"));
        let KeyMaterial::Private { algorithm, pkcs8, .. } = key.material() else { panic!("{key:?}") };
        assert_eq!((algorithm.as_str(), pkcs8.to_vec()), ("Ed25519", protected("plain")), "{protection}");
        assert!(entry.key(Some(b"wrong")).is_err(), "{protection}");
    }
}

#[test]
fn every_check_of_integrity_holds() {
    for check in ["MAC-sha1", "MAC-sha224", "MAC-sha256", "MAC-sha384", "MAC-sha512"] {
        let bytes = protected(check);
        let opened = KeyStore::open(&bytes, PASSWORD).unwrap_or_else(|error| panic!("{check} {error}"));
        assert_eq!(opened.loose_certificates().len(), 1);
        check_error(
            &bytes,
            Some(b"changeIt"),
            expect!["does not open with this password, or has been changed"],
        );
    }
    let empty = KeyStore::open(&protected("MAC-empty"), Some(b"")).expect("the password is empty");
    assert_eq!(empty.loose_certificates().len(), 1);
}

#[test]
fn the_check_of_rfc_9579_holds() {
    let bags = [certificate_bag(&chain()[2], &[name("root"), trusted()])];
    let sha256 = oid("1.2.840.113549.2.9");
    let prf = sequence(&[&sha256]);
    let mac = |content: &[u8], rounds: u32, length: u32| {
        let derivation = sequence(&[
            &oid("1.2.840.113549.1.5.12"),
            &sequence(&[&octets(b"salt"), &number(rounds), &number(length), &prf]),
        ]);
        let algorithm = sequence(&[&oid("1.2.840.113549.1.5.14"), &sequence(&[&derivation, &prf])]);
        let mut key = vec![0; length as usize];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            7.try_into().expect("it is not 0"),
            b"salt",
            b"changeit",
            &mut key,
        );
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), content);
        sequence(&[&sequence(&[&algorithm, &octets(tag.as_ref())]), &octets(b"NOT USED"), &number(1)])
    };
    let right = store_with(&bags, |content| mac(content, 7, 20));
    assert_eq!(aliases(&KeyStore::open(&right, PASSWORD).expect("it is right")), ["root"]);
    let wrong = store_with(&bags, |content| mac(content, 8, 20));
    check_error(&wrong, PASSWORD, expect!["does not open with this password, or has been changed"]);
    // Anybody could try all keys of a byte.
    let short = store_with(&bags, |content| mac(content, 7, 1));
    check_error(&short, PASSWORD, expect!["is damaged: the check of its integrity cannot be read"]);
}

#[test]
fn more_rounds_than_java_takes_are_refused() {
    let mac = |rounds: u32| {
        store_with(&[], |_| {
            let digest = sequence(&[&sequence(&[&oid("2.16.840.1.101.3.4.2.1")]), &octets(&[0; 32])]);
            sequence(&[&digest, &octets(b"salt"), &number(rounds)])
        })
    };
    check_error(
        &mac(5_000_001),
        PASSWORD,
        expect!["has 5000001 rounds of key derivation, more than the 5000000 allowed"],
    );
    check_error(&mac(0), PASSWORD, expect!["is damaged: the parameters of an encryption cannot be read"]);
    let key = |rounds: u32| {
        let parameters = sequence(&[&octets(b"saltsalt"), &number(rounds)]);
        let info = sequence(&[&sequence(&[&oid("1.2.840.113549.1.12.1.3"), &parameters]), &octets(&[0; 16])]);
        let error = store(&[bag(SHROUDED, &info, &[name("key")])]);
        error.get("key").expect("it is there").key(PASSWORD).expect_err("it is refused").to_string()
    };
    expect!["has an entry `key` that has 4294967295 rounds of key derivation, more than the 5000000 allowed"]
        .assert_eq(&key(u32::MAX));
}

#[test]
fn what_is_not_supported_is_named() {
    let key = |algorithm: &str| {
        let info = sequence(&[&sequence(&[&oid(algorithm), &sequence(&[])]), &octets(&[0; 16])]);
        let store = store(&[bag(SHROUDED, &info, &[name("key")])]);
        store.get("key").expect("it is there").key(PASSWORD).expect_err("it is refused").to_string()
    };
    expect!["has an entry `key` that uses the encryption 1.2.840.113549.1.12.1.1, which is not supported"]
        .assert_eq(&key("1.2.840.113549.1.12.1.1"));
    let signed = sequence(&[&number(3), &sequence(&[&oid("1.2.840.113549.1.7.2"), &der(0xA0, &[])])]);
    check_error(&signed, None, expect!["uses the protection 1.2.840.113549.1.7.2, which is not supported"]);
    let digest = store_with(&[], |_| {
        let digest = sequence(&[&sequence(&[&oid("1.2.840.113549.2.5")]), &octets(&[0; 16])]);
        sequence(&[&digest, &octets(b"salt")])
    });
    check_error(&digest, PASSWORD, expect!["uses the digest 1.2.840.113549.2.5, which is not supported"]);
    let secret = sequence(&[&oid("1.2.3"), &der(0xA0, &[&octets(b"open")])]);
    let secret = store_with(&[bag("1.2.840.113549.1.12.10.1.5", &secret, &[])], |_| Vec::new());
    check_error(&secret, None, expect!["uses a type of secret, 1.2.3, which is not supported"]);
}

/// Makes BER of DER: no length is known in advance, strings come in pieces.
fn indefinite(der: &[u8], depth: usize) -> Vec<u8> {
    let mut rest = der;
    let mut ber = Vec::new();
    while let [tag, first, after @ ..] = rest {
        let bytes = usize::from(first & 0x7F) * usize::from(*first > 0x7F);
        let length = match bytes {
            0 => usize::from(*first),
            _ => after[..bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        let (content, next) = after[bytes..].split_at(length);
        match tag {
            4 => {
                // The string that holds the parts holds BER of its own.
                let content = if depth == 3 && content.starts_with(&[0x30]) {
                    indefinite(content, 0)
                } else {
                    content.to_vec()
                };
                ber.extend([0x24, 0x80]);
                content.chunks(100).for_each(|piece| ber.extend(octets(piece)));
                ber.extend([0, 0]);
            }
            0x80 => {
                ber.extend([0xA0, 0x80]);
                content.chunks(64).for_each(|piece| ber.extend(octets(piece)));
                ber.extend([0, 0]);
            }
            tag if tag & 0x20 != 0 => {
                ber.extend([*tag, 0x80]);
                ber.extend(indefinite(content, depth + 1));
                ber.extend([0, 0]);
            }
            _ => ber.extend_from_slice(&rest[..rest.len() - next.len()]),
        }
        rest = next;
    }
    ber
}

#[test]
fn lengths_need_not_be_known_in_advance() {
    let lines = |store: &KeyStore| {
        let key =
            |entry: &Entry| format!("{entry:?} {:?}", entry.key(PASSWORD).map(|key| format!("{key:?}")));
        store.entries().map(key).collect::<Vec<_>>()
    };
    let name = "openssl-nomac.p12";
    let ber = indefinite(&file(name), 0);
    assert!(ber.starts_with(&[0x30, 0x80]));
    let store = KeyStore::open(&ber, PASSWORD).expect("it is the same");
    assert_eq!(lines(&store), lines(&open(name)));
    assert_eq!(lines(&store).len(), 1);
}

#[test]
fn a_changed_byte_is_noticed() {
    for name in ["hmac-java17.p12", "key-trust.jks", "secret.jceks", "other/unicode.jks"] {
        let password = if name.starts_with("other") { "pässwörd€" } else { "changeit" };
        let whole = file(name);
        let original = KeyStore::open(&whole, Some(password.as_bytes())).expect("it is whole");
        let step = if whole.len() > 1000 { 7 } else { 1 };
        for index in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[index] ^= 0x41;
            // Parameters of a digest that has none are the only bytes that mean nothing.
            if let Ok(store) = KeyStore::open(&changed, Some(password.as_bytes())) {
                assert_eq!(aliases(&store), aliases(&original), "{name}: byte {index}");
                assert!(name.ends_with(".p12"), "{name}: byte {index}");
            }
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_refused_at_every_length() {
    for name in ["hmac-java17.p12", "trust-nopass-java17.p12", "key-trust.jks", "secret.jceks"] {
        let whole = file(name);
        for length in 0..whole.len() {
            let error = KeyStore::open(&whole[..length], PASSWORD).expect_err("something is missing");
            if length >= 4 {
                assert!(matches!(error, KeyStoreError::Truncated { .. }), "{name}, {length} bytes: {error}");
            }
        }
    }
}

#[test]
fn counts_that_a_file_only_claims_cost_nothing() {
    let jks = |rest: &[u8]| [&b"\xFE\xED\xFE\xED\0\0\0\x02"[..], rest].concat();
    check_error(
        &jks(b"\xFF\xFF\xFF\xFF"),
        None,
        expect!["has 4294967295 entries, more than the 10000 allowed"],
    );
    let key = b"\0\0\0\x01\0\0\0\x01\0\x01k\0\0\0\0\0\0\0\0\0\0\0\0";
    check_error(
        &jks(&[key.as_slice(), b"\xFF\xFF\xFF\xFF"].concat()),
        None,
        expect!["has 4294967295 certificates in a chain, more than the 100 allowed"],
    );
    let long = b"\0\0\0\x01\0\0\0\x01\0\x01k\0\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF";
    check_error(&jks(long), None, expect!["is cut off: it ends within a private key"]);
    check_error(b"\xFE\xED\xFE\xED\0\0\0\x09", None, expect!["uses version 9, which is not supported"]);
    check_error(
        &jks(b"\0\0\0\x01\0\0\0\x03\0\x01k\0\0\0\0\0\0\0\0"),
        None,
        expect!["uses a kind of entry, 3, which is not supported"],
    );
}

#[test]
fn objects_of_other_classes_are_refused() {
    let jceks = |class: &str| {
        let length = u16::try_from(class.len()).expect("a short one").to_be_bytes();
        let head =
            b"\xCE\xCE\xCE\xCE\0\0\0\x02\0\0\0\x01\0\0\0\x03\0\x01k\0\0\0\0\0\0\0\0\xAC\xED\0\x05\x73\x72";
        [head.as_slice(), &length, class.as_bytes(), &[0; 12]].concat()
    };
    check_error(
        &jceks("org.apache.commons.collections.Transformer"),
        None,
        expect!["uses an object of class org.apache.commons.collections.Transformer, which is not supported"],
    );
    check_error(
        &jceks("javax.crypto.SealedObject"),
        None,
        expect!["is damaged: a serialised object cannot be read"],
    );
}

#[test]
fn a_jks_password_and_alias_may_be_any_text() {
    let store = KeyStore::open(&file("other/unicode.jks"), Some("pässwörd€".as_bytes())).expect("it opens");
    assert_eq!(aliases(&store), ["😀 key"]);
    let key = store.get("😀 KEY").expect("it is there").key(Some("pässwörd€".as_bytes())).expect("it opens");
    expect!["[EC private key, 1 certificates: 😀 key]"].assert_eq(&format!("{key:?}"));
}

#[test]
fn imported_passwords_and_other_secret_keys_are_read_from_either_type() {
    for name in ["other/imported.jceks", "other/imported.p12"] {
        let store = open(name);
        let secret = |alias: &str| match store
            .get(alias)
            .expect("it is there")
            .key(PASSWORD)
            .expect("it opens")
            .material()
        {
            KeyMaterial::Symmetric { algorithm, bytes } => (algorithm.clone(), bytes.to_vec()),
            _ => panic!("{name}: {alias} is no secret key"),
        };
        assert_eq!(secret("imported"), ("PBEWithMD5AndDES".to_owned(), b"opensesame".to_vec()));
        let (algorithm, bytes) = secret("triple");
        assert_eq!((algorithm.as_str(), bytes.len()), ("DESede", 24));
    }
}

#[test]
fn nothing_prints_a_secret() {
    let store = open("mixed-java17.p12");
    let text = format!("{store:?}");
    assert!(text.contains("[SecretKey: aes-key, 0 certificates]"), "{text}");
    assert!(text.len() < 1200, "{text}");
}
