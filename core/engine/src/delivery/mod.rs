//! Behind the journal: projections make records, subscriptions deliver them. Nothing here can delay an answer.

mod attempt;
mod breaker;
mod budget;
mod evidence;
mod gate;
mod occupied;
mod permit;
mod policy;
mod projection;
mod ramp;
mod retry;
mod subscription;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use switchhook_api::journal::{ConsumerId, Health, Journal, JournalError, Lease};
use switchhook_api::{Clock, Rng};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) use self::gate::Gate;
pub(crate) use self::occupied::Occupied;
pub(crate) use self::policy::Policy;
pub use self::policy::{Breaker, Retry};
pub(crate) use self::projection::Projection;
pub(crate) use self::subscription::Subscription;
use crate::log_budget::LogBudget;
use crate::metrics::Metrics;

/// Lines about deliveries that failed: a target that is away must not fill the log.
static LOG: LazyLock<LogBudget> = LazyLock::new(LogBudget::default);

/// What every lane works with.
#[derive(Clone)]
pub(crate) struct DeliveryContext {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<Rng>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) occupied: Arc<Occupied>,
    pub(crate) stop: CancellationToken,
}

/// After the journal failed for a lane, the wait before it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// A batch of so many is a sign of load.
const GATHER_FROM: usize = 8;
/// How long the next batch then gathers.
const GATHER: Duration = Duration::from_millis(3);

impl DeliveryContext {
    /// The next lease, as `ask` gets it and with what comes with it; none when the lane is to end. A journal that fails is
    /// asked again after a pause.
    async fn lease<T, F>(&self, lane: &ConsumerId, ask: impl Fn() -> F) -> Option<(Lease, T)>
    where
        F: Future<Output = (Result<Lease, JournalError>, T)>,
    {
        loop {
            let (leased, with) = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                leased = ask() => leased,
            };
            match leased {
                Ok(lease) => return Some((lease, with)),
                Err(JournalError::Closed) => return None,
                Err(error) => {
                    drop(with);
                    self.pause(lane, "lease", &error).await;
                }
            }
        }
    }

    /// After a batch of some size, lets the next one gather: under load ten commits become one, and a lone callback never waits.
    async fn gather(&self, batch: usize) {
        if batch >= GATHER_FROM {
            self.wait(GATHER).await;
        }
    }

    async fn pause(&self, lane: &ConsumerId, what: &'static str, error: &JournalError) {
        let reason = switchhook_api::error_line(error);
        tracing::error!(consumer = %lane, operation = what, %reason, "journal operation failed; it will be retried");
        self.wait(PAUSE).await;
    }

    /// Waits, unless the server is to stop.
    pub(crate) async fn wait(&self, so_long: Duration) {
        let until = self.clock.now() + so_long;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.clock.sleep_until(until) => {}
        }
    }
}

/// Resolves, with what is known, when a lane has ended that nobody stopped: a bug of ours, and what is for the lane would
/// wait for ever. That the journal failed is told by the journal.
pub(crate) async fn lane_lost(lanes: &mut JoinSet<()>, journal: &dyn Journal) -> String {
    while let Some(ended) = lanes.join_next().await {
        match ended {
            Err(error) if error.is_panic() => return format!("a consumer panicked: {error}"),
            Ok(()) if !matches!(journal.health(), Health::Failed(_)) => {
                return "a consumer ended unexpectedly".to_owned();
            }
            _ => {}
        }
    }
    std::future::pending().await
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
