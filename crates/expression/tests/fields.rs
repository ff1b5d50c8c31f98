//! Expressions as fields of a configuration: types, static analysis, serde, schema, places that are written.

mod support;

use expect_test::{Expect, expect};
use expression::{
    Any, EXPRESSION, EmptyScope, Expr, LVALUE, LValue, Root, Scope, ScopeMut, Step, Template, Uses, Value,
    hand_over, hand_over_lvalue,
};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor, value::Error};
use support::{TestScope, bindings};

#[test]
fn conditions_hold_for_true_alone() {
    let holds = |text: &str| Expr::<bool>::compile(text, &bindings()).unwrap().is_true(&TestScope::new());
    assert!(holds("${request.method == 'GET'}"));
    assert!(!holds("${request.method == 'PUT'}"));
    assert!(!holds("${request.absent}"));
    assert!(!holds("${'true'}"));
    assert!(!holds("true"));
    assert!(!holds("${1 + 'x'}"));
    assert!(holds("${!request.absent.contains('x')}"), "a method of null yields null, as in JUEL");
}

#[test]
fn a_condition_that_is_never_true_is_refused_at_load() {
    #[track_caller]
    fn check(json: &str, expected: Expect) {
        let read = serde_json::from_str::<Expr<bool>>(json);
        let shown = read.map_or_else(|error| error.to_string(), |_| "read".to_owned());
        let shown = shown.replace(" at line 0 column 0", "");
        expected.assert_eq(shown.strip_prefix(LEAD).unwrap_or(&shown));
    }
    const LEAD: &str =
        "a condition is `true`, `false` or one expression such as `${request.method == 'GET'}`; ";
    for sound in ["true", "false", r#""${true}""#, r#""${null}""#, r##""#{request.method}""##] {
        check(sound, expect!["read"]);
    }
    check(r#""true""#, expect!["text is never true"]);
    check(r#"" ${request.absent}""#, expect!["text with expressions in it is never true"]);
    check("5", expect!["a number is never true"]);
    check(r#"["${request.absent}"]"#, expect!["a list is never true"]);
    check("{}", expect!["this value is never true"]);
}

#[test]
fn texts_take_numbers_and_refuse_lists() {
    let text = |text: &str| {
        Expr::<String>::compile(text, &bindings())
            .unwrap()
            .text(&TestScope::new())
            .map(|text| text.into_owned())
    };
    assert_eq!(text("${request.method}").as_deref(), Some("GET"));
    assert_eq!(text("${80 + 1}").as_deref(), Some("81"));
    assert_eq!(text("${true}").as_deref(), Some("true"));
    assert_eq!(text("${request.kind}").as_deref(), Some("BASIC"));
    assert_eq!(text("${session.roles}"), None);
    assert_eq!(text("${request.absent}"), None);
    assert_eq!(text("x ${1 + 'x'}"), None);
}

#[test]
fn integers_are_read_from_text() {
    let integer = |text: &str| Expr::<i64>::compile(text, &bindings()).unwrap().integer(&TestScope::new());
    assert_eq!(integer("${1 + 1}"), Some(2));
    assert_eq!(integer("42"), Some(42));
    assert_eq!(integer("${6 / 2}"), Some(3));
    assert_eq!(integer("${7 / 2}"), None);
    assert_eq!(integer("x"), None);
    assert_eq!(integer("${null}"), None);
}

#[test]
fn json_values_are_evaluated_within() {
    let json = serde_json::json!({
        "who": "${session.user}", "roles": ["${session.roles[0]}", 1], "fails": "${1 + 'x'}", "${key}": true,
    });
    let expr: Expr<Any> = Expr::from_template(Template::from_json(json, &bindings()).unwrap());
    assert!(!expr.is_constant());
    let value = expr.value(&TestScope::new()).to_json();
    expect![[r#"{"who":"anna","roles":["user",1],"fails":null,"${key}":true}"#]]
        .assert_eq(&value.to_string());
}

#[test]
fn constants_are_folded() {
    let constant = |text: &str| format!("{:?}", Template::compile(text, &bindings()).unwrap().constant());
    assert_eq!(constant("${env.HOME}/x"), "Some(\"/home/ig/x\")");
    assert_eq!(constant("${toUpperCase(nested.deep.key)}"), "Some(\"VALUE\")");
    assert_eq!(constant("${nested.list[0] == 1 ? 'a' : request.method}"), "Some(\"a\")");
    assert_eq!(constant("${request.method}"), "None");
    assert_eq!(constant("${read('/x')}"), "None");
    assert_eq!(constant("${now}"), "None");
}

#[test]
fn uses_tell_what_may_be_touched() {
    uses("${request.method} ${response.status}", expect!["request response"]);
    uses("${request.entity.json.a}", expect!["request request_entity"]);
    uses("${request['entity'].string}", expect!["request request_entity"]);
    uses("${request.form['a'][0]}", expect!["request request_entity"]);
    uses("${request[session.key]}", expect!["request request_entity session"]);
    uses("${toString(request)}", expect!["request request_entity"]);
    uses("${request.getEntity().getString()}", expect!["request request_entity"]);
    uses("${response == null or empty request}", expect!["request response"]);
    uses("${contexts.session.session.x}", expect!["session context"]);
    uses("${contexts.client.remoteAddress} ${attributes.x}", expect!["context"]);
    uses("${exchange.response.entity.string}", expect!["response response_entity"]);
    uses("${exchange}", expect!["request request_entity response response_entity session context"]);
    uses("${find(request.uri.path, session.p)}", expect!["request session"]);
    uses("${now.epochSeconds} ${token.x}", expect!["now extras"]);
    uses("${read('x')}", expect!["files"]);
    uses("plain", expect![[""]]);
    assert!(Template::compile("${read('x')} ${now}", &bindings()).unwrap().uses().is_load_time());
    assert!(!Template::compile("${request.method}", &bindings()).unwrap().uses().is_load_time());
}

#[track_caller]
fn uses(text: &str, expected: Expect) {
    let uses = Template::compile(text, &bindings()).expect("a sound expression").uses();
    expected.assert_eq(&support::set_flags(uses));
    assert_eq!(uses.union(Uses::default()), uses);
}

#[test]
fn places_are_written() {
    let written = |text: &str| {
        let mut scope = Recorder { request: TestScope::new(), written: String::new() };
        let result = LValue::compile(text, &bindings()).unwrap().assign(&mut scope, Value::from(1_i64));
        result.map_or_else(|error| error, |()| scope.written)
    };
    assert_eq!(written("${attributes.a['b'][0]}"), r#"Attributes [Key("a"), Key("b"), Index(0)] = 1"#);
    assert_eq!(written("${session[request.method]}"), r#"Session [Key("GET")] = 1"#);
    assert_eq!(written("${session[request.absent]}"), "a key of the place is null or negative");
    assert_eq!(written("${response}"), "Response [] = 1");
}

struct Recorder {
    request: TestScope,
    written: String,
}

impl Scope for Recorder {
    fn root(&self, root: Root) -> Value<'_> {
        self.request.root(root)
    }
}

impl ScopeMut for Recorder {
    fn assign(&mut self, root: Root, path: &[Step], value: Value<'static>) -> Result<(), String> {
        self.written = format!("{root:?} {path:?} = {value:?}");
        Ok(())
    }
}

#[derive(Deserialize, Debug, schemars::JsonSchema)]
struct Config {
    condition: Expr<bool>,
    target: LValue,
}

#[test]
fn json_is_compiled_without_bindings() {
    let config: Config =
        serde_json::from_str(r#"{ "condition": "${1 < 2}", "target": "${session.x}" }"#).unwrap();
    assert!(config.condition.is_true(&EmptyScope));
    assert_eq!(config.target.source(), "${session.x}");
    let literal: Config = serde_json::from_str(r#"{ "condition": true, "target": "${session.x}" }"#).unwrap();
    assert!(literal.condition.is_true(&EmptyScope));
    let error =
        serde_json::from_str::<Config>(r#"{ "condition": "${x}", "target": "${session.x}" }"#).unwrap_err();
    expect!["nothing supplies the name `x` (declare it in `properties`, or quote it to mean the text 'x') at line 1 column 21"].assert_eq(&error.to_string());
}

#[test]
fn a_template_is_handed_over() {
    let template = Template::compile("${env.USER == 'ig'}", &bindings()).unwrap();
    hand_over(template);
    assert!(Expr::<bool>::deserialize(Handing).unwrap().is_true(&EmptyScope));
    expect!["the deserializer handed over no expression"]
        .assert_eq(&Expr::<bool>::deserialize(Handing).unwrap_err().to_string());
    hand_over_lvalue(LValue::compile("${session.x}", &bindings()).unwrap());
    assert_eq!(LValue::deserialize(Handing).unwrap().root(), Root::Session);
    expect!["the deserializer handed over no place"]
        .assert_eq(&LValue::deserialize(Handing).unwrap_err().to_string());
}

/// A deserializer that knows the reserved names.
struct Handing;

impl<'de> Deserializer<'de> for Handing {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        unreachable!("only reserved names are asked for")
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        assert!([EXPRESSION, LVALUE].contains(&name));
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn the_schema_allows_the_type_or_a_text() {
    let schema = serde_json::to_string(&schemars::schema_for!(Config).as_value()["properties"]).unwrap();
    expect![[r#"{"condition":{"anyOf":[{"type":"boolean"},{"type":"string"}],"x-evaluated":"per request"},"target":{"type":"string","pattern":"^\\s*[$#]\\{","x-evaluated":"per request"}}"#]].assert_eq(&schema);
}

#[test]
fn logs_show_no_literal_text() {
    let template =
        Template::compile("Basic s3cret ${request.x == 'hid\\'den' ? \"a\" : 1}z", &bindings()).unwrap();
    expect![[r#"…${request.x == '…' ? "…" : 1}…"#]].assert_eq(template.outline());
}
