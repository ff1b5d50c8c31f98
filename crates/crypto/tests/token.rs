//! Keys in a module: SoftHSM, a module of software, with a token that is made for the test.
//!
//! SoftHSM finds its tokens through an environment variable that has to be there when it is loaded, so each test runs
//! itself once more, as a child with the variable.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]

use std::path::{Path, PathBuf};
use std::process::Command;

use crypto::token::{SlotChoice, Token, TokenSettings};
use crypto::{CryptoKey, KeyMaterial, Purpose};
use expect_test::{Expect, expect};
use rustls::SignatureScheme;
use x509_parser::prelude::{FromDer, X509Certificate};

const LIBRARIES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

/// The library, when the programs that the tests need are here.
fn library() -> Option<PathBuf> {
    let found = LIBRARIES.iter().map(PathBuf::from).find(|path| path.is_file());
    let starts = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let found = found.filter(|_| starts("softhsm2-util"));
    if found.is_none() {
        assert!(
            std::env::var("CI").map_or(true, |ci| ci != "true"),
            "there is no SoftHSM; run `cargo xtask setup`"
        );
        eprintln!("skipped: there is no SoftHSM on this machine; run `cargo xtask setup`");
    }
    found
}

/// Runs `work` in a child process with a token: the key and certificate of the fixtures as `leaf`, its issuer as
/// `issuer`, a key of RSA without a certificate as `rsa`, the PIN 1234.
fn with_token(test: &str, work: impl FnOnce(TokenSettings)) {
    let Some(library) = library() else { return };
    if std::env::var_os("SOFTHSM2_CONF").is_some() {
        let slot = SlotChoice::Label("test".to_owned());
        add_objects(&library);
        return work(TokenSettings { library, slot, pin: b"1234".to_vec().into() });
    }
    let folder = std::env::temp_dir().join(format!("token-{}-{test}", std::process::id()));
    std::fs::create_dir_all(folder.join("tokens")).unwrap();
    let conf = folder.join("softhsm2.conf");
    std::fs::write(&conf, format!("directories.tokendir = {}/tokens\nlog.level = ERROR\n", folder.display()))
        .unwrap();
    make_token(&conf);
    let child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .status();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(child.unwrap().success(), "the test in the child process has failed");
}

fn make_token(conf: &Path) {
    let run = |arguments: &[&str]| {
        let output =
            Command::new("softhsm2-util").args(arguments).env("SOFTHSM2_CONF", conf).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["--init-token", "--free", "--label", "test", "--pin", "1234", "--so-pin", "5678"]);
    for (name, id, label) in [("ec-pkcs8", "01", "leaf"), ("rsa-pkcs8", "02", "rsa")] {
        run(&["--import", &fixture(name), "--token", "test", "--label", label, "--id", id, "--pin", "1234"]);
    }
}

/// Puts certificates and symmetric keys into the token, for which SoftHSM has no program.
fn add_objects(library: &Path) {
    use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
    use cryptoki::object::{Attribute, CertificateType, KeyType, ObjectClass};
    use cryptoki::session::UserType;
    use cryptoki::types::AuthPin;

    let module = Pkcs11::new(library).unwrap();
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let session = module.open_rw_session(module.get_slots_with_initialized_token().unwrap()[0]).unwrap();
    session.login(UserType::User, Some(&AuthPin::new("1234".into()))).unwrap();
    for (name, id, label) in [("leaf", 1, "leaf certificate"), ("ica", 3, "issuer")] {
        let pem = std::fs::read(fixture(name)).unwrap();
        let crypto::pem::Content::Certificate(der) = crypto::pem::read(&pem, None).unwrap().remove(0).content
        else {
            panic!("a certificate")
        };
        let subject = X509Certificate::from_der(&der).unwrap().1.subject().as_raw().to_vec();
        let template = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Id(vec![id]),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Subject(subject),
            Attribute::Value(der.clone()),
        ];
        session.create_object(&template).unwrap();
    }
    for (label, is_extractable) in [("aes", true), ("kept", false)] {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Token(true),
            Attribute::Sensitive(!is_extractable),
            Attribute::Extractable(is_extractable),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Value(vec![7; 32]),
        ];
        session.create_object(&template).unwrap();
    }
}

fn fixture(name: &str) -> String {
    format!("{}/tests/pem/{name}.pem", env!("CARGO_MANIFEST_DIR"))
}

