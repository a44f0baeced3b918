//! One handler instance reading the journal: every callback of its commands once, in order; record, state and cursor in one
//! commit. A callback that takes long holds up those behind it, never what is done before it.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use switchhook_api::journal::{
    ConsumerId, Disposition, JournalError, Lease, LeaseRequest, LeasedItem, Position, Settlement,
    Work,
};
use switchhook_api::{Callback, Failure, HandleContext, Handler, NewRecord, StateChanges, Table};
use tokio::time::timeout;

use super::DeliveryContext;
use super::occupied::Threads;
use crate::metrics::OfHandler;

/// Callbacks that one commit covers at most.
const BATCH_MAX: usize = 512;
/// After so long a commit is made of what there is: slow callbacks must not keep from delivery what was ready before them,
/// and what a crash undoes stays small.
const COMMIT_AFTER: Duration = Duration::from_millis(250);
/// How long a lease holds: longer than a batch of which every callback takes all its tries.
const TERM: Duration = Duration::from_hours(6);
/// One call of `handle`.
const HANDLE_TIME: Duration = Duration::from_secs(10);
/// Calls of `handle` for one callback before it is a dead letter.
const TRIES: usize = 3;

pub(crate) struct Projection {
    name: Arc<str>,
    handler: Arc<dyn Handler>,
    works: DeliveryContext,
    threads: Arc<Threads>,
}

/// What `handle` came to: the record, if any, and its changes to the state.
type Handled = Result<(Option<NewRecord>, StateChanges), Failure>;

/// What is done of a lease and not settled.
pub(super) struct Done {
    lane: ConsumerId,
    token: u64,
    pub(super) fates: Vec<(Position, Disposition)>,
    pub(super) state: StateChanges,
}

impl Done {
    pub(super) fn new(lane: ConsumerId, token: u64) -> Self {
        Self { lane, token, fates: Vec::new(), state: StateChanges::new() }
    }
}

impl Projection {
    pub(crate) fn new(name: Arc<str>, handler: Arc<dyn Handler>, works: DeliveryContext) -> Self {
        let threads = works.occupied.by(Table::Handlers, &name);
        Self { name, handler, works, threads }
    }

    /// Reads until it is told to stop.
    pub(crate) async fn run(self) {
        let lane = ConsumerId::projection(&self.name);
        let want =
            LeaseRequest { limit: BATCH_MAX, term: TERM, whole_keys: true, retries: BATCH_MAX };
        let ask = || async { (self.works.journal.lease(&lane, &want).await, ()) };
        while let Some((lease, ())) = self.works.lease(&lane, ask).await {
            let batch = lease.items.len();
            match self.work(lease).await {
                Ok(()) => self.works.gather(batch).await,
                Err(JournalError::Closed) => return,
                // Nothing was kept of it; the lease lapses or has been taken back, and the callbacks come again.
                Err(error) => self.works.pause(&lane, "settle", &error).await,
            }
        }
    }

    async fn work(&self, lease: Lease) -> Result<(), JournalError> {
        let mut done = Done::new(lease.lane, lease.token);
        self.handle_all(lease.items, &mut done).await?;
        self.settle(&mut done).await
    }

    /// What is left in `done` at the end is to be settled.
    pub(super) async fn handle_all(
        &self,
        items: Vec<LeasedItem>,
        done: &mut Done,
    ) -> Result<(), JournalError> {
        let mut commit_at = self.works.clock.now() + COMMIT_AFTER;
        for item in items {
            let Work::Callback(callback) = item.work else { continue };
            let Some(tried) = self.handle_beside(&callback, done, commit_at).await? else { break };
            let fate = match tried {
                Ok((record, changes)) => {
                    // A replay changes nothing: the state has long taken in what came after.
                    done.state.extend(changes.into_iter().filter(|_| item.replay.is_none()));
                    Disposition::Recorded(record)
                }
                Err(failure) => {
                    self.report(&callback, &failure);
                    Disposition::Dead { reason: failure.reason(), response: None }
                }
            };
            done.fates.push((item.position, fate));
            if self.works.clock.now() >= commit_at {
                self.settle(done).await?;
                commit_at = self.works.clock.now() + COMMIT_AFTER;
            }
        }
        Ok(())
    }

