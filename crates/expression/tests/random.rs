//! No text makes the compiler panic, and no compiled one the evaluator.

#[path = "support/random.rs"]
mod random_source;
mod support;

use expression::{LValue, Pattern, Template};
use random_source::Random;
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
    let mut random = Random::new(1);
    let mut compiled = 0;
    for _ in 0..ROUNDS {
        let text = text(&mut random, EXPRESSION_PIECES);
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
    let mut random = Random::new(2);
    let mut compiled = 0;
    for _ in 0..ROUNDS / 10 {
        let text = text(&mut random, PATTERN_PIECES);
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

fn text(random: &mut Random, pieces: &[&str]) -> String {
    let mut text = String::new();
    for _ in 0..random.below(12) {
        match random.below(40) {
            0 => text.push(char::from(random.below(256) as u8)),
            _ => text.push_str(random.pick(pieces)),
        }
    }
    // Half of the texts are at least delimited well.
    if random.percent(50) { format!("${{{text}}}") } else { text }
}
