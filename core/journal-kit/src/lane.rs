//! The bookkeeping of one consumer: what is leased, waits behind its key, or waits for a retry. It is pure, so that every journal
//! that keeps its consumers in one process can share it, and a test can drive it through any order of events.

mod moves;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use siphasher::sip::SipHasher13;
use switchhook_api::journal::{Disposition, JournalError, LeaseRequest, Ordering, Position};

/// The most items that a consumer keeps open. At this number it takes nothing new until some are settled.
pub(super) const OPEN_MAX: usize = 10_000;
/// In addition, the most items that only wait behind an earlier one of their key, so that others continue while some
/// conversations fail.
const FOLLOWERS_MAX: usize = 100_000;
/// The most settled items that a crash may bring back because an earlier one is still under way.
const UNCOVERED_MAX: usize = 32;

/// One consumer. `now` is monotonic time since any fixed start; `wall` is the system time.
#[derive(Debug, Default)]
pub struct Lane {
    ordering: Ordering,
    cursor: u64,
    scanned: u64,
    open: BTreeMap<u64, Open>,
    /// Open items of each key, when ordered by key.
    keys: HashMap<u64, Line>,
    /// Open items that have a key.
    keyed: usize,
    /// Open items that wait only for a lease, and for the leased items of their key.
    ready: BTreeSet<u64>,
    /// The same for items that were tried before.
    again: BTreeSet<u64>,
    due: BTreeSet<(Duration, u64)>,
    /// Open items without a row of their own: the cursor cannot pass them.
    unstored: BTreeSet<u64>,
    /// Items that had a row from before a crash and were settled before they were looked at again.
    ahead: BTreeSet<u64>,
    leases: HashMap<u64, (Duration, usize)>,
    uncovered: usize,
    tokens: u64,
}

/// The open items of one key, and how many of them are leased, always by a single lease.
#[derive(Debug, Default)]
struct Line {
    open: BTreeSet<u64>,
    leased: usize,
}

#[derive(Debug)]
struct Open {
    key: Option<u64>,
    attempts: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    LeasedItem(u64),
    Waiting(Duration),
    Held,
}

/// The result of offering an item to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It is part of the lease.
    Taken,
    /// It waits behind its key.
    Held,
}

/// One open item as it is stored, so that the cursor may pass it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRow {
    /// Its position.
    pub position: Position,
    /// The attempts made.
    pub attempts: u32,
    /// The hash of its key.
    pub key: Option<u64>,
    /// Not to be tried before this time; none: as soon as its key is free.
    pub due: Option<Due>,
    /// Why it was not delivered.
    pub reason: Option<String>,
}

/// When an item may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// By the system time, which may have changed after a restart.
    pub at: Timestamp,
    /// The length of the wait when it began. After a restart the wait is not longer than this, whatever the system time is.
    pub wait: Duration,
}

impl Due {
    /// After this wait.
    pub fn after(wait: Duration, wall: Timestamp) -> Self {
        Self { at: wall.saturating_add(wait).unwrap_or(Timestamp::MAX), wait }
    }

    fn left(self, wall: Timestamp) -> Duration {
        Duration::try_from(self.at.duration_since(wall)).unwrap_or_default().min(self.wait)
    }
}

/// What a settlement changes in the store, in one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The new cursor.
    pub cursor: u64,
    /// Open rows to write; they replace older ones of the same position.
    pub put: Vec<OpenRow>,
    /// Open rows to remove, if they exist.
    pub delete: Vec<u64>,
    /// Dead letters to write, with the attempts made.
    pub dead: Vec<(u64, u32)>,
}

impl Lane {
    /// A consumer that starts after `cursor`.
    pub fn new(ordering: Ordering, cursor: u64) -> Self {
        Self { ordering, cursor, scanned: cursor, ..Self::default() }
    }

    /// A consumer as it was stored. No wait becomes longer than it was, because the clock may have been changed.
    pub fn restore(
        ordering: Ordering,
        cursor: u64,
        rows: impl IntoIterator<Item = OpenRow>,
        now: Duration,
        wall: Timestamp,
    ) -> Self {
        let mut lane = Self::new(ordering, cursor);
        for row in rows {
            let wait = row.due.map_or(Duration::ZERO, |due| due.left(wall));
            lane.put_stored(&row, now + wait);
        }
        lane
    }

