//! Session cookies: any bytes are read or refused, and what is split over several cookies comes back whole.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    objects::fuzzing::session_cookie(bytes);
});
