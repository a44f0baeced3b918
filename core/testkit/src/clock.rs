//! A clock that stands still until a test advances it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use switchhook_api::Clock;
use tokio::sync::watch;

/// 2026-01-01T00:00:00Z, in seconds.
const START: i64 = 1_767_225_600;

/// A clock that moves only with [`TestClock::advance`]. It starts at 2026-01-01T00:00:00Z; its monotonic time starts at 0.
#[derive(Debug)]
pub struct TestClock {
    wall: Mutex<Timestamp>,
    now: watch::Sender<Duration>,
}

impl Default for TestClock {
    fn default() -> Self {
        let wall = Timestamp::from_second(START).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { wall: Mutex::new(wall), now: watch::Sender::new(Duration::ZERO) }
    }
}

impl TestClock {
    /// Advances both times and wakes the tasks that waited for them.
    pub fn advance(&self, by: Duration) {
        self.jump_wall(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
        self.now.send_modify(|now| *now += by);
    }

    /// Moves only the system time, as if the clock of the machine were set.
    pub fn jump_wall(&self, by: SignedDuration) {
        let mut wall = self.wall.lock().unwrap_or_else(PoisonError::into_inner);
        let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
        *wall = wall.checked_add(by).unwrap_or(end);
    }

    /// The number of tasks that wait for a time.
    pub fn sleepers(&self) -> usize {
        self.now.receiver_count()
    }
}

#[async_trait]
impl Clock for TestClock {
    fn wall(&self) -> Timestamp {
        *self.wall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        *self.now.borrow()
    }

    async fn sleep_until(&self, at: Duration) {
        let mut times = self.now.subscribe();
        if times.wait_for(|now| *now >= at).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_their_time_has_come() {
        let clock = Arc::new(TestClock::default());
        let begin = clock.wall();
        let other = clock.clone();
        let sleeper = tokio::spawn(async move { other.sleep_until(Duration::from_secs(5)).await });
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(4));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.wall().duration_since(begin), SignedDuration::from_secs(5));
    }
}
