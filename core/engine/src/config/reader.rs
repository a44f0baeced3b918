//! Reads a value as the type that an option wants: a text from a variable or flag becomes that type here.
//!
//! serde says what it wants of a value before it gets it. A list or table is then parsed as TOML, a number or truth value is
//! read from its text, and where text is wanted the text stays as it is.

use std::cell::RefCell;
use std::collections::btree_map;
use std::iter::Enumerate;
use std::vec;

use figment::Error;
use figment::error::Kind;
use figment::value::{Dict, Num, Tag, Value};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::origins::Origins;
use super::word::Word;

/// One value on its way into a type.
pub(super) struct Reader<'r> {
    value: Value,
    /// Its names below the table that is read.
    path: Vec<String>,
    from: Source<'r>,
}

/// What all values of one reading share.
#[derive(Clone, Copy)]
pub(super) struct Source<'r> {
    /// The full key of the table.
    pub(super) key: &'r str,
    pub(super) origins: &'r Origins,
    /// Keys whose text was given to a type that did not say what it wants.
    pub(super) unsure: &'r RefCell<Vec<String>>,
    /// The error that was raised last.
    pub(super) noted: &'r RefCell<Option<Noted>>,
}

/// An error with the path at which it was raised.
pub(super) struct Noted {
    path: Vec<String>,
    kind: Kind,
    text: String,
}

impl Source<'_> {
    /// Notes an error with its path, and returns it. Through a trait object, only its text reaches the caller.
    fn note(self, path: &[String], error: Error) -> Error {
        let text = error.to_string();
        let mut noted = self.noted.borrow_mut();
        if noted.as_ref().is_none_or(|noted| noted.text != text) {
            let (path, kind) = (path.to_vec(), error.kind.clone());
            *noted = Some(Noted { path, kind, text });
        }
        error
    }

    /// The noted error whose text has reached the caller.
    pub(super) fn found(self, error: Error) -> Error {
        let text = error.to_string();
        match self.noted.take() {
            Some(noted) if noted.text == text => {
                let mut found = Error::from(noted.kind);
                found.path = noted.path;
                found
            }
            _ => error,
        }
    }
}

/// What a structured option is called and how it is written.
const LIST: [&str; 2] = ["a list", "[\"first\", \"second\"]"];
const TABLE: [&str; 2] = ["a table", "{ name = \"value\" }"];

fn in_toml(wanted: &str, example: &str) -> String {
    format!("expected {wanted} in TOML syntax, such as `{example}`")
}

/// What is said of a text that should spell a table and does not.
pub(super) fn table_wanted() -> String {
    let [wanted, example] = TABLE;
    in_toml(wanted, example)
}

impl<'r> Reader<'r> {
    pub(super) fn new(value: &Value, from: Source<'r>) -> Self {
        Self { value: value.clone(), path: Vec::new(), from }
    }

    /// Reads a value in this one.
    fn read_inner<'de, S: DeserializeSeed<'de>>(
        &self,
        name: String,
        value: Value,
        seed: S,
    ) -> Result<S::Value, Error> {
        let path = [self.path.as_slice(), &[name]].concat();
        let inner = Self { value, path: path.clone(), from: self.from };
        seed.deserialize(inner).map_err(|error| self.from.note(&path, error))
    }

    /// The full key.
    fn key(&self) -> String {
        let names = self.path.iter().map(String::as_str);
        let own = Some(self.from.key).filter(|key| !key.is_empty());
        own.into_iter().chain(names).collect::<Vec<_>>().join(".")
    }

    fn note(&self, error: Error) -> Error {
        self.from.note(&self.path, error)
    }

    /// The text of a variable or flag, which has no type of its own.
    fn untyped(&self) -> Option<&str> {
        let text = self.value.as_str()?;
        self.from.origins.is_override(&self.key()).then_some(text)
    }

    fn spelling(mut self, read: impl FnOnce(&str) -> Option<Value>) -> Self {
        if let Some(value) = self.untyped().and_then(read) {
            self.value = value;
        }
        self
    }

