//! The lanes that a configuration asks for.

use std::time::Duration;

use switchhook_api::journal::{ConsumerId, ConsumerSpec, Journal, JournalError, Ordering};
use switchhook_api::program_name;

use crate::admin;
use crate::config::Config;
use crate::config::{Instance, tables};

/// Lanes that left the configuration and are named in the log.
const TOLD_MAX: usize = 20;

/// One lane for each handler, and one for each of its actions; of what is disabled, lanes that are kept and hand out nothing.
pub fn lanes(config: &Config) -> Vec<ConsumerSpec> {
    config.handlers.iter().flat_map(|handler| lanes_of(config, handler)).collect()
}

fn lanes_of(config: &Config, handler: &Instance<tables::Handler>) -> Vec<ConsumerSpec> {
    let action = |name: &String| config.actions.iter().find(|action| *action.name == **name);
    let subscription = |action: &Instance<tables::Action>| ConsumerSpec {
        id: ConsumerId::subscription(&handler.name, &action.name),
        start: action.table.start,
        commands: Vec::new(),
        ordering: action.table.ordering,
        enabled: handler.table.enabled && action.table.enabled,
    };
    let projection = ConsumerSpec {
        id: ConsumerId::projection(&handler.name),
        start: handler.table.start,
        commands: handler.commands(),
        ordering: Ordering::None,
        enabled: handler.table.enabled,
    };
    let subscriptions = handler.table.actions.iter().filter_map(action).map(subscription);
    std::iter::once(projection).chain(subscriptions).collect()
}

/// Warns of each lane that left the configuration, while there is time to bring it back.
pub(super) async fn tell_who_left(journal: &dyn Journal, keep: Option<Duration>) {
    let lanes = match journal.lanes().await {
        Ok(lanes) => lanes,
        Err(JournalError::Unsupported(_)) => return,
        Err(error) => {
            let reason = switchhook_api::error_line(&error);
            tracing::warn!(%reason, "cannot list the orphaned consumers");
            return;
        }
    };
    let left: Vec<_> = lanes.iter().filter(|lane| lane.detached).collect();
    for lane in left.iter().take(TOLD_MAX) {
        tracing::warn!(
            "consumer {}: {}",
            switchhook_api::escape::for_line(&lane.lane),
            admin::left(lane, keep)
        );
    }
    let more = left.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        let program = program_name();
        tracing::warn!(more, "more consumers are orphaned; `{program} consumers` lists them");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use crate::test_plugins::{GOOD, registry};

    #[test]
    fn what_is_disabled_has_lanes_that_are_only_kept() {
        let more = r#"
[handlers.asleep]
plugin = "note"
enabled = false
actions = ["log"]

[handlers.both]
plugin = "note"
commands = ["C2C.*"]
actions = ["off", "log"]
start = "beginning"

[actions.off]
plugin = "out"
enabled = false
options.path = "x"
"#;
        let text = format!("{GOOD}{more}");
        let layers = Layers { path: "test.toml".into(), text, ..Layers::default() };
        let lanes = lanes(&Config::read(&layers, &registry()).expect("good"));
        let names = |enabled: bool| -> Vec<String> {
            let lanes = lanes.iter().filter(|lane| lane.enabled == enabled);
            lanes.map(|lane| lane.id.to_string()).collect()
        };
        assert_eq!(names(true), ["both", "both>log", "changes", "changes>log"]);
        assert_eq!(names(false), ["asleep", "asleep>log", "both>off"]);
        let both = lanes.iter().find(|lane| &*lane.id.to_string() == "both").expect("there");
        assert_eq!(
            (both.start, both.commands.len()),
            (switchhook_api::journal::Start::Beginning, 1)
        );
    }
}
