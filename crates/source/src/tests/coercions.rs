//! Coercions: what each makes of what it is given.

use expect_test::{Expect, expect};

use super::{brief, render, resolved, show};
use crate::MAXIMUM_DEPTH;

const TOKENS: &[(&str, &str)] = &[
    ("port", "8443"),
    ("word", "abc"),
    ("names", "one, two,three"),
    ("json", "{\"a\": [1, \"x\"]}"),
    ("broken", "[1, 2"),
    ("secret", "aHVudGVyMg=="),
];

#[track_caller]
fn check(text: &str, expected: &str) {
    let (node, diagnostics) = resolved(text, TOKENS);
    assert!(diagnostics.is_empty(), "{}", render(&diagnostics));
    assert_eq!(show(&node), expected);
}

#[track_caller]
fn refuse(text: &str, stand_in: &str, expected: &Expect) {
    let (node, diagnostics) = resolved(text, TOKENS);
    assert_eq!(show(&node), stand_in);
    expected.assert_eq(&render(&diagnostics));
}

#[track_caller]
fn refuse_brief(text: &str, stand_in: &str, expected: &Expect) {
    let (node, diagnostics) = resolved(text, TOKENS);
    assert_eq!(show(&node), stand_in);
    expected.assert_eq(&brief(&diagnostics));
}

