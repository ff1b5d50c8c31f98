//! What is told at load of paths into the request: unknown properties, names of old, conditions that never hold.

use exchange::ROOTS;
use expect_test::{Expect, expect};
use expression::{Bean, Bindings, Object, Template, Type, Value, Wanted};

use crate::{context, request, response, routed};

/// The problems of a text, each with what it marks.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let bindings = Bindings::default().with_roots(ROOTS);
    let problems = match Template::compile(text, &bindings) {
        Ok(template) => template.warnings().to_vec(),
        Err(problems) => problems,
    };
    let shown: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} `{}`: {problem}", problem.kind.severity(), &text[problem.range.clone()]))
        .collect();
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn properties_of_messages_that_do_not_exist_are_told() {
    check(
        "${request.urii.path}",
        expect!["warning `urii`: `request` has no property `urii`; it is null (did you mean `uri`?)"],
    );
    check(
        "${request.uri.pth}",
        expect!["warning `pth`: `uri` has no property `pth`; it is null (did you mean `path`?)"],
    );
    check(
        "${request['urii']}",
        expect!["warning `'urii'`: `request` has no property `urii`; it is null (did you mean `uri`?)"],
    );
    check(
        "${response.status.cod}",
        expect!["warning `cod`: `status` has no property `cod`; it is null (did you mean `code`?)"],
    );
    check(
        "${response.statuss}",
        expect![
            "warning `statuss`: `response` has no property `statuss`; it is null (did you mean `status`?)"
        ],
    );
}

#[test]
fn properties_of_what_is_beside_them_are_told_too() {
    check(
        "${contexts.clientt.remoteAddress}",
        expect![
            "warning `clientt`: `contexts` has no property `clientt`; it is null (did you mean `client`?)"
        ],
    );
    check(
        "${contexts.client.remoteAdress}",
        expect![
            "warning `remoteAdress`: `contexts.client` has no property `remoteAdress`; it is null (did you mean `remoteAddress`?)"
        ],
    );
    check(
        "${contexts.client.certificates[0].subjectDn}",
        expect![
            "warning `subjectDn`: `certificate` has no property `subjectDn`; it is null (did you mean `subjectDN`?)"
        ],
    );
    check(
        "${contexts.transactionId.transactionId.valu}",
        expect![
            "warning `valu`: `transaction id` has no property `valu`; it is null (did you mean `value`?)"
        ],
    );
    check(
        "${now.epochSecond}",
        expect![
            "warning `epochSecond`: `now` has no property `epochSecond`; it is null (did you mean `epochSeconds`?)"
        ],
    );
    check(
        "${now.plusDays(1).rfc1124}",
        expect!["warning `rfc1124`: `now` has no property `rfc1124`; it is null (did you mean `rfc1123`?)"],
    );
    check(
        "${request.cookies['sid'][0].valeu}",
        expect!["warning `valeu`: `cookie` has no property `valeu`; it is null (did you mean `value`?)"],
    );
    check(
        "${request.entity.jason}",
        expect!["warning `jason`: `entity` has no property `jason`; it is null (did you mean `json`?)"],
    );
    check(
        "${request.headers['Host'].first}",
        expect!["warning `first`: a value of type list has no property `first`; it is null"],
    );
    check(
        "${request.uri.path.length}",
        expect![
            "warning `length`: a value of type string has no property `length`; it is null (to call the method write `length()`)"
        ],
    );
    check(
        "${request.uri.port.x}",
        expect!["warning `x`: a value of type number has no property `x`; it is null"],
    );
    check(
        "${pemCertificate(request.headers['x'][0]).subject}",
        expect![
            "warning `subject`: `certificate` has no property `subject`; it is null (did you mean `subjectDN`?)"
        ],
    );
}

#[test]
fn maps_take_any_name() {
    for text in [
        "${request.headers.anything[0]}",
        "${request.queryParams['x'][0]}",
        "${request.cookies.sid[0].value}",
        "${attributes.any.thing}",
        "${session.any.thing}",
        "${contexts.attributes.attributes.any.thing}",
        "${contexts.ssoToken.info.any}",
        "${contexts.client.parent.parent.contextName}",
        "${context.originalUri}",
        "${request.entity.json.a.b[0]}",
        "${request[attributes.key].x}",
        "${request.headers[attributes.key][0]}",
        "${request.uri.path.empty}",
        "${request.getUri().getPath().startsWith('/x')}",
        "${request.headers.getFirst('x').length() > 2}",
        "${response.cause.message}",
    ] {
        check(text, expect![""]);
    }
}

#[test]
fn methods_that_objects_do_not_have_are_errors() {
    check(
        "${now.plusDay(1)}",
        expect!["error `plusDay`: `now` has no method `plusDay` (did you mean `plusDays`?)"],
    );
    check("${request.getURI()}", expect!["error `getURI`: `request` has no method `getURI`"]);
    check(
        "${request.uri.path.startWith('/')}",
        expect![
            "error `startWith`: a value of type string has no method `startWith` (did you mean `startsWith`?)"
        ],
    );
    check(
        "${request.headers.getFrist('x')}",
        expect!["error `getFrist`: `headers` has no method `getFrist` (did you mean `getFirst`?)"],
    );
}

