//! What a body says, borrowed from it: this is a busy path, and the typed events copy everything and keep what is unknown.
//!
//! As in the typed events a number counts as its text. Whatever else stands in place of a text says nothing that could be used,
//! but it is passed on as it came, and so is a value that a later one of the same key replaces.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;
use switchhook_api::lenient;

/// The details in the body of either command; both say the same things.
#[derive(Default)]
pub(super) struct Details<'a> {
    pub(super) group: Said<'a>,
    pub(super) topic: Said<'a>,
    pub(super) operator: Said<'a>,
    pub(super) name: Said<'a>,
    pub(super) introduction: Said<'a>,
    pub(super) notification: Said<'a>,
    pub(super) face_url: Said<'a>,
    replaced: Vec<Unexpected<'a>>,
}

/// A value that is not what its field is documented to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Unexpected<'a> {
    field: &'static str,
    /// The JSON, as it came.
    value: &'a str,
}

const KEYS: [&str; 7] =
    ["GroupId", "TopicId", "Operator_Account", "Name", "Introduction", "Notification", "FaceUrl"];

impl<'a> Details<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// It is not one JSON object.
    pub(super) fn read(body: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(body)
    }

    fn each(&self) -> [&Said<'a>; 7] {
        let Self { group, topic, operator, name, introduction, notification, face_url, .. } = self;
        [group, topic, operator, name, introduction, notification, face_url]
    }

    fn field(&mut self, key: &str) -> Option<(&'static str, &mut Said<'a>)> {
        let Self { group, topic, operator, name, introduction, notification, face_url, .. } = self;
        let fields = [group, topic, operator, name, introduction, notification, face_url];
        KEYS.into_iter().zip(fields).find(|(known, _)| *known == key)
    }

    /// What is not as documented: values that are no text, and those that were replaced. `null` is not among them: it is
    /// passed on as `null`.
    pub(super) fn unexpected(&self) -> Vec<Unexpected<'a>> {
        let odd = |(field, said): (&'static str, &Said<'a>)| {
            said.raw.filter(|_| said.odd).map(|raw| Unexpected { field, value: raw.get() })
        };
        let odd = KEYS.into_iter().zip(self.each()).filter_map(odd);
        self.replaced.iter().copied().chain(odd).collect()
    }
}

/// What stands in a field.
#[derive(Clone, Default)]
pub(super) struct Said<'a> {
    /// The value as it came; none where the field is not there.
    raw: Option<&'a RawValue>,
    text: Option<Cow<'a, str>>,
    /// Whether it is neither a text nor `null`.
    odd: bool,
}

impl<'a> Said<'a> {
    fn of(raw: &'a RawValue) -> Self {
        let json = raw.get();
        let (text, odd) = match json.as_bytes().first() {
            Some(b'"') => quoted(json),
            Some(b'0'..=b'9' | b'-') => (Some(Cow::Borrowed(json)), true),
            Some(b'n') => (None, false),
            _ => (None, true),
        };
        Self { raw: Some(raw), text, odd }
    }

    /// Whether the field is in the body, whatever stands there.
    pub(super) fn is_there(&self) -> bool {
        self.raw.is_some()
    }

    /// Whether something stands there that has no reading as a text.
    pub(super) fn is_unreadable(&self) -> bool {
        self.odd && self.text.is_none()
    }

    /// The text, which may be empty: a field that was cleared.
    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The id, if there is one: an empty one is none.
    pub(super) fn id(&self) -> Option<&str> {
        self.text().filter(|text| !text.is_empty())
    }
}

/// A text, and whether it was cut in the middle of a character: then it ends or begins with half of a surrogate pair.
fn quoted(json: &str) -> (Option<Cow<'_, str>>, bool) {
    let plain = json.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    if let Some(text) = plain.filter(|text| !text.contains('\\')) {
        return (Some(Cow::Borrowed(text)), false); // nothing in it stands for something else
    }
    if let Ok(text) = serde_json::from_str(json) {
        return (Some(Cow::Owned(text)), false);
    }
    (lenient::read(json.as_bytes(), &mut Vec::new()).ok().map(Cow::Owned), true)
}

impl<'de: 'a, 'a> Deserialize<'de> for Details<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DetailsVisitor)
    }
}

struct DetailsVisitor;

impl<'de> Visitor<'de> for DetailsVisitor {
    type Value = Details<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Details<'de>, A::Error> {
        let mut details = Details::default();
        while let Some(key) = map.next_key_seed(KnownKey)? {
            let raw: &RawValue = map.next_value()?;
            let Some((field, said)) = key.and_then(|key| details.field(key)) else { continue };
            // Of a key that stands twice the last counts, as in the typed events.
            if let Some(before) = std::mem::replace(said, Said::of(raw)).raw {
                details.replaced.push(Unexpected { field, value: before.get() });
            }
        }
        Ok(details)
    }
}

/// One of the known keys. Read as bytes, for a key that is not known may hold half of a surrogate pair.
struct KnownKey;

impl<'de> DeserializeSeed<'de> for KnownKey {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_bytes(self)
    }
}

impl Visitor<'_> for KnownKey {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E: de::Error>(self, key: &[u8]) -> Result<Self::Value, E> {
        Ok(KEYS.into_iter().find(|known| known.as_bytes() == key))
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        self.visit_bytes(key.as_bytes())
    }
}
