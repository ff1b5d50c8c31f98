//! Property tokens: replacement, defaults, nesting, escapes, mistakes.

use expect_test::{Expect, expect};

use super::{render, resolved, show};
use crate::MAXIMUM_TOKEN_DEPTH;

const TOKENS: &[(&str, &str)] = &[
    ("host", "app.example.com"),
    ("scheme", "https"),
    ("https.port", "8443"),
    ("loop", "&{loop}"),
    ("empty", ""),
    ("am.host", "am.example.com"),
];

#[track_caller]
fn check(text: &str, expected: &str) {
    // Raw quotes keep the cases readable; none of them needs JSON escapes but the backslash.
    let json = format!("\"{}\"", text.replace('\\', "\\\\"));
    let (node, diagnostics) = resolved(&json, TOKENS);
    assert!(diagnostics.is_empty(), "{}", render(&diagnostics));
    assert_eq!(node.as_str(), Some(expected));
}

#[track_caller]
fn refuse(json: &str, expected: &Expect) {
    let (_, diagnostics) = resolved(json, TOKENS);
    expected.assert_eq(&render(&diagnostics));
}

#[test]
fn replacement() {
    check("&{host}", "app.example.com");
    check("&{scheme}://&{host}:&{https.port}/", "https://app.example.com:8443/");
    check("a&{empty}b", "ab");
    check("no token: & { } $ &x{}", "no token: & { } $ &x{}");
    check("${request.uri} &{host}", "${request.uri} app.example.com");
}

#[test]
fn defaults() {
    check("&{none|8080}", "8080");
    check("&{none|}", "");
    check("&{empty|x}", "");
    check("&{host|&{none}}", "app.example.com");
    check("&{none|&{host}}", "app.example.com");
    check("&{none|a|b}", "a|b");
    check("&{none|${request.uri}}!", "${request.uri}!");
    check("&{none|{\\&{x}}}", "{&{x}}");
}

#[test]
fn nesting() {
    check("&{&{scheme|http}.port|8080}", "8443");
    check("&{&{other|http}.port|8080}", "8080");
    check("&{none|&{none|&{none|deep}}}", "deep");
}

#[test]
fn escapes_and_values_are_not_read_again() {
    check("\\&{host}", "&{host}");
    check("\\&{host} &{host}", "&{host} app.example.com");
    check("\\\\&{host}", "\\&{host}");
    check("&{loop}", "&{loop}");
}

#[test]
fn keys_are_left_alone() {
    let (node, diagnostics) = resolved(r#"{"&{host}": ["&{host}"]}"#, TOKENS);
    assert!(diagnostics.is_empty());
    expect![[""]].assert_eq(&show(&node));
}

#[test]
fn unresolved_tokens() {
    refuse(r#"{"uri": "https://&{am.hots}/é\n&{db.user-name}"}"#, &expect![[""]]);
    refuse(r#"{"uri": "é\u00e9 &{a&{scheme}b}"}"#, &expect![[""]]);
    refuse(r#""&{none|&{missing.inside}}""#, &expect![[""]]);
}

#[test]
fn malformed_tokens() {
    refuse(r#"["&{host:8080", "&{}", "&{|8080}", "&{none|{}", "&{"]"#, &expect![[""]]);
    let nested = "&{".repeat(MAXIMUM_TOKEN_DEPTH + 1) + "a" + &"}".repeat(MAXIMUM_TOKEN_DEPTH + 1);
    refuse(&format!("\"{nested}\""), &expect![[""]]);
    let allowed = "&{x|".repeat(MAXIMUM_TOKEN_DEPTH) + "a" + &"}".repeat(MAXIMUM_TOKEN_DEPTH);
    check(&allowed, "a");
    let (_, diagnostics) = resolved(&format!("\"{}\"", "&{".repeat(1_000_000)), TOKENS);
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn values_that_are_too_large() {
    let large = "x".repeat(1024 * 1024);
    let text = format!("[{}\"&{{large}}\"]", "\"&{large}\",".repeat(16));
    let (_, diagnostics) = resolved(&text, &[("large", &large)]);
    expect![[""]].assert_eq(&diagnostics[0].to_string());
    assert_eq!(diagnostics.len(), 1);
}
