//! Leaves a target alone that fails again and again, then probes it with one attempt at a time.

use std::time::Duration;

use super::retry::RETRY_AFTER_MAX;
use crate::config::tables;

/// Each time it is open is longer or shorter by up to this part, so that many servers do not probe in step.
const JITTER: f64 = 0.2;

/// The breaker of one action instance. `now` is monotonic time since any fixed start.
#[derive(Debug)]
pub(super) struct Breaker {
    table: tables::Breaker,
    state: State,
    /// Failures in a row.
    failures: u32,
    /// The first of them.
    since: Duration,
    /// How often it opened, with no success between.
    opened: u32,
    /// How often it opened in all: what was begun before is no news after.
    age: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Closed,
    Open { until: Duration, probing: bool },
}

/// What may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admits {
    /// As much as anybody likes.
    All,
    /// One attempt.
    Probe,
    /// Nothing before this time, or, without one, before the probe has ended.
    Nothing(Option<Duration>),
}

/// An attempt that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    age: u64,
    probe: bool,
}

/// It has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) failures: u32,
    /// The time from now until the next probe.
    pub(super) wait: Duration,
}

/// Since when a target fails, and when it is probed again; a time that has passed: as soon as there is something to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failing {
    pub(super) since: Duration,
    pub(super) until: Duration,
}

impl Breaker {
    pub(super) fn new(table: tables::Breaker) -> Self {
        let (state, since) = (State::Closed, Duration::ZERO);
        Self { table, state, failures: 0, since, opened: 0, age: 0 }
    }

    pub(super) fn admits(&self, now: Duration) -> Admits {
        match self.state {
            State::Closed => Admits::All,
            State::Open { probing: true, .. } => Admits::Nothing(None),
            State::Open { until, .. } if now < until => Admits::Nothing(Some(until)),
            State::Open { .. } => Admits::Probe,
        }
    }

    /// Lets an attempt through that [`Breaker::admits`] allows.
    pub(super) fn begin(&mut self) -> Pass {
        let probe = match &mut self.state {
            State::Closed => false,
            State::Open { probing, .. } => {
                *probing = true;
                true
            }
        };
        Pass { age: self.age, probe }
    }

    /// The target has answered; true when that closes it.
    pub(super) fn answered(&mut self, pass: Pass) -> bool {
        if !self.counts(pass) {
            return false;
        }
        (self.failures, self.opened) = (0, 0);
        std::mem::replace(&mut self.state, State::Closed) != State::Closed
    }

    /// The target has failed, and may have asked to be left alone for some time; `chance` from 0 to 1 places the wait within
    /// the jitter.
    pub(super) fn failed(
        &mut self,
        pass: Pass,
        now: Duration,
        asked: Option<Duration>,
        chance: f64,
    ) -> Option<Opened> {
        if !self.counts(pass) || self.table.failures == 0 {
            return None;
        }
        if self.failures == 0 {
            self.since = now;
        }
        self.failures = self.failures.saturating_add(1);
        if !pass.probe && self.failures < self.table.failures {
            return None;
        }
        let wait = self.wait(chance).max(asked.unwrap_or_default().min(RETRY_AFTER_MAX));
        self.state = State::Open { until: now + wait, probing: false };
        self.opened = self.opened.saturating_add(1);
        self.age += 1;
        Some(Opened { failures: self.failures, wait })
    }

    /// Nothing is known of the attempt: the next one may be a probe instead.
    pub(super) fn forgotten(&mut self, pass: Pass) {
        if let (true, State::Open { probing, .. }) = (self.counts(pass), &mut self.state) {
            *probing = false;
        }
    }

    /// Lets a target that is left alone be probed at this time already; true if it is left alone.
    pub(super) fn probe_at(&mut self, now: Duration) -> bool {
        match &mut self.state {
            State::Closed => false,
            State::Open { until, .. } => {
                *until = now.min(*until);
                true
            }
        }
    }

    /// Since when the target fails, as long as it is left alone.
    pub(super) fn failing(&self) -> Option<Failing> {
        match self.state {
            State::Closed => None,
            State::Open { until, .. } => Some(Failing { since: self.since, until }),
        }
    }

    /// What began before it opened last says nothing of the target as it is now.
    fn counts(&self, pass: Pass) -> bool {
        pass.age == self.age
    }

