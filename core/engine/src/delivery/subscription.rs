//! One handler instance's records on their way to one action: own cursor, own retries, own dead letters.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use switchhook_api::journal::{
    ConsumerId, Disposition, Health, JournalError, Lease, LeaseRequest, Position, Settlement, Work,
};
use switchhook_api::{Action, Record};
use tokio::task::JoinSet;

use super::gate::{LimiterHandle, Room};
use super::permit::Permits;
use super::policy::Policy;
use super::{DeliveryContext, PAUSE};

/// Beyond the attempt's own time, what a lease leaves for settling it.
const MARGIN: Duration = Duration::from_mins(1);

/// Whose turn it is where there is room for one more: what is fresh comes first, then retries and fresh work in turns. So
/// neither starves the other, and a target that is probed is not judged by what has failed before alone.
#[derive(Default)]
struct Turn {
    /// Of all leases, and of the probes since the last other one.
    leases: AtomicUsize,
    probes: AtomicUsize,
    /// The lease that is being made is a probe.
    probing: AtomicBool,
}

impl Turn {
    /// How many of so many items may be retries while there is fresh work.
    fn retries(&self, limit: usize, probe: bool) -> usize {
        self.probing.store(probe, Relaxed);
        let turn = if probe { &self.probes } else { &self.leases };
        match turn.load(Relaxed) % 2 {
            0 => limit / 2,
            _ => limit.div_ceil(2),
        }
    }

    /// The lease was made.
    fn next(&self) {
        if self.probing.load(Relaxed) {
            self.probes.fetch_add(1, Relaxed);
        } else {
            self.leases.fetch_add(1, Relaxed);
            self.probes.store(0, Relaxed);
        }
    }
}

#[derive(Clone)]
pub(crate) struct Subscription {
    pub(crate) handler: Arc<str>,
    pub(crate) action_name: Arc<str>,
    pub(crate) action: Arc<dyn Action>,
    pub(crate) policy: Policy,
    pub(crate) seat: LimiterHandle,
    pub(crate) works: DeliveryContext,
}

/// One finished attempt.
struct Attempted {
    token: u64,
    position: Position,
    fate: Disposition,
}

impl Subscription {
    /// Delivers until it is told to stop; attempts under way are finished and settled.
    pub(crate) async fn run(self) {
        let lane = ConsumerId::subscription(&self.handler, &self.action_name);
        match self.action.batch_max() {
            0 | 1 => self.run_single(&lane).await,
            _ => self.run_batches(&lane).await,
        }
    }

    /// Several records in one attempt, one attempt at a time.
    async fn run_batches(&self, lane: &ConsumerId) {
        // Those of a batch that a panic or a hang ended: until each has had its turn alone, everything goes alone.
        let mut alone: BTreeSet<Position> = BTreeSet::new();
        let turn = Turn::default();
        while let Some((lease, mut permits)) =
            self.lease(lane, true, !alone.is_empty(), &turn).await
        {
            let Some(permit) = permits.one() else { continue };
            let (token, batch) = (lease.token, lease.items.len());
            let done = self.attempt_batch(lease, permit).await;
            for (position, _) in &done.fates {
                match done.alone {
                    true => _ = alone.insert(*position),
                    false => _ = alone.remove(position),
                }
            }
            let settled = self.settle(lane, token, done.fates).await;
            if !self.may_go_on(lane, settled).await {
                return;
            }
            self.works.gather(batch).await;
        }
    }

