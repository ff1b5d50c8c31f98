//! How expressions enter configuration structs through serde and describe themselves to JSON Schema.
//!
//! The deserializer of the configuration knows the bindings and the place of every node, and serde has no
//! way to hand such things to a field. So a field asks for a newtype with a reserved name; the deserializer
//! recognises it, compiles the node, and leaves the result in a slot of this thread, from which the field
//! takes it at once. Any other deserializer gets its JSON compiled without bindings.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::bindings::Bindings;
use crate::errors::Problem;
use crate::expr::{Any, Expr};
use crate::lvalue::LValue;
use crate::template::Template;
use crate::value::Value;

/// The name under which [`Expr`] asks a deserializer for a compiled template.
pub const EXPRESSION: &str = "$portcullis::Expr";

/// The name under which [`LValue`] asks a deserializer for a compiled place.
pub const LVALUE: &str = "$portcullis::LValue";

thread_local! {
    static TEMPLATE: RefCell<Option<Template>> = const { RefCell::new(None) };
    static PLACE: RefCell<Option<LValue>> = const { RefCell::new(None) };
}

/// Leaves a template for the [`Expr`] that asks for it. Call `visitor.visit_unit()` right after.
pub fn hand_over(template: Template) {
    TEMPLATE.with_borrow_mut(|slot| *slot = Some(template));
}

/// Leaves a place for the [`LValue`] that asks for it. Call `visitor.visit_unit()` right after.
pub fn hand_over_lvalue(place: LValue) {
    PLACE.with_borrow_mut(|slot| *slot = Some(place));
}

impl<'de, T: Wanted> Deserialize<'de> for Expr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let template = deserializer.deserialize_newtype_struct(EXPRESSION, TemplateVisitor)?;
        T::check(&template).map_err(D::Error::custom)?;
        Ok(Expr::from_template(template))
    }
}

/// What the field of a configuration can want an expression to yield.
pub trait Wanted {
    /// Refuses what can be seen at load never to yield it. The message follows a caret.
    fn check(template: &Template) -> Result<(), String> {
        let _ = template;
        Ok(())
    }
}

impl Wanted for String {}
impl Wanted for i64 {}
impl Wanted for Any {}

impl Wanted for bool {
    /// A condition that is never true would leave out a filter or a route without a word.
    fn check(template: &Template) -> Result<(), String> {
        let found = match template.constant() {
            Some(Value::Bool(_) | Value::Null) => None,
            Some(Value::String(_)) => Some("text"),
            Some(Value::Integer(_) | Value::Decimal(_)) => Some("a number"),
            Some(_) => Some("this value"),
            None => template.never_boolean(),
        };
        let Some(found) = found else { return Ok(()) };
        Err(format!(
            "a condition is `true`, `false` or one expression such as `${{request.method == 'GET'}}`; {found} is \
             never true"
        ))
    }
}

impl<'de> Deserialize<'de> for LValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(LVALUE, PlaceVisitor)
    }
}

struct TemplateVisitor;

impl<'de> Visitor<'de> for TemplateVisitor {
    type Value = Template;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value or an expression")
    }

    fn visit_unit<E: Error>(self) -> Result<Template, E> {
        TEMPLATE
            .with_borrow_mut(Option::take)
            .ok_or_else(|| E::custom("the deserializer handed over no expression"))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Template, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        Template::from_json(json, &Bindings::default()).map_err(rejected)
    }
}

struct PlaceVisitor;

impl<'de> Visitor<'de> for PlaceVisitor {
    type Value = LValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a place such as `${attributes.user}`")
    }

    fn visit_unit<E: Error>(self) -> Result<LValue, E> {
        PLACE.with_borrow_mut(Option::take).ok_or_else(|| E::custom("the deserializer handed over no place"))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<LValue, D::Error> {
        let text = String::deserialize(deserializer)?;
        LValue::compile(&text, &Bindings::default()).map_err(rejected)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn rejected<E: Error>(problems: Vec<Problem>) -> E {
    let messages: Vec<String> = problems.iter().map(Problem::to_string).collect();
    E::custom(messages.join("; "))
}

impl<T: JsonSchema> JsonSchema for Expr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Expression_of_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let plain = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [plain, { "type": "string" }], "x-evaluated": "per request" })
    }
}

impl JsonSchema for LValue {
    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\s*[$#]\{", "x-evaluated": "per request" })
    }
}

impl JsonSchema for Any {
    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}
