//! How typed events meet the wire: read leniently, written out again as they came.
//!
//! A number may be text and the other way round, a list may be its only item, a field may be missing, empty or `null`. What a
//! typed field cannot hold exactly stays beside it in `other`, and is what is written out again unless the field was changed.

use jiff::Timestamp;
use serde_json::Value;
use switchhook_api::{FieldKind, FieldSpec, Map};

/// A type that a field of an event may have.
pub(super) trait Wire: Sized + PartialEq {
    /// What it holds, for people.
    const KIND: FieldKind;

    /// The best reading of a value; none where it says nothing of this kind.
    fn read(value: &Value) -> Option<Self>;

    /// The value in its plain spelling.
    fn write(&self) -> Value;

    /// What it says, without what only keeps the spelling.
    #[cfg(test)]
    fn plain(self) -> Self {
        self
    }
}

/// Takes a field out of an object, or leaves it there where its spelling would be lost.
pub(super) fn take<T: Wire>(object: &mut Map, name: &str) -> Option<T> {
    let value = object.get(name)?;
    let typed = T::read(value)?;
    if typed.write() == *value {
        object.remove(name);
    }
    Some(typed)
}

/// Puts a field back, in the spelling that it had if it still says the same.
pub(super) fn put<T: Wire>(object: &mut Map, name: &str, typed: Option<&T>) {
    let spelt = object.get(name).and_then(T::read);
    match typed {
        Some(typed) if spelt.as_ref() == Some(typed) => {}
        Some(typed) => {
            object.insert(name.to_owned(), typed.write());
        }
        None if spelt.is_some() => {
            object.remove(name);
        }
        None => {}
    }
}

impl Wire for String {
    const KIND: FieldKind = FieldKind::Text;

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Wire for i64 {
    const KIND: FieldKind = FieldKind::Integer;

    fn read(value: &Value) -> Option<Self> {
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Wire for bool {
    const KIND: FieldKind = FieldKind::Boolean;

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Value::Number(number) if number.as_u64() == Some(0) => Some(false),
            Value::Number(number) if number.as_u64() == Some(1) => Some(true),
            _ => None,
        }
    }

    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Wire for Value {
    const KIND: FieldKind = FieldKind::Any;

    fn read(value: &Value) -> Option<Self> {
        Some(value.clone())
    }

    fn write(&self) -> Value {
        self.clone()
    }
}

impl Wire for Map {
    const KIND: FieldKind = FieldKind::Object(&[]);

    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }

    fn write(&self) -> Value {
        Value::Object(self.clone())
    }
}

impl<T: Wire + 'static> Wire for Vec<T> {
    const KIND: FieldKind = FieldKind::List(&T::KIND);

    /// Items of another kind are passed over. What is no list is its only item.
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(T::read).collect()),
            Value::String(text) if text.is_empty() => None,
            one => Some(vec![T::read(one)?]),
        }
    }

    fn write(&self) -> Value {
        self.iter().map(T::write).collect()
    }

    #[cfg(test)]
    fn plain(self) -> Self {
        self.into_iter().map(T::plain).collect()
    }
}

/// A time in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Milliseconds(pub i64);

/// A time in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub i64);

impl Milliseconds {
    /// The time; none where it lies outside of what a calendar holds.
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.0).ok()
    }
}

impl Seconds {
    /// The time; none where it lies outside of what a calendar holds.
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_second(self.0).ok()
    }
}

impl Wire for Milliseconds {
    const KIND: FieldKind = FieldKind::Milliseconds;

    fn read(value: &Value) -> Option<Self> {
        i64::read(value).map(Self)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Wire for Seconds {
    const KIND: FieldKind = FieldKind::Seconds;

    fn read(value: &Value) -> Option<Self> {
        i64::read(value).map(Self)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

/// The documented fields of an object.
pub(super) trait Fields {
    /// Each of them.
    const FIELDS: &'static [FieldSpec];
}

/// Declares an object of the wire: `name: Type = "Name", when it is there [, personal];` for each field.
macro_rules! object {
    (
        $(#[doc = $about:literal])+
        $object:ident {
            $($(#[doc = $what:literal])+ $field:ident: $type:ty = $name:literal, $presence:ident $(, $mark:ident)?;)*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $object {
            $(
                $(#[doc = $what])+
                pub $field: Option<$type>,
            )*
            /// Everything else, and the spelling of what is spelt in an unusual way.
            pub other: switchhook_api::Map,
        }

        impl From<switchhook_api::Map> for $object {
            fn from(mut other: switchhook_api::Map) -> Self {
                Self {
                    $($field: $crate::sources::tencent_im::wire::take(&mut other, $name),)*
                    other,
                }
            }
        }

        impl From<$object> for switchhook_api::Map {
            fn from(object: $object) -> Self {
                let mut all = object.other;
                $($crate::sources::tencent_im::wire::put(&mut all, $name, object.$field.as_ref());)*
                all
            }
        }

        impl $crate::sources::tencent_im::wire::Fields for $object {
            const FIELDS: &'static [switchhook_api::FieldSpec] = &[$(
                switchhook_api::FieldSpec::new(
                    $name,
                    <$type as $crate::sources::tencent_im::wire::Wire>::KIND,
                    concat!($($what),+),
                )
                .presence($crate::sources::tencent_im::wire::presence::$presence)
                $(.$mark())?,
            )*];
        }

        impl $crate::sources::tencent_im::wire::Wire for $object {
            const KIND: switchhook_api::FieldKind = switchhook_api::FieldKind::Object(
                <Self as $crate::sources::tencent_im::wire::Fields>::FIELDS,
            );

            fn read(value: &serde_json::Value) -> Option<Self> {
                value.as_object().cloned().map(Self::from)
            }

            fn write(&self) -> serde_json::Value {
                serde_json::Value::Object(self.clone().into())
            }

            #[cfg(test)]
            fn plain(self) -> Self {
                Self {
                    $($field: self.$field.map($crate::sources::tencent_im::wire::Wire::plain),)*
                    other: switchhook_api::Map::new(),
                }
            }
        }

        impl serde::Serialize for $object {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                switchhook_api::Map::from(self.clone()).serialize(to)
            }
        }

        impl<'de> serde::Deserialize<'de> for $object {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                switchhook_api::Map::deserialize(from).map(Self::from)
            }
        }
    };
}
pub(super) use object;

/// The words of a declaration.
#[allow(non_upper_case_globals, reason = "they are words of a declaration")]
pub(super) mod presence {
    use switchhook_api::Presence;

    pub(crate) const always: Presence = Presence::Always;
    pub(crate) const sometimes: Presence = Presence::Sometimes;
    pub(crate) const undocumented: Presence = Presence::Undocumented;
}
