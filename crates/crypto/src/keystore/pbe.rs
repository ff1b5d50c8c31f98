//! Password-based encryption: PBES2 (RFC 8018), and what PKCS#12 had before (RFC 7292, appendices B and C).

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, pbkdf2};
use der::asn1::ObjectIdentifier;
use rc2::Rc2;
use rc2::cipher::BlockCipherDecrypt;
use zeroize::Zeroizing;

use super::ber::{self, INTEGER, Reader, SEQUENCE};
use super::{KeyStoreError, oids};

/// Java refuses more. This many take seconds; fuzzing has not got them.
const ROUNDS_MAX: u64 = if cfg!(fuzzing) { 1_000 } else { 5_000_000 };

const WHAT: &str = "the parameters of an encryption";

/// What the derivation of PKCS#12 makes.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    StartValue = 2,
    Mac = 3,
}

/// Decrypts what `oid` with `parameters` has encrypted: always one DER sequence, which tells a wrong password
/// that leaves the right padding by chance.
pub(super) fn decrypt(
    oid: ObjectIdentifier,
    mut parameters: Reader<'_>,
    encrypted: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    let plain = match oid {
        oids::PBES2 => pbes2(parameters.sequence(WHAT)?, encrypted, password)?,
        oids::PBE_3DES_3KEYS | oids::PBE_3DES_2KEYS | oids::PBE_RC2_128 | oids::PBE_RC2_40 => {
            return pbes1(oid, parameters.sequence(WHAT)?, encrypted, password);
        }
        _ => return Err(KeyStoreError::unsupported("the encryption", oid)),
    };
    if ber::is_one_sequence(&plain) { Ok(plain) } else { Err(KeyStoreError::WrongPassword) }
}

fn pbes2(
    mut parameters: Reader<'_>,
    encrypted: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    let derivation = Derivation::read(parameters.sequence(WHAT)?)?;
    let mut scheme = parameters.sequence(WHAT)?;
    let cipher = scheme.oid(WHAT)?;
    let (algorithm, length) = match cipher {
        oids::AES_128_CBC => (&AES_128, 16),
        oids::AES_192_CBC => (&AES_192, 24),
        oids::AES_256_CBC => (&AES_256, 32),
        oids::DES_EDE3_CBC => {
            let key = derivation.derive(password, 24)?;
            return triple_des(&key, scheme.octets(WHAT)?, encrypted);
        }
        _ => return Err(KeyStoreError::unsupported("the cipher", cipher)),
    };
    let iv: &[u8; 16] = scheme.octets(WHAT)?.try_into().map_err(|_| KeyStoreError::malformed(WHAT))?;
    let key = derivation.derive(password, length)?;
    cbc(algorithm, &key, DecryptionContext::Iv128(FixedLength::from(iv)), encrypted)
}

/// PBKDF2 with what it needs.
pub(super) struct Derivation<'a> {
    salt: &'a [u8],
    rounds: NonZeroU32,
    /// Ciphers know it themselves.
    pub(super) key_length: Option<u64>,
    prf: ObjectIdentifier,
}

impl<'a> Derivation<'a> {
    pub(super) fn read(mut algorithm: Reader<'a>) -> Result<Self, KeyStoreError> {
        let oid = algorithm.oid(WHAT)?;
        if oid != oids::PBKDF2 {
            return Err(KeyStoreError::unsupported("the key derivation", oid));
        }
        let mut parameters = algorithm.sequence(WHAT)?;
        let salt = parameters.octets(WHAT)?;
        let rounds = rounds(parameters.number(WHAT)?)?;
        let key_length = if parameters.is_next(INTEGER) { Some(parameters.number(WHAT)?) } else { None };
        let prf = match parameters.optional(SEQUENCE, WHAT)? {
            Some(prf) => Reader::new(prf).oid(WHAT)?,
            None => oids::HMAC_SHA1,
        };
        Ok(Self { salt, rounds, key_length, prf })
    }

    pub(super) fn derive(&self, password: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let algorithm = match self.prf {
            oids::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
            oids::HMAC_SHA224 => return Ok(self.derive_sha224(password, length)),
            oids::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            oids::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
            oids::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            prf => return Err(KeyStoreError::unsupported("the key derivation with", prf)),
        };
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(algorithm, self.rounds, self.salt, password, &mut key);
        Ok(key)
    }

    /// The one that the library does not offer.
    fn derive_sha224(&self, password: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
        let prf = hmac::Key::new(hmac::HMAC_SHA224, password);
        let mut key = Zeroizing::new(Vec::with_capacity(length + 28));
        for index in 1_u32.. {
            if key.len() >= length {
                break;
            }
            let mut link = hmac::sign(&prf, &[self.salt, &index.to_be_bytes()].concat());
            let mut block = Zeroizing::new(link.as_ref().to_vec());
            for _ in 1..self.rounds.get() {
                link = hmac::sign(&prf, link.as_ref());
                block.iter_mut().zip(link.as_ref()).for_each(|(byte, mask)| *byte ^= mask);
            }
            key.extend_from_slice(&block);
        }
        key.truncate(length);
        key
    }
}

