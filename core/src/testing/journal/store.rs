//! What the nodes of an in-memory journal share.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::callback::Callback;
use crate::handler::{NewRecord, Record};
use crate::journal::{
    Appended, DeadLetter, Entry, EventQuery, Fate, Health, JournalError, Lane, LaneId, LaneSpec,
    LaneStatus, Lease, Leased, Offer, OpenRow, Ordering, Page, Plan, Position, Settlement, Start,
    StoredEvent, Want, Work,
};
use crate::router::Pattern;
use crate::time::Clock;

/// No retry waits longer than this after a restart, whatever the time of day says.
const WAIT_MAX: Duration = Duration::from_hours(24);

#[derive(Debug)]
pub(super) struct Store {
    entries: Vec<StoredEvent>,
    records: HashMap<Arc<str>, BTreeMap<u64, Record>>,
    state: HashMap<(String, String), Bytes>,
    seen: HashMap<Arc<str>, (Position, Timestamp)>,
    lanes: BTreeMap<LaneId, Kept>,
    dead: Vec<DeadLetter>,
    pub(super) health: Health,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            records: HashMap::new(),
            state: HashMap::new(),
            seen: HashMap::new(),
            lanes: BTreeMap::new(),
            dead: Vec::new(),
            health: Health::Ready,
        }
    }
}

/// A lane, and what of it would survive a crash.
#[derive(Debug)]
struct Kept {
    spec: LaneSpec,
    attached: bool,
    lane: Lane,
    cursor: u64,
    rows: BTreeMap<u64, OpenRow>,
}

impl Kept {
    fn ordering(spec: &LaneSpec) -> Ordering {
        match spec.id {
            LaneId::Projection { .. } => Ordering::Key, // all of it is one key: see `offer`
            LaneId::Subscription { .. } => spec.ordering,
        }
    }

