//! Places in a JSON body, written as RFC 6901 has them: `/room/id`, `/events/0/type`.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Error, Map, Value};
use switchhook_api::Refusal;

use crate::sources::common::{Scalar, malformed};

/// Each step reads what is left of the body once more.
const STEPS_MAX: usize = 8;
const BYTES_MAX: usize = 256;

/// A place in a JSON body, below its top.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(super) struct Pointer(Vec<String>);

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("`{text}` is not a valid place in a body: {what}"));
        let Some(steps) = text.strip_prefix('/') else {
            return wrong("put a slash before each step, as in `/room/id`");
        };
        let steps: Vec<&str> = steps.split('/').collect();
        if steps.len() > STEPS_MAX || text.len() > BYTES_MAX {
            return wrong(&format!("it has more than {STEPS_MAX} steps or {BYTES_MAX} bytes"));
        }
        match steps.into_iter().map(unescaped).collect() {
            Some(steps) => Ok(Self(steps)),
            None => wrong("`~` must be followed by 0 (for `~` itself) or 1 (for `/`)"),
        }
    }
}

fn unescaped(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let rest = part.strip_prefix('0').map(|rest| ('~', rest));
        let (first, rest) = rest.or_else(|| Some(('/', part.strip_prefix('1')?)))?;
        plain.push(first);
        plain.push_str(rest);
    }
    Some(plain)
}

impl Pointer {
    /// What stands there in an object or list.
    pub(super) fn find<'a>(&self, text: &'a str) -> Result<Scalar<'a>, Refusal> {
        let (mut text, mut steps) = (text, self.0.iter());
        loop {
            let Some(step) = steps.next() else {
                return serde_json::from_str(text).map_err(|error| unreadable(&error));
            };
            match member(text, step).map_err(|error| unreadable(&error))? {
                Some(raw) => text = raw.get(),
                None => return Ok(Scalar::Absent),
            }
        }
    }

    /// Puts a value there; objects on the way that are missing are made.
    pub(super) fn put(&self, body: &mut Map<String, Value>, value: Value) -> Result<(), String> {
        let Some((last, way)) = self.0.split_last() else { return Ok(()) };
        let mut object = body;
        for step in way {
            let next = object.entry(step.clone()).or_insert_with(|| Value::Object(Map::new()));
            object = next.as_object_mut().ok_or_else(|| format!("`{step}` is not an object"))?;
        }
        object.insert(last.clone(), value);
        Ok(())
    }
}

/// Whether a text is one JSON object and nothing after it.
pub(super) fn check_object(text: &str) -> Result<(), Refusal> {
    if first_byte(text) != Some(b'{') {
        return Err(malformed("body_not_an_object"));
    }
    serde_json::from_str::<IgnoredAny>(text).map(|_| ()).map_err(|error| unreadable(&error))
}

fn unreadable(error: &Error) -> Refusal {
    let reason = match error.classify() {
        Category::Data => "duplicate_key",
        _ => "body_not_json",
    };
    malformed(reason).detail(error.to_string())
}

fn first_byte(text: &str) -> Option<u8> {
    text.trim_start_matches([' ', '\n', '\r', '\t']).bytes().next()
}

fn member<'a>(text: &'a str, step: &str) -> Result<Option<&'a RawValue>, Error> {
    let mut json = Deserializer::from_str(text);
    match first_byte(text) {
        Some(b'{') => json.deserialize_map(Member(step)),
        Some(b'[') => json.deserialize_seq(Member(step)),
        _ => Ok(None),
    }
}

/// Finds one member of an object or list.
struct Member<'s>(&'s str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(meant) = map.next_key_seed(IsKey(self.0))? {
            if !meant {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom(format_args!("the key `{}` twice", self.0)));
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        // An index has no leading zeros, so its text says all.
        let wanted = self.0.parse::<usize>().ok().filter(|index| index.to_string() == self.0);
        let mut index = 0;
        while Some(index) != wanted {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
            index += 1;
        }
        let found = list.next_element()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// Whether a key is the one that is meant.
struct IsKey<'s>(&'s str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
