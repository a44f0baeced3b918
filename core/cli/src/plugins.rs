//! `switchhook plugins`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use switchhook_api::{Registration, Registry, Table, program_name};
use switchhook_engine::config::{hint, listed};

use super::output::{Format, columns, json as write_json, line, message};
use super::{Context, Failed, schema};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook plugins          all plugins of this program
  switchhook plugins NAME     one plugin, with its options and an example configuration
  switchhook plugins NAME --format json | jq '.[0].schema'")]
pub(super) struct Args {
    /// The plugin to show; default: list all
    name: Option<String>,
    /// Output format; `json` has the options as a JSON Schema
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let found: Vec<&Registration> = match &args.name {
        Some(name) => named(&cx.registry, name)?,
        None => cx.registry.iter().collect(),
    };
    if found.is_empty() {
        message("no plugins are linked into this program (is `use the_crate as _;` missing?)");
    }
    match args.format {
        Format::Json => write_json(&found.iter().map(|one| as_json(one)).collect::<Vec<_>>())?,
        Format::Text if found.is_empty() => {}
        Format::Text if args.name.is_none() => {
            line(&table(&found))?;
            let name = program_name();
            message(&format!(
                "\n`{name} plugins NAME` shows the options of a plugin and an example configuration"
            ));
        }
        Format::Text => {
            let pages: Vec<String> = found.iter().map(|one| page(one)).collect();
            line(pages.join("\n").trim_end())?;
        }
    }
    Ok(())
}

fn named<'r>(registry: &'r Registry, name: &str) -> Result<Vec<&'r Registration>, Failed> {
    let found: Vec<_> = registry.iter().filter(|plugin| plugin.name == name).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let mut known: Vec<&str> = registry.iter().map(|plugin| plugin.name).collect();
    known.sort_unstable();
    known.dedup();
    let hint = hint(name, known.iter().copied());
    Err(Failed::usage(match known.is_empty() {
        true => format!("there is no plugin `{name}`: no plugins are linked into this program"),
        false => format!(
            "there is no plugin `{name}`{hint}; linked into this program: {}",
            listed(known)
        ),
    }))
}

fn table(plugins: &[&Registration]) -> String {
    let row = |one: &&Registration| {
        [one.table.role().to_owned(), one.name.to_owned(), one.about.to_owned()]
    };
    let head = ["ROLE", "NAME", "DESCRIPTION"].map(str::to_owned);
    let rows: Vec<[String; 3]> = std::iter::once(head).chain(plugins.iter().map(row)).collect();
    columns(&rows)
}

fn as_json(plugin: &Registration) -> Value {
    json!({
        "role": plugin.table.role(),
        "name": plugin.name,
        "about": plugin.about,
        "module": plugin.module,
        "commands": commands(plugin),
        "schema": (plugin.schema)(),
        "example": example(plugin),
    })
}

/// The commands of a handler; other roles have none.
fn commands(plugin: &Registration) -> &[&str] {
    if plugin.table == Table::Handlers { plugin.commands } else { &[] }
}

fn page(plugin: &Registration) -> String {
    let mut page = format!("{} `{}`: {}\n", plugin.table.role(), plugin.name, plugin.about);
    // Writing into a string does not fail.
    _ = writeln!(page, "module {}", plugin.module);
    if !commands(plugin).is_empty() {
        _ = writeln!(page, "commands {}", commands(plugin).join(", "));
    }
    let options = schema::text(&Value::from((plugin.schema)()));
    match options.is_empty() {
        true => page.push_str("\nOptions: none\n"),
        false => _ = write!(page, "\nOptions:\n{options}"),
    }
    _ = writeln!(page, "\nExample:\n{}", example(plugin));
    page
}

/// A block to paste into a configuration.
fn example(plugin: &Registration) -> String {
    let (table, name) = (plugin.table.as_str(), plugin.name);
    let (key, more) = match plugin.table {
        Table::Journal => (table.to_owned(), String::new()),
        Table::Sources => (instance_key(table, name), "path = \"/\"\n".to_owned()),
        Table::Handlers => (instance_key(table, name), lists(plugin)),
        Table::Actions => (instance_key(table, name), String::new()),
    };
    let options = plugin.example.trim();
    let head = format!("[{key}]\nplugin = \"{name}\"\n{more}");
    if options.is_empty() {
        return head;
    }
    format!("{head}\n[{key}.options]\n{}\n", below(&format!("{key}.options"), options))
}

/// The lists of names that a handler of this plugin needs.
fn lists(plugin: &Registration) -> String {
    let (commands, actions) = (plugin.commands.is_empty(), plugin.records);
    let commands =
        if commands { "commands = []   # names, or families such as `Family.*`\n" } else { "" };
    let actions =
        if actions { "actions = []   # the names of [actions.NAME] tables\n" } else { "" };
    [commands, actions].concat()
}

fn instance_key(table: &str, plugin: &str) -> String {
    format!("{table}.my_{}", plugin.replace('-', "_"))
}

/// A whole TOML text moved under a key: the headers in it get the key in front.
fn below(key: &str, text: &str) -> String {
    let moved = |line: &str| {
        let bare = line.trim();
        // What is a document by itself and begins with a bracket is a header and no line of a longer value.
        let header = bare.starts_with('[') && bare.parse::<toml::Table>().is_ok();
        match bare.strip_prefix("[[").or_else(|| bare.strip_prefix('[')) {
            Some(rest) if header => {
                let brackets = if bare.starts_with("[[") { "[[" } else { "[" };
                format!("{brackets}{key}.{}", rest.trim_start())
            }
            _ => line.to_owned(),
        }
    };
    text.lines().map(moved).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchhook_engine::test_plugins::registry;

    #[test]
    fn every_example_can_be_pasted() {
        for plugin in registry().iter() {
            let text = example(plugin);
            let root: toml::Table = text.parse().expect("TOML");
            let mut place = root.get(plugin.table.as_str()).expect("the role's table");
            if plugin.table != Table::Journal {
                let instances = place.as_table().expect("a table");
                place = instances.values().next().expect("an instance");
            }
            let own: toml::Table = plugin.example.parse().expect("TOML");
            let options = place.get("options").and_then(toml::Value::as_table);
            assert_eq!(options.cloned().unwrap_or_default(), own, "{text}");
        }
    }

    #[test]
    fn a_page_tells_everything_of_a_plugin() {
        let registry = registry();
        let page = |table, name| page(registry.get(table, name).expect("registered"));
        let (wire, out) = (page(Table::Sources, "wire"), page(Table::Actions, "out"));
        assert_eq!(wire, include_str!("../tests/expected/plugins-wire.txt"));
        assert_eq!(out, include_str!("../tests/expected/plugins-out.txt"));
    }

    #[test]
    fn an_unknown_name_gets_a_hint() {
        let failed = named(&registry(), "wirr").expect_err("unknown");
        assert_eq!(failed.code, 64);
        assert_eq!(
            failed.message,
            "there is no plugin `wirr`; did you mean `wire`?; linked into this program: `embedded`, `note`, `out`, `wire`"
        );
    }
}
