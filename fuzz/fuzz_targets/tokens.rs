//! Tokens and coercions: any text is interpolated or refused, any tree of them resolves, whatever the values.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use source::{Source, Text};

fuzz_target!(|input: (&str, &str)| {
    let (value, text) = input;
    let values = [("a", value), ("b.c", "&{a}"), ("port", "8080"), ("list", "one, two"), ("json", "[{\"x\": 1}]")];
    let tokens: BTreeMap<String, String> =
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let source = Source::new("fuzz.json", text);
    let parsed = source::parse(&source);
    let mut diagnostics = parsed.diagnostics;
    if let Some(root) = parsed.root {
        let span = root.span.clone();
        source::interpolate(&Text::from(text), &span, &tokens, &mut diagnostics);
        source::resolve(root, &tokens, &mut diagnostics);
    }
    for diagnostic in &diagnostics {
        diagnostic.render(false);
    }
});
