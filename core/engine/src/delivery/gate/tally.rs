//! Whether anything gets through to a target, whatever the circuit breaker makes of its failures.

use std::time::Duration;

use crate::delivery::evidence::Who;

/// Fewer failures in a row are nothing to speak of.
const FAILURES_MIN: u64 = 3;

/// How an attempt ended.
#[derive(Debug, Default)]
pub(in crate::delivery) struct Ended {
    /// How many records the target took, or refused for good: it answers.
    pub(in crate::delivery) taken: usize,
    /// The others.
    pub(in crate::delivery) failed: Vec<Who>,
    /// Whether one of its records came for the first time.
    pub(in crate::delivery) first: bool,
    /// Whether it ran into its timeout.
    pub(in crate::delivery) hung: bool,
    /// Whether something was delivered; if not, why.
    pub(in crate::delivery) undelivered: Option<String>,
}

/// Attempts that failed since the last delivery.
#[derive(Debug, Default)]
pub(in crate::delivery) struct Tally {
    delivered: Option<Duration>,
    failures: u64,
    /// The first of them.
    since: Duration,
    /// Why the last one failed.
    reason: String,
}

/// Nothing gets through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fruitless {
    /// The last delivery, or the first failure where this process has delivered nothing.
    pub(super) since: Duration,
    pub(super) failures: u64,
    pub(super) reason: String,
}

impl Tally {
    /// Notes how an attempt ended; the failures in a row.
    pub(in crate::delivery) fn note(&mut self, now: Duration, ended: &Ended) -> i64 {
        match &ended.undelivered {
            None => {
                self.delivered = Some(now);
                self.failures = 0;
            }
            Some(reason) => {
                if self.failures == 0 {
                    self.since = now;
                }
                self.failures = self.failures.saturating_add(1);
                self.reason.clone_from(reason);
            }
        }
        i64::try_from(self.failures).unwrap_or(i64::MAX)
    }

    pub(super) fn fruitless(&self) -> Option<Fruitless> {
        (self.failures >= FAILURES_MIN).then(|| Fruitless {
            since: self.delivered.unwrap_or(self.since),
            failures: self.failures,
            reason: self.reason.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_from_the_third_on_until_something_is_delivered() {
        let mut tally = Tally::default();
        let at = Duration::from_secs;
        let failed = |reason: &str| Ended { undelivered: Some(reason.into()), ..Ended::default() };
        for (now, reason, in_a_row) in [(1, "a", 1), (2, "b", 2)] {
            assert_eq!(tally.note(at(now), &failed(reason)), in_a_row);
            assert_eq!(tally.fruitless(), None);
        }
        assert_eq!(tally.note(at(3), &failed("401")), 3);
        let fruitless = |since, reason: &str| Fruitless {
            since: at(since),
            failures: 3,
            reason: reason.to_owned(),
        };
        assert_eq!(tally.fruitless(), Some(fruitless(1, "401")));
        assert_eq!(tally.note(at(4), &Ended::default()), 0);
        assert_eq!(tally.fruitless(), None);
        for now in 5..8 {
            tally.note(at(now), &failed("404"));
        }
        assert_eq!(tally.fruitless(), Some(fruitless(4, "404")), "since the last delivery");
    }
}
