//! Faults that a test can order: crashes, failures, waits and losses.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use switchhook_api::journal::Health;

use super::{Commits, MemoryJournal};

impl MemoryJournal {
    /// Simulates that all nodes were killed and one came back: leases are lost, settlements are not.
    pub fn crash(&self) {
        self.store().crash(&*self.shared.clock);
        self.shared.changed.notify_waiters();
    }

    /// Makes the next reads of a handler's state fail, this many times.
    pub fn fail_state(&self, times: usize) {
        self.shared.unreadable.store(times, Ordering::SeqCst);
    }

    /// Makes the next settlements of deliveries fail, this many times, as if the disk were full.
    pub fn fail_deliveries(&self, times: usize) {
        self.shared.unsettled.store(times, Ordering::SeqCst);
    }

    /// Makes settlements of deliveries wait, as for a slow disk, until it is turned off.
    pub fn hold_deliveries(&self, hold: bool) {
        self.shared.settles.send_replace(!hold);
    }

    /// Makes an append take this long by the runtime's clock. Its entries are persisted even if the caller no longer waits.
    pub fn set_commit_time(&self, takes: Duration) {
        *self.shared.commit_time.lock().unwrap_or_else(PoisonError::into_inner) = takes;
    }

    /// Makes the next commit of an append begin and not end, and later ones wait, until it is turned off.
    pub fn hold_commits(&self, hold: bool) {
        self.shared.commits.send_replace(Commits { held: hold, begun: false });
    }

    /// Whether a commit is held at the moment.
    pub fn holds_a_commit(&self) -> bool {
        self.shared.commits.borrow().begun
    }

    /// Makes it report this many damaged items, and this many best-effort callbacks that were not persisted.
    pub fn set_losses(&self, damaged: u64, notes_lost: u64) {
        self.shared.damaged.store(damaged, Ordering::SeqCst);
        self.shared.notes_lost.store(notes_lost, Ordering::SeqCst);
    }

    /// Makes the next settlements of any kind fail, this many times, like a failed commit.
    pub fn fail_settlements(&self, times: usize) {
        self.shared.uncommitted.store(times, Ordering::SeqCst);
    }

    /// Sets the health of the store: unavailable, it refuses appends as if the disk were full; failed, it is closed for good.
    pub fn set_health(&self, health: Health) {
        self.store().health = health;
        self.shared.changed.notify_waiters();
    }
}
