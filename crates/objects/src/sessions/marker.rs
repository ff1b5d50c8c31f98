//! [`Marker`]: marks by which those who have a key tell texts apart, and nobody else learns anything.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Blocks of SHA-256.
const BLOCK_BYTES: usize = 64;

/// Makes marks with a key that is derived from another one.
pub(crate) struct Marker(Zeroizing<[u8; 32]>);

impl Marker {
    /// A marker of its own for each key. The key cannot be worked out from it.
    pub(crate) fn of(key: &[u8]) -> Self {
        Self(Zeroizing::new(hmac(key, b"marks of texts in sessions")))
    }

    /// The mark of a text: always the same, and another one for every other text.
    pub(crate) fn mark(&self, text: &str) -> [u8; 32] {
        hmac(&*self.0, text.as_bytes())
    }
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    if key.len() > BLOCK_BYTES {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| Zeroizing::new(block.map(|byte| byte ^ pad));
    let inner = Sha256::new().chain_update(*padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(*padded(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(key: &[u8], text: &[u8], expected: Expect) {
        expected.assert_eq(&hmac(key, text).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }

    #[test]
    fn the_vectors_of_rfc_4231() {
        check(
            &[0x0b; 20],
            b"Hi There",
            expect!["b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
        );
        check(
            b"Jefe",
            b"what do ya want for nothing?",
            expect!["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
        );
        check(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            expect!["60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"],
        );
    }

    #[test]
    fn another_key_or_text_makes_another_mark() {
        let mark = |key: u8, text| Marker::of(&[key; 32]).mark(text);
        assert_eq!(mark(1, "bob"), mark(1, "bob"));
        assert_ne!(mark(1, "bob"), mark(1, "Bob"));
        assert_ne!(mark(1, "bob"), mark(2, "bob"));
    }
}
