//! PEM: any bytes are keys and certificates, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    // Deriving a key may take a second, and finds nothing.
    let is_slow = text.windows(9).any(|window| window == b"ENCRYPTED");
    let password = (!is_slow).then_some(b"changeit".as_slice());
    let _ = crypto::pem::read(text, password);
    let _ = format!("{:?}", crypto::pem::secrets_from_pem(text, password));
});
