//! What the configuration fixes about verdicts, held against what the sources can say.

use bytes::Bytes;

use super::parts::{BuiltSource, Sources};
use crate::callback::Callback;
use crate::catalogue::CommandSpec;
use crate::config::tables::{self, OnFailure};
use crate::config::{Config, Instance, Mistake};
use crate::decide::refusal;
use crate::facts::Phase;
use crate::handler::Verdict;
use crate::router::Pattern;
use crate::source::NotPermitted;

/// Commands that are named for one verdict; the others are counted.
const NAMED_MAX: usize = 5;

/// The verdicts that options fix and that a source cannot say in answer to a command.
pub(super) fn unsayable(config: &Config, sources: &Sources) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for handler in enabled(config) {
        let patterns = handler.commands();
        for (key, verdict) in handler.options.verdicts() {
            let refused = decided(sources, &patterns)
                .filter_map(|(source, spec)| why_not(source, spec, &verdict).err());
            let at = |message| handler.at.mistake(&format!("options.{key}"), message);
            mistakes.extend(in_short(refused.collect()).into_iter().map(at));
        }
    }
    mistakes.sort_by(|one: &Mistake, other| one.place.cmp(&other.place));
    mistakes
}

/// What stands in the configuration and has no effect: no command that its handler gets is decided.
pub(super) fn never_given(config: &Config, sources: &Sources) -> Vec<Mistake> {
    let mut remarks = Vec::new();
    for handler in enabled(config) {
        let patterns = handler.commands();
        // An empty list has a remark of its own.
        if patterns.is_empty() || patterns.iter().any(|pattern| may_be_new(pattern, sources)) {
            continue;
        }
        let decides = decided(sources, &patterns).next().is_some();
        let refuses = decided(sources, &patterns)
            .any(|(source, spec)| why_not(source, spec, &refusal()).is_ok());
        let mut idle = |key: &str, what| remarks.push(handler.at.mistake(key, what));
        if !decides {
            for (key, _) in handler.options.verdicts() {
                idle(&format!("options.{key}"), "never given: none of its commands is decided");
            }
            if handler.table.timeout.is_some() {
                idle("timeout", "has no effect: none of its commands is decided");
            }
        }
        if !refuses && handler.table.on_failure == OnFailure::Deny {
            idle("on_failure", "has no effect: none of its commands can be refused");
        }
    }
    remarks
}

fn enabled(config: &Config) -> impl Iterator<Item = &Instance<tables::Handler>> {
    config.handlers.iter().filter(|handler| handler.table.enabled)
}

/// The commands that the patterns mean and whose reply matters, each with a source that knows it.
fn decided<'a>(
    sources: &'a Sources,
    patterns: &'a [Pattern],
) -> impl Iterator<Item = (&'a BuiltSource, &'a CommandSpec)> {
    let known = sources
        .iter()
        .flat_map(|source| source.component.catalogue().iter().map(move |spec| (source, spec)));
    known.filter(|(_, spec)| spec.is_decided() && Pattern::any(patterns, &spec.name))
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

/// Whether a source can say a verdict in answer to a command, whatever the body.
fn why_not(source: &BuiltSource, spec: &CommandSpec, verdict: &Verdict) -> Result<(), String> {
    let mut callback = Callback::new(&*spec.name, spec.phase, "", Bytes::new());
    callback.answered = spec.answered;
    source.component.permits(&callback, verdict).map_err(|NotPermitted(why)| {
        let (source, command) = (&source.name, &*spec.name);
        if why.contains(command) {
            format!("sources.{source}: {why}")
        } else {
            format!("sources.{source}: {command}: {why}")
        }
    })
}

/// The first few, and how many more there are.
fn in_short(mut messages: Vec<String>) -> Vec<String> {
    let more = messages.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        messages.truncate(NAMED_MAX);
        messages.push(format!("nor can it be said in answer to {more} more of its commands"));
    }
    messages
}

#[cfg(test)]
mod tests;
