//! No text makes the compiler panic, and no compiled one the evaluator.

mod support;

use expression::{LValue, Pattern, Template};
use support::{TestScope, bindings};

const ROUNDS: u64 = 30_000;

/// Pieces that get past the lexer more often than characters do.
const EXPRESSION_PIECES: &[&str] = &[
    "${",
    "#{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    "'",
    "\"",
    "\\",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    ">=",
    "==",
    "!",
    "&&",
    " or ",
    " not ",
    " empty ",
    "?",
    ":",
    "1",
    "2.5",
    "99999999999999999999",
    "1e9",
    "true",
    "null",
    "request",
    ".method",
    ".uri.path",
    "session",
    ".roles",
    "['user']",
    "env",
    "now",
    "nested",
    "x",
    "é",
    "😀",
    "\n",
    "trim(",
    "find(",
    "array(",
    "integerWithRadix(",
    "join(",
    ".substring(",
    ".replaceAll(",
    ".split(",
    ".charAt(",
    ".indexOf(",
    "toJson(",
    "urlDecode(",
    "keyMatch(",
    "lastElement(",
];

const PATTERN_PIECES: &[&str] = &[
    "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?<n>", "(?>", "(?i)", "(?x)", "(?u-s:", "[", "]", "[^", "&&",
    "-", "\\", "\\d", "\\p{", "\\p{L}", "\\pX", "\\Q", "\\E", "\\x{", "\\u00", "\\0", "\\c", "\\1", "\\k<n>",
    "\\R", "\\b", "{", "{2}", "{1,", "}", "*", "+", "?", "|", "^", "$", ".", "a", "B", "ß", "😀", "\r\n",
    "#", " ", "\\Z", "\\h",
];

#[test]
fn expressions_do_not_panic() {
    let scope = TestScope::new();
    let bindings = bindings();
    let mut random = Random(1);
    let mut compiled = 0;
    for _ in 0..ROUNDS {
        let text = random.text(EXPRESSION_PIECES);
        let _ = LValue::compile(&text, &bindings);
        match Template::compile(&text, &bindings) {
            Ok(template) => {
                compiled += 1;
                let _ = template.evaluate(&scope);
            }
            Err(problems) => {
                assert!(!problems.is_empty(), "{text}");
                for problem in problems {
                    assert!(text.get(problem.range.clone()).is_some(), "{text:?} {problem:?}");
                }
            }
        }
    }
    assert!(compiled > 1000, "the pieces make expressions now and then: {compiled}");
}

#[test]
fn patterns_do_not_panic() {
    let mut random = Random(2);
    let mut compiled = 0;
    for _ in 0..ROUNDS / 10 {
        let text = random.text(PATTERN_PIECES);
        match Pattern::compile(&text) {
            Ok(pattern) => {
                compiled += 1;
                let _ = (pattern.find("aB ß\r\n"), pattern.matches_whole("a"), pattern.split("aBa\n"));
            }
            Err(problem) => assert!(text.get(problem.range.clone()).is_some(), "{text:?} {problem:?}"),
        }
    }
    assert!(compiled > 100, "the pieces make patterns now and then: {compiled}");
}

/// xorshift64*: the same sequence on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn text(&mut self, pieces: &[&str]) -> String {
        let mut text = String::new();
        for _ in 0..self.below(12) {
            match self.below(40) {
                0 => text.push(char::from(self.below(256) as u8)),
                _ => text.push_str(pieces[self.below(pieces.len())]),
            }
        }
        // Half of the texts are at least delimited well.
        if self.below(2) == 0 { format!("${{{text}}}") } else { text }
    }
}
