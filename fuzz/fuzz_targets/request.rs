//! Requests from strangers: any bytes, cut anywhere, are read or refused, and what is accepted keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (usize, &[u8])| {
    let (cut, bytes) = input;
    transport::fuzzing::request(bytes, cut % (bytes.len() + 1));
});
