//! BER (X.690) as PKCS#12 files have it: made DER first, then read.
//!
//! Bouncy Castle and NSS write lengths that are known only at the end, and strings in pieces. That is undone in
//! one place, so that everything else meets one form.

use der::asn1::ObjectIdentifier;

use super::KeyStoreError;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const BMP_STRING: u8 = 0x1E;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;

/// PKCS#12 nests about ten deep.
const DEPTH_MAX: usize = 32;

/// The first element of `bytes` with lengths in advance and strings in one piece. What follows it is ignored, as
/// in Java.
///
/// # Errors
/// [`KeyStoreError::Truncated`] if the element is longer than the bytes, [`KeyStoreError::Malformed`] if
/// anything in it is no BER.
pub(super) fn normalise(bytes: &[u8], what: &'static str) -> Result<Vec<u8>, KeyStoreError> {
    let mut input = bytes;
    if let Some((_, Some(length))) = header(&mut input)
        && length > input.len()
    {
        return Err(KeyStoreError::Truncated { what });
    }
    let mut out = Vec::with_capacity(bytes.len());
    let (tag, content) = element(&mut &*bytes, 0).ok_or(KeyStoreError::Malformed { what })?;
    write(&mut out, tag, &content);
    Ok(out)
}

/// Whether this is one sequence and nothing else, as what was decrypted with the right password is.
pub(super) fn is_one_sequence(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    matches!(header(&mut rest), Some((SEQUENCE, length)) if length.is_none_or(|length| length == rest.len()))
}

/// A tag, and the length of what follows unless only its end will tell.
fn header(input: &mut &[u8]) -> Option<(u8, Option<usize>)> {
    let [tag, first, rest @ ..] = *input else { return None };
    // Tags above 30 take more bytes; nothing in a key store has one.
    if tag & 0x1F == 0x1F {
        return None;
    }
    let (length, rest) = match first {
        0..0x80 => (Some(usize::from(*first)), rest),
        0x80 if tag & CONSTRUCTED != 0 => (None, rest),
        0x81..=0x88 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let length = bytes.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
            (Some(usize::try_from(length).ok()?), rest)
        }
        _ => return None,
    };
    *input = rest;
    Some((*tag, length))
}

/// Takes one element, and gives its tag and its content as DER.
fn element(input: &mut &[u8], depth: usize) -> Option<(u8, Vec<u8>)> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (tag, length) = header(input)?;
    if tag & CONSTRUCTED == 0 {
        let (content, rest) = input.split_at_checked(length?)?;
        *input = rest;
        return Some((tag, content.to_vec()));
    }
    let is_string = tag == OCTET_STRING | CONSTRUCTED;
    let mut content = Vec::new();
    let mut add = |input: &mut &[u8]| {
        let (inner, piece) = element(input, depth + 1)?;
        match (is_string, inner) {
            (true, OCTET_STRING) => content.extend_from_slice(&piece),
            (true, _) => return None,
            (false, _) => write(&mut content, inner, &piece),
        }
        Some(())
    };
    if let Some(length) = length {
        let (mut inside, rest) = input.split_at_checked(length)?;
        while !inside.is_empty() {
            add(&mut inside)?;
        }
        *input = rest;
    } else {
        while !input.starts_with(&[0, 0]) {
            add(input)?;
        }
        *input = &input[2..];
    }
    Some((if is_string { OCTET_STRING } else { tag }, content))
}

