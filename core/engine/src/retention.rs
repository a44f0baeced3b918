//! Removes from the journal what is older or larger than the configuration wants and nobody needs.
//!
//! The size holds from the start. What is old is told by the time of day, which may be wrong, and what was removed is gone:
//! so this waits until the process has run for a while itself, and for a day where the time of day has run ahead of the time
//! that has passed. Whoever prunes by command waits for nothing.

use std::time::Duration;

use jiff::SignedDuration;
use switchhook_api::journal::{JournalError, Pruned, Retention};
use switchhook_api::{Clock, program_name};

use crate::delivery::DeliveryContext;

/// How often it is looked whether there is something to remove.
const EVERY: Duration = Duration::from_mins(1);
/// Callbacks that everybody is done with wait for so much of this process's own time, if they are kept for longer.
const HISTORY_WAITS: Duration = Duration::from_mins(10);
/// Dead letters wait for so much, and lanes that left the configuration, with what they had left to do.
const WORK_WAITS: Duration = Duration::from_hours(1);
/// By so much the time of day may run ahead before it is in doubt.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(1);
/// For so long it is in doubt, unless it goes back.
const DOUBT: Duration = Duration::from_hours(24);

/// Removes until it is told to stop.
pub(crate) async fn retain(works: DeliveryContext, wanted: Retention) {
    let (mut held, mut failed): (Option<String>, Option<String>) = (None, None);
    let mut ages = Ages::of(&*works.clock);
    while !works.stop.is_cancelled() {
        let retention = ages.allow(&*works.clock, &wanted);
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
                let reason = switchhook_api::error_line(&error);
                if failed.as_ref() != Some(&reason) {
                    tracing::warn!(%reason, "cannot remove all expired data from the journal; trying again every minute");
                    failed = Some(reason);
                }
            }
        }
        works.wait(EVERY).await;
    }
}

/// Whether it can be told what is old.
struct Ages {
    began: Duration,
    /// By how much the time of day is before the clock that never jumps, as far as it is believed.
    offset: SignedDuration,
    /// Since when it is ahead of that.
    ahead: Option<Duration>,
}

impl Ages {
    fn of(clock: &dyn Clock) -> Self {
        Self { began: clock.now(), offset: offset(clock), ahead: None }
    }

    /// What of it may be removed now.
    fn allow(&mut self, clock: &dyn Clock, wanted: &Retention) -> Retention {
        let trusted = self.trusts(clock);
        let ran = clock.now().saturating_sub(self.began);
        let after = |limit: Option<Duration>, most: Duration| {
            limit.filter(|limit| trusted && ran >= most.min(*limit))
        };
        Retention {
            retention: after(wanted.retention, HISTORY_WAITS),
            retention_size: wanted.retention_size,
            dead_letter_retention: after(wanted.dead_letter_retention, WORK_WAITS),
            orphan_retention: after(wanted.orphan_retention, WORK_WAITS),
        }
    }

    fn trusts(&mut self, clock: &dyn Clock) -> bool {
        let (now, offset) = (clock.now(), offset(clock));
        let jump = offset.saturating_sub(self.offset);
        if jump <= AHEAD_MAX {
            self.ahead = None;
            self.offset = self.offset.min(offset);
            return true;
        }
        if self.ahead.is_none() {
            tracing::warn!(
                jump = %format_args!("{jump:#}"),
                "system clock jumped forward: age-based retention suspended for 24 h; `{} journal prune` applies it at once",
                program_name()
            );
        }
        let since = *self.ahead.get_or_insert(now);
        if now.saturating_sub(since) >= DOUBT {
            (self.offset, self.ahead) = (offset, None);
        }
        self.ahead.is_none()
    }
}

fn offset(clock: &dyn Clock) -> SignedDuration {
    let ran = SignedDuration::try_from(clock.now()).unwrap_or(SignedDuration::MAX);
    clock.wall().as_duration().saturating_sub(ran)
}

fn tell(pruned: &Pruned) {
    let Pruned { events, dead_letters, .. } = pruned;
    if *events > 0 || *dead_letters > 0 {
        tracing::info!(callbacks = events, dead_letters, "expired data removed from the journal");
    }
    for lane in &pruned.lanes {
        tracing::warn!(consumer = %lane, "orphaned consumer deleted, with its pending deliveries and dead letters");
    }
}

