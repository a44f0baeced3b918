//! Bodies as text that is safe to parse, and values that are used as text.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{self, IgnoredAny};
use serde::{Deserialize, Deserializer};
use switchhook_api::{Refusal, RefusalKind, lenient};

const DEPTH_MAX: usize = 64;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A body that is safe to parse.
#[derive(Clone, Copy)]
pub(in crate::sources) struct Body<'a> {
    /// The text to read.
    pub(in crate::sources) text: &'a str,
    /// As it came, without a byte order mark.
    pub(in crate::sources) bytes: &'a Bytes,
    /// False where the text has U+FFFD in place of halves of surrogate pairs: then two texts that differ may look alike.
    pub(in crate::sources) exact: bool,
}

impl Body<'_> {
    /// What a part of the text is in the body as it came.
    pub(in crate::sources) fn part(&self, part: &str) -> Bytes {
        let start = part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        // Whatever the text is, it is as long as the body.
        self.bytes.slice(start..start + part.len())
    }
}

/// Reads a body. One that cannot be read for halves of surrogate pairs alone is read with U+FFFD in their place.
pub(in crate::sources) fn read<T>(
    body: &Bytes,
    read: impl Fn(Body<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let bytes = &without_mark(body);
    let text = text(bytes)?;
    let refusal = match read(Body { text, bytes, exact: true }) {
        Err(refusal) => refusal,
        done => return done,
    };
    match lenient::mended(bytes).and_then(|copy| String::from_utf8(copy).ok()) {
        Some(text) => read(Body { text: &text, bytes, exact: false }),
        None => Err(refusal),
    }
}

/// The JSON itself. A byte order mark says nothing that UTF-8 does not say, and no handler or target should meet it.
fn without_mark(body: &Bytes) -> Bytes {
    let mut rest: &[u8] = body;
    while let Some(unmarked) = rest.strip_prefix(BYTE_ORDER_MARK) {
        rest = unmarked;
    }
    body.slice(body.len() - rest.len()..)
}

/// The body as text that is safe to parse.
fn text(body: &[u8]) -> Result<&str, Refusal> {
    // The parser does not look into the strings that it skips, so UTF-8 is checked over the whole.
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        malformed("body_not_utf8").detail(format!("the byte at {at} is not UTF-8"))
    })?;
    if too_deep(body) { Err(malformed("body_too_deep")) } else { Ok(text) }
}

/// A value that is used as text. Ids are documented as text, but some samples have numbers above 2^53.
#[derive(Debug, Default)]
pub(in crate::sources) enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    /// Anything that is neither text nor a whole number.
    Other,
}

impl Scalar<'_> {
    /// The text, if there is some.
    pub(in crate::sources) fn text(&self) -> Option<&str> {
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

pub(in crate::sources) fn malformed(reason: &'static str) -> Refusal {
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