/// Appends an element with the shortest form of its length.
fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(length @ 0..0x80) => out.push(length),
        _ => {
            let bytes = content.len().to_be_bytes();
            let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            out.push(0x80 | bytes.len() as u8);
            out.extend_from_slice(bytes);
        }
    }
    out.extend_from_slice(content);
}

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(der: &'a [u8]) -> Self {
        Self(der)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element: its tag and its content.
    pub(super) fn any(&mut self, what: &'static str) -> Result<(u8, &'a [u8]), KeyStoreError> {
        let mut take = || {
            let (tag, length) = header(&mut self.0)?;
            let (content, rest) = self.0.split_at_checked(length?)?;
            self.0 = rest;
            Some((tag, content))
        };
        take().ok_or(KeyStoreError::Malformed { what })
    }

    /// The next element with the bytes before its content.
    pub(super) fn whole(&mut self, what: &'static str) -> Result<&'a [u8], KeyStoreError> {
        let before = self.0;
        self.any(what)?;
        Ok(&before[..before.len() - self.0.len()])
    }

    /// The content of the next element, which has this tag.
    pub(super) fn tagged(&mut self, tag: u8, what: &'static str) -> Result<&'a [u8], KeyStoreError> {
        match self.any(what)? {
            (found, content) if found == tag => Ok(content),
            _ => Err(KeyStoreError::Malformed { what }),
        }
    }

    pub(super) fn is_next(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The content of the next element if it has this tag.
    pub(super) fn optional(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<Option<&'a [u8]>, KeyStoreError> {
        if self.is_next(tag) { self.tagged(tag, what).map(Some) } else { Ok(None) }
    }

    pub(super) fn sequence(&mut self, what: &'static str) -> Result<Self, KeyStoreError> {
        self.tagged(SEQUENCE, what).map(Self)
    }

    pub(super) fn octets(&mut self, what: &'static str) -> Result<&'a [u8], KeyStoreError> {
        self.tagged(OCTET_STRING, what)
    }

    /// A tag of the structure's own around another element: `[number] EXPLICIT`.
    pub(super) fn explicit(&mut self, number: u8, what: &'static str) -> Result<Self, KeyStoreError> {
        self.tagged(0xA0 | number, what).map(Self)
    }

    pub(super) fn oid(&mut self, what: &'static str) -> Result<ObjectIdentifier, KeyStoreError> {
        let bytes = self.tagged(OBJECT_IDENTIFIER, what)?;
        ObjectIdentifier::from_bytes(bytes).map_err(|_| KeyStoreError::Malformed { what })
    }

    /// A number that is not negative.
    pub(super) fn number(&mut self, what: &'static str) -> Result<u64, KeyStoreError> {
        let bytes = self.tagged(INTEGER, what)?;
        match bytes {
            [0..0x80, ..] if bytes.len() <= 8 => {
                Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
            _ => Err(KeyStoreError::Malformed { what }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(bytes: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        normalise(bytes, "it")
    }

    #[test]
    fn lengths_and_strings_become_those_of_der() {
        let indefinite =
            b"\x30\x80\x24\x80\x04\x02ab\x04\x81\x01c\x00\x00\xA0\x80\x02\x01\x05\x00\x00\x00\x00";
        let definite = b"\x30\x0A\x04\x03abc\xA0\x03\x02\x01\x05";
        assert_eq!(der(indefinite).unwrap(), definite);
        assert_eq!(der(definite).unwrap(), definite);
        assert_eq!(der(b"\x30\x02\x05\x00and more").unwrap(), b"\x30\x02\x05\x00");
    }

    #[test]
    fn a_long_length_takes_as_few_bytes_as_it_can() {
        for length in [0x7F, 0x80, 0xFF, 0x100, 0x1_0000] {
            let mut long = vec![0x04, 0x84];
            long.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
            long.resize(long.len() + length, b'x');
            let short = der(&long).unwrap();
            let mut reader = Reader::new(&short);
            assert_eq!(reader.octets("it").unwrap().len(), length);
            assert_eq!(
                der::Encode::to_der(&der::asn1::OctetString::new(vec![b'x'; length]).unwrap()).unwrap(),
                short
            );
        }
    }

    #[test]
    fn what_is_no_ber_is_refused() {
        assert_eq!(der(b"\x30\x05\x04\x03ab"), Err(KeyStoreError::Truncated { what: "it" }));
        let nested = [0x30, 0x80].repeat(DEPTH_MAX + 2);
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x80\x00",
            b"\x04\x80\x00\x00",
            b"\x30\x03\x04\x02a",
            b"\x24\x03\x02\x01\x05",
            b"\x3F\x81\x01\x00",
            b"\x30\x89\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            &nested,
        ] {
            assert_eq!(der(bytes), Err(KeyStoreError::Malformed { what: "it" }), "{bytes:?}");
        }
    }
}
