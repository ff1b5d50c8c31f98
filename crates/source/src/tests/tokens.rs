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
    expect![[r#"{"&{host}": ["app.example.com"]}"#]].assert_eq(&show(&node));
}

#[test]
fn unresolved_tokens() {
    refuse(
        r#"{"uri": "https://&{am.hots}/é\n&{db.user-name}"}"#,
        &expect![[r#"
            error[PC0050]: the token `am.hots` has no value
             --> routes/10-app.json:1:18
              |
            1 | {"uri": "https://&{am.hots}/é\n&{db.user-name}"}
              |                  ^^^^^^^^^^ no value and no default
              |
              = help: did you mean `&{am.host}`?

            error[PC0050]: the token `db.user-name` has no value
             --> routes/10-app.json:1:32
              |
            1 | {"uri": "https://&{am.hots}/é\n&{db.user-name}"}
              |                                ^^^^^^^^^^^^^^^ no value and no default
              |
              = help: set the environment variable `DB_USER_NAME`, or give a default: `&{db.user-name|…}`"#]],
    );
    refuse(
        r#"{"uri": "é\u00e9 &{a&{scheme}b}"}"#,
        &expect![[r#"
            error[PC0050]: the token `ahttpsb` has no value
             --> routes/10-app.json:1:18
              |
            1 | {"uri": "é\u00e9 &{a&{scheme}b}"}
              |                  ^^^^^^^^^^^^^^ no value and no default
              |
              = help: set the environment variable `AHTTPSB`, or give a default: `&{ahttpsb|…}`"#]],
    );
    refuse(
        r#""&{none|&{missing.inside}}""#,
        &expect![[r#"
            error[PC0050]: the token `missing.inside` has no value
             --> routes/10-app.json:1:9
              |
            1 | "&{none|&{missing.inside}}"
              |         ^^^^^^^^^^^^^^^^^ no value and no default
              |
              = help: set the environment variable `MISSING_INSIDE`, or give a default: `&{missing.inside|…}`"#]],
    );
}

#[test]
fn malformed_tokens() {
    refuse(
        r#"["&{host:8080", "&{}", "&{|8080}", "&{none|{}", "&{"]"#,
        &expect![[r#"
            error[PC0051]: this token is never closed
             --> routes/10-app.json:1:3
              |
            1 | ["&{host:8080", "&{}", "&{|8080}", "&{none|{}", "&{"]
              |   ^^ has no `}`
              |
              = help: add the `}`; to mean the characters `&{` themselves write `\\&{`

            error[PC0052]: this token has no name
             --> routes/10-app.json:1:18
              |
            1 | ["&{host:8080", "&{}", "&{|8080}", "&{none|{}", "&{"]
              |                  ^^^
              |
              = help: write `&{name}` or `&{name|default}`

            error[PC0052]: this token has no name
             --> routes/10-app.json:1:25
              |
            1 | ["&{host:8080", "&{}", "&{|8080}", "&{none|{}", "&{"]
              |                         ^^^^^^^^
              |
              = help: write `&{name}` or `&{name|default}`

            error[PC0051]: this token is never closed
             --> routes/10-app.json:1:37
              |
            1 | ["&{host:8080", "&{}", "&{|8080}", "&{none|{}", "&{"]
              |                                     ^^ has no `}`
              |
              = help: add the `}`; to mean the characters `&{` themselves write `\\&{`

            error[PC0051]: this token is never closed
             --> routes/10-app.json:1:50
              |
            1 | ["&{host:8080", "&{}", "&{|8080}", "&{none|{}", "&{"]
              |                                                  ^^ has no `}`
              |
              = help: add the `}`; to mean the characters `&{` themselves write `\\&{`"#]],
    );
    let nested = "&{".repeat(MAXIMUM_TOKEN_DEPTH + 1) + "a" + &"}".repeat(MAXIMUM_TOKEN_DEPTH + 1);
    refuse(
        &format!("\"{nested}\""),
        &expect![[r#"
            error[PC0053]: tokens are nested more than 32 levels deep
             --> routes/10-app.json:1:66
              |
            1 | "&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{&{a}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}"
              |                                                                  ^^
              |
              = help: give the inner part a property of its own"#]],
    );
    let allowed = "&{x|".repeat(MAXIMUM_TOKEN_DEPTH) + "a" + &"}".repeat(MAXIMUM_TOKEN_DEPTH);
    check(&allowed, "a");
    let (_, diagnostics) = resolved(&format!("\"{}\"", "&{".repeat(1_000_000)), TOKENS);
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn mistakes_without_end_are_not_all_told() {
    for text in [r#""&{none}""#, r#""&{""#, r#"{"$int": "x"}"#, r#"{"$what": 1}"#] {
        let (_, diagnostics) = resolved(&format!("[{}]", vec![text; 10_000].join(",")), &[]);
        assert_eq!(diagnostics.len(), 51);
        assert_eq!(diagnostics[50].code.number, 13);
    }
}

#[test]
fn values_that_are_too_large() {
    let large = "x".repeat(1024 * 1024);
    let text = format!("[{}\"&{{large}}\"]", "\"&{large}\",".repeat(16));
    let (_, diagnostics) = resolved(&text, &[("large", &large)]);
    expect!["routes/10-app.json:1:179: error[PC0054]: the values of the tokens exceed 16777216 bytes"]
        .assert_eq(&diagnostics[0].to_string());
    assert_eq!(diagnostics.len(), 1);
}
