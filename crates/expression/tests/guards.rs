//! Guards: what they say of a condition, and that a condition is never true where its guard says no.

#[path = "support/random.rs"]
mod random;
mod support;

use expect_test::{Expect, expect};
use expression::{Bindings, Expr, Guard, Root, Scope, Value};
use random::Random;
use serde_json::json;
use support::bindings;

/// Compares what the guard of a condition says.
#[track_caller]
fn check(condition: &str, expected: Expect) {
    expected.assert_eq(&shown(&guard(condition)));
}

fn guard(condition: &str) -> Guard {
    Expr::<bool>::compile(condition, &bindings()).expect("the condition compiles").guard()
}

fn shown(guard: &Guard) -> String {
    if guard.is_never() {
        return "never".to_owned();
    }
    let tests = guard.tests().iter().map(|test| {
        let starts = test.starts().iter().map(|start| {
            let end = if start.is_whole() { "" } else { "…" };
            format!("{}{end}", String::from_utf8_lossy(start.text()))
        });
        format!("{} is {}", test.subject(), starts.collect::<Vec<_>>().join(" or "))
    });
    let tests: Vec<_> = tests.collect();
    if tests.is_empty() { "anything".to_owned() } else { tests.join(", ") }
}

#[test]
fn a_plain_prefix_is_what_the_text_begins_with() {
    check("${find(request.uri.path, '^/app-12/')}", expect!["request.uri.path is /app-12/…"]);
    check("${matches(request.uri.path, '^/(a|b)/')}", expect!["request.uri.path is /a/… or /b/…"]);
    check("${find(request.uri.path, '\\\\A/a\\\\.b')}", expect!["request.uri.path is /a.b…"]);
    check("${find(request.uri.path, '^\\\\Q/a.b\\\\E')}", expect!["request.uri.path is /a.b…"]);
    check(
        "${find(request.uri.path, '(?i)^/ab')}",
        expect!["request.uri.path is /AB… or /Ab… or /aB… or /ab…"],
    );
    check("${request.uri.path.startsWith('/a')}", expect!["request.uri.path is /a…"]);
    check("${find(exchange.request.uri.path, '^/a')}", expect!["request.uri.path is /a…"]);
}

#[test]
fn a_whole_text_is_said_to_be_whole() {
    check("${request.method == 'GET'}", expect!["request.method is GET"]);
    check("${'a' eq request.headers['Host'][0]}", expect!["request.headers['Host'][0] is a"]);
    check("${request.method.equals('GET')}", expect!["request.method is GET"]);
    check("${matchesWithRegex(request.method, 'GET|PUT')}", expect!["request.method is GET or PUT"]);
    check("${request.method.matches('GET')}", expect!["request.method is GET"]);
}

#[test]
fn what_follows_the_beginning_is_left_to_the_condition() {
    check("${find(request.uri.path, '^/a$')}", expect!["request.uri.path is /a…"]);
    check("${find(request.uri.path, '^/a\\\\b')}", expect!["request.uri.path is /a…"]);
    check(
        "${find(request.uri.path, '^/a/?x*')}",
        expect!["request.uri.path is /a/x… or /a/… or /ax… or /a…"],
    );
    check(
        "${find(request.uri.path, '^/a[0-9]+')}",
        expect![
            "request.uri.path is /a0… or /a1… or /a2… or /a3… or /a4… or /a5… or /a6… or /a7… or /a8… or /a9…"
        ],
    );
    check("${matchesWithRegex(request.uri.path, '/a/.*')}", expect!["request.uri.path is /a/…"]);
    check("${matchingGroups(request.uri.path, '^/a/(.*)')[1] == 'x'}", expect!["request.uri.path is /a/…"]);
    check("${not empty findGroups(request.uri.path, '^/a')}", expect!["request.uri.path is /a…"]);
    check("${matchingGroups(request.uri.path, '^/a') != null}", expect!["request.uri.path is /a…"]);
}

