//! Key stores as Java reads them: `expected.txt` is what a Java program, `Describe.java`, says of each file in
//! `keystores/`, and the same lines have to come from here. `make.sh` makes all of it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use crypto::keystore::{Entry, EntryKind, KeyStore};
use crypto::{CryptoKey, KeyMaterial};
use expect_test::expect_file;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keystores")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// One entry as the Java program prints it.
fn line(file: &str, entry: &Entry) -> String {
    let opened = |password: &&str| Some((entry.key(Some(password.as_bytes())).ok()?, password.to_string()));
    let (key, password): (CryptoKey, String) =
        ["changeit", "entrypass"].iter().find_map(opened).expect("one of the passwords opens it");
    assert_eq!(key.stable_id(), Some(entry.alias.as_str()));
    let (kind, algorithm, encoded, secret) = match key.material() {
        KeyMaterial::Certificate { der } => {
            return format!("{file}|{}|trustedCert|X.509|{}||", entry.alias, sha256(der));
        }
        KeyMaterial::Private { algorithm, pkcs8, chain } => {
            assert_eq!(chain, entry.chain());
            ("privateKey", algorithm, pkcs8, String::new())
        }
        KeyMaterial::Symmetric { algorithm, bytes } => ("secretKey", algorithm, bytes, hex(bytes)),
        KeyMaterial::Public { .. } | KeyMaterial::Token { .. } => panic!("no store holds such a key"),
    };
    let chain = entry.chain().iter().fold(String::new(), |line, der| line + &sha256(der)[..16] + ",");
    let encoded = sha256(encoded);
    format!("{file}|{}|{kind}|{algorithm}|{encoded}|{secret}|{chain}|pass={password}", entry.alias)
}

#[test]
fn prints_what_java_prints() {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Those of one extension stand together, as the shell lists them.
    let kinds = ["p12", "jks", "jceks"];
    let kind =
        |path: &PathBuf| kinds.iter().position(|kind| path.extension().is_some_and(|found| found == *kind));
    files.retain(|path| kind(path).is_some());
    files.sort_by_key(|path| (kind(path), path.clone()));
    let mut lines = String::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let store = KeyStore::open(&fs::read(&path).unwrap(), Some(b"changeit"))
            .unwrap_or_else(|error| panic!("{name} {error}"));
        let mut entries: Vec<&Entry> = store.entries().collect();
        entries.sort_by_key(|entry| &entry.alias);
        for entry in entries {
            assert_eq!(
                entry.kind == EntryKind::PrivateKey,
                !entry.chain().is_empty() && entry.kind != EntryKind::TrustedCertificate
            );
            writeln!(lines, "{}", line(&name, entry)).unwrap();
        }
    }
    expect_file![folder().join("expected.txt")].assert_eq(&lines);
}

#[test]
fn java_says_what_is_expected() {
    let program = folder().join("Describe.java");
    let Ok(ran) = Command::new("java").arg(program).arg(folder()).output() else {
        let is_build_machine = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_build_machine, "there is no Java; run `cargo xtask setup`");
        eprintln!("skipped: there is no Java on this machine; run `cargo xtask setup`");
        return;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    expect_file![folder().join("expected.txt")].assert_eq(&String::from_utf8_lossy(&ran.stdout));
}
