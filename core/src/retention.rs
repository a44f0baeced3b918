//! Removes from the journal what is older or larger than the configuration wants and nobody needs.

use std::time::Duration;

use crate::delivery::Works;
use crate::journal::{JournalError, Pruned, Retention};

/// How often it is looked whether there is something to remove.
const EVERY: Duration = Duration::from_mins(1);

/// Removes until it is told to stop.
pub(crate) async fn retain(works: Works, retention: Retention) {
    let mut held: Option<String> = None;
    while !works.stop.is_cancelled() {
        // It goes in steps of whole commits: broken off, it leaves nothing half done.
        let pruned = tokio::select! {
            biased;
            () = works.stop.cancelled() => return,
            pruned = works.journal.prune(&retention) => pruned,
        };
        match pruned {
            Ok(pruned) => {
                if pruned.held_by != held {
                    held.clone_from(&pruned.held_by);
                    tell_who_holds(held.as_deref());
                }
                tell(&pruned);
            }
            Err(JournalError::Unsupported(_)) => return works.stop.cancelled().await,
            Err(error) => {
                let reason = crate::error_line(&error);
                tracing::warn!(%reason, "nothing was removed from the journal; it is tried again in a minute");
            }
        }
        works.wait(EVERY).await;
    }
}

fn tell(pruned: &Pruned) {
    let Pruned { events, dead_letters, .. } = pruned;
    if *events > 0 || *dead_letters > 0 {
        tracing::info!(
            events,
            dead_letters,
            "removed from the journal what was kept for long enough"
        );
    }
    for lane in &pruned.lanes {
        tracing::warn!(%lane, "a lane that left the configuration was forgotten, with what it had left to do");
    }
}

fn tell_who_holds(lane: Option<&str>) {
    if let Some(lane) = lane {
        tracing::warn!(%lane, "the journal is older or larger than it should be: this lane still needs what would go");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::journal::{EventQuery, Journal, LaneId, LaneSpec, Ordering, Start};
    use crate::metrics::Metrics;
    use crate::testing::{MemoryJournal, TestClock, entry};
    use crate::time::Rng;

    #[tokio::test]
    async fn what_is_old_and_needed_by_nobody_goes_within_a_minute_of_its_time() {
        let clock = Arc::new(TestClock::default());
        let journal = Arc::new(MemoryJournal::new(clock.clone()));
        let lane = |start| LaneSpec {
            id: LaneId::projection("h"),
            start,
            commands: vec!["*".parse().expect("a pattern")],
            ordering: Ordering::None,
            enabled: true,
        };
        journal.append(vec![entry("A.B", "k", "old")]).await.expect("kept");
        journal.attach(&[lane(Start::Now)]).await.expect("attached");
        let works = Works {
            journal: journal.clone(),
            clock: clock.clone(),
            rng: Arc::new(Rng::seeded(1)),
            metrics: Arc::new(Metrics::default()),
            stop: CancellationToken::new(),
        };
        let keep_for = Some(Duration::from_hours(1));
        let retention = Retention { keep_for, ..Retention::default() };
        let running = tokio::spawn(retain(works.clone(), retention));
        let all = EventQuery { limit: 9, ..EventQuery::default() };
        let events = async || journal.events(&all).await.expect("readable").items.len();
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(events().await, 1);
        clock.advance(Duration::from_hours(1));
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(events().await, 0);
        works.stop.cancel();
        running.await.expect("ended in order");
    }
}
