//! Keys that encrypt keys: AES key wrap (RFC 3394; RFC 7518, section 4.4), and AES in GCM (RFC 7518, section 4.7).
//!
//! The key wrap of the library knows no AES-192 and leaves a copy of the key behind; over its block cipher, the
//! algorithm is short.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{constant_time, rand};
use zeroize::Zeroizing;

/// Half a block, in bytes.
const HALF: usize = 8;

/// What the first half block is before wrapping (RFC 3394, section 2.2.3.1).
const CHECK: [u8; HALF] = [0xA6; HALF];

/// No content encryption has a longer key, in bytes.
const WRAPPED_BYTES_MAX: usize = 64;

/// A key for AES key wrap.
pub(super) struct WrappingKey {
    encrypting: EncryptingKey,
    decrypting: DecryptingKey,
}

impl WrappingKey {
    /// A key of 16, 24 or 32 bytes.
    pub(super) fn new(key: &[u8]) -> Result<Self, Unspecified> {
        let algorithm = match key.len() {
            16 => &AES_128,
            24 => &AES_192,
            _ => &AES_256,
        };
        Ok(Self {
            encrypting: EncryptingKey::ecb(UnboundCipherKey::new(algorithm, key)?)?,
            decrypting: DecryptingKey::ecb(UnboundCipherKey::new(algorithm, key)?)?,
        })
    }

    /// Wraps a key of whole half blocks (RFC 3394, section 2.2.1).
    pub(super) fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut wrapped = Zeroizing::new([CHECK.as_slice(), key].concat());
        let (check, halves) = wrapped.split_at_mut(HALF);
        let count = halves.len() / HALF;
        let mut block = Zeroizing::new([0; 2 * HALF]);
        for step in 0..6 * count {
            let half = &mut halves[step % count * HALF..][..HALF];
            block[..HALF].copy_from_slice(check);
            block[HALF..].copy_from_slice(half);
            self.encrypting.encrypt(block.as_mut_slice())?;
            count_into(block.as_mut_slice(), step);
            check.copy_from_slice(&block[..HALF]);
            half.copy_from_slice(&block[HALF..]);
        }
        Ok(std::mem::take(&mut *wrapped))
    }

    /// Unwraps a key, and checks that it was wrapped (RFC 3394, section 2.2.2).
    pub(super) fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let is_length = wrapped.len().is_multiple_of(HALF)
            && (3 * HALF..=WRAPPED_BYTES_MAX + HALF).contains(&wrapped.len());
        if !is_length {
            return Err(Unspecified);
        }
        let mut check = [0; HALF];
        check.copy_from_slice(&wrapped[..HALF]);
        let mut key = Zeroizing::new(wrapped[HALF..].to_vec());
        let count = key.len() / HALF;
        let mut block = Zeroizing::new([0; 2 * HALF]);
        for step in (0..6 * count).rev() {
            let half = &mut key[step % count * HALF..][..HALF];
            block[..HALF].copy_from_slice(&check);
            block[HALF..].copy_from_slice(half);
            count_into(block.as_mut_slice(), step);
            self.decrypting.decrypt(block.as_mut_slice(), DecryptionContext::None)?;
            check.copy_from_slice(&block[..HALF]);
            half.copy_from_slice(&block[HALF..]);
        }
        constant_time::verify_slices_are_equal(&check, &CHECK)?;
        Ok(key)
    }
}

/// Adds the number of the step, from one, to the first half of the block by exclusive or.
fn count_into(block: &mut [u8], step: usize) {
    let number = (step as u64 + 1).to_be_bytes();
    block.iter_mut().zip(number).for_each(|(byte, count)| *byte ^= count);
}

/// A key that encrypts keys in GCM.
pub(super) struct GcmWrappingKey(LessSafeKey);

/// A key encrypted in GCM, with what goes into the header (RFC 7518, section 4.7.1).
pub(super) struct GcmWrapped {
    pub(super) iv: [u8; NONCE_LEN],
    pub(super) key: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl GcmWrappingKey {
    /// A key of 16, 24 or 32 bytes.
    pub(super) fn new(key: &[u8]) -> Result<Self, Unspecified> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            _ => &AES_256_GCM,
        };
        Ok(Self(LessSafeKey::new(UnboundKey::new(algorithm, key)?)))
    }

    pub(super) fn wrap(&self, key: &[u8]) -> Result<GcmWrapped, Unspecified> {
        let mut iv = [0; NONCE_LEN];
        rand::fill(&mut iv)?;
        let mut key = key.to_vec();
        let nonce = Nonce::assume_unique_for_key(iv);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::empty(), &mut key)?;
        Ok(GcmWrapped { iv, key, tag: tag.as_ref().to_vec() })
    }

    pub(super) fn unwrap(
        &self,
        iv: &[u8; NONCE_LEN],
        wrapped: &[u8],
        tag: &[u8; 16],
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let mut key = Zeroizing::new(wrapped.to_vec());
        self.0.open_in_place_separate_tag(Nonce::assume_unique_for_key(*iv), Aad::empty(), tag, &mut key)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
        digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16).unwrap()).collect()
    }

    /// The vectors of RFC 3394, section 4: keys of these lengths are the bytes from zero on, and what is wrapped
    /// begins with all sixteen values of a doubled digit.
    #[track_caller]
    fn check(length: usize, key: &str, expected: &str) {
        let wrapping = WrappingKey::new(&(0..length as u8).collect::<Vec<u8>>()).unwrap();
        let wrapped = wrapping.wrap(&bytes(key)).unwrap();
        assert_eq!(wrapped, bytes(expected));
        assert_eq!(*wrapping.unwrap(&wrapped).unwrap(), bytes(key));
        for index in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[index] ^= 1;
            assert!(wrapping.unwrap(&changed).is_err());
        }
        assert!(wrapping.unwrap(&wrapped[..wrapped.len() - 1]).is_err());
        assert!(wrapping.unwrap(&wrapped[..wrapped.len() - HALF]).is_err());
    }

    #[test]
    fn keys_are_wrapped_as_the_vectors_of_the_rfc_are() {
        let short = "00112233445566778899AABBCCDDEEFF";
        check(16, short, "1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5");
        check(24, short, "96778B25AE6CA435 F92B5B97C050AED2 468AB8A17AD84E5D");
        check(32, short, "64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7");
        let long = format!("{short}000102030405060708090A0B0C0D0E0F");
        check(
            32,
            &long,
            "28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21",
        );
    }

    #[test]
    fn nothing_shorter_or_longer_than_keys_is_unwrapped() {
        let wrapping = WrappingKey::new(&[7; 16]).unwrap();
        for length in [0, 8, 16, 23, 25, 80, 100_000] {
            assert!(wrapping.unwrap(&vec![0; length]).is_err(), "{length}");
        }
        assert!(wrapping.unwrap(&wrapping.wrap(&[1; WRAPPED_BYTES_MAX]).unwrap()).is_ok());
    }
}