    /// Adds items that have just got rows of their own: replays, to be leased as soon as their key is free.
    pub fn requeue(&mut self, rows: impl IntoIterator<Item = OpenRow>, now: Duration) {
        for row in rows {
            self.put_stored(&row, now);
        }
    }

    fn put_stored(&mut self, row: &OpenRow, due: Duration) {
        let key = row.key.filter(|_| self.ordering == Ordering::Key);
        self.insert(row.position.0, key, row.attempts, State::Waiting(due));
        self.unstored.remove(&row.position.0);
    }

    /// Sets the number of the next leases, so that a token from before a restart does not match one of now.
    #[must_use]
    pub fn numbered_from(mut self, token: u64) -> Self {
        self.tokens = token;
        self
    }

    /// The last token that was used.
    pub fn last_token(&self) -> u64 {
        self.tokens
    }

    /// The hash of a key, as the bookkeeping uses it.
    pub fn key_hash(key: &str) -> u64 {
        let mut hasher = SipHasher13::new(); // stores keep its numbers: the standard hasher may become another one
        key.hash(&mut hasher);
        hasher.finish() >> 1 // stores count in signed 64-bit integers
    }

    /// Everything up to this position is settled or has a row of its own.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Everything up to this position has been looked at.
    pub fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Everything up to this position has been settled for good.
    pub fn settled_to(&self) -> u64 {
        self.open.keys().next().map_or(self.scanned, |first| self.scanned.min(first - 1))
    }

    /// Whether an item between these two positions, both excluded, is open.
    pub fn open_between(&self, after: u64, before: u64) -> bool {
        after + 1 < before && self.open.range(after + 1..before).next().is_some()
    }

    /// Moves the cursor over items that needed no settling, and returns it.
    pub fn advance_idle(&mut self) -> u64 {
        self.cursor = self.reach();
        self.cursor
    }

    /// What a clean stop stores, so that nothing settled comes back: rows for open items, and a cursor after all of them.
    pub fn close(&mut self) -> Plan {
        let mut plan = Plan::default();
        self.cover(&mut plan);
        plan.cursor = self.advance_idle();
        plan
    }

    /// The number of items that are leased or waiting.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Whether new items may be offered.
    pub fn has_room(&self) -> bool {
        // The first of a key follows nothing.
        let followers = self.keyed - self.keys.len().min(self.keyed);
        self.open.len() - followers < OPEN_MAX && followers < FOLLOWERS_MAX
    }

    /// Whether an open item may be part of the next lease.
    pub fn may_hand_out(&self) -> bool {
        !self.ready.is_empty() || !self.again.is_empty()
    }

    /// When the consumer next has something to do by itself: a retry is due, or a lease expires.
    pub fn next_wake(&self) -> Option<Duration> {
        let due = self.due.first().map(|(at, _)| *at);
        let lapse = self.leases.values().map(|(until, _)| *until).min();
        due.into_iter().chain(lapse).min()
    }

    /// The first time after now at which a retry is due.
    pub fn next_due(&self, now: Duration) -> Option<Duration> {
        self.due.range((now, u64::MAX)..).next().map(|(at, _)| *at)
    }

