//! One table of the configuration, read into a type, with every mistake in it found in one go.

use std::cell::RefCell;
use std::sync::Arc;

use figment::error::Kind;
use figment::value::{Dict, Num, Tag, Value};
use serde::de::DeserializeOwned;
use switchhook_api::config::{ConfigError, Fault, OptionsTable};

use super::form;
use super::origins::Origins;
use super::reader::{self, Reader, Source, toml_value};
use super::renamed::renamed;
use super::report::listed;
use super::wording::describe;

/// One table of the configuration and where it stands.
#[derive(Clone, Debug)]
pub struct Section {
    pub(super) value: Value,
    pub(super) key: String,
    pub(super) origins: Arc<Origins>,
}

/// Reads a table as some type.
type Take<'t> = dyn FnMut(Reader<'_>) -> Result<(), figment::Error> + 't;

/// A table with more mistakes than this needs another look anyway.
const MISTAKES_MAX: usize = 50;

/// What has come to light while a table is read again and again.
#[derive(Default)]
struct Found {
    mistakes: Vec<ConfigError>,
    /// Wrong values, removed; what is required will be called missing.
    taken_out: Vec<Vec<String>>,
    /// Keys whose text was given to a type that did not say what it wants.
    unsure: RefCell<Vec<String>>,
    /// Those of them whose text was replaced by what it spells.
    respelled: Vec<String>,
    /// Missing keys and which filler stands there.
    fillers: Vec<(Vec<String>, usize)>,
}

