//! Certificates: any bytes are read or refused, and every property of what was read has a text.
#![no_main]

use expression::{Certificate, Object};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|der: &[u8]| {
    if let Ok(text) = std::str::from_utf8(der) {
        let _ = (Certificate::from_pem(text), Certificate::from_base64(text));
    }
    if let Ok(certificate) = Certificate::from_der(der) {
        for name in certificate.keys() {
            let value = certificate.property(&name);
            let _ = (value.to_text().len(), value.property("name").to_text().len());
        }
    }
});
