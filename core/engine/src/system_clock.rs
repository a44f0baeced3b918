//! The clock of the machine.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use switchhook_api::Clock;

/// The clock of the machine.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep_until(&self, at: Duration) {
        tokio::time::sleep_until((self.0 + at).into()).await;
    }
}
