//! Patterns mean what they mean in Java, or are refused.

use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use expression::pattern::exhausted_total;
use expression::{Pattern, Replacement};

/// What Java 17 makes of many patterns; `java_patterns.java` wrote it.
const JAVA: &str = include_str!("java_patterns.txt");

#[test]
fn patterns_do_what_java_does() {
    let mut cases = 0;
    for line in JAVA.lines() {
        let mut columns = line.split('\t');
        let (Some(pattern), Some(text), Some(java)) = (columns.next(), columns.next(), columns.next()) else {
            panic!("three columns: {line}");
        };
        assert_eq!(result(&plain(pattern), &plain(text)), java, "{line}");
        cases += 1;
    }
    assert!(cases > 400, "the file is whole");
}

fn result(pattern: &str, text: &str) -> String {
    let Ok(pattern) = Pattern::compile(pattern) else {
        return "ERROR".to_owned();
    };
    let groups = match pattern.groups(text) {
        None => "-".to_owned(),
        Some(groups) => groups.iter().map(|group| shown(group.as_deref())).collect::<Vec<_>>().join(","),
    };
    assert_eq!(pattern.find(text), groups != "-", "finding agrees with its groups");
    let parts: String = pattern.split(text).iter().map(|part| shown(Some(part))).collect();
    let replaced =
        pattern.replace_all(text, &Replacement::compile("<$0>", &pattern).expect("group 0 exists"));
    format!("{groups}|{}|{parts}|{}", pattern.matches_whole(text), shown(Some(&replaced)))
}

fn shown(text: Option<&str>) -> String {
    let Some(text) = text else {
        return "~".to_owned();
    };
    let mut out = "'".to_owned();
    for character in text.chars() {
        match character {
            '\\' | '\'' | '|' => out.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
            ' '..='~' => out.push(character),
            _ => out.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
        }
    }
    out + "'"
}

fn plain(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').expect("every code is closed");
        let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        plain.push(code.expect("every code is one of a character"));
        plain.push_str(rest);
    }
    plain
}

