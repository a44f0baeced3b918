//! Who is connected, and who goes when somebody waits for a place: the connection that has been idle longest.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::timed::Turn;
use super::times::Times;
use crate::metrics::Metrics;

/// The connections of one listener.
pub(super) struct Crowd {
    slots: Arc<Semaphore>,
    members: Mutex<HashMap<u64, Arc<Turn>>>,
    numbers: AtomicU64,
    metrics: Arc<Metrics>,
    times: Arc<Times>,
}

/// A place for one connection.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    pub(super) turn: Arc<Turn>,
    _slot: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.members().remove(&self.number);
    }
}

impl Crowd {
    pub(super) fn new(connections: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(connections)),
            members: Mutex::default(),
            numbers: AtomicU64::new(0),
            metrics,
            times: Arc::default(),
        })
    }

    /// A place, once there is one; none when the server is to stop.
    pub(super) async fn place(self: &Arc<Self>, stop: &CancellationToken) -> Option<Place> {
        let slot = match self.slots.clone().try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => self.wait_for_slot(stop).await?,
        };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let turn = Arc::new(Turn::new(self.times.clone()));
        self.members().insert(number, turn.clone());
        Some(Place { crowd: self.clone(), number, turn, _slot: slot })
    }

    async fn wait_for_slot(&self, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
        self.metrics.limit("connections");
        loop {
            let mut rested = pin!(self.times.rested.notified());
            rested.as_mut().enable(); // before the look, so that nobody becomes idle unseen
            let going = self.send_longest_idle();
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                slot = self.slots.clone().acquire_owned() => return slot.ok(),
                // One is enough: who was sent ends within the limits of a request, should one have come just then.
                () = rested, if !going => {}
            }
        }
    }

    /// False where all are busy.
    fn send_longest_idle(&self) -> bool {
        let members = self.members();
        let idle = members.values().filter_map(|turn| Some((turn.idle_since()?, turn)));
        let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) else { return false };
        longest.send_away();
        self.metrics.limit("connections_evicted");
        true
    }

    fn members(&self) -> MutexGuard<'_, HashMap<u64, Arc<Turn>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
