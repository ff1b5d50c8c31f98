//! The JSON reader: what it accepts, what it remarks on, what it refuses and how it goes on.

use expect_test::{Expect, expect};

use super::{render, show, source};
use crate::{MAXIMUM_DEPTH, MAXIMUM_FILE_BYTES, Source, decode, parse};

/// Accepted without a word.
#[track_caller]
fn accept(text: &str, expected: &Expect) {
    let parsed = parse(&source(text));
    assert!(parsed.diagnostics.is_empty(), "{}", render(&parsed.diagnostics));
    expected.assert_eq(&show(&parsed.root.unwrap()));
}

/// Accepted with remarks.
#[track_caller]
fn remark(text: &str, tree: &Expect, remarks: &Expect) {
    let parsed = parse(&source(text));
    assert!(parsed.diagnostics.iter().all(|diagnostic| !diagnostic.is_error()));
    tree.assert_eq(&show(&parsed.root.unwrap()));
    remarks.assert_eq(&render(&parsed.diagnostics));
}

/// Refused: no tree.
#[track_caller]
fn refuse(text: &str, expected: &Expect) {
    let parsed = parse(&source(text));
    assert!(parsed.root.is_none());
    expected.assert_eq(&render(&parsed.diagnostics));
}

#[test]
fn strict_json() {
    accept(r#"{"a": [1, -2.5, 1e3, true, false, null, "x"], "b": {}}"#, &expect![[""]]);
    accept(" [ ] ", &expect![[""]]);
    accept("0", &expect![[""]]);
    accept("\u{feff}\"with a byte order mark\"", &expect![[""]]);
    accept("[9223372036854775807, 9223372036854775808, -0, 1.0]", &expect![[""]]);
    accept(r#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é😀""#, &expect![[""]]);
}

#[test]
fn lenient_json() {
    remark("// first\n{ /* second */ \"a\": 1 } // third", &expect![[""]], &expect![[""]]);
    remark(r#"{'it''s': 1}"#.replace("''", "\\'").as_str(), &expect![[""]], &expect![[""]]);
    remark("{\"a\": \"one\n\ttwo\"}", &expect![[""]], &expect![[""]]);
    remark("{\"a\": [1, 2,], }", &expect![[""]], &expect![[""]]);
    remark("\"\u{1b}[31m\"", &expect![[""]], &expect![[""]]);
}

#[test]
fn missing_signs() {
    refuse(r#"{"a": 1 "b": 2}"#, &expect![[""]]);
    refuse(r#"{"a" 1, "b" = 2}"#, &expect![[""]]);
    refuse(r#"{"a": , "b":}"#, &expect![[""]]);
    refuse("[,1,,2]", &expect![[""]]);
    refuse("{\"a\": 1; \"b\": 2}", &expect![[""]]);
}

#[test]
fn words_and_numbers() {
    refuse("{\"a\": True, \"b\": Chain,\n \"c\": None, d: 1}", &expect![[""]]);
    refuse("[01, +1, .5, 1., 0x1F, 1e999, 1a, -]", &expect![[""]]);
    refuse("{“a”: 1}", &expect![[""]]);
}

#[test]
fn strings() {
    refuse(r#"["^/app/\d+", "\u12", "\ud800x", "\&{a}", "\é"]"#, &expect![[""]]);
    refuse("{\n  \"a\": \"b\n}", &expect![[""]]);
    refuse("{\n  \"a\": \"b,\n  \"c\": \"d\"\n}", &expect![[""]]);
    refuse("\"ends in a backslash\\", &expect![[""]]);
}

#[test]
fn brackets() {
    refuse("{\"a\": [1, 2}", &expect![[""]]);
    refuse("{\"a\": {\"b\": 1], \"c\": 2}", &expect![[""]]);
    refuse("{\n  \"a\": [\n    1\n", &expect![[""]]);
    refuse("]", &expect![[""]]);
    refuse("{\"a\": 1}, \"b\": 2}", &expect![[""]]);
}

#[test]
fn nothing_and_comments() {
    refuse("", &expect![[""]]);
    refuse(" // only a comment", &expect![[""]]);
    refuse("{ /* \"a\": 1 }", &expect![[""]]);
}

#[test]
fn several_mistakes_in_one_file() {
    refuse(
        "{\n  \"a\": tru,\n  \"b\": [1, 2 3, x],\n  \"c\": {\"d\" 4},\n  \"é\": \"\\q\" \"f\": 01\n}",
        &expect![[""]],
    );
}

#[test]
fn duplicate_keys_leave_a_tree() {
    let parsed = parse(&source("{\n  \"a\": 1,\n  \"b\": 2,\n  'a': 3\n}"));
    expect![[""]].assert_eq(&show(&parsed.root.unwrap()));
    expect![[""]].assert_eq(&render(&parsed.diagnostics));
}

#[test]
fn limits() {
    let deepest = "[".repeat(MAXIMUM_DEPTH) + &"]".repeat(MAXIMUM_DEPTH);
    assert!(parse(&source(&deepest)).root.is_some());
    refuse(&"[".repeat(MAXIMUM_DEPTH + 1), &expect![[""]]);
    refuse(&"{\"a\":".repeat(100_000), &expect![[""]]);
    refuse(&" ".repeat(MAXIMUM_FILE_BYTES + 1), &expect![[""]]);
    let parsed = parse(&source(&"x,".repeat(1000)));
    assert_eq!(parsed.diagnostics.len(), 1, "a root that is wrong ends the reading");
    let parsed = parse(&source(&format!("[{}]", "x,".repeat(1000))));
    assert_eq!(parsed.diagnostics.len(), 51);
    expect![[""]].assert_eq(&parsed.diagnostics[50].to_string());
}

#[test]
fn bytes_that_are_not_text() {
    assert_eq!(decode("é".as_bytes()).unwrap(), "é");
    expect![[""]].assert_eq(&decode(b"{\n \"\xc3\xa9\": \"\xe9\"}").unwrap_err().render(false));
    let decoded = Source::decode("config.json", b"{\n \"\xc3\xa9\": \"\xe9\"}");
    expect![[""]].assert_eq(&decoded.unwrap_err().render(false));
    let decoded = Source::decode("config.json", b"\xff\xfe{\0}\0");
    expect![[""]].assert_eq(&decoded.unwrap_err().render(false));
    let large = vec![b' '; MAXIMUM_FILE_BYTES + 1];
    expect![[""]].assert_eq(&Source::decode("config.json", &large).unwrap_err().to_string());
}
