//! `switchhook routes`.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use switchhook_api::{Phase, program_name};
use switchhook_engine::app::build_source;
use switchhook_engine::config::{Config, Instance, hint, tables};

use super::output::{Format, json as write_json, line, message, one_line};
use super::{Context, Failed, block_on};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook routes                                        every handler, in the order of decisions
  switchhook routes Group.CallbackAfterTopicInfoChanged    what it reaches, and what it does not")]
pub(super) struct Args {
    /// The command, as the sender spells it; default: show all routes
    command: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What is shown.
#[derive(Debug, Serialize)]
struct Routes {
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Command>,
    /// In asking order.
    handlers: Vec<Handler>,
}

#[derive(Debug, Serialize)]
struct Command {
    name: String,
    phase: Phase,
    /// The sources that know it.
    known_to: Vec<String>,
    title: Option<String>,
    doc: Option<String>,
    remark: Option<String>,
}

#[derive(Debug, Serialize)]
struct Handler {
    name: String,
    plugin: &'static str,
    order: i32,
    enabled: bool,
    patterns: Vec<String>,
    /// The pattern by which the command reaches it; without a command, nothing.
    matched_by: Option<String>,
    actions: Vec<Action>,
}

#[derive(Debug, Serialize)]
struct Action {
    name: String,
    plugin: &'static str,
    enabled: bool,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    if args.command.as_deref().is_some_and(str::is_empty) {
        return Err(Failed::usage("the command is empty; leave it out to show all routes"));
    }
    if args.command.as_deref().is_some_and(|command| command.ends_with('*')) {
        return Err(Failed::usage(
            "name one command, not a pattern; leave it out to show all routes",
        ));
    }
    let mut config = cx.config()?;
    let handlers = handlers(&config, args.command.as_deref());
    let command = args.command.as_ref().map(|name| block_on(look_up(name, &mut config)));
    let routes = Routes { command: command.transpose()?, handlers };
    match args.format {
        Format::Json => write_json(&routes)?,
        Format::Text => {
            line(text(&routes).trim_end())?;
            more(&routes);
        }
    }
    Ok(())
}

fn more(routes: &Routes) {
    let program = program_name();
    match &routes.command {
        Some(command) if command.title.is_some() => {
            let name = one_line(&command.name);
            message(&format!(
                "\n`{program} commands {name}` shows its fields and possible answers"
            ));
        }
        Some(command) if !command.known_to.is_empty() => message(&format!(
            "\nthe sources that accept it do not describe their commands, so `{program} commands` does not list it"
        )),
        Some(_) => {
            message(&format!("\n`{program} commands` lists the known commands"));
        }
        None => {}
    }
}

fn handlers(config: &Config, command: Option<&str>) -> Vec<Handler> {
    let mut instances: Vec<&Instance<tables::Handler>> = config.handlers.iter().collect();
    instances.sort_by_key(|one| (one.table.order, one.name.clone()));
    instances.into_iter().map(|one| handler(config, one, command)).collect()
}

fn handler(config: &Config, one: &Instance<tables::Handler>, command: Option<&str>) -> Handler {
    let patterns = one.commands();
    let matched = command.and_then(|name| patterns.iter().find(|pattern| pattern.matches(name)));
    let action = |name: &String| {
        let action = config.actions.iter().find(|action| *action.name == **name)?;
        let (plugin, enabled) = (action.plugin.name, action.table.enabled);
        Some(Action { name: name.clone(), plugin, enabled })
    };
    Handler {
        name: one.name.to_string(),
        plugin: one.plugin.name,
        order: one.table.order,
        enabled: one.table.enabled,
        matched_by: matched.map(ToString::to_string),
        patterns: patterns.iter().map(ToString::to_string).collect(),
        actions: one.table.actions.iter().filter_map(action).collect(),
    }
}

/// What the enabled sources know of a command.
async fn look_up(name: &str, config: &mut Config) -> Result<Command, Failed> {
    let mut command = Command {
        name: name.to_owned(),
        phase: Phase::guess(name),
        known_to: Vec::new(),
        title: None,
        doc: None,
        remark: None,
    };
    let mut all: Vec<Cow<'static, str>> = Vec::new();
    for instance in std::mem::take(&mut config.sources).into_iter().filter(|one| one.table.enabled)
    {
        let source_name = instance.name.to_string();
        let source = match build_source(instance, &config.base).await {
            Ok(source) => source,
            Err(stopped) => {
                command.remark = Some(format!("not checked: {stopped}"));
                continue;
            }
        };
        all.extend(source.catalogue().iter().map(|spec| spec.name.clone()));
        if let Some(phase) = source.phase(name) {
            // Where several know it differently, the one that waits for an answer counts.
            if command.known_to.is_empty() || phase == Phase::Before {
                command.phase = phase;
            }
            command.known_to.push(source_name);
        }
        if let Some(spec) = source.catalogue().iter().find(|spec| spec.name == name) {
            command.title = Some(spec.title.clone().into_owned());
            command.doc = Some(spec.doc.clone().into_owned());
        }
    }
    if command.known_to.is_empty() && command.remark.is_none() {
        command.remark = Some(format!(
            "no source knows this command{}",
            hint(name, all.iter().map(|name| &**name))
        ));
    }
    Ok(command)
}

fn text(routes: &Routes) -> String {
    let mut text = String::new();
    let Some(command) = &routes.command else {
        if routes.handlers.is_empty() {
            text.push_str("There are no handlers: callbacks are only persisted and answered.");
        }
        for handler in &routes.handlers {
            write_handler(&mut text, handler, &handler.patterns.join(", "));
        }
        return text;
    };
    write_command(&mut text, command);
    let (reached, others): (Vec<&Handler>, Vec<&Handler>) =
        routes.handlers.iter().partition(|one| one.enabled && one.matched_by.is_some());
    if reached.is_empty() {
        text.push_str("\nIt reaches no handler: it is only persisted and answered.\n");
    } else {
        text.push_str("\nIt reaches, in this order:\n");
    }
    for handler in reached {
        write_handler(&mut text, handler, handler.matched_by.as_deref().unwrap_or_default());
    }
    if !others.is_empty() {
        text.push_str("\nIt does not reach:\n");
    }
    for handler in others {
        _ = writeln!(text, "  {}: {}", handler.name, why_not(handler));
    }
    text
}

fn write_command(text: &mut String, command: &Command) {
    let name = one_line(&command.name);
    _ = match &command.title {
        Some(title) => writeln!(text, "{name} ({}): {title}", command.phase),
        None if command.known_to.is_empty() => {
            writeln!(text, "{name} ({}, guessed from its name)", command.phase)
        }
        None => writeln!(text, "{name} ({})", command.phase),
    };
    if !command.known_to.is_empty() {
        _ = writeln!(text, "known to {}", command.known_to.join(", "));
    }
    for more in command.doc.iter().chain(&command.remark) {
        _ = writeln!(text, "{}", one_line(more));
    }
}

fn why_not(handler: &Handler) -> String {
    match (handler.enabled, handler.patterns.as_slice()) {
        (false, _) => "it is disabled".to_owned(),
        (true, []) => "it handles no commands".to_owned(),
        (true, patterns) => format!("it handles {}", patterns.join(", ")),
    }
}

/// A handler with the patterns that are of interest, and its actions below.
fn write_handler(text: &mut String, handler: &Handler, patterns: &str) {
    let off = if handler.enabled { "" } else { ", disabled" };
    let patterns = if patterns.is_empty() { "nothing" } else { patterns };
    let (name, plugin, order) = (&handler.name, handler.plugin, handler.order);
    _ = writeln!(text, "  {name} ({plugin}, order {order}{off}): {patterns}");
    if handler.actions.is_empty() {
        text.push_str("    no actions\n");
    }
    for action in &handler.actions {
        let off = if action.enabled { "" } else { ", disabled: nothing is delivered" };
        _ = writeln!(text, "    -> {} ({}{off})", action.name, action.plugin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchhook_engine::config::Layers;
    use switchhook_engine::test_plugins::{GOOD, registry};

    const MORE: &str = r#"
[handlers.all]
plugin = "note"
commands = ["C2C.*", "Group.*"]
order = 5
actions = ["log", "off"]

[handlers.asleep]
plugin = "note"
enabled = false

[handlers.other]
plugin = "note"
commands = ["C2C.*"]

[actions.off]
plugin = "out"
enabled = false
options.path = "x"
"#;

    fn check(extra: &str, command: Option<&str>, expected: &str) {
        let text = format!("{GOOD}{MORE}{extra}");
        let layers = Layers { path: "test.toml".into(), text, ..Layers::default() };
        let mut config = Config::read(&layers, &registry()).expect("good");
        let handlers = handlers(&config, command);
        let command = command.map(|name| block_on(look_up(name, &mut config)).expect("looked up"));
        assert_eq!(super::text(&Routes { command, handlers }), expected);
    }

    #[test]
    fn all_routes_are_shown_in_asking_order() {
        check(
            "",
            None,
            "  all (note, order 5): C2C.*, Group.*\n    -> log (out)\n    -> off (out, disabled: nothing is delivered)\n\
             \x20 asleep (note, order 100, disabled): Group.Changed\n    no actions\n\
             \x20 changes (note, order 100): Group.Changed\n    -> log (out)\n\
             \x20 other (note, order 100): C2C.*\n    no actions\n",
        );
    }

    #[test]
    fn a_command_shows_what_it_reaches_and_why_not() {
        check(
            "",
            Some("Group.Changed"),
            "Group.Changed (after): A group changed\nknown to chat\nhttps://example.com/changed\n\n\
             It reaches, in this order:\n\
             \x20 all (note, order 5): Group.*\n    -> log (out)\n    -> off (out, disabled: nothing is delivered)\n\
             \x20 changes (note, order 100): Group.Changed\n    -> log (out)\n\n\
             It does not reach:\n  asleep: it is disabled\n  other: it handles C2C.*\n",
        );
    }

    #[test]
    fn an_unknown_command_gets_a_hint_and_a_broken_source_is_told() {
        check(
            "",
            Some("Groop.Changed"),
            "Groop.Changed (after, guessed from its name)\nno source knows this command; did you mean `Group.Changed`?\n\n\
             It reaches no handler: it is only persisted and answered.\n\n\
             It does not reach:\n  all: it handles C2C.*, Group.*\n  asleep: it is disabled\n\
             \x20 changes: it handles Group.Changed\n  other: it handles C2C.*\n",
        );
        check(
            "[sources.second]\nplugin = \"wire\"\npath = \"/2\"\noptions = { app = 1, broken = true }\n",
            Some("Group.BeforeSend"),
            "Group.BeforeSend (before, guessed from its name)\nnot checked: sources.second: the token file is gone\n\n\
             It reaches, in this order:\n\
             \x20 all (note, order 5): Group.*\n    -> log (out)\n    -> off (out, disabled: nothing is delivered)\n\n\
             It does not reach:\n  asleep: it is disabled\n  changes: it handles Group.Changed\n  other: it handles C2C.*\n",
        );
    }
}
