//! [`Blocks`]: how much to read at once from a body.

use bytes::BytesMut;

/// The first block of a body; each block that was filled makes the next one twice as large.
const BLOCK_BYTES_MIN: usize = 16 * 1024;

/// The largest block. Larger ones leave the processor's cache.
const BLOCK_BYTES_MAX: usize = 128 * 1024;

/// Small blocks for small bodies and slow peers, large ones for long and fast bodies.
#[derive(Debug)]
pub(crate) struct Blocks {
    bytes: usize,
}

impl Default for Blocks {
    fn default() -> Self {
        Self { bytes: BLOCK_BYTES_MIN }
    }
}

impl Blocks {
    /// Makes room for a block, or for the rest of the body when that is less.
    pub(crate) fn reserve(&self, buffer: &mut BytesMut, remaining: Option<u64>) {
        let remaining = remaining.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX);
        buffer.reserve(self.bytes.min(remaining).max(1));
    }

    /// Learns from a read of `length` bytes.
    pub(crate) fn filled(&mut self, length: usize) {
        if length >= self.bytes {
            self.bytes = (self.bytes * 2).min(BLOCK_BYTES_MAX);
        }
    }
}
