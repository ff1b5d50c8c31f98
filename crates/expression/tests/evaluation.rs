//! What expressions yield: operators, coercions, functions, methods, composites.

mod support;

use expect_test::expect;
use support::check;

#[test]
fn literals_and_paths() {
    check("plain text", expect![[r#""plain text""#]]);
    check("${'a\\'b'}", expect![[r#""a'b""#]]);
    check("${\"it's\"}", expect![[r#""it's""#]]);
    check("${1.5e2}", expect!["150.0"]);
    check("${.5}", expect!["0.5"]);
    check("${true}", expect!["true"]);
    check("${null}", expect!["null"]);
    check("${request.method}", expect![[r#""GET""#]]);
    check("#{request.method}", expect![[r#""GET""#]]);
    check("${request.uri.path}", expect![[r#""/css/a.css""#]]);
    check("${request['method']}", expect![[r#""GET""#]]);
    check("${request.headers['Host'][0]}", expect![[r#""example.com""#]]);
    check("${request.headers['host'][0]}", expect![[r#""example.com""#]]);
    check("${request.headers['absent'][0]}", expect!["null"]);
    check("${request.nothing.at.all}", expect!["null"]);
    check("${response.status}", expect!["null"]);
    check("${session.user}", expect![[r#""anna""#]]);
    check("${session.roles[1]}", expect![[r#""admin""#]]);
    check("${session.roles['1']}", expect!["null"]);
    check("${session.roles[7]}", expect!["null"]);
    check("${session.roles[-1]}", expect!["null"]);
    check("${session.roles}", expect![[r#"["user", "admin"]"#]]);
    check("${env['HOME']}", expect![[r#""/home/ig""#]]);
    check("${env.HOME}/x", expect![[r#""/home/ig/x""#]]);
    check("${nested.deep['key']}", expect![[r#""value""#]]);
    check("${previous}", expect![[r#""before""#]]);
    check("${token.scope}", expect![[r#""openid""#]]);
    check("${entity.empty}", expect!["null"]);
    check("${now.epochSeconds}", expect!["784111777"]);
    check("${now.plusDays(1).rfc1123}", expect![[r#""Mon, 07 Nov 1994 08:49:37 GMT""#]]);
    check("${now.minusMillis(1).epochMillis}", expect!["784111777122"]);
    check("${openig.configDirectory}/routes", expect![[r#""/opt/ig/config/routes""#]]);
}

#[test]
fn arithmetic() {
    check("${1 + 2 * 3}", expect!["7"]);
    check("${(1 + 2) * 3}", expect!["9"]);
    check("${10 - 2 - 3}", expect!["5"]);
    check("${7 / 2}", expect!["3.5"]);
    check("${6 div 2}", expect!["3.0"]);
    check("${1 / 0}", expect!["inf"]);
    check("${7 % 3}", expect!["1"]);
    check("${7 mod 0}", expect!["error: a remainder by zero"]);
    check("${7.5 mod 2}", expect!["1.5"]);
    check("${-3}", expect!["-3"]);
    check("${-'2.5'}", expect!["-2.5"]);
    check("${- - 3}", expect!["3"]);
    check("${null + null}", expect!["0"]);
    check("${null + 1}", expect!["1"]);
    check("${'5' + 1}", expect!["6"]);
    check("${'1.5' + 1}", expect!["2.5"]);
    check("${'' + 1}", expect!["1"]);
    check("${'a' + 'b'}", expect!["error: a text of 1 bytes is not a whole number"]);
    check("${true + 1}", expect!["error: a value of type boolean does not convert to integer"]);
    check("${9223372036854775807 + 1}", expect!["-9223372036854775808"]);
    check("${10000000.0 * 10}", expect!["100000000.0"]);
    check("${0.0001}", expect!["0.0001"]);
}

#[test]
fn comparisons() {
    check("${1 == 1.0}", expect!["true"]);
    check("${'1' == 1}", expect!["true"]);
    check("${'x' == 1}", expect!["error: a text of 1 bytes is not a whole number"]);
    check("${'' == 0}", expect!["true"]);
    check("${null == null}", expect!["true"]);
    check("${null == ''}", expect!["false"]);
    check("${null != 'x'}", expect!["true"]);
    check("${true == 'TRUE'}", expect!["true"]);
    check("${'a' eq 'a'}", expect!["true"]);
    check("${'a' ne 'a'}", expect!["false"]);
    check("${session.roles == session.roles}", expect!["true"]);
    check("${request.kind == 'BASIC'}", expect!["true"]);
    check("${'5' < 10}", expect!["true"]);
    check("${'5' < '10'}", expect!["false"]);
    check("${2 lt 3 and 3 gt 2 and 2 le 2 and 2 ge 2}", expect!["true"]);
    check("${null < 1}", expect!["false"]);
    check("${null >= 1}", expect!["false"]);
    check("${null <= null}", expect!["true"]);
    check("${1 < 2 == true}", expect!["true"]);
    check("${1 < 'x'}", expect!["error: a text of 1 bytes is not a whole number"]);
    check("${session.roles < session.roles}", expect!["false"]);
    check("${'\u{10000}' < '\u{ffff}'}", expect!["true"]);
}

#[test]
fn logic() {
    check("${true && false || true}", expect!["true"]);
    check("${true or 'x' + 1}", expect!["true"]);
    check("${false and ('x' + 1)}", expect!["false"]);
    check("${!'true'}", expect!["false"]);
    check("${not 'yes'}", expect!["true"]);
    check("${!null}", expect!["true"]);
    check("${!1}", expect!["error: a value of type integer does not convert to boolean"]);
    check("${empty null}", expect!["true"]);
    check("${empty ''}", expect!["true"]);
    check("${empty session.none}", expect!["true"]);
    check("${not empty session.roles}", expect!["true"]);
    check("${empty 0}", expect!["false"]);
    check("${empty array()}", expect!["true"]);
    check("${request.method == 'GET' ? 'read' : 'write'}", expect![[r#""read""#]]);
    check("${false ? 1 : true ? 2 : 3}", expect!["2"]);
    check("${request.absent ? 1 : 2}", expect!["2"]);
}

#[test]
fn composites_and_escapes() {
    check("Hello ${session.user}, ${1 + 1}${null}!", expect![[r#""Hello anna, 2!""#]]);
    check("${1}${2}", expect![[r#""12""#]]);
    check("${session.roles}", expect![[r#"["user", "admin"]"#]]);
    check("r: ${session.roles}", expect![[r#""r: [user, admin]""#]]);
    check("n: ${nested}", expect![[r#""n: {deep={key=value}, list=[1, 2]}""#]]);
    check("k: ${request.kind} ${request.uri}", expect![[r#""k: BASIC /css/a.css""#]]);
    check("x ${'a' + 1}", expect!["error: a text of 1 bytes is not a whole number"]);
    check("\\${x}", expect![[r#""${x}""#]]);
    check("\\#{x} ${1}", expect![[r##""#{x} 1""##]]);
    check("\\\\${x}", expect![[r#""\\${x}""#]]);
    check("a\\b $ # {} $$ ${1}", expect![[r#""a\\b $ # {} $$ 1""#]]);
    check("${'${'}x}", expect![[r#""${x}""#]]);
    check("${'\\\\'}", expect![[r#""\\""#]]);
    check("${'\\d'}", expect![[r#""\\d""#]]);
    check("", expect![[r#""""#]]);
}

#[test]
fn methods() {
    check("${request.uri.path.startsWith('/css')}", expect!["true"]);
    check("${'abc'.endsWith('c')}", expect!["true"]);
    check("${'a'.concat('b').concat(1)}", expect![[r#""ab1""#]]);
    check("${'Ab'.toLowerCase()}${'Ab'.toUpperCase()}", expect![[r#""abAB""#]]);
    check("${' a '.trim()}", expect![[r#""a""#]]);
    check("${'héllo'.substring(1, 3)}", expect![[r#""él""#]]);
    check("${'abc'.substring(4)}", expect!["error: a position lies outside the text"]);
    check("${'😀b'.length()}", expect!["3"]);
    check("${'😀b'.indexOf('b')}", expect!["2"]);
    check("${'abab'.lastIndexOf('b')}", expect!["3"]);
    check("${'abab'.indexOf('b', 2)}", expect!["3"]);
    check("${'abab'.indexOf(98)}", expect!["1"]);
    check("${'abab'.indexOf(12345678.9)}${'abab'.lastIndexOf(-1)}", expect![[r#""-1-1""#]]);
    check("${'😀'.indexOf(55357)}", expect!["error: half a character cannot be looked for"]);
    check("${'a.b'.replace('.', '-')}", expect![[r#""a-b""#]]);
    check("${'a1b22'.replaceAll('([0-9]+)', '<$1>')}", expect![[r#""a<1>b<22>""#]]);
    check("${'a1b22'.replaceFirst('\\d', '')}", expect![[r#""ab22""#]]);
    check(
        "${'a1'.replaceAll('1', '$2')}",
        expect!["error: `$` refers to a group that the pattern does not have"],
    );
    check("${'abc'.matches('b')}", expect!["false"]);
    check("${'abc'.matches('a.c')}", expect!["true"]);
    check("${'a,b,,'.split(',')}", expect![[r#"["a", "b"]"#]]);
    check("${'a'.equals('A')}${'a'.equalsIgnoreCase('A')}", expect![[r#""falsetrue""#]]);
    check("${'abc'.charAt(1)}", expect![[r#""b""#]]);
    check("${'abc'.hashCode()}", expect!["96354"]);
    check("${''.isEmpty()}${' '.isBlank()}", expect![[r#""truetrue""#]]);
    check("${session.roles.size()}", expect!["2"]);
    check("${session.roles.contains('admin')}", expect!["true"]);
    check("${session.roles.get(0)}", expect![[r#""user""#]]);
    check("${session.roles.indexOf('user')}", expect!["0"]);
    check("${nested.keySet()}", expect![[r#"["deep", "list"]"#]]);
    check("${nested.values()}", expect![[r#"[{"key": "value"}, [1, 2]]"#]]);
    check("${nested.containsKey('deep')}", expect!["true"]);
    check("${nested.getOrDefault('x', 'none')}", expect![[r#""none""#]]);
    check("${(7 / 2).intValue()}", expect!["3"]);
    check("${request.getMethod()}", expect![[r#""GET""#]]);
    check("${request.headers.containsKey('HOST')}", expect!["true"]);
    check("${request.headers.size()}", expect!["1"]);
    check("${request.greet('you')}", expect![[r#""hello you""#]]);
    check("${request.absent.contains('x')}", expect!["null"]);
    check("${!request.absent.contains('x')}", expect!["true"]);
    check("${request.vanish()}", expect!["error: a value of type Request has no method `vanish`"]);
}

#[test]
fn methods_take_arguments_as_juel_converts_them() {
    check("${null.contains(1 mod 0)}", expect!["null"]);
    check("${'1'.contains(1)}", expect!["error: a value of type integer does not convert to a text"]);
    check("${'1'.startsWith(1)}", expect!["true"]);
    check("${'a'.startsWith(null)}", expect!["error: the argument of a method is null"]);
    check("${'a'.startsWith(null, -1)}", expect!["false"]);
    check("${'a'.startsWith('a', 'x')}", expect!["error: a text of 1 bytes is not a whole number"]);
    check("${'a'.concat(null)}", expect!["error: the argument of a method is null"]);
    check("${'a'.compareTo('c')} ${'abc'.compareTo('a')}", expect![[r#""-2 2""#]]);
    check("${(1).compareTo(null)}", expect!["error: the argument of a method is null"]);
    check("${(4294967297).intValue()}", expect!["1"]);
    check("${'a'.replaceAll('x', '$9')}", expect![[r#""a""#]]);
    check("${'\u{a0}x\u{2003}'.strip()}", expect![[r#""\u{a0}x""#]]);
    check("${session.roles.get(2)}", expect!["error: a position lies outside the list"]);
    check("${session.roles.contains(null)}", expect!["false"]);
    check("${nested.containsKey(1)}${nested[1]}", expect![[r#""false""#]]);
    check("${nested.deep.get('empty')}", expect!["null"]);
}

#[test]
fn collections_have_properties_of_their_own() {
    check("${session.roles['empty']}${nested.deep['empty']}", expect![[r#""falsefalse""#]]);
    check("${session.roles[1.9]}", expect![[r#""admin""#]]);
    check("${session.roles <= session.roles}", expect!["true"]);
    check("${array('a') < array('a')}", expect!["error: values of types list and list have no order"]);
    check("${' '['blank']}", expect!["true"]);
}

#[test]
fn numbers_in_text_may_say_how_wide_they_are() {
    check("${'2d' * 1.0}", expect!["2.0"]);
    check("${'1.5f' + 1}", expect!["2.5"]);
    check("${'0x1p3' * 1.0}", expect!["error: a text of 5 bytes is not a number"]);
}

#[test]
fn names_may_have_the_letters_of_java() {
    check(
        "${€}",
        expect![
            "PC0203 at 2..5 `€`: nothing supplies the name `€` (declare it in `properties`, or quote it to mean the text '€')"
        ],
    );
    check("${\u{a0}1}", expect![[r#"PC0200 at 2..4 ` `: `\u{a0}` is not an operator"#]]);
}
