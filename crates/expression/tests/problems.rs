//! What is wrong with an expression, where, and what to do.

mod support;

use expect_test::expect;
use expression::{CODES, DEPTH_MAX, LValue, Template};
use support::{bindings, check, show};

#[test]
fn syntax() {
    check("${", expect!["PC0200 at 2..2 ``: the expression has no closing `}` (add `}` at its end)"]);
    check(
        "a ${request.method",
        expect!["PC0200 at 18..18 ``: the expression has no closing `}` (add `}` at its end)"],
    );
    check("${}", expect!["PC0200 at 2..3 `}`: expected a value, found the end of the expression"]);
    check("${1 +}", expect!["PC0200 at 5..6 `}`: expected a value, found the end of the expression"]);
    check("${(1}", expect!["PC0200 at 4..5 `}`: expected `)`, found the end of the expression"]);
    check("${a b}", expect!["PC0200 at 4..5 `b`: expected an operator or `}`, found `b`"]);
    check(
        "${request.}",
        expect![[
            "PC0200 at 10..11 `}`: expected the name of a property or method, found the end of the expression"
        ]],
    );
    check("${request[1}", expect!["PC0200 at 11..12 `}`: expected `]`, found the end of the expression"]);
    check(
        "${'abc}",
        expect!["PC0200 at 2..7 `'abc}`: the text has no closing ' (add ' where the text ends)"],
    );
    check(
        "${`abc`}",
        expect!["PC0200 at 2..3 ```: a text cannot be quoted with back-quotes (use single quotes)"],
    );
    check("${1 = 1}", expect!["PC0200 at 4..5 `=`: `=` is not an operator (compare with `==`)"]);
    check("${1 & 1}", expect!["PC0200 at 4..5 `&`: `&` is not an operator (write `&&` or `and`)"]);
    check(
        "${request[${1}]}",
        expect![[
            "PC0200 at 10..12 `${`: an expression cannot stand inside an expression (leave out the inner `${` and `}`)"
        ]],
    );
    check(
        "${{1}}",
        expect![[
            "PC0200 at 2..3 `{`: `{` is not an operator (lists, maps and inner expressions cannot be written here)"
        ]],
    );
    check(
        "${and}",
        expect![[
            "PC0200 at 2..5 `and`: `and` is a reserved word (a value is expected here; quote the word to use it as text)"
        ]],
    );
    check("${true ? 1}", expect!["PC0200 at 10..11 `}`: expected `:`, found the end of the expression"]);
    check(
        "${99999999999999999999}",
        expect![[
            "PC0200 at 2..22 `99999999999999999999`: the number does not fit into 64 bits (quote it to use it as text)"
        ]],
    );
    check("${find('a' 'b')}", expect!["PC0200 at 11..14 `'b'`: expected `,` or `)`, found a text"]);
    check("${a:b()}", expect!["PC0200 at 3..4 `:`: expected an operator or `}`, found `:`"]);
}

#[test]
fn names_functions_and_methods() {
    check(
        "${requst.method}",
        expect!["PC0203 at 2..8 `requst`: nothing supplies the name `requst` (did you mean `request`?)"],
    );
    check(
        "${GET}",
        expect![[
            "PC0203 at 2..5 `GET`: nothing supplies the name `GET` (declare it in `properties`, or quote it to mean the text 'GET')"
        ]],
    );
    check(
        "${trim == 1}",
        expect![[
            "PC0203 at 2..6 `trim`: nothing supplies the name `trim` (to call the function write `trim(…)`)"
        ]],
    );
    check(
        "${tolowercase('x')}",
        expect![[
            "PC0202 at 2..13 `tolowercase`: there is no function `tolowercase` (did you mean `toLowerCase`?)"
        ]],
    );
    check("${frobnicate()}", expect!["PC0202 at 2..12 `frobnicate`: there is no function `frobnicate`"]);
    check("${find('a')}", expect!["PC0204 at 2..6 `find`: the function `find` takes 2 arguments, not 1"]);
    check("${trim()}", expect!["PC0204 at 2..6 `trim`: the function `trim` takes 1 argument, not 0"]);
    check(
        "${'a'.startswith('b')}",
        expect![[
            "PC0205 at 6..16 `startswith`: a value of type string has no method `startswith` (did you mean `startsWith`?)"
        ]],
    );
    check(
        "${'a'.concat()}",
        expect!["PC0204 at 6..12 `concat`: the method `concat` takes 1 argument, not 0"],
    );
    check(
        "${trim(session.user).size()}",
        expect!["PC0205 at 21..25 `size`: a value of type string has no method `size`"],
    );
    check(
        "${(1 == 1).foo()}",
        expect!["PC0205 at 11..14 `foo`: a value of type boolean has no method `foo`"],
    );
}

