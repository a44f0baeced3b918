//! One node of the in-memory journal, with faults on the way to the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use switchhook_api::journal::{
    Appended, ConsumerId, ConsumerSpec, ConsumerStatus, DeadLetter, DeadLetterQuery, Entry,
    EventQuery, Health, Journal, JournalAdmin, JournalError, Lease, LeaseRequest, Page, Settlement,
    StoredEvent,
};
use switchhook_api::{Clock as _, StateReader};
use switchhook_testkit::MemoryJournal;

use super::log::{Event, Kind, Log};

/// What all nodes on one store share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: MemoryJournal,
    pub(super) log: Arc<Log>,
    chance: Mutex<fastrand::Rng>,
    /// Calls that fail, of a thousand.
    trouble: Mutex<u32>,
    /// Whether actions can be paused at all.
    pub(super) pauses: AtomicBool,
}

impl Shared {
    pub(super) fn new(store: MemoryJournal, log: Arc<Log>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            store,
            log,
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
            trouble: Mutex::new(0),
            pauses: AtomicBool::new(true),
        })
    }

    /// From now on so many calls of a thousand fail.
    pub(super) fn set_trouble(&self, of_a_thousand: u32) {
        *self.trouble.lock().unwrap() = of_a_thousand;
    }

    /// Pauses an action or lets it go on.
    pub(super) async fn pause(&self, action: &str, paused: bool) -> Result<(), JournalError> {
        self.store.pause(action, paused).await?;
        self.log.push(Event::Paused { action: action.to_owned(), paused });
        Ok(())
    }

    fn fails(&self) -> bool {
        let trouble = *self.trouble.lock().unwrap();
        trouble > 0 && self.chance.lock().unwrap().u32(..1000) < trouble
    }

    /// A commit or a read takes a moment when there is trouble.
    async fn take_time(&self) {
        if *self.trouble.lock().unwrap() > 0 {
            let millis = self.chance.lock().unwrap().u64(0..50);
            let until = self.log.clock.now() + Duration::from_millis(millis);
            self.log.clock.sleep_until(until).await;
        }
    }
}

/// One life of a node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) inner: MemoryJournal,
    pub(super) shared: Arc<Shared>,
    pub(super) life: u32,
}

fn trouble() -> JournalError {
    JournalError::Store("on purpose".into())
}

#[async_trait]
impl JournalAdmin for Node {
    async fn lanes(&self) -> Result<Vec<ConsumerStatus>, JournalError> {
        self.inner.lanes().await
    }

    async fn dead_letters(
        &self,
        query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, JournalError> {
        self.inner.dead_letters(query).await
    }

    async fn pause(&self, action: &str, paused: bool) -> Result<(), JournalError> {
        if !self.shared.pauses.load(Ordering::Relaxed) {
            return Err(JournalError::Unsupported("pause actions"));
        }
        self.shared.take_time().await;
        match self.shared.fails() {
            true => Err(trouble()),
            false => self.shared.pause(action, paused).await,
        }
    }
}

#[async_trait]
impl StateReader for Node {
    async fn state(&self, handler: &str, key: &str) -> Result<Option<Bytes>, JournalError> {
        self.shared.take_time().await;
        match self.shared.fails() {
            true => Err(trouble()),
            false => self.inner.state(handler, key).await,
        }
    }
}

#[async_trait]
impl Journal for Node {
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError> {
        self.inner.append(entries).await
    }

    fn note(&self, entry: Entry) -> bool {
        self.inner.note(entry)
    }

    async fn attach(&self, lanes: &[ConsumerSpec]) -> Result<(), JournalError> {
        self.inner.attach(lanes).await
    }

    async fn lease(&self, lane: &ConsumerId, want: &LeaseRequest) -> Result<Lease, JournalError> {
        match self.shared.fails() {
            true => Err(trouble()),
            false => self.inner.lease(lane, want).await,
        }
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        self.shared.take_time().await;
        if self.shared.fails() {
            self.inner.fail_settlements(1);
            self.shared.log.push(Event::Restored { lane: Some(settlement.lane.clone()) });
        }
        let (life, lane) = (self.life, settlement.lane.clone());
        let fates: Vec<_> =
            settlement.fates.iter().map(|(at, fate)| (at.0, Kind::of(fate))).collect();
        let settled = self.inner.settle(settlement).await;
        for (position, fate) in fates {
            let (lane, kept) = (lane.clone(), settled.is_ok());
            self.shared.log.push(Event::Settled { life, lane, position, fate, kept });
        }
        settled
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<StoredEvent>, JournalError> {
        self.inner.events(query).await
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    async fn failed(&self) -> String {
        self.inner.failed().await
    }

    async fn shutdown(&self) {
        self.inner.shutdown().await;
    }
}
