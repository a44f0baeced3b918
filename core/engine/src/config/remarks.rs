//! What is no mistake but probably not meant.

use std::time::Duration;

use switchhook_api::config::ConfigError;

use super::model::Config;
use super::section::Section;

/// Nobody looks at what failed sooner.
const KEPT_MIN: Duration = Duration::from_hours(1);

pub(super) fn remarks(root: &Section, config: &Config) -> Vec<ConfigError> {
    let mut remarks = Vec::new();
    let used = |name: &str| {
        config.handlers.iter().any(|h| h.table.enabled && h.table.actions.iter().any(|a| a == name))
    };
    for action in config.actions.iter().filter(|action| action.table.enabled && !used(&action.name))
    {
        remarks.push(root.mistake(
            &format!("actions.{}", action.name),
            "no enabled handler lists it, so it receives nothing",
        ));
    }
    for handler in config.handlers.iter().filter(|handler| handler.table.enabled) {
        for (i, name) in handler.table.actions.iter().enumerate() {
            if config.actions.iter().any(|action| *action.name == **name && !action.table.enabled) {
                let key = format!("handlers.{}.actions.{i}", handler.name);
                let text = format!(
                    "`{name}` is disabled: records are not delivered to it; if it ran before, they stay pending"
                );
                remarks.push(root.mistake(&key, text));
            }
        }
        if handler.plugin.records_only && handler.table.actions.is_empty() {
            let key = format!("handlers.{}", handler.name);
            let message = format!(
                "has no effect: the plugin `{}` only produces records, and no `actions` are listed that receive them",
                handler.plugin.name
            );
            remarks.push(root.mistake(&key, message));
        }
        if handler.table.commands.as_ref().is_some_and(Vec::is_empty) {
            remarks.push(root.mistake(
                &format!("handlers.{}.commands", handler.name),
                "the list is empty, so the handler receives nothing",
            ));
        }
    }
    if !config.sources.iter().any(|source| source.table.enabled) {
        remarks.push(
            root.mistake("sources", "every source is disabled, so no callback can be received"),
        );
    }
    let journal = &config.journal.table;
    for (key, kept, what) in [
        ("dead_letter_retention", journal.dead_letter_retention, "dead letters"),
        ("orphan_retention", journal.orphan_retention, "pending work of orphaned consumers"),
    ] {
        if kept.0 < KEPT_MIN {
            let message = format!(
                "{what} would be deleted after {kept}, before anyone can act on it; choose at least 1h"
            );
            remarks.push(root.mistake(&format!("journal.{key}"), message));
        }
    }
    remarks
}
