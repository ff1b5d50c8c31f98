//! The parts of an expression and what each yields.

mod support;

use std::fmt::Write;

use expect_test::{Expect, expect};
use expression::{Part, explain};
use support::{TestScope, bindings};

#[track_caller]
fn check_parts(text: &str, expected: Expect) {
    fn show(text: &str, parts: &[Part], depth: usize, shown: &mut String) {
        for part in parts {
            let indent = "  ".repeat(depth);
            let _infallible = writeln!(shown, "{indent}{} = {}", &text[part.range.clone()], part.value);
            show(text, &part.parts, depth + 1, shown);
        }
    }
    let parts = explain(text, &bindings(), &TestScope::new()).expect("the text is sound");
    let mut shown = String::new();
    show(text, &parts, 0, &mut shown);
    expected.assert_eq(&shown);
}

#[test]
fn every_operand_and_argument_is_a_part() {
    check_parts(
        "${find(request.uri.path, '^/a') and request.method == 'GET' or (1 > 2 and true)}",
        expect![[r#"
            find(request.uri.path, '^/a') and request.method == 'GET' or (1 > 2 and true) = false
              find(request.uri.path, '^/a') and request.method == 'GET' = false
                find(request.uri.path, '^/a') = false
                  request.uri.path = "/css/a.css"
                request.method == 'GET' = true
                  request.method = "GET"
              (1 > 2 and true) = false
                1 > 2 = false
        "#]],
    );
    check_parts(
        "${not contains(toLowerCase(request.method), 'g')}",
        expect![[r#"
        not contains(toLowerCase(request.method), 'g') = false
          contains(toLowerCase(request.method), 'g') = true
            toLowerCase(request.method) = "get"
              request.method = "GET"
    "#]],
    );
    check_parts(
        "${session.user == 'anna' ? nested.deep.key : 5}",
        expect![[r#"
        session.user == 'anna' ? nested.deep.key : 5 = "value"
          session.user == 'anna' = true
            session.user = "anna"
          nested.deep.key = "value"
    "#]],
    );
    check_parts(
        "a ${request.method} b \\${no} ${1 + nested.list[1]}",
        expect![[r#"
        request.method = "GET"
        1 + nested.list[1] = 3
          nested.list[1] = 2
    "#]],
    );
}

#[test]
fn parts_that_an_evaluation_would_not_come_to_are_shown_as_well() {
    check_parts(
        "${true or request.method == 'GET'}",
        expect![[r#"
        true or request.method == 'GET' = true
          request.method == 'GET' = true
            request.method = "GET"
    "#]],
    );
}

#[test]
fn a_part_that_fails_says_why() {
    check_parts(
        "${session.missing.contains('a') and request.method > 5}",
        expect![[r#"
            session.missing.contains('a') and request.method > 5 = false
              session.missing.contains('a') = null
                session.missing = null
              request.method > 5 = null: a text of 3 bytes is not a whole number
                request.method = "GET"
        "#]],
    );
}

#[test]
fn credentials_are_hidden_and_what_is_made_of_them() {
    check_parts(
        "${request.headers['Authorization'][0] == 'x'}",
        expect![[r#"
        request.headers['Authorization'][0] == 'x' = false
          request.headers['Authorization'][0] = null
    "#]],
    );
    check_parts(
        "${find(toLowerCase(request.headers['cookie'][0]), 'x')}",
        expect![[r#"
        find(toLowerCase(request.headers['cookie'][0]), 'x') = false
          toLowerCase(request.headers['cookie'][0]) = null
            request.headers['cookie'][0] = null
    "#]],
    );
    check_parts(
        "${toString(request.headers) == 'x'}",
        expect![[r#"
        toString(request.headers) == 'x' = false
          toString(request.headers) = (hidden)
            request.headers = (hidden)
    "#]],
    );
    check_parts(
        "${request.headers[request.method][0] == 'x'}",
        expect![[r#"
        request.headers[request.method][0] == 'x' = false
          request.headers[request.method][0] = null
            request.method = "GET"
    "#]],
    );
    check_parts(
        "${request.cookies['x'][0].value == 'x'}",
        expect![[r#"
        request.cookies['x'][0].value == 'x' = false
          request.cookies['x'][0].value = null
    "#]],
    );
    check_parts(
        "${token.scope == 'openid'}",
        expect![[r#"
        token.scope == 'openid' = true
          token.scope = (hidden)
    "#]],
    );
    check_parts(
        "${request.headers['X'][0] == 'x'}",
        expect![[r#"
        request.headers['X'][0] == 'x' = false
          request.headers['X'][0] = null
    "#]],
    );
}

#[test]
fn long_values_are_cut() {
    let text = format!("${{toLowerCase('{}')}}", "X".repeat(1000));
    let parts = explain(&text, &bindings(), &TestScope::new()).unwrap();
    assert_eq!(parts[0].value, format!("\"{}…", "x".repeat(199)));
}

#[test]
fn mistakes_are_told() {
    assert!(explain("${nope}", &bindings(), &TestScope::new()).is_err());
    assert!(explain("${", &bindings(), &TestScope::new()).is_err());
    assert!(explain("no expression", &bindings(), &TestScope::new()).unwrap().is_empty());
}
