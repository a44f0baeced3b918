//! The end of the server, within one budget whatever hangs: each step has a moment by which it is over.

use std::sync::Arc;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use super::budget::{Budget, CUT_OFF, DRAIN, LET_GO};
use super::parts::{Components, JOURNAL};
use super::runtimes::Runtimes;
use super::{Stopped, joined};
use crate::delivery::Occupied;

/// What has to end.
pub(super) struct Stop {
    pub(super) intake: CancellationToken,
    pub(super) public: JoinHandle<usize>,
    pub(super) lanes: JoinSet<()>,
}

/// Ends requests and deliveries side by side, then the journal and the actions. A plugin that blocks its thread can be left
/// behind, never waited for.
pub(super) async fn drain(
    parts: &Arc<Components>,
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
