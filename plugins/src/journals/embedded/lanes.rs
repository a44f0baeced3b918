//! The lanes in memory: who waits, what may be read, what is handed out.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use switchhook_api::journal::{ConsumerId, ConsumerSpec, LeaseRequest, Position};
use switchhook_journal_kit::{Lane, Offer, OpenRow};
use tokio::sync::Notify;

use super::frame::{Frame, Held};
use super::locked;
use super::schema::REPLAYS;
use super::write;

/// One lane.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) id: ConsumerId,
    pub(super) no: i64,
    /// The handler's number: the log of its records.
    pub(super) handler: u64,
    /// Up to where the handler's projection has settled everything: as far as its subscriptions may read.
    pub(super) settled: Arc<AtomicU64>,
    pub(super) inner: Mutex<Inner>,
    pub(super) notify: Notify,
    /// Held while the lane reads ahead, so that nothing is offered twice.
    pub(super) scan: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) spec: Arc<ConsumerSpec>,
    pub(super) lane: Lane,
    /// Nothing after this position is for the lane.
    pub(super) last_match: u64,
    /// The facts of what a projection has leased: they go into its records.
    pub(super) facts: HashMap<u64, Known>,
    /// A settlement is on its way to the disk.
    pub(super) committing: bool,
    /// Nothing is handed out.
    pub(super) paused: bool,
    /// Where blobs of records begin that lie above an open item of their projection.
    pub(super) ahead: BTreeSet<u64>,
    /// The cursor as it is stored.
    pub(super) stored: u64,
    /// When those who wait look again by themselves; zero: nobody waits.
    armed: Duration,
}

/// What goes from a leased callback into its record.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) facts: Bytes,
    /// For one that is handled again: its record is not found beside the callback.
    pub(super) body: Option<Bytes>,
}

/// What was read ahead for a lane: all there is for it from one place up to another.
#[derive(Default)]
pub(super) struct Ahead {
    pub(super) from: u64,
    pub(super) items: Vec<(Held, Option<Arc<str>>)>,
    pub(super) upto: u64,
}

/// What a lane may read now.
pub(super) enum Look {
    /// From here on.
    Read(u64),
    /// Nothing new; what is open may still go out.
    Nothing,
    /// Not now: the lane is paused or disabled, or a settlement is not safe yet and a projection reads its own state.
    NotNow,
}

/// Items for a lease before they have been read.
pub(super) struct Taken {
    pub(super) token: u64,
    pub(super) items: Vec<(Position, u32, Option<Held>)>,
}

/// What came of looking for work.
pub(super) enum Found {
    Work(Taken),
    /// Nothing yet, but there is more to read.
    More,
    /// Nothing until this time, or until somebody says so.
    Wait(Option<Duration>),
}

impl Inner {
    pub(super) fn new(spec: &ConsumerSpec, lane: Lane, last_match: u64, stored: u64) -> Self {
        let spec = Arc::new(spec.clone());
        let (facts, ahead, armed) = (HashMap::new(), BTreeSet::new(), Duration::ZERO);
        let (committing, paused) = (false, false);
        Self { spec, lane, last_match, facts, committing, paused, ahead, stored, armed }
    }

    /// Which of a settlement's records may share a blob, the end of each run as an index: none between which something
    /// lies, or will lie, elsewhere.
    pub(super) fn runs(&mut self, records: &[(u64, usize)]) -> Vec<usize> {
        let apart = |two: &[(u64, usize)]| match two {
            [_, next] if next.0 >= REPLAYS => true,
            [one, next] => {
                self.lane.open_between(one.0, next.0)
                    || self.ahead.range(one.0..next.0).next().is_some()
            }
            _ => false,
        };
        let runs = write::runs(records, apart);
        let settled = self.lane.settled_to();
        self.ahead = self.ahead.split_off(&(settled + 1));
        let begins = std::iter::once(0).chain(runs.iter().copied());
        let begins = begins.filter_map(|index| records.get(index)).map(|(first, _)| *first);
        self.ahead.extend(begins.filter(|first| *first > settled && *first < REPLAYS));
        runs
    }

    fn must_wait(&self, projection: bool) -> bool {
        self.paused || !self.spec.enabled || (self.committing && projection)
    }

    fn may_read(&self, projection: bool, limit: u64, taken: usize) -> bool {
        // A projection reads in order: one lease at a time.
        let busy = projection && self.lane.open() > taken;
        !busy && self.lane.has_room() && self.lane.scanned() < limit
    }
}

impl Cell {
    pub(super) fn is_projection(&self) -> bool {
        self.id.action().is_none()
    }

    /// How far it may read at most: a subscription not beyond what its projection has settled.
    pub(super) fn limit(&self, head: u64) -> u64 {
        match self.is_projection() {
            true => head,
            false => self.limit_of_heirs(head),
        }
    }

    /// How far the records go that a projection has stored.
    pub(super) fn limit_of_heirs(&self, head: u64) -> u64 {
        self.settled.load(Ordering::Acquire).min(head)
    }

    /// Says what may be read up to `limit`, and moves past what is known not to be for this lane.
    pub(super) fn look(&self, limit: u64) -> Look {
        let mut inner = locked(&self.inner);
        if inner.must_wait(self.is_projection()) {
            return Look::NotNow;
        }
        if inner.last_match <= inner.lane.scanned() {
            inner.lane.skip_to(Position(limit));
        }
        match inner.may_read(self.is_projection(), limit, 0) {
            true => Look::Read(inner.lane.scanned() + 1),
            false => Look::Nothing,
        }
    }

