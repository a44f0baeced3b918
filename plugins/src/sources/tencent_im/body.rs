//! The body: kept as bytes, read only for what identity, order and duplicates hang on.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;
use switchhook_core::{Refusal, RefusalKind};

const DEPTH_MAX: usize = 64;
const EVENTS_MAX: usize = 100;

/// The fields that matter here, of any command; everything else is skipped over.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "CallbackCommand")]
    pub(super) command: Scalar<'a>,
    #[serde(borrow)]
    pub(super) group_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) topic_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) room_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) call_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) battle_id: Scalar<'a>,
    #[serde(borrow, rename = "From_Account")]
    pub(super) from: Scalar<'a>,
    #[serde(borrow, rename = "To_Account")]
    pub(super) to: Scalar<'a>,
    #[serde(borrow, rename = "Peer_Account")]
    pub(super) peer: Scalar<'a>,
    #[serde(borrow, rename = "Report_Account")]
    pub(super) reporter: Scalar<'a>,
    #[serde(borrow, rename = "Operator_Account")]
    pub(super) operator: Scalar<'a>,
    #[serde(borrow, rename = "Official_Account")]
    pub(super) official: Scalar<'a>,
    #[serde(borrow)]
    pub(super) msg_key: Scalar<'a>,
    #[serde(borrow)]
    pub(super) msg_seq: Scalar<'a>,
    #[serde(borrow)]
    pub(super) random: Scalar<'a>,
    #[serde(borrow)]
    pub(super) send_msg_result: Scalar<'a>,
    #[serde(borrow)]
    pub(super) ctxcb_request_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) events: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) info: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) pair_list: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) room_info: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) call_info: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) call_record: Option<&'a RawValue>,
}

/// A value that is used as text. Ids are documented as text, but some samples have numbers above 2^53.
#[derive(Debug, Default)]
pub(super) enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    /// Anything that is neither text nor a whole number.
    Other,
}

impl Scalar<'_> {
    /// The text, if there is some.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// The body as text that is safe to parse.
pub(super) fn text(body: &[u8]) -> Result<&str, Refusal> {
    // The parser does not look into the strings that it skips, so UTF-8 is checked over the whole.
    let text = std::str::from_utf8(body).map_err(|_| malformed("body_not_utf8"))?;
    if too_deep(body) { Err(malformed("body_too_deep")) } else { Ok(text) }
}

/// Reads one object and nothing after it.
pub(super) fn read(text: &str) -> Result<Fields<'_>, Refusal> {
    if !text.trim_start_matches([' ', '\n', '\r', '\t']).starts_with('{') {
        return Err(malformed("body_not_an_object"));
    }
    serde_json::from_str(text).map_err(|error| match error.classify() {
        // Every field takes every type, so all that is left to be wrong is a key that stands there twice.
        Category::Data => malformed("duplicate_key").detail(error.to_string()),
        _ => malformed("body_not_json").detail(error.to_string()),
    })
}

/// The entries of a batch.
pub(super) fn batch(events: &RawValue) -> Result<Vec<&RawValue>, Refusal> {
    let events: Vec<&RawValue> =
        serde_json::from_str(events.get()).map_err(|_| malformed("events_not_a_list"))?;
    match events.len() {
        1..=EVENTS_MAX => Ok(events),
        count => Err(malformed("events_count").detail(count.to_string())),
    }
}

pub(super) fn malformed(reason: &'static str) -> Refusal {
    Refusal::new(RefusalKind::Malformed, reason)
}

/// Whether brackets nest deeper than allowed. Fewer brackets than that cannot, which settles nearly every body.
fn too_deep(body: &[u8]) -> bool {
    let opens = |byte: u8| byte | 0x20 == b'{'; // and `[`, one bit away
    // Counted in bytes over short pieces, which the compiler turns into vector instructions.
    let count = |piece: &[u8]| piece.iter().map(|byte| u8::from(opens(*byte))).sum::<u8>();
    if body.chunks(255).map(|piece| usize::from(count(piece))).sum::<usize>() <= DEPTH_MAX {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for &byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ if opens(byte) => depth += 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}