fn tell_who_holds(lane: Option<&str>) {
    if let Some(lane) = lane {
        tracing::warn!(consumer = %lane, "the journal exceeds its retention limits, because this consumer still needs the oldest data");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::metrics::Metrics;
    use switchhook_api::Rng;
    use switchhook_api::journal::{ConsumerId, ConsumerSpec, EventQuery, Journal, Ordering, Start};
    use switchhook_testkit::{MemoryJournal, TestClock, entry};

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

    fn works(journal: Arc<MemoryJournal>, clock: &Arc<TestClock>) -> DeliveryContext {
        DeliveryContext {
            journal,
            clock: clock.clone(),
            rng: Arc::new(Rng::seeded(1)),
            metrics: Arc::new(Metrics::default()),
            occupied: Arc::default(),
            stop: CancellationToken::new(),
        }
    }

    #[tokio::test]
    async fn what_is_old_and_needed_by_nobody_goes_within_a_minute_of_its_time() {
        let clock = Arc::new(TestClock::default());
        let journal = Arc::new(MemoryJournal::new(clock.clone()));
        let lane = |start| ConsumerSpec {
            id: ConsumerId::projection("h"),
            start,
            commands: vec!["*".parse().expect("a pattern")],
            ordering: Ordering::None,
            enabled: true,
        };
        journal.append(vec![entry("A.B", "k", "old")]).await.expect("kept");
        journal.attach(&[lane(Start::Now)]).await.expect("attached");
        let works = works(journal.clone(), &clock);
        let retention = Some(Duration::from_hours(1));
        let retention = Retention { retention, ..Retention::default() };
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

    const HOUR: Duration = Duration::from_hours(1);
    const MONTH: SignedDuration = SignedDuration::from_hours(31 * 24);

    fn all(keep: Duration) -> Retention {
        let keep = Some(keep);
        Retention {
            retention: keep,
            retention_size: Some(1),
            dead_letter_retention: keep,
            orphan_retention: keep,
        }
    }

    /// Which limits are applied: history, size, dead letters, lanes.
    fn applied(ages: &mut Ages, clock: &TestClock, wanted: &Retention) -> [bool; 4] {
        let now = ages.allow(clock, wanted);
        [
            now.retention.is_some(),
            now.retention_size.is_some(),
            now.dead_letter_retention.is_some(),
            now.orphan_retention.is_some(),
        ]
    }

    #[test]
    fn what_cannot_be_got_back_waits_for_the_process_to_have_run_for_a_while() {
        let check = |keep: Duration, ran: Duration, expected| {
            let clock = TestClock::default();
            clock.advance(9 * HOUR);
            let mut ages = Ages::of(&clock);
            clock.advance(ran);
            assert_eq!(applied(&mut ages, &clock, &all(keep)), expected, "{keep:?} {ran:?}");
        };
        let minutes = Duration::from_mins;
        check(24 * HOUR, minutes(0), [false, true, false, false]);
        check(24 * HOUR, minutes(9), [false, true, false, false]);
        check(24 * HOUR, minutes(10), [true, true, false, false]);
        check(24 * HOUR, minutes(59), [true, true, false, false]);
        check(24 * HOUR, minutes(60), [true; 4]);
        check(minutes(2), minutes(1), [false, true, false, false]);
        check(minutes(2), minutes(2), [true; 4]);
    }

    #[test]
    fn a_time_of_day_that_jumped_ahead_removes_nothing_for_a_day_or_until_it_is_back() {
        let clock = TestClock::default();
        let (mut ages, keep) = (Ages::of(&clock), all(2 * HOUR));
        let only_size = [false, true, false, false];
        clock.advance(HOUR);
        clock.jump_wall(SignedDuration::from_mins(60));
        assert_eq!(applied(&mut ages, &clock, &keep), [true; 4], "an hour is summer time");
        clock.jump_wall(MONTH);
        assert_eq!(applied(&mut ages, &clock, &keep), only_size);
        clock.jump_wall(-MONTH);
        assert_eq!(applied(&mut ages, &clock, &keep), [true; 4]);
        clock.jump_wall(MONTH);
        for _ in 0..24 {
            assert_eq!(applied(&mut ages, &clock, &keep), only_size);
            clock.advance(HOUR);
        }
        assert_eq!(applied(&mut ages, &clock, &keep), [true; 4], "it is believed");
        clock.jump_wall(MONTH);
        assert_eq!(applied(&mut ages, &clock, &keep), only_size, "the next jump is not");
    }

    #[test]
    fn a_time_of_day_that_was_wrong_at_the_start_and_went_back_is_held_to_what_it_is_then() {
        let clock = TestClock::default();
        clock.jump_wall(MONTH);
        let (mut ages, keep) = (Ages::of(&clock), all(2 * HOUR));
        clock.jump_wall(-MONTH);
        clock.advance(HOUR);
        assert_eq!(applied(&mut ages, &clock, &keep), [true; 4]);
        clock.jump_wall(MONTH);
        assert_eq!(applied(&mut ages, &clock, &keep), [false, true, false, false]);
    }
}
