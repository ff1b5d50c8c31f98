//! Spans, texts and pictures.

use expect_test::{Expect, expect};

use super::{resolved, source};
use crate::codes::{INVALID_DURATION, SYNTAX};
use crate::{Diagnostic, Node, Source, Span, duration_of, parse};

fn root(text: &str) -> Node {
    parse(&source(text)).root.unwrap()
}

/// What is underlined when `part` of a decoded string is wrong.
#[track_caller]
fn check_place(json: &str, tokens: &[(&str, &str)], part: &str, expected: &Expect) {
    let (node, _) = resolved(json, tokens);
    let text = node.as_text().unwrap();
    let start = text.find(part).unwrap();
    let span = text.span_of(start..start + part.len(), &node.span);
    expected.assert_eq(&Diagnostic::error(&SYNTAX, "here").at(span).render(false));
}

#[test]
fn carets_survive_escapes() {
    check_place(
        r#""${matches(a, 'é\u00e9\n\\d+')} ü bad""#,
        &[],
        "bad",
        &expect![[r#"
            error[PC0001]: here
             --> routes/10-app.json:1:35
              |
            1 | "${matches(a, 'é\u00e9\n\\d+')} ü bad"
              |                                   ^^^"#]],
    );
    check_place(
        r#""\"日本\" bad""#,
        &[],
        "日本",
        &expect![[r#"
            error[PC0001]: here
             --> routes/10-app.json:1:4
              |
            1 | "\"日本\" bad"
              |    ^^^^"#]],
    );
    check_place(
        r#""${a} \\d+""#,
        &[],
        "\\",
        &expect![[r#"
            error[PC0001]: here
             --> routes/10-app.json:1:7
              |
            1 | "${a} \\d+"
              |       ^^"#]],
    );
}

#[test]
fn carets_survive_tokens() {
    check_place(
        r#""é &{h} bad""#,
        &[("h", "a long value")],
        "bad",
        &expect![[r#"
            error[PC0001]: here
             --> routes/10-app.json:1:9
              |
            1 | "é &{h} bad"
              |         ^^^"#]],
    );
    check_place(
        r#""é &{h} bad""#,
        &[("h", "a long value")],
        "long",
        &expect![[r#"
            error[PC0001]: here
             --> routes/10-app.json:1:4
              |
            1 | "é &{h} bad"
              |    ^^^^"#]],
    );
    check_place(
        r#""é &{h|x bad} c""#,
        &[],
        "bad",
        &expect![[r#"
            error[PC0001]: here
             --> routes/10-app.json:1:10
              |
            1 | "é &{h|x bad} c"
              |          ^^^"#]],
    );
    check_place(
        r#""é &{h|x} c""#,
        &[],
        "x c",
        &expect![[r#"
            error[PC0001]: here
             --> routes/10-app.json:1:8
              |
            1 | "é &{h|x} c"
              |        ^^^^"#]],
    );
}

#[test]
fn a_place_between_characters() {
    let node = root(r#""a\u0062c""#);
    let text = node.as_text().unwrap();
    let at = |range| text.span_of(range, &node.span).range();
    assert_eq!(at(1..1), 2..2);
    assert_eq!(at(2..2), 8..8);
    assert_eq!(at(3..3), 9..9);
    assert_eq!(at(0..3), 1..9);
    assert_eq!(at(9..99), 9..9);
    let node = root(r#""""#);
    assert_eq!(node.as_text().unwrap().span_of(0..0, &node.span).range(), 0..2);
}

#[test]
fn lines_and_columns_count_characters() {
    let source = Source::new("a.json", "ab\né日x\r\n");
    let at = |start, end| Span::new(&source, start..end).line_column();
    assert_eq!(at(0, 1), (1, 1));
    assert_eq!(at(2, 3), (1, 3));
    assert_eq!(at(8, 9), (2, 3));
    assert_eq!(at(11, 11), (3, 1));
    let odd = Span::new(&source, 4..99);
    assert_eq!((odd.range(), odd.text()), (3..11, "é日x\r\n"));
    assert_eq!(Span::new(&source, 0..11).sub(3..5).text(), "é");
    assert_eq!(at(2, 3), (1, 3));
    assert_eq!(Span::new(&source, 5..8).to_string(), "a.json:2:2");
    assert_eq!(Span::new(&source, 0..1).to(&Span::new(&source, 5..8)).text(), "ab\né日");
}

#[test]
fn pictures_with_several_places() {
    let node = root("{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2\n  }\n}");
    let span = |path: &str| node.pointer(path).unwrap().span.clone();
    let other = root("[5]");
    let diagnostic = Diagnostic::warning(&SYNTAX, "two places")
        .at(span("/b/c"))
        .label("here")
        .also(&span("/a"), "and here")
        .also(&other.pointer("/0").unwrap().span, "and in another file")
        .help("do something");
    expect![[r#"
        warning[PC0001]: two places
         --> routes/10-app.json:4:10
          |
        2 |   "a": 1,
          |        - and here
        3 |   "b": {
        4 |     "c": 2
          |          ^ here
          |
          = help: do something
        note: and in another file
         --> routes/10-app.json:1:2
          |
        1 | [5]
          |  ^"#]]
    .assert_eq(&diagnostic.render(false));
    expect![[r#"{"code":"PC0001","name":"json-syntax","severity":"warning","message":"two places","file":"routes/10-app.json","line":4,"column":10,"endLine":4,"endColumn":11,"help":"do something"}"#]].assert_eq(&diagnostic.to_json());
    expect![[r#"
        note[PC0001]: several lines
         --> routes/10-app.json:3:8
          |
        3 |     "b": {
          |  ________^
        4 | |     "c": 2
        5 | |   }
          | |___^"#]]
    .assert_eq(&Diagnostic::note(&SYNTAX, "several lines").at(span("/b")).render(false));
    let bare = Diagnostic::error(&SYNTAX, "no \"place\"\u{1b}[31m").help("help");
    expect![[r#"
        error[PC0001]: no "place"�[31m
         |
         = help: help"#]]
    .assert_eq(&bare.render(false));
    expect![[r#"{"code":"PC0001","name":"json-syntax","severity":"error","message":"no \"place\"\u001b[31m","file":null,"line":null,"column":null,"endLine":null,"endColumn":null,"help":"help"}"#]].assert_eq(&bare.to_json());
    assert!(bare.render(true).contains("\u{1b}["));
}

#[test]
fn overlong_lines_are_cut() {
    let source = Source::new("a.json", "é".repeat(100_000) + "!" + &"ü".repeat(100_000));
    let diagnostic = Diagnostic::error(&SYNTAX, "cut").at(Span::new(&source, 200_000..200_001));
    let rendered = diagnostic.also(&Span::new(&source, 0..2), "far away").render(false);
    expect![[r#"
        error[PC0001]: cut
        --> a.json:1:100001
         = note: the line is too long to show
        note: far away
        --> a.json:1:1
         = note: the line is too long to show"#]]
    .assert_eq(&rendered);
    let source = Source::new("a.json", "é".repeat(10_000) + "!" + &"ü".repeat(10_000));
    let rendered = Diagnostic::error(&SYNTAX, "trimmed").at(Span::new(&source, 20_000..20_001)).render(false);
    expect![[r#"
        error[PC0001]: trimmed
         --> a.json:1:10001
          |
        1 | ...éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé!üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü...
          |                                                                    ^"#]].assert_eq(&rendered);
    let source = Source::new("a.json", "x\n".repeat(100_000));
    let rendered = Diagnostic::error(&SYNTAX, "tall").at(Span::new(&source, 0..200_000)).render(false);
    expect![[r#"
        error[PC0001]: tall
         --> a.json:1:1
          |
        1 | x
          | ^"#]]
    .assert_eq(&rendered);
}

#[test]
fn durations_have_carets() {
    let node = root(r#""5 fortnights""#);
    let error = duration_of(node.as_text().unwrap(), &node.span).unwrap_err();
    assert_eq!(error.code, &INVALID_DURATION);
    expect![[r#"
        error[PC0100]: `fortnights` is not a unit of time; use days, hours, minutes, seconds, milliseconds, microseconds or nanoseconds
         --> routes/10-app.json:1:2
          |
        1 | "5 fortnights"
          |  ^^^^^^^^^^^^ not a duration"#]].assert_eq(&error.render(false));
}

#[test]
fn look_ups() {
    let node = root(r#"{"a": [{"b/c": 1.5}], "t": true, "n": null}"#);
    assert_eq!(node.pointer("/a/0/b~1c").and_then(Node::as_f64), Some(1.5));
    assert_eq!(node.pointer("/a/1").map(Node::kind), None);
    assert_eq!(node.pointer("a").map(Node::kind), None);
    assert_eq!(node.get("t").and_then(Node::as_bool), Some(true));
    assert!(node.get("n").is_some_and(Node::is_null));
    let mut object = node.as_object().unwrap().clone();
    assert_eq!(object.remove("a").map(|entry| entry.value.kind()), Some("an array"));
    assert_eq!(object.keys().collect::<Vec<_>>(), ["t", "n"]);
    assert!(!object.contains("a"));
}
