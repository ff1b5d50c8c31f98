//! Each function: as usual, with null, and with a value of another type.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use expect_test::expect;
use expression::{FUNCTIONS, ProblemKind, Template};
use support::check;

/// The names of the manuals, old and new.
const COUNT: usize = 49;

#[test]
fn lists() {
    check("${array('a', 1, null)}", expect![[r#"["a", "1", null]"#]]);
    check("${array()}", expect!["[]"]);
    check("${contains('hello', 'ell')}", expect!["true"]);
    check("${contains(session.roles, 'admin')}", expect!["true"]);
    check("${contains(request.headers['Host'], 'example.com')}", expect!["true"]);
    check("${contains(null, 'x')}${contains('x', null)}", expect![[r#""falsefalse""#]]);
    check("${contains(5, 5)}", expect!["false"]);
    check("${join(array('a', 'b'), '-')}", expect![[r#""a-b""#]]);
    check("${join(null, '-')}", expect!["null"]);
    check("${join('a', '-')}", expect![[r#""a""#]]);
    check("${join(array('a', null), ',')}", expect![[r#""a,null""#]]);
    check("${length('héé')}${length(session.roles)}${length(nested)}", expect![[r#""322""#]]);
    check("${length(null)}${length(5)}", expect![[r#""00""#]]);
    check("${lastElement(session.roles)}", expect![[r#""admin""#]]);
    check("${lastElement(null)}${lastElement(array())}", expect![[r#""""#]]);
}

#[test]
fn texts() {
    check("${bool('TRUE')}${bool('yes')}${bool(null)}${bool(true)}", expect![[r#""truefalsefalsetrue""#]]);
    check("${integer('42') + 1}", expect!["43"]);
    check("${integer('-7')}", expect!["-7"]);
    check("${integer('x')}", expect!["null"]);
    check("${integer(null)}", expect!["null"]);
    check("${integer('3000000000')}", expect!["null"]);
    check("${integerWithRadix('ff', 16)}", expect!["255"]);
    check("${integerWithRadix('ff', 99)}", expect!["null"]);
    check("${indexOf('abc', 'c')}", expect!["2"]);
    check("${indexOf('abc', 'x')}${indexOf(null, 'x')}", expect![[r#""-1-1""#]]);
    check("${toLowerCase('ÄB')}${toUpperCase('äb')}", expect![[r#""äbÄB""#]]);
    check("${toLowerCase(null)}", expect!["null"]);
    check("${toUpperCase(true)}", expect![[r#""TRUE""#]]);
    check("[${trim(' a\t')}]", expect![[r#""[a]""#]]);
    check("${trim(null)}", expect!["null"]);
    check("${toString(1.0)}", expect![[r#""1.0""#]]);
    check("${toString(null)}", expect!["null"]);
    check("${toString(session.roles)}", expect![[r#""[user, admin]""#]]);
}

#[test]
fn matching() {
    check("${find(request.uri.path, '^/css')}", expect!["true"]);
    check("${find(request.uri.path, 'x')}", expect!["false"]);
    check("${find(null, 'x')}${find('x', null)}", expect![[r#""falsefalse""#]]);
    check("${find(55, '5{2}')}", expect!["true"]);
    check("${matches('abc', 'b')}", expect!["true"]);
    check("${matchesWithRegex('abc', 'b')}${matchesWithRegex('abc', '.+')}", expect![[r#""falsetrue""#]]);
    check("${matchesWithRegex(null, '.*')}", expect!["false"]);
    check("${findGroups('k=v', '(k)=(v)(x)?')}", expect![[r#"["k=v", "k", "v", null]"#]]);
    check("${matchingGroups('k=v', 'z')}", expect!["null"]);
    check("${matchingGroups(null, 'z')}", expect!["null"]);
    check("${find(session.user, session.pattern)}", expect!["true"]);
    check("${find(session.user, session.broken)}", expect!["false"]);
    check("${findGroups(session.user, session.broken)}", expect!["null"]);
    check("${split('a1b2', '\\d')}", expect![[r#"["a", "b"]"#]]);
    check("${split('', ',')}", expect![[r#"[""]"#]]);
    check("${split('abc', '')}", expect![[r#"["a", "b", "c"]"#]]);
    check("${split(null, ',')}", expect!["null"]);
    check("${keyMatch(nested, 'de.*')}", expect![[r#""deep""#]]);
    check("${keyMatch(nested, 'e')}${keyMatch('x', 'x')}${keyMatch(null, 'x')}", expect![[r#""""#]]);
    check("${keyMatch(request.headers, 'ho..')}", expect![[r#""host""#]]);
    check("${ipMatch('10.1.2.3', '10.0.0.0/8')}", expect!["true"]);
    check("${ipMatch('11.1.2.3', '10.0.0.0/8')}", expect!["false"]);
    check("${ipMatch('::ffff:10.1.2.3', '10.0.0.0/8')}", expect!["true"]);
    check("${ipMatch('[2001:db8::1]', '2001:db8::/32')}", expect!["true"]);
    check("${ipMatch('10.0.0.1', '10.0.0.1')}", expect!["true"]);
    check("${ipMatch('x', '10.0.0.0/8')}${ipMatch(null, 'x')}", expect![[r#""falsefalse""#]]);
}

#[test]
fn uris() {
    check("${urlEncode('a b&c/é+')}", expect![[r#""a+b%26c%2F%C3%A9%2B""#]]);
    check("${urlDecode('a+b%26%C3%A9%2B')}", expect![[r#""a b&é+""#]]);
    check("${urlDecode('100%')}", expect!["null"]);
    check("${urlDecode('%ff')}", expect!["null"]);
    check("${urlEncode(null)}${urlDecode(null)}", expect![[r#""""#]]);
    check("${urlEncode(5)}", expect![[r#""5""#]]);
    check("${formEncodeParameterNameOrValue('a b')}", expect![[r#""a+b""#]]);
    check("${formDecodeParameterNameOrValue('a+b')}", expect![[r#""a b""#]]);
    check(
        "${urlEncodeQueryParameterNameOrValue('http://a/b?c=d&e=f+g h')}",
        expect![[r#""http://a/b?c%3Dd%26e%3Df%2Bg%20h""#]],
    );
    check("${urlDecodeQueryParameterNameOrValue('a%20b+c')}", expect![[r#""a b+c""#]]);
    check("${urlEncodePathElement('a/b:c@d e?')}", expect![[r#""a%2Fb:c@d%20e%3F""#]]);
    check("${urlDecodePathElement('a%2Fb+')}", expect![[r#""a/b+""#]]);
    check("${urlEncodeFragment('a/b?c#d')}", expect![[r#""a/b?c%23d""#]]);
    check("${urlDecodeFragment('a%23')}", expect![[r#""a#""#]]);
    check("${urlEncodeUserInfo('a:b@c')}", expect![[r#""a:b%40c""#]]);
    check("${urlDecodeUserInfo('a%40')}", expect![[r#""a@""#]]);
}

#[test]
fn codecs() {
    check("${encodeBase64('hello?>')}", expect![[r#""aGVsbG8/Pg==""#]]);
    check("${decodeBase64('aGVsbG8/Pg==')}${decodeBase64('aGVsbG8')}", expect![[r#""hello?>hello""#]]);
    check("${decodeBase64('*')}", expect!["null"]);
    check("${encodeBase64(null)}${decodeBase64(null)}", expect![[r#""""#]]);
    check("${encodeBase64url('hello?>')}", expect![[r#""aGVsbG8_Pg""#]]);
    check("${decodeBase64url('aGVsbG8_Pg')}", expect![[r#""hello?>""#]]);
    check(
        "${encodeBase64url(digestSha256('abc'))}",
        expect![[r#""ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0""#]],
    );
    check("${digestSha256(null)}", expect!["null"]);
    check("${length(digestSha256('abc'))}", expect!["32"]);
    check("${toJson('{\"a\": [1, 2.5, true, null]}').a}", expect!["[1, 2.5, true, null]"]);
    check("${toJson('{')}${toJson(null)}", expect![[r#""""#]]);
    check("${escapeJson('a\"b\n')}", expect![[r#""a\\\"b\\n""#]]);
    check("${escapeJson(null)}", expect!["null"]);
}

#[test]
fn files() {
    let folder = std::env::temp_dir().join(format!("expression-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), "one\r\ntwo\n").unwrap();
    std::fs::write(folder.join("latin.txt"), b"caf\xe9").unwrap();
    let properties = "# note\na = 1\nb:two\\\n   words\n\nc\\ d=\\u00e9\\t.\n! end\ne\n";
    std::fs::write(folder.join("a.properties"), properties).unwrap();
    let (path, folder) = (folder.clone(), folder.to_str().unwrap());
    check(&format!("${{read('{folder}/a.txt')}}"), expect![[r#""one\ntwo""#]]);
    check(&format!("${{read('{folder}/none.txt')}}"), expect!["null"]);
    check(&format!("${{readWithCharset('{folder}/latin.txt', 'ISO-8859-1')}}"), expect![[r#""café""#]]);
    check(
        &format!("${{readWithCharset('{folder}/latin.txt', 'EBCDIC')}}"),
        expect!["error: `readWithCharset` reads UTF-8, ISO-8859-1 and US-ASCII only"],
    );
    check(
        &format!("${{readProperties('{folder}/a.properties')}}"),
        expect![[r#"{"a": "1", "b": "twowords", "c d": "é\t.", "e": ""}"#]],
    );
    check(&format!("${{readProperties('{folder}/a.properties')['c d']}}"), expect![[r#""é\t.""#]]);
    check("${read(null)}", expect!["null"]);
    check("${fileToUrl(openig.configDirectory)}/x", expect![[r#""file:///opt/ig/config/x""#]]);
    check("${pathToUrl('/a b/')}", expect![[r#""file:///a%20b""#]]);
    check("${fileToUrl(null)}", expect!["null"]);
    std::fs::remove_dir_all(path).unwrap();
}

/// Names of functions are part of the language: one that is lost would break configurations.
#[test]
fn there_are_49() {
    let names: Vec<&str> =
        FUNCTIONS.iter().flat_map(|(_, chapter)| *chapter).map(|function| function.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!((names.len(), sorted.len()), (COUNT, COUNT));
}

#[test]
fn every_function_is_documented_and_its_examples_hold() {
    for function in FUNCTIONS.iter().flat_map(|(_, chapter)| *chapter) {
        assert!(!function.about.is_empty() && !function.otherwise.is_empty(), "{}", function.name);
        assert!(!function.examples.is_empty(), "{}", function.name);
        for (example, stated) in function.examples {
            assert!(example.contains(&format!("{}(", function.name)), "{example}");
            // The files of the examples stand beside the tests.
            let found = example.replace("/opt/app/", "tests/files/");
            let template = Template::compile(&format!("${{{found}}}"), &support::bindings()).unwrap();
            let scope = support::TestScope::new();
            let value = template.evaluate(&scope).unwrap();
            assert_eq!(format!("{value:?}"), *stated, "{example}");
        }
    }
}

#[test]
fn tokens_are_looked_up_at_load() {
    let tokens: BTreeMap<String, String> = [("host.name", "a.example"), ("nested.deep.key", "outer")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let bindings = support::bindings().with_tokens(Arc::new(tokens));
    let constant = |text: &str| {
        let template = Template::compile(text, &bindings).unwrap();
        let warnings: Vec<String> = template
            .warnings()
            .iter()
            .filter(|found| found.kind != ProblemKind::OldName)
            .map(ToString::to_string)
            .collect();
        format!("{:?} {}", template.constant(), warnings.join("; "))
    };
    expect![[r#"Some("a.example") "#]].assert_eq(&constant("${_token('host.name')}"));
    expect![[r#"Some("a.example/x") "#]].assert_eq(&constant("${_t('host.name')}/x"));
    // Tokens of the process stand before the properties of the file.
    expect![[r#"Some("outer") "#]].assert_eq(&constant("${_token('nested.deep.key')}"));
    expect![[r#"Some("1") "#]].assert_eq(&constant("${_token('hidden')}"));
    expect![[r#"Some("[1,2]") "#]].assert_eq(&constant("${_token('nested.list')}"));
    expect!["Some(null) the property token `nested` has no value; it is null (write `&{name|default}`)"]
        .assert_eq(&constant("${_token('nested')}"));
    check(
        "${_token(request.method)}",
        expect![[r#"
            PC0209 at 2..8 `_token`: the function `_token` is a name of old (write the token itself: `&{name}` or `&{name|default}`)
            PC0204 at 9..23 `request.method`: `_token` takes a text that is known at load"#]],
    );
}
