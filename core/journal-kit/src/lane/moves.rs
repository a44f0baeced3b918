//! The steps of the bookkeeping of a consumer.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Disposition, Due, Lane, LeaseRequest, Line, Open, OpenRow, Plan, Position, State, UNCOVERED_MAX,
};

impl Lane {
    /// Makes waiting retries due now.
    pub fn make_due(&mut self, now: Duration) {
        for (_, position) in self.due.split_off(&(now, u64::MAX)) {
            if let Some(open) = self.open.get_mut(&position) {
                open.state = State::Waiting(now);
            }
            self.due.insert((now, position));
        }
    }

    pub(super) fn lapse(&mut self, now: Duration) {
        let lapsed: Vec<u64> =
            self.leases.iter().filter(|(_, (until, _))| *until <= now).map(|(t, _)| *t).collect();
        for token in lapsed {
            self.release(token);
        }
    }

    pub(super) fn insert(&mut self, position: u64, key: Option<u64>, attempts: u32, state: State) {
        if let Some(key) = key {
            self.keyed += usize::from(self.keys.entry(key).or_default().open.insert(position));
        }
        self.unstored.insert(position);
        self.open.insert(position, Open { key, attempts, state });
        match state {
            State::Waiting(due) => _ = self.due.insert((due, position)),
            State::Held => self.make_ready_if_first(position),
            State::LeasedItem(_) => {}
        }
    }

    pub(super) fn make_ready_if_first(&mut self, position: u64) {
        if self.is_first(position) {
            self.make_ready(position);
        }
    }

    fn make_ready(&mut self, position: u64) {
        let tried = self.open.get(&position).is_some_and(|open| open.attempts > 0);
        if tried {
            self.again.insert(position)
        } else {
            self.ready.insert(position)
        };
    }

    /// The first of these that may be leased.
    pub(super) fn free(&self, ready: &BTreeSet<u64>, limit: usize) -> Vec<u64> {
        ready.iter().copied().filter(|position| self.is_free(*position)).take(limit).collect()
    }

    /// Leases these items and those that may follow them, up to a number of items in the lease.
    pub(super) fn hand_out_all(
        &mut self,
        positions: Vec<u64>,
        limit: usize,
        token: u64,
        want: &LeaseRequest,
        taken: &mut Vec<(Position, u32)>,
    ) {
        for position in positions {
            for position in self.with_followers(position, want) {
                if taken.len() < limit {
                    taken.push((Position(position), self.hand_out(position, token)));
                }
            }
        }
    }

    pub(super) fn set_held(&mut self, position: u64) {
        if let Some(open) = self.open.get_mut(&position) {
            open.state = State::Held;
            self.make_ready_if_first(position);
        }
    }

    pub(super) fn count_leased(&mut self, key: Option<u64>, change: isize) {
        if let Some(line) = key.and_then(|key| self.keys.get_mut(&key)) {
            line.leased = line.leased.saturating_add_signed(change);
        }
    }

    pub(super) fn line(&self, position: u64) -> Option<&Line> {
        let key = self.open.get(&position).and_then(|open| open.key)?;
        self.keys.get(&key)
    }

    /// Whether no item of its key is before it or leased.
    pub(super) fn is_free(&self, position: u64) -> bool {
        self.line(position)
            .is_none_or(|line| line.leased == 0 && line.open.first() == Some(&position))
    }

    pub(super) fn is_first(&self, position: u64) -> bool {
        self.line(position).is_none_or(|line| line.open.first() == Some(&position))
    }

    /// The item and, if a lease may hold several items of a key, those behind it that only waited for it.
    pub(super) fn with_followers(&self, position: u64, want: &LeaseRequest) -> Vec<u64> {
        let held = |other: &u64| self.open.get(other).is_some_and(|one| one.state == State::Held);
        match self.line(position).filter(|_| want.whole_keys) {
            Some(line) => {
                let line = line.open.range(position..).copied();
                line.take_while(held).take(want.limit).collect()
            }
            None => vec![position],
        }
    }

    pub(super) fn hand_out(&mut self, position: u64, token: u64) -> u32 {
        self.ready.remove(&position);
        self.again.remove(&position);
        let Some(open) = self.open.get_mut(&position) else { return 0 };
        if let State::Waiting(due) = open.state {
            self.due.remove(&(due, position));
        }
        open.state = State::LeasedItem(token);
        let (key, attempts) = (open.key, open.attempts);
        self.count_leased(key, 1);
        if let Some((_, count)) = self.leases.get_mut(&token) {
            *count += 1;
        }
        attempts
    }

    pub(super) fn settle_one(
        &mut self,
        position: u64,
        fate: &Disposition,
        now: Duration,
        wall: Timestamp,
        plan: &mut Plan,
    ) {
        let Some(open) = self.open.get_mut(&position) else { return };
        let key = open.key;
        open.attempts = open.attempts.saturating_add(1);
        let attempts = open.attempts;
        if let Disposition::Retry { after, reason } = fate {
            open.state = State::Waiting(now + *after);
            self.due.insert((now + *after, position));
            self.unstored.remove(&position);
            plan.put.push(OpenRow {
                position: Position(position),
                attempts,
                key,
                due: Some(Due::after(*after, wall)),
                reason: Some(reason.clone()),
            });
            self.count_leased(key, -1);
            return;
        }
        self.open.remove(&position);
        self.leave_line(position, key);
        if !self.unstored.remove(&position) {
            plan.delete.push(position);
        }
        if position > self.scanned && Position(position).replay_number().is_none() {
            self.ahead.insert(position);
        }
        if let Disposition::Dead { .. } = fate {
            plan.dead.push((position, attempts));
        }
    }

    /// Removes a leased item from the queue of its key and makes the next one ready.
    pub(super) fn leave_line(&mut self, position: u64, key: Option<u64>) {
        self.count_leased(key, -1);
        let Some(key) = key else { return };
        let Some(line) = self.keys.get_mut(&key) else { return };
        self.keyed -= usize::from(line.open.remove(&position));
        let Some(next) = line.open.first().copied() else {
            self.keys.remove(&key);
            return;
        };
        if self.open.get(&next).is_some_and(|open| open.state == State::Held) {
            self.make_ready(next);
        }
    }

    pub(super) fn reach(&self) -> u64 {
        self.unstored.first().map_or(self.scanned, |first| self.scanned.min(first - 1))
    }

    /// Gives the open items rows of their own, so that the cursor can pass them.
    pub(super) fn cover(&mut self, plan: &mut Plan) {
        for position in std::mem::take(&mut self.unstored) {
            let Some(open) = self.open.get(&position) else { continue };
            plan.put.push(OpenRow {
                position: Position(position),
                attempts: open.attempts,
                key: open.key,
                due: None,
                reason: None,
            });
        }
    }

    /// Moves the cursor as far as possible. Items settled above an item that is still under way would come back after a crash; if
    /// there are too many, the open items get rows of their own and the cursor passes them.
    pub(super) fn advance(&mut self, settled: usize, plan: &mut Plan) {
        self.uncovered += settled;
        if self.uncovered > UNCOVERED_MAX {
            self.cover(plan);
        }
        self.cursor = self.reach();
        if self.cursor == self.scanned {
            self.uncovered = 0;
        }
    }
}
