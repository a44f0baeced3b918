//! From layers to a configuration: every table is read and checked, and every mistake is told at once.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use switchhook_api::config::{ConfigError, Fault, Place};
use switchhook_api::{Registry, Table};

use super::layers::Layers;
use super::load::merge;
use super::model::{Config, Instance};
use super::remarks::remarks;
use super::report::{hint, listed};
use super::section::Section;
use super::spelling::Keys;
use super::tables::TABLES;
use super::{tables, unexpanded, variables};

impl Config {
    /// Reads the layers and checks everything that can be checked without opening anything.
    ///
    /// # Errors
    /// Every mistake, sorted by place.
    pub fn read(layers: &Layers, registry: &Registry) -> Result<Self, Vec<ConfigError>> {
        let journal = registry.default_journal();
        let defaults = journal.map(|name| ("journal.plugin".to_owned(), name.to_owned()));
        let root = merge(layers, defaults.into_iter().collect())?;
        let mut reader = Reader { registry, mistakes: Vec::new() };
        reader.top_level(&root);
        let mut given = reader.unread(&root);
        let server = reader.table(&root.child("server")).unwrap_or_default();
        let admin = reader.table(&root.child("admin")).unwrap_or_default();
        let journal =
            reader.instance::<tables::Journal>("journal", &root.child("journal"), Table::Journal);
        let sources = reader.instances::<tables::Source>(&root, Table::Sources);
        let handlers = reader.instances::<tables::Handler>(&root, Table::Handlers);
        let actions = reader.instances::<tables::Action>(&root, Table::Actions);
        reader.check_server(&root, &server);
        reader.check_admin(&root, &server, &admin);
        reader.check_sources(&root, &sources);
        reader.check_handlers(&root, &handlers);
        reader.check_actions(&root, &actions);
        reader.hint_at_variables(&root);
        let Some(journal) = journal.filter(|_| reader.mistakes.is_empty()) else {
            reader.mistakes.sort();
            reader.mistakes.dedup();
            return Err(reader.mistakes);
        };
        let file = PathBuf::from(&layers.path);
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        let mut config = Self {
            file,
            base,
            server,
            admin,
            journal,
            sources,
            handlers,
            actions,
            remarks: Vec::new(),
            at: root.bare(),
        };
        given.extend(root.origins.remarks.iter().cloned());
        given.extend(unexpanded::remarks(&root));
        given.sort();
        config.remarks = given;
        config.remarks.extend(remarks(&root, &config));
        Ok(config)
    }
}

/// What all instance tables have in common.
trait InstanceTable: DeserializeOwned {
    fn plugin(&self) -> &str;
}

macro_rules! instance_tables {
    ($($table:ident),*) => {
        $(impl InstanceTable for tables::$table {
            fn plugin(&self) -> &str {
                &self.plugin
            }
        })*
    };
}
instance_tables!(Journal, Source, Handler, Action);

/// Reads and checks one table after the other.
pub(super) struct Reader<'r> {
    registry: &'r Registry,
    pub(super) mistakes: Vec<ConfigError>,
}

