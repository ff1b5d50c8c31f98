//! Doors for the fuzz targets into the parsers that strangers reach. Compiled under `cfg(fuzzing)` only.

use bytes::{Buf, Bytes, BytesMut};
use exchange::{ClientInfo, inspect_path};

use crate::client::parse_response_head;
use crate::h1::framing::{Decoded, Decoder};
use crate::h1::scan::{HeadLimits, HeadScan};
use crate::server::head::{HeadRules, parse_head};
use crate::server::{ConnectorOptions, parse_proxy_header};

const LIMITS: HeadLimits = HeadLimits { first_line_bytes_max: 8192, fields_bytes_max: 8192 };

/// Reads a request as a connection does, its bytes arriving in two parts: head, then body.
///
/// # Panics
/// When an accepted request breaks a promise: its path is ambiguous, or its scan depends on how bytes arrive.
pub fn request(bytes: &[u8], cut: usize) {
    let Some((head, rest)) = split(bytes, cut) else { return };
    let options = ConnectorOptions::default();
    let address = ([127, 0, 0, 1], 80).into();
    let rules = HeadRules::new(&options, &ClientInfo::direct(address, address), false);
    let Ok(head) = parse_head(&head, &rules, &mut None) else { return };
    let path = head.request.uri.raw_path();
    assert!(path == "*" || inspect_path(path).is_none(), "an ambiguous path passed: {path}");
    decode(head.body, rest);
}

/// Reads a response as the client does.
pub fn response(bytes: &[u8], cut: usize) {
    let Some((head, rest)) = split(bytes, cut) else { return };
    if let Ok(body) = parse_response_head(&head) {
        decode(body, rest);
    }
}

/// Reads the header of a load balancer.
///
/// # Panics
/// When an accepted header is found at another length once some of it is missing, or more than it follows.
pub fn proxy_header(bytes: &[u8]) {
    let Some(found) = parse_proxy_header(bytes) else { return };
    let length = found.0;
    assert_eq!(parse_proxy_header(&bytes[..length]), Some(found), "what follows does not matter");
    for cut in 0..length {
        assert_eq!(parse_proxy_header(&bytes[..cut]), None, "a part of a header is none");
    }
}

/// Finds the head. Whether the bytes arrive at once or in two parts must not matter.
fn split(bytes: &[u8], cut: usize) -> Option<(Bytes, BytesMut)> {
    let whole = HeadScan::default().advance(bytes, LIMITS);
    let mut scan = HeadScan::default();
    let first = scan.advance(&bytes[..cut.min(bytes.len())], LIMITS);
    if let Ok(None) = first {
        assert_eq!(scan.advance(bytes, LIMITS), whole, "a head is found wherever its bytes are cut");
    }
    let span = whole.ok()??;
    let mut buffer = BytesMut::from(bytes);
    buffer.advance(span.start);
    let head = buffer.split_to(span.end - span.start).freeze();
    Some((head, buffer))
}

fn decode(mut decoder: Decoder, mut buffer: BytesMut) {
    let before = buffer.len();
    let mut decoded = 0;
    while let Ok(Decoded::Data(data)) = decoder.decode(&mut buffer) {
        assert!(!data.is_empty(), "decoding makes progress");
        decoded += data.len();
    }
    assert!(decoded <= before, "a body is not longer than its bytes");
}