    fn restore(&mut self, clock: &dyn Clock) {
        let rows = self.rows.values().cloned();
        let ordering = Self::ordering(&self.spec);
        let (now, wall) = (clock.now(), clock.wall());
        self.lane = Lane::restore(ordering, self.cursor, rows, now, wall, WAIT_MAX)
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
    fn head(&self) -> u64 {
        self.entries.len() as u64
    }

    fn entry(&self, position: u64) -> Option<&StoredEvent> {
        self.entries.get(usize::try_from(position.checked_sub(1)?).ok()?)
    }

    pub(super) fn append(&mut self, entry: Entry, wall: Timestamp) -> Appended {
        let position = Position(self.head() + 1);
        if let Some(dedupe) = entry.dedupe {
            if let Some((first, _)) = self.seen.get(&dedupe.key).filter(|(_, until)| *until > wall)
            {
                return Appended::Duplicate(*first);
            }
            let until = wall.saturating_add(dedupe.window).unwrap_or(Timestamp::MAX);
            self.seen.insert(dedupe.key, (position, until));
        }
        self.entries.push(StoredEvent { position, facts: entry.facts, body: entry.body });
        Appended::Kept(position)
    }

    pub(super) fn attach(&mut self, specs: &[LaneSpec]) {
        let head = self.head();
        self.lanes.values_mut().for_each(|kept| kept.attached = false);
        for spec in specs {
            let cursor = match spec.start {
                Start::Now => head,
                Start::Beginning => 0,
            };
            let kept = self.lanes.entry(spec.id.clone()).or_insert_with(|| Kept {
                spec: spec.clone(),
                attached: true,
                lane: Lane::new(Kept::ordering(spec), cursor),
                cursor,
                rows: BTreeMap::new(),
            });
            kept.spec = spec.clone();
            kept.attached = true;
        }
    }

    pub(super) fn crash(&mut self, clock: &dyn Clock) {
        for kept in self.lanes.values_mut() {
            kept.restore(clock);
            kept.attached = false;
        }
    }

    /// As when a commit for a lane has failed.
    pub(super) fn end_leases(&mut self, id: &LaneId, clock: &dyn Clock) {
        if let Some(kept) = self.lanes.get_mut(id) {
            kept.restore(clock);
        }
    }

    /// How far a lane may read: a subscription not beyond what its projection has settled, so that no record comes in behind it.
    fn limit(&self, id: &LaneId) -> u64 {
        let projection = match id {
            LaneId::Projection { .. } => None,
            LaneId::Subscription { handler, .. } => self.lanes.get(&LaneId::projection(handler)),
        };
        projection.map_or(self.head(), |kept| kept.lane.settled_to())
    }

    /// A lease, or when to look again.
    pub(super) fn lease(
        &mut self,
        id: &LaneId,
        want: &Want,
        now: Duration,
    ) -> Result<Result<Lease, Option<Duration>>, JournalError> {
        let limit = self.limit(id);
        let mut kept = match self.lanes.remove(id) {
            Some(kept) if kept.attached => kept,
            other => {
                self.lanes.extend(other.map(|kept| (id.clone(), kept)));
                return Err(JournalError::Store(format!("lane {id} was never attached").into()));
            }
        };
        let whole = want.whole_keys || id.action().is_none();
        let want = Want { whole_keys: whole, ..*want };
        let (token, mut taken) = kept.lane.begin(now, &want);
        self.offer(&mut kept, token, limit, &want, &mut taken);
        let held = kept.lane.finish(token);
        let wake = kept.lane.next_wake();
        self.lanes.insert(id.clone(), kept);
        if !held {
            return Ok(Err(wake));
        }
        let work = |(position, attempts)| self.work(id, position, attempts);
        Ok(Ok(Lease {
            lane: id.clone(),
            token,
            items: taken.into_iter().filter_map(work).collect(),
        }))
    }

    fn offer(
        &self,
        kept: &mut Kept,
        token: u64,
        limit: u64,
        want: &Want,
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

    fn record(&self, id: &LaneId, position: Position) -> Option<&Record> {
        self.records.get(id.handler())?.get(&position.0)
    }

    fn work(&self, id: &LaneId, position: Position, attempts: u32) -> Option<Leased> {
        let work = match id {
            LaneId::Projection { .. } => {
                let entry = self.entry(position.0)?;
                Work::Callback(Callback::restored(entry.facts.clone(), entry.body.clone()))
            }
            LaneId::Subscription { .. } => Work::Record(self.record(id, position)?.clone()),
        };
        Some(Leased { position, attempts, replay: None, work })
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
            match fate {
                Fate::Recorded(Some(new)) => self.keep_record(id.handler(), position, new),
                Fate::Dead { reason, response } => self.dead.push(DeadLetter {
                    number: self.dead.len() as u64 + 1,
                    lane: id.to_string(),
                    position,
                    at: clock.wall(),
                    attempts: dead.get(&position.0).copied().unwrap_or_default(),
                    reason,
                    response,
                    callback: None,
                }),
                Fate::Recorded(None) | Fate::Delivered | Fate::Retry { .. } => {}
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

    fn keep_record(&mut self, handler: &Arc<str>, position: Position, new: NewRecord) {
        let Some(entry) = self.entry(position.0) else { return };
        let body = new.body.unwrap_or_else(|| entry.body.clone());
        let facts = entry.facts.clone();
        let record = Record::new(handler.clone(), facts, new.key, new.summary, body);
        self.records.entry(handler.clone()).or_default().insert(position.0, record);
    }

    pub(super) fn state(&self, handler: &str, key: &str) -> Option<Bytes> {
        self.state.get(&(handler.to_owned(), key.to_owned())).cloned()
    }

    pub(super) fn events(&self, query: &EventQuery) -> Page<StoredEvent> {
        let wanted = |event: &&StoredEvent| {
            query.before.is_none_or(|before| event.position < before)
                && (query.commands.is_empty()
                    || Pattern::any(&query.commands, &event.facts.command))
        };
        let mut found = self.entries.iter().rev().filter(wanted);
        let items: Vec<StoredEvent> = found.by_ref().take(query.limit).cloned().collect();
        let next = items.last().map(|last| last.position).filter(|_| found.next().is_some());
        Page { items, next }
    }

    pub(super) fn lanes(&self) -> Vec<LaneStatus> {
        let status = |(id, kept): (&LaneId, &Kept)| LaneStatus {
            lane: id.to_string(),
            cursor: Position(kept.lane.cursor()),
            behind: self.head().saturating_sub(kept.lane.scanned()),
            open: kept.lane.open() as u64,
            dead: self.dead.iter().filter(|letter| letter.lane == id.to_string()).count() as u64,
            paused: false,
            detached: !kept.attached,
            detached_at: None,
        };
        self.lanes.iter().map(status).collect()
    }

    pub(super) fn dead_letters(&self, lane: Option<&LaneId>, limit: usize) -> Vec<DeadLetter> {
        let lane = lane.map(LaneId::to_string);
        let wanted = |letter: &&DeadLetter| lane.as_ref().is_none_or(|lane| *lane == letter.lane);
        self.dead.iter().rev().filter(wanted).take(limit).cloned().collect()
    }
}
