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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use crate::test_plugins::{GOOD, registry};

    #[test]
    fn only_what_is_enabled_has_lanes() {
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
        let names: Vec<_> = lanes.iter().map(|lane| lane.id.to_string()).collect();
        assert_eq!(names, ["both", "both>log", "changes", "changes>log"]);
        assert_eq!(lanes[0].start, crate::journal::Start::Beginning);
        assert_eq!(lanes[0].commands.len(), 1);
    }
}
