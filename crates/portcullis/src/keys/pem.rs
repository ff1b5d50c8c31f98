//! Keys and certificates as PEM.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// As wide as everybody writes it (RFC 7468, section 2).
const LINE: usize = 64;

/// One block.
pub(super) fn block(label: &str, der: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(BASE64_STANDARD.encode(der));
    let mut block = Zeroizing::new(format!("-----BEGIN {label}-----\n"));
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        block.push_str(line);
        block.push('\n');
        rest = after;
    }
    block.push_str(&format!("-----END {label}-----\n"));
    block
}

/// A private key with its certificates, as PemPropertyFormat reads them.
pub(super) fn key_with_chain(pkcs8: &[u8], chain: &[Vec<u8>]) -> Zeroizing<String> {
    let mut text = block("PRIVATE KEY", pkcs8);
    text.push_str(&certificates(chain));
    text
}

/// Certificates one after the other.
pub(super) fn certificates(chain: &[Vec<u8>]) -> String {
    chain.iter().map(|der| block("CERTIFICATE", der).to_string()).collect()
}
