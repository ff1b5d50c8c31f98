//! Reads a configuration struct from a spanned tree, with serde.
//!
//! What serde alone cannot do happens here: references are declared and expressions compiled on the way,
//! values of plain fields are evaluated first, unknown fields are reported, and after a mistake the offending
//! value is set aside and reading starts again, so that one pass over a file finds every mistake in it.

use expression::{EXPRESSION, EmptyScope, LVALUE, Template};
use serde::Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use source::{Entry, Node, Number, Object, Span, Text, Value};

use crate::declare::Declarer;
use crate::errors;
use crate::failure::{Failure, FailureKind, Step};
use crate::reference::{self, RAW, SPANNED};
use crate::values::LINES;

/// Mistakes reported per configuration before reading gives up.
const MISTAKES_MAX: usize = 50;

/// Reads `T`, reporting every mistake. `None` if there was one that leaves no `T`.
pub(crate) fn read<T: DeserializeOwned>(
    declarer: &mut Declarer<'_>,
    node: &Node,
    what: &'static str,
) -> Option<T> {
    let mut attempt = node.clone();
    let mut set_aside: Vec<String> = Vec::new();
    for _ in 0..MISTAKES_MAX {
        let mut reader = Reader { declarer, node: &attempt, what };
        let failure = match T::deserialize(&mut reader) {
            Ok(value) if set_aside.is_empty() => return Some(value),
            Ok(_) => return None,
            Err(failure) => failure,
        };
        let already_told = matches!(&failure.kind, FailureKind::Missing(field) if set_aside.iter().any(|told| told == field));
        let path: Vec<Step> = failure.path.iter().rev().cloned().collect();
        if !already_told {
            declarer.report(errors::failure(failure, what, &node.span));
        }
        match remove(&mut attempt, &path) {
            Some(key) => set_aside.push(key),
            None => return None,
        }
    }
    None
}

/// Takes the value at the end of `path` out of the tree; the name of the nearest key above it.
fn remove(node: &mut Node, path: &[Step]) -> Option<String> {
    match (path, &mut node.value) {
        ([Step::Key(key)], Value::Object(object)) => object.remove(key).map(|_| key.clone()),
        ([Step::Index(index)], Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
            Some(String::new())
        }
        ([Step::Key(key), rest @ ..], Value::Object(object)) => remove(object.get_mut(key)?, rest),
        ([Step::Index(index), rest @ ..], Value::Array(items)) => remove(items.get_mut(*index)?, rest),
        _ => None,
    }
}

/// A serde deserializer over one node.
struct Reader<'a, 'd, 'e> {
    declarer: &'a mut Declarer<'d>,
    node: &'e Node,
    what: &'static str,
}

impl Reader<'_, '_, '_> {
    /// The node itself, or what the expression in it comes to.
    fn evaluated(&mut self) -> Result<Node, Failure> {
        let Value::String(text) = &self.node.value else { return Ok(self.node.clone()) };
        if !text.contains("${") && !text.contains("#{") {
            return Ok(self.node.clone());
        }
        let Some(template) = self.declarer.compile(text, &self.node.span) else {
            // Reported already; anything will do, since the configuration is not used.
            return Ok(Node { value: Value::Null, span: self.node.span.clone() });
        };
        evaluate_now(&template, &self.node.span, self.declarer)
    }
}

/// Evaluates a template that must not depend on a request.
pub(crate) fn evaluate_now(
    template: &Template,
    span: &Span,
    declarer: &mut Declarer<'_>,
) -> Result<Node, Failure> {
    let uses = template.uses();
    if !uses.is_load_time() {
        let root = match uses {
            uses if uses.response => "`response`",
            uses if uses.session => "`session`",
            uses if uses.request => "`request`",
            _ => "what this expression uses",
        };
        declarer.report(errors::not_at_load(span.clone(), root));
        return Ok(Node { value: Value::Null, span: span.clone() });
    }
    match template.evaluate(&EmptyScope) {
        Ok(value) => Ok(node_of(value.to_json(), span)),
        Err(error) => {
            declarer.report(errors::evaluation(span.clone(), &error.to_string()));
            Ok(Node { value: Value::Null, span: span.clone() })
        }
    }
}