    /// Makes a lease of what is open and of what was read.
    pub(super) fn take(
        &self,
        now: Duration,
        want: &LeaseRequest,
        ahead: Ahead,
        limit: u64,
    ) -> Found {
        let Ahead { from, items: read, upto } = ahead;
        let projection = self.is_projection();
        let want = LeaseRequest { whole_keys: want.whole_keys || projection, ..*want };
        let mut inner = locked(&self.inner);
        if inner.must_wait(projection) {
            return Found::Wait(None);
        }
        if from > inner.lane.scanned() + 1 {
            return Found::More; // put back to what is stored meanwhile: what lies between would be passed over
        }
        let (token, open) = inner.lane.begin(now, &want);
        let mut items: Vec<_> = open.into_iter().map(|(at, tries)| (at, tries, None)).collect();
        let mut all = inner.may_read(projection, u64::MAX, items.len());
        if all {
            for (held, key) in read {
                let position = Position(held.frame.position);
                if items.len() >= want.limit || !inner.lane.has_room() {
                    all = false;
                    break;
                }
                if position.0 > inner.lane.scanned()
                    && inner.lane.offer(token, position, key.as_deref(), &want) == Offer::Taken
                {
                    items.push((position, 0, Some(held)));
                }
            }
        }
        if all {
            inner.lane.skip_to(Position(upto));
        }
        let again = inner.lane.top_up(token, items.len(), &want);
        items.extend(again.into_iter().map(|(at, tries)| (at, tries, None)));
        let holds = inner.lane.finish(token);
        self.found(&mut inner, holds, Taken { token, items }, limit)
    }

    fn found(&self, inner: &mut Inner, holds: bool, taken: Taken, limit: u64) -> Found {
        if holds {
            self.rearm(inner);
            return Found::Work(taken);
        }
        let more = inner.last_match > inner.lane.scanned();
        if more && inner.may_read(self.is_projection(), limit, 0) {
            return Found::More;
        }
        let wake = inner.lane.next_wake();
        inner.armed = wake.unwrap_or(Duration::MAX);
        Found::Wait(wake)
    }

    /// Wakes those who wait if something falls due sooner than they think.
    fn rearm(&self, inner: &mut Inner) {
        if inner.lane.next_wake().is_some_and(|wake| wake < inner.armed) {
            inner.armed = Duration::ZERO;
            self.notify.notify_waiters();
        }
    }

    /// Gives items back at once.
    pub(super) fn release(&self, token: u64) {
        locked(&self.inner).lane.release(token);
        self.notify.notify_waiters();
    }

    /// Takes in what is to be done again.
    pub(super) fn requeue(&self, rows: Vec<OpenRow>, now: Duration) {
        locked(&self.inner).lane.requeue(rows, now);
        self.notify.notify_waiters();
    }

    /// Hands out nothing from now on; or does so again, at once what waits for a retry too.
    pub(super) fn pause(&self, paused: bool, now: Duration) {
        let mut inner = locked(&self.inner);
        inner.paused = paused;
        if !paused {
            inner.lane.make_due(now);
        }
        drop(inner);
        self.notify.notify_waiters();
    }

    /// The writer has something for this lane, from `first` to `last`, and nothing between `known` and `first`.
    pub(super) fn mark(&self, first: u64, last: u64, known: u64) {
        let mut inner = locked(&self.inner);
        if inner.last_match <= inner.lane.scanned() {
            inner.lane.skip_to(Position(known.min(first - 1)));
        }
        inner.last_match = inner.last_match.max(last);
    }

    /// A settlement is safe: others may go on.
    pub(super) fn settled(&self, cursor: u64) {
        let mut inner = locked(&self.inner);
        inner.committing = false;
        inner.stored = cursor;
        if self.is_projection() {
            self.settled.store(inner.lane.settled_to(), Ordering::Release);
        }
        let behind = inner.last_match > inner.lane.scanned();
        if behind || self.is_projection() || inner.lane.may_hand_out() {
            self.notify.notify_waiters();
        }
        self.rearm(&mut inner);
    }

    /// Wakes those who wait if there is something to read.
    pub(super) fn wake_if_behind(&self) {
        let behind = {
            let inner = locked(&self.inner);
            inner.last_match > inner.lane.scanned()
        };
        if behind {
            self.notify.notify_waiters();
        }
    }
}

/// The lanes of the configuration.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) cells: HashMap<ConsumerId, Arc<Cell>>,
    pub(super) projections: Vec<Arc<Cell>>,
    pub(super) subscriptions: HashMap<Arc<str>, Vec<Arc<Cell>>>,
    /// How far each handler's projection has settled, for handlers that left the configuration too.
    pub(super) settled: HashMap<Arc<str>, Arc<AtomicU64>>,
}

impl Lanes {
    pub(super) fn of(cells: Vec<Arc<Cell>>, settled: HashMap<Arc<str>, Arc<AtomicU64>>) -> Self {
        let mut lanes = Self { settled, ..Self::default() };
        for cell in cells {
            if cell.is_projection() {
                lanes.projections.push(cell.clone());
            } else {
                let handler = cell.id.handler().clone();
                lanes.subscriptions.entry(handler).or_default().push(cell.clone());
            }
            lanes.cells.insert(cell.id.clone(), cell);
        }
        lanes
    }
}

/// A frame with the blob that keeps it alive.
pub(super) fn hold(blob: &Arc<super::frame::Blob>, frame: Frame) -> Held {
    Held { blob: blob.clone(), frame }
}