    /// The list or table that an untyped text has to spell.
    fn structured(mut self, [wanted, example]: [&str; 2]) -> Result<Self, Error> {
        if let Some(text) = self.untyped() {
            let is_wanted = |value: &Value| match wanted {
                "a list" => matches!(value, Value::Array(..)),
                _ => matches!(value, Value::Dict(..)),
            };
            // The text may be a secret: it is in no message.
            self.value = toml_value(text)
                .filter(is_wanted)
                .ok_or_else(|| self.note(Error::custom(in_toml(wanted, example))))?;
        }
        Ok(self)
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let read = match self.value {
            Value::Dict(_, ref dict) => {
                let entries = Entries::new(dict.clone(), &self);
                visitor.visit_map(entries)
            }
            Value::Array(_, ref list) => {
                let items = list.clone().into_iter().enumerate();
                visitor.visit_seq(Items { items, of: &self })
            }
            ref value => value.deserialize_any(visitor),
        };
        read.map_err(|error| self.note(error))
    }
}

/// What a text spells in TOML, if anything.
pub(super) fn toml_value(text: &str) -> Option<Value> {
    let parsed = toml::de::ValueDeserializer::parse(text.trim()).ok()?;
    <Value as Deserialize>::deserialize(parsed).ok()
}

fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    let whole = text.parse::<i64>().map(Num::I64).or_else(|_| text.parse::<u64>().map(Num::U64));
    let number = whole.ok().or_else(|| text.parse::<f64>().ok().map(Num::F64))?;
    Some(Value::Num(Tag::Default, number))
}

fn truth(text: &str) -> Option<Value> {
    text.trim().parse::<bool>().ok().map(|truth| Value::Bool(Tag::Default, truth))
}

macro_rules! read_as {
    ($spelled:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.spelling($spelled).visit(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Error;

    /// The type does not say what it wants, or takes several shapes: a text stays text, and is read again as what it spells in
    /// TOML only if the type refuses it.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.untyped().is_some() {
            self.from.unsure.borrow_mut().push(self.key());
        }
        self.visit(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.structured(LIST)?.visit(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, v: V) -> Result<V::Value, Error> {
        self.structured(LIST)?.visit(v)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.structured(LIST)?.visit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.structured(TABLE)?.visit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.structured(TABLE)?.visit(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let table = |text: &str| toml_value(text).filter(|value| matches!(value, Value::Dict(..)));
        let own = self.spelling(table);
        match own.value {
            Value::String(_, ref text) => {
                let word = Word::new(text, |error| own.note(error));
                visitor.visit_enum(word).map_err(|error| own.note(error))
            }
            Value::Dict(_, ref dict) => {
                let entries = Entries::new(dict.clone(), &own);
                let read = visitor.visit_enum(MapAccessDeserializer::new(entries));
                read.map_err(|error| own.note(error))
            }
            _ => own.visit(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Empty(..) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    read_as!(truth: deserialize_bool);
    read_as!(number: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64);

    serde::forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct ignored_any identifier
    }
}

/// The items of a list.
struct Items<'a, 'r> {
    items: Enumerate<vec::IntoIter<Value>>,
    of: &'a Reader<'r>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some((index, item)) = self.items.next() else { return Ok(None) };
        self.of.read_inner(index.to_string(), item, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of a table.
struct Entries<'a, 'r> {
    rest: btree_map::IntoIter<String, Value>,
    value: Option<(String, Value)>,
    of: &'a Reader<'r>,
}

impl<'a, 'r> Entries<'a, 'r> {
    fn new(dict: Dict, of: &'a Reader<'r>) -> Self {
        Self { rest: dict.into_iter(), value: None, of }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        let key = Word::new(&name, |error| self.of.note(error));
        self.value = Some((name, value));
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, value) =
            self.value.take().ok_or_else(|| Error::custom("a value without a key"))?;
        self.of.read_inner(name, value, seed)
    }
}
