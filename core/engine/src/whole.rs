//! Whole numbers within limits.

use std::fmt;

use serde::{Deserializer, de};

/// A whole number within limits; a message names them whatever is wrong.
pub(crate) fn whole<'de, const LEAST: u32, const MOST: u32, T, D>(from: D) -> Result<T, D::Error>
where
    T: TryFrom<u32>,
    D: Deserializer<'de>,
{
    struct Visitor<const LEAST: u32, const MOST: u32>;
    impl<const LEAST: u32, const MOST: u32> de::Visitor<'_> for Visitor<LEAST, MOST> {
        type Value = u32;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number from {LEAST} to {MOST}")
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<u32, E> {
            let within = u32::try_from(number).ok().filter(|one| (LEAST..=MOST).contains(one));
            within.ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u32, E> {
            let within = u32::try_from(number).ok().filter(|one| (LEAST..=MOST).contains(one));
            within.ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
        }
    }
    let number = from.deserialize_u32(Visitor::<LEAST, MOST>)?;
    T::try_from(number).map_err(|_| de::Error::custom("the number is too large for this machine"))
}
