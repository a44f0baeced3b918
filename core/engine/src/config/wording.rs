//! The words for what is wrong with a value.

use std::fmt::Write as _;

use figment::error::{Actual, Kind};

use super::report::{hint, listed};

/// What is wrong, in words that need no Rust.
pub(super) fn describe(kind: &Kind) -> String {
    match kind {
        Kind::UnknownField(name, []) => format!("unknown key `{name}`; no key can be set here"),
        Kind::UnknownField(name, known) => {
            let hint = hint(name, known.iter().copied());
            format!("unknown key{hint}; known keys: {}", listed(known.iter().copied()))
        }
        Kind::MissingField(_) => "missing; this key is required".to_owned(),
        Kind::UnknownVariant(found, known) => {
            let hint = hint(found, known.iter().copied());
            format!("found `{found}`{hint}; expected one of {}", listed(known.iter().copied()))
        }
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
            mismatch(found, &expected(wanted))
        }
        Kind::InvalidLength(found, wanted) => {
            format!("found {found} values, expected {}", expected(wanted))
        }
        Kind::Message(text) if text == "invalid socket address syntax" => {
            format!("expected {ADDRESS}")
        }
        Kind::Message(text) => text.clone(),
        other => {
            let mut text = String::new();
            _ = write!(text, "{other}");
            text
        }
    }
}

fn mismatch(found: &Actual, wanted: &str) -> String {
    match found {
        Actual::Unsigned(n) if wanted.contains("number") => format!("found {n}, expected {wanted}"),
        Actual::Signed(n) if wanted.contains("number") => format!("found {n}, expected {wanted}"),
        found => format!("found {}, expected {wanted}", found_in_words(found)),
    }
}

/// What was found is not repeated, unless a number stands for a number: a secret may have slipped into the wrong option.
fn found_in_words(found: &Actual) -> String {
    match found {
        Actual::Bool(truth) => truth.to_string(),
        Actual::Unsigned(_) | Actual::Signed(_) => "a whole number".to_owned(),
        Actual::Float(_) => "a number".to_owned(),
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "text".to_owned(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

const ADDRESS: &str = "an IP address and a port such as \"127.0.0.1:8080\"";

/// What serde calls by names from Rust.
fn expected(wanted: &str) -> String {
    let whole = |least: &dyn std::fmt::Display, most: &dyn std::fmt::Display| {
        format!("a whole number from {least} to {most}")
    };
    match wanted {
        "a string" | "string" | "str" | "path string" => "text in quotes".to_owned(),
        "a boolean" | "bool" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "socket address" => ADDRESS.to_owned(),
        "u8" => whole(&u8::MIN, &u8::MAX),
        "u16" => whole(&u16::MIN, &u16::MAX),
        "u32" => whole(&u32::MIN, &u32::MAX),
        "i32" => whole(&i32::MIN, &i32::MAX),
        "u64" | "usize" => "a whole number from 0".to_owned(),
        "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}