    /// Begins a lease with the open items that may be leased now. More are added with [`Lane::offer`].
    pub fn begin(&mut self, now: Duration, want: &LeaseRequest) -> (u64, Vec<(Position, u32)>) {
        self.lapse(now);
        while let Some(&(at, position)) = self.due.first().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, position));
            self.set_held(position);
        }
        self.tokens += 1;
        let token = self.tokens;
        self.leases.insert(token, (now + want.term, 0));
        let mut taken = Vec::new();
        let retries = want.retries.min(want.limit);
        let again = self.free(&self.again, retries);
        self.hand_out_all(again, retries, token, want, &mut taken);
        let fresh = self.free(&self.ready, want.limit);
        self.hand_out_all(fresh, want.limit, token, want, &mut taken);
        taken.sort_unstable();
        (token, taken)
    }

    /// Adds retries to a lease of `count` items for which there was not enough fresh work.
    pub fn top_up(
        &mut self,
        token: u64,
        count: usize,
        want: &LeaseRequest,
    ) -> Vec<(Position, u32)> {
        let room = want.limit.saturating_sub(count);
        let (mut taken, again) = (Vec::new(), self.free(&self.again, room));
        self.hand_out_all(again, room, token, want, &mut taken);
        taken
    }

    /// Offers the next item of the store, in order.
    pub fn offer(
        &mut self,
        token: u64,
        position: Position,
        key: Option<&str>,
        want: &LeaseRequest,
    ) -> Offer {
        self.scanned = self.scanned.max(position.0);
        if self.ahead.remove(&position.0) || self.open.contains_key(&position.0) {
            return Offer::Held; // it has, or had, a row from before a crash, above the cursor
        }
        let key = match self.ordering {
            Ordering::Key => key.map(Self::key_hash),
            Ordering::None => None,
        };
        let free = key.and_then(|key| self.keys.get(&key)).is_none_or(|line| {
            // A lease takes a key's items from the first on without a gap, so the one before speaks for all before.
            let before = line.open.range(..position.0).next_back();
            let neighbour = before.or(line.open.first()).and_then(|other| self.open.get(other));
            let ours = neighbour.is_some_and(|other| other.state == State::LeasedItem(token));
            (want.whole_keys && ours) || (before.is_none() && line.leased == 0)
        });
        if !free {
            self.insert(position.0, key, 0, State::Held);
            return Offer::Held;
        }
        self.insert(position.0, key, 0, State::LeasedItem(token));
        if let Some((_, count)) = self.leases.get_mut(&token) {
            *count += 1;
        }
        self.count_leased(key, 1);
        Offer::Taken
    }

    /// Notes that there is nothing for this consumer up to `position`.
    pub fn skip_to(&mut self, position: Position) {
        self.scanned = self.scanned.max(position.0);
        while self.ahead.first().is_some_and(|first| *first <= self.scanned) {
            self.ahead.pop_first();
        }
    }

    /// Finishes building a lease; false if it is empty and was removed.
    pub fn finish(&mut self, token: u64) -> bool {
        let holds = self.leases.get(&token).is_some_and(|(_, count)| *count > 0);
        if !holds {
            self.leases.remove(&token);
        }
        holds
    }

    /// Settles items of a lease: changes the bookkeeping and returns what to store. If storing fails, the consumer must be
    /// restored.
    ///
    /// # Errors
    /// [`JournalError::Stale`], before anything is changed.
    pub fn settle(
        &mut self,
        token: u64,
        fates: &[(Position, Disposition)],
        now: Duration,
        wall: Timestamp,
    ) -> Result<Plan, JournalError> {
        let mut seen = BTreeSet::new();
        let mut held = |position: &Position| {
            let open = self.open.get(&position.0);
            seen.insert(position.0) && open.is_some_and(|o| o.state == State::LeasedItem(token))
        };
        if !self.leases.contains_key(&token) || !fates.iter().all(|(position, _)| held(position)) {
            return Err(JournalError::Stale);
        }
        let mut plan = Plan::default();
        for (position, fate) in fates {
            self.settle_one(position.0, fate, now, wall, &mut plan);
        }
        if let Some((_, count)) = self.leases.get_mut(&token) {
            *count -= fates.len().min(*count);
            if *count == 0 {
                self.leases.remove(&token);
            }
        }
        self.advance(fates.len(), &mut plan);
        plan.cursor = self.cursor;
        Ok(plan)
    }

    /// Gives some items of a lease back, so that the next lease can take them. None of them may be before an item of its key that
    /// stays leased.
    pub fn give_back(&mut self, token: u64, positions: &[Position]) {
        for Position(position) in positions {
            let Some(open) = self.open.get(position) else { continue };
            if open.state == State::LeasedItem(token) {
                self.count_leased(open.key, -1);
                self.set_held(*position);
                if let Some((_, count)) = self.leases.get_mut(&token) {
                    *count -= 1;
                }
            }
        }
    }

    /// Gives a lease back, so that its items can be leased again at once.
    pub fn release(&mut self, token: u64) {
        self.leases.remove(&token);
        let lost: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, open)| open.state == State::LeasedItem(token))
            .map(|(p, _)| *p)
            .collect();
        for position in lost {
            self.set_held(position);
            self.count_leased(self.open.get(&position).and_then(|open| open.key), -1);
        }
    }
}

#[cfg(test)]
mod tests;
