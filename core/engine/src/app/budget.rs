//! The time that a stop may take, and what of it each step has.

use std::time::Duration;

use tokio::time::Instant;

/// A budget is split into so many parts; the last one is left to the last lines of the log.
const PARTS: u32 = 16;
/// For requests and deliveries under way.
pub(super) const DRAIN: u32 = 9;
/// For what was broken off to end; what blocks its thread never does.
pub(super) const CUT_OFF: u32 = 11;
/// For the journal and the actions to write down what they hold and let go of it: only a disk that hangs takes longer.
pub(super) const LET_GO: u32 = 14;
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

    /// When a part of it is over.
    pub(super) fn at(&self, part: u32) -> Instant {
        self.begun + self.whole * part / PARTS
    }

    /// What the threads may still take to end.
    pub(super) fn threads(&self) -> Duration {
        self.at(THREADS).saturating_duration_since(Instant::now()).min(THREADS_FOR)
    }
}
