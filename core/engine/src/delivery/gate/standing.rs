//! How a target stands, and what an operator can change about it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Gate, LimiterHandle};
use crate::targets::{CircuitOpen, TargetHealth, Targets, Undelivered};

impl Gate {
    pub(in crate::delivery) fn standing(&self) -> TargetHealth {
        let inner = self.inner();
        let (failing, gone) = (inner.breaker.failing(), inner.gone);
        let fruitless = inner.tally.fruitless();
        drop(inner);
        let failing = failing.map(|failing| CircuitOpen {
            since: self.time_of_day(failing.since),
            probed_at: (failing.until > self.clock.now()).then(|| self.time_of_day(failing.until)),
        });
        let undelivered = fruitless.map(|it| Undelivered {
            since: self.time_of_day(it.since),
            failures: it.failures,
            reason: it.reason,
        });
        TargetHealth { failing, gone_since: gone.map(|at| self.time_of_day(at)), undelivered }
    }

    /// For people: that its target fails, if it is left alone for that or nothing gets through.
    pub(in crate::delivery) fn remark(&self) -> Option<String> {
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
    fn resume(&self) -> bool {
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

/// The gates of a server's actions.
impl Targets for Vec<Arc<Gate>> {
    fn standing(&self, action: &str) -> Option<TargetHealth> {
        of(self, action).map(|gate| gate.standing())
    }

    fn remarks(&self) -> Vec<String> {
        self.iter().filter_map(|gate| gate.remark()).collect()
    }

    fn resume(&self, action: &str) -> bool {
        of(self, action).is_some_and(|gate| gate.resume())
    }
}

fn of<'g>(gates: &'g [Arc<Gate>], action: &str) -> Option<&'g Arc<Gate>> {
    gates.iter().find(|gate| *gate.name == *action)
}

impl LimiterHandle {
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
