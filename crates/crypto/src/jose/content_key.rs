//! [`ContentKey`]: a key of one content encryption, ready for use (RFC 7518, sections 5.2 and 5.3).

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{constant_time, hmac, rand};
use zeroize::Zeroizing;

use super::{ContentEncryption, JoseError};

/// The start value of GCM and of CBC, in bytes (RFC 7518, sections 5.3 and 5.2.2.1).
const GCM_IV_BYTES: usize = 12;
const CBC_IV_BYTES: usize = 16;

/// The tag of GCM, in bytes (RFC 7518, section 5.3).
const GCM_TAG_BYTES: usize = 16;

/// A key of one content encryption. What depends on the key alone is worked out when it is made.
pub(super) struct ContentKey(Kind);

enum Kind {
    Gcm(Box<LessSafeKey>),
    CbcHmac(Box<CbcHmac>),
}

/// AES in CBC with a MAC over it (RFC 7518, section 5.2).
struct CbcHmac {
    mac: hmac::Key,
    encrypting: PaddedBlockEncryptingKey,
    decrypting: PaddedBlockDecryptingKey,
    /// Half of what the hash gives.
    tag_bytes: usize,
}

impl ContentKey {
    /// The longest start value, in bytes.
    pub(super) const IV_BYTES_MAX: usize = CBC_IV_BYTES;

    /// The longest tag, in bytes.
    pub(super) const TAG_BYTES_MAX: usize = 32;

    /// A key of the length that the encryption needs; the message names both lengths otherwise.
    pub(super) fn new(encryption: ContentEncryption, key: &[u8]) -> Result<Self, JoseError> {
        if key.len() != encryption.key_bytes() {
            return Err(JoseError::Key(format!(
                "`{encryption}` needs a key of {} bytes, and this one has {}",
                encryption.key_bytes(),
                key.len()
            )));
        }
        let gcm = |algorithm| {
            let key = UnboundKey::new(algorithm, key)?;
            Ok(Kind::Gcm(Box::new(LessSafeKey::new(key))))
        };
        let made = match encryption {
            ContentEncryption::A128Gcm => gcm(&AES_128_GCM),
            ContentEncryption::A192Gcm => gcm(&AES_192_GCM),
            ContentEncryption::A256Gcm => gcm(&AES_256_GCM),
            ContentEncryption::A128CbcHs256 => CbcHmac::of(hmac::HMAC_SHA256, &AES_128, key),
            ContentEncryption::A192CbcHs384 => CbcHmac::of(hmac::HMAC_SHA384, &AES_192, key),
            ContentEncryption::A256CbcHs512 => CbcHmac::of(hmac::HMAC_SHA512, &AES_256, key),
        };
        made.map(Self).map_err(|Unspecified| JoseError::Failed)
    }

    /// A key of random bytes, and the bytes.
    pub(super) fn random(encryption: ContentEncryption) -> Result<(Self, Zeroizing<Vec<u8>>), JoseError> {
        let mut key = Zeroizing::new(vec![0; encryption.key_bytes()]);
        rand::fill(&mut key).map_err(|Unspecified| JoseError::Failed)?;
        Ok((Self::new(encryption, &key)?, key))
    }

    /// The length of the start value, in bytes.
    pub(super) fn iv_bytes(&self) -> usize {
        match &self.0 {
            Kind::Gcm(_) => GCM_IV_BYTES,
            Kind::CbcHmac(_) => CBC_IV_BYTES,
        }
    }

    /// The length of the tag, in bytes.
    pub(super) fn tag_bytes(&self) -> usize {
        match &self.0 {
            Kind::Gcm(_) => GCM_TAG_BYTES,
            Kind::CbcHmac(key) => key.tag_bytes,
        }
    }

    /// A start value, of which [`Self::iv_bytes`] count.
    pub(super) fn random_iv(&self) -> Result<[u8; Self::IV_BYTES_MAX], JoseError> {
        let mut iv = [0; Self::IV_BYTES_MAX];
        rand::fill(&mut iv[..self.iv_bytes()]).map_err(|Unspecified| JoseError::Failed)?;
        Ok(iv)
    }

    /// Encrypts in place, and returns the tag. A start value is used once.
    pub(super) fn seal(&self, aad: &[u8], iv: &[u8], content: &mut Vec<u8>) -> Result<Vec<u8>, JoseError> {
        let sealed = match &self.0 {
            Kind::Gcm(key) => Nonce::try_assume_unique_for_key(iv)
                .and_then(|nonce| key.seal_in_place_separate_tag(nonce, Aad::from(aad), content))
                .map(|tag| tag.as_ref().to_vec()),
            Kind::CbcHmac(key) => key.seal(aad, iv, content),
        };
        sealed.map_err(|Unspecified| JoseError::Failed)
    }