#[test]
fn patterns_that_can_match_anywhere_say_nothing() {
    for pattern in ["/a", "(?m)^/a", "^/a|b", "a^", "(^)?/a", "^.*a", "(?=^/a)", "^/(?!a)"] {
        let condition = format!("${{find(request.uri.path, '{pattern}')}}");
        assert_eq!(shown(&guard(&condition)), "anything", "{pattern}");
    }
}

#[test]
fn and_keeps_both_and_or_keeps_what_they_share() {
    let (path, other) = ("find(request.uri.path, '^/a')", "find(request.uri.path, '^/b')");
    let host = "request.uri.host == 'h'";
    check(&format!("${{{path} && {host}}}"), expect!["request.uri.path is /a…, request.uri.host is h"]);
    check(&format!("${{{path} or {other}}}"), expect!["request.uri.path is /a… or /b…"]);
    check(&format!("${{{path} or {host}}}"), expect!["anything"]);
    check(&format!("${{({host} and {path}) or {other}}}"), expect!["request.uri.path is /a… or /b…"]);
    check(&format!("${{{path} and not {other}}}"), expect!["request.uri.path is /a…"]);
    check(&format!("${{{host} ? {path} : {other}}}"), expect!["request.uri.path is /a… or /b…"]);
    check(&format!("${{{path} or request.method.contains('G')}}"), expect!["anything"]);
    check(&format!("${{{path} or true}}"), expect!["anything"]);
    check(&format!("${{{path} or find(request.uri.path, null)}}"), expect!["request.uri.path is /a…"]);
}

#[test]
fn what_is_known_at_load_is_always_or_never() {
    check("${true}", expect!["anything"]);
    check("${false}", expect!["never"]);
    check("true", expect!["never"]);
    check("a ${request.method}", expect!["never"]);
    check("${find('x', '^y') and find(request.uri.path, '^/a')}", expect!["never"]);
}

#[test]
fn what_may_change_between_two_looks_is_no_subject() {
    check("${now.rfc1123 == 'x'}", expect!["anything"]);
    check("${request.uri.port == 80}", expect!["anything"]);
    check("${toLowerCase(request.uri.host) == 'h'}", expect!["anything"]);
}

#[test]
fn too_many_beginnings_are_left_out() {
    let of = |count: usize| {
        let conditions = (0..count).map(|n| format!("request.method == 'M{n}'"));
        guard(&format!("${{{}}}", conditions.collect::<Vec<_>>().join(" or ")))
    };
    assert_eq!(of(256).tests()[0].starts().len(), 256);
    assert_eq!(shown(&of(257)), "anything");
}

#[test]
fn conditions_that_exclude_each_other_are_apart() {
    let of = |condition: &str| guard(&format!("${{{condition}}}"));
    let check = |one: &str, other: &str, expected: bool| {
        assert_eq!(of(one).is_apart_from(&of(other)), expected, "{one} and {other}");
        assert_eq!(of(other).is_apart_from(&of(one)), expected, "{other} and {one}");
    };
    let path = "find(request.uri.path, '^/a')";
    check(path, "find(request.uri.path, '^/b')", true);
    check(path, "find(request.uri.path, '^/a/b')", false);
    check(path, "request.uri.path == '/a'", false);
    check("request.uri.path == '/a'", "request.uri.path.startsWith('/a/')", true);
    check("request.uri.path == '/a'", "request.uri.path == '/a'", false);
    check("find(request.uri.path, '^/(a|b)/')", "find(request.uri.path, '^/(c|b)/')", false);
    check(path, "find(request.uri.rawPath, '^/b')", false);
    check(path, "find(request.uri.path, '^/b') and request.method == 'GET'", true);
    check(path, "true", false);
    check(path, "false", true);
}

/// A request whose values are drawn from few characters, so that conditions hold now and then.
struct RandomRequest(Value<'static>);

impl Scope for RandomRequest {
    fn root(&self, root: Root) -> Value<'_> {
        if root == Root::Request { self.0.view() } else { Value::Null }
    }
}

