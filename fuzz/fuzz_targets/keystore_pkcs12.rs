//! Key stores of type PKCS12: any bytes are read or refused, and so is every entry of what was read.
#![no_main]

use crypto::keystore::KeyStore;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for password in [None, Some(b"changeit".as_slice())] {
        let Ok(store) = KeyStore::open(bytes, password) else { continue };
        let _ = store.loose_certificates();
        for entry in store.entries() {
            assert_eq!(entry.alias, entry.alias.to_lowercase());
            let _ = entry.key(Some(b"changeit"));
        }
    }
});
