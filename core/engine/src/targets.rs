//! How the targets of actions stand, and what an operator can change about it: deliveries know it, the admin API tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The targets of all actions.
pub trait Targets: Send + Sync {
    /// How the target of an action stands; none if there is no such action.
    fn standing(&self, action: &str) -> Option<TargetHealth>;
    /// What an operator should know of them.
    fn remarks(&self) -> Vec<String>;
    /// An operator says that the target of an action can be asked again. True if its circuit breaker was open.
    fn resume(&self, action: &str) -> bool;
}

/// Where no server runs there are no targets.
#[derive(Clone, Copy, Debug)]
pub struct NoTargets;

impl Targets for NoTargets {
    fn standing(&self, _: &str) -> Option<TargetHealth> {
        None
    }

    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    fn resume(&self, _: &str) -> bool {
        false
    }
}

/// How the target of an action stands, as far as its deliveries tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealth {
    /// It keeps failing, and is left alone for that.
    #[serde(rename = "circuit_open", default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<CircuitOpen>,
    /// Since when it has said that it is gone: its action was paused for that.
    #[serde(rename = "target_gone_since", default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<Timestamp>,
    /// Nothing gets through to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<Undelivered>,
}

/// All attempts fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// The last delivery, or the first of these attempts where there was none since the start.
    pub since: Timestamp,
    /// Attempts that failed since then.
    pub failures: u64,
    /// Why the last of them did, as one line.
    pub reason: String,
}

impl Undelivered {
    /// For people.
    pub fn text(&self) -> String {
        let Self { since, failures, reason } = self;
        let reason = switchhook_api::escape::for_line(reason);
        format!(
            "nothing delivered since {since:.0}: {failures} attempts failed; last error: {reason}"
        )
    }
}

/// A target that is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitOpen {
    /// Its first failure in a row.
    #[serde(rename = "failing_since")]
    pub since: Timestamp,
    /// When it is probed; none: with the next record that there is.
    #[serde(rename = "next_probe_at", default, skip_serializing_if = "Option::is_none")]
    pub probed_at: Option<Timestamp>,
}

impl CircuitOpen {
    /// When it is probed, for people.
    pub fn next(&self) -> String {
        match self.probed_at {
            Some(at) => format!("next probe at {at:.0}"),
            None => "next probe with the next record".to_owned(),
        }
    }
}
