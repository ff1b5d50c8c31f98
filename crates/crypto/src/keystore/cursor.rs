//! [`Cursor`]: the big-endian numbers and strings of Java's `DataOutputStream`.

use super::KeyStoreError;

/// What is left of a file.
pub(super) struct Cursor<'a> {
    whole: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(whole: &'a [u8]) -> Self {
        Self { whole, position: 0 }
    }

    /// Everything read so far.
    pub(super) fn before(&self) -> &'a [u8] {
        &self.whole[..self.position]
    }

    pub(super) fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], KeyStoreError> {
        let rest = &self.whole[self.position..];
        let taken = rest.get(..length).ok_or(KeyStoreError::Truncated { what })?;
        self.position += length;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], KeyStoreError> {
        let bytes = self.take(N, what)?;
        bytes.try_into().map_err(|_| KeyStoreError::Truncated { what })
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, KeyStoreError> {
        self.number(what).map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, KeyStoreError> {
        self.number(what).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, KeyStoreError> {
        self.number(what).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self, what: &'static str) -> Result<u64, KeyStoreError> {
        self.number(what).map(u64::from_be_bytes)
    }

    /// Bytes with their length before them.
    pub(super) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], KeyStoreError> {
        let length = self.u32(what)?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX), what)
    }

    /// A string of `DataOutput.writeUTF`.
    pub(super) fn text(&mut self, what: &'static str) -> Result<String, KeyStoreError> {
        let length = self.u16(what)?;
        let bytes = self.take(length.into(), what)?;
        from_modified_utf8(bytes).ok_or(KeyStoreError::Malformed { what })
    }
}

/// Java's own UTF-8: each half of a surrogate pair takes three bytes, and U+0000 takes two.
fn from_modified_utf8(mut bytes: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(bytes.len());
    let low = |byte: u8| (byte & 0xC0 == 0x80).then_some(u16::from(byte & 0x3F));
    while let [first, rest @ ..] = bytes {
        let high = u16::from(*first);
        (bytes, _) = match (first, rest) {
            (0x01..=0x7F, rest) => (rest, units.push(high)),
            (0xC0..=0xDF, [second, rest @ ..]) => (rest, units.push((high & 0x1F) << 6 | low(*second)?)),
            (0xE0..=0xEF, [second, third, rest @ ..]) => {
                (rest, units.push((high & 0x0F) << 12 | low(*second)? << 6 | low(*third)?))
            }
            _ => return None,
        };
    }
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modified_utf8_is_that_of_java() {
        let text = |bytes: &[u8]| from_modified_utf8(bytes);
        assert_eq!(text(b"plain").as_deref(), Some("plain"));
        assert_eq!(text("schlüssel €".as_bytes()).as_deref(), Some("schlüssel €"));
        assert_eq!(text(b"\xED\xA0\xBD\xED\xB8\x80").as_deref(), Some("😀"));
        assert_eq!(text(b"\xC0\x80").as_deref(), Some("\0"));
        for wrong in [&b"\0"[..], b"\x80", b"\xC3", b"\xC3A", b"\xE2\x82", b"\xED\xA0\xBD", "😀".as_bytes()]
        {
            assert_eq!(text(wrong), None, "{wrong:?}");
        }
    }
}
