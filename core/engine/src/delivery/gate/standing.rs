//! How a target stands, and what an operator can change about it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Gate, Seat};

/// How the target of an action stands, as far as its deliveries tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// It keeps failing, and is left alone for that.
    #[serde(rename = "circuit_open", default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<LeftAlone>,
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
pub struct LeftAlone {
    /// Its first failure in a row.
    #[serde(rename = "failing_since")]
    pub since: Timestamp,
    /// When it is probed; none: with the next record that there is.
    #[serde(rename = "next_probe_at", default, skip_serializing_if = "Option::is_none")]
    pub probed_at: Option<Timestamp>,
}

impl LeftAlone {
    /// When it is probed, for people.
    pub fn next(&self) -> String {
        match self.probed_at {
            Some(at) => format!("next probe at {at:.0}"),
            None => "next probe with the next record".to_owned(),
        }
    }
}

impl Gate {
    /// Whether it is the gate of this action.
    pub(crate) fn is_of(&self, action: &str) -> bool {
        *self.name == *action
    }

    pub(crate) fn standing(&self) -> Standing {
        let inner = self.inner();
        let (failing, gone) = (inner.breaker.failing(), inner.gone);
        let fruitless = inner.tally.fruitless();
        drop(inner);
        let failing = failing.map(|failing| LeftAlone {
            since: self.time_of_day(failing.since),
            probed_at: (failing.until > self.clock.now()).then(|| self.time_of_day(failing.until)),
        });
        let undelivered = fruitless.map(|it| Undelivered {
            since: self.time_of_day(it.since),
            failures: it.failures,
            reason: it.reason,
        });
        Standing { failing, gone_since: gone.map(|at| self.time_of_day(at)), undelivered }
    }

    /// For people: that its target fails, if it is left alone for that or nothing gets through.
    pub(crate) fn remark(&self) -> Option<String> {
        let standing = self.standing();
        let failing = standing.failing.map(|failing| {
            format!("circuit breaker open, failing since {:.0}; {}", failing.since, failing.next())
        });
        let undelivered = standing.undelivered.map(|it| it.text());
        let parts: Vec<String> = failing.into_iter().chain(undelivered).collect();
        (!parts.is_empty()).then(|| format!("action {}: {}", self.name, parts.join("; ")))
    }

    /// An operator says that its target can be asked again: a target that is left alone is probed with the next record, whatever
    /// it asked for, and deliveries start slowly. True if it was left alone.
    pub(crate) fn resume(&self) -> bool {
        let mut inner = self.inner();
        inner.gone = None;
        inner.ramp.begin();
        let left_alone = inner.breaker.probe_at(self.clock.now());
        drop(inner);
        self.changed.notify_waiters();
        left_alone
    }

    pub(super) fn time_of_day(&self, at: Duration) -> Timestamp {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let signed = |span| SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        let distance = signed(at).saturating_sub(signed(now));
        let at = wall.checked_add(distance).unwrap_or(wall);
        Timestamp::from_second(at.as_second()).unwrap_or(at)
    }
}

impl Seat {
    /// Notes that the action was paused because its target is gone; false: that was known.
    pub(in crate::delivery) fn note_gone(&self) -> bool {
        let gate = &self.gate;
        let now = gate.clock.now();
        let mut inner = gate.inner();
        let news = inner.gone.is_none();
        inner.gone.get_or_insert(now);
        news
    }
}
