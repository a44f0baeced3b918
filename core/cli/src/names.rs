//! The names that a command line may mean: those of the configuration, and those that the journal still knows.

use std::collections::BTreeSet;

use switchhook_api::journal::ConsumerId;
use switchhook_engine::app;
use switchhook_engine::config::{Config, hint, listed};

use super::output::one_line;
use super::store::Store;

/// Names that a message lists at most.
const LISTED_MAX: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Names {
    handlers: BTreeSet<String>,
    actions: BTreeSet<String>,
    lanes: BTreeSet<String>,
}

impl Names {
    /// Those of a configuration, disabled ones included.
    pub(super) fn of(config: &Config) -> Self {
        let mut names = Self::default();
        names.handlers.extend(config.handlers.iter().map(|one| one.name.to_string()));
        names.actions.extend(config.actions.iter().map(|one| one.name.to_string()));
        for lane in app::lanes(config) {
            names.add(&lane.id);
        }
        names
    }

    /// Adds those of the journal, as far as it can be read.
    pub(super) async fn with_those_of(mut self, store: &mut Store) -> Self {
        for lane in store.lanes().await.unwrap_or_default() {
            self.add(&lane.status.id());
        }
        self
    }

    fn add(&mut self, lane: &ConsumerId) {
        self.lanes.insert(lane.to_string());
        self.handlers.insert(lane.handler().to_string());
        self.actions.extend(lane.action().map(ToString::to_string));
    }

    /// What is wrong with the name of an action, if there is none.
    pub(super) fn unknown_action(&self, name: &str) -> Option<String> {
        unknown("action", name, &self.actions)
    }

    /// What is wrong with the name of a handler, if there is none.
    pub(super) fn unknown_handler(&self, name: &str) -> Option<String> {
        unknown("handler", name, &self.handlers)
    }

    /// What is wrong with the name of a lane, if there is none.
    pub(super) fn unknown_consumer(&self, name: &str) -> Option<String> {
        unknown("consumer", name, &self.lanes)
    }
}

fn unknown(what: &str, name: &str, known: &BTreeSet<String>) -> Option<String> {
    if known.contains(name) {
        return None;
    }
    let names = || known.iter().map(String::as_str);
    let near = hint(name, names());
    let others = match (near.is_empty(), known.len()) {
        (false, _) | (true, 0) => near,
        (true, 1..=LISTED_MAX) => format!("; known {what}s: {}", listed(names())),
        (true, all) => {
            let shown = listed(names().take(LISTED_MAX));
            format!("; known {what}s: {shown} and {} more", all - LISTED_MAX)
        }
    };
    Some(one_line(&format!(
        "there is no {what} `{name}`, neither in the configuration nor in the journal{others}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(actions: &[String]) -> Names {
        Names { actions: actions.iter().cloned().collect(), ..Names::default() }
    }

    #[test]
    fn a_name_that_is_not_there_is_told_with_those_that_are() {
        let two = names(&["crm".to_owned(), "log".to_owned()]);
        let no = "there is no action";
        let nowhere = "neither in the configuration nor in the journal";
        assert_eq!(two.unknown_action("crm"), None);
        for (name, expected) in [
            ("crn", format!("{no} `crn`, {nowhere}; did you mean `crm`?")),
            ("nothing", format!("{no} `nothing`, {nowhere}; known actions: `crm`, `log`")),
            ("a\u{1b}b", format!("{no} `a\\u{{1b}}b`, {nowhere}; known actions: `crm`, `log`")),
        ] {
            assert_eq!(two.unknown_action(name), Some(expected));
        }
        let none = two.unknown_handler("topics").expect("none");
        assert_eq!(none, format!("there is no handler `topics`, {nowhere}"));
        let many: Vec<String> = (100..130).map(|n| format!("action{n}")).collect();
        let said = names(&many).unknown_action("x").expect("none");
        assert!(said.ends_with("`action119` and 10 more"), "{said}");
    }
}
