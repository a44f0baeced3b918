//! The journal in memory: it has the whole contract, and nothing is durable.

mod faults;
mod store;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use switchhook_api::journal::{
    Appended, ConsumerId, ConsumerSpec, ConsumerStatus, DeadLetter, DeadLetterQuery, Disposition,
    Entry, EventQuery, Health, Journal, JournalAdmin, JournalError, Lease, LeaseRequest, Page,
    Pruned, Replay, Requeued, Retention, Settlement, Stats, StoredEvent, Verified,
};
use switchhook_api::{Clock, StateReader};
use tokio::sync::{Notify, watch};

use self::store::Store;

/// A journal in memory. A clone is another node on the same store; the store is gone with its last node.
#[derive(Debug)]
pub struct MemoryJournal {
    shared: Arc<Shared>,
    closed: AtomicBool,
}

#[derive(Debug)]
struct Shared {
    store: Mutex<Store>,
    clock: Arc<dyn Clock>,
    changed: Notify,
    unreadable: AtomicUsize,
    unsettled: AtomicUsize,
    damaged: AtomicU64,
    notes_lost: AtomicU64,
    uncommitted: AtomicUsize,
    commit_time: Mutex<Duration>,
    commits: watch::Sender<Commits>,
    late: AtomicU64,
    /// Deliveries are settled while it is true.
    settles: watch::Sender<bool>,
}

/// Whether commits are held back, and whether one has begun and is held.
#[derive(Clone, Copy, Debug, Default)]
struct Commits {
    held: bool,
    begun: bool,
}

/// What an append has stored. If it is dropped together with its append, it is marked as persisted late.
struct Unheard<'j> {
    journal: &'j MemoryJournal,
    appended: Vec<Appended>,
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        let late = self.journal.store().mark_late(&self.appended);
        self.journal.shared.late.fetch_add(late, Ordering::SeqCst);
    }
}

impl Clone for MemoryJournal {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), closed: AtomicBool::new(false) }
    }
}

impl MemoryJournal {
    /// An empty store and its first node.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let shared = Shared {
            store: Mutex::default(),
            clock,
            changed: Notify::new(),
            unreadable: AtomicUsize::new(0),
            unsettled: AtomicUsize::new(0),
            damaged: AtomicU64::new(0),
            notes_lost: AtomicU64::new(0),
            uncommitted: AtomicUsize::new(0),
            commit_time: Mutex::default(),
            commits: watch::Sender::default(),
            late: AtomicU64::new(0),
            settles: watch::Sender::new(true),
        };
        Self { shared: Arc::new(shared), closed: AtomicBool::new(false) }
    }

    fn take_in(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError> {
        let mut store = self.open()?;
        if store.health != Health::Ready {
            return Err(JournalError::Full);
        }
        let wall = self.shared.clock.wall();
        let kept = entries.into_iter().map(|entry| store.append(entry, wall)).collect();
        self.shared.changed.notify_waiters();
        Ok(kept)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, Store>, JournalError> {
        let store = self.store();
        let failed = matches!(store.health, Health::Failed(_));
        match failed || self.closed.load(Ordering::SeqCst) {
            true => Err(JournalError::Closed),
            false => Ok(store),
        }
    }

    /// Changes the store and wakes all waiting tasks.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Store, &dyn Clock) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let changed = change(&mut *self.open()?, &*self.shared.clock);
        self.shared.changed.notify_waiters();
        changed
    }
}

fn counted_down(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
}

#[async_trait]
impl JournalAdmin for MemoryJournal {
    async fn lanes(&self) -> Result<Vec<ConsumerStatus>, JournalError> {
        Ok(self.open()?.lanes(&*self.shared.clock))
    }

