//! Responses from origins: any bytes, cut anywhere, are read or refused, and what is accepted keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (usize, &[u8])| {
    let (cut, bytes) = input;
    transport::fuzzing::response(bytes, cut % (bytes.len() + 1));
});
