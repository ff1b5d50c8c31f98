//! Targets: a canonical path has no finding left, and a parsed URI prints as one that parses to the same.
#![no_main]

use exchange::{Uri, canonical_path, inspect_path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(path) = canonical_path(text) {
        assert_eq!(inspect_path(&path), None);
        assert_eq!(canonical_path(&path), Some(path));
    }
    if let Ok(uri) = text.parse::<Uri>() {
        let printed = uri.to_string();
        let again: Uri = printed.parse().expect("a printed URI parses");
        assert_eq!(again.to_string(), printed);
    }
});
