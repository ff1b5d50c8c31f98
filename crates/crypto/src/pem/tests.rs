//! What `openssl` writes is read, and what is wrong is said with its line. `tests/pem/README.md` tells how the
//! files were made.

use super::*;
use expect_test::{Expect, expect};

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/pem/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The secrets of a text; the password of encrypted fixtures is `changeit`.
fn shown(text: &[u8], password: Option<&str>) -> String {
    match secrets_from_pem(text, password.map(str::as_bytes)) {
        Ok(secrets) => {
            let text = |secret: &Secret| match secret.key() {
                Some(key) => format!("{key:?}"),
                None => String::from_utf8_lossy(secret.bytes().unwrap()).into_owned(),
            };
            secrets.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&shown(text.as_bytes(), None));
}

#[track_caller]
fn check_encrypted(name: &str, password: Option<&str>, expected: Expect) {
    expected.assert_eq(&shown(fixture(name).as_bytes(), password));
}

fn joined(names: &[&str]) -> String {
    names.iter().map(|name| fixture(name)).collect()
}

fn block(label: &str, content: &str) -> String {
    format!("-----BEGIN {label}-----\n{content}\n-----END {label}-----\n")
}

#[test]
fn every_format_of_private_keys_is_the_same_key() {
    let material = |name: &str| {
        let secrets = secrets_from_pem(fixture(name).as_bytes(), Some(b"changeit")).unwrap();
        let KeyMaterial::Private { pkcs8, .. } = secrets[0].key().unwrap().material() else {
            panic!("{name}")
        };
        PrivateKey::from_pkcs8(pkcs8.clone()).unwrap().spki
    };
    for name in ["ec-with-params", "ec-pkcs8", "ec-aes-128-cbc", "ec-aes-192-cbc", "ec-aes-256-cbc"] {
        assert_eq!(material(name), material("ec-sec1"), "{name}");
    }
    for name in ["ec-des-ede3-cbc", "ec-pbes2", "ec-scrypt", "ec-3des", "bag"] {
        assert_eq!(material(name), material("ec-sec1"), "{name}");
    }
    let Content::PublicKey(spki) = read(fixture("ec-public").as_bytes(), None).unwrap().remove(0).content
    else {
        panic!("a public key")
    };
    assert_eq!(spki, material("ec-sec1"));
    let public = |name: &str| match read(fixture(name).as_bytes(), None).unwrap().remove(0).content {
        Content::PublicKey(spki) => spki,
        _ => panic!("{name}"),
    };
    assert_eq!(public("rsa-public"), material("rsa-pkcs1"));
    assert_eq!(public("rsa-public-pkcs1"), material("rsa-pkcs1"));
}

#[test]
fn keys_by_their_algorithm() {
    check(&fixture("rsa-pkcs1"), expect!["[RSA private key, 0 certificates]"]);
    check(&fixture("ec-sec1"), expect!["[EC private key, 0 certificates]"]);
    check(&fixture("ed25519"), expect!["[Ed25519 private key, 0 certificates]"]);
    check(&fixture("rsa-public"), expect!["[public key]"]);
    check(&fixture("leaf"), expect!["[certificate]"]);
    check(&block("HMAC SECRET KEY", "AAECAw=="), expect!["[Hmac key]"]);
    check(&block("AES SECRET KEY", "AAECAwQFBgcICQoLDA0ODw"), expect!["[AES key]"]);
    check(&block("GENERIC SECRET", "b3BlbiBzZXNhbWU="), expect!["open sesame"]);
}

#[test]
fn a_key_with_its_chain_in_any_order() {
    for names in
        [["ec-sec1", "leaf", "ica", "ca"], ["ca", "ica", "leaf", "ec-sec1"], ["ica", "ec-sec1", "ca", "leaf"]]
    {
        let secrets = secrets_from_pem(joined(&names).as_bytes(), None).unwrap();
        let KeyMaterial::Private { chain, .. } = secrets[0].key().unwrap().material() else {
            panic!("{names:?}")
        };
        let subjects =
            chain.iter().map(|der| X509Certificate::from_der(der).unwrap().1.subject().to_string());
        assert_eq!(
            subjects.collect::<Vec<_>>(),
            ["CN=leaf.example.com", "CN=Test Intermediate", "CN=Test Root"],
            "{names:?}"
        );
    }
}

#[test]
fn certificates_that_do_not_belong_to_the_chain_are_left_out() {
    check(&joined(&["ec-sec1", "leaf", "ca"]), expect!["[EC private key, 1 certificates]"]);
    check(
        &joined(&["ec-sec1", "ica", "ca"]),
        expect!["line 1: none of the certificates belongs to the private key"],
    );
    check(
        &joined(&["rsa-pkcs1", "leaf"]),
        expect!["line 1: none of the certificates belongs to the private key"],
    );
}

#[test]
fn several_certificates_are_several_secrets() {
    check(&joined(&["leaf", "ica", "rsa-public"]), expect!["[certificate], [certificate], [public key]"]);
}

#[test]
fn what_does_not_go_together() {
    check(
        &joined(&["ec-sec1", "ed25519"]),
        expect!["line 6: a second private key; the first one is in line 1"],
    );
    check(
        &joined(&["ec-sec1", "rsa-public"]),
        expect!["line 6: the public key does not belong to the private key"],
    );
    check(&joined(&["ec-sec1", "ec-public"]), expect!["[EC private key, 0 certificates]"]);
    check(
        &(fixture("leaf") + &block("GENERIC SECRET", "AAAA")),
        expect!["line 12: a symmetric key among private keys and certificates; it needs a file of its own"],
    );
    check(
        &(block("GENERIC SECRET", "Zmlyc3Q") + &block("GENERIC SECRET", "c2Vjb25k")),
        expect!["first, second"],
    );
    check(
        "",
        expect![
            "line 1: there is no block of a key or certificate in it; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are understood"
        ],
    );
    check(
        "open sesame\n",
        expect![
            "line 1: there is no block of a key or certificate in it; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are understood"
        ],
    );
}

#[test]
fn encrypted_keys_need_their_password() {
    check_encrypted("ec-pbes2", Some("changeit"), expect!["[EC private key, 0 certificates]"]);
    check_encrypted(
        "ec-pbes2",
        Some("other"),
        expect!["line 1: it does not open with this password, or has been changed"],
    );
    check_encrypted(
        "ec-pbes2",
        None,
        expect!["line 1: the private key is encrypted, and there is no password for it"],
    );
    check_encrypted("ec-aes-256-cbc", Some("changeit"), expect!["[EC private key, 0 certificates]"]);
    check_encrypted("ec-aes-256-cbc", Some("other"), expect!["line 1: it does not open with this password"]);
    check_encrypted(
        "ec-aes-256-cbc",
        None,
        expect!["line 1: the private key is encrypted, and there is no password for it"],
    );
    check_encrypted("ec-pbes1", Some("changeit"), expect!["[EC private key, 0 certificates]"]);
    check_encrypted(
        "ec-costly",
        Some("changeit"),
        expect!["line 1: it has 5000001 rounds of key derivation, more than the 5000000 allowed"],
    );
}

#[test]
fn headers_of_encryption_are_checked() {
    let encrypted = fixture("ec-aes-256-cbc");
    let info = encrypted.lines().find(|line| line.starts_with("DEK-Info")).unwrap();
    for (changed, expected) in [
        (
            "DEK-Info: AES-256-CBC,00",
            expect!["line 1: the start value in its `DEK-Info` has the wrong length"],
        ),
        (
            "DEK-Info: AES-256-CBC,0000000000000000",
            expect!["line 1: the start value in its `DEK-Info` has the wrong length"],
        ),
        (
            "DEK-Info: DES-EDE3-CBC,00000000000000000000000000000000",
            expect!["line 1: the start value in its `DEK-Info` has the wrong length"],
        ),
        (
            "DEK-Info: DES-CBC,0000000000000000",
            expect!["line 1: it is encrypted with `DES-CBC`, which is not offered; AES and DES-EDE3-CBC are"],
        ),
        ("DEK-Info: AES-256-CBC", expect!["line 1: its `DEK-Info` is not understood"]),
        ("DEK-Info: AES-256-CBC,x", expect!["line 1: its `DEK-Info` is not understood"]),
        ("Comment: none", expect!["line 1: it is encrypted and does not say how (`DEK-Info`)"]),
    ] {
        expected.assert_eq(&shown(encrypted.replace(info, changed).as_bytes(), Some("changeit")));
    }
}

#[test]
fn what_is_not_offered_is_named() {
    check(
        &fixture("dsa-traditional"),
        expect!["line 1: keys of DSA are not offered, because TLS and JWT of today have no use for them"],
    );
    check(
        &fixture("dsa-pkcs8"),
        expect!["line 1: keys of DSA are not offered, because TLS and JWT of today have no use for them"],
    );
    check(
        &fixture("rsa-pss"),
        expect!["line 1: keys of RSA for PSS only are not offered; keys of plain RSA are"],
    );
    check(
        &fixture("x25519"),
        expect!["line 1: the algorithm of the key is not offered (RSA, EC and Ed25519 are)"],
    );
    check(
        &fixture("k1"),
        expect![
            "line 1: the private key is damaged, or of a size or curve that is not offered (RSA has 2048 to 8192 bits, curves are P-256, P-384 and P-521)"
        ],
    );
    check(
        &fixture("rsa1024"),
        expect![
            "line 1: the private key is damaged, or of a size or curve that is not offered (RSA has 2048 to 8192 bits, curves are P-256, P-384 and P-521)"
        ],
    );
    check(
        &block("OPENSSH PRIVATE KEY", "AAAA"),
        expect![
            "line 1: the format of OpenSSH is not offered; `ssh-keygen -p -m PKCS8 -f FILE` writes the key in a format that is understood"
        ],
    );
    check(
        &block("CERTIFICATE REQUEST", "AAAA"),
        expect![
            "line 1: `CERTIFICATE REQUEST` is not understood; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are"
        ],
    );
    check(
        &block("AES SECRET KEY", "AAAA"),
        expect!["line 1: a key of AES has 16, 24 or 32 bytes, and this one has 3"],
    );
}

#[test]
fn text_around_the_blocks_and_any_line_end() {
    check(&fixture("bag"), expect!["[EC private key, 3 certificates]"]);
    check(&format!("\u{feff}{}", fixture("ec-sec1")), expect!["[EC private key, 0 certificates]"]);
    check(&joined(&["ec-sec1", "leaf"]).replace('\n', "\r\n"), expect!["[EC private key, 1 certificates]"]);
    check(&joined(&["ec-sec1", "leaf"]).replace('\n', "  \n"), expect!["[EC private key, 1 certificates]"]);
    expect!["[EC private key, 0 certificates]"]
        .assert_eq(&shown(&[b"n\xE4me\n", fixture("ec-sec1").as_bytes()].concat(), None));
}

#[test]
fn damage_is_told_with_its_line() {
    let key = fixture("ec-sec1");
    check(
        &format!("one\ntwo\n{}", key.replace("END EC", "END RSA")),
        expect!["line 7: `END RSA PRIVATE KEY` for the `BEGIN EC PRIVATE KEY` of line 3"],
    );
    check(key.split("-----END").next().unwrap(), expect!["line 1: the `BEGIN EC PRIVATE KEY` has no `END`"]);
    check(
        &format!("{}{key}", key.split("-----END").next().unwrap()),
        expect!["line 5: the `BEGIN EC PRIVATE KEY` of line 1 has no `END`"],
    );
    check(&format!("\n{}", block("CERTIFICATE", "AAAA\nA*AA")), expect!["line 4: this is not base64"]);
    check(
        &format!("\n{}", block("CERTIFICATE", "AAAAA")),
        expect!["line 2: the `CERTIFICATE` is not base64"],
    );
    check(&block("CERTIFICATE", ""), expect!["line 1: the `CERTIFICATE` is empty"]);
    check(&block("CERTIFICATE", "AAAA"), expect!["line 1: it is no certificate"]);
    check(&block("PUBLIC KEY", "AAAA"), expect!["line 1: it is no public key"]);
    check(&block("PRIVATE KEY", "AAAA"), expect!["line 1: it is no private key in the format of PKCS#8"]);
    check(&block("EC PRIVATE KEY", "AAAA"), expect!["line 1: it is no private key in the format of SEC 1"]);
    check(
        &block("RSA PRIVATE KEY", "AAAA"),
        expect![
            "line 1: the private key is damaged, or of a size or curve that is not offered (RSA has 2048 to 8192 bits, curves are P-256, P-384 and P-521)"
        ],
    );
    check(
        &block("RSA PUBLIC KEY", "AAAA"),
        expect!["line 1: the public key is damaged, or of a size that is not offered"],
    );
    expect!["line 1: it is damaged: an encrypted key cannot be read"]
        .assert_eq(&shown(block("ENCRYPTED PRIVATE KEY", "AAAA").as_bytes(), Some("changeit")));
}

#[test]
fn a_text_has_limits() {
    let certificates = |count: usize| block("GENERIC SECRET", "AAAA").repeat(count);
    assert_eq!(read(certificates(ITEMS_MAX).as_bytes(), None).map(|items| items.len()), Ok(ITEMS_MAX));
    check(&certificates(ITEMS_MAX + 1), expect!["line 3001: there are more than 1000 blocks"]);
    let short = block("GENERIC SECRET", "b3Blbg");
    let padded = |bytes: usize| short.clone() + &" ".repeat(bytes - short.len());
    assert_eq!(shown(padded(TEXT_BYTES_MAX).as_bytes(), None), "open");
    check(&padded(TEXT_BYTES_MAX + 1), expect!["line 1: the text is longer than 1048576 bytes"]);
}

#[test]
fn revocation_lists_are_no_secrets() {
    let items = read(block("X509 CRL", "AAAA").as_bytes(), None).unwrap();
    assert!(matches!(&items[0].content, Content::RevocationList(der) if **der == [0, 0, 0]));
    check(
        &(fixture("leaf") + &block("X509 CRL", "AAAA")),
        expect![
            "line 12: a list of revoked certificates among keys and certificates; it needs a file of its own"
        ],
    );
}
