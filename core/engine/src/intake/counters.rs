//! What is counted of the callbacks of one command.

use std::sync::{Arc, OnceLock};

use prometheus_client::metrics::counter::Counter;
use switchhook_api::Phase;

use crate::metrics::{Metrics, OfCallback};

/// The counters of one command, looked up when they are first needed: a command that never comes is not in the metrics.
pub(super) struct Counters {
    labels: OfCallback,
    kept: OnceLock<Counter>,
}

impl Counters {
    pub(super) fn new(source: &Arc<str>, command: &str, phase: Phase) -> Self {
        let (source, command, phase) = (source.clone(), command.into(), phase.as_str().into());
        Self {
            labels: OfCallback { source, command, phase, outcome: "".into() },
            kept: OnceLock::new(),
        }
    }

    pub(super) fn kept(&self, metrics: &Metrics) {
        self.kept.get_or_init(|| self.of(metrics, "persisted")).inc();
    }

    pub(super) fn count(&self, metrics: &Metrics, outcome: &str) {
        self.of(metrics, outcome).inc();
    }

    fn of(&self, metrics: &Metrics, outcome: &str) -> Counter {
        metrics
            .callbacks
            .get_or_create(&OfCallback { outcome: outcome.into(), ..self.labels.clone() })
            .clone()
    }
}
