//! One table of the configuration, read into a type, with every mistake in it found in one go.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use figment::error::{Actual, Kind};
use figment::value::{Dict, Num, Tag, Value};
use serde::de::DeserializeOwned;

use super::mistake::{Mistake, Place, hint, listed};

/// Where the values of a configuration were given.
#[derive(Debug, Default)]
pub(super) struct Origins {
    /// The file's path as it was given.
    pub(super) path: String,
    /// The line of each key of the file, by full key.
    pub(super) lines: HashMap<String, usize>,
    /// The variable that set a key, by full key.
    pub(super) variables: HashMap<String, String>,
    /// Keys set on the command line.
    pub(super) flags: Vec<String>,
}

impl Origins {
    /// Where a key was given, or failing that something in it, or the nearest table around it.
    pub(super) fn place(&self, key: &str) -> Place {
        let in_file = |key: &str| {
            let line = self.lines.get(key)?;
            Some(Place::File { path: self.path.clone(), line: *line })
        };
        // A list that the file has too lies over the file's one, whose lines mean nothing then.
        let over = upwards(key).find_map(|key| self.over_file(key));
        let own = || upwards(key).find_map(|key| in_file(key).or_else(|| self.within(key)));
        over.or_else(own).unwrap_or(Place::File { path: self.path.clone(), line: 1 })
    }

    fn over_file(&self, key: &str) -> Option<Place> {
        if self.flags.iter().any(|flag| flag == key) {
            return Some(Place::Flag);
        }
        self.variables.get(key).map(|name| Place::Variable(name.clone()))
    }

    /// A table that stands in no file is there because a variable or flag sets something in it.
    fn within(&self, key: &str) -> Option<Place> {
        let inside =
            |other: &&String| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        let name = self.variables.iter().filter(|(other, _)| inside(other)).map(|(_, name)| name);
        let variable = name.min().map(|name| Place::Variable(name.clone()));
        variable.or_else(|| self.flags.iter().find(inside).map(|_| Place::Flag))
    }

    /// Whether the value at a key, or around it, came as text because variables and flags have nothing else.
    fn came_as_text(&self, key: &str) -> bool {
        upwards(key).any(|key| self.over_file(key).is_some())
    }
}

/// A key, the table around it, and so on.
fn upwards(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |key| key.rsplit_once('.').map(|(parent, _)| parent))
}

/// One table of the configuration and where it stands.
#[derive(Clone, Debug)]
pub struct Section {
    pub(super) value: Value,
    pub(super) key: String,
    pub(super) origins: Arc<Origins>,
}

/// A table with more mistakes than this needs another look anyway.
const MISTAKES_MAX: usize = 50;

/// What has come to light while a table is read again and again.
#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
    /// Wrong values, removed; what is required will be called missing.
    taken_out: Vec<Vec<String>>,
    /// Texts that were read as what they spell.
    retyped: Vec<Vec<String>>,
    /// Missing keys and which filler stands there.
    fillers: Vec<(Vec<String>, usize)>,
}

impl Section {
    /// A table of its own, as tests of plugins need it.
    ///
    /// # Errors
    /// The text is no TOML.
    pub fn parse(key: &str, toml: &str) -> Result<Self, Vec<Mistake>> {
        super::load::section(key, toml)
    }

    /// Reads the table as a `T`.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Mistake>> {
        let mut value = self.value.clone();
        let mut found = Found::default();
        while found.mistakes.len() < MISTAKES_MAX {
            match value.deserialize::<T>().map_err(|error| spelled::<T>(error, &value)) {
                Ok(read) if found.mistakes.is_empty() => return Ok(read),
                Err(error) if self.go_on(&error, &mut value, &mut found) => {}
                Ok(_) | Err(_) => break,
            }
        }
        found.mistakes.sort();
        Err(found.mistakes)
    }

    /// Notes what is wrong and mends it, so that the next mistake comes to light; false when that cannot be.
    fn go_on(&self, error: &figment::Error, value: &mut Value, found: &mut Found) -> bool {
        let path = path_of(error);
        if let Some((filled, next)) =
            found.fillers.iter_mut().find(|(own, _)| path.starts_with(own))
        {
            *next += 1;
            return fill(value, filled, *next);
        }
        let key = path.join(".");
        // A variable is text; where the option is not, it is read as the option's type.
        if self.origins.came_as_text(&self.full(&key))
            && !found.retyped.contains(&path)
            && retype(value, &path)
        {
            found.retyped.push(path);
            return true;
        }
        if matches!(error.kind, Kind::MissingField(_)) {
            if !found.taken_out.contains(&path) {
                found.mistakes.push(self.mistake(&key, describe(&error.kind)));
            }
            let filled = fill(value, &path, 0);
            found.fillers.push((path, 0));
            return filled;
        }
        // A table that is refused as a whole may be so for what was filled in.
        if found.fillers.iter().any(|(filled, _)| filled.starts_with(&path)) {
            return false;
        }
        found.mistakes.push(self.mistake(&key, describe(&error.kind)));
        let taken = !path.is_empty() && take_out(value, &path);
        found.taken_out.push(path);
        taken
    }

    /// A mistake at a key of this table; an empty key means the table itself.
    pub fn mistake(&self, key: &str, message: impl Into<String>) -> Mistake {
        let key = self.full(key);
        Mistake { place: self.origins.place(&key), key, message: message.into() }
    }

    /// The tables in this table, by name.
    pub(super) fn children(&self) -> impl Iterator<Item = (&str, Section)> {
        let dict = self.value.as_dict();
        dict.into_iter().flatten().map(|(name, value)| {
            (
                name.as_str(),
                Section {
                    value: value.clone(),
                    key: self.full(name),
                    origins: self.origins.clone(),
                },
            )
        })
    }

    /// One table in this table; an empty one if it is not there.
    pub(super) fn child(&self, name: &str) -> Section {
        let value = self.value.as_dict().and_then(|dict| dict.get(name)).cloned();
        let value = value.unwrap_or(Value::Dict(Tag::Default, Dict::new()));
        Section { value, key: self.full(name), origins: self.origins.clone() }
    }

    /// The same table without its values: good for naming places in it.
    pub(super) fn bare(&self) -> Section {
        let value = Value::Dict(Tag::Default, Dict::new());
        Section { value, key: self.key.clone(), origins: self.origins.clone() }
    }

    /// A text in this table.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value.as_dict()?.get(name)?.as_str().map(str::to_owned)
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.as_dict().is_some()
    }

    fn full(&self, key: &str) -> String {
        match (self.key.as_str(), key) {
            ("", key) => key.to_owned(),
            (own, "") => own.to_owned(),
            (own, key) => format!("{own}.{key}"),
        }
    }
}