#[test]
fn numbers() {
    check(r#"{"$int": "&{port}"}"#, "8443");
    check(r#"{"$int": " -5 "}"#, "-5");
    check(r#"{"$int": 5}"#, "5");
    check(r#"{"$number": "1.5e3"}"#, "1500.0");
    check(r#"{"$number": "7"}"#, "7");
    check(r#"{"$number": 7.5}"#, "7.5");
}

#[test]
fn booleans() {
    check(r#"[{"$bool": "TRUE"}, {"$bool": "True"}, {"$bool": true}]"#, "[true, true, true]");
    check(r#"[{"$bool": "yes"}, {"$bool": "&{none|false}"}, {"$bool": ""}]"#, "[false, false, false]");
}

#[test]
fn texts_and_lists() {
    check(r#"{"$string": 8080}"#, "\"8080\"");
    check(r#"{"$string": 1.5}"#, "\"1.5\"");
    check(r#"{"$string": true}"#, "\"true\"");
    check(r#"{"$list": "&{names}"}"#, r#"["one", "two", "three"]"#);
    check(r#"[{"$list": ""}, {"$list": "a"}, {"$list": "a,"}]"#, r#"[[], ["a"], ["a", ""]]"#);
    check(r#"{"$list": ["a"]}"#, r#"["a"]"#);
}

#[test]
fn embedded_json() {
    check(r#"{"$object": "&{json}"}"#, r#"{"a": [1, "x"]}"#);
    check(r#"{"$array": "['a', 1,]"}"#, r#"["a", 1]"#);
    check(r#"{"$array": [1, {"$int": "2"}]}"#, "[1, 2]");
    check(r#"{"$object": {"a": {"$int": "2"}}}"#, r#"{"a": 2}"#);
    check("{\"$object\": \"\u{feff}{}\"}", "{}");
}

#[test]
fn base64() {
    check(r#"{"$base64:encode": "hé"}"#, "\"aMOp\"");
    check(r#"{"$base64:decode": "aMOp"}"#, "\"hé\"");
    check(r#"{"$base64:decode": "YQ"}"#, "\"a\"");
    check(r#"{"$base64:decode": "aOk=", "$charset": "ISO-8859-1"}"#, "\"hé\"");
    check(r#"{"$charset": "UTF-16LE", "$base64:decode": "YQBiAA=="}"#, "\"ab\"");
    check(r#"{"$base64:encode": "hé", "$charset": "latin1"}"#, "\"aOk=\"");
    check(r#"{"$base64:decode": "Pz8_"}"#, "\"???\"");
}

#[test]
fn nesting() {
    check(r#"{"$int": {"$base64:decode": {"$base64:encode": "&{port}"}}}"#, "8443");
    check(r#"{"$base64:encode": {"$string": {"$int": "7"}}}"#, "\"Nw==\"");
    check(r#"{"$bool": {"$string": {"$bool": "&{none|TRUE}"}}}"#, "true");
    check(r#"{"$number": {"$string": {"$number": "&{port}"}}}"#, "8443");
    check(r#"{"$list": {"$base64:decode": "YSxi"}}"#, r#"["a", "b"]"#);
    check(r#"{"$list": {"$list": "&{names}"}}"#, r#"["one", "two", "three"]"#);
    check(r#"{"$array": {"$list": "1,2"}}"#, r#"["1", "2"]"#);
    check(r#"{"$array": [{"$int": "1"}, {"$object": {"a": {"$bool": "true"}}}]}"#, r#"[1, {"a": true}]"#);
    check(r#"{"$object": {"$object": "&{json}"}}"#, r#"{"a": [1, "x"]}"#);
    check(r#"{"$object": {"$base64:decode": {"$base64:encode": "&{json}"}}}"#, r#"{"a": [1, "x"]}"#);
    check(
        r#"{"$base64:decode": {"$base64:decode": {"$base64:encode": {"$base64:encode": "&{word}"}}}}"#,
        "\"abc\"",
    );
    check(r#"{"$base64:decode": "YQ==", "$charset": "&{none|US-ASCII}"}"#, "\"a\"");
    check(r#"{"$string": {"$string": 5}}"#, "\"5\"");
    check(r#"{"$int": {"$number": "5"}}"#, "5");
}

/// Each step makes a text longer by a third.
#[test]
fn encoding_again_and_again_has_a_limit() {
    let depth = 120;
    let text = format!("{}\"0123456789\"{}", "{\"$base64:encode\":".repeat(depth), "}".repeat(depth));
    let (_, diagnostics) = resolved(&text, TOKENS);
    assert_eq!(diagnostics.len(), 1);
    expect!["routes/10-app.json:1:1387: error[PC0054]: the values of the tokens exceed 16777216 bytes"]
        .assert_eq(&diagnostics[0].to_string());
}

#[test]
fn other_objects_stay() {
    check(r#"{"$int": "1", "a": "2"}"#, r#"{"$int": "1", "a": "2"}"#);
    check(r#"{"$location": "file:///x"}"#, r#"{"$location": "file:///x"}"#);
    check(r#"{"$location:props": "x"}"#, r#"{"$location:props": "x"}"#);
    check(r#"{"$int": "1", "$charset": "UTF-8"}"#, r#"{"$int": "1", "$charset": "UTF-8"}"#);
    refuse(
        r#"{"$itn": "1"}"#,
        r#"{"$itn": "1"}"#,
        &expect![[r#"
            warning[PC0061]: `$itn` is not a coercion; the object stays as it is
             --> routes/10-app.json:1:2
              |
            1 | {"$itn": "1"}
              |  ^^^^^^
              |
              = help: did you mean `$int`?"#]],
    );
    refuse(
        r#"{"$whatever": "1"}"#,
        r#"{"$whatever": "1"}"#,
        &expect![[r#"
            warning[PC0061]: `$whatever` is not a coercion; the object stays as it is
             --> routes/10-app.json:1:2
              |
            1 | {"$whatever": "1"}
              |  ^^^^^^^^^^^
              |
              = help: rename the key if it is meant as an ordinary one"#]],
    );
}

#[test]
fn wrong_input() {
    refuse(
        r#"{"port": {"$int": "&{word}"}}"#,
        r#"{"port": 0}"#,
        &expect![[r#"
            error[PC0060]: `$int` needs a whole number, found `abc`
             --> routes/10-app.json:1:19
              |
            1 | {"port": {"$int": "&{word}"}}
              |                   ^^^^^^^^^ not a whole number"#]],
    );
    refuse_brief(
        r#"[{"$int": 1.5}, {"$int": "99999999999999999999"}]"#,
        "[0, 0]",
        &expect![[r#"
        1:11 PC0060 ^1.5^ `$int` needs a whole number, found `1.5`
        1:26 PC0060 ^"99999999999999999999"^ `$int` needs a whole number, found `99999999999999999999`"#]],
    );
    refuse_brief(
        r#"[{"$number": "NaN"}, {"$number": null}]"#,
        "[0, 0]",
        &expect![[r#"
        1:14 PC0060 ^"NaN"^ `$number` needs a number, found `NaN`
        1:34 PC0060 ^null^ `$number` needs a number, found null"#]],
    );
    refuse_brief(
        r#"[{"$bool": 1}, {"$string": []}, {"$list": {}}]"#,
        r#"[false, "", []]"#,
        &expect![[r#"
        1:12 PC0060 ^1^ `$bool` needs a text or a boolean, found `1`
        1:28 PC0060 ^[]^ `$string` needs a text, a number or a boolean, found an array
        1:43 PC0060 ^{}^ `$list` needs a text with commas, found an object"#]],
    );
    refuse_brief(
        r#"[{"$object": "[]"}, {"$array": 5}]"#,
        "[{}, []]",
        &expect![[r#"
        1:14 PC0060 ^"[]"^ `$object` needs a JSON object, found `[]`
        1:32 PC0060 ^5^ `$array` needs a JSON array, found `5`"#]],
    );
}

#[test]
fn mistakes_in_embedded_json() {
    refuse(
        r#"{"$object": "{\"é\": tru, \"b\": 1, \"b\": 2}"}"#,
        "{}",
        &expect![[r#"
            error[PC0009]: unknown word `tru`
             --> routes/10-app.json:1:22
              |
            1 | {"$object": "{\"é\": tru, \"b\": 1, \"b\": 2}"}
              |                      ^^^
              |
              = help: did you mean `true`?

            error[PC0010]: the key `b` stands twice in this object
             --> routes/10-app.json:1:37
              |
            1 | {"$object": "{\"é\": tru, \"b\": 1, \"b\": 2}"}
              |                           -----     ^^^^^ again here
              |                           |
              |                           first here
              |
              = help: remove or rename one of the two"#]],
    );
    refuse(
        r#"{"$array": "&{broken}"}"#,
        "[]",
        &expect![[r#"
            error[PC0006]: this `[` is never closed
             --> routes/10-app.json:1:13
              |
            1 | {"$array": "&{broken}"}
              |             ^^^^^^^^^ has no `]`"#]],
    );
}

#[test]
fn secrets_are_not_quoted() {
    refuse(
        r#"{"$base64:decode": "hunter2!"}"#,
        "\"\"",
        &expect![[r#"
            error[PC0060]: `$base64:decode` needs a text in base64, found another text
             --> routes/10-app.json:1:20
              |
            1 | {"$base64:decode": "hunter2!"}
              |                    ^^^^^^^^^^ not a text in base64"#]],
    );
    refuse(
        r#"{"$base64:decode": "/////w=="}"#,
        "\"\"",
        &expect![[r#"
            error[PC0060]: `$base64:decode` needs base64 of a text in its `$charset` (UTF-8 if none), found other bytes
             --> routes/10-app.json:1:20
              |
            1 | {"$base64:decode": "/////w=="}
              |                    ^^^^^^^^^^ not base64 of a text in its `$charset` (UTF-8 if none)"#]],
    );
    refuse(
        r#"{"$base64:decode": "aOk=", "$charset": "EBCDIC"}"#,
        "\"\"",
        &expect![[r#"
            error[PC0062]: `$charset` needs the name of a character set, found `EBCDIC`
             --> routes/10-app.json:1:40
              |
            1 | {"$base64:decode": "aOk=", "$charset": "EBCDIC"}
              |                                        ^^^^^^^^
              |
              = help: use `UTF-8`, `US-ASCII`, `ISO-8859-1`, `UTF-16BE` or `UTF-16LE`"#]],
    );
    refuse(
        r#"{"$base64:encode": "hé", "$charset": "US-ASCII"}"#,
        "\"\"",
        &expect![[r#"
            error[PC0060]: `$base64:encode` needs characters of its `$charset`, found others
             --> routes/10-app.json:1:20
              |
            1 | {"$base64:encode": "hé", "$charset": "US-ASCII"}
              |                    ^^^^ not characters of its `$charset`"#]],
    );
}

#[test]
fn one_mistake_is_reported_once() {
    refuse(
        r#"{"$int": {"$base64:decode": "&{missing}"}}"#,
        "0",
        &expect![[r#"
            error[PC0050]: the token `missing` has no value
             --> routes/10-app.json:1:30
              |
            1 | {"$int": {"$base64:decode": "&{missing}"}}
              |                              ^^^^^^^^^^ no value and no default
              |
              = help: set the environment variable `MISSING`, or give a default: `&{missing|…}`"#]],
    );
}

#[test]
fn results_keep_their_places() {
    let (node, _) = resolved(r#"{"$list": "one,\ttwo, &{word}"}"#, TOKENS);
    let places: Vec<&str> = node.as_array().unwrap().iter().map(|node| node.span.text()).collect();
    assert_eq!(places, ["one", "two", "&{word}"]);
    let (node, _) = resolved(r#"{"$object": "{\"a\": \"${b\\u0063d}\"}"}"#, TOKENS);
    let value = node.get("a").unwrap();
    assert_eq!(value.as_str(), Some("${bcd}"));
    assert_eq!(value.span.text(), r#"\"${b\\u0063d}\""#);
    let text = value.as_text().unwrap();
    assert_eq!(text.span_of(3..4, &value.span).text(), r"\\u0063");
    assert_eq!(text.span_of(2..5, &value.span).text(), r"b\\u0063d");
}

#[test]
fn the_deepest_tree_there_can_be() {
    let (open, close) = ("[".repeat(MAXIMUM_DEPTH - 1), "]".repeat(MAXIMUM_DEPTH - 1));
    let text = format!("{open}{{\"$array\": \"[{open}{close}]\"}}{close}");
    check(&text, &format!("{open}[{open}{close}]{close}"));
}
