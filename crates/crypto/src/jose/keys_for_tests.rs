//! Keys of every kind, each made once.

use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use super::halves::PublicHalf;
use crate::generate::{Digest, KeyType, SelfSigned, self_signed};
use crate::{CryptoKey, KeyMaterial};

pub(super) static RSA: LazyLock<CryptoKey> = LazyLock::new(|| pair(KeyType::Rsa2048, "RSA"));
pub(super) static OTHER_RSA: LazyLock<CryptoKey> = LazyLock::new(|| pair(KeyType::Rsa2048, "RSA"));
pub(super) static P256: LazyLock<CryptoKey> = LazyLock::new(|| pair(KeyType::P256, "EC"));
pub(super) static P384: LazyLock<CryptoKey> = LazyLock::new(|| pair(KeyType::P384, "EC"));
pub(super) static P521: LazyLock<CryptoKey> = LazyLock::new(|| pair(KeyType::P521, "EC"));
pub(super) static ED25519: LazyLock<CryptoKey> = LazyLock::new(|| pair(KeyType::Ed25519, "Ed25519"));

fn pair(kind: KeyType, algorithm: &str) -> CryptoKey {
    let wanted = SelfSigned {
        subject: &[],
        names: &[],
        not_before: UNIX_EPOCH,
        days: 1,
        digest: Digest::Sha256,
        is_authority: false,
    };
    let made = self_signed(kind, &wanted).unwrap();
    let chain = vec![made.certificate];
    CryptoKey::new(KeyMaterial::Private { algorithm: algorithm.to_owned(), pkcs8: made.pkcs8, chain })
}

/// A symmetric key of so many bytes, each of this value.
pub(super) fn symmetric(length: usize, byte: u8) -> CryptoKey {
    let bytes = vec![byte; length].into();
    CryptoKey::new(KeyMaterial::Symmetric { algorithm: "RAW".to_owned(), bytes })
}

/// The public half alone, and the certificate.
pub(super) fn public_forms(key: &CryptoKey) -> [CryptoKey; 2] {
    let KeyMaterial::Private { chain, .. } = key.material() else { panic!("{key:?}") };
    let spki = PublicHalf::of(key).unwrap().unwrap().spki;
    [KeyMaterial::Public { spki }, KeyMaterial::Certificate { der: chain[0].clone() }].map(CryptoKey::new)
}
