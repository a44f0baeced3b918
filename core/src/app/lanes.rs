//! The lanes that a configuration asks for.

use crate::config::Config;
use crate::config::{Instance, tables};
use crate::journal::{LaneId, LaneSpec, Ordering};

/// One lane for each enabled handler, and one for each of its enabled actions.
pub(crate) fn lanes(config: &Config) -> Vec<LaneSpec> {
    let enabled = config.handlers.iter().filter(|handler| handler.table.enabled);
    enabled.flat_map(|handler| lanes_of(config, handler)).collect()
}

fn lanes_of(config: &Config, handler: &Instance<tables::Handler>) -> Vec<LaneSpec> {
    let action = |name: &String| {
        config.actions.iter().find(|action| *action.name == **name && action.table.enabled)
    };
    let subscription = |action: &Instance<tables::Action>| LaneSpec {
        id: LaneId::subscription(&handler.name, &action.name),
        start: action.table.start,
        commands: Vec::new(),
        ordering: action.table.ordering,
    };
    let projection = LaneSpec {
        id: LaneId::projection(&handler.name),
        start: handler.table.start,
        commands: handler.commands(),
        ordering: Ordering::None,
    };
    let subscriptions = handler.table.actions.iter().filter_map(action).map(subscription);
    std::iter::once(projection).chain(subscriptions).collect()
}
