//! Clocks and random numbers, passed in so that tests can control them.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

/// The system time and a monotonic clock.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The system time; it may jump.
    fn wall(&self) -> Timestamp;
    /// Time since a fixed start; it never jumps.
    fn now(&self) -> Duration;
    /// Waits until [`Clock::now`] has reached `at`.
    async fn sleep_until(&self, at: Duration);
}

/// Random numbers for ids and jitter; they are not suitable for secrets.
#[derive(Debug)]
pub struct Rng(Mutex<fastrand::Rng>);

impl Default for Rng {
    fn default() -> Self {
        Self(Mutex::new(fastrand::Rng::new()))
    }
}

impl Rng {
    /// A generator that gives the same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A number from 0 up to, not including, 1.
    pub fn fraction(&self) -> f64 {
        self.with(fastrand::Rng::f64)
    }

    /// A fresh UUID of version 7: sortable by its time.
    pub fn id(&self, at: Timestamp) -> Uuid {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let noise = self.with(|rng| rng.u128(..)).to_ne_bytes();
        let mut tail = [0; 10];
        tail.copy_from_slice(&noise[..10]);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }

    fn with<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
