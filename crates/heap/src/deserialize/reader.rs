//! The serde deserializer over one node.

use std::borrow::Cow;
use std::fmt;

use expression::{EXPRESSION, LVALUE};
use serde::Deserializer;
use serde::de::{Error, IntoDeserializer, Unexpected, Visitor};
use source::{Node, Number, Object, Text, Value};

use super::access::{Entries, Items, Variant};
use crate::declare::Declarer;
use crate::errors;
use crate::failure::{Failure, Step};
use crate::reference::{self, ONE_OR_MANY, RAW, SPANNED, WORD_OR};
use crate::secrets::SECRET_ID;
use crate::values::LINES;

/// Whose fields are being read, for complaints.
#[derive(Clone, Copy)]
pub(super) struct Owner<'e> {
    what: &'static str,
    field: Option<&'e str>,
    is_entry: bool,
}

impl<'e> Owner<'e> {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, field: None, is_entry: false }
    }

    pub(super) fn field(self, field: &'e str) -> Self {
        Self { field: Some(field), is_entry: false, ..self }
    }

    pub(super) fn entry(self) -> Self {
        Self { is_entry: true, ..self }
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.field, self.is_entry) {
            (None, _) => f.write_str(self.what),
            (Some(field), false) => write!(f, "`{field}` of {}", self.what),
            (Some(field), true) => write!(f, "an entry in `{field}` of {}", self.what),
        }
    }
}

pub(super) struct Reader<'a, 'd, 'e> {
    pub(super) declarer: &'a mut Declarer<'d>,
    pub(super) node: &'e Node,
    pub(super) owner: Owner<'e>,
    /// Whether this is a second reading, in which stand-ins count.
    pub(super) is_again: bool,
}