#[test]
fn names_of_old_are_noted() {
    check(
        "${exchange.request.method}",
        expect![
            "note `exchange`: the root `exchange` is a name of old (write `request`, `response`, `session`, `attributes` or `contexts`)"
        ],
    );
    check(
        "${request.form['a'][0]}",
        expect![
            "note `form`: the property `request.form` is a name of old (write `request.queryParams` or `request.entity.form`)"
        ],
    );
}

/// Why a condition is refused.
#[track_caller]
fn refused(text: &str, expected: Expect) {
    let template = Template::compile(text, &Bindings::default().with_roots(ROOTS)).unwrap();
    let why = <bool as Wanted>::check(&template).err().unwrap_or_default();
    expected.assert_eq(why.rsplit_once("; ").map_or("", |(_, why)| why));
}

#[test]
fn conditions_that_never_hold_are_refused() {
    refused("${request.uri.path}", expect!["text is never true"]);
    refused("${request.uri.port}", expect!["a number is never true"]);
    refused("${request.headers['X']}", expect!["a list is never true"]);
    refused("${request.headers['X'][0]}", expect!["text is never true"]);
    refused("${request}", expect!["an object is never true"]);
    refused("${digestSha256('x')}", expect!["this value is never true"]);
    refused("${request.method == 'GET' ? 'yes' : 'no'}", expect!["text is never true"]);
    refused("${findGroups(request.uri.path, 'x')}", expect!["a list is never true"]);
    refused("${request.uri.port + 1}", expect!["a number is never true"]);
    refused("${request.uri.path.substring(1)}", expect!["text is never true"]);
    for sound in [
        "${request.uri.path == '/'}",
        "${request.uri.path.startsWith('/x')}",
        "${contexts.client.isSecure}",
        "${response.status.successful}",
        "${attributes.flag}",
        "${session.flag}",
        "${request.entity.json.flag}",
        "${contexts.ssoToken.flag}",
        "${request.method == 'GET' ? true : attributes.flag}",
        "${not empty request.headers['X']}",
        "${request.headers.containsKey('X')}",
        "${toJson(request.entity.string).flag}",
        "${lastElement(attributes.list)}",
        "${request.entity.empty}",
    ] {
        refused(sound, expect![""]);
    }
}

/// Every object that the table describes has the properties of the table, and no other keys.
#[test]
fn the_table_is_what_the_objects_are() {
    let (mut cx, request, mut response) = (context(), request(), response());
    routed(&mut cx);
    response.cause = None;
    let scope = cx.scope(&request).with(&response);
    let mut looked_at = 0;
    for root in ROOTS {
        let value = expression::Scope::root(&scope, root.root);
        if let (Type::Object(bean), Value::Object(object)) = (root.of, &value) {
            compare(bean, object.get(), &mut looked_at);
        }
    }
    assert!(looked_at > 50, "the objects were walked through: {looked_at}");
}

/// Properties that are null here: most are so in every request, the last two are answered within a path alone.
const ABSENT: &[&str] = &["fragment", "rawFragment", "cause", "json", "parent", "root"];

fn compare(bean: &'static Bean, object: &dyn Object, looked_at: &mut usize) {
    for key in object.keys() {
        assert!(bean.property(&key).is_some() || bean.others.is_some(), "`{}` lacks `{key}`", bean.name);
    }
    for property in bean.properties {
        let value = object.property(property.name);
        // Contexts of filters that this request has not been through.
        let is_of_a_filter = bean.name == "contexts" && matches!(property.of, Type::Any);
        if value.is_null() && (is_of_a_filter || ABSENT.contains(&property.name)) {
            continue;
        }
        *looked_at += 1;
        match (property.of, &value) {
            (Type::Bool, Value::Bool(_))
            | (Type::Number, Value::Integer(_))
            | (Type::Text, Value::String(_)) => {}
            (Type::Any | Type::Bytes | Type::List(_) | Type::Map(_), _) => {}
            (Type::Object(inner), Value::Object(object)) => compare(inner, object.get(), looked_at),
            (Type::Object(inner), Value::Map(map)) => {
                for (key, value) in map.iter() {
                    let known = inner.property(key);
                    assert!(known.is_some() || inner.others.is_some(), "`{}` lacks `{key}`", inner.name);
                    let is_like = match known.map(|known| known.of) {
                        Some(Type::Bool) => matches!(value, Value::Bool(_)),
                        Some(Type::Number) => matches!(value, Value::Integer(_)),
                        Some(Type::Text) => matches!(value, Value::String(_) | Value::Null),
                        _ => true,
                    };
                    assert!(is_like, "`{}.{key}` is {value:?}", inner.name);
                }
            }
            (of, value) => panic!("`{}.{}` is {value:?}, not {of:?}", bean.name, property.name),
        }
    }
}
