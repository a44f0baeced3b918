//! Whether the server is well, and its counters.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use switchhook_api::journal::Health;
use warp::reply::Response;

use super::Admin;
use super::answer::{json, respond};
use super::lanes::ConsumerView;
use crate::metrics::JournalCounts;

/// A disk that hangs keeps nobody from being told so.
const LANES_PATIENCE: Duration = Duration::from_secs(1);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<String>,
    #[serde(rename = "warnings")]
    remarks: Vec<String>,
}

impl Admin {
    pub(super) async fn readyz(&self) -> Response {
        let mut reasons = Vec::new();
        if self.draining.load(Ordering::Relaxed) {
            reasons.push("stopping: no new callbacks are accepted".to_owned());
        }
        if let Health::Unavailable(why) | Health::Failed(why) = self.journal.health() {
            reasons.push(format!("journal: {why}"));
        }
        let remarks = self.remarks().await;
        let status =
            if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        json(status, &Readiness { ready: reasons.is_empty(), reasons, remarks })
    }

    /// What is no reason to be called unready, but should be known.
    async fn remarks(&self) -> Vec<String> {
        let Ok(Ok(lanes)) = tokio::time::timeout(LANES_PATIENCE, self.journal.lanes()).await else {
            return vec!["the state of the consumers cannot be read at the moment".to_owned()];
        };
        let lanes = lanes.into_iter().map(|lane| ConsumerView::with(lane, &*self.targets));
        let lanes = lanes.filter_map(|lane| lane.remark(self.orphan_retention));
        let mut remarks: Vec<String> = lanes.chain(self.targets.remarks()).collect();
        remarks.sort();
        remarks
    }

    pub(super) fn metrics(&self) -> Response {
        self.metrics.take_in(JournalCounts {
            damaged: self.journal.damaged(),
            notes_lost: self.journal.notes_lost(),
            persisted_late: self.journal.persisted_late(),
        });
        respond(StatusCode::OK, OPEN_METRICS, self.metrics.text())
    }
}
