//! A key, or the word that names a variant of an enum, on its way into a type.

use figment::Error;
use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, Unexpected,
    VariantAccess, Visitor,
};

/// A word whose refusal is noted before it leaves this type.
pub(super) struct Word<N> {
    text: String,
    note: N,
}

impl<N: Fn(Error) -> Error + Copy> Word<N> {
    /// `note` takes down a refusal and gives it back.
    pub(super) fn new(text: &str, note: N) -> Self {
        Self { text: text.to_owned(), note }
    }
}

impl<'de, N: Fn(Error) -> Error + Copy> Deserializer<'de> for Word<N> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text: StringDeserializer<Error> = self.text.into_deserializer();
        text.deserialize_any(visitor).map_err(self.note)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let note = self.note;
        visitor.visit_enum(self).map_err(note)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de, N: Fn(Error) -> Error + Copy> EnumAccess<'de> for Word<N> {
    type Error = Error;
    type Variant = Unit;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Unit), Error> {
        seed.deserialize(self).map(|variant| (variant, Unit))
    }
}

/// A variant that is named by a word alone.
pub(super) struct Unit;

impl Unit {
    fn refused<T>(wanted: &'static str) -> Result<T, Error> {
        Err(Error::invalid_type(Unexpected::UnitVariant, &wanted))
    }
}

impl<'de> VariantAccess<'de> for Unit {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Error> {
        Self::refused("newtype variant")
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Self::refused("tuple variant")
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Self::refused("struct variant")
    }
}
