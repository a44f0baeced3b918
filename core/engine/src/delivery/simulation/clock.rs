//! Time that passes only while everybody waits: the runtime's own, paused.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use switchhook_api::Clock;
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z, in seconds.
const START: i64 = 1_767_225_600;

/// The clock of a runtime whose time is paused. Only its time of day can be set.
#[derive(Debug)]
pub(in crate::delivery) struct VirtualClock {
    start: Instant,
    shift: Mutex<SignedDuration>,
}

impl VirtualClock {
    pub(in crate::delivery) fn new() -> Self {
        Self { start: Instant::now(), shift: Mutex::default() }
    }

    /// As when somebody sets the machine's clock.
    pub(super) fn jump_wall(&self, by: SignedDuration) {
        *self.shift.lock().unwrap() += by;
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn wall(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.now()).unwrap();
        Timestamp::from_second(START).unwrap() + since + *self.shift.lock().unwrap()
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep_until(&self, at: Duration) {
        tokio::time::sleep_until(self.start + at).await;
    }
}
