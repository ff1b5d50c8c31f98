//! Configuration text: any bytes become a tree or complaints, and every complaint can be drawn.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use source::Source;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::decode("fuzz.json", bytes) else { return };
    let mut parsed = source::parse(&source);
    if let Some(root) = parsed.root {
        let tokens = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "&{a}".to_owned())]);
        source::resolve(root, &tokens, &mut parsed.diagnostics);
    }
    for diagnostic in &parsed.diagnostics {
        diagnostic.render(false);
        diagnostic.to_json();
    }
});
