//! Values as people write them: durations, sizes, secrets, paths.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SpanRelativeTo;
use jiff::fmt::friendly::SpanParser;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration such as `"1500ms"`, `"10s"`, `"1h30m"` or `"30d"`; a day has 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

impl HumanDuration {
    /// A number of seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// Durations are added to times; past this the sum might not be one.
const LONGEST: Duration = Duration::from_hours(87_840);

impl FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match in_hours(text).or_else(|| in_days(text)) {
            Some(duration) if duration <= LONGEST => Ok(Self(duration)),
            Some(_) => Err(format!("`{text}` is longer than {} hours", LONGEST.as_secs() / 3600)),
            None => Err(format!(
                "`{text}` is not a valid duration; write one like \"1500ms\", \"10s\" or \"1h30m\""
            )),
        }
    }
}

fn in_hours(text: &str) -> Option<Duration> {
    SpanParser::new().parse_unsigned_duration(text).ok()
}

fn in_days(text: &str) -> Option<Duration> {
    let span = SpanParser::new().parse_span(text).ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&jiff::fmt::friendly::SpanPrinter::new().unsigned_duration_to_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a duration like \"1500ms\", \"10s\" or \"1h30m\"")
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A number of bytes such as `"64 KiB"` (1024 each) or `"64 KB"` (1000 each).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// As a count in memory.
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A bare number is more often meant in some other unit; nothing is nothing in each.
        let bare = text.trim().parse::<f64>().is_ok_and(|number| number != 0.0);
        let parsed = text.parse::<bytesize::ByteSize>().ok().filter(|_| !bare);
        parsed.map(|size| Self(size.0)).ok_or_else(|| {
            format!("`{text}` is not a valid size; write one like \"64 KiB\" or \"1 MiB\"")
        })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bytesize::ByteSize(self.0).to_string();
        f.write_str(&text.replacen(".0 ", " ", 1))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a size like \"64 KiB\" or \"1 MiB\"")
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A secret: never printed, not even by `Debug`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Its text. Whoever calls this sees to it that it goes no further.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A wrong type would be quoted in the error, so anything is taken and looked at here.
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) if text.is_empty() => {
                Err(de::Error::custom("a secret cannot be empty"))
            }
            serde_json::Value::String(text) => Ok(Self(text.into())),
            _ => Err(de::Error::custom("a secret must be text in quotes")),
        }
    }
}

/// A text that may be written as a whole number too, such as an application id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextOrInteger(pub String);

impl<'de> Deserialize<'de> for TextOrInteger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = TextOrInteger;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a whole number")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<TextOrInteger, E> {
                Ok(TextOrInteger(v.to_owned()))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<TextOrInteger, E> {
                Ok(TextOrInteger(v.to_string()))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<TextOrInteger, E> {
                Ok(TextOrInteger(v.to_string()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

macro_rules! schemas {
    ($($type:ident: $schema:tt),* $(,)?) => {
        $(impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })*
    };
}

// The formats are for people: `switchhook plugins` tells by them how such a text is written.
schemas! {
    HumanDuration: { "type": "string", "format": "duration" },
    ByteSize: { "type": "string", "format": "size" },
    Secret: { "type": "string", "format": "secret" },
    TextOrInteger: { "type": ["string", "integer"] },
}

fn from_text<'de, T, D>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    T: FromStr<Err = String>,
    D: Deserializer<'de>,
{
    struct Visitor<T>(&'static str, std::marker::PhantomData<T>);
    impl<T: FromStr<Err = String>> de::Visitor<'_> for Visitor<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Visitor(expected, std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_as_people_write_them() {
        let period = |text: &str| text.parse::<HumanDuration>().map(|p| p.0.as_millis());
        assert_eq!(period("1500ms"), Ok(1500));
        assert_eq!(period("1h30m"), Ok(5_400_000));
        assert_eq!(period("30d"), Ok(2_592_000_000));
        assert_eq!(period("1w 12h"), Ok(648_000_000));
        assert!(period("-1s").is_err());
        assert!(period("-1d").is_err());
        assert!(period("1d ago").is_err());
        assert!(period("1mo").is_err(), "not always as long");
        assert!(period("3661d").is_err() && period("999999999999w").is_err());
        assert!(period("87600h").is_ok());
        assert!(period("5000000000000000h").is_err(), "no time is so far away");
        assert!(period("5").is_err());
        let size = |text: &str| text.parse::<ByteSize>().map(|s| s.0);
        assert_eq!(size("64 KiB"), Ok(65_536));
        assert_eq!(size("1MB"), Ok(1_000_000));
        assert!(size("much").is_err());
        assert!(size("7").is_err() && size("1.5").is_err(), "of what?");
        assert_eq!((size("0"), size("7 B")), (Ok(0), Ok(7)));
        assert_eq!(ByteSize(16 << 20).to_string(), "16 MiB");
        assert_eq!(ByteSize(3 << 19).to_string(), "1.5 MiB");
    }
}