/// The tree of a JSON value, all of it at one place.
pub(crate) fn node_of(json: serde_json::Value, span: &Span) -> Node {
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => Value::Number(match number.as_i64() {
            Some(integer) => Number::Integer(integer),
            None => Number::Decimal(number.as_f64().unwrap_or_default()),
        }),
        serde_json::Value::String(text) => Value::String(Text::from(text)),
        serde_json::Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| node_of(item, span)).collect())
        }
        serde_json::Value::Object(entries) => {
            let mut object = Object::default();
            for (key, value) in entries {
                object.insert(Entry { key, key_span: span.clone(), value: node_of(value, span) });
            }
            Value::Object(object)
        }
    };
    Node { value, span: span.clone() }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let node = self.evaluated()?;
            // Tokens and expressions always yield text, so text that holds a number is one.
            let number = match &node.value {
                Value::String(text) => match text.trim().parse::<i64>() {
                    Ok(integer) => Value::Number(Number::Integer(integer)),
                    Err(_) => match text.trim().parse::<f64>() {
                        Ok(decimal) if decimal.is_finite() => Value::Number(Number::Decimal(decimal)),
                        _ => node.value.clone(),
                    },
                },
                value => value.clone(),
            };
            visit_scalar(&number, visitor).map_err(|failure| failure.at(&node.span))
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
        let what = self.what;
        match &node.value {
            Value::Array(items) => {
                visitor.visit_seq(Items { declarer: self.declarer, items, index: 0, what })
            }
            Value::Object(object) => {
                visitor.visit_map(Entries { declarer: self.declarer, object, index: 0, what })
            }
            value => visit_scalar(value, visitor),
        }
        .map_err(|failure| failure.at(&node.span))
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

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
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
                match self.declarer.lvalue(self.node) {
                    Some(lvalue) => {
                        expression::hand_over_lvalue(lvalue);
                        visitor.visit_unit()
                    }
                    None => Err(Failure::custom("a place such as ${attributes.name} is needed here")
                        .at(&self.node.span)),
                }
            }
            SPANNED => {
                reference::hand_over(self.node.clone());
                visitor.visit_newtype_struct(self)
            }
            RAW => {
                reference::hand_over(self.node.clone());
                visitor.visit_unit()
            }
            LINES => {
                let node = &joined(self.node)?;
                visitor.visit_newtype_struct(&mut Reader { declarer: self.declarer, node, what: self.what })
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
        if let Value::Object(object) = &self.node.value {
            self.declarer.report_unknown_fields(self.what, object, fields);
        }
        self.deserialize_any(visitor)
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
                visitor
                    .visit_enum(variant.into_deserializer())
                    .map_err(|failure: Failure| failure.at(&node.span))
            }
            Value::Object(object) if object.len() == 1 => {
                let what = self.what;
                let access = Variant { declarer: self.declarer, object, what };
                visitor.visit_enum(access).map_err(|failure| failure.at(&node.span))
            }
            value => visit_scalar(value, visitor).map_err(|failure| failure.at(&node.span)),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// An array of strings as the one string that its lines make; anything else as it is.
fn joined(node: &Node) -> Result<Node, Failure> {
    let Value::Array(lines) = &node.value else { return Ok(node.clone()) };
    let mut texts = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let wanted = || Failure::custom("each line of a text must be a string").at(&line.span);
        texts.push(line.as_text().ok_or_else(|| wanted().below(Step::Index(index)))?);
    }
    Ok(Node { value: Value::String(Text::joined_lines(texts)), span: node.span.clone() })
}

fn visit_scalar<'de, V: Visitor<'de>>(value: &Value, visitor: V) -> Result<V::Value, Failure> {
    match value {
        Value::Null => visitor.visit_unit(),
        Value::Bool(value) => visitor.visit_bool(*value),
        Value::Number(Number::Integer(integer)) => visitor.visit_i64(*integer),
        Value::Number(Number::Decimal(decimal)) => visitor.visit_f64(*decimal),
        Value::String(text) => visitor.visit_str(text),
        Value::Array(_) => Err(Failure::invalid_type(serde::de::Unexpected::Seq, &visitor)),
        Value::Object(_) => Err(Failure::invalid_type(serde::de::Unexpected::Map, &visitor)),
    }
}

struct Items<'a, 'd, 'e> {
    declarer: &'a mut Declarer<'d>,
    items: &'e [Node],
    index: usize,
    what: &'static str,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some(node) = self.items.get(self.index) else { return Ok(None) };
        let step = Step::Index(self.index);
        self.index += 1;
        let mut reader = Reader { declarer: self.declarer, node, what: self.what };
        seed.deserialize(&mut reader).map(Some).map_err(|failure| failure.at(&node.span).below(step))
    }
}

struct Entries<'a, 'd, 'e> {
    declarer: &'a mut Declarer<'d>,
    object: &'e Object,
    index: usize,
    what: &'static str,
}

impl<'de> MapAccess<'de> for Entries<'_, '_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(entry) = self.object.iter().as_slice().get(self.index) else { return Ok(None) };
        let key = entry.key.as_str();
        let located = |failure: Failure| failure.at(&entry.key_span).below(Step::Key(entry.key.clone()));
        seed.deserialize(key.into_deserializer()).map(Some).map_err(located)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let entry = self
            .object
            .iter()
            .as_slice()
            .get(self.index)
            .ok_or_else(|| Failure::custom("a value was asked for before its key"))?;
        self.index += 1;
        let mut reader = Reader { declarer: self.declarer, node: &entry.value, what: self.what };
        let located = |failure: Failure| failure.at(&entry.value.span).below(Step::Key(entry.key.clone()));
        seed.deserialize(&mut reader).map_err(located)
    }
}

/// `{ "variant": value }`.
struct Variant<'a, 'd, 'e> {
    declarer: &'a mut Declarer<'d>,
    object: &'e Object,
    what: &'static str,
}

impl<'a, 'd, 'e, 'de> EnumAccess<'de> for Variant<'a, 'd, 'e> {
    type Error = Failure;
    type Variant = VariantValue<'a, 'd, 'e>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Failure> {
        let entry = self.object.iter().next().ok_or_else(|| Failure::custom("an empty object"))?;
        let variant = seed.deserialize(entry.key.as_str().into_deserializer())?;
        Ok((variant, VariantValue { declarer: self.declarer, entry, what: self.what }))
    }
}

struct VariantValue<'a, 'd, 'e> {
    declarer: &'a mut Declarer<'d>,
    entry: &'e Entry,
    what: &'static str,
}

impl<'de> VariantAccess<'de> for VariantValue<'_, '_, '_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        let mut reader = Reader { declarer: self.declarer, node: &self.entry.value, what: self.what };
        seed.deserialize(&mut reader).map_err(|failure| failure.below(Step::Key(self.entry.key.clone())))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        let mut reader = Reader { declarer: self.declarer, node: &self.entry.value, what: self.what };
        reader.deserialize_any(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let mut reader = Reader { declarer: self.declarer, node: &self.entry.value, what: self.what };
        reader.deserialize_struct("", fields, visitor)
    }
}