impl RandomRequest {
    fn new(random: &mut Random) -> Self {
        let pieces = ["a", "b", "A", "/", ".", "é", "\n"];
        let path = (0..random.below(5)).fold("/".to_owned(), |path, _| path + random.pick(&pieces));
        let hosts = [json!("a"), json!("b"), json!(null)];
        let methods = [json!("GET"), json!("PUT"), json!(80), json!(null), json!(["GET"])];
        let (host, method) = (&hosts[random.below(hosts.len())], &methods[random.below(methods.len())]);
        Self(Value::from(json!({ "method": method, "uri": { "path": path, "host": host } })))
    }
}

fn random_condition(random: &mut Random, depth: usize) -> String {
    let subject =
        random.pick(&["request.uri.path", "request.uri.host", "request.method", "request['method']"]);
    if depth > 0 && random.percent(75) {
        let (left, right) = (random_condition(random, depth - 1), random_condition(random, depth - 1));
        return match random.below(6) {
            0 | 1 => format!("({left} and {right})"),
            2 | 3 => format!("({left} or {right})"),
            4 => format!("(not {left})"),
            _ => format!("({left} ? {right} : {})", random_condition(random, depth - 1)),
        };
    }
    let text = random.pick(&["/a", "/", "/a/b", "a", "b", "GET", "", "/A"]);
    match random.below(16) {
        0 | 8 | 9 => format!("{subject} == '{text}'"),
        10 | 11 => format!("find({subject}, '^{text}')"),
        1 => format!("{subject}.startsWith('{text}')"),
        2 => format!("{subject}.equals('{text}')"),
        3 => format!("{subject}.matches('{}')", random_pattern(random)),
        4 => format!("matchesWithRegex({subject}, '{}')", random_pattern(random)),
        5 => format!("matchingGroups({subject}, '{}') != null", random_pattern(random)),
        6 => format!("not empty findGroups({subject}, '{}')", random_pattern(random)),
        7 => random.pick(&["true", "false", "'true'", "null", "request.none", "3"]).to_string(),
        _ => format!("find({subject}, '{}')", random_pattern(random)),
    }
}

fn random_pattern(random: &mut Random) -> String {
    let pieces = [
        "/",
        "/",
        "a",
        "b",
        "A",
        "^",
        "^/",
        "$",
        "|",
        "(a|b)",
        "(?:/a)?",
        "\\\\A",
        "\\\\z",
        "\\\\b",
        ".",
        "\\\\.",
        "[ab]",
        "a*",
        "(?i)",
        "(?m)",
        "\\\\Q/a.\\\\E",
        "(?=a)",
        "(?!b)",
        "é",
        "GET",
        "a{2}",
        "\\\\Z",
        "(?i:a)",
        "[^a]",
        "x?",
    ];
    let start = random.pick(&["^", "^/", "^/a", "\\\\A/", "", "(?i)^/", "^(/a|/b)", "^/a|^/b"]).to_string();
    (0..random.below(4)).fold(start, |pattern, _| pattern + random.pick(&pieces))
}

#[test]
fn no_condition_is_true_where_its_guard_says_no() {
    let mut random = Random::new(7);
    let (mut refused, mut is_true) = (0, 0);
    for _ in 0..3_000 {
        let text = format!("${{{}}}", random_condition(&mut random, 2));
        let Ok(condition) = Expr::<bool>::compile(&text, &Bindings::default()) else { continue };
        let guard = condition.guard();
        for _ in 0..12 {
            let request = RandomRequest::new(&mut random);
            let (holds, admits) = (condition.is_true(&request), guard.admits(&request));
            assert!(admits || !holds, "{text} is true of {:?}, which {guard:?} does not admit", request.0);
            refused += usize::from(!admits);
            is_true += usize::from(holds);
        }
    }
    assert!(refused > 10_000 && is_true > 5_000, "{refused} {is_true}");
}
