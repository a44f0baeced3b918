//! Lanes as operators see them: what the journal says of each, and how its target stands.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use switchhook_api::journal::ConsumerStatus;
use switchhook_api::{escape, program_name};

use crate::targets::{TargetHealth, Targets};

/// A lane, and how its target stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsumerView {
    #[serde(flatten)]
    /// As the journal has it.
    pub status: ConsumerStatus,
    /// Nothing, unless a server runs.
    #[serde(flatten)]
    pub target: TargetHealth,
}

impl ConsumerView {
    /// A lane of which nothing more is known.
    pub fn of(status: ConsumerStatus) -> Self {
        Self { status, target: TargetHealth::default() }
    }

    /// A lane with how the target of its action stands.
    pub(super) fn with(status: ConsumerStatus, targets: &dyn Targets) -> Self {
        let id = status.id();
        let target = id.action().and_then(|name| targets.standing(name)).unwrap_or_default();
        Self { status, target }
    }

    /// Since when it is paused because its target is gone.
    pub fn gone_since(&self) -> Option<Timestamp> {
        self.target.gone_since.filter(|_| self.status.paused)
    }

    /// What an operator should know of it. `keep`: for how long it is kept once it has left the configuration.
    pub(super) fn remark(&self, keep: Option<Duration>) -> Option<String> {
        let name = escape::for_line(&self.status.lane);
        if self.status.detached {
            return Some(format!("consumer {name}: {}", left(&self.status, keep)));
        }
        if self.status.disabled {
            let waits = self.status.behind > 0 || self.status.open > 0;
            return waits.then(|| {
                let [behind, open, _] = amounts(&self.status);
                format!("consumer {name} is disabled: the journal keeps {behind} and {open} for it, whatever their age")
            });
        }
        if self.status.paused {
            let gone =
                self.gone_since().map(|at| format!(": its target has been gone since {at:.0}"));
            return Some(format!("consumer {name} is paused{}", gone.unwrap_or_default()));
        }
        self.status.full.then(|| {
            let [behind, open, _] = amounts(&self.status);
            format!("consumer {name} is full: {open}; {behind}, and it reads no more until some deliveries are settled")
        })
    }
}

/// What is to be known of a lane that left the configuration: since when, what waits in it, until when, what can be done.
pub fn left(lane: &ConsumerStatus, keep: Option<Duration>) -> String {
    let since = lane.detached_at.map(|at| format!(" since {at:.0}")).unwrap_or_default();
    let until = lane.detached_at.zip(keep).and_then(|(at, keep)| at.saturating_add(keep).ok());
    let until =
        until.map_or_else(|| "are kept".to_owned(), |at| format!("will be deleted at {at:.0}"));
    let name = escape::for_line(&lane.lane);
    format!(
        "orphaned{since}: {} {until}; add it to the configuration again under that name, or delete it with \
         `{} journal prune --consumer '{name}'`",
        waiting(lane),
        program_name()
    )
}

/// What a lane has left to do.
pub fn waiting(lane: &ConsumerStatus) -> String {
    let [behind, open, dead] = amounts(lane);
    format!("{behind}, {open} and {dead}")
}

fn amounts(lane: &ConsumerStatus) -> [String; 3] {
    let counted = |count: u64, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    [
        counted(lane.behind, "callback", "callbacks") + " not yet read",
        counted(lane.open, "pending delivery", "pending deliveries"),
        counted(lane.dead, "dead letter", "dead letters"),
    ]
}