    async fn dead_letters(
        &self,
        query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, JournalError> {
        Ok(self.open()?.dead_letters(query))
    }

    async fn retry_dead_letters(&self, numbers: &[u64]) -> Result<Requeued, JournalError> {
        self.change(|store, clock| store.retry_dead_letters(numbers, clock))
    }

    async fn drop_dead_letters(&self, numbers: &[u64]) -> Result<u64, JournalError> {
        self.change(|store, _| Ok(store.drop_dead_letters(numbers)))
    }

    async fn replay(&self, replay: &Replay) -> Result<Requeued, JournalError> {
        self.change(|store, clock| store.replay(replay, clock))
    }

    async fn pause(&self, action: &str, paused: bool) -> Result<(), JournalError> {
        self.change(|store, clock| store.pause(action, paused, clock))
    }

    async fn prune(&self, retention: &Retention) -> Result<Pruned, JournalError> {
        self.change(|store, clock| store.prune(retention, clock))
    }

    async fn forget_lane(&self, lane: &ConsumerId) -> Result<ConsumerStatus, JournalError> {
        self.change(|store, clock| store.forget_lane(lane, clock))
    }

    async fn stats(&self) -> Result<Stats, JournalError> {
        Ok(self.open()?.stats())
    }

    async fn verify(&self) -> Result<Verified, JournalError> {
        Ok(self.open()?.verify())
    }

    fn damaged(&self) -> u64 {
        self.shared.damaged.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl StateReader for MemoryJournal {
    async fn state(&self, handler: &str, key: &str) -> Result<Option<Bytes>, JournalError> {
        let store = self.open()?;
        match counted_down(&self.shared.unreadable) {
            true => Err(JournalError::Store("on purpose".into())),
            false => Ok(store.state(handler, key)),
        }
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError> {
        let mut commits = self.shared.commits.subscribe();
        _ = commits.wait_for(|commits| !commits.begun).await; // the sender is ours
        let mut kept = Unheard { journal: self, appended: self.take_in(entries)? };
        self.shared.commits.send_modify(|commits| commits.begun = commits.held);
        _ = commits.wait_for(|commits| !commits.held).await;
        let takes = *self.shared.commit_time.lock().unwrap_or_else(PoisonError::into_inner);
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        Ok(std::mem::take(&mut kept.appended))
    }

    fn note(&self, entry: Entry) -> bool {
        let Ok(mut store) = self.open() else { return false };
        let well = store.health == Health::Ready;
        if well {
            store.append(entry, self.shared.clock.wall());
            self.shared.changed.notify_waiters();
        }
        well
    }

    async fn attach(&self, lanes: &[ConsumerSpec]) -> Result<(), JournalError> {
        self.open()?.attach(lanes, self.shared.clock.wall());
        self.shared.changed.notify_waiters();
        Ok(())
    }

    async fn lease(&self, lane: &ConsumerId, want: &LeaseRequest) -> Result<Lease, JournalError> {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let wake = {
                let mut store = self.open()?;
                match store.lease(lane, want, &*self.shared.clock)? {
                    Ok(lease) => {
                        self.shared.changed.notify_waiters(); // those who wait must know when it runs out
                        return Ok(lease);
                    }
                    Err(wake) => wake,
                }
            };
            match wake {
                None => changed.await,
                Some(at) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = self.shared.clock.sleep_until(at) => {}
                },
            }
        }
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        let delivered = |(_, fate): &(_, Disposition)| matches!(fate, Disposition::Delivered);
        let delivers = settlement.fates.iter().any(delivered);
        if delivers {
            let mut settles = self.shared.settles.subscribe();
            _ = settles.wait_for(|settles| *settles).await; // the sender is ours
        }
        let fails = delivers && counted_down(&self.shared.unsettled);
        if fails || counted_down(&self.shared.uncommitted) {
            self.store().end_leases(&settlement.lane, &*self.shared.clock);
            self.shared.changed.notify_waiters();
            return Err(JournalError::Full);
        }
        self.open()?.settle(settlement, &*self.shared.clock)?;
        self.shared.changed.notify_waiters();
        Ok(())
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<StoredEvent>, JournalError> {
        Ok(self.open()?.events(query))
    }

    fn health(&self) -> Health {
        self.store().health.clone()
    }

    async fn failed(&self) -> String {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            if let Health::Failed(why) = self.health() {
                return why;
            }
            changed.await;
        }
    }

    fn notes_lost(&self) -> u64 {
        self.shared.notes_lost.load(Ordering::SeqCst)
    }

    fn persisted_late(&self) -> u64 {
        self.shared.late.load(Ordering::SeqCst)
    }

    async fn shutdown(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.shared.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use switchhook_testkit::TestClock;

    use switchhook_testkit::contract::{JournalFixture, model_case};

    struct Memory {
        clock: Arc<TestClock>,
        journal: MemoryJournal,
    }

    #[async_trait]
    impl JournalFixture for Memory {
        fn clock(&self) -> &TestClock {
            &self.clock
        }
        async fn open(&self) -> Arc<dyn Journal> {
            self.journal.crash();
            Arc::new(self.journal.clone())
        }
        fn hold_commits(&self, hold: bool) -> bool {
            self.journal.hold_commits(hold);
            true
        }
        fn holds_a_commit(&self) -> bool {
            self.journal.holds_a_commit()
        }
        fn fill(&self, full: bool) {
            let why = || Health::Unavailable("full".to_owned());
            self.journal.set_health(if full { why() } else { Health::Ready });
        }
        async fn second(&self) -> Option<Arc<dyn Journal>> {
            Some(Arc::new(self.journal.clone()))
        }
    }

    fn fixture() -> Memory {
        let clock = Arc::new(TestClock::default());
        Memory { journal: MemoryJournal::new(clock.clone()), clock }
    }

    switchhook_testkit::journal_contract!(fixture());

    #[tokio::test]
    async fn it_does_what_a_simple_model_does() {
        for seed in switchhook_testkit::contract::model_cases(150) {
            model_case(&fixture(), seed, Duration::ZERO).await;
        }
    }
}