    /// Verifies, and decrypts in place.
    pub(super) fn open(
        &self,
        aad: &[u8],
        iv: &[u8],
        content: &mut Vec<u8>,
        tag: &[u8],
    ) -> Result<(), JoseError> {
        let opened = match &self.0 {
            Kind::Gcm(key) => Nonce::try_assume_unique_for_key(iv)
                .and_then(|nonce| key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, content))
                .map(drop),
            Kind::CbcHmac(key) => key.open(aad, iv, content, tag),
        };
        opened.map_err(|Unspecified| JoseError::Invalid)
    }
}

impl CbcHmac {
    /// The first half of the key is for the MAC and the second for AES (RFC 7518, section 5.2.2.1).
    fn of(
        mac: hmac::Algorithm,
        cipher: &'static aws_lc_rs::cipher::Algorithm,
        key: &[u8],
    ) -> Result<Kind, Unspecified> {
        let (mac_key, cipher_key) = key.split_at(key.len() / 2);
        Ok(Kind::CbcHmac(Box::new(Self {
            mac: hmac::Key::new(mac, mac_key),
            encrypting: PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(cipher, cipher_key)?)?,
            decrypting: PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(cipher, cipher_key)?)?,
            tag_bytes: mac.tag_len() / 2,
        })))
    }

    fn seal(&self, aad: &[u8], iv: &[u8], content: &mut Vec<u8>) -> Result<Vec<u8>, Unspecified> {
        let context = <&[u8; CBC_IV_BYTES]>::try_from(iv).map_err(|_| Unspecified)?;
        self.encrypting.less_safe_encrypt(content, EncryptionContext::Iv128(context.into()))?;
        Ok(self.authenticate(aad, iv, content).as_ref()[..self.tag_bytes].to_vec())
    }

    /// The MAC comes first: what a stranger made is never decrypted, and so says nothing about its padding.
    fn open(&self, aad: &[u8], iv: &[u8], content: &mut Vec<u8>, tag: &[u8]) -> Result<(), Unspecified> {
        let expected = self.authenticate(aad, iv, content);
        constant_time::verify_slices_are_equal(&expected.as_ref()[..self.tag_bytes], tag)?;
        let context = <&[u8; CBC_IV_BYTES]>::try_from(iv).map_err(|_| Unspecified)?;
        let plain = self.decrypting.decrypt(content, DecryptionContext::Iv128(context.into()))?;
        let length = plain.len();
        content.truncate(length);
        Ok(())
    }

    /// Over the header, the start value, the ciphertext, and the length of the header in bits.
    fn authenticate(&self, aad: &[u8], iv: &[u8], content: &[u8]) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&self.mac);
        let aad_bits = aad.len() as u64 * 8;
        for part in [aad, iv, content, &aad_bits.to_be_bytes()] {
            mac.update(part);
        }
        mac.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The example of RFC 7518, appendix B: one text, key and start value for all three.
    #[track_caller]
    fn check(encryption: ContentEncryption, first_block: &str, tag: &str) {
        const PLAIN: &[u8] =
            b"A cipher system must not be required to be secret, and it must be able to fall into \
            the hands of the enemy without inconvenience";
        const AAD: &[u8] = b"The second principle of Auguste Kerckhoffs";
        const IV: [u8; 16] = 0x1af3_8c2d_c2b9_6ffd_d866_9409_2341_bc04_u128.to_be_bytes();
        let key: Vec<u8> = (0..encryption.key_bytes() as u8).collect();
        let key = ContentKey::new(encryption, &key).unwrap();
        let mut content = PLAIN.to_vec();
        let made = key.seal(AAD, &IV, &mut content).unwrap();
        // The tag is over all of the ciphertext, so that the rest of it is right with it.
        assert_eq!((hex(&content[..16]).as_str(), hex(&made).as_str()), (first_block, tag));
        assert_eq!(key.open(AAD, &IV, &mut content.clone(), &made[1..]), Err(JoseError::Invalid));
        assert_eq!(key.open(&AAD[1..], &IV, &mut content.clone(), &made), Err(JoseError::Invalid));
        key.open(AAD, &IV, &mut content, &made).unwrap();
        assert_eq!(content, PLAIN);
    }

    #[test]
    fn the_examples_of_the_rfc() {
        check(
            ContentEncryption::A128CbcHs256,
            "c80edfa32ddf39d5ef00c0b468834279",
            "652c3fa36b0a7c5b3219fab3a30bc1c4",
        );
        check(
            ContentEncryption::A192CbcHs384,
            "ea65da6b59e61edb419be62d19712ae5",
            "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7",
        );
        check(
            ContentEncryption::A256CbcHs512,
            "4affaaadb78c31c5da4b1b590d10ffbd",
            "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
        );
    }
}
