//! [`Key`]: what a session is called wherever its id must not stand.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// 256 bits: no guess meets one of a million sessions within the life of the universe.
const ID_BYTES: usize = 32;

/// The length of an id as the browser has it.
const ID_CHARACTERS: usize = 43;

/// As many bytes of the digest as make a handle.
const KEY_BYTES: usize = 16;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The beginning of the SHA-256 of a session's id. Sessions are kept under it, so the memory of the gateway holds no
/// id, and how long a look-up takes says nothing about one. As text it is the handle that administrators see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key([u8; KEY_BYTES]);

/// A new id, from the random source of the operating system, in base64url.
pub(super) fn random_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Key {
    /// The key of the session with this id; `None` for what was never an id of ours.
    pub(super) fn of(id: &str) -> Option<Self> {
        if id.len() != ID_CHARACTERS {
            return None;
        }
        let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
        digest.first_chunk().copied().map(Self)
    }

    /// Reads a handle: 32 digits, as they are written.
    pub(super) fn from_handle(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let mut key = [0; KEY_BYTES];
        if digits.len() != 2 * KEY_BYTES {
            return None;
        }
        for (byte, digits) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = [digits[0], digits[1]].map(|digit| char::from(digit).to_digit(16));
            *byte = u8::try_from(high? << 4 | low?).ok()?;
        }
        Some(Self(key))
    }

    /// The first four bits: which of 16 shards the session is in, so that shards are in the order of keys.
    pub(super) fn shard(self) -> usize {
        usize::from(self.0[0] >> 4)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each load of a session writes one, and a formatter for each byte would be most of its cost.
        let mut digits = [0; 2 * KEY_BYTES];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}
