//! Texts that others have made: the examples of the RFCs, the cookbook of RFC 7520, and those of Project Wycheproof.
//!
//! `jose/README.md` says where they come from.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]

use std::path::{Path, PathBuf};

use crypto::jose::jwe::{Decrypter, Encrypter, KeyManagement};
use crypto::jose::jws::{SignatureAlgorithm, Signer, Verifier};
use crypto::jose::{ContentEncryption, Header, JoseError, Labels};
use crypto::{CryptoKey, jwk};
use serde_json::Value;

/// Room for what is decrypted here.
const ROOM: usize = 100_000;

fn key(value: &Value) -> Result<CryptoKey, String> {
    jwk::parse(value.to_string().as_bytes()).map_err(|error| error.to_string())
}

/// A name that stands for nothing in a configuration, and an explicit wish here.
fn management(name: &str) -> Result<KeyManagement, JoseError> {
    if name == "RSA1_5" { Ok(KeyManagement::Rsa15) } else { name.parse() }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

fn rfc(list: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("jose/rfc.json")).unwrap();
    all[list].as_array().unwrap().clone()
}

#[test]
fn signed_examples_of_the_rfcs_are_verified() {
    for case in rfc("signed") {
        let (key, algorithm) = (key(&case["key"]).unwrap(), text(&case, "alg").parse().unwrap());
        let verifier = Verifier::new(&key, algorithm).unwrap();
        assert_eq!(verifier.verify(text(&case, "text")).unwrap(), text(&case, "content").as_bytes());
        let again = Signer::new(&key, algorithm).unwrap();
        let again = again.sign(text(&case, "content").as_bytes(), &Labels::default()).unwrap();
        assert_eq!(verifier.verify(&again).unwrap(), text(&case, "content").as_bytes());
        // Where nothing is random, and the header is as short as ours, the text is the same.
        if ["RFC 7515, A.2", "RFC 8037, A.4"].contains(&text(&case, "from")) {
            assert_eq!(again, text(&case, "text"));
        }
    }
}

#[test]
fn encrypted_examples_of_the_rfcs_are_decrypted() {
    for case in rfc("encrypted") {
        let key = key(&case["key"]).unwrap();
        let (management, encryption) =
            (management(text(&case, "alg")).unwrap(), text(&case, "enc").parse().unwrap());
        let decrypter = Decrypter::new(&key, management, &[encryption]).unwrap();
        let content = text(&case, "content").as_bytes();
        assert_eq!(decrypter.decrypt(text(&case, "text"), ROOM).unwrap().as_slice(), content);
        if management != KeyManagement::Rsa15 {
            let again = Encrypter::new(&key, management, encryption).unwrap();
            let again = again.encrypt(content, false, &Labels::default()).unwrap();
            assert_eq!(decrypter.decrypt(&again, ROOM).unwrap().as_slice(), content);
        }
    }
}

/// RFC 7515, appendix A.5.
#[test]
fn nothing_is_no_signature() {
    let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
    assert_eq!(Header::of(unsigned).unwrap().alg(), "none");
    assert!("none".parse::<SignatureAlgorithm>().is_err());
    for case in rfc("signed") {
        let (key, algorithm) = (key(&case["key"]).unwrap(), text(&case, "alg").parse().unwrap());
        let verifier = Verifier::new(&key, algorithm).unwrap();
        assert_eq!(verifier.verify(unsigned), Err(JoseError::Invalid));
        let header = text(&case, "text").split('.').next().unwrap();
        let relabelled = format!("{header}{}", &unsigned[unsigned.find('.').unwrap()..]);
        assert_eq!(verifier.verify(&relabelled), Err(JoseError::Invalid));
    }
}

