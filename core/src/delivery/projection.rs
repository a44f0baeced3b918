//! One handler instance reading the journal: every callback of its commands once, in order; record, state and cursor in one commit.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;

use super::Works;
use super::occupied::Threads;
use crate::callback::Callback;
use crate::handler::{Failure, HandleContext, Handler, NewRecord, StateChanges};
use crate::journal::{Fate, JournalError, LaneId, Lease, Settlement, Want, Work};
use crate::metrics::OfHandler;
use crate::plugin::Table;

/// Callbacks that one commit covers at most.
const BATCH_MAX: usize = 512;
/// How long a lease holds: longer than a batch of which every callback takes all its tries.
const TERM: Duration = Duration::from_hours(6);
/// One call of `handle`.
const HANDLE_TIME: Duration = Duration::from_secs(10);
/// Calls of `handle` for one callback before it is a dead letter.
const TRIES: usize = 3;

pub(crate) struct Projection {
    pub(crate) name: Arc<str>,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) works: Works,
}

impl Projection {
    /// Reads until it is told to stop.
    pub(crate) async fn run(self) {
        let lane = LaneId::projection(&self.name);
        let want = Want { limit: BATCH_MAX, term: TERM, whole_keys: true };
        let ask = || async { (self.works.journal.lease(&lane, &want).await, ()) };
        while let Some((lease, ())) = self.works.lease(&lane, ask).await {
            let batch = lease.items.len();
            let settlement = self.work(lease).await;
            match self.works.journal.settle(settlement).await {
                Ok(()) => self.works.gather(batch).await,
                Err(JournalError::Closed) => return,
                // Nothing was kept of it; the lease lapses or has been taken back, and the callbacks come again.
                Err(error) => self.works.pause(&lane, "settle", &error).await,
            }
        }
    }

    pub(super) async fn work(&self, lease: Lease) -> Settlement {
        let threads = self.works.occupied.by(Table::Handlers, &self.name);
        let mut state = StateChanges::new();
        let mut fates = Vec::with_capacity(lease.items.len());
        let (mut recorded, mut dead) = (0, 0);
        for item in lease.items {
            let Work::Callback(callback) = item.work else { continue };
            // A replay changes nothing: the state has long taken in what came after.
            let keeps = item.replay.is_none();
            let Some(tried) = self.try_handle(&threads, &callback, &mut state, keeps).await else {
                break;
            };
            let fate = match tried {
                Ok(record) => {
                    recorded += 1;
                    Fate::Recorded(record)
                }
                Err(failure) => {
                    dead += 1;
                    self.report(&callback, &failure);
                    Fate::Dead { reason: failure.reason(), response: None }
                }
            };
            fates.push((item.position, fate));
        }
        self.count("recorded", recorded);
        self.count("dead", dead);
        Settlement { lane: lease.lane, token: lease.token, fates, state }
    }

    /// None: the server is stopping, and the state could not be read so far.
    async fn try_handle(
        &self,
        threads: &Threads,
        callback: &Callback,
        state: &mut StateChanges,
        keeps: bool,
    ) -> Option<Result<Option<NewRecord>, Failure>> {
        let mut tries = 0;
        loop {
            let (handled, unread) = self.handle(threads, callback, state, keeps).await;
            match handled {
                Ok(record) => return Some(Ok(record)),
                Err(_) if unread && self.works.stop.is_cancelled() => return None,
                // No fault of the callback: a journal that cannot be read for a while must not make dead letters.
                Err(failure) if unread => {
                    let (lane, error) = (LaneId::projection(&self.name), failure.reason());
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

    /// One call, and whether it ended with the state unread; its changes to the state count if it `keeps` them. Whatever the handler does, beginning and being dropped included,
    /// stays in here.
    async fn handle(
        &self,
        threads: &Threads,
        callback: &Callback,
        state: &mut StateChanges,
        keeps: bool,
    ) -> (Result<Option<NewRecord>, Failure>, bool) {
        let mut cx = HandleContext::new(&self.name, &*self.works.journal, state);
        let handling = async { self.handler.handle(callback, &mut cx).await };
        let handling = timeout(HANDLE_TIME, threads.within(handling));
        let handled = match AssertUnwindSafe(handling).catch_unwind().await {
            Ok(Ok(result)) => result,
            Err(_) => Err(Failure::transient("the handler panicked")),
            Ok(Err(_)) => {
                Err(Failure::transient(format!("the handler took longer than {HANDLE_TIME:?}")))
            }
        };
        let unread = cx.state_unread();
        if handled.is_ok() && keeps {
            cx.accept();
        }
        (handled, unread)
    }

    fn report(&self, callback: &Callback, failure: &Failure) {
        let reason = failure.reason();
        let reason = crate::escape::for_line(&reason);
        tracing::error!(handler = %self.name, callback = %callback.facts.id, %reason, "callback given up: a dead letter");
    }

    fn count(&self, result: &'static str, n: u64) {
        if n > 0 {
            let labels = OfHandler { handler: self.name.clone(), result: result.into() };
            self.works.metrics.projected.get_or_create(&labels).inc_by(n);
        }
    }
}
