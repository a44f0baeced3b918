//! One handler instance's records on their way to one action: own cursor, own retries, own dead letters.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{PAUSE, Works, retry};
use crate::action::Action;
use crate::config::tables;
use crate::handler::{Failure, Record};
use crate::journal::{Fate, Health, JournalError, LaneId, Lease, Position, Settlement, Want, Work};
use crate::log_budget::LogBudget;
use crate::metrics::OfAction;

/// Beyond the attempt's own time, what a lease leaves for settling it.
const MARGIN: Duration = Duration::from_mins(1);

/// Lines about deliveries that failed: a target that is away must not fill the log.
static LOG: LazyLock<LogBudget> = LazyLock::new(LogBudget::default);

#[derive(Clone)]
pub(crate) struct Subscription {
    pub(crate) handler: Arc<str>,
    pub(crate) action_name: Arc<str>,
    pub(crate) action: Arc<dyn Action>,
    pub(crate) table: tables::Action,
    pub(crate) works: Works,
}

/// One finished attempt.
struct Attempted {
    token: u64,
    position: Position,
    fate: Fate,
}

impl Subscription {
    /// Delivers until it is told to stop; attempts under way are finished and settled.
    pub(crate) async fn run(self) {
        let lane = LaneId::subscription(&self.handler, &self.action_name);
        match self.action.batch_max() {
            0 | 1 => self.run_single(&lane).await,
            most => self.run_batches(&lane, most).await,
        }
    }

    /// Several records in one attempt, one attempt at a time.
    async fn run_batches(&self, lane: &LaneId, most: usize) {
        let want = Want {
            limit: most,
            term: self.table.timeout.0.saturating_add(MARGIN),
            whole_keys: true,
        };
        while let Some(lease) = self.works.lease(lane, &want).await {
            let (token, batch) = (lease.token, lease.items.len());
            let done = self.attempt_batch(lease).await;
            let settled = self.settle(lane, token, done).await;
            if !self.may_go_on(lane, settled).await {
                return;
            }
            self.works.gather(batch).await;
        }
    }

    async fn attempt_batch(&self, lease: Lease) -> Vec<(Position, Fate)> {
        let (places, records) = split(lease);
        let attempt = async { self.action.deliver_batch(&records).await };
        let results = match self.attempt(attempt).await {
            Ok(results) if results.len() == records.len() => results,
            Ok(_) => repeat(&records, || {
                Failure::permanent("the action gave fewer results than records")
            }),
            Err(failed) => repeat(&records, || failed.failure(self)),
        };
        self.count_all(&results);
        let fates = places.into_iter().zip(results).zip(&records);
        fates
            .map(|(((position, attempts), result), record)| {
                (position, self.fate(record, attempts, result))
            })
            .collect()
    }

    /// One attempt within its time. Whatever the action does, beginning, ending and being dropped included, stays in here.
    async fn attempt<T>(&self, attempt: impl Future<Output = T>) -> Result<T, NoResult> {
        let bounded = async {
            let mut attempt = pin!(attempt);
            match timeout(self.table.timeout.0, attempt.as_mut()).await {
                Ok(result) => Ok(result),
                Err(_) if self.action.goes_on() => {
                    let (action, timeout) = (&self.action_name, self.table.timeout);
                    tracing::warn!(%action, %timeout, "an attempt takes longer than its timeout; it cannot be broken off");
                    Ok(attempt.await)
                }
                Err(_) => Err(NoResult::InTime),
            }
        };
        AssertUnwindSafe(bounded).catch_unwind().await.unwrap_or(Err(NoResult::Panicked))
    }

    /// One record in each attempt, as many at a time as `concurrency` says.
    async fn run_single(&self, lane: &LaneId) {
        let mut attempts: JoinSet<Attempted> = JoinSet::new();
        let mut settling = FuturesUnordered::new();
        // At most one, and never dropped half way: a lease that nobody takes would hold its records for its whole term.
        let mut leasing = FuturesUnordered::new();
        let mut stopping = false;
        while !(stopping && attempts.is_empty() && settling.is_empty()) {
            let free = self.table.concurrency.saturating_sub(attempts.len());
            if free > 0 && !stopping && leasing.is_empty() {
                leasing.push(self.lease(lane, free));
            }
            tokio::select! {
                Some(first) = attempts.join_next() => {
                    for (token, done) in gather(first, &mut attempts) {
                        settling.push(self.settle(lane, token, done));
                    }
                }
                Some(settled) = settling.next() => {
                    stopping |= !self.may_go_on(lane, settled).await;
                    // What failed together with it needs no pause of its own.
                    while let Some(Some(settled)) = settling.next().now_or_never() {
                        stopping |= matches!(settled, Err(JournalError::Closed));
                    }
                }
                Some(lease) = leasing.next() => match lease {
                    Some(lease) => self.begin(lease, &mut attempts),
                    None => stopping = true,
                },
            }
        }
    }

