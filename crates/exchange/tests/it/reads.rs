//! What an expression reads from a request in flight: catalogue, sections 1.20 and 2.4.

use std::sync::Arc;

use exchange::Attributes;
use expect_test::{Expect, expect};
use expression::{Any, Bindings, Expr, Value};

use crate::{context, request, response, routed};

/// The value of an expression on the way back, kept and shown as JSON.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let (mut cx, request, response) = (context(), request(), response());
    routed(&mut cx);
    cx.attributes.insert("user".to_owned(), Value::from("bob".to_owned()));
    let mut fact = Attributes::default();
    fact.insert("token".to_owned(), Value::Integer(7));
    cx.add("ssoToken", Arc::new(fact));
    let expression = Expr::<Any>::compile(text, &Bindings::default()).unwrap();
    let scope = cx.scope(&request).with(&response);
    expected.assert_eq(&expression.value(&scope).into_owned().to_json().to_string());
}

#[test]
fn the_parts_of_a_request() {
    check("${request.method}", expect![[r#""GET""#]]);
    check("${request.version}", expect![[r#""HTTP/1.1""#]]);
    check("${request.headers['X-List']}", expect![[r#"["one","two"]"#]]);
    check("${request.headers['x-list'][1]}", expect![[r#""two""#]]);
    check("${request.headers['absent'][0]}", expect!["null"]);
    check("${request.headers['not a name']}", expect!["null"]);
    check("${request.cookies['sid'][1].value}", expect![[r#""3""#]]);
    check("${request.cookies.other[0].value}", expect![[r#""2""#]]);
    check("${request.cookies.other[0].path}", expect!["null"]);
    check("${request.queryParams}", expect![[r#"{"q":["1","2+"],"r":[""]}"#]]);
    check("${request.form}", expect![[r#"{"q":["1","2+"],"r":[""],"f":["1"],"g":["a b"]}"#]]);
    check("${request.entity.string}", expect![[r#""f=1&g=a+b""#]]);
    check("${request.entity.form.g[0]}", expect![[r#""a b""#]]);
    check("${request.entity.empty}", expect!["false"]);
    check("${request.entity.json}", expect!["null"]);
    check("${request.unknown.deeper}", expect!["null"]);
}

#[test]
fn the_parts_of_a_uri() {
    check("${request.uri}", expect![[r#""http://user:pw@app.example:8081/a%20b/c?q=1&q=2%2B&r""#]]);
    check("${request.uri.scheme}", expect![[r#""http""#]]);
    check("${request.uri.userInfo}", expect![[r#""user:pw""#]]);
    check("${request.uri.host}", expect![[r#""app.example""#]]);
    check("${request.uri.port}", expect!["8081"]);
    check("${request.uri.path}", expect![[r#""/a b/c""#]]);
    check("${request.uri.rawPath}", expect![[r#""/a%20b/c""#]]);
    check("${request.uri.query}", expect![[r#""q=1&q=2+&r""#]]);
    check("${request.uri.rawQuery}", expect![[r#""q=1&q=2%2B&r""#]]);
    check("${request.uri.rawAuthority}", expect![[r#""user:pw@app.example:8081""#]]);
    check("${request.uri.fragment}", expect!["null"]);
    check("${request.uri.pathElements}", expect![[r#"["a b","c"]"#]]);
}

#[test]
fn the_parts_of_a_response() {
    check("${response.status.code}", expect!["404"]);
    check("${response.status.reasonPhrase}", expect![[r#""Not Found""#]]);
    check("${response.status.family}", expect![[r#""CLIENT_ERROR""#]]);
    check("${response.status.clientError}", expect!["true"]);
    check("${response.status.successful}", expect!["false"]);
    check("${response.status}", expect![[r#""[Status: 404 Not Found]""#]]);
    check("${response.headers['X-One'][0]}", expect![[r#""1""#]]);
    check("${response.entity.json.a[1].b}", expect!["true"]);
    check("${response.cause}", expect!["null"]);
}

#[test]
fn the_contexts() {
    check("${attributes.user}", expect![[r#""bob""#]]);
    check("${contexts.attributes.attributes.user}", expect![[r#""bob""#]]);
    check("${contexts.client.remoteAddress}", expect![[r#""192.0.2.7""#]]);
    check("${contexts.client.localPort}", expect!["8080"]);
    check("${contexts.client.userAgent}", expect![[r#""Browser/1""#]]);
    check("${contexts.client.certificates}", expect!["[]"]);
    check("${contexts.client.isSecure}", expect!["false"]);
    check("${contexts.router.originalUri.path}", expect![[r#""/in""#]]);
    check("${contexts.router.remainingUri}", expect![[r#""in""#]]);
    check("${contexts.router.matchedUri}", expect![[r#""""#]]);
    check("${contexts.router.uriTemplateVariables}", expect!["{}"]);
    check("${contexts.ssoToken.token}", expect!["7"]);
    check("${context.ssoToken.token}", expect!["7"]);
    check("${contexts.session.session}", expect!["null"]);
    check("${session.user}", expect!["null"]);
    check("${contexts.transactionId.transactionId.value.length() == 36}", expect!["true"]);
    check(
        "${contexts.requestAudit.requestReceivedTime == contexts.requestAudit.requestReceivedTime}",
        expect!["true"],
    );
    check("${contexts.requestAudit.requestReceivedTime <= now.epochMillis}", expect!["true"]);
    check("${contexts.absent.token}", expect!["null"]);
}

#[test]
fn the_one_root_of_version_3() {
    check("${exchange.request.method}", expect![[r#""GET""#]]);
    check("${exchange.request.headers['X-List'][0]}", expect![[r#""one""#]]);
    check("${exchange.response.status.code}", expect!["404"]);
    check("${exchange.user}", expect![[r#""bob""#]]);
    check("${exchange.client.remotePort}", expect!["4711"]);
    check("${exchange.absent}", expect!["null"]);
}

#[test]
fn whole_things_can_be_kept() {
    check(
        "${request.headers}",
        expect![[
            r#"{"host":["front.example"],"x-list":["one","two"],"user-agent":["Browser/1"],"cookie":["sid=1; other=\"2\"","sid=3"],"content-type":["application/x-www-form-urlencoded; charset=utf-8"]}"#
        ]],
    );
    check("${request.entity}", expect![[r#""f=1&g=a+b""#]]);
    check(
        "${response}",
        expect![[
            r#"{"status":"[Status: 404 Not Found]","version":"HTTP/1.1","headers":{"content-type":["application/json"],"x-one":["1"]},"entity":"{\"a\": [1, {\"b\": true}]}","cause":null}"#
        ]],
    );
    check("${attributes}", expect![[r#"{"user":"bob"}"#]]);
}

#[test]
fn what_all_contexts_have() {
    check("${contexts.client.contextName}", expect![[r#""client""#]]);
    check("${contexts.ssoToken.contextName}", expect![[r#""ssoToken""#]]);
    check("${contexts.client.id == contexts.transactionId.transactionId.value}", expect!["true"]);
    check("${contexts.client.rootContext.contextName}", expect![[r#""root""#]]);
    check("${contexts.client.parent.contextName}", expect![[r#""transactionId""#]]);
    check("${contexts.router.parent.parent.parent.contextName}", expect![[r#""requestAudit""#]]);
    check("${contexts.transactionId.parent.contextName}", expect![[r#""root""#]]);
    check("${contexts.root.parent}", expect!["null"]);
    check("${contexts.absent.contextName}", expect!["null"]);
    check("${contexts.ssoToken.parent.originalUri.path}", expect![[r#""/in""#]]);
    check("${context.contextName}", expect![[r#""ssoToken""#]]);
    check("${context.token}", expect!["7"]);
    check("${context.parent.contextName}", expect![[r#""router""#]]);
    check("${contexts.client.secure}", expect!["false"]);
    check(
        "${contexts.client}",
        expect![[
            r#"{"remoteAddress":"192.0.2.7","remotePort":4711,"localAddress":"127.0.0.1","localPort":8080,"isSecure":false,"isExternal":true,"remoteUser":null,"userAgent":"Browser/1","certificates":[]}"#
        ]],
    );
}

#[test]
fn cookies_have_what_clients_send() {
    check(
        "${request.cookies}",
        expect![[
            r#"{"sid":[{"name":"sid","value":"1"},{"name":"sid","value":"3"}],"other":[{"name":"other","value":"2"}]}"#
        ]],
    );
    check("${request.cookies.sid[1].name}", expect![[r#""sid""#]]);
    check("${request.cookies.sid[2]}", expect!["null"]);
    check("${request.cookies.absent}", expect!["null"]);
    check("${request.cookies.sid[0].maxAge}", expect!["null"]);
    check("${length(request.cookies)}", expect!["2"]);
    check("${keyMatch(request.cookies, 'o.*')}", expect![[r#""other""#]]);
    let (cx, mut request) = (context(), request());
    request.headers.insert("cookie", "$Version=1; a=b; $Path=/x; $Domain=.example; c=d".parse().unwrap());
    let read = |text: &str| {
        let expression = Expr::<Any>::compile(text, &Bindings::default()).unwrap();
        expression.value(&cx.scope(&request)).to_json().to_string()
    };
    expect![[
        r#"{"a":[{"name":"a","value":"b","path":"/x","domain":".example"}],"c":[{"name":"c","value":"d"}]}"#
    ]]
    .assert_eq(&read("${request.cookies}"));
    expect!["null"].assert_eq(&read("${request.cookies.c[0].path}"));
}

/// A path is followed in one step where it can be. It must lead to what reading it part by part leads to.
#[test]
fn short_cuts_lead_to_the_same() {
    let paths = [
        "request.headers['X-List']",
        "request.headers['absent']",
        "request.headers['not a name']",
        "request.queryParams['q']",
        "request.queryParams['absent']",
        "request.cookies['sid']",
        "request.cookies['absent']",
    ];
    let (cx, request) = (context(), request());
    let scope = cx.scope(&request);
    let value = |text: &str| {
        let expression = Expr::<Any>::compile(&format!("${{{text}}}"), &Bindings::default()).unwrap();
        expression.value(&scope).to_json()
    };
    for path in paths {
        for at in 0..4 {
            let whole = value(path).get(at).cloned().unwrap_or_default();
            assert_eq!(value(&format!("{path}[{at}]")), whole, "{path}[{at}]");
        }
        assert_eq!(value(&format!("{path}['1']")), serde_json::Value::Null, "text is no position: {path}");
    }
    for context in ["attributes", "client", "requestAudit", "session", "router", "absent"] {
        let whole = value(&format!("contexts.{context}"));
        for (property, expected) in whole.as_object().into_iter().flatten() {
            assert_eq!(&value(&format!("contexts.{context}.{property}")), expected, "{context}.{property}");
        }
    }
}

#[test]
fn collections_of_a_message_have_methods() {
    check("${request.headers.getFirst('X-List')}", expect![[r#""one""#]]);
    check("${request.headers.getFirst('absent')}", expect!["null"]);
    check("${request.queryParams.getFirst('q')}", expect![[r#""1""#]]);
    check("${request.queryParams.containsKey('q')}", expect!["true"]);
    check("${request.queryParams.size()}", expect!["2"]);
    check("${request.queryParams.keySet()}", expect![[r#"["q","r"]"#]]);
    check("${request.queryParams.getOrDefault('absent', 'x')}", expect![[r#""x""#]]);
    check("${request.cookies.getFirst('other').value}", expect![[r#""2""#]]);
    check("${empty request.queryParams}", expect!["false"]);
    check("x${request.queryParams}", expect![[r#""x{q=[1, 2+], r=[]}""#]]);
}
