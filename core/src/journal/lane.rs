//! The bookkeeping of one lane: what is handed out, held behind its key, or waits for a retry. Pure, so that every
//! journal that keeps its lanes in one process shares it, and a test can drive it through any order of events.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;

use super::{Fate, JournalError, Ordering, Position, Want};

/// Items that one lane keeps open at most. Beyond it, the lane takes nothing new until some are settled.
pub(super) const OPEN_MAX: usize = 10_000;
/// Settled items that a crash may bring back because an earlier one is still under way.
const UNCOVERED_MAX: usize = 32;

/// One lane. `now` is monotonic time since any fixed start; `wall` is the time of day.
#[derive(Debug, Default)]
pub struct Lane {
    ordering: Ordering,
    cursor: u64,
    scanned: u64,
    open: BTreeMap<u64, Open>,
    /// Open items of each key, when ordered by key.
    keys: HashMap<u64, BTreeSet<u64>>,
    /// Open items that can be handed out as soon as they are first of their key.
    ready: BTreeSet<u64>,
    due: BTreeSet<(Duration, u64)>,
    /// Open items above no row of their own: the cursor cannot pass them.
    unstored: BTreeSet<u64>,
    leases: HashMap<u64, (Duration, usize)>,
    uncovered: usize,
    tokens: u64,
}

#[derive(Debug)]
struct Open {
    key: Option<u64>,
    attempts: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Leased(u64),
    Waiting(Duration),
    Held,
}

/// What becomes of an item that was offered to a lease.
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
    /// Its place.
    pub position: Position,
    /// Attempts that counted.
    pub attempts: u32,
    /// The hash of its key.
    pub key: Option<u64>,
    /// Not to be tried before; none: as soon as its key is free.
    pub due: Option<Timestamp>,
    /// Why it was not delivered.
    pub reason: Option<String>,
}

/// What a settlement changes in the store: one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The new cursor.
    pub cursor: u64,
    /// Open rows to write, over older ones of their position.
    pub put: Vec<OpenRow>,
    /// Open rows to remove, where there are any.
    pub delete: Vec<u64>,
    /// Dead letters to write, with the attempts made.
    pub dead: Vec<(u64, u32)>,
}

impl Lane {
    /// A lane that begins after `cursor`.
    pub fn new(ordering: Ordering, cursor: u64) -> Self {
        Self { ordering, cursor, scanned: cursor, ..Self::default() }
    }

    /// A lane as it was stored. Due times further away than `longest` are drawn in: the clock has been moved.
    pub fn restore(
        ordering: Ordering,
        cursor: u64,
        rows: impl IntoIterator<Item = OpenRow>,
        now: Duration,
        wall: Timestamp,
        longest: Duration,
    ) -> Self {
        let mut lane = Self::new(ordering, cursor);
        for row in rows {
            let wait = row.due.map_or(Duration::ZERO, |due| {
                Duration::try_from(due.duration_since(wall)).unwrap_or_default().min(longest)
            });
            lane.insert(row.position.0, row.key, row.attempts, State::Waiting(now + wait));
            lane.unstored.remove(&row.position.0);
        }
        lane
    }

    /// A key as the bookkeeping knows it.
    pub fn key_hash(key: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish() >> 1 // stores count in signed 64-bit integers
    }

    /// Everything at or below is settled or has a row of its own.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Everything at or below has been looked at.
    pub fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Items handed out, held or waiting.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Whether new items may be offered.
    pub fn has_room(&self) -> bool {
        self.open.len() < OPEN_MAX
    }

    /// When the lane has something to do by itself: a retry falls due or a lease runs out.
    pub fn next_wake(&self) -> Option<Duration> {
        let due = self.due.first().map(|(at, _)| *at);
        let lapse = self.leases.values().map(|(until, _)| *until).min();
        due.into_iter().chain(lapse).min()
    }

