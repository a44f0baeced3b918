//! The layers: file, then variables, then flags, merged by figment; and the line of every key.

use std::collections::HashMap;
use std::sync::Arc;

use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::section::{Origins, Section};
use super::{syntax, variables};
use switchhook_api::config::Mistake;

/// What a configuration is made of.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The file's path, for messages.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// The environment without what the program reads for itself. What begins with `SWITCHHOOK_` and has `__` in it sets a key.
    pub variables: Vec<(String, String)>,
    /// The variables whose values are not UTF-8.
    pub garbled: Vec<String>,
    /// Keys and values from the command line.
    pub flags: Vec<(String, String)>,
}

/// The file, parsed.
struct Parsed(Dict);

impl Provider for Parsed {
    fn metadata(&self) -> Metadata {
        Metadata::named("file")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.0.clone())]))
    }
}

/// Values by their full key, always text: the reader knows what type an option has.
struct Texts(&'static str, Vec<(String, String)>);

impl Provider for Texts {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut root = Dict::new();
        for (key, value) in &self.1 {
            set(&mut root, key, value);
        }
        Ok(Map::from([(Profile::Default, root)]))
    }
}

fn set(dict: &mut Dict, key: &str, text: &str) {
    let Some((name, rest)) = key.split_once('.') else {
        dict.insert(key.to_owned(), Value::String(Tag::Default, text.to_owned()));
        return;
    };
    let inner =
        dict.entry(name.to_owned()).or_insert_with(|| Value::Dict(Tag::Default, Dict::new()));
    if let Value::Dict(_, inner) = inner {
        set(inner, rest, text);
    }
}

/// Merges the layers into one table.
///
/// # Errors
/// The text is no TOML, or a variable's name no key.
pub(super) fn merge(layers: &Layers) -> Result<Section, Vec<Mistake>> {
    let wrong = |error| vec![syntax::mistake(&layers.path, &layers.text, &error)];
    let parsed = DeTable::parse(&layers.text).map_err(wrong)?;
    // Numbers are only looked at here, so this can fail too.
    let file = toml::from_str::<Dict>(&layers.text).map_err(wrong)?;
    let mut lines = HashMap::new();
    note_lines(&layers.text, "", parsed.get_ref(), &mut lines);
    let given = variables::read(layers);
    if !given.mistakes.is_empty() {
        return Err(given.mistakes);
    }
    let names = given.values.iter().map(|one| (one.key.clone(), one.name.clone()));
    let origins = Origins {
        path: layers.path.clone(),
        lines,
        variables: names.collect(),
        flags: layers.flags.iter().map(|(key, _)| key.clone()).collect(),
        unread: given.unread,
        remarks: given.remarks,
    };
    let variables = given.values.into_iter().map(|one| (one.key, one.value)).collect();
    let merged = Figment::new()
        .merge(Parsed(file))
        .merge(Texts("environment", variables))
        .merge(Texts("command line", layers.flags.clone()));
    let value = merged
        .extract::<Value>()
        .map_err(|error| vec![Mistake::new(origins.place(""), "", error.to_string())])?;
    let mut root = Section { value, key: String::new(), origins: Arc::new(origins) };
    root.spell_tables()?;
    Ok(root)
}

/// One table, standing at `key`, as if it were a whole file.
pub(super) fn section(key: &str, text: &str) -> Result<Section, Vec<Mistake>> {
    let section =
        merge(&Layers { path: "example".into(), text: text.to_owned(), ..Layers::default() })?;
    Ok(Section { key: key.to_owned(), ..section })
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

pub(super) fn note_lines(
    text: &str,
    prefix: &str,
    table: &DeTable<'_>,
    lines: &mut HashMap<String, usize>,
) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        note_value(text, &key, name.span().start, value, lines);
    }
}

fn note_value(
    text: &str,
    key: &str,
    start: usize,
    value: &Spanned<DeValue<'_>>,
    lines: &mut HashMap<String, usize>,
) {
    lines.insert(key.to_owned(), line_of(text, start));
    match value.get_ref() {
        DeValue::Table(table) => note_lines(text, key, table, lines),
        DeValue::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                note_value(text, &format!("{key}.{i}"), item.span().start, item, lines);
            }
        }
        _ => {}
    }
}
