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

/// Around the sender's deadline of two seconds.
const REPLY_BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 1.8, 2.0, 5.0];

/// Help texts that are too long to stand beside their names.
mod help {
    pub(super) const DECISIONS: &str =
        "Decisions of handlers about before-callbacks, by verdict or failure";
    pub(super) const VERDICTS_ADJUSTED: &str =
        "Verdicts that the protocol cannot express exactly, by the verdict that was sent instead";
    pub(super) const CALLBACKS_HANDLED: &str =
        "Callbacks that handlers read from the journal, by result";
    pub(super) const DELIVERIES: &str =
        "Delivery attempts by result; `dead_letter` counts records that were given up";
    pub(super) const ATTEMPTS_IN_FLIGHT: &str = "Delivery attempts that are running";
    pub(super) const RETRIES_THROTTLED: &str =
        "Retries that were postponed by the retry limits max_ratio and min_per_minute";
    pub(super) const CIRCUIT_BREAKER_OPEN: &str =
        "1 while the circuit breaker of the action is open or half-open";
    pub(super) const CIRCUIT_BREAKER_OPENED: &str =
        "How often the circuit breaker of the action opened";
    pub(super) const CONSECUTIVE_FAILURES: &str =
        "Attempts that failed since the last successful one";
    pub(super) const REPLY_SECONDS: &str = "Time from the head of a request to its reply";
    pub(super) const MALFORMED_REQUESTS: &str = "Requests that were not valid HTTP";
    pub(super) const APPENDS_DROPPED: &str =
        "Before-callbacks that were answered but not persisted: the queue of the journal was full";
    pub(super) const PERSISTED_LATE: &str =
        "Callbacks that were persisted after their sender had been told that they were not";
    pub(super) const JOURNAL_DAMAGED: &str =
        "Damaged callbacks and records found since the journal was opened";
}

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
    pub(crate) callbacks_handled: Family<OfHandler, Counter>,
    pub(crate) deliveries: Family<OfAction, Counter>,
    pub(crate) attempts_in_flight: Family<OfTarget, Gauge>,
    pub(crate) retries_throttled: Family<OfTarget, Counter>,
    pub(crate) circuit_breaker_open: Family<OfTarget, Gauge>,
    pub(crate) circuit_breaker_opened: Family<OfTarget, Counter>,
    pub(crate) consecutive_failures: Family<OfTarget, Gauge>,
    pub(crate) replies: Family<OfPhase, Histogram, fn() -> Histogram>,
    pub(crate) connections: Gauge,
    pub(crate) malformed_requests: Counter,
    pub(crate) appends_dropped: Counter,
    persisted_late: Counter,
    journal_damaged: Gauge,
    limits: Family<OfLimit, Counter>,
    taken_in: TakenIn,
}

