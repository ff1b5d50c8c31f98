//! What takes the place of a value that is missing or wrong, so that the rest can be read.
//!
//! A stand-in passes for almost anything. Nothing is ever built from one: the reading that meets a stand-in
//! yields no configuration, only complaints about the other fields.

use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{Error, IntoDeserializer, Visitor};
use source::{Node, Span, Text, Value};

use crate::failure::Failure;
use crate::reference::{self, RAW, SPANNED, WORD_OR};

/// A text that nobody writes. One who does gains nothing: it counts only after another mistake was found.
const MARK: &str = "\u{0}portcullis: a stand-in\u{0}";

/// A stand-in as a part of a tree.
pub(super) fn node(span: &Span) -> Node {
    Node { value: Value::String(Text::from(MARK)), span: span.clone() }
}

pub(super) fn is_stand_in(node: &Node) -> bool {
    matches!(&node.value, Value::String(text) if text.as_str() == MARK)
}

/// A deserializer that has something harmless for every type.
pub(super) struct StandIn<'e> {
    pub(super) span: &'e Span,
}

macro_rules! harmless {
    ($($method:ident => $visit:ident($value:expr);)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for StandIn<'_> {
    type Error = Failure;

    harmless! {
        // Text in lines and spans of time ask for anything, and take this.
        deserialize_any => visit_str("1 s");
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_u64(1);
        deserialize_i16 => visit_u64(1);
        deserialize_i32 => visit_u64(1);
        deserialize_i64 => visit_u64(1);
        deserialize_u8 => visit_u64(1);
        deserialize_u16 => visit_u64(1);
        deserialize_u32 => visit_u64(1);
        deserialize_u64 => visit_u64(1);
        deserialize_f32 => visit_f64(1.0);
        deserialize_f64 => visit_f64(1.0);
        deserialize_char => visit_char('x');
        // A pattern and the name of a header field, among other things.
        deserialize_str => visit_str("x");
        deserialize_string => visit_str("x");
        deserialize_identifier => visit_str("x");
        deserialize_seq => visit_seq(SeqDeserializer::new(std::iter::empty::<u8>()));
        deserialize_map => visit_map(MapDeserializer::new(std::iter::empty::<(u8, u8)>()));
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let nothing = Node { value: Value::Null, span: self.span.clone() };
        match name {
            name if name.starts_with("$ref:") => visitor.visit_u64(0),
            expression::EXPRESSION => {
                let null = expression::Template::literal(expression::Value::Null);
                expression::hand_over(null);
                visitor.visit_unit()
            }
            expression::LVALUE => Err(Failure::told()),
            RAW => {
                reference::hand_over(nothing);
                visitor.visit_unit()
            }
            SPANNED | WORD_OR => {
                reference::hand_over(nothing);
                visitor.visit_newtype_struct(self)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let first = variants.first().copied().ok_or_else(|| Failure::custom("no variants"))?;
        let first: StrDeserializer<'_, Failure> = first.into_deserializer();
        visitor.visit_enum(first)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        // Its fields need not all have defaults, and then there is no telling what would do.
        visitor.visit_map(MapDeserializer::new(std::iter::empty::<(u8, u8)>()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::repeat_n(1_u8, length)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_tuple(length, visitor)
    }

    serde::forward_to_deserialize_any! { i128 u128 bytes byte_buf }
}