/// The error with the words that would do in place of an enum's name from Rust.
fn spelled<T: DeserializeOwned>(mut error: figment::Error, value: &Value) -> figment::Error {
    let figment::Error { kind, path, .. } = &mut error;
    if let Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) = kind
        && wanted.starts_with("enum ")
        && let Some(words) = words::<T>(value, path)
    {
        *wanted = format!("one of {}", listed(words.iter().copied()));
    }
    error
}

/// The words that may stand at a path: an unknown one is refused with a list of them.
fn words<T: DeserializeOwned>(value: &Value, path: &[String]) -> Option<&'static [&'static str]> {
    let mut value = value.clone();
    *find(&mut value, path)? = Value::String(Tag::Default, "\0".to_owned());
    let error = value.deserialize::<T>().err()?;
    match error.kind {
        Kind::UnknownVariant(_, words) if error.path == path => Some(words),
        _ => None,
    }
}

/// The path to what is wrong, below the table: for unknown and missing keys, with the key itself.
fn path_of(error: &figment::Error) -> Vec<String> {
    let mut path = error.path.clone();
    let name = match &error.kind {
        Kind::UnknownField(name, _) => Some(name.as_str()),
        Kind::MissingField(name) => Some(&**name),
        _ => None,
    };
    if let Some(name) = name
        && path.last().is_none_or(|last| last != name)
    {
        path.push(name.to_owned());
    }
    path
}

fn describe(kind: &Kind) -> String {
    match kind {
        Kind::UnknownField(name, []) => format!("unknown key `{name}`; there is none to set here"),
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

/// Puts a value where one is missing, of another kind each time; false when there are no more kinds.
fn fill(value: &mut Value, path: &[String], filler: usize) -> bool {
    let tag = Tag::Default;
    let filler = match filler {
        0 => Value::String(tag, String::new()),
        1 => Value::Num(tag, Num::I64(0)),
        2 => Value::Bool(tag, false),
        3 => Value::Array(tag, Vec::new()),
        4 => Value::Dict(tag, Dict::new()),
        _ => return false,
    };
    let Some((last, parents)) = path.split_last() else { return false };
    match find(value, parents) {
        Some(Value::Dict(_, dict)) => {
            dict.insert(last.clone(), filler);
            true
        }
        _ => false,
    }
}

/// Turns the text at a path into the number or truth value that it spells; false if it spells none.
fn retype(value: &mut Value, path: &[String]) -> bool {
    let Some(place) = find(value, path) else { return false };
    let Value::String(tag, text) = &*place else { return false };
    let (tag, text) = (*tag, text.trim());
    let typed = if let Ok(truth) = text.parse::<bool>() {
        Value::Bool(tag, truth)
    } else if let Ok(whole) = text.parse::<i64>() {
        Value::Num(tag, Num::I64(whole))
    } else if let Ok(real) = text.parse::<f64>() {
        Value::Num(tag, Num::F64(real))
    } else if let Some(list) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let items = list
            .split(',')
            .map(|item| item.trim().trim_matches('"'))
            .filter(|item| !item.is_empty());
        Value::Array(tag, items.map(|item| Value::String(tag, item.to_owned())).collect())
    } else {
        return false;
    };
    *place = typed;
    true
}

fn find<'v>(value: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::Dict(_, dict) => dict.get_mut(name),
        Value::Array(_, list) => list.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn take_out(value: &mut Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    match find(value, parents) {
        Some(Value::Dict(_, dict)) => dict.remove(last).is_some(),
        // Without its place the others would move up and be named wrongly: the whole list goes.
        Some(Value::Array(..)) => take_out(value, parents),
        _ => false,
    }
}