    /// Handles one; where that takes until `commit_at`, what is done before it is settled meanwhile.
    async fn handle_beside(
        &self,
        callback: &Callback,
        done: &mut Done,
        commit_at: Duration,
    ) -> Result<Option<Handled>, JournalError> {
        let Done { lane, token, fates, state } = done;
        let handled = {
            let mut handling = pin!(self.try_handle(callback, state));
            let slow = async { self.works.clock.sleep_until(commit_at).await };
            tokio::select! {
                biased;
                handled = &mut handling => return Ok(handled),
                () = slow, if !fates.is_empty() => {}
            }
            let (lane, token, fates) = (lane.clone(), *token, std::mem::take(fates));
            self.keep(Settlement { lane, token, fates, state: state.clone() }).await?;
            handling.await
        };
        state.clear();
        Ok(handled)
    }

    async fn settle(&self, done: &mut Done) -> Result<(), JournalError> {
        let Done { lane, token, fates, state } = done;
        if fates.is_empty() {
            return Ok(());
        }
        let (fates, state) = (std::mem::take(fates), std::mem::take(state));
        self.keep(Settlement { lane: lane.clone(), token: *token, fates, state }).await
    }

    async fn keep(&self, settlement: Settlement) -> Result<(), JournalError> {
        let dead = |(_, fate): &&(Position, Disposition)| matches!(fate, Disposition::Dead { .. });
        let (all, dead) = (settlement.fates.len(), settlement.fates.iter().filter(dead).count());
        self.count("handled", all - dead);
        self.count("dead_letter", dead);
        self.works.journal.settle(settlement).await
    }

    /// None: the server is stopping, and the state could not be read so far.
    async fn try_handle(&self, callback: &Callback, state: &StateChanges) -> Option<Handled> {
        let mut tries = 0;
        loop {
            let (handled, unread) = self.handle(callback, state).await;
            match handled {
                Ok(handled) => return Some(Ok(handled)),
                Err(_) if unread && self.works.stop.is_cancelled() => return None,
                // No fault of the callback: a journal that cannot be read for a while must not make dead letters.
                Err(failure) if unread => {
                    let (lane, error) = (ConsumerId::projection(&self.name), failure.reason());
                    self.works.pause(&lane, "state", &JournalError::Store(error.into())).await;
                }
                Err(failure) => {
                    tries += 1;
                    if failure.is_permanent() || tries >= TRIES {
                        return Some(Err(failure));
                    }
                }
            }
        }
    }

    /// One call, and whether it ended with the state unread. Whatever the handler does, beginning and being dropped included,
    /// stays in here.
    async fn handle(&self, callback: &Callback, state: &StateChanges) -> (Handled, bool) {
        let mut cx = HandleContext::new(&self.name, &*self.works.journal, state);
        let handling = async { self.handler.handle(callback, &mut cx).await };
        let handling = timeout(HANDLE_TIME, self.threads.within(handling));
        let handled = match AssertUnwindSafe(handling).catch_unwind().await {
            Ok(Ok(result)) => result,
            Err(_) => Err(Failure::transient("the handler panicked")),
            Ok(Err(_)) => Err(Failure::transient(format!(
                "timeout: timeout: the handler took longer than {HANDLE_TIME:?}"
            ))),
        };
        let unread = cx.state_unread();
        let handled = handled.and_then(|record| Ok((record, cx.into_changes()?)));
        (handled, unread)
    }

    fn report(&self, callback: &Callback, failure: &Failure) {
        let reason = failure.reason();
        let reason = switchhook_api::escape::for_line(&reason);
        tracing::error!(handler = %self.name, callback = %callback.facts.id, %reason, "handler failed permanently: callback moved to dead letters");
    }

    fn count(&self, result: &'static str, n: usize) {
        if n > 0 {
            let labels = OfHandler { handler: self.name.clone(), result: result.into() };
            self.works.metrics.callbacks_handled.get_or_create(&labels).inc_by(n as u64);
        }
    }
}
