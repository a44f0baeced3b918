//! The context in which a test builds a plugin.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use switchhook_api::{BuildContext, Clock};

/// A context for an instance of this name, with the clock of the machine; [`TestClock`](crate::TestClock) is a clock under
/// control.
pub fn build_context(name: &str, base: impl Into<PathBuf>) -> BuildContext {
    BuildContext::new(name, base, Arc::new(MachineClock::default()))
}

#[derive(Debug)]
struct MachineClock(Instant);

impl Default for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for MachineClock {
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
