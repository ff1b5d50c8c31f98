//! What an assignment changes, and what it is refused.

use exchange::Request;
use expect_test::{Expect, expect};
use expression::{Any, Bindings, Expr, LValue, Value};

use crate::{context, request, response};

/// Assigns one value after another and shows the value of a last expression, or the first refusal.
#[track_caller]
fn check(assignments: &[(&str, &str)], read: &str, expected: Expect) {
    let (mut cx, mut request, mut response) = (context(), request(), response());
    let list = Value::list(vec![Value::Integer(1), Value::map([("a".to_owned(), Value::Integer(2))].into())]);
    cx.attributes.insert("list".to_owned(), list);
    cx.attributes.insert("map".to_owned(), Value::map([("k".to_owned(), Value::Integer(1))].into()));
    let bindings = Bindings::default();
    for (place, value) in assignments {
        let value = Expr::<Any>::compile(value, &bindings).unwrap();
        let value = value.value(&cx.scope(&request).with(&response)).into_owned();
        let place = LValue::compile(place, &bindings).unwrap();
        if let Err(why) = place.assign(&mut cx.scope_mut(&mut request).with(&mut response), value) {
            return expected.assert_eq(&format!("refused: {why}"));
        }
    }
    let read = Expr::<Any>::compile(read, &bindings).unwrap();
    let scope = cx.scope(&request).with(&response);
    expected.assert_eq(&read.value(&scope).into_owned().to_json().to_string());
}

