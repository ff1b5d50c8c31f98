//! Keys and certificates as PEM.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crypto::KeyMaterial;
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

/// A key with its certificates, or a certificate, as PemPropertyFormat reads them.
pub(super) fn of_key(material: &KeyMaterial) -> Zeroizing<String> {
    match material {
        KeyMaterial::Private { pkcs8, chain, .. } => {
            let mut text = block("PRIVATE KEY", pkcs8);
            text.push_str(&certificates(chain));
            text
        }
        // The key stays in its module.
        KeyMaterial::Token { chain, .. } => {
            let mut text = Zeroizing::new(String::new());
            text.push_str(&certificates(chain));
            text
        }
        KeyMaterial::Symmetric { algorithm, bytes } => {
            let label = match algorithm.as_str() {
                "AES" => "AES SECRET KEY",
                hmac if hmac.starts_with("Hmac") => "HMAC SECRET KEY",
                _ => "GENERIC SECRET",
            };
            block(label, bytes)
        }
        KeyMaterial::Public { spki } => block("PUBLIC KEY", spki),
        KeyMaterial::Certificate { der } => block("CERTIFICATE", der),
    }
}

/// Certificates one after the other.
pub(super) fn certificates(chain: &[Vec<u8>]) -> String {
    chain.iter().map(|der| block("CERTIFICATE", der).to_string()).collect()
}
