//! What JCEKS has beyond JKS: secret keys, and a cipher of its own, PBEWithMD5AndTripleDES.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::ber::Reader;
use super::cursor::Cursor;
use super::serialised::Object;
use super::{KeyStoreError, pbe, serialised};
use crate::KeyMaterial;

const SEALED: &str = "com.sun.crypto.provider.SealedObjectForKeyProtector";
const KEY_SPEC: &str = "javax.crypto.spec.SecretKeySpec";
const KEY_REPRESENTATION: &str = "java.security.KeyRep";
const CIPHER: &str = "PBEWithMD5AndTripleDES";
const WHAT: &str = "a secret key";

/// A secret key: a serialised object, encrypted in another one.
pub(super) struct Sealed {
    parameters: Zeroizing<Vec<u8>>,
    encrypted: Zeroizing<Vec<u8>>,
}

impl Sealed {
    /// Reads the object where it stands in the file; nothing but itself tells where it ends.
    pub(super) fn read(file: &mut Cursor<'_>) -> Result<Self, KeyStoreError> {
        let mut object = serialised::read(file)?;
        if object.class() != SEALED {
            return Err(KeyStoreError::unsupported("an object of class", object.class()));
        }
        let cipher = object.text("sealAlg")?;
        if cipher != CIPHER || object.text("paramsAlg")? != CIPHER {
            return Err(KeyStoreError::unsupported("the cipher", cipher));
        }
        Ok(Self { parameters: object.bytes("encodedParams")?, encrypted: object.bytes("encryptedContent")? })
    }

    pub(super) fn open(&self, password: &[u8]) -> Result<KeyMaterial, KeyStoreError> {
        let plain = decrypt(Reader::new(&self.parameters), &self.encrypted, password)?;
        // With a wrong password one of 256 tries ends with the right padding by chance.
        if !plain.starts_with(&serialised::MAGIC) {
            return Err(KeyStoreError::WrongPassword);
        }
        let mut key = serialised::read(&mut Cursor::new(&plain))?;
        let bytes = match key.class() {
            KEY_SPEC => "key",
            KEY_REPRESENTATION => "encoded",
            class => return Err(KeyStoreError::unsupported("an object of class", class)),
        };
        key_of(&mut key, bytes)
    }
}

fn key_of(key: &mut Object, bytes: &'static str) -> Result<KeyMaterial, KeyStoreError> {
    Ok(KeyMaterial::Symmetric { algorithm: key.text("algorithm")?, bytes: key.bytes(bytes)? })
}

/// Decrypts what PBEWithMD5AndTripleDES has encrypted. It is no algorithm of PKCS#5: each half of the salt is
/// hashed with the password on its own, and both results make key and start value.
pub(super) fn decrypt(
    mut parameters: Reader<'_>,
    encrypted: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    let mut parameters = parameters.sequence(WHAT)?;
    let mut salt: [u8; 8] =
        parameters.octets(WHAT)?.try_into().map_err(|_| KeyStoreError::malformed(WHAT))?;
    let rounds = pbe::rounds(parameters.number(WHAT)?)?;
    // Equal halves would make equal keys.
    if salt[..4] == salt[4..] {
        salt[..4].reverse();
    }
    let mut derived = Zeroizing::new([0; 32]);
    for (half, salt) in derived.chunks_mut(16).zip(salt.chunks(4)) {
        let hash = |bytes: &[u8]| Md5::new().chain_update(bytes).chain_update(password).finalize();
        half.copy_from_slice(&hash(salt));
        for _ in 1..rounds.get() {
            half.copy_from_slice(&hash(half));
        }
    }
    let (key, iv) = derived.split_at(24);
    pbe::triple_des(key, iv, encrypted)
}
