//! Doors for the fuzz targets into what strangers reach. Compiled under `cfg(fuzzing)` only.

/// Bytes as the value of a `Cookie` field, as what a cookie says once it is decrypted, and as a session to split.
pub fn session_cookie(bytes: &[u8]) {
    crate::sessions::fuzz_cookie(bytes);
}
