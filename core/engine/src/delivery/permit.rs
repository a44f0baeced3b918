//! Permits for attempts, and what the gate is told when one has ended.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use switchhook_api::Failure;

use super::breaker::{Failed, Pass};
use super::evidence::Who;
use super::gate::{Ended, Inner, LimiterHandle, Room};

/// How long a lease that is half made waits for room: well within the margin of its term.
const HALF_MADE_MAX: Duration = Duration::from_secs(30);

impl LimiterHandle {
    /// Makes a lease that holds no more than there is room for: `lease` is called with that room, again when it has shrunk
    /// meanwhile. The permits are for its attempts, one for each that was allowed.
    pub(super) async fn admit<T, F: Future<Output = T>>(
        &self,
        mut lease: impl FnMut(Room) -> F,
    ) -> (T, Permits) {
        let turn = self.turn();
        loop {
            let room = turn.comes().await;
            let mut leasing = pin!(lease(room));
            let begun = self.gate.clock.now();
            loop {
                let admitted = poll_fn(|cx| {
                    // Only while the journal is asked: whoever waits for work takes nothing from those who have some.
                    let Some(pass) = self.take(room) else { return Poll::Ready(None) };
                    let permits = Permits::new(self.clone(), pass, room.attempts);
                    leasing.as_mut().poll(cx).map(|leased| Some((leased, permits)))
                });
                if let Some(admitted) = admitted.await {
                    return admitted;
                }
                // A lease that is half made is not begun anew for others' sake: one that takes long would never be made. But
                // its term may be running.
                let holds = turn.comes().await.holds(room);
                if !holds || self.gate.clock.now() > begun + HALF_MADE_MAX {
                    break;
                }
            }
        }
    }
}

/// Attempts that may begin. What is dropped unused may be had by others.
pub(super) struct Permits {
    seat: LimiterHandle,
    pass: Pass,
    left: usize,
}

impl Permits {
    fn new(seat: LimiterHandle, pass: Pass, attempts: usize) -> Self {
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
    seat: LimiterHandle,
    pass: Pass,
    ended: bool,
}

impl Permit {
    /// The target took or refused some of it: these.
    pub(super) fn answered(mut self, attempt: &Ended, taken: impl Iterator<Item = Who>) {
        self.ended = true;
        let open = &self.seat.gate.metrics.open;
        let closed = self.end(attempt, |inner, now, pass| {
            let closed = inner.breaker.answered(pass, now, taken, &attempt.failed);
            if closed {
                inner.ramp.begin();
                open.set(0);
            } else {
                inner.ramp.succeeded(attempt.taken);
            }
            closed
        });
        if closed {
            self.seat.gate.tell_closed();
        }
    }

    /// The target failed all of it.
    pub(super) fn failed(mut self, attempt: &Ended, failure: &Failure) {
        self.ended = true;
        let (chance, asked) = (self.seat.gate.rng.fraction(), failure.wanted_wait());
        let metrics = &self.seat.gate.metrics;
        let opened = self.end(attempt, |inner, now, pass| {
            let failed = Failed { now, asked, chance, first: attempt.first };
            let verdict = inner.breaker.failed(pass, &attempt.failed, failed);
            if verdict.of_target {
                inner.ramp.failed();
            }
            if verdict.opened.is_some() {
                metrics.open.set(1);
                metrics.opened.inc();
            }
            verdict.opened
        });
        if let Some(opened) = opened {
            self.seat.gate.tell_opened(opened, failure);
        }
    }

    fn end<T>(&self, ended: &Ended, tell: impl FnOnce(&mut Inner, Duration, Pass) -> T) -> T {
        let gate = &self.seat.gate;
        let (now, pass) = (gate.clock.now(), self.pass);
        self.seat.leave(1, |inner| {
            if ended.first {
                inner.budget.first(now);
            }
            inner.note_hung(self.seat.number(), ended.hung);
            gate.metrics.in_a_row.set(inner.tally.note(now, ended));
            let told = tell(inner, now, pass);
            gate.metrics.forgotten.inc_by(inner.breaker.forgotten_evidence());
            told
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