#[test]
fn names_of_old_work_and_are_noted() {
    warned(
        "${matches(request.uri.path, 'x') and matchingGroups('a', 'a')[0] == _t('nested.deep.key')}",
        expect![[r#"
            PC0209 at 2..9 `matches`: the function `matches` is a name of old (write `find` or `matchesWithRegex`)
            PC0209 at 37..51 `matchingGroups`: the function `matchingGroups` is a name of old (write `findGroups`)
            PC0209 at 68..70 `_t`: the function `_t` is a name of old (write the token itself: `&{name}` or `&{name|default}`)"#]],
    );
    warned("${find(request.uri.path, 'x')}", expect![""]);
    warned(
        "${_token('absent')}",
        expect![[r#"
        PC0209 at 2..8 `_token`: the function `_token` is a name of old (write the token itself: `&{name}` or `&{name|default}`)
        PC0210 at 9..17 `'absent'`: the property token `absent` has no value; it is null (write `&{name|default}`)"#]],
    );
    let place = LValue::compile("${session[_t('nested.deep.key')]}", &bindings()).unwrap();
    expect!["the function `_t` is a name of old (write the token itself: `&{name}` or `&{name|default}`)"]
        .assert_eq(&place.warnings().iter().map(ToString::to_string).collect::<String>());
}

/// What is doubtful in a text that compiles.
#[track_caller]
fn warned(text: &str, expected: expect_test::Expect) {
    let template = Template::compile(text, &bindings()).expect("a sound text");
    let shown: Vec<String> = template.warnings().iter().map(|problem| show(text, problem)).collect();
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn all_problems_of_a_text_are_found() {
    check(
        "${x1} ${1 +} ${find('a', '[')} ${y1(z1)}",
        expect![[r#"
        PC0203 at 2..4 `x1`: nothing supplies the name `x1` (declare it in `properties`, or quote it to mean the text 'x1')
        PC0200 at 11..12 `}`: expected a value, found the end of the expression
        PC0206 at 25..28 `'['`: the class has no closing `]`
        PC0202 at 33..35 `y1`: there is no function `y1`
        PC0203 at 36..38 `z1`: nothing supplies the name `z1` (declare it in `properties`, or quote it to mean the text 'z1')"#]],
    );
    check(
        "${'}'} ${a1} ${'unclosed} ${b1}",
        expect![[r#"
        PC0203 at 9..11 `a1`: nothing supplies the name `a1` (declare it in `properties`, or quote it to mean the text 'a1')
        PC0200 at 15..31 `'unclosed} ${b1}`: the text has no closing ' (add ' where the text ends)
        PC0203 at 28..30 `b1`: nothing supplies the name `b1` (declare it in `properties`, or quote it to mean the text 'b1')"#]],
    );
}

#[test]
fn malformed_patterns() {
    check("${find(request.method, '(')}", expect!["PC0206 at 23..26 `'('`: the group has no closing `)`"]);
    check(
        "${'a'.matches('*')}",
        expect![[r#"PC0206 at 14..17 `'*'`: `*` repeats nothing (write `\*` to mean it plainly)"#]],
    );
    check(
        "${find(request.method, '\\X')}",
        expect![[r#"PC0206 at 23..27 `'\X'`: grapheme clusters (`\X`) are not offered"#]],
    );
    check("${find(request.method, null)}", expect!["false"]);
}

#[test]
fn places() {
    place("${attributes.user}", expect!["Attributes, uses context"]);
    place("${session['token'].a[0]}", expect!["Session, uses session"]);
    place("${request.headers[request.method]}", expect!["Request, uses request"]);
    place("${request.headers[nested.deep.key]}", expect!["Request, uses request"]);
    place(
        "attributes.user",
        expect![[
            "PC0207 at 0..15 `attributes.user`: this is no place to write to: it is not a single `${…}` (name a place such as `${attributes.user}` or `${session['token']}`)"
        ]],
    );
    place("${attributes.user} ", expect!["Attributes, uses context"]);
    place(
        "${attributes.user}x",
        expect![[
            "PC0207 at 0..19 `${attributes.user}x`: this is no place to write to: it is not a single `${…}` (name a place such as `${attributes.user}` or `${session['token']}`)"
        ]],
    );
    place(
        "${env.HOME}",
        expect![[
            "PC0207 at 0..11 `${env.HOME}`: this is no place to write to: it does not begin with a root that is writable (name a place such as `${attributes.user}` or `${session['token']}`)"
        ]],
    );
    place(
        "${now}",
        expect![[
            "PC0207 at 0..6 `${now}`: this is no place to write to: `now` is read-only (name a place such as `${attributes.user}` or `${session['token']}`)"
        ]],
    );
    place(
        "${nested.deep}",
        expect![[
            "PC0207 at 0..14 `${nested.deep}`: this is no place to write to: it does not begin with a root that is writable (name a place such as `${attributes.user}` or `${session['token']}`)"
        ]],
    );
    place(
        "${trim('x')}",
        expect![[
            "PC0207 at 0..12 `${trim('x')}`: this is no place to write to: it does not begin with a root that is writable (name a place such as `${attributes.user}` or `${session['token']}`)"
        ]],
    );
    place(
        "${attributes.user",
        expect!["PC0200 at 17..17 ``: the expression has no closing `}` (add `}` at its end)"],
    );
    place(
        "${attributs.user}",
        expect![[
            "PC0203 at 2..11 `attributs`: nothing supplies the name `attributs` (did you mean `attributes`?)"
        ]],
    );
}

#[track_caller]
fn place(text: &str, expected: expect_test::Expect) {
    let shown = match LValue::compile(text, &bindings()) {
        Ok(place) => format!("{:?}, uses {}", place.root(), support::set_flags(place.uses())),
        Err(problems) => problems.iter().map(|problem| show(text, problem)).collect::<Vec<_>>().join("\n"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn depth_has_a_limit() {
    let nested = |levels: usize| format!("${{{}1{}}}", "(".repeat(levels), ")".repeat(levels));
    let chained = |operands: usize| format!("${{{}}}", vec!["1"; operands].join(" + "));
    let signs = |signs: usize| format!("${{{}request}}", "! ".repeat(signs));
    let path = |steps: usize| format!("${{request{}}}", ".a".repeat(steps));
    let indexes = |levels: usize| format!("${{{}1{}}}", "request[".repeat(levels), "]".repeat(levels));
    let calls = |levels: usize| format!("${{{}1{}}}", "trim(".repeat(levels), ")".repeat(levels));
    for (name, at_limit, beyond) in [
        ("brackets", nested(DEPTH_MAX - 1), nested(DEPTH_MAX)),
        ("sums", chained(DEPTH_MAX), chained(DEPTH_MAX + 1)),
        ("signs", signs(DEPTH_MAX - 1), signs(DEPTH_MAX)),
        ("paths", path(DEPTH_MAX - 1), path(DEPTH_MAX)),
        ("indexes", indexes(DEPTH_MAX - 1), indexes(DEPTH_MAX)),
        ("calls", calls(DEPTH_MAX - 1), calls(DEPTH_MAX)),
    ] {
        let template =
            Template::compile(&at_limit, &bindings()).unwrap_or_else(|_| panic!("{name} at the limit"));
        let _ = template.evaluate(&support::TestScope::new());
        let problems = Template::compile(&beyond, &bindings()).expect_err(name);
        assert_eq!(problems[0].kind.code().number, 201, "{name}");
    }
    let alternatives = format!("${{{}}}", vec!["request.method == 'GET'"; 2000].join(" || "));
    assert!(Template::compile(&alternatives, &bindings()).is_ok(), "a long list of alternatives is not deep");
}

#[test]
fn length_has_a_limit() {
    let long = format!("${{'{}'}}", "x".repeat(expression::EXPRESSION_BYTES_MAX));
    let problems = Template::compile(&long, &bindings()).expect_err("too long");
    assert_eq!(problems[0].kind.code().number, 201);
    let literal = "x".repeat(2 * expression::EXPRESSION_BYTES_MAX);
    assert!(Template::compile(&literal, &bindings()).is_ok(), "plain text may be long");
}

#[test]
fn results_have_a_limit() {
    let doubled = format!("${{'{}'{}}}", "a".repeat(1024), ".replace('a', 'aaaaaaaa')".repeat(6));
    check(&doubled, expect!["error: the text grows too long"]);
}

#[test]
fn codes_are_distinct_and_explained() {
    for (at, code) in CODES.iter().enumerate() {
        assert!((200..300).contains(&code.number));
        assert!(code.explanation.len() > 80, "{} is explained", code.name);
        assert!(CODES[..at].iter().all(|other| other.number != code.number && other.name != code.name));
    }
}
