//! One table of the configuration, read into a type, with every mistake in it found in one go.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use figment::error::Kind;
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
    /// Where a key was given, or failing that the nearest table around it.
    pub(super) fn place(&self, key: &str) -> Place {
        if self.flags.iter().any(|flag| flag == key) {
            return Place::Flag;
        }
        let mut key = key;
        loop {
            if let Some(name) = self.variables.get(key) {
                return Place::Variable(name.clone());
            }
            if let Some(line) = self.lines.get(key) {
                return Place::File { path: self.path.clone(), line: *line };
            }
            match key.rsplit_once('.') {
                Some((parent, _)) => key = parent,
                None => return Place::File { path: self.path.clone(), line: 1 },
            }
        }
    }
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
        let mut mistakes = Vec::new();
        let mut taken_out: Vec<String> = Vec::new();
        let mut retyped: Vec<String> = Vec::new();
        while mistakes.len() < MISTAKES_MAX {
            let error = match value.deserialize::<T>() {
                Ok(read) if mistakes.is_empty() => return Ok(read),
                Ok(_) => break,
                Err(error) => error,
            };
            let path = path_of(&error);
            let key = path.join(".");
            // A variable is text; where the option is not, it is read as the option's type.
            if self.origins.variables.contains_key(&self.full(&key))
                && !retyped.contains(&key)
                && retype(&mut value, &path)
            {
                retyped.push(key);
                continue;
            }
            let missing = matches!(error.kind, Kind::MissingField(_));
            if !(missing && taken_out.contains(&key)) {
                mistakes.push(self.mistake(&key, describe(&error.kind)));
            }
            if missing || path.is_empty() || !take_out(&mut value, &path) {
                break;
            }
            taken_out.push(key);
        }
        mistakes.sort();
        Err(mistakes)
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

    /// A text in this table.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value.as_dict()?.get(name)?.as_str().map(str::to_owned)
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
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("found {found}, expected {expected}")
        }
        Kind::InvalidLength(found, expected) => {
            format!("found {found} values, expected {expected}")
        }
        Kind::Message(text) => text.clone(),
        other => {
            let mut text = String::new();
            _ = write!(text, "{other}");
            text
        }
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
