//! Texts nobody would write: nothing panics, nothing loops, and a refusal always has a reason.

use super::{render, source};
use crate::{Source, decode, parse, parse_duration, resolve};
use std::collections::BTreeMap;

/// A small deterministic generator (xorshift64*), so that a failure can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % limit
    }
}

/// Pieces that together reach every branch of the reader far more often than single bytes would.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "'",
    "\\",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud800",
    "\n",
    "\r\n",
    "\t",
    "\0",
    " ",
    "//",
    "/*",
    "*/",
    "true",
    "fals",
    "null",
    "1",
    "-0.5e+7",
    "01",
    "é",
    "日",
    "😀",
    "“",
    "\u{feff}",
    "a",
    "\"a\":",
    "\"a\": \"",
    "&{",
    "\\\\&{",
    "&{host}",
    "&{a|",
    "|",
    "}",
    "\"$int\":",
    "\"$object\":",
    "\"$list\":",
    "\"$base64:decode\":",
    "{\"$array\": \"[",
    "$",
    "5 min",
    " and ",
];

fn text(random: &mut Random) -> String {
    (0..random.below(24)).map(|_| PIECES[random.below(PIECES.len())]).collect()
}

/// Everything this crate does with a text.
fn exercise(text: &str) {
    let parsed = parse(&source(text));
    assert_eq!(
        parsed.root.is_none() || parsed.diagnostics.iter().any(|found| found.code.number == 10),
        parsed.diagnostics.iter().any(crate::Diagnostic::is_error),
        "no tree without a reason: {text:?}"
    );
    let mut diagnostics = parsed.diagnostics;
    if let Some(root) = parsed.root {
        let tokens = BTreeMap::from([("host".to_owned(), "a\"&{host}{[".to_owned())]);
        let root = resolve(root, &tokens, &mut diagnostics);
        if let Some(string) = root.as_text() {
            for at in 0..=string.len() {
                let _place = string.span_of(at..string.len(), &root.span).text();
                let _place = string.span_of(0..at, &root.span).text();
            }
        }
    }
    render(&diagnostics);
    for diagnostic in &diagnostics {
        assert!(!diagnostic.to_json().contains('\n'));
    }
    let _result = parse_duration(text);
}

#[test]
fn random_pieces() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        exercise(&text(&mut random));
    }
}

#[test]
fn random_pieces_within_a_sound_file() {
    let sound =
        r#"{"name": "app", "condition": "${find(request.uri.path, '^/é\\d+')}", "n": [1, {"$int": "2"}]}"#;
    let mut random = Random(42);
    for _ in 0..10_000 {
        let mut damaged = sound.to_owned();
        for _ in 0..=random.below(3) {
            let at = damaged.floor_char_boundary(random.below(damaged.len() + 1));
            let end = damaged.ceil_char_boundary((at + random.below(4)).min(damaged.len()));
            damaged.replace_range(at..end, PIECES[random.below(PIECES.len())]);
        }
        exercise(&damaged);
    }
}

#[test]
fn random_bytes() {
    let mut random = Random(7);
    for _ in 0..10_000 {
        let bytes: Vec<u8> =
            (0..random.below(40)).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        match (decode(&bytes), Source::decode("bytes", &bytes)) {
            (Ok(text), Ok(_)) => exercise(&text),
            (Err(_), Err(error)) => assert!(error.render(false).contains("not UTF-8")),
            (one, other) => panic!("the two doors differ: {one:?} {other:?}"),
        }
        exercise(&String::from_utf8_lossy(&bytes));
    }
}

/// Long runs of one piece: a quadratic reader would take minutes here.
#[test]
fn long_texts_take_linear_time() {
    for piece in PIECES {
        exercise(&piece.repeat(20_000));
        exercise(&format!("[{}", piece.repeat(20_000)));
        exercise(&format!("[x {}", piece.repeat(20_000)));
        exercise(&format!("[x \"{}\"", piece.replace('"', "\\\"").repeat(20_000)));
    }
}