#[test]
fn the_request() {
    check(&[("${request.method}", "PATCH")], "${request.method}", expect![[r#""PATCH""#]]);
    check(&[("${request.method}", "a b")], "", expect!["refused: not a method name"]);
    check(&[("${request.entity}", "new")], "${request.entity.string}", expect![[r#""new""#]]);
    check(&[("${request.entity.string}", "${null}")], "${request.entity.empty}", expect!["true"]);
    check(
        &[("${request.entity.json}", "${attributes.map}")],
        "${request.entity}",
        expect![[r#""{\"k\":1}""#]],
    );
    check(
        &[("${request.version}", "HTTP/2")],
        "",
        expect!["refused: this property of the request cannot be assigned to"],
    );
    check(&[("${request}", "x")], "", expect!["refused: this property of the request cannot be assigned to"]);
}

#[test]
fn its_uri() {
    let uri = "${request.uri}";
    check(&[(uri, "https://b.example/x?y")], uri, expect![[r#""https://b.example/x?y""#]]);
    check(
        &[(uri, "/x")],
        "",
        expect!["refused: `/x` has no scheme; write for example http://app.example.com:8081"],
    );
    check(&[("${request.uri.scheme}", "https")], "${request.uri.scheme}", expect![[r#""https""#]]);
    check(
        &[("${request.uri.host}", "b.example")],
        "${request.uri.authority}",
        expect![[r#""user:pw@b.example:8081""#]],
    );
    check(
        &[("${request.uri.host}", "x@evil.example")],
        "",
        expect!["refused: `x@evil.example` is not a host"],
    );
    check(
        &[("${request.uri.port}", "${null}")],
        "${request.uri.authority}",
        expect![[r#""user:pw@app.example""#]],
    );
    check(&[("${request.uri.port}", "70000")], "", expect!["refused: a port is a number from 0 to 65535"]);
    check(&[("${request.uri.userInfo}", "a b:/")], "${request.uri.rawUserInfo}", expect![[r#""a%20b:%2F""#]]);
    check(
        &[("${request.uri.rawUserInfo}", "${null}")],
        "${request.uri.authority}",
        expect![[r#""app.example:8081""#]],
    );
    check(
        &[("${request.uri.rawUserInfo}", "a/b")],
        "",
        expect!["refused: user information holds characters that must be encoded"],
    );
    check(&[("${request.uri.path}", "/ü?")], "${request.uri.rawPath}", expect![[r#""/%C3%BC%3F""#]]);
    check(&[("${request.uri.query}", "a b=#")], "${request.uri.rawQuery}", expect![[r#""a%20b=%23""#]]);
    check(
        &[("${request.uri.rawQuery}", "${null}")],
        uri,
        expect![[r#""http://user:pw@app.example:8081/a%20b/c""#]],
    );
    check(
        &[("${request.uri.fragment}", "x")],
        "",
        expect!["refused: this part of the URI cannot be assigned to"],
    );
}

#[test]
fn headers() {
    let list = "${request.headers['x-list']}";
    check(&[(list, "new")], list, expect![[r#"["new"]"#]]);
    check(&[(list, "${attributes.list[0]}")], list, expect![[r#"["1"]"#]]);
    check(&[(list, "${request.headers['cookie']}")], list, expect![[r#"["sid=1; other=\"2\"","sid=3"]"#]]);
    check(&[(list, "${null}")], list, expect!["null"]);
    check(&[("${request.headers['x-list'][1]}", "2")], list, expect![[r#"["one","2"]"#]]);
    check(
        &[("${request.headers['x-list'][2]}", "2")],
        "",
        expect!["refused: the header has no value at this position"],
    );
    check(&[(list, "${attributes.map}")], "", expect!["refused: a text is needed here"]);
    check(
        &[(list, "a\r\nSet-Cookie: b")],
        "",
        expect!["refused: a header value may not hold control characters"],
    );
    check(&[("${request.headers['a b']}", "x")], "", expect!["refused: not a header name"]);
    check(
        &[("${response.headers}", "${attributes.map}")],
        "${response.headers}",
        expect![[r#"{"k":["1"]}"#]],
    );
    check(
        &[("${attributes.kept}", "${request.headers}"), ("${response.headers}", "${attributes.kept}")],
        "${response.headers['X-List']}",
        expect![[r#"["one","two"]"#]],
    );
    check(
        &[("${response.headers}", "x")],
        "",
        expect!["refused: headers are assigned from a map of names to values"],
    );
}

#[test]
fn the_response() {
    check(&[("${response.status}", "${201}")], "${response.status.code}", expect!["201"]);
    check(&[("${response.status}", "299")], "${response.status.reasonPhrase}", expect![[r#""""#]]);
    check(&[("${response.status.code}", "200")], "${response.status}", expect![[r#""[Status: 200 OK]""#]]);
    check(&[("${response.status}", "${response.status}")], "${response.status.code}", expect!["404"]);
    check(&[("${response.status}", "99")], "", expect!["refused: a status is a number from 100 to 999"]);
    check(&[("${response.entity}", "x")], "${response.entity.string}", expect![[r#""x""#]]);
}

#[test]
fn attributes() {
    check(
        &[("${attributes.a}", "${request.headers}")],
        "${attributes.a['User-Agent'][0]}",
        expect![[r#""Browser/1""#]],
    );
    check(&[("${attributes.map.k}", "${2}")], "${attributes.map}", expect![[r#"{"k":2}"#]]);
    check(&[("${attributes.map['new']}", "x")], "${attributes.map}", expect![[r#"{"k":1,"new":"x"}"#]]);
    check(&[("${attributes.list[1].a}", "x")], "${attributes.list}", expect![[r#"[1,{"a":"x"}]"#]]);
    check(&[("${attributes.list[7]}", "x")], "", expect!["refused: the list has no such position"]);
    check(&[("${attributes.absent.x}", "x")], "", expect!["refused: there is no `absent` to assign in"]);
    check(
        &[("${attributes.list.x}", "x")],
        "",
        expect!["refused: only entries of maps and lists can be assigned to"],
    );
    check(&[("${contexts.attributes.attributes.a}", "x")], "${attributes.a}", expect![[r#""x""#]]);
    check(
        &[("${attributes[contexts.client.remoteAddress]}", "x")],
        "${attributes['192.0.2.7']}",
        expect![[r#""x""#]],
    );
    check(&[("${exchange.token}", "x")], "${attributes.token}", expect![[r#""x""#]]);
    check(&[("${exchange.request.method}", "PUT")], "${request.method}", expect![[r#""PUT""#]]);
    check(
        &[("${contexts.client.remoteAddress}", "x")],
        "",
        expect!["refused: only the attributes and the session of a context can be assigned to"],
    );
    check(&[("${session.a}", "x")], "", expect!["refused: no session manager is configured here"]);
}

#[test]
fn a_new_entity_has_its_own_length() {
    let (mut cx, mut request) = (context(), request());
    request.headers.insert("content-length", "9".parse().unwrap());
    let place = LValue::compile("${request.entity}", &Bindings::default()).unwrap();
    place.assign(&mut cx.scope_mut(&mut request), Value::from("longer than before")).unwrap();
    let Request { headers, body, .. } = request;
    assert_eq!((headers.get("content-length"), body.length()), (None, Some(18)));
}

#[test]
fn there_is_no_response_on_the_way_in() {
    let (mut cx, mut request) = (context(), request());
    let place = LValue::compile("${response.entity}", &Bindings::default()).unwrap();
    let refused = place.assign(&mut cx.scope_mut(&mut request), Value::from("x"));
    assert_eq!(refused.unwrap_err(), "there is no response yet");
}