    fn wait(&self, chance: f64) -> Duration {
        let doubled = 1_u32.checked_shl(self.opened).unwrap_or(u32::MAX);
        let grown = self.table.first.0.saturating_mul(doubled).min(self.table.longest.0);
        grown.mul_f64(1.0 + JITTER * (2.0 * chance - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Period;

    const MIDDLE: f64 = 0.5;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn breaker(failures: u32) -> Breaker {
        let (first, longest) = (Period(seconds(5)), Period(seconds(30)));
        Breaker::new(tables::Breaker { failures, first, longest })
    }

    /// Lets one attempt fail.
    fn fail(breaker: &mut Breaker, now: u64) -> Option<Opened> {
        let pass = breaker.begin();
        breaker.failed(pass, seconds(now), None, MIDDLE)
    }

    fn open(now: u64) -> Breaker {
        let mut breaker = breaker(1);
        assert_eq!(fail(&mut breaker, now), Some(Opened { failures: 1, wait: seconds(5) }));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_does_not_let_them() {
        let mut breaker = breaker(3);
        for _ in 0..10 {
            assert_eq!((fail(&mut breaker, 0), fail(&mut breaker, 1)), (None, None));
            let pass = breaker.begin();
            assert!(!breaker.answered(pass), "it was not open");
            assert_eq!(breaker.admits(seconds(1)), Admits::All);
        }
        assert_eq!((fail(&mut breaker, 2), fail(&mut breaker, 3)), (None, None));
        assert_eq!(fail(&mut breaker, 4), Some(Opened { failures: 3, wait: seconds(5) }));
        assert_eq!(breaker.admits(seconds(8)), Admits::Nothing(Some(seconds(9))));
        assert_eq!(breaker.failing(), Some(Failing { since: seconds(2), until: seconds(9) }));
    }

    #[test]
    fn it_probes_one_at_a_time_and_a_success_closes_it() {
        let mut breaker = open(0);
        assert_eq!(breaker.admits(seconds(5)), Admits::Probe);
        let probe = breaker.begin();
        assert_eq!(breaker.admits(seconds(6)), Admits::Nothing(None));
        breaker.forgotten(probe);
        assert_eq!(breaker.admits(seconds(6)), Admits::Probe);
        let probe = breaker.begin();
        assert!(breaker.answered(probe));
        assert_eq!((breaker.admits(seconds(6)), breaker.failing()), (Admits::All, None));
    }

    #[test]
    fn each_probe_that_fails_leaves_the_target_alone_for_twice_as_long_up_to_a_limit() {
        let mut breaker = open(0);
        let mut waits = Vec::new();
        for _ in 0..40 {
            waits.push(fail(&mut breaker, 0).unwrap().wait.as_secs());
        }
        assert_eq!((&waits[..3], waits[39]), (&[10, 20, 30][..], 30));
        let pass = breaker.begin();
        breaker.answered(pass);
        assert_eq!(fail(&mut breaker, 0).unwrap().wait, seconds(5), "it begins anew");
    }

    #[test]
    fn a_target_is_left_alone_as_long_as_it_asks_up_to_an_hour() {
        for (asked, expected) in [(1, 5), (120, 120), (1_000_000, 3600)] {
            let mut breaker = breaker(1);
            let pass = breaker.begin();
            let opened = breaker.failed(pass, seconds(0), Some(seconds(asked)), MIDDLE).unwrap();
            assert_eq!(opened.wait, seconds(expected), "{asked}");
        }
    }

    #[test]
    fn it_can_be_told_to_probe_now_and_then_one_at_a_time_as_ever() {
        let mut breaker = breaker(1);
        assert!(!breaker.probe_at(seconds(0)), "it is not open");
        let pass = breaker.begin();
        breaker.failed(pass, seconds(0), Some(seconds(3600)), MIDDLE);
        assert!(breaker.probe_at(seconds(1)));
        assert_eq!(breaker.admits(seconds(1)), Admits::Probe);
        let probe = breaker.begin();
        assert!(breaker.probe_at(seconds(2)));
        assert_eq!(breaker.admits(seconds(2)), Admits::Nothing(None), "a probe is under way");
        assert_eq!(breaker.failed(probe, seconds(2), None, MIDDLE).unwrap().wait, seconds(10));
        assert_eq!(breaker.admits(seconds(3)), Admits::Nothing(Some(seconds(12))));
    }

    #[test]
    fn the_wait_keeps_within_the_jitter() {
        for (chance, expected) in [(0.0, 4), (1.0, 6)] {
            let mut breaker = breaker(1);
            let pass = breaker.begin();
            let opened = breaker.failed(pass, seconds(0), None, chance).unwrap();
            assert_eq!(opened.wait, seconds(expected));
        }
    }

    #[test]
    fn what_was_begun_before_it_opened_says_nothing_after() {
        let mut breaker = breaker(1);
        let (first, second, third) = (breaker.begin(), breaker.begin(), breaker.begin());
        assert!(breaker.failed(first, seconds(0), None, MIDDLE).is_some());
        assert_eq!(breaker.failed(second, seconds(1), None, MIDDLE), None);
        assert!(!breaker.answered(third));
        assert_eq!(breaker.admits(seconds(1)), Admits::Nothing(Some(seconds(5))));
        let probe = breaker.begin();
        breaker.forgotten(second);
        assert_eq!(breaker.admits(seconds(9)), Admits::Nothing(None), "the probe is under way");
        assert!(breaker.answered(probe));
    }

    #[test]
    fn without_a_number_of_failures_it_never_opens() {
        let mut breaker = breaker(0);
        for _ in 0..1000 {
            assert_eq!(fail(&mut breaker, 0), None);
        }
        assert_eq!(breaker.admits(seconds(0)), Admits::All);
    }
}
