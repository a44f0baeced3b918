//! `switchhook commands`.

mod body_schema;
mod described;
mod known;
mod list;
mod page;

use clap::ValueEnum;
use switchhook_api::{FieldKind, program_name};
use switchhook_engine::config::{hint, listed};

use self::described::Command;
use self::known::{Known, accepting_sources, known};
use super::output::{json as write_json, line, message, one_line};
use super::{Context, Failed, block_on};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook commands                                        all, by family
  switchhook commands --phase before                         those whose sender waits for a decision
  switchhook commands Group.CallbackAfterTopicInfoChanged    one command: fields, answers, keys and a sample
  switchhook commands --json | jq -r '.[].name'
  switchhook commands C2C.CallbackBeforeSendMsg --schema > message.schema.json

Shows the commands of the configured sources; without a configuration file, those of the source plugins of this program.

JSON is always a list, also for one command. Each has: name, family, phase (before, after), answered (an after-command whose \
reply matters), title, titles (by language), about, doc, sources, fields, answers (verdict, says), reply_fields, \
natural_key (the fields that identify an event), ordering_key, sample. Each field has: name, type (text, \
integer, seconds, milliseconds, boolean, any, object, list), fields of an object, items of a list, presence (always, \
sometimes, undocumented), personal, about. Later versions may add more.")]
pub(super) struct Args {
    /// The command to show, as the sender spells it; default: list all
    name: Option<String>,
    /// Only commands of this phase
    #[arg(long, value_enum, conflicts_with = "name")]
    phase: Option<Phase>,
    /// Only commands of this family: the part before the first dot
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    family: Option<String>,
    /// Only commands of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value = "text", group = "form")]
    format: Form,
    /// Short for `--format json`
    #[arg(long, group = "form")]
    json: bool,
    /// Short for `--format schema`
    #[arg(long, group = "form")]
    schema: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Phase {
    /// The sender waits for the reply, which decides
    Before,
    /// The event has happened
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
    /// The JSON Schema of the body; without a name, of all bodies, as `$defs` by command
    Schema,
}

impl Args {
    fn form(&self) -> Form {
        match (self.json, self.schema) {
            (true, _) => Form::Json,
            (_, true) => Form::Schema,
            _ => self.format,
        }
    }
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let mut all = block_on(known(cx))?;
    if let Some(source) = &args.source {
        of_source(&mut all, source)?;
    }
    let found = match &args.name {
        Some(name) => named(all, name).map_err(|failed| without_description(cx, name, failed))?,
        None => filtered(all, args)?,
    };
    write(&found, args)
}

fn write(found: &[Known], args: &Args) -> Result<(), Failed> {
    match (args.form(), &args.name) {
        (Form::Json, _) => write_json(&found.iter().map(Command::from).collect::<Vec<_>>())?,
        (Form::Schema, name) => write_json(&match (name, found) {
            (Some(_), [one]) => body_schema::of_one(&one.spec),
            _ => body_schema::of_all(distinct(found)?),
        })?,
        (Form::Text, _) if found.is_empty() => message("there are no matching commands"),
        (Form::Text, None) => {
            line(&list::text(found))?;
            let program = program_name();
            message(&format!(
                "\n`{program} commands NAME` shows the fields and answers of a command and a sample"
            ));
        }
        (Form::Text, Some(name)) => {
            let pages: Vec<String> = found.iter().map(page::text).collect();
            line(pages.join("\n").trim_end())?;
            message(&format!("\n`{} send {}` sends it", program_name(), one_line(name)));
        }
    }
    Ok(())
}

/// A document can say only one thing of a name.
fn distinct(found: &[Known]) -> Result<&[Known], Failed> {
    let twice =
        |one: &&Known| found.iter().filter(|other| other.spec.name == one.spec.name).count() > 1;
    let Some(one) = found.iter().find(twice) else { return Ok(found) };
    let same = found.iter().filter(|other| other.spec.name == one.spec.name);
    let sources = same.flat_map(|one| one.sources.iter().map(String::as_str));
    Err(Failed::usage(format!(
        "several sources describe `{}` differently: {}; choose one with --source NAME",
        one_line(&one.spec.name),
        listed(sources)
    )))
}

fn of_source(all: &mut Vec<Known>, source: &str) -> Result<(), Failed> {
    let mut sources: Vec<String> = all.iter().flat_map(|one| one.sources.clone()).collect();
    sources.sort_unstable();
    sources.dedup();
    if !sources.iter().any(|one| one == source) {
        let names = || sources.iter().map(String::as_str);
        let hint = hint(source, names());
        return Err(Failed::usage(match sources.is_empty() {
            true => {
                format!("there is no source `{}` that describes its commands", one_line(source))
            }
            false => format!(
                "there is no source `{}` that describes its commands{hint}; sources that do: {}",
                one_line(source),
                listed(names())
            ),
        }));
    }
    all.retain_mut(|one| {
        one.sources.retain(|name| name == source);
        !one.sources.is_empty()
    });
    Ok(())
}

fn named(all: Vec<Known>, name: &str) -> Result<Vec<Known>, Failed> {
    let (found, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.spec.name == name);
    if !found.is_empty() {
        return Ok(found);
    }
    let hint = hint(name, others.iter().map(|one| &*one.spec.name));
    let name = one_line(name);
    Err(Failed::usage(format!(
        "no source knows the command `{name}`{}; `{} commands` lists all",
        one_line(&hint),
        program_name()
    )))
}

/// Says of a command that is not known who takes it all the same, so that `routes` and `commands` agree.
fn without_description(cx: &Context, name: &str, unknown: Failed) -> Failed {
    let accepting_sources = block_on(accepting_sources(cx, name)).unwrap_or_default();
    if accepting_sources.is_empty() {
        return unknown;
    }
    let (accepting_sources, name) =
        (listed(accepting_sources.iter().map(String::as_str)), one_line(name));
    let program = program_name();
    Failed::usage(format!(
        "no source describes `{name}`, but {accepting_sources} accepts it: `{program} routes {name}` shows what it reaches"
    ))
}

fn filtered(mut all: Vec<Known>, args: &Args) -> Result<Vec<Known>, Failed> {
    if let Some(family) = &args.family {
        let of_family = |one: &Known| one.spec.family().eq_ignore_ascii_case(family);
        if !all.iter().any(of_family) {
            let names: Vec<&str> = families(&all).into_iter().map(|(name, _)| name).collect();
            let hint = hint(family, names.iter().copied());
            return Err(Failed::usage(one_line(&format!(
                "there is no family `{family}`{hint}; known families: {}",
                listed(names)
            ))));
        }
        all.retain(of_family);
    }
    if let Some(phase) = args.phase {
        all.retain(|one| {
            (one.spec.phase == switchhook_api::Phase::Before) == (phase == Phase::Before)
        });
    }
    Ok(all)
}

/// The commands by family, in the order of the families' first ones.
fn families(all: &[Known]) -> Vec<(&str, Vec<&Known>)> {
    let mut families: Vec<(&str, Vec<&Known>)> = Vec::new();
    for one in all {
        match families.iter_mut().find(|(name, _)| *name == one.spec.family()) {
            Some((_, members)) => members.push(one),
            None => families.push((one.spec.family(), vec![one])),
        }
    }
    families
}

/// Whether it matters to say who knows a command.
fn several_sources(all: &[Known]) -> bool {
    all.iter().any(|one| one.sources.len() > 1)
        || all.windows(2).any(|pair| matches!(pair, [one, next] if one.sources != next.sources))
}

/// A phase, and whether the reply matters.
fn phase(known: &Known) -> String {
    let answered = if known.spec.answered { ", answered" } else { "" };
    format!("{}{answered}", known.spec.phase)
}

/// What a field holds, in words.
fn kind(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Text => "text".into(),
        FieldKind::Integer => "whole number".into(),
        FieldKind::Seconds => "time in seconds".into(),
        FieldKind::Milliseconds => "time in milliseconds".into(),
        FieldKind::Boolean => "true or false".into(),
        FieldKind::Object(_) => "object".into(),
        FieldKind::List(item) => format!("list of {}", items(item)),
        _ => "anything".into(),
    }
}

fn items(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Integer => "whole numbers".into(),
        FieldKind::Seconds => "times in seconds".into(),
        FieldKind::Milliseconds => "times in milliseconds".into(),
        FieldKind::Object(_) => "objects".into(),
        FieldKind::List(item) => format!("lists of {}", items(item)),
        other => self::kind(other),
    }
}

#[cfg(test)]
mod tests;
