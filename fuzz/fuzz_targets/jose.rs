//! Texts of JOSE: any text is refused by keys of every kind, and what they make themselves they read.
#![no_main]

use std::sync::LazyLock;

use crypto::jose::jwe::{Decrypter, KeyManagement};
use crypto::jose::jws::{SignatureAlgorithm, Signer, Verifier};
use crypto::jose::{ContentEncryption, DirectKey, Header, Labels};
use crypto::{CryptoKey, KeyMaterial};
use libfuzzer_sys::fuzz_target;

/// What is inflated at most, in bytes.
const CONTENT_BYTES_MAX: usize = 64 * 1024;

struct Keys {
    direct: Vec<DirectKey>,
    decrypters: Vec<Decrypter>,
    signer: Signer,
    verifier: Verifier,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let symmetric = |length: usize| {
        let bytes = vec![7; length].into();
        CryptoKey::new(KeyMaterial::Symmetric { algorithm: "RAW".to_owned(), bytes })
    };
    let direct = ContentEncryption::ALL.map(|encryption| {
        DirectKey::new(&symmetric(encryption.key_bytes()), encryption).expect("the length is right")
    });
    let wrapped = [(KeyManagement::A128Kw, 16), (KeyManagement::A192Kw, 24), (KeyManagement::A256GcmKw, 32)];
    let decrypters = wrapped.map(|(management, length)| {
        Decrypter::new(&symmetric(length), management, &ContentEncryption::ALL).expect("the length is right")
    });
    let secret = symmetric(32);
    Keys {
        direct: direct.into(),
        decrypters: decrypters.into(),
        signer: Signer::new(&secret, SignatureAlgorithm::Hs256).expect("the length is right"),
        verifier: Verifier::new(&secret, SignatureAlgorithm::Hs256).expect("the length is right"),
    }
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Header::of(text);
        let _ = KEYS.verifier.verify(text);
        for key in &KEYS.direct {
            let _ = key.open(text, CONTENT_BYTES_MAX);
        }
        for key in &KEYS.decrypters {
            let _ = key.decrypt(text, CONTENT_BYTES_MAX);
        }
    }
    for key in &KEYS.direct {
        for is_compressed in [false, true] {
            let text = key.seal(bytes, is_compressed).expect("bytes of any kind can be encrypted");
            let read = key.open(&text, bytes.len()).expect("what was sealed opens");
            assert_eq!(read.as_slice(), bytes);
        }
    }
    let text = KEYS.signer.sign(bytes, &Labels::default()).expect("bytes of any kind can be signed");
    assert_eq!(KEYS.verifier.verify(&text).as_deref(), Ok(bytes));
});
