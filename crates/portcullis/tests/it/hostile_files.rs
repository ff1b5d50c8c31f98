//! Files that want to exhaust whoever reads them: each is an error within a second, and the program survives.

use std::fmt::Write;
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};

use crate::{answer_route, gateway};

/// How long a check of one hostile file may take. A debug build on a busy machine needs several times what a
/// release build does.
const PATIENCE: Duration =
    if cfg!(debug_assertions) { Duration::from_secs(10) } else { Duration::from_secs(1) };

/// Checks an instance with this route; compares the first line of each error, and how it ended.
#[track_caller]
fn check(route: &str, expected: Expect) {
    let builder = gateway().route("hostile", route);
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let began = Instant::now();
    let ended = builder.arguments(&["check", &instance]).run();
    assert!(began.elapsed() < PATIENCE, "it takes {:?}", began.elapsed());
    // A crash has no exit code.
    assert_eq!(ended.code(), Some(1), "{:.2000}", ended.output);
    let errors: String = ended
        .output
        .lines()
        .filter(|line| line.starts_with("error"))
        .map(|line| format!("{:.160}\n", line.chars().take(160).collect::<String>()))
        .collect();
    expected.assert_eq(&errors);
}

fn condition(expression: &str) -> String {
    answer_route("x").replacen('{', &format!(r#"{{ "condition": "${{{expression}}}", "#), 1)
}

#[test]
fn a_file_of_50_megabytes() {
    let text = answer_route(&"x".repeat(50 * 1024 * 1024));
    check(
        &text,
        expect![[r#"
        error[PC0300]: `config/routes/hostile.json` is larger than 16777216 bytes
    "#]],
    );
}

#[test]
fn a_file_of_50_megabytes_of_brackets() {
    check(
        &"[".repeat(50 * 1024 * 1024),
        expect![[r#"
        error[PC0300]: `config/routes/hostile.json` is larger than 16777216 bytes
    "#]],
    );
}

#[test]
fn json_that_is_nested_a_million_levels_deep() {
    check(
        &"[".repeat(1_000_000),
        expect![[r#"
        error[PC0004]: brackets are nested more than 128 levels deep
    "#]],
    );
    check(
        &r#"{"a":"#.repeat(1_000_000),
        expect![[r#"
        error[PC0004]: brackets are nested more than 128 levels deep
    "#]],
    );
}

#[test]
fn objects_that_are_nested_in_place_a_thousand_levels_deep() {
    let depth = 1000;
    let open = r#"{ "type": "Chain", "config": { "filters": [], "handler": "#.repeat(depth);
    let close = "} }".repeat(depth);
    check(
        &format!(r#"{{ "handler": {open}"ReverseProxyHandler"{close} }}"#),
        expect![[r#"
        error[PC0004]: brackets are nested more than 128 levels deep
    "#]],
    );
}

#[test]
fn a_token_that_names_itself() {
    let text = answer_route("&{loop}").replacen('{', r#"{ "properties": { "loop": "&{loop}" }, "#, 1);
    check(
        &text,
        expect![[r#"
        error[PC0050]: the token `loop` has no value
    "#]],
    );
    let text = answer_route("&{a}").replacen('{', r#"{ "properties": { "a": "&{b}", "b": "&{a}" }, "#, 1);
    check(
        &text,
        expect![[r#"
        error[PC0050]: the token `b` has no value
    "#]],
    );
}

#[test]
fn tokens_that_grow_by_doubling() {
    let mut properties = String::from(r#""p0": "0123456789""#);
    for at in 1..64 {
        let before = at - 1;
        let _infallible = write!(properties, r#", "p{at}": "&{{p{before}}}&{{p{before}}}""#);
    }
    let text = answer_route("&{p63}").replacen('{', &format!(r#"{{ "properties": {{ {properties} }}, "#), 1);
    check(
        &text,
        expect![[r#"
        error[PC0054]: the values of the tokens exceed 16777216 bytes
        error[PC0050]: the token `p63` has no value
    "#]],
    );
}

#[test]
fn tokens_that_are_nested_without_end() {
    let text = answer_route(&format!("{}x{}", "&{a|".repeat(100_000), "}".repeat(100_000)));
    check(
        &text,
        expect![[r#"
        error[PC0053]: tokens are nested more than 32 levels deep
    "#]],
    );
}

#[test]
fn an_expression_of_100_000_characters() {
    check(
        &condition(&format!("true{}", " or request.method == 'x'".repeat(4000))),
        expect![[r#"
        error[PC0201]: the expression is longer than 65536 bytes
    "#]],
    );
    check(
        &condition(&"(".repeat(100_000)),
        expect![[r#"
        error[PC0201]: the expression is nested more than 128 levels deep
    "#]],
    );
    check(
        &condition(&"!".repeat(100_000)),
        expect![[r#"
        error[PC0201]: the expression is nested more than 128 levels deep
    "#]],
    );
    check(
        &condition(&"-".repeat(60_000)),
        expect![[r#"
        error[PC0201]: the expression is nested more than 128 levels deep
    "#]],
    );
    check(
        &condition(&format!("request{}", ".a".repeat(50_000))),
        expect![[r#"
        error[PC0201]: the expression is nested more than 128 levels deep
    "#]],
    );
}

#[test]
fn a_text_full_of_broken_expressions() {
    check(
        &answer_route(&"${'".repeat(30_000)),
        expect![[r#"
        error[PC0200]: an expression cannot stand inside an expression
    "#]],
    );
    check(
        &answer_route(&"${".repeat(50_000)),
        expect![[r#"
        error[PC0200]: an expression cannot stand inside an expression
    "#]],
    );
}

#[test]
fn patterns_that_explode() {
    check(
        &condition("find(request.uri.path, '((((a{1000}){1000}){1000}){1000})')"),
        expect![[r#"
        error[PC0206]: the pattern cannot be used: Compiled regex exceeds size limit of 4194304 bytes.
    "#]],
    );
    check(
        &condition(&format!("find(request.uri.path, '{}a{}')", "(".repeat(4000), ")".repeat(4000))),
        expect![[r#"
            error[PC0201]: the pattern is nested more than 50 levels deep
        "#]],
    );
    check(
        &condition(&format!("find(request.uri.path, '{}')", "[a".repeat(4000))),
        expect![[r#"
        error[PC0201]: the pattern is nested more than 50 levels deep
    "#]],
    );
    check(
        &condition(&format!("find(request.uri.path, '{}')", "a".repeat(100_000))),
        expect![[r#"
        error[PC0201]: the expression is longer than 65536 bytes
    "#]],
    );
}

#[test]
fn a_pattern_that_backtracks_is_cut_off_while_it_is_folded() {
    // Both arguments are known at load, so the match runs at load.
    let expression = format!("find('{}!', '^(?=(a+)+$)') or nope", "a".repeat(60));
    check(
        &condition(&expression),
        expect![[r#"
        error[PC0203]: nothing supplies the name `nope`
    "#]],
    );
}

#[test]
fn ten_thousand_mistakes_in_one_file() {
    let filters = r#"{ "type": "Nope" },"#.repeat(10_000);
    let route = format!(
        r#"{{ "handler": {{ "type": "Chain", "config": {{ "handler": "ReverseProxyHandler", "filters": [ {filters} "x" ] }} }} }}"#
    );
    let builder = gateway().route("hostile", &route);
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let began = Instant::now();
    let ended = builder.arguments(&["check", &instance]).run();
    assert!(began.elapsed() < PATIENCE * 6, "it takes {:?}", began.elapsed());
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains("10001 errors"), "{:.1000}", ended.output);
}
