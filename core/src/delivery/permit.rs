//! Permits for attempts, and what the gate is told when one has ended.

use std::time::Duration;

use super::breaker::Pass;
use super::gate::{Inner, Seat};
use crate::handler::Failure;

/// Attempts that may begin. What is dropped unused may be had by others.
pub(super) struct Permits {
    seat: Seat,
    pass: Pass,
    left: usize,
}

impl Permits {
    pub(super) fn new(seat: Seat, pass: Pass, attempts: usize) -> Self {
        Self { seat, pass, left: attempts }
    }

    /// One of them; none when all are taken.
    pub(super) fn one(&mut self) -> Option<Permit> {
        self.left = self.left.checked_sub(1)?;
        self.seat.gate.metrics.under_way.inc();
        Some(Permit { seat: self.seat.clone(), pass: self.pass, ended: false })
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        if self.left > 0 {
            self.seat.leave(self.left, |inner| inner.breaker.forgotten(self.pass));
        }
    }
}

/// One attempt. Dropped without a result it is as if it had not been.
pub(super) struct Permit {
    seat: Seat,
    pass: Pass,
    ended: bool,
}

impl Permit {
    /// The target took or refused so many records; `first` if one of them came for the first time.
    pub(super) fn answered(mut self, records: usize, first: bool) {
        self.ended = true;
        let open = &self.seat.gate.metrics.open;
        let closed = self.end(first, |inner, _, pass| {
            let closed = inner.breaker.answered(pass);
            if closed {
                inner.ramp.begin();
                open.set(0);
            } else {
                inner.ramp.succeeded(records);
            }
            closed
        });
        if closed {
            self.seat.gate.tell_closed();
        }
    }

    /// The target failed.
    pub(super) fn failed(mut self, failure: &Failure, first: bool) {
        self.ended = true;
        let chance = self.seat.gate.rng.fraction();
        let metrics = &self.seat.gate.metrics;
        let opened = self.end(first, |inner, now, pass| {
            inner.ramp.failed();
            let opened = inner.breaker.failed(pass, now, failure.wanted_wait(), chance);
            if opened.is_some() {
                metrics.open.set(1);
                metrics.opened.inc();
            }
            opened
        });
        if let Some(opened) = opened {
            self.seat.gate.tell_opened(opened, failure);
        }
    }

    fn end<T>(&self, first: bool, tell: impl FnOnce(&mut Inner, Duration, Pass) -> T) -> T {
        let (now, pass) = (self.seat.gate.clock.now(), self.pass);
        self.seat.leave(1, |inner| {
            if first {
                inner.budget.first(now);
            }
            tell(inner, now, pass)
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.seat.gate.metrics.under_way.dec();
        if !self.ended {
            self.seat.leave(1, |inner| inner.breaker.forgotten(self.pass));
        }
    }
}
