//! Texts that are not JSON, and limits: what is said, and how the reader goes on.

use expect_test::{Expect, expect};

use super::{brief, render, source};
use crate::{MAXIMUM_DEPTH, MAXIMUM_FILE_BYTES, Source, decode, parse};

/// Refused: no tree.
#[track_caller]
fn refuse(text: &str, expected: &Expect) {
    let parsed = parse(&source(text));
    assert!(parsed.root.is_none());
    expected.assert_eq(&render(&parsed.diagnostics));
}

/// Refused, without the pictures.
#[track_caller]
fn refuse_brief(text: &str, expected: &Expect) {
    let parsed = parse(&source(text));
    assert!(parsed.root.is_none());
    expected.assert_eq(&brief(&parsed.diagnostics));
}

#[test]
fn missing_signs() {
    refuse(
        r#"{"a": 1 "b": 2}"#,
        &expect![[r#"
            error[PC0001]: expected `,` or `}`, found `"`
             --> routes/10-app.json:1:9
              |
            1 | {"a": 1 "b": 2}
              |         ^ expected `,` or `}`"#]],
    );
    refuse_brief(
        r#"{"a" 1, "b" = 2}"#,
        &expect![[r#"
        1:6 PC0001 ^1^ expected `:`, found `1`
        1:13 PC0001 ^=^ expected `:`, found `=`"#]],
    );
    refuse_brief(
        r#"{"a": , "b":}"#,
        &expect![[r#"
        1:7 PC0001 ^,^ expected a value, found `,`
        1:13 PC0001 ^}^ expected a value, found `}`"#]],
    );
    refuse_brief(
        "[,1,,2]",
        &expect![[r#"
        1:2 PC0001 ^,^ expected a value, found `,`
        1:5 PC0001 ^,^ expected a value, found `,`"#]],
    );
    refuse_brief("{\"a\": 1; \"b\": 2}", &expect!["1:8 PC0001 ^;^ expected `,` or `}`, found `;`"]);
}

#[test]
fn words_and_numbers() {
    refuse_brief(
        "{\"a\": True, \"b\": Chain,\n \"c\": None, d: 1}",
        &expect![[r#"
        1:7 PC0009 ^True^ unknown word `True` | did you mean `true`?
        1:18 PC0009 ^Chain^ unknown word `Chain` | put text in quotes: `"Chain"`
        2:7 PC0009 ^None^ unknown word `None` | did you mean `null`?
        2:13 PC0009 ^d^ the key `d` has no quotes | write `"d"`"#]],
    );
    refuse_brief(
        "[01, +1, .5, 1., 0x1F, 1e999, 1a, -]",
        &expect![[r#"
        1:2 PC0008 ^01^ `01` is not a number JSON knows | leave out the leading zero
        1:6 PC0008 ^+1^ `+1` is not a number JSON knows | leave out the `+`
        1:10 PC0008 ^.5^ `.5` is not a number JSON knows | write a digit on both sides of the `.`
        1:14 PC0008 ^1.^ `1.` is not a number JSON knows | write a digit on both sides of the `.`
        1:18 PC0008 ^0x1F^ `0x1F` is not a number JSON knows | write the number in decimal digits
        1:24 PC0008 ^1e999^ `1e999` is not a number JSON knows | the number is too large
        1:31 PC0008 ^1a^ `1a` is not a number JSON knows | put text in quotes
        1:35 PC0008 ^-^ `-` is not a number JSON knows | put text in quotes"#]],
    );
    refuse_brief(
        "{“a”: 1}",
        &expect![[r#"1:2 PC0001 ^“^ `“` is a typographic quote | use the straight quote `"`"#]],
    );
}

#[test]
fn strings() {
    refuse(
        r#"["^/app/\d+", "\u12", "\ud800x", "\&{a}", "\é"]"#,
        &expect![[r#"
            error[PC0007]: `\d` is not an escape in JSON
             --> routes/10-app.json:1:9
              |
            1 | ["^/app/\d+", "\u12", "\ud800x", "\&{a}", "\é"]
              |         ^^
              |
              = help: to mean a backslash write two: `\\d`

            error[PC0007]: `\u` needs four hexadecimal digits, and surrogates must come in pairs
             --> routes/10-app.json:1:16
              |
            1 | ["^/app/\d+", "\u12", "\ud800x", "\&{a}", "\é"]
              |                ^^^^

            error[PC0007]: `\u` needs four hexadecimal digits, and surrogates must come in pairs
             --> routes/10-app.json:1:24
              |
            1 | ["^/app/\d+", "\u12", "\ud800x", "\&{a}", "\é"]
              |                        ^^^^^^

            error[PC0007]: `\&` is not an escape in JSON
             --> routes/10-app.json:1:35
              |
            1 | ["^/app/\d+", "\u12", "\ud800x", "\&{a}", "\é"]
              |                                   ^^
              |
              = help: to keep `&{` from being a token write `\\&{`

            error[PC0007]: `\é` is not an escape in JSON
             --> routes/10-app.json:1:44
              |
            1 | ["^/app/\d+", "\u12", "\ud800x", "\&{a}", "\é"]
              |                                            ^^
              |
              = help: to mean a backslash write two: `\\é`"#]],
    );
}

#[test]
fn missing_quotes() {
    refuse(
        "{\n  \"a\": \"b\n}",
        &expect![[r#"
            error[PC0005]: this string is never closed
             --> routes/10-app.json:2:8
              |
            2 |   "a": "b
              |        ^ starts here and runs to the end of the file
              |
              = help: add the closing quote

            note[PC0022]: line breaks inside a string are accepted, but are not JSON
             --> routes/10-app.json:2:10
              |
            2 |   "a": "b
              |          ^"#]],
    );
    refuse(
        "{\n  \"a\": \"b,\n  \"c\": \"d\"\n}",
        &expect![[r#"
            note[PC0022]: line breaks inside a string are accepted, but are not JSON
             --> routes/10-app.json:2:11
              |
            2 |   "a": "b,
              |           ^

            error[PC0001]: expected `,` or `}`, found `c`
             --> routes/10-app.json:3:4
              |
            2 |   "a": "b,
              |        - is a quote missing in this string?
            3 |   "c": "d"
              |    ^ expected `,` or `}`"#]],
    );
    refuse(
        "\"ends in a backslash\\",
        &expect![[r#"
            error[PC0005]: this string is never closed
             --> routes/10-app.json:1:1
              |
            1 | "ends in a backslash\
              | ^ starts here and runs to the end of the file
              |
              = help: add the closing quote"#]],
    );
}

#[test]
fn brackets() {
    refuse(
        "{\"a\": [1, 2}",
        &expect![[r#"
            error[PC0006]: expected `]`, found `}`
             --> routes/10-app.json:1:12
              |
            1 | {"a": [1, 2}
              |       -    ^ expected `]`
              |       |
              |       to close this"#]],
    );
    refuse(
        "{\"a\": {\"b\": 1], \"c\": 2}",
        &expect![[r#"
            error[PC0006]: expected `}`, found `]`
             --> routes/10-app.json:1:14
              |
            1 | {"a": {"b": 1], "c": 2}
              |       -      ^ expected `}`
              |       |
              |       to close this"#]],
    );
    refuse(
        "{\n  \"a\": [\n    1\n",
        &expect![[r#"
            error[PC0006]: this `[` is never closed
             --> routes/10-app.json:2:8
              |
            2 |   "a": [
              |        ^ has no `]`"#]],
    );
    refuse(
        "]",
        &expect![[r#"
            error[PC0001]: expected a value, found `]`
             --> routes/10-app.json:1:1
              |
            1 | ]
              | ^ expected a value"#]],
    );
    refuse(
        "{\"a\": 1}, \"b\": 2}",
        &expect![[r#"
            error[PC0012]: something follows the end of the value
             --> routes/10-app.json:1:9
              |
            1 | {"a": 1}, "b": 2}
              |         ^ not expected here
              |
              = help: remove it, or look for a bracket that closes too early"#]],
    );
}

#[test]
fn nothing_and_comments() {
    refuse(
        "",
        &expect![[r#"
            error[PC0011]: the file holds no value
             --> routes/10-app.json:1:1
              |
            1 |
              | ^
              |
              = help: write an object: `{ … }`"#]],
    );
    refuse(
        " // only a comment",
        &expect![[r#"
            error[PC0011]: the file holds no value
             --> routes/10-app.json:1:1
              |
            1 |  // only a comment
              | ^
              |
              = help: write an object: `{ … }`

            note[PC0020]: comments are accepted, but are not JSON
             --> routes/10-app.json:1:2
              |
            1 |  // only a comment
              |  ^^"#]],
    );
    refuse(
        "{ /* \"a\": 1 }",
        &expect![[r#"
            error[PC0014]: this comment is never closed
             --> routes/10-app.json:1:3
              |
            1 | { /* "a": 1 }
              |   ^^
              |
              = help: add `*/`"#]],
    );
}

#[test]
fn several_mistakes_in_one_file() {
    refuse(
        "{\n  \"a\": tru,\n  \"b\": [1, 2 3, x],\n  \"c\": {\"d\" 4},\n  \"é\": \"\\q\" \"f\": 01\n}",
        &expect![[r#"
            error[PC0009]: unknown word `tru`
             --> routes/10-app.json:2:8
              |
            2 |   "a": tru,
              |        ^^^
              |
              = help: did you mean `true`?

            error[PC0001]: expected `,` or `]`, found `3`
             --> routes/10-app.json:3:14
              |
            3 |   "b": [1, 2 3, x],
              |              ^ expected `,` or `]`

            error[PC0009]: unknown word `x`
             --> routes/10-app.json:3:17
              |
            3 |   "b": [1, 2 3, x],
              |                 ^
              |
              = help: put text in quotes: `"x"`

            error[PC0001]: expected `:`, found `4`
             --> routes/10-app.json:4:13
              |
            4 |   "c": {"d" 4},
              |             ^ expected `:`

            error[PC0007]: `\q` is not an escape in JSON
             --> routes/10-app.json:5:9
              |
            5 |   "é": "\q" "f": 01
              |         ^^
              |
              = help: to mean a backslash write two: `\\q`

            error[PC0001]: expected `,` or `}`, found `"`
             --> routes/10-app.json:5:13
              |
            5 |   "é": "\q" "f": 01
              |             ^ expected `,` or `}`

            error[PC0008]: `01` is not a number JSON knows
             --> routes/10-app.json:5:18
              |
            5 |   "é": "\q" "f": 01
              |                  ^^
              |
              = help: leave out the leading zero"#]],
    );
}

#[test]
fn limits() {
    let deepest = "[".repeat(MAXIMUM_DEPTH) + &"]".repeat(MAXIMUM_DEPTH);
    assert!(parse(&source(&deepest)).root.is_some());
    refuse(
        &"[".repeat(MAXIMUM_DEPTH + 1),
        &expect![[r#"
            error[PC0004]: brackets are nested more than 128 levels deep
             --> routes/10-app.json:1:129
              |
            1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
              |                                                                                                                                 ^
              |
              = help: move inline objects into the `heap`"#]],
    );
    refuse(
        &"{\"a\":".repeat(100_000),
        &expect![[r#"
            error[PC0004]: brackets are nested more than 128 levels deep
            --> routes/10-app.json:1:641
             = note: the line is too long to show
             = help: move inline objects into the `heap`"#]],
    );
    refuse(
        &" ".repeat(MAXIMUM_FILE_BYTES + 1),
        &expect![[r#"
            error[PC0003]: the file has 16777217 bytes; the limit is 16777216
            --> routes/10-app.json:1:1
             = note: the line is too long to show
             = help: divide it into several files, or take it out of the folder"#]],
    );
    let parsed = parse(&source(&format!("[{}]", "x,".repeat(1000))));
    assert_eq!(parsed.diagnostics.len(), 51);
    expect!["routes/10-app.json:1:100: error[PC0013]: reading stopped after 50 mistakes"]
        .assert_eq(&parsed.diagnostics[50].to_string());
}

#[test]
fn bytes_that_are_not_text() {
    assert_eq!(decode("é".as_bytes()).unwrap(), "é");
    expect![[r#"
        error[PC0002]: the text is not UTF-8 at line 2, column 8
         |
         = help: save it as UTF-8"#]]
    .assert_eq(&decode(b"{\n \"\xc3\xa9\": \"\xe9\"}").unwrap_err().render(false));
    let decoded = Source::decode("config.json", b"{\n \"\xc3\xa9\": \"\xe9\"}");
    expect![[r#"
        error[PC0002]: the text is not UTF-8 at line 2, column 8
         --> config.json:2:8
          |
        2 |  "é": "�"}
          |        ^
          |
          = help: save it as UTF-8"#]]
    .assert_eq(&decoded.unwrap_err().render(false));
    let decoded = Source::decode("config.json", b"\xff\xfe{\0}\0");
    expect![[r#"
        error[PC0002]: the text is not UTF-8 at line 1, column 1
         --> config.json:1:1
          |
        1 | ��{␀}␀
          | ^
          |
          = help: it looks like UTF-16; save it as UTF-8"#]]
    .assert_eq(&decoded.unwrap_err().render(false));
    let large = vec![b' '; MAXIMUM_FILE_BYTES + 1];
    expect!["config.json:1:1: error[PC0003]: the file has 16777217 bytes; the limit is 16777216"]
        .assert_eq(&Source::decode("config.json", &large).unwrap_err().to_string());
}
