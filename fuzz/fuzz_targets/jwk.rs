//! JSON Web Keys: any bytes are a key or a set of keys, or refused.
#![no_main]

use crypto::jwk;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let _ = format!("{:?}", jwk::parse(text));
    let _ = format!("{:?}", jwk::parse_set(text));
});