fn shown(key: Result<CryptoKey, crypto::token::TokenError>) -> String {
    match key {
        Ok(key) => {
            let purposes = [Purpose::Sign, Purpose::Verify, Purpose::Decrypt, Purpose::Password];
            let purposes: Vec<Purpose> =
                purposes.into_iter().filter(|purpose| key.is_for(*purpose)).collect();
            format!("{key:?} {purposes:?}")
        }
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(token: &Token, alias: &str, expected: Expect) {
    expected.assert_eq(&shown(token.key(alias)));
}

#[test]
fn keys_and_certificates_by_label() {
    with_token("keys_and_certificates_by_label", |settings| {
        let token = Token::open(settings).unwrap();
        check(&token, "leaf", expect!["[EC private key in a module, 2 certificates: leaf] [Sign, Verify]"]);
        check(
            &token,
            "leaf certificate",
            expect!["[EC private key in a module, 2 certificates: leaf certificate] [Sign, Verify]"],
        );
        check(&token, "rsa", expect!["[RSA private key in a module, 0 certificates: rsa] [Sign, Verify]"]);
        check(&token, "issuer", expect!["[certificate: issuer] [Verify]"]);
        check(&token, "aes", expect!["[AES key: aes] [Sign, Verify, Decrypt, Password]"]);
        check(
            &token,
            "kept",
            expect!["the symmetric key `kept` cannot leave the token (CKA_EXTRACTABLE is not set)"],
        );
        check(
            &token,
            "absent",
            expect![
                "there is no key or certificate with the label `absent`; there are `aes`, `issuer`, `kept`, `leaf`, `leaf certificate`, `rsa`"
            ],
        );
    });
}

#[test]
fn signatures_are_those_of_the_public_key() {
    with_token("signatures_are_those_of_the_public_key", |settings| {
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
        };
        let token = Token::open(settings).unwrap();
        let sign = |alias: &str, scheme: SignatureScheme| {
            let key = token.key(alias).unwrap();
            let KeyMaterial::Token { signer, .. } = key.material() else { panic!("{key:?}") };
            let signature = signer.choose_scheme(&[scheme]).unwrap().sign(b"message").unwrap();
            (signer.public_key().unwrap().to_vec(), signature)
        };
        let (public, signature) = sign("leaf", SignatureScheme::ECDSA_NISTP256_SHA256);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public).verify(b"message", &signature).unwrap();
        let (public, signature) = sign("rsa", SignatureScheme::RSA_PSS_SHA512);
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA512, public).verify(b"message", &signature).unwrap();
        let (public, signature) = sign("rsa", SignatureScheme::RSA_PKCS1_SHA256);
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public).verify(b"message", &signature).unwrap();
        assert!(
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
                .verify(b"another", &signature)
                .is_err()
        );
    });
}

#[test]
fn texts_are_signed_in_the_module() {
    with_token("texts_are_signed_in_the_module", |settings| {
        use crypto::jose::Labels;
        use crypto::jose::jws::{SignatureAlgorithm, Signer, Verifier};
        let token = Token::open(settings).unwrap();
        for (alias, algorithm) in [
            ("leaf", SignatureAlgorithm::Es256),
            ("rsa", SignatureAlgorithm::Rs256),
            ("rsa", SignatureAlgorithm::Ps512),
        ] {
            let key = token.key(alias).unwrap();
            let text = Signer::new(&key, algorithm).unwrap().sign(b"message", &Labels::default()).unwrap();
            assert_eq!(Verifier::new(&key, algorithm).unwrap().verify(&text).unwrap(), b"message");
            let public = crypto::jwk::parse(crypto::jwk::public(&key).unwrap().as_bytes()).unwrap();
            assert_eq!(Verifier::new(&public, algorithm).unwrap().verify(&text).unwrap(), b"message");
        }
        let refused = Signer::new(&token.key("leaf").unwrap(), SignatureAlgorithm::Es384).err().unwrap();
        expect!["`ES384` needs a private key of P-384"].assert_eq(&refused.to_string());
    });
}

#[test]
fn an_identity_of_a_key_in_a_module() {
    with_token("an_identity_of_a_key_in_a_module", |settings| {
        let token = Token::open(settings).unwrap();
        let identity =
            crypto::tls::Identity::new(&token.key("leaf").unwrap(), "leaf", std::time::SystemTime::now())
                .unwrap();
        assert_eq!(identity.certified.cert.len(), 2);
        let refused =
            crypto::tls::Identity::new(&token.key("rsa").unwrap(), "rsa", std::time::SystemTime::now())
                .unwrap_err();
        expect!["the private key rsa has no certificate"].assert_eq(&refused.to_string());
    });
}

#[test]
fn what_does_not_open_says_so() {
    with_token("what_does_not_open_says_so", |settings| {
        let refused = |settings: TokenSettings| Token::open(settings).unwrap_err().to_string();
        let library = settings.library.display().to_string();
        let with_pin = |pin: &str| TokenSettings { pin: pin.as_bytes().to_vec().into(), ..settings.clone() };
        let of_slot = |text: String| text.replace(&library, "LIBRARY");
        let without_number = |text: String| {
            text.split(' ')
                .map(|word| if word.parse::<u64>().is_ok() { "N" } else { word })
                .collect::<Vec<_>>()
                .join(" ")
        };
        expect!["the PIN of the slot N of `LIBRARY` is wrong"]
            .assert_eq(&without_number(of_slot(refused(with_pin("4321")))));
        let _open = Token::open(settings.clone()).unwrap();
        // The module would take any PIN from now on.
        expect!["the PIN of the slot N of `LIBRARY` is not the one that it was opened with"]
            .assert_eq(&without_number(of_slot(refused(with_pin("4321")))));
        let slot = SlotChoice::Label("other".to_owned());
        expect!["`LIBRARY` has no slot with the label `other`; it has N (`test`), N (``)"]
            .assert_eq(&without_number(of_slot(refused(TokenSettings { slot, ..settings.clone() }))));
        let library = "/nonexistent/module.so".into();
        let refused = refused(TokenSettings { library, ..settings.clone() });
        assert!(refused.starts_with("`/nonexistent/module.so` cannot be loaded: "), "{refused}");
    });
}
