//! Texts the JSON reader makes a tree of, with and without remarks.

use expect_test::{Expect, expect};

use super::{render, show, source};
use crate::parse;

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

#[test]
fn strict_json() {
    accept(
        r#"{"a": [1, -2.5, 1e3, true, false, null, "x"], "b": {}}"#,
        &expect![[r#"{"a": [1, -2.5, 1000.0, true, false, null, "x"], "b": {}}"#]],
    );
    accept(" [ ] ", &expect!["[]"]);
    accept("0", &expect!["0"]);
    accept("\u{feff}\"with a byte order mark\"", &expect![[r#""with a byte order mark""#]]);
    accept(
        "[9223372036854775807, 9223372036854775808, -0, 1.0]",
        &expect!["[9223372036854775807, 9.223372036854776e18, 0, 1.0]"],
    );
    accept(r#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é😀""#, &expect![[r#""\"\\/\u{8}\u{c}\n\r\té😀é😀""#]]);
}

#[test]
fn lenient_json() {
    remark(
        "// first\n{ /* second */ \"a\": 1 } // third",
        &expect![[r#"{"a": 1}"#]],
        &expect![[r#"
            note[PC0020]: comments are accepted, but are not JSON
             --> routes/10-app.json:1:1
              |
            1 | // first
              | ^^"#]],
    );
    remark(
        r#"{'it''s': 1}"#.replace("''", "\\'").as_str(),
        &expect![[r#"{"it's": 1}"#]],
        &expect![[r#"
            note[PC0021]: single quotes are accepted, but are not JSON
             --> routes/10-app.json:1:2
              |
            1 | {'it\'s': 1}
              |  ^"#]],
    );
    remark(
        "{\"a\": \"one\n\ttwo\"}",
        &expect![[r#"{"a": "one\n\ttwo"}"#]],
        &expect![[r#"
            note[PC0022]: line breaks inside a string are accepted, but are not JSON
             --> routes/10-app.json:1:11
              |
            1 | {"a": "one
              |           ^"#]],
    );
    remark(
        "{\"a\": [1, 2,], }",
        &expect![[r#"{"a": [1, 2]}"#]],
        &expect![[r#"
            note[PC0023]: a comma before the closing bracket is accepted, but is not JSON
             --> routes/10-app.json:1:12
              |
            1 | {"a": [1, 2,], }
              |            ^"#]],
    );
    remark(
        "\"\u{1b}[31m\"",
        &expect![[r#""\u{1b}[31m""#]],
        &expect![[r#"
            note[PC0022]: control characters inside a string are accepted, but are not JSON
             --> routes/10-app.json:1:2
              |
            1 | "␛[31m"
              |  ^"#]],
    );
}

#[test]
fn duplicate_keys_leave_a_tree() {
    let parsed = parse(&source("{\n  \"a\": 1,\n  \"b\": 2,\n  'a': 3\n}"));
    expect![[r#"{"a": 1, "b": 2}"#]].assert_eq(&show(&parsed.root.unwrap()));
    expect![[r#"
        note[PC0021]: single quotes are accepted, but are not JSON
         --> routes/10-app.json:4:3
          |
        4 |   'a': 3
          |   ^

        error[PC0010]: the key `a` stands twice in this object
         --> routes/10-app.json:4:3
          |
        2 |   "a": 1,
          |   --- first here
        3 |   "b": 2,
        4 |   'a': 3
          |   ^^^ again here
          |
          = help: remove or rename one of the two"#]]
    .assert_eq(&render(&parsed.diagnostics));
}
