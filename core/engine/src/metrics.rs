//! The counters, in one place. Labels have few values: names from the configuration and commands from a catalogue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use switchhook_api::journal::Journal;

/// Around the sender's deadline of two seconds.
const REPLY_BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 1.8, 2.0, 5.0];

const PERSISTED_LATE_HELP: &str =
    "Callbacks persisted, and delivered, after they had been answered as not persisted";
const DAMAGED_HELP: &str =
    "Entries and records found damaged and set aside since the journal was opened";

macro_rules! labels {
    ($($name:ident { $($label:ident),* })*) => {
        $(
            #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
            pub(crate) struct $name {
                $(pub(crate) $label: Arc<str>,)*
            }
        )*
    };
}

labels! {
    OfCallback { source, command, phase, outcome }
    OfRefusal { source, reason }
    OfHandler { handler, result }
    OfAction { handler, action, result }
    OfTarget { action }
    OfLimit { limit }
    OfPhase { phase }
}

/// All of them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub(crate) callbacks: Family<OfCallback, Counter>,
    pub(crate) refusals: Family<OfRefusal, Counter>,
    pub(crate) decisions: Family<OfHandler, Counter>,
    pub(crate) verdicts_adjusted: Family<OfHandler, Counter>,
    pub(crate) projected: Family<OfHandler, Counter>,
    pub(crate) deliveries: Family<OfAction, Counter>,
    pub(crate) attempts_under_way: Family<OfTarget, Gauge>,
    pub(crate) retries_delayed: Family<OfTarget, Counter>,
    pub(crate) breaker_open: Family<OfTarget, Gauge>,
    pub(crate) breaker_opened: Family<OfTarget, Counter>,
    pub(crate) failed_in_a_row: Family<OfTarget, Gauge>,
    pub(crate) replies: Family<OfPhase, Histogram, fn() -> Histogram>,
    pub(crate) connections: Gauge,
    pub(crate) malformed_requests: Counter,
    pub(crate) notes_dropped: Counter,
    persisted_late: Counter,
    journal_damaged: Gauge,
    limits: Family<OfLimit, Counter>,
    taken_in: TakenIn,
}

/// What the journal and the log count themselves, as far as it is in the counters.
#[derive(Debug, Default)]
struct TakenIn {
    notes_lost: AtomicU64,
    persisted_late: AtomicU64,
    lines_lost: AtomicU64,
}

/// How much a count has grown since it was taken in last.
fn growth(taken_in: &AtomicU64, count: u64) -> u64 {
    count.saturating_sub(taken_in.fetch_max(count, Ordering::Relaxed))
}

fn registered<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("switchhook");
        macro_rules! register {
            ($name:literal, $help:expr) => {
                register!($name, $help, <_>::default())
            };
            ($name:literal, $help:expr, $metric:expr) => {
                registered(&mut registry, $name, $help, $metric)
            };
        }
        let replies: fn() -> Histogram = || Histogram::new(REPLY_BUCKETS);
        Self {
            callbacks: register!("callbacks", "Genuine callbacks by what became of them"),
            refusals: register!("refusals", "Requests that were not taken in, by exact reason"),
            decisions: register!("decisions", "What handlers answered to before-callbacks"),
            verdicts_adjusted: register!(
                "verdicts_adjusted",
                "Verdicts that the protocol could not say as they were given, by what was said"
            ),
            projected: register!("projected", "Callbacks that handlers read from the journal"),
            deliveries: register!(
                "deliveries",
                "Attempts of actions by result; `dead`: given up after the last"
            ),
            attempts_under_way: register!(
                "attempts_under_way",
                "Attempts that have begun and not ended"
            ),
            retries_delayed: register!(
                "retries_delayed",
                "Retries that wait longer because there are too many"
            ),
            breaker_open: register!(
                "breaker_open",
                "1 while a target that fails is left alone or probed"
            ),
            breaker_opened: register!(
                "breaker_opened",
                "How often a target failed so often in a row that it was left alone"
            ),
            failed_in_a_row: register!(
                "failed_in_a_row",
                "Attempts that failed since the last delivery; 0: the last one delivered something"
            ),
            replies: register!(
                "reply_seconds",
                "From the head of a request to its answer",
                Family::new_with_constructor(replies)
            ),
            connections: register!("connections", "Open connections"),
            malformed_requests: register!("malformed_requests", "Requests that were no HTTP"),
            notes_dropped: register!(
                "notes_dropped",
                "Before-callbacks that were answered but for whose record there was no room"
            ),
            persisted_late: register!("persisted_late", PERSISTED_LATE_HELP),
            journal_damaged: register!("journal_damaged", DAMAGED_HELP),
            limits: register!("limit_hits", "How often a limit was hit, by its name"),
            taken_in: TakenIn::default(),
            registry,
        }
    }
}

impl Metrics {
    /// Counts that a limit was hit.
    pub fn limit(&self, name: &'static str) {
        self.limits.get_or_create(&OfLimit { limit: name.into() }).inc();
    }

    /// The counter of a limit, for those who hit it often.
    pub fn limit_counter(&self, name: &'static str) -> Counter {
        self.limits.get_or_create(&OfLimit { limit: name.into() }).clone()
    }

    /// Takes in what the journal and the log count themselves.
    pub fn take_in(&self, journal: &dyn Journal) {
        self.journal_damaged.set(i64::try_from(journal.damaged()).unwrap_or(i64::MAX));
        let TakenIn { notes_lost, persisted_late, lines_lost } = &self.taken_in;
        self.notes_dropped.inc_by(growth(notes_lost, journal.notes_lost()));
        self.persisted_late.inc_by(growth(persisted_late, journal.persisted_late()));
        let lines = growth(lines_lost, switchhook_api::log_lines::lost());
        if lines > 0 {
            self.limit_counter("log_lines").inc_by(lines);
        }
    }

    /// All of them as `OpenMetrics` text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchhook_testkit::{MemoryJournal, TestClock};

    #[test]
    fn what_the_journal_lost_is_told_once() {
        let (metrics, clock) = (Metrics::default(), Arc::new(TestClock::default()));
        let journal = MemoryJournal::new(clock);
        metrics.notes_dropped.inc();
        for (damaged, lost, dropped) in [(0, 0, 1), (2, 3, 4), (2, 3, 4), (2, 5, 6)] {
            journal.set_losses(damaged, lost);
            metrics.take_in(&journal);
            let text = metrics.text();
            let has = |line: String| text.lines().any(|one| one == line);
            assert!(has(format!("switchhook_journal_damaged {damaged}")), "{text}");
            assert!(has(format!("switchhook_notes_dropped_total {dropped}")), "{text}");
        }
    }
}
