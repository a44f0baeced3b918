//! What no type can say of a value: ranges, and keys that do not go together.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use switchhook_api::Pattern;

use super::model::Instance;
use super::read::Reader;
use super::report::{hint, listed};
use super::section::Section;
use super::tables;

const NO_TIME: &str = "found 0, expected a duration above 0";
/// A stop takes at least as long as what hangs is given to end; a longer one is a mistake.
const SHUTDOWN_TIMES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);

impl Reader<'_> {
    pub(super) fn check_server(&mut self, root: &Section, server: &tables::Server) {
        let section = root.child("server");
        let mut refuse =
            |key: &str, message: &str| self.mistakes.push(section.mistake(key, message));
        let limits = &server.limits;
        if limits.connections == 0 {
            refuse("limits.connections", "found 0, expected at least 1");
        }
        if !(8192..=1 << 20).contains(&limits.header_size.0) {
            refuse("limits.header_size", "expected 8 KiB to 1 MiB");
        }
        if !(1024..=64 << 20).contains(&limits.body_size.0) {
            refuse("limits.body_size", "expected 1 KiB to 64 MiB");
        }
        if server.decide_within.is_some_and(|within| within.0.is_zero()) {
            refuse("decide_within", NO_TIME);
        }
        if !SHUTDOWN_TIMES.contains(&server.shutdown_timeout.0) {
            refuse("shutdown_timeout", "expected 1s to 1h");
        }
        for (key, period) in [
            ("persist_timeout", server.persist_timeout),
            ("limits.header_timeout", limits.header_timeout),
            ("limits.body_timeout", limits.body_timeout),
            ("limits.idle_timeout", limits.idle_timeout),
            ("limits.write_timeout", limits.write_timeout),
        ] {
            if period.0.is_zero() {
                refuse(key, NO_TIME);
            }
        }
    }

    pub(super) fn check_admin(
        &mut self,
        root: &Section,
        server: &tables::Server,
        admin: &tables::Admin,
    ) {
        if admin.enabled && admin.listen == server.listen && admin.listen.port() != 0 {
            let message = "the same address as server.listen; choose another port";
            self.mistakes.push(root.child("admin").mistake("listen", message));
        }
    }

    pub(super) fn check_sources(&mut self, root: &Section, sources: &[Instance<tables::Source>]) {
        let tables = root.child("sources");
        if tables.children().next().is_none() {
            let message = "no source is configured, so no callback can be received; add a table [sources.NAME]";
            self.mistakes.push(root.mistake("sources", message));
        }
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for source in sources {
            let (key, path) = (format!("{}.path", source.name), source.table.path.as_str());
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
            if !path.starts_with('/') || !path.bytes().all(plain) || path.contains("//") {
                let message = format!(
                    "found `{path}`, expected a path such as `/callbacks`, made of letters, digits and -_.~"
                );
                self.mistakes.push(tables.mistake(&key, message));
            }
            if source.table.decide_within.is_some_and(|within| within.0.is_zero()) {
                let key = format!("{}.decide_within", source.name);
                self.mistakes.push(tables.mistake(&key, NO_TIME));
            }
            if source.table.enabled
                && let Some(other) = taken.insert(path.trim_end_matches('/'), &source.name)
            {
                self.mistakes.push(tables.mistake(
                    &key,
                    format!("the path `{path}` is already used by sources.{other}"),
                ));
            }
        }
    }

    pub(super) fn check_handlers(
        &mut self,
        root: &Section,
        handlers: &[Instance<tables::Handler>],
    ) {
        let actions = root.child("actions");
        let known: Vec<&str> = actions.children().map(|(name, _)| name).collect();
        let tables = root.child("handlers");
        for handler in handlers {
            self.check_against_plugin(handler);
            for (i, action) in handler.table.actions.iter().enumerate() {
                let key = format!("{}.actions.{i}", handler.name);
                if !known.contains(&action.as_str()) {
                    let hint = hint(action, known.iter().copied());
                    let message = format!(
                        "there is no action `{action}`{hint}; configured actions: {}",
                        listed(known.iter().copied())
                    );
                    self.mistakes.push(tables.mistake(&key, message));
                } else if handler.table.actions[..i].contains(action) {
                    self.mistakes.push(
                        tables.mistake(&key, format!("`{action}` is listed twice; remove one")),
                    );
                }
            }
        }
    }

    /// What the plugin leaves to the configuration, and what it has no use for.
    fn check_against_plugin(&mut self, handler: &Instance<tables::Handler>) {
        let Instance { at, table, plugin, .. } = handler;
        for text in plugin.commands {
            if let Err(why) = text.parse::<Pattern>() {
                let message = format!("bug in the plugin: its `COMMANDS` are wrong: {why}");
                self.mistakes.push(at.mistake("plugin", message));
            }
        }
        if plugin.commands.is_empty() && table.commands.is_none() {
            let message = format!(
                "missing; the plugin `{}` has no default commands: list commands, `Family.*` or `*`",
                plugin.name
            );
            self.mistakes.push(at.mistake("commands", message));
        }
        if !plugin.records && !table.actions.is_empty() {
            let message = format!(
                "the plugin `{}` produces no records, so these actions would receive nothing; list them at a handler that produces records",
                plugin.name
            );
            self.mistakes.push(at.mistake("actions", message));
        }
    }

    pub(super) fn check_actions(&mut self, root: &Section, actions: &[Instance<tables::Action>]) {
        let tables = root.child("actions");
        for action in actions {
            let (name, table, retry) = (&action.name, &action.table, &action.table.retry);
            let mut refuse = |key: &str, message: &str| {
                self.mistakes.push(tables.mistake(&format!("{name}.{key}"), message));
            };
            if table.timeout.0.is_zero() {
                refuse("timeout", NO_TIME);
            }
            if !(1.0..=100.0).contains(&retry.factor) {
                refuse("retry.factor", "expected 1 to 100");
            }
            if !(0.0..=1.0).contains(&retry.jitter) {
                refuse("retry.jitter", "expected 0 to 1");
            }
            if !(0.0..=1.0).contains(&retry.max_ratio) {
                refuse("retry.max_ratio", "expected 0 to 1");
            }
            for (waits, initial, max) in [
                ("retry", retry.initial, retry.max),
                ("circuit_breaker", table.circuit_breaker.initial, table.circuit_breaker.max),
            ] {
                let (one, other) = (format!("{waits}.initial"), format!("{waits}.max"));
                let given = tables.child(name).child(waits).text("initial").is_some();
                if initial.0.is_zero() {
                    refuse(&one, NO_TIME);
                } else if max < initial && given {
                    refuse(&one, &format!("{initial} is longer than `{other}`, which is {max}"));
                } else if max < initial {
                    refuse(&other, &format!("{max} is shorter than `{one}`, which is {initial}"));
                }
            }
        }
    }
}
