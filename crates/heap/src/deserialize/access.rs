//! What a visitor sees of arrays, objects and enum values.

use serde::Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use source::{Entry, Node, Object};

use super::reader::{Owner, Reader};
use super::stand_in::{self, StandIn};
use crate::declare::Declarer;
use crate::failure::{Failure, Step};

pub(super) struct Items<'a, 'd, 'e> {
    pub(super) declarer: &'a mut Declarer<'d>,
    pub(super) items: &'e [Node],
    pub(super) index: usize,
    pub(super) owner: Owner<'e>,
    pub(super) is_again: bool,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some(node) = self.items.get(self.index) else { return Ok(None) };
        let step = Step::Index(self.index);
        self.index += 1;
        let owner = self.owner.entry();
        let reader = Reader { declarer: self.declarer, node, owner, is_again: self.is_again };
        reader.seed(seed).map(Some).map_err(|failure| failure.below(step))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.index)
    }
}

impl Reader<'_, '_, '_> {
    /// Reads the node as whatever is asked for.
    fn seed<'de, T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, Failure> {
        let span = &self.node.span;
        if self.is_again && stand_in::is_stand_in(self.node) {
            return seed.deserialize(StandIn { span });
        }
        seed.deserialize(&mut self).map_err(|failure| failure.at(span))
    }
}

pub(super) struct Entries<'a, 'd, 'e> {
    pub(super) declarer: &'a mut Declarer<'d>,
    pub(super) object: &'e Object,
    pub(super) index: usize,
    pub(super) owner: Owner<'e>,
    pub(super) is_again: bool,
}

impl<'de> MapAccess<'de> for Entries<'_, '_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(entry) = self.object.iter().as_slice().get(self.index) else { return Ok(None) };
        let located = |failure: Failure| failure.at(&entry.key_span).below(Step::Key(entry.key.clone()));
        seed.deserialize(entry.key.as_str().into_deserializer()).map(Some).map_err(located)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let entry = self.object.iter().as_slice().get(self.index);
        let entry = entry.ok_or_else(|| Failure::custom("a value was asked for before its key"))?;
        self.index += 1;
        Reader::of(self.declarer, entry, self.owner, self.is_again)
            .seed(seed)
            .map_err(|failure| failure.below(Step::Key(entry.key.clone())))
    }
}

/// `{ "variant": value }`.
pub(super) struct Variant<'a, 'd, 'e> {
    pub(super) declarer: &'a mut Declarer<'d>,
    pub(super) object: &'e Object,
    pub(super) owner: Owner<'e>,
    pub(super) is_again: bool,
}

impl<'a, 'd, 'e, 'de> EnumAccess<'de> for Variant<'a, 'd, 'e> {
    type Error = Failure;
    type Variant = VariantValue<'a, 'd, 'e>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Failure> {
        let entry = self.object.iter().next().ok_or_else(|| Failure::custom("an empty object"))?;
        let located = |failure: Failure| failure.at(&entry.key_span);
        let variant = seed.deserialize(entry.key.as_str().into_deserializer()).map_err(located)?;
        let Self { declarer, owner, is_again, .. } = self;
        Ok((variant, VariantValue { entry, reader: Reader::of(declarer, entry, owner, is_again) }))
    }
}

pub(super) struct VariantValue<'a, 'd, 'e> {
    entry: &'e Entry,
    reader: Reader<'a, 'd, 'e>,
}

impl<'de> VariantAccess<'de> for VariantValue<'_, '_, '_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        let key = &self.entry.key;
        self.reader.seed(seed).map_err(|failure| failure.below(Step::Key(key.clone())))
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        let key = &self.entry.key;
        self.reader.deserialize_any(visitor).map_err(|failure| failure.below(Step::Key(key.clone())))
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let key = &self.entry.key;
        self.reader.visit_fields(fields, visitor).map_err(|failure| failure.below(Step::Key(key.clone())))
    }
}

impl<'a, 'd, 'e> Reader<'a, 'd, 'e> {
    fn of(declarer: &'a mut Declarer<'d>, entry: &'e Entry, owner: Owner<'e>, is_again: bool) -> Self {
        Self { declarer, node: &entry.value, owner: owner.field(&entry.key), is_again }
    }
}