impl Section {
    /// Reads the table as a `T`.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<ConfigError>> {
        let mut read = None;
        self.read_as(&mut |reader| {
            read = Some(T::deserialize(reader)?);
            Ok(())
        })?;
        read.ok_or_else(|| vec![self.mistake("", "the table was not read")])
    }

    fn read_as(&self, take: &mut Take<'_>) -> Result<(), Vec<ConfigError>> {
        let mut value = self.value.clone();
        let mut found = Found::default();
        while found.mistakes.len() < MISTAKES_MAX {
            match self.deserialize(&value, &found.unsure, take) {
                Ok(()) if found.mistakes.is_empty() => return Ok(()),
                Err(error) if self.go_on(&error, &mut value, &mut found) => {}
                Ok(()) | Err(_) => break,
            }
        }
        found.mistakes.sort();
        Err(found.mistakes)
    }

    fn deserialize(
        &self,
        value: &Value,
        unsure: &RefCell<Vec<String>>,
        take: &mut Take<'_>,
    ) -> Result<(), figment::Error> {
        let mut read = |value: &Value| {
            let noted = RefCell::default();
            let from = Source { key: &self.key, origins: &self.origins, unsure, noted: &noted };
            take(Reader::new(value, from)).map_err(|error| from.found(error))
        };
        read(value).map_err(|error| spelled(error, value, read))
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
        let around = matches!(error.kind, Kind::InvalidType(..));
        if self.respell(&self.full(&key), around, value, found) {
            return true;
        }
        if matches!(error.kind, Kind::MissingField(_)) {
            if !found.taken_out.contains(&path) {
                let missing = self.mistake(&key, describe(&error.kind)).of(Fault::Missing);
                found.mistakes.push(missing);
            }
            let filled = fill(value, &path, 0);
            found.fillers.push((path, 0));
            return filled;
        }
        // A table that is refused as a whole may be so for what was filled in.
        if found.fillers.iter().any(|(filled, _)| filled.starts_with(&path)) {
            return false;
        }
        found.mistakes.push(self.wrong(&key, &error.kind, find(value, &path).as_deref()));
        let taken = !path.is_empty() && take_out(value, &path);
        found.taken_out.push(path);
        taken
    }

    fn wrong(&self, key: &str, kind: &Kind, value: Option<&Value>) -> ConfigError {
        if matches!(kind, Kind::UnknownField(..))
            && let Some(message) = renamed(&self.full(key))
        {
            return self.mistake(key, message);
        }
        let mut message = match value {
            Some(Value::Dict(_, dict)) if dict.contains_key(DATE) => {
                "found a date or time, which no option accepts; write it as text in quotes"
                    .to_owned()
            }
            _ => describe(kind),
        };
        if let Some(Value::String(_, text)) = value {
            message.push_str(form::hint(text));
        }
        let fault = match kind {
            Kind::UnknownField(..) => Fault::Unknown,
            _ => Fault::Other,
        };
        self.mistake(key, message).of(fault)
    }

    /// Replaces the text of a variable or flag at a key, or also those below it, by what it spells in TOML, where a type took it
    /// without saying what it wants; false when there is nothing of the kind.
    fn respell(&self, key: &str, around: bool, value: &mut Value, found: &mut Found) -> bool {
        let unsure = found.unsure.take();
        let below = |one: &String| match one.strip_prefix(key) {
            Some(rest) => rest.is_empty() || (around && rest.starts_with('.')),
            None => false,
        };
        let mut any = false;
        for one in unsure.into_iter().filter(below) {
            let own = one.strip_prefix(&*self.key).unwrap_or_default().trim_start_matches('.');
            let path = own.split('.').filter(|name| !name.is_empty()).map(str::to_owned);
            let path: Vec<String> = path.collect();
            let Some(place) = find(value, &path) else { continue };
            let spelled = place.as_str().and_then(toml_value);
            if let Some(spelled) = spelled.filter(|it| it.as_str().is_none())
                && !found.respelled.contains(&one)
            {
                *place = spelled;
                found.respelled.push(one);
                any = true;
            }
        }
        any
    }

    /// Parses the tables that a variable or flag gives as a whole and that are looked into before they are read as a type.
    pub(super) fn spell_tables(&mut self) -> Result<(), Vec<ConfigError>> {
        let mut wrong = Vec::new();
        let keys = self.origins.variables.keys().chain(&self.origins.flags);
        for key in keys.filter(|key| holds_tables(key)) {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            let Some(place) = find(&mut self.value, &path) else { continue };
            let Some(text) = place.as_str() else { continue };
            match toml_value(text).filter(|value| value.as_dict().is_some()) {
                Some(table) => *place = table,
                None => wrong.push(key.clone()),
            }
        }
        let told = |key: &String| self.mistake(key, reader::table_wanted());
        let wrong: Vec<ConfigError> = wrong.iter().map(told).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// A mistake at a key of this table; an empty key means the table itself.
    pub fn mistake(&self, key: &str, message: impl Into<String>) -> ConfigError {
        let key = self.full(key);
        ConfigError::new(self.origins.place(&key), key, message)
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

impl OptionsTable for Section {
    fn read_with(
        &self,
        read: &mut dyn FnMut(
            &mut dyn erased_serde::Deserializer<'_>,
        ) -> Result<(), erased_serde::Error>,
    ) -> Result<(), Vec<ConfigError>> {
        self.read_as(&mut |reader| {
            let read = read(&mut <dyn erased_serde::Deserializer<'_>>::erase(reader));
            read.map_err(|error| figment::Error::from(error.to_string()))
        })
    }

    fn mistake(&self, key: &str, message: String) -> ConfigError {
        Section::mistake(self, key, message)
    }
}

/// A date is a table to figment.
const DATE: &str = "$__toml_private_datetime";

/// Whether a key is that of an instance, or of a table of instances.
fn holds_tables(key: &str) -> bool {
    let (table, name) = key.split_once('.').unwrap_or((key, ""));
    match table {
        "sources" | "handlers" | "actions" => !name.contains('.'),
        "journal" => name.is_empty(),
        _ => false,
    }
}

/// The error with the words that would do in place of an enum's name from Rust.
fn spelled(
    mut error: figment::Error,
    value: &Value,
    read: impl FnMut(&Value) -> Result<(), figment::Error>,
) -> figment::Error {
    let figment::Error { kind, path, .. } = &mut error;
    if let Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) = kind
        && wanted.starts_with("enum ")
        && let Some(words) = words(value, path, read)
    {
        *wanted = format!("one of {}", listed(words.iter().copied()));
    }
    error
}

/// The words that may stand at a path: an unknown one is refused with a list of them.
fn words(
    value: &Value,
    path: &[String],
    mut read: impl FnMut(&Value) -> Result<(), figment::Error>,
) -> Option<&'static [&'static str]> {
    let mut value = value.clone();
    *find(&mut value, path)? = Value::String(Tag::Default, "\0".to_owned());
    let error = read(&value).err()?;
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
    path.extend(name.map(str::to_owned));
    path
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
