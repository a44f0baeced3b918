//! The layers: file, then variables, then flags, merged by figment; and the line of every key.

use std::collections::HashMap;
use std::sync::Arc;

use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};
use switchhook_api::config::ConfigError;
use toml::de::DeTable;

use super::layers::Layers;
use super::lines::note_lines;
use super::origins::Origins;
use super::section::Section;
use super::{syntax, variables};

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

/// Values by their full key, as text: the reader knows the type of an option.
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

/// Merges the layers, over the defaults of the program, into one table.
///
/// # Errors
/// The text is no TOML, or a variable's name no key.
pub(super) fn merge(
    layers: &Layers,
    defaults: Vec<(String, String)>,
) -> Result<Section, Vec<ConfigError>> {
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
        .merge(Texts("program", defaults))
        .merge(Parsed(file))
        .merge(Texts("environment", variables))
        .merge(Texts("command line", layers.flags.clone()));
    let value = merged
        .extract::<Value>()
        .map_err(|error| vec![ConfigError::new(origins.place(""), "", error.to_string())])?;
    let mut root = Section { value, key: String::new(), origins: Arc::new(origins) };
    root.spell_tables()?;
    Ok(root)
}

impl Section {
    /// A table of its own, standing at `key`, as tests of plugins need it.
    ///
    /// # Errors
    /// The text is no TOML.
    pub fn parse(key: &str, toml: &str) -> Result<Self, Vec<ConfigError>> {
        let text = toml.to_owned();
        let layers = Layers { path: "example".into(), text, ..Layers::default() };
        let section = merge(&layers, Vec::new())?;
        Ok(Self { key: key.to_owned(), ..section })
    }
}
