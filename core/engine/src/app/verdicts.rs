//! What the configuration fixes about verdicts, held against what the sources can say.

use bytes::Bytes;
use switchhook_api::{Callback, CommandSpec, Expressed, NotPermitted, Pattern, Phase, Verdict};

use super::parts::{BuiltSource, Sources};
use crate::config::tables;
use crate::config::{Config, ConfigError, Instance};
use crate::decide::{OnFailure, expressed, refusal};

/// Commands that are named for one verdict; the others are counted.
const NAMED_MAX: usize = 5;

/// The verdicts that options fix and that a source cannot say in answer to a command.
pub(super) fn unsayable(config: &Config, sources: &Sources) -> Vec<ConfigError> {
    let mut mistakes = Vec::new();
    for handler in enabled(config) {
        let patterns = handler.commands();
        for (key, verdict) in handler.options.verdicts() {
            let asked = decided(sources, &patterns).into_iter().chain(named(sources, &patterns));
            let refused = asked.filter_map(|(source, one)| why_not(source, &one, &verdict).err());
            let at = |message| handler.at.mistake(&format!("options.{key}"), message);
            mistakes.extend(in_short(refused.collect()).into_iter().map(at));
        }
    }
    mistakes.sort_by(|one: &ConfigError, other| one.place.cmp(&other.place));
    mistakes
}

/// What stands in the configuration and has no effect: no command that its handler gets is decided.
pub(super) fn never_given(config: &Config, sources: &Sources) -> Vec<ConfigError> {
    let mut remarks = Vec::new();
    for handler in enabled(config) {
        let patterns = handler.commands();
        // An empty list has a remark of its own.
        if patterns.is_empty() || patterns.iter().any(|pattern| may_be_new(pattern, sources)) {
            continue;
        }
        let decided = decided(sources, &patterns);
        let refuses =
            decided.iter().any(|(source, one)| refusal(&*source.component, one).is_some());
        let mut idle = |key: &str, what| remarks.push(handler.at.mistake(key, what));
        if decided.is_empty() {
            for (key, _) in handler.options.verdicts() {
                idle(
                    &format!("options.{key}"),
                    "has no effect: none of its commands expects a decision",
                );
            }
            if handler.table.timeout.is_some() {
                idle("timeout", "has no effect: none of its commands expects a decision");
            }
        }
        if !refuses && handler.table.on_failure == OnFailure::Deny {
            idle("on_failure", "has no effect: none of its commands can be denied");
        }
    }
    remarks
}

fn enabled(config: &Config) -> impl Iterator<Item = &Instance<tables::Handler>> {
    config.handlers.iter().filter(|handler| handler.table.enabled)
}

/// A callback that a source may bring, without a body.
type Asked<'s> = (&'s BuiltSource, Callback);

/// The commands of the catalogues that the patterns mean and whose reply matters.
fn decided<'s>(sources: &'s Sources, patterns: &[Pattern]) -> Vec<Asked<'s>> {
    let of =
        |source: &'s BuiltSource| source.component.catalogue().iter().map(move |s| (source, s));
    let known = sources.iter().flat_map(of);
    let meant = known.filter(|(_, spec)| spec.is_decided() && Pattern::any(patterns, &spec.name));
    let asked = |(source, spec): (&'s BuiltSource, &CommandSpec)| {
        let mut callback = Callback::new(&*spec.name, spec.phase, "", Bytes::new());
        callback.answered = spec.answered;
        (source, callback)
    };
    meant.map(asked).collect()
}

/// The commands that the patterns name and that a source without a catalogue takes for before-commands.
fn named<'s>(sources: &'s Sources, patterns: &[Pattern]) -> Vec<Asked<'s>> {
    let bare = || sources.iter().filter(|one| one.component.catalogue().is_empty());
    let names = patterns.iter().filter_map(|pattern| match pattern {
        Pattern::Exact(name) => Some(&**name),
        _ => None,
    });
    let asked = |name| bare().map(move |source| (source, name));
    let before =
        |(source, name): &(&BuiltSource, &str)| source.component.phase(name) == Some(Phase::Before);
    let callback = |name: &str| Callback::new(name, Phase::Before, "", Bytes::new());
    names.flat_map(asked).filter(before).map(|(source, name)| (source, callback(name))).collect()
}

/// Whether a pattern may mean a command that no source knows yet, and that would be decided.
fn may_be_new(pattern: &Pattern, sources: &Sources) -> bool {
    let Pattern::Exact(name) = pattern else { return true };
    if sources.iter().any(|one| one.component.catalogue().iter().any(|spec| *spec.name == **name)) {
        return false;
    }
    // A source without a catalogue knows the phase of any command.
    let phase = |source: &BuiltSource| source.component.phase(name);
    sources.iter().any(|one| phase(one).unwrap_or_else(|| Phase::guess(name)) == Phase::Before)
}

/// Whether a source can say a verdict as it is in answer to a command, whatever the body.
fn why_not(source: &BuiltSource, callback: &Callback, verdict: &Verdict) -> Result<(), String> {
    let why = match expressed(&*source.component, callback, verdict.clone()) {
        Ok(Expressed { lost: None, .. }) => return Ok(()),
        Ok(Expressed { lost: Some(why), .. }) | Err(NotPermitted(why)) => why,
    };
    Err(format!("sources.{}: {}: {why}", source.name, callback.command()))
}

/// The first few, and how many more there are.
fn in_short(mut messages: Vec<String>) -> Vec<String> {
    let more = messages.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        messages.truncate(NAMED_MAX);
        messages.push(format!("it cannot be expressed for {more} more of its commands either"));
    }
    messages
}

#[cfg(test)]
mod tests;