/// What a journal has counted since it was opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct JournalCounts {
    /// Items that are damaged and set aside.
    pub damaged: u64,
    /// Best-effort callbacks that were accepted and then not persisted.
    pub notes_lost: u64,
    /// Callbacks that were persisted after their append had been dropped.
    pub persisted_late: u64,
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
            callbacks: register!("callbacks", "Callbacks by outcome"),
            refusals: register!("refusals", "Refused requests, by reason"),
            decisions: register!("decisions", help::DECISIONS),
            verdicts_adjusted: register!("verdicts_adjusted", help::VERDICTS_ADJUSTED),
            callbacks_handled: register!("callbacks_handled", help::CALLBACKS_HANDLED),
            deliveries: register!("deliveries", help::DELIVERIES),
            attempts_in_flight: register!("attempts_in_flight", help::ATTEMPTS_IN_FLIGHT),
            retries_throttled: register!("retries_throttled", help::RETRIES_THROTTLED),
            circuit_breaker_open: register!("circuit_breaker_open", help::CIRCUIT_BREAKER_OPEN),
            circuit_breaker_opened: register!(
                "circuit_breaker_opened",
                help::CIRCUIT_BREAKER_OPENED
            ),
            consecutive_failures: register!("consecutive_failures", help::CONSECUTIVE_FAILURES),
            replies: register!(
                "reply_seconds",
                help::REPLY_SECONDS,
                Family::new_with_constructor(replies)
            ),
            connections: register!("connections", "Open connections"),
            malformed_requests: register!("malformed_requests", help::MALFORMED_REQUESTS),
            appends_dropped: register!("appends_dropped", help::APPENDS_DROPPED),
            persisted_late: register!("persisted_late", help::PERSISTED_LATE),
            journal_damaged: register!("journal_damaged", help::JOURNAL_DAMAGED),
            limits: register!("limit_hits", "How often a limit was reached, by its name"),
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
    pub fn take_in(&self, journal: JournalCounts) {
        self.journal_damaged.set(i64::try_from(journal.damaged).unwrap_or(i64::MAX));
        let TakenIn { notes_lost, persisted_late, lines_lost } = &self.taken_in;
        self.appends_dropped.inc_by(growth(notes_lost, journal.notes_lost));
        self.persisted_late.inc_by(growth(persisted_late, journal.persisted_late));
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

    /// A family without members is not in the text.
    fn use_all(metrics: &Metrics) {
        let one: Arc<str> = "x".into();
        let handler = OfHandler { handler: one.clone(), result: one.clone() };
        let target = OfTarget { action: one.clone() };
        for family in [&metrics.decisions, &metrics.verdicts_adjusted, &metrics.callbacks_handled] {
            family.get_or_create(&handler).inc();
        }
        for family in [
            &metrics.attempts_in_flight,
            &metrics.circuit_breaker_open,
            &metrics.consecutive_failures,
        ] {
            family.get_or_create(&target).inc();
        }
        for family in [&metrics.retries_throttled, &metrics.circuit_breaker_opened] {
            family.get_or_create(&target).inc();
        }
        let [source, command, phase, outcome] = [(); 4].map(|()| one.clone());
        metrics.callbacks.get_or_create(&OfCallback { source, command, phase, outcome }).inc();
        let [source, reason, handler, action, result] = [(); 5].map(|()| one.clone());
        metrics.refusals.get_or_create(&OfRefusal { source, reason }).inc();
        metrics.deliveries.get_or_create(&OfAction { handler, action, result }).inc();
        metrics.replies.get_or_create(&OfPhase { phase: one }).observe(1.0);
        metrics.limit("x");
    }

    /// Dashboards and alerts depend on these names: a change belongs into the changelog.
    #[test]
    fn the_names_are_these() {
        let metrics = Metrics::default();
        use_all(&metrics);
        let text = metrics.text();
        let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE switchhook_"));
        let names: Vec<&str> = names.filter_map(|line| line.split(' ').next()).collect();
        let expected = [
            "callbacks",
            "refusals",
            "decisions",
            "verdicts_adjusted",
            "callbacks_handled",
            "deliveries",
            "attempts_in_flight",
            "retries_throttled",
            "circuit_breaker_open",
            "circuit_breaker_opened",
            "consecutive_failures",
            "reply_seconds",
            "connections",
            "malformed_requests",
            "appends_dropped",
            "persisted_late",
            "journal_damaged",
            "limit_hits",
        ];
        assert_eq!(names, expected, "{text}");
    }

    #[test]
    fn what_the_journal_lost_is_told_once() {
        let metrics = Metrics::default();
        metrics.appends_dropped.inc();
        for (damaged, notes_lost, dropped) in [(0, 0, 1), (2, 3, 4), (2, 3, 4), (2, 5, 6)] {
            let persisted_late = 2 * notes_lost;
            metrics.take_in(JournalCounts { damaged, notes_lost, persisted_late });
            let text = metrics.text();
            let has = |line: String| text.lines().any(|one| one == line);
            assert!(has(format!("switchhook_journal_damaged {damaged}")), "{text}");
            assert!(has(format!("switchhook_appends_dropped_total {dropped}")), "{text}");
            assert!(has(format!("switchhook_persisted_late_total {persisted_late}")), "{text}");
        }
    }
}