    /// One record in each attempt, as many at a time as the gate has room for.
    async fn run_single(&self, lane: &ConsumerId) {
        let mut attempts: JoinSet<Attempted> = JoinSet::new();
        let mut settling = FuturesUnordered::new();
        // At most one, and never dropped half way: a lease that nobody takes would hold its records for its whole term.
        let turn = Turn::default();
        let mut leasing = FuturesUnordered::new();
        let mut stopping = false;
        // Delivered and not yet settled: a crash brings that back, so a slow disk must not let it grow.
        let mut unsettled = 0;
        while !(stopping && attempts.is_empty() && settling.is_empty()) {
            if !stopping && leasing.is_empty() {
                leasing.push(self.lease(lane, false, false, &turn));
            }
            tokio::select! {
                biased;
                Some(first) = attempts.join_next() => {
                    for (token, done) in gather(first, &mut attempts) {
                        unsettled += done.len();
                        settling.push(self.settle_counted(lane, token, done));
                    }
                }
                Some((count, settled)) = settling.next() => {
                    unsettled -= count;
                    stopping |= !self.may_go_on(lane, settled).await;
                    // What failed together with it needs no pause of its own.
                    while let Some(Some((count, settled))) = settling.next().now_or_never() {
                        unsettled -= count;
                        stopping |= matches!(settled, Err(JournalError::Closed));
                    }
                }
                Some(lease) = leasing.next(), if unsettled <= self.policy.concurrency => match lease {
                    Some((lease, permits)) => self.begin(lease, permits, &mut attempts),
                    None => stopping = true,
                },
            }
        }
    }

    /// Work, with permits for it; one record if it must be `alone`.
    async fn lease(
        &self,
        lane: &ConsumerId,
        whole_keys: bool,
        alone: bool,
        turn: &Turn,
    ) -> Option<(Lease, Permits)> {
        let term = self.policy.timeout.0.saturating_add(MARGIN);
        let lease = |room: Room| async move {
            let limit = if alone { 1 } else { room.attempts * room.records };
            let want =
                LeaseRequest { limit, term, whole_keys, retries: turn.retries(limit, room.probe) };
            self.works.journal.lease(lane, &want).await
        };
        let leased = self.works.lease(lane, || self.seat.admit(lease)).await;
        turn.next();
        leased
    }

    fn begin(&self, lease: Lease, mut permits: Permits, attempts: &mut JoinSet<Attempted>) {
        let token = lease.token;
        let (places, records) = split(lease);
        for ((position, before), record) in places.into_iter().zip(records) {
            let Some(permit) = permits.one() else { return };
            let this = self.clone();
            attempts.spawn(async move {
                let fate = this.attempt_one((position, before), &record, permit).await;
                Attempted { token, position, fate }
            });
        }
    }

    /// The same, with how many it settles.
    async fn settle_counted(
        &self,
        lane: &ConsumerId,
        token: u64,
        fates: Vec<(Position, Disposition)>,
    ) -> (usize, Result<(), JournalError>) {
        (fates.len(), self.settle(lane, token, fates).await)
    }

    async fn settle(
        &self,
        lane: &ConsumerId,
        token: u64,
        fates: Vec<(Position, Disposition)>,
    ) -> Result<(), JournalError> {
        let settlement = Settlement { lane: lane.clone(), token, fates, state: HashMap::new() };
        self.works.journal.settle(settlement).await
    }

    /// False when the lane has to end. What could not be settled comes again: at least once, and never less. But while
    /// nothing can be settled it must not come over and over.
    async fn may_go_on(&self, lane: &ConsumerId, settled: Result<(), JournalError>) -> bool {
        match settled {
            Ok(()) => return true,
            Err(JournalError::Closed) => return false,
            Err(error) => self.works.pause(lane, "settle", &error).await,
        }
        let unwell = || matches!(self.works.journal.health(), Health::Unavailable(_));
        while unwell() && !self.works.stop.is_cancelled() {
            self.works.wait(PAUSE).await;
        }
        true
    }
}

/// All attempts that have finished by now, by lease: they are settled together.
fn gather(
    first: Result<Attempted, tokio::task::JoinError>,
    attempts: &mut JoinSet<Attempted>,
) -> BTreeMap<u64, Vec<(Position, Disposition)>> {
    let mut by_lease: BTreeMap<u64, Vec<(Position, Disposition)>> = BTreeMap::new();
    let mut next = Some(first);
    while let Some(finished) = next {
        if let Ok(Attempted { token, position, fate }) = finished {
            by_lease.entry(token).or_default().push((position, fate));
        }
        next = attempts.try_join_next();
    }
    by_lease
}

/// The places with the attempts made so far, and the records.
pub(super) fn split(lease: Lease) -> (Vec<(Position, u32)>, Vec<Record>) {
    let items = lease.items.into_iter().filter_map(|item| match item.work {
        Work::Record(record) => Some(((item.position, item.attempts), record)),
        Work::Callback(_) => None,
    });
    items.unzip()
}
