//! Which keys there are, as a tree: to find the key that a variable's name probably means.

use figment::error::Kind;
use figment::value::{Dict, Tag, Value};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use switchhook_api::{Registry, Table};

use super::section::Section;
use super::tables::{self, TABLES};
use super::variables::{name_of, words};

/// The keys that a configuration has or could have.
pub(super) struct Keys<'k> {
    pub(super) root: &'k Section,
    pub(super) registry: &'k Registry,
}

impl Keys<'_> {
    /// The variable that is meant by a name with too few or too many `_` between its words.
    pub(super) fn meant(&self, variable: &str) -> Option<String> {
        let words = words(variable);
        let whole = self.find(&mut Vec::new(), &words);
        // `SWITCHHOOK_LISTEN` has left its table out.
        let within = |table: &&str| self.find(&mut vec![(*table).to_owned()], &words);
        let found = whole.or_else(|| ["server", "admin", "journal"].iter().find_map(within));
        found.and_then(|key| name_of(&key)).filter(|name| name != variable)
    }

    /// Whether a name begins with one of our tables, so that it can mean nothing but a key.
    pub(super) fn begins_with_a_table(variable: &str) -> bool {
        words(variable).first().is_some_and(|word| TABLES.contains(&word.as_str()))
    }

    /// The key below a table whose words are these; the longest names are tried first.
    fn find(&self, at: &mut Vec<String>, words: &[String]) -> Option<String> {
        let mut known = self.known(at);
        known.sort_by_key(|key| std::cmp::Reverse(key.len()));
        for key in known {
            let own: Vec<&str> = key.split('_').collect();
            if !words.iter().map(String::as_str).zip(&own).all(|(word, own)| word == *own)
                || words.len() < own.len()
            {
                continue;
            }
            at.push(key.clone());
            let rest = &words[own.len()..];
            let found = if rest.is_empty() { Some(at.join(".")) } else { self.find(at, rest) };
            at.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn known(&self, at: &[String]) -> Vec<String> {
        let names: Vec<&str> = at.iter().map(String::as_str).collect();
        let framework: &[&str] = match names.as_slice() {
            [] => &TABLES,
            ["server"] => keys::<tables::Server>(),
            ["server", "limits"] => keys::<tables::Limits>(),
            ["admin"] => keys::<tables::Admin>(),
            ["journal"] => keys::<tables::Journal>(),
            ["sources", _] => keys::<tables::Source>(),
            ["handlers", _] => keys::<tables::Handler>(),
            ["actions", _] => keys::<tables::Action>(),
            ["actions", _, "retry"] => keys::<tables::Retry>(),
            ["actions", _, "circuit_breaker"] => keys::<tables::Breaker>(),
            _ => &[],
        };
        let mut known: Vec<String> = framework.iter().map(|key| (*key).to_owned()).collect();
        known.extend(self.given(at));
        known.extend(self.options(at));
        known.dedup();
        known
    }

    /// What the file has there already.
    fn given(&self, at: &[String]) -> Vec<String> {
        let value = at.iter().try_fold(&self.root.value, |value, key| value.as_dict()?.get(key));
        let keys = value.and_then(Value::as_dict).into_iter().flat_map(Dict::keys);
        let in_file = |key: &&String| {
            let full = at.iter().chain([*key]).map(String::as_str).collect::<Vec<_>>().join(".");
            self.root.origins.lines.contains_key(&full)
        };
        keys.filter(in_file).cloned().collect()
    }

    /// The options that a plugin has there.
    fn options(&self, at: &[String]) -> Vec<String> {
        let own = at.iter().position(|key| key == "options");
        let Some((instance, below)) = own.map(|place| (&at[..place], &at[place + 1..])) else {
            return Vec::new();
        };
        let table = match instance.first().map(String::as_str) {
            Some("sources") => Table::Sources,
            Some("handlers") => Table::Handlers,
            Some("actions") => Table::Actions,
            _ => Table::Journal,
        };
        let section = instance.iter().fold(self.root.clone(), |section, key| section.child(key));
        let plugin = section.text("plugin");
        let Some(plugin) = plugin.and_then(|name| self.registry.get(table, &name)) else {
            return Vec::new();
        };
        let schema = Json::from((plugin.schema)());
        let place = below.iter().try_fold(&schema, |place, key| step(&schema, place, key));
        let properties = place.and_then(|place| resolved(&schema, place).get("properties"));
        let names = properties.and_then(Json::as_object).into_iter().flat_map(|it| it.keys());
        names.cloned().collect()
    }
}

fn step<'s>(root: &'s Json, place: &'s Json, key: &str) -> Option<&'s Json> {
    let place = resolved(root, place);
    let property = place.get("properties").and_then(|properties| properties.get(key));
    property.or_else(|| place.get("additionalProperties").filter(|more| more.is_object()))
}

/// What a reference, or an option that may be missing, stands for.
fn resolved<'s>(root: &'s Json, place: &'s Json) -> &'s Json {
    let reference = place.get("$ref").and_then(Json::as_str);
    if let Some(there) =
        reference.and_then(|path| path.strip_prefix('#')).and_then(|path| root.pointer(path))
    {
        return there;
    }
    let variants = place.get("anyOf").and_then(Json::as_array);
    let some = variants
        .and_then(|all| all.iter().find(|one| one.get("type") != Some(&Json::from("null"))));
    some.map_or(place, |some| resolved(root, some))
}

/// The keys of a table, from the refusal of one that it cannot have.
fn keys<T: DeserializeOwned>() -> &'static [&'static str] {
    let unknown = Value::String(Tag::Default, String::new());
    let table = Value::Dict(Tag::Default, Dict::from([("\0".to_owned(), unknown)]));
    match table.deserialize::<T>().map_err(|error| error.kind) {
        Err(Kind::UnknownField(_, known)) => known,
        _ => &[],
    }
}