    async fn lease(&self, lane: &LaneId, limit: usize) -> Option<Lease> {
        let want =
            Want { limit, term: self.table.timeout.0.saturating_add(MARGIN), whole_keys: false };
        self.works.lease(lane, &want).await
    }

    fn begin(&self, lease: Lease, attempts: &mut JoinSet<Attempted>) {
        let token = lease.token;
        let (places, records) = split(lease);
        for ((position, before), record) in places.into_iter().zip(records) {
            let this = self.clone();
            attempts.spawn(async move {
                let attempt = async { this.action.deliver(&record).await };
                let result = this.attempt(attempt).await;
                let result = result.unwrap_or_else(|failed| Err(failed.failure(&this)));
                this.count_all(std::slice::from_ref(&result));
                Attempted { token, position, fate: this.fate(&record, before, result) }
            });
        }
    }

    async fn settle(
        &self,
        lane: &LaneId,
        token: u64,
        fates: Vec<(Position, Fate)>,
    ) -> Result<(), JournalError> {
        let settlement = Settlement { lane: lane.clone(), token, fates, state: HashMap::new() };
        self.works.journal.settle(settlement).await
    }

    /// False when the lane has to end. What could not be settled comes again: at least once, and never less. But while
    /// nothing can be settled it must not come over and over.
    async fn may_go_on(&self, lane: &LaneId, settled: Result<(), JournalError>) -> bool {
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

    fn fate(&self, record: &Record, attempts: u32, result: Result<(), Failure>) -> Fate {
        let Err(failure) = result else { return Fate::Delivered };
        let fate = retry::fate(&self.table.retry, attempts, &failure, &self.works.rng);
        let dead = matches!(fate, Fate::Dead { .. });
        if dead {
            self.count("dead", 1);
        }
        let Some(suppressed) = LOG.take(if dead { "dead" } else { "retry" }) else { return fate };
        let reason = failure.reason();
        let reason = crate::escape::for_line(&reason);
        let (record, action) = (record.id(), &self.action_name);
        if let Fate::Retry { after, .. } = &fate {
            let after = Duration::from_millis(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
            tracing::warn!(%action, record, attempt = attempts + 1, ?after, %reason, suppressed, "delivery failed; it is tried again");
        } else {
            tracing::error!(%action, record, %reason, suppressed, "delivery given up: a dead letter");
        }
        fate
    }

    fn too_slow(&self) -> Failure {
        Failure::transient(format!("no result within the timeout of {}", self.table.timeout))
    }

    fn count_all(&self, results: &[Result<(), Failure>]) {
        let failed = results.iter().filter(|result| result.is_err()).count();
        self.count("delivered", results.len() - failed);
        self.count("failed", failed);
    }

    fn count(&self, result: &'static str, n: usize) {
        if n > 0 {
            let (handler, action) = (self.handler.clone(), self.action_name.clone());
            let labels = OfAction { handler, action, result: result.into() };
            self.works.metrics.deliveries.get_or_create(&labels).inc_by(n as u64);
        }
    }
}

/// Why an attempt gave no result.
#[derive(Clone, Copy)]
enum NoResult {
    Panicked,
    InTime,
}

impl NoResult {
    fn failure(self, subscription: &Subscription) -> Failure {
        match self {
            Self::Panicked => Failure::permanent("the action panicked"),
            Self::InTime => subscription.too_slow(),
        }
    }
}

fn repeat(records: &[Record], failure: impl Fn() -> Failure) -> Vec<Result<(), Failure>> {
    records.iter().map(|_| Err(failure())).collect()
}

/// The places with the attempts made so far, and the records.
fn split(lease: Lease) -> (Vec<(Position, u32)>, Vec<Record>) {
    let items = lease.items.into_iter().filter_map(|item| match item.work {
        Work::Record(record) => Some(((item.position, item.attempts), record)),
        Work::Callback(_) => None,
    });
    items.unzip()
}

/// All attempts that have finished by now, by lease: they are settled together.
fn gather(
    first: Result<Attempted, tokio::task::JoinError>,
    attempts: &mut JoinSet<Attempted>,
) -> HashMap<u64, Vec<(Position, Fate)>> {
    let mut by_lease: HashMap<u64, Vec<(Position, Fate)>> = HashMap::new();
    let mut next = Some(first);
    while let Some(finished) = next {
        if let Ok(Attempted { token, position, fate }) = finished {
            by_lease.entry(token).or_default().push((position, fate));
        }
        next = attempts.try_join_next();
    }
    by_lease
}