fn pbes1(
    oid: ObjectIdentifier,
    mut parameters: Reader<'_>,
    encrypted: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    let salt = parameters.octets(WHAT)?;
    let rounds = rounds(parameters.number(WHAT)?)?;
    let length = match oid {
        oids::PBE_3DES_3KEYS => 24,
        oids::PBE_RC2_40 => 5,
        _ => 16,
    };
    for password in as_utf16(password) {
        let derive =
            |purpose, length| derive(&SHA1_FOR_LEGACY_USE_ONLY, purpose, &password, salt, rounds, length);
        let key = derive(Purpose::Key, length);
        let iv = derive(Purpose::StartValue, 8);
        let plain = match oid {
            oids::PBE_RC2_128 | oids::PBE_RC2_40 => rc2(&key, &iv, encrypted),
            _ => triple_des(&key, &iv, encrypted),
        };
        if let Ok(plain) = plain
            && ber::is_one_sequence(&plain)
        {
            return Ok(plain);
        }
    }
    Err(KeyStoreError::WrongPassword)
}

/// How often to hash, if that is a sensible number.
pub(super) fn rounds(number: u64) -> Result<NonZeroU32, KeyStoreError> {
    KeyStoreError::at_most("rounds of key derivation", number, ROUNDS_MAX)?;
    let rounds = u32::try_from(number).ok().and_then(NonZeroU32::new);
    rounds.ok_or(KeyStoreError::malformed(WHAT))
}

/// A password as PKCS#12 hashes it: UTF-16, big end first, with a zero at the end. Whether an empty one has the
/// zero is not agreed, so that both are tried.
pub(super) fn as_utf16(password: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    // OpenSSL takes bytes that are no UTF-8 for Latin-1.
    let text = Zeroizing::new(match str::from_utf8(password) {
        Ok(text) => text.to_owned(),
        Err(_) => password.iter().map(|byte| char::from(*byte)).collect(),
    });
    let units = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes);
    let mut forms = vec![Zeroizing::new(units.collect())];
    if password.is_empty() {
        forms.push(Zeroizing::default());
    }
    forms
}

/// Derives a key as PKCS#12 does.
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    rounds: NonZeroU32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let filled = |bytes: &[u8]| {
        let length = bytes.len().next_multiple_of(block);
        Zeroizing::new(bytes.iter().copied().cycle().take(length).collect::<Vec<u8>>())
    };
    let mut input = Zeroizing::new([filled(salt).as_slice(), &filled(password)].concat());
    let mut derived = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while derived.len() < length {
        let mut context = digest::Context::new(hash);
        context.update(&vec![purpose as u8; block]);
        context.update(&input);
        let mut result = context.finish();
        for _ in 1..rounds.get() {
            result = digest::digest(hash, result.as_ref());
        }
        derived.extend_from_slice(result.as_ref());
        // Each block of the input grows by the result and one, as if both were large numbers.
        for chunk in input.chunks_mut(block) {
            let mut carry = 1;
            for (index, byte) in chunk.iter_mut().enumerate().rev() {
                carry += u16::from(*byte) + u16::from(result.as_ref()[index % hash.output_len()]);
                *byte = carry as u8;
                carry >>= 8;
            }
        }
    }
    derived.truncate(length);
    derived
}

/// Decrypts 3DES in CBC mode with two or three keys.
pub(super) fn triple_des(
    key: &[u8],
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    let iv: &[u8; 8] = iv.try_into().map_err(|_| KeyStoreError::malformed(WHAT))?;
    #[expect(deprecated, reason = "what old key stores are encrypted with")]
    let algorithm = match key.len() {
        16 => &cipher::DES_EDE_FOR_LEGACY_USE_ONLY,
        _ => &cipher::DES_EDE3_FOR_LEGACY_USE_ONLY,
    };
    cbc(algorithm, key, DecryptionContext::Iv64(FixedLength::from(iv)), encrypted)
}

fn cbc(
    algorithm: &'static Algorithm,
    key: &[u8],
    iv: DecryptionContext,
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    let mut text = Zeroizing::new(encrypted.to_vec());
    let key = UnboundCipherKey::new(algorithm, key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
    let plain = key.and_then(|key| Ok(key.decrypt(&mut text, iv)?.len()));
    let length = plain.map_err(|_| KeyStoreError::WrongPassword)?;
    text.truncate(length);
    Ok(text)
}

/// Decrypts RC2 in CBC mode with a key that uses all its bits.
fn rc2(key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    const BLOCK: usize = 8;
    let cipher = Rc2::new_with_eff_key_len(key, key.len() * 8);
    if encrypted.is_empty() || !encrypted.len().is_multiple_of(BLOCK) {
        return Err(KeyStoreError::WrongPassword);
    }
    let mut plain = Zeroizing::new(encrypted.to_vec());
    let before = [iv, encrypted].concat();
    for (block, mask) in plain.chunks_exact_mut(BLOCK).zip(before.chunks(BLOCK)) {
        let block: &mut [u8; BLOCK] = block.try_into().map_err(|_| KeyStoreError::WrongPassword)?;
        cipher.decrypt_block(block.into());
        block.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    let padding = plain.last().copied().unwrap_or_default();
    let length = plain.len() - usize::from(padding).min(plain.len());
    let is_padded = (1..=8).contains(&padding) && plain[length..].iter().all(|byte| *byte == padding);
    if !is_padded {
        return Err(KeyStoreError::WrongPassword);
    }
    plain.truncate(length);
    Ok(plain)
}
