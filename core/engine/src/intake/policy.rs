//! What is configured of the intake.

use std::time::Duration;

use serde::Deserialize;
use switchhook_api::config::HumanDuration;

/// What a sender hears when its callback cannot be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnavailable {
    /// At once that it was not kept.
    #[default]
    Refuse,
    /// Nothing, until it has given up: for senders that try again after silence, but not after a refusal.
    Stall,
}

/// What holds for all sources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// An after-callback must be durable within this time.
    pub(crate) persist_timeout: Duration,
    pub(crate) when_unavailable: WhenUnavailable,
    /// Connections at a time, of which some must not be held back.
    pub(crate) connections: usize,
}

/// What holds for one source.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Deserialize), serde(deny_unknown_fields, default))]
pub(crate) struct MountPolicy {
    /// Where it is mounted.
    pub(crate) path: String,
    /// The time to decide a callback; none: three quarters of what its sender waits.
    pub(crate) decide_within: Option<HumanDuration>,
    /// For how long the same event is not persisted again.
    pub(crate) dedupe: Option<HumanDuration>,
    /// For how long the same question gets the same answer.
    pub(crate) decision_ttl: HumanDuration,
}

impl Default for MountPolicy {
    fn default() -> Self {
        let decision_ttl = HumanDuration(Duration::from_mins(1));
        Self { path: "/".to_owned(), decide_within: None, dedupe: None, decision_ttl }
    }
}

impl MountPolicy {
    /// The time to decide a callback whose sender waits for this long.
    pub(crate) fn decide_within(&self, reply_timeout: Duration) -> Duration {
        self.decide_within.map_or(reply_timeout * 3 / 4, |within| within.0)
    }
}