impl Reader<'_, '_, '_> {
    /// Hands a value of any type to a visitor.
    fn visit<'de, V: Visitor<'de>>(&mut self, node: &Node, visitor: V) -> Result<V::Value, Failure> {
        let Reader { owner, is_again, .. } = *self;
        let declarer = &mut *self.declarer;
        match &node.value {
            Value::Array(items) => visitor.visit_seq(Items { declarer, items, index: 0, owner, is_again }),
            Value::Object(object) => {
                visitor.visit_map(Entries { declarer, object, index: 0, owner, is_again })
            }
            value => visit_scalar(value, visitor),
        }
        .map_err(|failure| failure.at(&node.span))
    }

    /// The same for a struct: an object, never an array of its fields.
    pub(super) fn visit_fields<'de, V: Visitor<'de>>(
        &mut self,
        fields: &[&str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let node = self.evaluated()?;
        match &node.value {
            Value::Object(object) => {
                self.report_unknown_fields(object, fields);
                self.visit(&node, visitor)
            }
            value => Err(Failure::invalid_type(unexpected(value), &"an object")),
        }
        .map_err(|failure| failure.of(&self.owner).at(&node.span))
    }

    /// A published configuration begins an id with a slash, and its text says that it works.
    fn report_slash(&mut self) -> Result<(), Failure> {
        let node = self.evaluated()?;
        if let Some(text) = node.as_str().filter(|text| text.starts_with('/')) {
            self.declarer.report(errors::slash_in_secret_id(text, &node.span));
        }
        Ok(())
    }

    fn report_unknown_fields(&mut self, object: &Object, fields: &[&str]) {
        self.declarer.report_unknown_fields(&self.owner.to_string(), object, fields);
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let node = self.evaluated()?;
            visit_scalar(&number_in(&node.value), visitor).map_err(|failure| failure.at(&node.span))
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'_, '_, '_> {
    type Error = Failure;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let node = self.evaluated()?;
        self.visit(&node, visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let node = self.evaluated()?;
        let outcome = match &node.value {
            Value::String(text) if text.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            value => visit_scalar(value, visitor),
        };
        outcome.map_err(|failure| failure.at(&node.span))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let node = self.evaluated()?;
        // Written as a string, so meant as one: `"${properties.port}"`.
        let text = match (&node, &node.value) {
            (Cow::Owned(_), Value::Number(Number::Integer(number))) => Some(number.to_string()),
            (Cow::Owned(_), Value::Number(Number::Decimal(number))) => Some(number.to_string()),
            (Cow::Owned(_), Value::Bool(value)) => Some(value.to_string()),
            _ => None,
        };
        match text {
            Some(text) => visitor.visit_string(text).map_err(|failure: Failure| failure.at(&node.span)),
            None => self.visit(&node, visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_string(visitor)
    }

    /// A field that nothing reads may hold anything.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_absent() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if name.starts_with("$ref:") {
            let site = self.declarer.reference(name, self.node);
            return visitor.visit_u64(site as u64);
        }
        match name {
            EXPRESSION => {
                let template = self.declarer.template(self.node);
                expression::hand_over(template);
                visitor.visit_unit()
            }
            LVALUE => {
                let Some(text) = self.node.as_text() else {
                    let found = unexpected(&self.node.value);
                    let failure = Failure::invalid_type(found, &"a place such as ${attributes.name}");
                    return Err(failure.at(&self.node.span));
                };
                let place = self.declarer.lvalue(text, &self.node.span).ok_or_else(Failure::told)?;
                expression::hand_over_lvalue(place);
                visitor.visit_unit()
            }
            SPANNED => {
                reference::hand_over(Node { value: Value::Null, span: self.node.span.clone() });
                visitor.visit_newtype_struct(self)
            }
            WORD_OR => {
                // Only a text can be a word; an object is left to the reference.
                let node = self.evaluated()?;
                reference::hand_over(match &node.value {
                    Value::String(_) => node.into_owned(),
                    _ => Node { value: Value::Null, span: node.span.clone() },
                });
                visitor.visit_newtype_struct(self)
            }
            RAW => {
                reference::hand_over(self.node.clone());
                visitor.visit_unit()
            }
            ONE_OR_MANY => match &self.node.value {
                Value::Array(_) => self.visit(self.node, visitor),
                _ => visitor.visit_newtype_struct(self),
            },
            SECRET_ID => {
                self.report_slash()?;
                visitor.visit_newtype_struct(self)
            }
            LINES => {
                let node = &*joined(self.node)?;
                let Reader { owner, is_again, .. } = *self;
                visitor.visit_newtype_struct(&mut Reader { declarer: self.declarer, node, owner, is_again })
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.visit_fields(fields, visitor)
    }

    /// A type without fields takes an object, as all types do.
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let node = self.evaluated()?;
        match &node.value {
            Value::Object(object) => {
                self.report_unknown_fields(object, &[]);
                visitor.visit_unit()
            }
            value => Err(Failure::invalid_type(unexpected(value), &"an object").at(&node.span)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let node = self.evaluated()?;
        match &node.value {
            Value::String(text) => {
                // The product reads its constants in any case.
                let known = variants.iter().find(|variant| variant.eq_ignore_ascii_case(text));
                let variant = known.map_or(text.as_str(), |variant| variant).to_owned();
                visitor.visit_enum(variant.into_deserializer())
            }
            Value::Object(object) if object.len() == 1 => {
                let Reader { owner, is_again, .. } = *self;
                visitor.visit_enum(Variant { declarer: self.declarer, object, owner, is_again })
            }
            value => {
                let one_of = format!("one of {}", crate::failure::listed(variants));
                Err(Failure::invalid_type(unexpected(value), &one_of.as_str()))
            }
        }
        .map_err(|failure: Failure| failure.at(&node.span))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit seq tuple tuple_struct map identifier
    }
}

/// Tokens and expressions often yield text, so text that holds a number is one.
fn number_in(value: &Value) -> Cow<'_, Value> {
    let Value::String(text) = value else { return Cow::Borrowed(value) };
    let number =
        text.trim().parse::<i64>().map(Number::Integer).or_else(|_| text.trim().parse().map(Number::Decimal));
    match number {
        Ok(Number::Decimal(decimal)) if !decimal.is_finite() => Cow::Borrowed(value),
        Ok(number) => Cow::Owned(Value::Number(number)),
        Err(_) => Cow::Borrowed(value),
    }
}

/// An array of strings as the one string that its lines make; anything else as it is.
fn joined(node: &Node) -> Result<Cow<'_, Node>, Failure> {
    let Value::Array(lines) = &node.value else { return Ok(Cow::Borrowed(node)) };
    let mut texts: Vec<&Text> = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let wanted = || Failure::custom("each line of a text must be a string").at(&line.span);
        texts.push(line.as_text().ok_or_else(|| wanted().below(Step::Index(index)))?);
    }
    Ok(Cow::Owned(Node { value: Value::String(Text::joined_lines(texts)), span: node.span.clone() }))
}

fn visit_scalar<'de, V: Visitor<'de>>(value: &Value, visitor: V) -> Result<V::Value, Failure> {
    match value {
        Value::Null => visitor.visit_unit(),
        Value::Bool(value) => visitor.visit_bool(*value),
        Value::Number(Number::Integer(integer)) => visitor.visit_i64(*integer),
        Value::Number(Number::Decimal(decimal)) => visitor.visit_f64(*decimal),
        Value::String(text) => visitor.visit_str(text),
        Value::Array(_) | Value::Object(_) => Err(Failure::invalid_type(unexpected(value), &visitor)),
    }
}

fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(Number::Integer(integer)) => Unexpected::Signed(*integer),
        Value::Number(Number::Decimal(decimal)) => Unexpected::Float(*decimal),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}
