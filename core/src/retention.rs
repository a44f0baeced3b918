//! Removes from the journal what is older or larger than the configuration wants and nobody needs.

use std::time::Duration;

use crate::delivery::Works;
use crate::journal::{JournalError, Pruned, Retention};

/// How often it is looked whether there is something to remove.
const EVERY: Duration = Duration::from_mins(1);

/// Removes until it is told to stop.
pub(crate) async fn retain(works: Works, retention: Retention) {
    let (mut held, mut failed): (Option<String>, Option<String>) = (None, None);
    while !works.stop.is_cancelled() {
        // It goes in steps of whole commits: broken off, it leaves nothing half done.
        let pruned = tokio::select! {
            biased;
            () = works.stop.cancelled() => return,
            pruned = works.journal.prune(&retention) => pruned,
        };
        match pruned {
            Ok(pruned) => {
                failed = None;
                if pruned.held_by != held {
                    held.clone_from(&pruned.held_by);
                    tell_who_holds(held.as_deref());
                }
                tell(&pruned);
            }
            Err(JournalError::Unsupported(_)) => return works.stop.cancelled().await,
            Err(error) => {
                let reason = crate::error_line(&error);
                if failed.as_ref() != Some(&reason) {
                    tracing::warn!(%reason, "not all was removed from the journal that could go; it is tried again each minute");
                    failed = Some(reason);
                }
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
    use std::sync::{Arc, Mutex};

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::journal::{EventQuery, Journal, LaneId, LaneSpec, Ordering, Start};
    use crate::metrics::Metrics;
    use crate::testing::{MemoryJournal, TestClock, entry};
    use crate::time::Rng;

    /// What is logged, as text.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_journal_that_goes_on_failing_is_told_of_once() {
        let (log, clock) = (Log::default(), Arc::new(TestClock::default()));
        // With one subscriber alone, a line that another test's thread comes to first would stay unheard.
        let _second = tracing::Dispatch::new(tracing_subscriber::registry());
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _logged = tracing::subscriber::set_default(subscriber);
        let journal = Arc::new(MemoryJournal::new(clock.clone()));
        journal.shutdown().await;
        let running = tokio::spawn(retain(works(journal, &clock), Retention::default()));
        for _ in 0..3 {
            while clock.sleepers() == 0 {
                tokio::task::yield_now().await;
            }
            clock.advance(EVERY);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        running.abort();
        let log = String::from_utf8(log.0.lock().expect("nobody panicked").clone()).expect("text");
        assert_eq!(log.matches("the journal is closed").count(), 1, "{log}");
    }

    fn works(journal: Arc<MemoryJournal>, clock: &Arc<TestClock>) -> Works {
        Works {
            journal,
            clock: clock.clone(),
            rng: Arc::new(Rng::seeded(1)),
            metrics: Arc::new(Metrics::default()),
            stop: CancellationToken::new(),
        }
    }

    #[tokio::test]
    async fn what_is_old_and_needed_by_nobody_goes_within_a_minute_of_its_time() {
        let clock = Arc::new(TestClock::default());
        let journal = Arc::new(MemoryJournal::new(clock.clone()));
        let lane = |start| LaneSpec {
            id: LaneId::projection("h"),
            start,
            commands: vec!["*".parse().expect("a pattern")],
            ordering: Ordering::None,
        };
        journal.append(vec![entry("A.B", "k", "old")]).await.expect("kept");
        journal.attach(&[lane(Start::Now)]).await.expect("attached");
        let works = works(journal.clone(), &clock);
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
