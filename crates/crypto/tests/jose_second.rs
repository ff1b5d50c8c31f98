//! A second implementation, jwcrypto in Python: what it makes is read here, and what is made here it reads.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crypto::jose::jwe::{Decrypter, Encrypter, KeyManagement};
use crypto::jose::jws::{Signer, Verifier};
use crypto::jose::{DirectKey, JoseError, Labels};
use crypto::{CryptoKey, jwk};
use serde_json::Value;

/// Room for what is decrypted here.
const ROOM: usize = 4096;

/// Python with the library, where `setup` has installed it.
fn python() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python3");
    let works = Command::new(&program).args(["-c", "import jwcrypto"]).output();
    if works.is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    assert!(
        std::env::var("CI").map_or(true, |ci| ci != "true"),
        "there is no jwcrypto; run `cargo xtask setup`"
    );
    eprintln!("skipped: there is no jwcrypto on this machine; run `cargo xtask setup`");
    None
}

fn second(python: &Path, what: &str, input: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jose/second.py");
    let mut command = Command::new(python);
    command.arg(script).arg(what).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It reads everything before it writes anything.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{what}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A case of the second implementation.
struct Case<'a> {
    key: CryptoKey,
    algorithm: &'a str,
    encryption: Option<&'a str>,
    is_compressed: bool,
}

impl<'a> Case<'a> {
    fn of(value: &'a Value) -> Self {
        Self {
            key: jwk::parse(value["key"].to_string().as_bytes()).unwrap(),
            algorithm: value["alg"].as_str().unwrap(),
            encryption: value["enc"].as_str(),
            is_compressed: value["zip"] == true,
        }
    }

    /// Not by name, for the one that no configuration can name.
    fn management(&self) -> Result<KeyManagement, JoseError> {
        if self.algorithm == "RSA1_5" { Ok(KeyManagement::Rsa15) } else { self.algorithm.parse() }
    }

    fn read(&self, text: &str) -> Result<Vec<u8>, JoseError> {
        let Some(encryption) = self.encryption else {
            return Verifier::new(&self.key, self.algorithm.parse()?)?.verify(text);
        };
        let decrypter = Decrypter::new(&self.key, self.management()?, &[encryption.parse()?])?;
        let content = decrypter.decrypt(text, ROOM)?;
        if self.algorithm == "dir" {
            assert_eq!(DirectKey::new(&self.key, encryption.parse()?)?.open(text, ROOM)?, content);
        }
        Ok(content.to_vec())
    }

    fn make(&self, content: &[u8]) -> Result<String, JoseError> {
        let labels = Labels { typ: Some("JWT"), ..Labels::default() };
        match self.encryption {
            None => Signer::new(&self.key, self.algorithm.parse()?)?.sign(content, &labels),
            Some(encryption) if self.algorithm == "dir" => {
                DirectKey::new(&self.key, encryption.parse()?)?.seal(content, self.is_compressed)
            }
            Some(encryption) => Encrypter::new(&self.key, self.management()?, encryption.parse()?)?.encrypt(
                content,
                self.is_compressed,
                &labels,
            ),
        }
    }
}

#[test]
fn each_reads_what_the_other_makes() {
    let Some(python) = python() else { return };
    let made = second(&python, "make", "");
    let content = made["content"].as_str().unwrap();
    let mut ours = Vec::new();
    for value in made["cases"].as_array().unwrap() {
        let (case, name) = (Case::of(value), format!("{} {} {}", value["alg"], value["enc"], value["zip"]));
        let read = case.read(value["text"].as_str().unwrap());
        assert_eq!(read.as_deref(), Ok(content.as_bytes()), "{name}");
        if case.algorithm == "RSA1_5" {
            continue;
        }
        let mut value = value.clone();
        value["text"] = case.make(content.as_bytes()).unwrap().into();
        ours.push(value);
    }
    // 13 ways to sign; 6 encryptions with 21 ways to their key, compressed and not.
    assert_eq!(ours.len(), 13 + 6 * 21 * 2);
    let read = second(&python, "read", &Value::from(ours.clone()).to_string());
    for (value, read) in ours.iter().zip(read.as_array().unwrap()) {
        assert_eq!(read, content, "{} {} {}", value["alg"], value["enc"], value["zip"]);
    }
}