    /// Begins a lease: takes what is open and may go now. More is added with [`Lane::offer`].
    pub fn begin(&mut self, now: Duration, want: &Want) -> (u64, Vec<(Position, u32)>) {
        self.lapse(now);
        while let Some(&(at, position)) = self.due.first().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, position));
            self.ready.insert(position);
        }
        self.tokens += 1;
        let token = self.tokens;
        self.leases.insert(token, (now + want.term, 0));
        let mut taken = Vec::new();
        let candidates: Vec<u64> =
            self.ready.iter().copied().filter(|p| self.is_first(*p)).take(want.limit).collect();
        for position in candidates {
            for position in self.with_followers(position, want) {
                if taken.len() < want.limit {
                    taken.push((Position(position), self.hand_out(position, token)));
                }
            }
        }
        taken.sort_unstable();
        (token, taken)
    }

    /// Looks at the next item of the store, in order.
    pub fn offer(
        &mut self,
        token: u64,
        position: Position,
        key: Option<&str>,
        want: &Want,
    ) -> Offer {
        self.scanned = self.scanned.max(position.0);
        let key = match self.ordering {
            Ordering::Key => key.map(Self::key_hash),
            Ordering::None => None,
        };
        let free = key.and_then(|key| self.keys.get(&key)).is_none_or(|open| {
            // A lease takes a key's items from the first on without a gap, so the last one speaks for all.
            let last = open.last().and_then(|last| self.open.get(last));
            want.whole_keys && last.is_some_and(|last| last.state == State::Leased(token))
        });
        if !free {
            self.insert(position.0, key, 0, State::Held);
            return Offer::Held;
        }
        self.insert(position.0, key, 0, State::Leased(token));
        if let Some((_, count)) = self.leases.get_mut(&token) {
            *count += 1;
        }
        Offer::Taken
    }

    /// Notes that nothing for this lane lies at or below `position`.
    pub fn skip_to(&mut self, position: Position) {
        self.scanned = self.scanned.max(position.0);
    }

    /// Ends the beginning of a lease; false if it holds nothing and is gone.
    pub fn finish(&mut self, token: u64) -> bool {
        let holds = self.leases.get(&token).is_some_and(|(_, count)| *count > 0);
        if !holds {
            self.leases.remove(&token);
        }
        holds
    }

    /// Settles items of a lease: changes the bookkeeping and says what to store. If the store then fails, the lane must be restored.
    ///
    /// # Errors
    /// [`JournalError::Stale`], before anything is changed.
    pub fn settle(
        &mut self,
        token: u64,
        fates: &[(Position, Fate)],
        now: Duration,
        wall: Timestamp,
    ) -> Result<Plan, JournalError> {
        let held = |position: &Position| {
            self.open.get(&position.0).is_some_and(|o| o.state == State::Leased(token))
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

    /// Gives a lease back: its items can be handed out again at once.
    pub fn release(&mut self, token: u64) {
        self.leases.remove(&token);
        let lost: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, open)| open.state == State::Leased(token))
            .map(|(p, _)| *p)
            .collect();
        for position in lost {
            self.set_held(position);
        }
    }

    fn lapse(&mut self, now: Duration) {
        let lapsed: Vec<u64> =
            self.leases.iter().filter(|(_, (until, _))| *until <= now).map(|(t, _)| *t).collect();
        for token in lapsed {
            self.release(token);
        }
    }

    fn insert(&mut self, position: u64, key: Option<u64>, attempts: u32, state: State) {
        if let Some(key) = key {
            self.keys.entry(key).or_default().insert(position);
        }
        self.unstored.insert(position);
        self.open.insert(position, Open { key, attempts, state });
        match state {
            State::Waiting(due) => _ = self.due.insert((due, position)),
            State::Held => self.make_ready_if_first(position),
            State::Leased(_) => {}
        }
    }

    fn make_ready_if_first(&mut self, position: u64) {
        if self.is_first(position) {
            self.ready.insert(position);
        }
    }

    fn set_held(&mut self, position: u64) {
        if let Some(open) = self.open.get_mut(&position) {
            open.state = State::Held;
            self.ready.insert(position);
        }
    }

    fn is_first(&self, position: u64) -> bool {
        let key = self.open.get(&position).and_then(|open| open.key);
        key.and_then(|key| self.keys.get(&key)).is_none_or(|open| open.first() == Some(&position))
    }

    /// The item and, where a lease may hold a whole key, those behind it: they only waited for it.
    fn with_followers(&self, position: u64, want: &Want) -> Vec<u64> {
        let key = self.open.get(&position).and_then(|open| open.key);
        match key.and_then(|key| self.keys.get(&key)).filter(|_| want.whole_keys) {
            Some(open) => open.range(position..).copied().take(want.limit).collect(),
            None => vec![position],
        }
    }

    fn hand_out(&mut self, position: u64, token: u64) -> u32 {
        self.ready.remove(&position);
        let Some(open) = self.open.get_mut(&position) else { return 0 };
        if let State::Waiting(due) = open.state {
            self.due.remove(&(due, position));
        }
        open.state = State::Leased(token);
        if let Some((_, count)) = self.leases.get_mut(&token) {
            *count += 1;
        }
        open.attempts
    }

    fn settle_one(
        &mut self,
        position: u64,
        fate: &Fate,
        now: Duration,
        wall: Timestamp,
        plan: &mut Plan,
    ) {
        if let Fate::Retry { after, reason } = fate {
            if let Some(open) = self.open.get_mut(&position) {
                open.attempts += 1;
                open.state = State::Waiting(now + *after);
                self.due.insert((now + *after, position));
                self.unstored.remove(&position);
                plan.put.push(OpenRow {
                    position: Position(position),
                    attempts: open.attempts,
                    key: open.key,
                    due: Some(wall.saturating_add(*after).unwrap_or(Timestamp::MAX)),
                    reason: Some(reason.clone()),
                });
            }
            return;
        }
        let Some(open) = self.open.remove(&position) else { return };
        if let Some(key) = open.key
            && let Some(others) = self.keys.get_mut(&key)
        {
            others.remove(&position);
            match others.first().copied() {
                None => _ = self.keys.remove(&key),
                Some(next)
                    if self.open.get(&next).is_some_and(|open| open.state == State::Held) =>
                {
                    self.ready.insert(next);
                }
                Some(_) => {}
            }
        }
        if !self.unstored.remove(&position) {
            plan.delete.push(position);
        }
        if let Fate::Dead { .. } = fate {
            plan.dead.push((position, open.attempts + 1));
        }
    }

    /// Moves the cursor as far as it can go. What is settled above an item still under way would come back after a
    /// crash; when that is too much, the open items get rows of their own and the cursor passes them.
    fn advance(&mut self, settled: usize, plan: &mut Plan) {
        self.uncovered += settled;
        if self.uncovered > UNCOVERED_MAX {
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
        self.cursor =
            self.unstored.first().map_or(self.scanned, |first| self.scanned.min(first - 1));
        if self.cursor == self.scanned {
            self.uncovered = 0;
        }
    }
}
