//! Leaves a target alone that fails again and again, then probes it with one attempt at a time. What counts is the target: a
//! record that fails again and again counts once, and one that fails while others succeed does not count at all.

use std::time::Duration;

use super::evidence::{Evidence, Who};
use super::retry::RETRY_AFTER_MAX;
use crate::config::tables;

/// Each time it is open is longer or shorter by up to this part, so that many servers do not probe in step.
const JITTER: f64 = 0.2;

/// The breaker of one action instance. `now` is monotonic time since any fixed start.
#[derive(Debug)]
pub(super) struct Breaker {
    table: tables::Breaker,
    state: State,
    evidence: Evidence,
    /// Failures in a row that speak of the target.
    failures: u32,
    /// The first of them.
    since: Duration,
    /// The last answer.
    answered: Option<Duration>,
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

/// What is known of an attempt that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    pub(super) now: Duration,
    /// How long the target asked to be left alone.
    pub(super) asked: Option<Duration>,
    /// From 0 to 1: places the wait within the jitter.
    pub(super) chance: f64,
    /// Whether one of its records came for the first time.
    pub(super) first: bool,
}

/// What a failed attempt means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// It speaks of the target, and not of its records alone.
    pub(super) of_target: bool,
    pub(super) opened: Option<Opened>,
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
        let evidence = Evidence::default();
        Self { table, state, evidence, failures: 0, since, answered: None, opened: 0, age: 0 }
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

    /// The target has answered all but those that `failed`; true when that closes it.
    pub(super) fn answered(
        &mut self,
        pass: Pass,
        now: Duration,
        taken: &[Who],
        failed: &[Who],
    ) -> bool {
        self.answered = Some(now);
        if !self.counts(pass) {
            return false;
        }
        self.evidence.failed(failed.iter().copied());
        for who in taken {
            self.evidence.answered(who);
        }
        (self.failures, self.opened) = (0, 0);
        std::mem::replace(&mut self.state, State::Closed) != State::Closed
    }

    /// All of an attempt has failed.
    pub(super) fn failed(&mut self, pass: Pass, all: &[Who], failed: Failed) -> Verdict {
        let Failed { now, asked, chance, first } = failed;
        if !self.counts(pass) {
            return Verdict::default();
        }
        // What failed before, perhaps in an earlier life, says nothing new of a target that has just answered.
        let lately = self.answered.is_some_and(|at| now < at.saturating_add(self.table.first.0));
        let news = first || !lately;
        let counts = self.evidence.failed(all.iter().copied()) && news;
        let of_target = news && !all.iter().all(|who| self.evidence.is_alone(who));
        if self.table.failures == 0 {
            return Verdict { of_target, opened: None };
        }
        if self.failures == 0 {
            self.since = now;
        }
        self.failures = self.failures.saturating_add(u32::from(counts));
        if !pass.probe && (!counts || self.failures < self.table.failures) {
            return Verdict { of_target, opened: None };
        }
        // A record that fails alone has no say in how long the others wait.
        let asked = asked.filter(|_| of_target).unwrap_or_default().min(RETRY_AFTER_MAX);
        self.opened = if of_target { self.opened } else { self.opened.saturating_sub(1) };
        let wait = self.wait(chance).max(asked);
        self.state = State::Open { until: now + wait, probing: false };
        self.opened = self.opened.saturating_add(1);
        self.age += 1;
        Verdict { of_target, opened: Some(Opened { failures: self.failures, wait }) }
    }

    /// How often its memory of single failures was full since this was asked last.
    pub(super) fn forgotten_evidence(&mut self) -> u64 {
        self.evidence.forgotten()
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
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;
    use crate::config::Period;
    use crate::handler::Record;
    use crate::journal::Position;

    const MIDDLE: f64 = 0.5;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn breaker(failures: u32) -> Breaker {
        let (first, longest) = (Period(seconds(5)), Period(seconds(30)));
        Breaker::new(tables::Breaker { failures, first, longest })
    }

    /// A record of its own conversation.
    fn who(number: u64) -> Who {
        let callback = crate::testing::callback("Group.X", String::new());
        let record = Record::new("h".into(), callback.facts, None, String::new(), callback.body);
        Who::new(0, Position(number), &record)
    }

    /// A record that has not failed before.
    fn fresh() -> Who {
        static NEXT: AtomicU64 = AtomicU64::new(1000);
        who(NEXT.fetch_add(1, Relaxed))
    }

    fn end_failed(
        breaker: &mut Breaker,
        pass: Pass,
        now: u64,
        asked: Option<u64>,
    ) -> Option<Opened> {
        let failed =
            Failed { now: seconds(now), asked: asked.map(seconds), chance: MIDDLE, first: true };
        breaker.failed(pass, &[fresh()], failed).opened
    }

    fn end_answered(breaker: &mut Breaker, pass: Pass) -> bool {
        breaker.answered(pass, seconds(0), &[fresh()], &[])
    }

    /// Lets one attempt fail.
    fn fail(breaker: &mut Breaker, now: u64) -> Option<Opened> {
        let pass = breaker.begin();
        end_failed(breaker, pass, now, None)
    }

    /// Lets an attempt at this record fail.
    fn fail_at(breaker: &mut Breaker, now: u64, who: Who) -> Verdict {
        let (pass, now) = (breaker.begin(), seconds(now));
        breaker.failed(pass, &[who], Failed { now, asked: None, chance: MIDDLE, first: true })
    }

    fn answer(breaker: &mut Breaker, who: Who) -> bool {
        let pass = breaker.begin();
        breaker.answered(pass, seconds(0), &[who], &[])
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
            assert!(!end_answered(&mut breaker, pass), "it was not open");
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
        assert!(end_answered(&mut breaker, probe));
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
        end_answered(&mut breaker, pass);
        assert_eq!(fail(&mut breaker, 0).unwrap().wait, seconds(5), "it begins anew");
    }

    #[test]
    fn a_target_is_left_alone_as_long_as_it_asks_up_to_an_hour() {
        for (asked, expected) in [(1, 5), (120, 120), (1_000_000, 3600)] {
            let mut breaker = breaker(1);
            let pass = breaker.begin();
            let opened = end_failed(&mut breaker, pass, 0, Some(asked)).unwrap();
            assert_eq!(opened.wait, seconds(expected), "{asked}");
        }
    }

    #[test]
    fn it_can_be_told_to_probe_now_and_then_one_at_a_time_as_ever() {
        let mut breaker = breaker(1);
        assert!(!breaker.probe_at(seconds(0)), "it is not open");
        let pass = breaker.begin();
        end_failed(&mut breaker, pass, 0, Some(3600));
        assert!(breaker.probe_at(seconds(1)));
        assert_eq!(breaker.admits(seconds(1)), Admits::Probe);
        let probe = breaker.begin();
        assert!(breaker.probe_at(seconds(2)));
        assert_eq!(breaker.admits(seconds(2)), Admits::Nothing(None), "a probe is under way");
        assert_eq!(end_failed(&mut breaker, probe, 2, None).unwrap().wait, seconds(10));
        assert_eq!(breaker.admits(seconds(3)), Admits::Nothing(Some(seconds(12))));
    }

    #[test]
    fn the_wait_keeps_within_the_jitter() {
        for (chance, expected) in [(0.0, 4), (1.0, 6)] {
            let mut breaker = breaker(1);
            let pass = breaker.begin();
            let failed = Failed { now: seconds(0), asked: None, chance, first: true };
            let opened = breaker.failed(pass, &[fresh()], failed).opened.unwrap();
            assert_eq!(opened.wait, seconds(expected));
        }
    }

    #[test]
    fn what_was_begun_before_it_opened_says_nothing_after() {
        let mut breaker = breaker(1);
        let (first, second, third) = (breaker.begin(), breaker.begin(), breaker.begin());
        assert!(end_failed(&mut breaker, first, 0, None).is_some());
        assert_eq!(end_failed(&mut breaker, second, 1, None), None);
        assert!(!end_answered(&mut breaker, third));
        assert_eq!(breaker.admits(seconds(1)), Admits::Nothing(Some(seconds(5))));
        let probe = breaker.begin();
        breaker.forgotten(second);
        assert_eq!(breaker.admits(seconds(9)), Admits::Nothing(None), "the probe is under way");
        assert!(end_answered(&mut breaker, probe));
    }

    #[test]
    fn without_a_number_of_failures_it_never_opens() {
        let mut breaker = breaker(0);
        for _ in 0..1000 {
            assert_eq!(fail(&mut breaker, 0), None);
        }
        assert_eq!(breaker.admits(seconds(0)), Admits::All);
    }

    #[test]
    fn one_record_that_fails_again_and_again_counts_once() {
        let mut breaker = breaker(3);
        for now in 0..100 {
            assert_eq!(fail_at(&mut breaker, now, who(1)).opened, None);
        }
        assert_eq!(fail_at(&mut breaker, 100, who(2)).opened, None);
        assert!(fail_at(&mut breaker, 101, who(3)).opened.is_some());
    }

    #[test]
    fn records_that_fail_while_others_succeed_do_not_open_it() {
        for (failures, poisoned) in [(1, 1), (5, 4), (5, 100), (50, 1000)] {
            let mut breaker = breaker(failures);
            let mut opened = 0;
            for one in 0..poisoned {
                opened += usize::from(fail_at(&mut breaker, 0, who(one)).opened.is_some());
                answer(&mut breaker, fresh());
            }
            let most = if failures == 1 { poisoned } else { 0 };
            assert!(opened as u64 <= most, "{failures}, {poisoned}: opened {opened} times");
            for now in 1..10 {
                for one in 0..poisoned {
                    let verdict = fail_at(&mut breaker, now, who(one));
                    assert_eq!(verdict, Verdict::default(), "{failures}, {poisoned}: {one}");
                }
            }
            for _ in 1..failures {
                assert_eq!(fail(&mut breaker, 10), None);
            }
            assert!(fail(&mut breaker, 10).is_some(), "the target itself is still noticed");
        }
    }

    #[test]
    fn a_probe_with_a_record_that_fails_alone_does_not_make_the_others_wait_longer() {
        let mut breaker = breaker(2);
        fail_at(&mut breaker, 0, who(1));
        answer(&mut breaker, fresh());
        fail(&mut breaker, 0);
        assert_eq!(fail(&mut breaker, 0).unwrap().wait, seconds(5));
        for _ in 0..10 {
            let (pass, now) = (breaker.begin(), seconds(0));
            let failed = Failed { now, asked: Some(seconds(3600)), chance: MIDDLE, first: true };
            let verdict = breaker.failed(pass, &[who(1)], failed);
            assert_eq!(verdict.opened.unwrap().wait, seconds(5), "nor as long as it asks for");
        }
        assert_eq!(fail(&mut breaker, 0).unwrap().wait, seconds(10));
    }

    #[test]
    fn a_batch_counts_once_and_what_failed_in_it_beside_others_fails_alone() {
        let mut breaker = breaker(2);
        let all = [who(1), who(2), who(3)];
        let failed = Failed { now: seconds(0), asked: None, chance: MIDDLE, first: true };
        let pass = breaker.begin();
        assert_eq!(breaker.failed(pass, &all, failed).opened, None);
        let pass = breaker.begin();
        assert!(!breaker.answered(pass, seconds(0), &[who(3)], &[who(1), who(2)]));
        for one in [who(1), who(2)] {
            assert_eq!(fail_at(&mut breaker, 0, one), Verdict::default());
        }
    }

    #[test]
    fn retries_say_nothing_of_a_target_that_has_just_answered() {
        let retry = |breaker: &mut Breaker, now: u64| {
            let (pass, now) = (breaker.begin(), seconds(now));
            let failed = Failed { now, asked: None, chance: MIDDLE, first: false };
            breaker.failed(pass, &[fresh()], failed).opened
        };
        let mut breaker = breaker(3);
        let pass = breaker.begin();
        breaker.answered(pass, seconds(10), &[fresh()], &[]);
        for _ in 0..100 {
            assert_eq!(retry(&mut breaker, 14), None);
        }
        assert_eq!((fail(&mut breaker, 14), fail(&mut breaker, 14)), (None, None));
        assert!(fail(&mut breaker, 14).is_some(), "first attempts do");
        let pass = breaker.begin();
        breaker.answered(pass, seconds(20), &[fresh()], &[]);
        assert_eq!((retry(&mut breaker, 25), retry(&mut breaker, 25)), (None, None));
        assert!(retry(&mut breaker, 25).is_some(), "it has not answered for a while");
    }
}
