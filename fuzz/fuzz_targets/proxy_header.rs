//! Headers of the PROXY protocol: any bytes are read or refused, and a header ends where it says.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    transport::fuzzing::proxy_header(bytes);
});
