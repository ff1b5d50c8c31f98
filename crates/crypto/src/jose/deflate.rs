//! `zip: DEF`: content that is compressed before it is encrypted (RFC 7516, section 4.1.3; RFC 1951).

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use zeroize::Zeroizing;

use super::JoseError;

/// The first buffer is as many times as large as what it is inflated from.
const RATIO_GUESSED: usize = 4;

/// Compresses.
pub(super) fn deflate(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, JoseError> {
    // What does not get smaller gets longer, by five bytes for each stored block.
    let mut deflated = Zeroizing::new(Vec::with_capacity(content.len() + content.len() / 1024 * 5 + 64));
    let mut deflater = Compress::new(Compression::default(), false);
    match deflater.compress_vec(content, &mut deflated, FlushCompress::Finish) {
        Ok(Status::StreamEnd) => Ok(deflated),
        _ => Err(JoseError::Failed),
    }
}

/// Inflates until there are more than so many bytes: a text of a few hundred can stand for megabytes.
pub(super) fn inflate(deflated: &[u8], bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, JoseError> {
    // The one byte more shows whether the end comes where it has to.
    let longest = bytes_max.saturating_add(1);
    let first = deflated.len().saturating_mul(RATIO_GUESSED).clamp(1, longest);
    let mut content = Zeroizing::new(vec![0; first]);
    let mut inflater = Decompress::new(false);
    loop {
        let (read, written) = (inflater.total_in() as usize, inflater.total_out() as usize);
        let (from, to) = (&deflated[read..], &mut content[written..]);
        let status = inflater.decompress(from, to, FlushDecompress::None).map_err(|_| JoseError::Invalid)?;
        let (now_read, now_written) = (inflater.total_in() as usize, inflater.total_out() as usize);
        if now_written > bytes_max {
            return Err(JoseError::Invalid);
        }
        if status == Status::StreamEnd {
            content.truncate(now_written);
            return if now_read == deflated.len() { Ok(content) } else { Err(JoseError::Invalid) };
        }
        if now_written == content.len() {
            content = grown(&content, longest);
        } else if (now_read, now_written) == (read, written) {
            return Err(JoseError::Invalid);
        }
    }
}

/// A buffer of twice the length. The old one is overwritten, which a vector that grows by itself does not do.
fn grown(content: &[u8], longest: usize) -> Zeroizing<Vec<u8>> {
    let mut larger = Zeroizing::new(vec![0; content.len().saturating_mul(2).min(longest)]);
    larger[..content.len()].copy_from_slice(content);
    larger
}
