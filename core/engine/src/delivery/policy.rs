//! What is configured of the deliveries to one target.

use serde::Deserialize;
use switchhook_api::config::HumanDuration;

use crate::whole::whole;

/// What deliveries need to know of the action that they go to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Policy {
    /// When a failed attempt is made again.
    pub(crate) retry: Retry,
    /// When a failing target gets no more attempts for a while.
    pub(crate) circuit_breaker: Breaker,
    /// One attempt.
    pub(crate) timeout: HumanDuration,
    /// Attempts at a time, over all handlers that name the action.
    pub(crate) concurrency: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retry: Retry::default(),
            circuit_breaker: Breaker::default(),
            timeout: HumanDuration::from_secs(10),
            concurrency: 16,
        }
    }
}

/// `retry` of an action: the waits between attempts, growing up to a limit. The default spans about three days.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Attempts in all, the first one included, 1 to 1000; then the record is a dead letter. Default 23.
    #[serde(deserialize_with = "whole::<1, 1000, _, _>")]
    pub attempts: u32,
    /// The first wait. Default `5s`.
    pub initial: HumanDuration,
    /// Each wait is so many times the one before. Default 2.
    pub factor: f64,
    /// No wait is longer. Default `8h`.
    pub max: HumanDuration,
    /// Each wait is longer or shorter by up to this part of it, by chance. Default 0.2.
    pub jitter: f64,
    /// Retries are at most this part of the first attempts of the last minute; what is more waits longer. Default 0.2.
    pub max_ratio: f64,
    /// So many retries a minute there may always be, 6 to 1000000. Default 60.
    #[serde(deserialize_with = "whole::<6, 1_000_000, _, _>")]
    pub min_per_minute: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 23,
            initial: HumanDuration::from_secs(5),
            factor: 2.0,
            max: HumanDuration::from_secs(8 * 3600),
            jitter: 0.2,
            max_ratio: 0.2,
            min_per_minute: 60,
        }
    }
}

/// `circuit_breaker` of an action: a target that fails again and again is left alone for a while, then probed with one record at a
/// time, fresh ones and retries in turns. An attempt that it holds back is not counted. What a target refuses for good is an
/// answer, no such failure; a record or conversation that fails while others succeed says nothing about the target.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// So many records that fail in a row open it, up to 1000000. Default 5; 0: never.
    #[serde(deserialize_with = "whole::<0, 1_000_000, _, _>")]
    pub failure_threshold: u32,
    /// How long it is open at first; after each probe that fails, twice as long. Give or take a fifth, by chance. Default `5s`.
    pub initial: HumanDuration,
    /// No longer than this, unless the target asks for it. Default `5m`.
    pub max: HumanDuration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            initial: HumanDuration::from_secs(5),
            max: HumanDuration::from_secs(300),
        }
    }
}