/// The folder of other people's data, where there is one.
fn fixtures() -> Option<PathBuf> {
    let named = std::env::var_os("PORTCULLIS_FIXTURES").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = named.unwrap_or_else(|| root.join("../shared/fixtures")).join("jose");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var("CI").map_or(true, |ci| ci != "true"),
        "there are no fixtures in {}; set PORTCULLIS_FIXTURES",
        folder.display()
    );
    eprintln!("skipped: no fixtures");
    None
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Calls `check` with every group and test of a file, and compares what it says with what should come out.
fn wycheproof(file: &str, check: impl Fn(&Value, &Value) -> Option<Result<Vec<u8>, String>>) {
    let Some(folder) = fixtures() else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    let all = read(&folder.join("wycheproof").join(file));
    for group in all["testGroups"].as_array().unwrap() {
        for case in group["tests"].as_array().unwrap() {
            let Some(outcome) = check(group, case) else { continue };
            count += 1;
            let is_expected = EXCEPTIONS.contains(&(file, case["tcId"].as_u64().unwrap()))
                ^ match text(case, "result") {
                    "valid" => outcome.is_ok(),
                    _ => outcome.is_err(),
                };
            let content = case.get("pt").and_then(Value::as_str);
            let is_content =
                content.is_none_or(|hex| outcome.as_ref().map_or(true, |bytes| to_hex(bytes) == hex));
            if !is_expected || !is_content {
                wrong.push(format!("{} of {}: {case}: {outcome:?}", case["tcId"], group["comment"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} in {file}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(all["numberOfTests"], count);
}

/// Where we are of another mind than the vectors, by file and number.
const EXCEPTIONS: &[(&str, u64)] = &[
    // Its key is for PS256, and the text says PS384: the key decides.
    ("json_web_signature_test.json", 346),
    ("json_web_signature_test.json", 350),
    // Called invalid, and the same text, character by character, as one that is called valid.
    ("json_web_signature_test.json", 367),
    ("json_web_signature_test.json", 370),
    // A question mark within base64url is passed over there, and refused here.
    ("json_web_signature_test.json", 372),
    ("json_web_signature_test.json", 373),
    // Weak primes of one maker's chips (CVE-2017-15361) are not looked for.
    ("json_web_crypto_test.json", 46),
    ("json_web_key_test.json", 7),
    // A set of symmetric and asymmetric keys, or with a `kid` that two keys have: whoever chooses the key judges.
    ("json_web_crypto_test.json", 47),
    ("json_web_key_test.json", 1),
    ("json_web_key_test.json", 4),
];

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of a group: that of the receiver.
fn group_key(group: &Value, text: &str) -> Result<(CryptoKey, Value), String> {
    let value = group.get("public").filter(|_| group["type"] != "JsonWebEncryption");
    let value = value.unwrap_or(&group["private"]);
    let Some(keys) = value["keys"].as_array() else {
        // A name that no registry has, for an algorithm that the RFC calls by that of its hash.
        let value: Value = serde_json::from_str(&value.to_string().replace("ES521", "ES512")).unwrap();
        return Ok((key(&value)?, value));
    };
    // Of a set, the one key that the text names.
    let set = jwk::parse_set(value.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let header = Header::of(text).map_err(|error| error.to_string())?;
    let mut named = set.keys.iter().filter(|key| key.stable_id() == header.kid());
    let (Some(found), None) = (named.next(), named.next()) else { return Err("no one key".to_owned()) };
    let value = keys.iter().find(|value| value["kid"].as_str() == header.kid()).unwrap();
    Ok((found.clone(), value.clone()))
}

/// A text, or the JSON that stands in its place in those that have to be refused.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn verify(group: &Value, case: &Value) -> Option<Result<Vec<u8>, String>> {
    let text = &text_of(case.get("jws")?);
    Some(group_key(group, text).and_then(|(key, value)| {
        let header = Header::of(text).map_err(|error| error.to_string())?;
        let algorithm = value["alg"].as_str().unwrap_or(header.alg());
        let verifier = Verifier::new(&key, algorithm.parse().map_err(|error: JoseError| error.to_string())?);
        verifier.and_then(|verifier| verifier.verify(text)).map_err(|error| error.to_string())
    }))
}

fn decrypt(group: &Value, case: &Value) -> Option<Result<Vec<u8>, String>> {
    let text = &text_of(case.get("jwe")?);
    Some(group_key(group, text).and_then(|(key, value)| {
        let algorithm = value["alg"].as_str().unwrap();
        let decrypter = match algorithm.parse::<ContentEncryption>() {
            Ok(encryption) => Decrypter::new(&key, KeyManagement::Dir, &[encryption]),
            Err(_) => management(algorithm)
                .and_then(|management| Decrypter::new(&key, management, &ContentEncryption::ALL)),
        };
        let opened = decrypter.and_then(|decrypter| decrypter.decrypt(text, ROOM));
        opened.map(|content| content.to_vec()).map_err(|error| error.to_string())
    }))
}

#[test]
fn wycheproof_signatures() {
    wycheproof("json_web_signature_test.json", verify);
}

#[test]
fn wycheproof_encryption() {
    wycheproof("json_web_encryption_test.json", decrypt);
}

#[test]
fn wycheproof_crypto() {
    wycheproof("json_web_crypto_test.json", |group, case| {
        verify(group, case).or_else(|| decrypt(group, case))
    });
}

#[test]
fn wycheproof_keys() {
    wycheproof("json_web_key_test.json", |group, case| verify(group, case).or_else(|| decrypt(group, case)));
}

/// RFC 7520: what has a compact serialization and is offered here.
#[test]
fn the_cookbook() {
    let Some(folder) = fixtures() else { return };
    let mut read_texts = Vec::new();
    for part in ["jws", "jwe"] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("cookbook").join(part))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let case = read(&file);
            let (Some(text), input) = (case["output"]["compact"].as_str(), &case["input"]) else { continue };
            let (algorithm, Ok(key)) = (input["alg"].as_str().unwrap(), key(&input["key"])) else { continue };
            let is_detached = part == "jws" && text.contains("..");
            if is_detached {
                continue;
            }
            let content = if part == "jws" {
                Verifier::new(&key, algorithm.parse().unwrap()).unwrap().verify(text).unwrap()
            } else {
                let Ok(management) = management(algorithm) else { continue };
                let encryption = input["enc"].as_str().unwrap().parse().unwrap();
                let decrypter = Decrypter::new(&key, management, &[encryption]).unwrap();
                decrypter.decrypt(text, ROOM).unwrap().to_vec()
            };
            let expected = input["payload"].as_str().or(input["plaintext"].as_str()).unwrap();
            assert_eq!(String::from_utf8(content).unwrap(), expected, "{}", file.display());
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            read_texts.push(name.split('.').next().unwrap().to_owned());
        }
    }
    let expected = "4_1 4_2 4_3 4_4 5_1 5_2 5_4 5_5 5_6 5_7 5_8 5_9";
    assert_eq!(read_texts.join(" "), expected);
}
