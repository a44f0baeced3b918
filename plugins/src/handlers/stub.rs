//! For tests: a journal that knows nothing but state, and one run of `handle` over it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use switchhook_core::journal::{
    Appended, Entry, EventQuery, Health, Journal, JournalError, LaneId, LaneSpec, Lease, Page,
    Settlement, StoredEvent, Upkeep, Want,
};
use switchhook_core::{
    Callback, Failure, HandleContext, Handler, NewRecord, StateChanges, async_trait,
};

/// A journal whose only content is state, counting how often it was read.
#[derive(Default)]
pub(crate) struct StateJournal {
    pub(crate) state: HashMap<String, Bytes>,
    pub(crate) reads: AtomicUsize,
}

impl Upkeep for StateJournal {}

#[async_trait]
impl Journal for StateJournal {
    async fn append(&self, _: Vec<Entry>) -> Result<Vec<Appended>, JournalError> {
        Err(JournalError::Closed)
    }
    fn note(&self, _: Entry) -> bool {
        false
    }
    async fn attach(&self, _: &[LaneSpec]) -> Result<(), JournalError> {
        Err(JournalError::Closed)
    }
    async fn lease(&self, _: &LaneId, _: &Want) -> Result<Lease, JournalError> {
        Err(JournalError::Closed)
    }
    async fn settle(&self, _: Settlement) -> Result<(), JournalError> {
        Err(JournalError::Closed)
    }
    async fn state(&self, _: &str, key: &str) -> Result<Option<Bytes>, JournalError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.state.get(key).cloned())
    }
    async fn events(&self, _: &EventQuery) -> Result<Page<StoredEvent>, JournalError> {
        Err(JournalError::Closed)
    }
    fn health(&self) -> Health {
        Health::Ready
    }
    async fn failed(&self) -> String {
        std::future::pending().await
    }
    async fn shutdown(&self) {}
}

impl StateJournal {
    /// Runs `handle` once and keeps its changes of state.
    pub(crate) async fn run(
        &mut self,
        handler: &dyn Handler,
        callback: &Callback,
    ) -> Result<Option<NewRecord>, Failure> {
        let before = StateChanges::new();
        let mut cx = HandleContext::new("mine", self, &before);
        let record = handler.handle(callback, &mut cx).await;
        let record = record?;
        for (key, value) in cx.into_changes()? {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        Ok(record)
    }
}

/// One run over an empty journal, and the journal after it.
pub(crate) async fn handled(
    handler: &dyn Handler,
    callback: &Callback,
) -> (Result<Option<NewRecord>, Failure>, StateJournal) {
    let mut journal = StateJournal::default();
    let record = journal.run(handler, callback).await;
    (record, journal)
}
