//! What the nodes of an in-memory journal share.

mod query;
mod tools;
mod upkeep;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use switchhook_api::journal::{
    Appended, ConsumerId, ConsumerSpec, DeadLetter, Disposition, Entry, Health, JournalError,
    Lease, LeaseRequest, LeasedItem, Ordering, Position, Settlement, Start, StoredEvent, Work,
};
use switchhook_api::{Callback, Clock, NewRecord, Pattern, Record, Rng};
use uuid::Uuid;

use crate::{Lane, Offer, OpenRow, Plan};

#[derive(Debug)]
pub(super) struct Store {
    entries: BTreeMap<u64, KeptEntry>,
    head: u64,
    /// The last removed position: new consumers start after it.
    pruned: u64,
    records: HashMap<Arc<str>, BTreeMap<u64, Record>>,
    state: HashMap<(String, String), Bytes>,
    seen: HashMap<Arc<str>, (Position, Timestamp)>,
    lanes: BTreeMap<ConsumerId, Kept>,
    dead: Vec<Letter>,
    letters_made: u64,
    replays: BTreeMap<u64, Replayed>,
    replays_made: u64,
    rng: Rng,
    pub(super) health: Health,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            head: 0,
            pruned: 0,
            records: HashMap::new(),
            state: HashMap::new(),
            seen: HashMap::new(),
            lanes: BTreeMap::new(),
            dead: Vec::new(),
            letters_made: 0,
            replays: BTreeMap::new(),
            replays_made: 0,
            rng: Rng::seeded(1),
            health: Health::Ready,
        }
    }
}

#[derive(Debug)]
struct KeptEntry {
    event: StoredEvent,
    at: Timestamp,
}

/// A dead letter, and the position of its record if it is another one.
#[derive(Debug)]
struct Letter {
    letter: DeadLetter,
    record: Option<u64>,
}

/// What is replayed: a callback, or its record if that is at another position.
#[derive(Debug)]
struct Replayed {
    lane: ConsumerId,
    position: Position,
    record: Option<u64>,
    id: Uuid,
}

/// A consumer, and the part of it that survives a crash.
#[derive(Debug)]
struct Kept {
    spec: ConsumerSpec,
    attached: bool,
    paused: bool,
    detached_at: Option<Timestamp>,
    lane: Lane,
    cursor: u64,
    rows: BTreeMap<u64, OpenRow>,
}

impl Kept {
    fn ordering(spec: &ConsumerSpec) -> Ordering {
        match spec.id {
            ConsumerId::Projection { .. } => Ordering::Key, // all of it is one key: see `offer`
            ConsumerId::Subscription { .. } => spec.ordering,
        }
    }

    fn restore(&mut self, clock: &dyn Clock) {
        let rows = self.rows.values().cloned();
        let ordering = Self::ordering(&self.spec);
        let (now, wall) = (clock.now(), clock.wall());
        self.lane = Lane::restore(ordering, self.cursor, rows, now, wall)
            .numbered_from(self.lane.last_token());
    }

    fn keep(&mut self, plan: Plan) {
        self.cursor = plan.cursor;
        self.rows.extend(plan.put.into_iter().map(|row| (row.position.0, row)));
        for position in plan.delete {
            self.rows.remove(&position);
        }
    }
}

impl Store {
    fn entry(&self, position: u64) -> Option<&StoredEvent> {
        self.entries.get(&position).map(|one| &one.event)
    }

    pub(super) fn append(&mut self, entry: Entry, wall: Timestamp) -> Appended {
        let position = Position(self.head + 1);
        if let Some(dedupe) = entry.dedupe {
            if let Some((first, _)) = self.seen.get(&dedupe.key).filter(|(_, until)| *until > wall)
            {
                return Appended::Duplicate(*first);
            }
            let until = wall.saturating_add(dedupe.window).unwrap_or(Timestamp::MAX);
            self.seen.insert(dedupe.key, (position, until));
        }
        self.head += 1;
        let (facts, body) = (entry.facts, entry.body);
        let event = StoredEvent { position, facts, body, persisted_late: false };
        self.entries.insert(position.0, KeptEntry { event, at: wall });
        Appended::Kept(position)
    }

