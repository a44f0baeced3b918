//! Leaves a target alone that fails again and again, then probes it with one attempt at a time. What counts is the target: a
//! record that fails again and again counts once, and one that fails while others succeed does not count at all.

use std::time::Duration;

use super::evidence::{Evidence, Who};
use super::policy;
use super::retry::RETRY_AFTER_MAX;

/// Each time it is open is longer or shorter by up to this part, so that many servers do not probe in step.
const JITTER: f64 = 0.2;

/// The breaker of one action instance. `now` is monotonic time since any fixed start.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: policy::Breaker,
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
    pub(super) fn new(policy: policy::Breaker) -> Self {
        let (state, since) = (State::Closed, Duration::ZERO);
        let evidence = Evidence::default();
        Self { policy, state, evidence, failures: 0, since, answered: None, opened: 0, age: 0 }
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
        taken: impl IntoIterator<Item = Who>,
        failed: &[Who],
    ) -> bool {
        self.answered = Some(now);
        if !self.counts(pass) {
            return false;
        }
        self.evidence.failed(failed.iter().copied());
        self.evidence.answered(taken);
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
        let lately = self.answered.is_some_and(|at| now < at.saturating_add(self.policy.initial.0));
        let news = first || !lately;
        let counts = self.evidence.failed(all.iter().copied()) && news;
        let of_target = news && !all.iter().all(|who| self.evidence.is_alone(who));
        if self.policy.failure_threshold == 0 {
            return Verdict { of_target, opened: None };
        }
        if self.failures == 0 {
            self.since = now;
        }
        self.failures = self.failures.saturating_add(u32::from(counts));
        if !pass.probe && (!counts || self.failures < self.policy.failure_threshold) {
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
        let grown = self.policy.initial.0.saturating_mul(doubled).min(self.policy.max.0);
        grown.mul_f64(1.0 + JITTER * (2.0 * chance - 1.0))
    }
}

#[cfg(test)]
mod tests;
