//! What a body says, borrowed from it: this is the hot path, and the typed events copy everything and keep what is unknown.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// The details in the body of either command; both say the same things.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Details<'a> {
    #[serde(default, rename = "GroupId")]
    pub(super) group: Said<'a>,
    #[serde(default, rename = "TopicId")]
    pub(super) topic: Said<'a>,
    #[serde(default, rename = "Operator_Account")]
    pub(super) operator: Said<'a>,
    #[serde(default, rename = "Name")]
    pub(super) name: Said<'a>,
    #[serde(default, rename = "Introduction")]
    pub(super) introduction: Said<'a>,
    #[serde(default, rename = "Notification")]
    pub(super) notification: Said<'a>,
    #[serde(default, rename = "FaceUrl")]
    pub(super) face_url: Said<'a>,
}

/// A text, or nothing; `null` counts as nothing.
#[derive(Default)]
pub(super) struct Said<'a>(Option<Cow<'a, str>>);

impl Said<'_> {
    /// The text, which may be empty: a field that was cleared.
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The id, if there is one: an empty one is none.
    pub(super) fn id(&self) -> Option<&str> {
        self.text().filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Said<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_none<E>(self) -> Result<Said<'de>, E> {
        Ok(Said(None))
    }

    fn visit_unit<E>(self) -> Result<Said<'de>, E> {
        Ok(Said(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Said<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Said<'de>, E> {
        Ok(Said(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Said<'de>, E> {
        Ok(Said(Some(Cow::Owned(text.to_owned()))))
    }
}