    pub(super) fn attach(&mut self, specs: &[ConsumerSpec], wall: Timestamp) {
        self.lanes.values_mut().for_each(|kept| kept.attached = false);
        for spec in specs {
            let cursor = match spec.start {
                Start::Now => self.head,
                Start::Beginning => self.pruned,
            };
            if !spec.enabled && !self.lanes.contains_key(&spec.id) {
                continue;
            }
            let paused = spec.id.action().is_some_and(|action| self.is_paused(action));
            let kept = self.lanes.entry(spec.id.clone()).or_insert_with(|| Kept {
                spec: spec.clone(),
                attached: true,
                paused,
                detached_at: None,
                lane: Lane::new(Kept::ordering(spec), cursor),
                cursor,
                rows: BTreeMap::new(),
            });
            kept.spec = spec.clone();
            kept.attached = true;
        }
        for kept in self.lanes.values_mut() {
            let since = kept.detached_at.or(Some(wall));
            kept.detached_at = since.filter(|_| !kept.attached);
        }
    }

    pub(super) fn crash(&mut self, clock: &dyn Clock) {
        for kept in self.lanes.values_mut() {
            kept.restore(clock);
            kept.attached = false;
        }
    }

    /// Acts as after a failed commit for a consumer.
    pub(super) fn end_leases(&mut self, id: &ConsumerId, clock: &dyn Clock) {
        if let Some(kept) = self.lanes.get_mut(id) {
            kept.restore(clock);
        }
    }

    /// How far a consumer may read: a subscription only up to what its projection has settled, so that no record is missed.
    fn limit(&self, id: &ConsumerId) -> u64 {
        let projection = match id {
            ConsumerId::Projection { .. } => None,
            ConsumerId::Subscription { handler, .. } => {
                self.lanes.get(&ConsumerId::projection(handler))
            }
        };
        projection.map_or(self.head, |kept| kept.lane.settled_to())
    }

    /// A lease, or when to look again.
    pub(super) fn lease(
        &mut self,
        id: &ConsumerId,
        want: &LeaseRequest,
        clock: &dyn Clock,
    ) -> Result<Result<Lease, Option<Duration>>, JournalError> {
        let limit = self.limit(id);
        let mut kept = match self.lanes.remove(id) {
            Some(kept) if kept.attached => kept,
            other => {
                self.lanes.extend(other.map(|kept| (id.clone(), kept)));
                return Err(JournalError::Store(
                    format!("consumer {id} was never registered").into(),
                ));
            }
        };
        if kept.paused || !kept.spec.enabled {
            self.lanes.insert(id.clone(), kept);
            return Ok(Err(None));
        }
        let whole = want.whole_keys || id.action().is_none();
        let want = LeaseRequest { whole_keys: whole, ..*want };
        let (token, mut taken) = kept.lane.begin(clock.now(), &want);
        self.offer(&mut kept, token, limit, &want, &mut taken);
        taken.extend(kept.lane.top_up(token, taken.len(), &want));
        let held = kept.lane.finish(token);
        let wake = kept.lane.next_wake();
        self.lanes.insert(id.clone(), kept);
        if !held {
            return Ok(Err(wake));
        }
        taken.sort_unstable();
        let work = |(position, attempts)| self.work(id, position, attempts);
        let items = taken.into_iter().filter_map(work).collect();
        Ok(Ok(Lease { lane: id.clone(), token, items }))
    }

    fn offer(
        &self,
        kept: &mut Kept,
        token: u64,
        limit: u64,
        want: &LeaseRequest,
        taken: &mut Vec<(Position, u32)>,
    ) {
        let projection = kept.spec.id.action().is_none();
        if projection && kept.lane.open() > taken.len() {
            return; // one lease at a time: a projection reads in order
        }
        while kept.lane.scanned() < limit && taken.len() < want.limit && kept.lane.has_room() {
            let position = Position(kept.lane.scanned() + 1);
            let key = match projection {
                true => self
                    .entry(position.0)
                    .filter(|entry| Pattern::any(&kept.spec.commands, &entry.facts.command))
                    .map(|_| Some("")),
                false => self.record(&kept.spec.id, position).map(|record| record.key.as_deref()),
            };
            match key {
                None => kept.lane.skip_to(position),
                Some(key) => {
                    if kept.lane.offer(token, position, key, want) == Offer::Taken {
                        taken.push((position, 0));
                    }
                }
            }
        }
    }

    fn record(&self, id: &ConsumerId, position: Position) -> Option<&Record> {
        self.records.get(id.handler())?.get(&position.0)
    }

