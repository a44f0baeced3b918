//! The health of the targets of actions, and what an operator can change about it: `delivery` knows it, `admin` shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The targets of all actions.
pub trait Targets: Send + Sync {
    /// The health of an action's target; none if the action does not exist.
    fn standing(&self, action: &str) -> Option<TargetHealth>;
    /// Warnings for the operator.
    fn remarks(&self) -> Vec<String>;
    /// Closes the circuit breaker of an action on an operator's request. True if it was open.
    fn resume(&self, action: &str) -> bool;
}

/// For commands that run without a server.
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

/// The health of a target, as its deliveries show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealth {
    /// Its circuit breaker is open.
    #[serde(rename = "circuit_open", default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<CircuitOpen>,
    /// The time at which it answered that it is gone, which paused its action.
    #[serde(rename = "target_gone_since", default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<Timestamp>,
    /// No delivery succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<Undelivered>,
}

/// A target for which all attempts fail.
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

/// An open circuit breaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitOpen {
    /// Its first failure in a row.
    #[serde(rename = "failing_since")]
    pub since: Timestamp,
    /// The time of the next probe; none: the next record is the probe.
    #[serde(rename = "next_probe_at", default, skip_serializing_if = "Option::is_none")]
    pub probed_at: Option<Timestamp>,
}

impl CircuitOpen {
    /// The next probe, as text.
    pub fn next(&self) -> String {
        match self.probed_at {
            Some(at) => format!("next probe at {at:.0}"),
            None => "next probe with the next record".to_owned(),
        }
    }
}