#[test]
fn what_is_not_offered_is_refused() {
    refused("(", expect!["PC0206 at 0..1: the group has no closing `)`"]);
    refused("a)", expect![[r#"PC0206 at 1..2: a `)` closes no group (write `\)` to mean it plainly)"#]]);
    refused("[a", expect!["PC0206 at 0..1: the class has no closing `]`"]);
    refused("*", expect![[r#"PC0206 at 0..1: `*` repeats nothing (write `\*` to mean it plainly)"#]]);
    refused(
        "a{x}",
        expect![[
            r#"PC0206 at 1..2: a count of repetitions is `{n}`, `{n,}` or `{n,m}` (write `\{` to mean the bracket plainly)"#
        ]],
    );
    refused(
        "a{2",
        expect![[
            r#"PC0206 at 1..3: a count of repetitions is `{n}`, `{n,}` or `{n,m}` (write `\{` to mean the bracket plainly)"#
        ]],
    );
    refused("\\X", expect![[r#"PC0206 at 0..2: grapheme clusters (`\X`) are not offered"#]]);
    refused("\\G", expect![[r#"PC0206 at 0..2: the end of the previous match (`\G`) is not offered"#]]);
    refused("\\b{g}", expect!["PC0206 at 0..3: boundaries of grapheme clusters are not offered"]);
    refused(
        "\\N{DIGIT ONE}",
        expect![[r#"PC0206 at 0..2: `\N` has no meaning here, or one that is not offered"#]],
    );
    refused("\\p{Foo}", expect!["PC0206 at 0..7: the property `Foo` is unknown or not offered"]);
    refused("\\p{InKlingon}", expect!["PC0206 at 0..13: the property `InKlingon` is unknown or not offered"]);
    refused(
        "(?i)(a)\\1",
        expect![[
            "PC0206 at 7..9: a reference to a group under the flag `i` is not offered (switch the flag off around it: `(?-i:…)`)"
        ]],
    );
    refused("\\1", expect!["PC0206 at 0..2: the pattern has no group 1 before this place"]);
    refused("\\k<a>", expect!["PC0206 at 0..5: no group before this place is named `a`"]);
    refused("(?<a>x)(?<a>y)", expect!["PC0206 at 7..11: two groups are named `a`"]);
    refused(
        "(?P<a>x)",
        expect![[
            "PC0206 at 0..3: a group does not begin like this (known are `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!`, `(?>`, `(?<name>` and the flags idmsuxU)"
        ]],
    );
    refused("(?<=a*)b", expect!["PC0206 at 5..6: a look-behind has no bound here (use `{n,m}` instead)"]);
    refused(
        "(?:|a)+",
        expect![[
            "PC0206 at 6..7: what is repeated here prefers to match nothing (put the alternative that can match nothing last, or leave it out)"
        ]],
    );
    refused(
        "[a-z&&[b]c]",
        expect![[
            "PC0206 at 9..10: behind `&&` stand either classes in brackets or plain characters, not both (put the plain characters into brackets too)"
        ]],
    );
    refused("[a&&]", expect!["PC0206 at 2..4: `&&` needs a set on both sides"]);
    refused("\\", expect!["PC0206 at 0..1: a backslash at the end of the pattern escapes nothing"]);
    refused("\\u12", expect![[r#"PC0206 at 0..4: `\u` is not followed by the code of a character"#]]);
    refused(
        "(a{1000}){1000}",
        expect![[
            "PC0206 at 0..15: the pattern cannot be used: Compiled regex exceeds size limit of 4194304 bytes."
        ]],
    );
    refused(&"(".repeat(60), expect!["PC0201 at 50..50: the pattern is nested more than 50 levels deep"]);
    refused(&"[".repeat(60), expect!["PC0201 at 50..51: the pattern is nested more than 50 levels deep"]);
    refused(&"a".repeat(9000), expect!["PC0201 at 0..9000: the pattern is longer than 8192 bytes"]);
}

#[track_caller]
fn refused(pattern: &str, expected: Expect) {
    let problem = Pattern::compile(pattern).expect_err("refused");
    assert!(pattern.get(problem.range.clone()).is_some(), "{:?}", problem.range);
    expected.assert_eq(&format!("{} at {:?}: {problem}", problem.kind.code(), problem.range));
}

#[test]
fn a_pattern_that_runs_wild_matches_nothing() {
    let pattern = Pattern::compile("(a|aa)+\\1z|b").unwrap();
    assert!(pattern.find("aab"));
    assert!(!pattern.find(&("a".repeat(60) + "bz")), "the limit is reached before the `b` is");
}

#[test]
fn replacements_refer_to_groups() {
    let pattern = Pattern::compile("(?<key>\\w+)=(\\w+)").unwrap();
    let replaced = |template: &str| match Replacement::compile(template, &pattern) {
        Ok(replacement) => pattern.replace_all("a=1;b=2", &replacement),
        Err(problem) => problem.to_string(),
    };
    assert_eq!(replaced("$2=$1"), "1=a;2=b");
    assert_eq!(replaced("${key}$0"), "aa=1;bb=2");
    assert_eq!(replaced("$12"), "a2;b2");
    assert_eq!(replaced("\\$1\\\\"), "$1\\;$1\\");
    assert_eq!(
        replaced("$3"),
        "`$` refers to a group that the pattern does not have (write `\\$` for a plain dollar sign)"
    );
    assert_eq!(replaced("${nokey}"), replaced("$3"));
    assert_eq!(replaced("x\\"), "a backslash at the end of the replacement escapes nothing");
    let first = Replacement::compile("$2", &pattern).unwrap();
    assert_eq!(pattern.replace_first("a=1;b=2", &first), "1;b=2");
    assert_eq!(pattern.expand("x a=1", &first).as_deref(), Some("1"));
    assert_eq!(pattern.expand("x", &first), None);
    assert_eq!(pattern.groups_of_whole("a=1").map(|groups| groups.len()), Some(3));
    assert_eq!(pattern.groups_of_whole("a=1;"), None);
    assert_eq!((pattern.group_count(), pattern.group_named("key")), (2, Some(1)));
}

#[test]
fn patterns_found_by_comparing_with_java() {
    // A count without anything before it repeats the empty text.
    assert!(Pattern::compile("{2}a").unwrap().matches_whole("a"));
    assert!(Pattern::compile("a{2}{3}").unwrap().matches_whole("aa"));
    // A group that can take no part is still a group.
    assert_eq!(Pattern::compile("(x){0}").unwrap().groups("x"), Some(vec![Some(String::new()), None]));
    // `\v` at either end of a range is one character.
    assert!(!Pattern::compile("[\\v-a]").unwrap().find("\n"));
    assert!(Pattern::compile("[\\v-a]").unwrap().find("A"));
    // A terminator that may be there is taken whole.
    assert!(!Pattern::compile("a\\R?\\n").unwrap().find("a\r\n"));
    // A look may have a quantifier.
    assert_eq!(Pattern::compile("(?=(a))*.").unwrap().groups("a"), Some(vec![Some("a".to_owned()); 2]));
    assert!(Pattern::compile("(?!a)+b(?<=b)??$").unwrap().find("ab"));
    assert!(Pattern::compile("(?iU)\\p{Upper}").unwrap().find("ä"));
    assert!(Pattern::compile("\\p{IsHex_Digit}").unwrap().find("\u{663}"));
    for block in ["Latin-1 Supplement", "Latin-1Supplement", "LATIN_1_SUPPLEMENT"] {
        assert!(Pattern::compile(&format!("\\p{{In{block}}}")).unwrap().find("é"), "{block}");
    }
    assert!(Pattern::compile("\\b{2}a").unwrap().find("a"), "not a boundary of grapheme clusters");
    assert!(Pattern::compile("\\c\\Qa").unwrap().find("!"));
    for malformed in
        ["(?i\\Q)\\E", "\\c\\Q[\\E", "(?x)(a # \\Q)\\E", "\\p{block=Basic-Latin}", "\\p{InLatin1Supplement}"]
    {
        assert!(Pattern::compile(malformed).is_err(), "{malformed}");
    }
}

#[test]
fn references_whose_text_is_uncertain_are_refused() {
    refused(
        "(a?)*\\1",
        expect![
            "PC0206 at 5..7: group 1 is repeated and may have matched nothing in the last round (refer to a group around the repetition)"
        ],
    );
    refused("(a\\1)", expect!["PC0206 at 2..4: the reference to group 1 stands inside of it"]);
    assert!(Pattern::compile("(a)*\\1").is_ok());
}

#[test]
fn catastrophic_patterns_end_soon_and_are_counted() {
    let counted = exhausted_total();
    let patterns = [
        "(a|aa)+\\1z",
        "(?=(a+)+$)x",
        "(a+)+\\1$",
        "(?:a?){30}a{30}(?=b)",
        "^(?=(\\w+\\s?)*$)y",
        "([ab]*)([ab]*)\\1\\2c",
        "(?:a(?=[^b]*b))*c",
        "(?:(?=[^c]*!)a?)+?c",
    ];
    for pattern in patterns {
        let pattern = Pattern::compile(pattern).unwrap();
        for text in ["a".repeat(40) + "!", "a".repeat(5000) + "!", "a a".repeat(200) + "!"] {
            let start = Instant::now();
            let _ = pattern.find(&text);
            let taken = start.elapsed();
            assert!(taken < Duration::from_secs(1), "{pattern:?} on {} bytes: {taken:?}", text.len());
        }
    }
    assert!(exhausted_total() > counted, "some of them reach the limit");
}

#[test]
fn a_long_text_allows_fewer_steps() {
    let pattern = Pattern::compile("(?=[^b]*b)[^b]*c|a!").unwrap();
    assert!(pattern.find(&("a".repeat(8000) + "!")), "a step for each character");
    assert!(!pattern.find(&("a".repeat(9000) + "!")), "the limit is reached before the end is");
    assert!(pattern.find(&("a!".to_owned() + &"a".repeat(100_000))));
}

#[test]
fn a_colon_in_a_class_is_a_colon() {
    // In Java these are no classes of POSIX, whichever engine it takes.
    for pattern in ["[[:alpha:]]", "[[:alpha:]](?!x)", "[^[^:alpha:]](?!x)", "[[:^alpha:]](?!x)"] {
        let pattern = Pattern::compile(pattern).unwrap();
        assert!(pattern.matches_whole(":") && pattern.matches_whole("h"), "{pattern:?}");
        assert!(!pattern.find("b"), "{pattern:?}");
    }
    assert!(Pattern::compile("[:-<](?!x)").unwrap().find(";"));
}

#[test]
fn a_look_behind_that_varies_does_not_look_around() {
    let message = expect![
        "PC0206 at 0..17: a look-behind whose length varies cannot itself look around or back (write one look-behind for each length, as alternatives)"
    ];
    refused("(?<!\\B[aé]{1,2})b", message);
    for pattern in ["(?<!a(?=b)b?)c", "(a)(?<!\\1)c", "(?m)(?<=^a|^bc{1,2})d", "(?<=ab?$)", "(?<=\\R{1,2})a"]
    {
        assert!(Pattern::compile(pattern).is_err(), "{pattern}");
    }
    // Those of fixed lengths, one by one, and those that do not look anywhere are run as they stand.
    assert!(!Pattern::compile("(?<!\\Bé|\\Baé)b").unwrap().find("-aéb"));
    assert!(!Pattern::compile("(?<![aé]{1,2})b").unwrap().find("-éb"));
    assert!(Pattern::compile("(?m)(?<=^|,)b").unwrap().find("a\nb"));
}

#[test]
fn rounds_that_match_nothing_at_some_places_are_not_counted() {
    for pattern in ["(\\b(?:aB-)?){3}c", "(?:^a?){2}", "(a|^){2}"] {
        let problem = Pattern::compile(pattern).expect_err(pattern);
        assert!(problem.to_string().contains("so many times can match nothing"), "{pattern}: {problem}");
    }
    for pattern in ["(a?){3}", "(?:\\b(?:a-)?)*", "(?:\\b){2}a", "(?:(?:\\ba)?){2}"] {
        assert!(Pattern::compile(pattern).is_ok(), "{pattern}");
    }
}

#[test]
fn references_see_no_text_of_an_attempt_that_failed() {
    let message = expect![
        "PC0206 at 9..11: group 1 may hold the text of an attempt that failed (refer to a group that always matches before, with no loop around it)"
    ];
    refused("(?=(a))b|\\1", message);
    let refused = [
        ".((_{1,}?){2}+\\Vé\\S{2})|.\\2",
        "(?>(a)|b)\\1",
        "(?!(a))b\\1",
        "(?:(.)b)+.b\\1",
        "(?:(.)b){0,1}.b\\1",
        "(a)?+\\1",
        "(?>(a)?\\1)b",
        "(?=(a)?\\1)b",
        "(?:(a)?\\1b)++",
        "(?<=(a|aa))\\1",
        "(?:(a)|b\\1)*",
    ];
    for pattern in refused {
        let problem = Pattern::compile(pattern).expect_err(pattern);
        assert!(problem.to_string().contains("an attempt that failed"), "{pattern}: {problem}");
    }
    let taken = [
        "(?=(a))\\1",
        "(?>(a))b\\1",
        "(a)++\\1",
        "(a)*\\1",
        "(['\"])?x\\1",
        "(?:(a)|(b))\\1",
        "(?:(a)\\1)+",
        "(a)(?:b|c\\1)",
        "(?:(.)b){2}\\1",
        "(?<=(a))\\1",
        "((a)|b)?\\2",
    ];
    for pattern in taken {
        assert!(Pattern::compile(pattern).is_ok(), "{pattern}");
    }
}
