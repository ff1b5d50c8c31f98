//! What is claimed of conditions before any request, and what is not.

mod support;

use expression::Expr;
use support::bindings;

fn condition(text: &str) -> Expr<bool> {
    Expr::compile(text, &bindings()).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

#[track_caller]
fn check(given: &str, wanted: &str, expected: bool) {
    assert_eq!(condition(given).implies(&condition(wanted)), expected, "{given} implies {wanted}");
}

#[test]
fn a_condition_implies_itself_however_it_is_written() {
    check("${request.method == 'GET'}", "${request.method=='GET'}", true);
    check("${request.method == 'GET'}", "${request.method == \"GET\"}", true);
    check("${find(request.uri.path, '^/a')}", "${request.uri.path == '/a'}", false);
    check("${request.method == 'GET'}", "${request.method == 'POST'}", false);
    check("${request.headers['x'][0] == 'a'}", "${request.headers['y'][0] == 'a'}", false);
    check("${request.uri.path.contains('a')}", "${request.uri.path.contains('a')}", true);
    check("${request.uri.path.contains('a')}", "${request.uri.path.contains('b')}", false);
    check("${contains(request.uri.path, 'a')}", "${contains(request.uri.path, 'a')}", true);
    check("${not find(request.uri.path, 'a')}", "${!find(request.uri.path, 'a')}", true);
}

#[test]
fn everything_implies_what_is_always_true() {
    check("${request.method == 'GET'}", "${true}", true);
    check("${now.epochSeconds > 5}", "${true}", true);
    check("${request.method == 'GET'}", "${false}", false);
}

#[test]
fn a_longer_start_implies_a_shorter_one() {
    check("${find(request.uri.path, '^/a/b')}", "${find(request.uri.path, '^/a')}", true);
    check("${find(request.uri.path, '^/a/b')}", "${matches(request.uri.path, '^/a/')}", true);
    check("${find(request.uri.path, '^/a(/b|/c)')}", "${find(request.uri.path, '^/a')}", true);
    check("${find(request.uri.path, '^/a[bc]')}", "${find(request.uri.path, '^/a')}", true);
    check("${find(request.uri.path, '^/a\\\\.b$')}", "${find(request.uri.path, '^/a\\\\.')}", true);
    check("${request.uri.path == '/a/b'}", "${find(request.uri.path, '^/a')}", true);
    check("${'/a/b' == request.uri.path}", "${find(request.uri.path, '^/a')}", true);
}

#[test]
fn what_may_begin_otherwise_implies_no_start() {
    for pattern in [
        "^/",
        "/a/b",
        "^/a?b",
        "^/a*b",
        "^/a{0,1}b",
        "^(/a)?b",
        "^/ab|^/c",
        "^/ab|c",
        "^/a/[|]|c",
        "^(?i)/ab",
        "^/(a|b)",
        "^/([|]a)|x",
        "^/a+",
        r"^\\Q/a\\E|b",
        "^.a",
        r"^\\x2fa",
    ] {
        check(
            &format!("${{find(request.uri.path, '{pattern}')}}"),
            "${find(request.uri.path, '^/a')}",
            false,
        );
    }
    check("${find(request.uri.host, '^/a/b')}", "${find(request.uri.path, '^/a')}", false);
    check("${find(request.uri.path, '^/a/b')}", "${find(request.uri.path, '^/a$')}", false);
    check("${find(request.uri.path, '^/a/b')}", "${find(request.uri.path, '/a')}", false);
    // Compared with text, `false` counts as such, and then its text begins otherwise.
    check("${request.entity.json.a == '/x'}", "${find(request.entity.json.a, '^/')}", false);
}

#[test]
fn parts_of_a_condition_count() {
    let (get, start) = ("request.method == 'GET'", "find(request.uri.path, '^/a')");
    check(&format!("${{{get} and {start}}}"), &format!("${{{start}}}"), true);
    check(&format!("${{{get} and {start}}}"), &format!("${{{start} and {get}}}"), true);
    check(&format!("${{{get} or {start}}}"), &format!("${{{start}}}"), false);
    check(&format!("${{{start} or find(request.uri.path, '^/a/b')}}"), &format!("${{{start}}}"), true);
    check(&format!("${{{start}}}"), &format!("${{find(request.uri.path, '^/c') or {start}}}"), true);
    check(&format!("${{{start}}}"), &format!("${{{get} and {start}}}"), false);
}

#[test]
fn an_alternative_behind_one_that_may_fail_is_not_relied_on() {
    let start = "find(request.uri.path, '^/a')";
    check(&format!("${{{start}}}"), &format!("${{request.headers['n'][0] > 5 or {start}}}"), false);
    check(&format!("${{{start}}}"), &format!("${{session.name.contains('a') or {start}}}"), false);
}

#[test]
fn what_changes_between_two_evaluations_proves_nothing() {
    check("${now.epochSeconds > 5}", "${now.epochSeconds > 5}", false);
    check("${read('/etc/x') == 'a'}", "${read('/etc/x') == 'a'}", false);
}

#[test]
fn a_comparison_that_would_take_long_is_given_up() {
    let part = |depth: usize| {
        (0..depth).fold("request.method == 'GET'".to_owned(), |inner, at| {
            let operator = if at % 2 == 0 { "and" } else { "or" };
            format!("({inner} {operator} request.headers['{at}'][0] == 'x')")
        })
    };
    let (left, right) = (format!("${{{}}}", part(60)), format!("${{{} and false}}", part(59)));
    check(&left, &right, false);
}

#[test]
fn conditions_that_never_hold_are_told() {
    for text in [
        "${false}",
        "${null}",
        "${1 == 2}",
        "${false and request.method == 'GET'}",
        "${request.method == 'GET' and 1 > 2}",
    ] {
        assert!(condition(text).is_never_true(), "{text}");
    }
    for text in
        ["${true}", "${request.method == 'GET'}", "${false or request.method == 'GET'}", "${session.x}"]
    {
        assert!(!condition(text).is_never_true(), "{text}");
    }
    assert!(condition("${1 == 1}").is_always_true());
    assert!(!condition("${request.method == request.method}").is_always_true());
}
