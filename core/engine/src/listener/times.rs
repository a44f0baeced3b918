//! What the connections of one listener share.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Puts the ends of exchanges in order, and tells who waits that a connection has become idle.
#[derive(Debug, Default)]
pub(super) struct Times {
    last: AtomicU64,
    pub(super) rested: Notify,
}

impl Times {
    pub(super) fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn rested(&self) {
        self.rested.notify_waiters();
    }
}
