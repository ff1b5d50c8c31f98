//! JSON Web Keys: any bytes are a key or a set of keys, or refused.
#![no_main]

use crypto::jwk::{Jwk, JwkSet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let _ = format!("{:?}", Jwk::parse(text));
    let _ = format!("{:?}", JwkSet::parse(text));
});