    /// What a position of a consumer stands for: itself, or a replay.
    fn origin(&self, position: Position) -> (Position, Option<u64>) {
        let replay = position.replay_number().and_then(|number| self.replays.get(&number));
        replay.map_or((position, None), |one| (one.position, one.record))
    }

    fn work(&self, id: &ConsumerId, position: Position, attempts: u32) -> Option<LeasedItem> {
        let replay = position.replay_number().and_then(|number| self.replays.get(&number));
        let replay = replay.map(|one| one.id);
        let (origin, record) = self.origin(position);
        let work = match id {
            ConsumerId::Projection { .. } => {
                let entry = self.entry(origin.0)?;
                Work::Callback(Callback::restored(entry.facts.clone(), entry.body.clone()))
            }
            ConsumerId::Subscription { .. } => {
                let mut record = self.record(id, record.map_or(origin, Position))?.clone();
                record.replay = replay;
                Work::Record(record)
            }
        };
        Some(LeasedItem { position, attempts, replay, work })
    }

    pub(super) fn settle(
        &mut self,
        settlement: Settlement,
        clock: &dyn Clock,
    ) -> Result<(), JournalError> {
        let Settlement { lane: id, token, fates, state } = settlement;
        let kept = self.lanes.get_mut(&id).ok_or(JournalError::Stale)?;
        let plan = kept.lane.settle(token, &fates, clock.now(), clock.wall())?;
        let dead: HashMap<u64, u32> = plan.dead.iter().copied().collect();
        kept.keep(plan);
        for (position, fate) in fates {
            let done = !matches!(fate, Disposition::Retry { .. });
            match fate {
                Disposition::Recorded(Some(new)) => {
                    self.keep_record(id.handler(), position, new, clock);
                }
                Disposition::Dead { reason, response } => {
                    let attempts = dead.get(&position.0).copied().unwrap_or_default();
                    self.give_up(&id, position, attempts, (reason, response), clock.wall());
                }
                Disposition::Recorded(None)
                | Disposition::Delivered
                | Disposition::Retry { .. } => {}
            }
            if let Some(number) = position.replay_number().filter(|_| done) {
                self.replays.remove(&number);
                self.sweep();
            }
        }
        for (key, value) in state {
            let key = (id.handler().to_string(), key);
            match value {
                Some(value) => _ = self.state.insert(key, value),
                None => _ = self.state.remove(&key),
            }
        }
        Ok(())
    }

    fn give_up(
        &mut self,
        id: &ConsumerId,
        position: Position,
        attempts: u32,
        (reason, response): (String, Option<String>),
        at: Timestamp,
    ) {
        self.letters_made += 1;
        let (number, lane) = (self.letters_made, id.to_string());
        let (position, record) = self.origin(position);
        let letter =
            DeadLetter { number, lane, position, at, attempts, reason, response, callback: None };
        self.dead.push(Letter { letter, record });
    }

    fn keep_record(
        &mut self,
        handler: &Arc<str>,
        position: Position,
        new: NewRecord,
        clock: &dyn Clock,
    ) {
        let (origin, _) = self.origin(position);
        let Some(entry) = self.entry(origin.0) else { return };
        let body = new.body.unwrap_or_else(|| entry.body.clone());
        let facts = entry.facts.clone();
        let key = new.key.as_deref().map(Lane::key_hash);
        let record = Record::new(handler.clone(), facts, new.key, new.summary, body);
        self.records.entry(handler.clone()).or_default().insert(position.0, record);
        let replay = position.replay_number().and_then(|number| self.replays.get(&number));
        if let Some(id) = replay.map(|one| one.id) {
            let mine = |(id, kept): &(&ConsumerId, &Kept)| {
                kept.attached && id.action().is_some() && id.handler() == handler
            };
            let lanes: Vec<ConsumerId> =
                self.lanes.iter().filter(mine).map(|(id, _)| id.clone()).collect();
            for lane in lanes {
                let row = OpenRow { position: origin, attempts: 0, key, due: None, reason: None };
                self.requeue(&lane, row, Some(position.0), id, clock);
            }
        }
    }

    pub(super) fn state(&self, handler: &str, key: &str) -> Option<Bytes> {
        self.state.get(&(handler.to_owned(), key.to_owned())).cloned()
    }
}