impl Reader<'_> {
    fn top_level(&mut self, root: &Section) {
        for (name, child) in root.children() {
            if !TABLES.contains(&name) {
                let message = format!(
                    "unknown table{}; known tables: {}",
                    hint(name, TABLES),
                    listed(TABLES)
                );
                self.mistakes.push(root.mistake(name, message));
            } else if !child.is_table() {
                self.mistakes.push(root.mistake(name, format!("expected a table: [{name}]")));
            }
        }
    }

    /// Variables that begin as ours do and set nothing: a mistake where only a key can be meant, else a remark.
    fn unread(&mut self, root: &Section) -> Vec<ConfigError> {
        let keys = Keys { root, registry: self.registry };
        let mut remarks = Vec::new();
        for name in &root.origins.unread {
            let example =
                "; separate the parts of a key with `__`, as in `SWITCHHOOK_SERVER__LISTEN`";
            let meant = keys.meant(name).map(|meant| format!("; did you mean `{meant}`?"));
            let hint = meant.unwrap_or_else(|| example.to_owned());
            let told = variables::at(name, "", &format!("matches no configuration key{hint}"));
            match Keys::begins_with_a_table(name) {
                true => self.mistakes.push(told),
                false => remarks.push(told),
            }
        }
        remarks
    }

    /// An unknown key that a variable sets may be a known one with `_` in place of `__`.
    fn hint_at_variables(&mut self, root: &Section) {
        let keys = Keys { root, registry: self.registry };
        for mistake in self.mistakes.iter_mut().filter(|one| one.fault == Fault::Unknown) {
            if let Place::Variable(name) = &mistake.place
                && let Some(meant) = keys.meant(name)
            {
                mistake.message = format!("unknown key; did you mean `{meant}`?");
            }
        }
    }

    fn table<T: DeserializeOwned>(&mut self, section: &Section) -> Option<T> {
        section.read().map_err(|mistakes| self.mistakes.extend(mistakes)).ok()
    }

    fn instances<T: InstanceTable>(&mut self, root: &Section, table: Table) -> Vec<Instance<T>> {
        let tables = root.child(table.as_str());
        let mut found = Vec::new();
        for (name, section) in tables.children() {
            if !is_name(name) {
                let what = format!(
                    "`{name}` is not a valid name; names are [a-z][a-z0-9_]* without `__`, at most 64 characters"
                );
                self.mistakes.push(tables.mistake(name, what));
            }
            if section.is_table() {
                found.extend(self.instance(name, &section, table));
            } else {
                self.mistakes
                    .push(tables.mistake(name, format!("expected a table: [{table}.{name}]")));
            }
        }
        found
    }

    fn instance<T: InstanceTable>(
        &mut self,
        name: &str,
        section: &Section,
        table: Table,
    ) -> Option<Instance<T>> {
        let read = section
            .read::<T>()
            .map_err(|mistakes| self.add_with_hint(mistakes, section, table))
            .ok();
        // The options are read even if the rest is wrong, so that all mistakes are seen at once.
        let named =
            read.as_ref().map(|t| t.plugin().to_owned()).or_else(|| section.text("plugin"))?;
        let Some(plugin) = self.registry.get(table, &named) else {
            let message = self.unknown_plugin(table, &named);
            self.mistakes.push(section.mistake("plugin", message));
            return None;
        };
        let options = plugin
            .configure(&section.child("options"))
            .map_err(|mut mistakes| {
                // One that stands beside `options` has been told of, and is not missing.
                mistakes.retain(|one| !self.told_to_move(section, one));
                self.mistakes.extend(mistakes);
            })
            .ok()?;
        let at = section.bare();
        Some(Instance { name: name.into(), table: read?, plugin: *plugin, options, at })
    }

    /// An option that stands beside `options` instead of under it is the commonest slip.
    fn add_with_hint(&mut self, mistakes: Vec<ConfigError>, section: &Section, table: Table) {
        let plugin =
            section.text("plugin").and_then(|name| self.registry.get(table, &name).copied());
        let schema = plugin.map(|plugin| (plugin.schema)());
        let is_option = |key: &str| {
            let options = schema.as_ref().and_then(|schema| schema.get("properties"));
            options.is_some_and(|options| options.get(key).is_some())
        };
        for mut mistake in mistakes {
            let key = mistake.key.rsplit('.').next().unwrap_or_default().to_owned();
            if mistake.fault == Fault::Unknown && is_option(&key) {
                mistake.message =
                    format!("this is an option of the plugin; write `options.{key} = ...`");
                mistake.fault = Fault::Misplaced;
            }
            self.mistakes.push(mistake);
        }
    }

    fn told_to_move(&self, section: &Section, mistake: &ConfigError) -> bool {
        let beside = |one: &ConfigError| {
            let name = one.key.strip_prefix(section.key()).unwrap_or_default();
            one.fault == Fault::Misplaced
                && mistake.key == format!("{}.options{name}", section.key())
        };
        mistake.fault == Fault::Missing && self.mistakes.iter().any(beside)
    }

    fn unknown_plugin(&self, table: Table, name: &str) -> String {
        let linked: Vec<&str> = self.registry.of_table(table).map(|plugin| plugin.name).collect();
        let role = table.role();
        match linked.as_slice() {
            [] => format!(
                "there is no {role} plugin `{name}`, because no {role} plugin is linked into this program (is `use the_crate as _;` missing?)"
            ),
            linked => format!(
                "there is no {role} plugin `{name}`{}; linked into this program: {}",
                hint(name, linked.iter().copied()),
                listed(linked.iter().copied())
            ),
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.contains("__")
}
