//! The few pieces of DER that keys are wrapped in when their format changes.

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use zeroize::Zeroizing;

/// A structure with more elements is none of those that are read here.
const ELEMENTS_MAX: usize = 16;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[1]`, explicit.
pub(crate) const CONTEXT_1: u8 = 0xA1;

/// `AlgorithmIdentifier` of RSA keys (RFC 3279, section 2.3.1): its parameters are null.
pub(crate) const RSA: &[u8] = &[
    SEQUENCE,
    0x0D,
    OBJECT_IDENTIFIER,
    0x09,
    0x2A,
    0x86,
    0x48,
    0x86,
    0xF7,
    0x0D,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00,
];
/// `AlgorithmIdentifier` of Ed25519 (RFC 8410).
pub(crate) const ED25519: &[u8] = &[SEQUENCE, 0x05, OBJECT_IDENTIFIER, 0x03, 0x2B, 0x65, 0x70];
/// Identifier of keys of elliptic curves (RFC 5480), whole.
const EC: &[u8] = &[OBJECT_IDENTIFIER, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// Version 0.
pub(crate) const VERSION_0: &[u8] = &[INTEGER, 1, 0];

/// One element: tag, length, and the parts of its content.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let bytes = length.to_be_bytes();
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    // Made as long as it gets, so that no copy of a key stays behind in a smaller buffer.
    let mut made = Zeroizing::new(Vec::with_capacity(length + 2 + bytes.len()));
    made.push(tag);
    match significant {
        [] => made.push(0),
        [short] if *short < 0x80 => made.push(*short),
        long => {
            made.push(0x80 | long.len() as u8);
            made.extend_from_slice(long);
        }
    }
    parts.iter().for_each(|part| made.extend_from_slice(part));
    made
}

/// A number that is not negative, of its bytes with the highest first.
pub(crate) fn unsigned(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    match digits {
        [first, ..] if *first < 0x80 => element(INTEGER, &[digits]),
        _ => element(INTEGER, &[&[0], digits]),
    }
}

/// `PrivateKeyInfo` (RFC 5958) of an algorithm and a key in the algorithm's own format.
pub(crate) fn private_key_info(algorithm: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    element(SEQUENCE, &[VERSION_0, algorithm, &element(OCTET_STRING, &[key])])
}

/// `SubjectPublicKeyInfo` (RFC 5280) of an algorithm and a key in the algorithm's own format.
pub(crate) fn public_key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[algorithm, &element(BIT_STRING, &[&[0], key])]).to_vec()
}

/// `AlgorithmIdentifier` of the keys of a curve, by the content of the curve's own identifier.
pub(crate) fn elliptic_curve(curve: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[EC, &element(OBJECT_IDENTIFIER, &[curve])]).to_vec()
}

/// The elements of a sequence that is all there is.
pub(crate) fn sequence(der: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let whole = AnyRef::from_der(der).ok()?;
    if whole.tag() != Tag::Sequence {
        return None;
    }
    elements(whole.value())
}

/// Elements that follow one another.
pub(crate) fn elements(der: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(der).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        if found.len() == ELEMENTS_MAX {
            return None;
        }
        found.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let made = element(OCTET_STRING, &[&vec![7; length]]);
            let read = AnyRef::from_der(&made).unwrap();
            assert_eq!((read.tag(), read.value().len()), (Tag::OctetString, length));
        }
    }

    #[test]
    fn numbers_are_not_negative_and_have_no_leading_zeros() {
        assert_eq!(*unsigned(&[0, 0, 0x7F]), [2, 1, 0x7F]);
        assert_eq!(*unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(*unsigned(&[]), [2, 1, 0]);
        assert_eq!(*unsigned(&[0]), [2, 1, 0]);
    }

    #[test]
    fn a_sequence_is_all_there_is() {
        assert_eq!(sequence(&[0x30, 3, 2, 1, 5]).unwrap().len(), 1);
        assert!(sequence(&[0x30, 3, 2, 1, 5, 0]).is_none());
        assert!(sequence(&[0x31, 3, 2, 1, 5]).is_none());
        assert!(sequence(&element(SEQUENCE, &[VERSION_0; ELEMENTS_MAX])).is_some());
        assert!(sequence(&element(SEQUENCE, &[VERSION_0; ELEMENTS_MAX + 1])).is_none());
    }
}
