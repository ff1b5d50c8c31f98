//! Key stores of type JKS: any bytes behind the first four are read or refused, and so is every entry.
#![no_main]

use crypto::keystore::KeyStore;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = [[0xFE, 0xED, 0xFE, 0xED].as_slice(), bytes].concat();
    for password in [None, Some(b"changeit".as_slice())] {
        let Ok(store) = KeyStore::open(&file, password) else { continue };
        let _ = store.loose_certificates();
        for entry in store.entries() {
            assert_eq!(entry.alias, entry.alias.to_lowercase());
            let _ = entry.key(Some(b"changeit"));
        }
    }
});
