//! The end of the server, within one budget whatever hangs: each step has a moment by which it is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::parts::{JOURNAL, Parts};
use super::runtimes::Runtimes;
use super::{Stopped, joined};
use crate::delivery::Occupied;

/// A budget is split into so many parts; the last one is left to the last lines of the log.
const PARTS: u32 = 16;
/// For requests and deliveries under way.
const DRAIN: u32 = 9;
/// For what was broken off to end; what blocks its thread never does.
const CUT_OFF: u32 = 11;
/// For the journal and the actions to write down what they hold and let go of it: only a disk that hangs takes longer.
const LET_GO: u32 = 14;
/// For what still runs on the threads.
const THREADS: u32 = 15;
/// Threads that are still busy when everything has ended are waited for no longer, whatever is left.
const THREADS_FOR: Duration = Duration::from_secs(1);

/// How long requests under way may take once the server is told to stop.
pub(super) fn drain_of(shutdown_timeout: Duration) -> Duration {
    shutdown_timeout * DRAIN / PARTS
}

/// The time that a stop may take, from when the server was told to stop.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    begun: Instant,
    whole: Duration,
}

impl Budget {
    pub(super) fn begin(whole: Duration) -> Self {
        Self { begun: Instant::now(), whole }
    }

    fn at(&self, part: u32) -> Instant {
        self.begun + self.whole * part / PARTS
    }

    /// What the threads may still take to end.
    pub(super) fn threads(&self) -> Duration {
        self.at(THREADS).saturating_duration_since(Instant::now()).min(THREADS_FOR)
    }
}

/// What has to end.
pub(super) struct Stop {
    pub(super) intake: CancellationToken,
    pub(super) public: JoinHandle<usize>,
    pub(super) lanes: JoinSet<()>,
}

/// Ends requests and deliveries side by side, then the journal and the actions. A plugin that blocks its thread can be left
/// behind, never waited for.
pub(super) async fn drain(
    parts: &Arc<Parts>,
    runtimes: &Runtimes,
    stop: Stop,
    budget: Budget,
) -> Result<(), Stopped> {
    stop.intake.cancel();
    parts.works.stop.cancel();
    let ((), all_ended) = tokio::join!(
        end_requests(stop.public, budget),
        end_lanes(stop.lanes, &parts.works.occupied, budget)
    );
    let mut open = Vec::new();
    for (name, mut closing) in parts.shut_down(&runtimes.admins) {
        match timeout_at(budget.at(LET_GO), &mut closing).await {
            Ok(closed) => joined(closed.map(Ok))?,
            Err(_) => open.push(name),
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    if !all_ended && !open.iter().any(|name| name == JOURNAL) {
        let actions = open.join(", ");
        tracing::error!(%actions, "these actions were not closed, because abandoned plugins still use them; they recover at the next start");
        return Ok(());
    }
    Err(Stopped::Io(format!(
        "the disk did not respond while closing: {}; no acknowledged callback is lost; restart when the disk works again",
        open.join(", ")
    )))
}

async fn end_requests(public: JoinHandle<usize>, budget: Budget) {
    // It has a moment of its own by which it cuts them off.
    if public.is_finished() {
        return;
    }
    match timeout_at(budget.at(CUT_OFF), public).await {
        Ok(Ok(0) | Err(_)) => {}
        Ok(Ok(cut)) => {
            tracing::warn!(
                connections = cut,
                "shutdown timed out: connections with unfinished requests were closed"
            );
        }
        Err(_) => tracing::warn!(
            "shutdown timed out: requests were abandoned, because a handler's decision blocks their threads"
        ),
    }
}

/// Whether all of them ended.
async fn end_lanes(mut lanes: JoinSet<()>, occupied: &Occupied, budget: Budget) -> bool {
    if timeout_at(budget.at(DRAIN), ended(&mut lanes)).await.is_ok() {
        return true;
    }
    tracing::warn!(
        consumers = lanes.len(),
        "shutdown timed out: unfinished deliveries are repeated after the next start"
    );
    lanes.abort_all();
    let all_ended = timeout_at(budget.at(CUT_OFF), ended(&mut lanes)).await.is_ok();
    if !all_ended {
        let plugins = occupied.names().join(", ");
        tracing::error!(%plugins, "shutdown timed out: plugins still blocking their threads were abandoned");
    }
    all_ended
}

async fn ended(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
