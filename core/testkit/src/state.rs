//! The durable state of one handler, in memory, and one run of `handle` over it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use switchhook_api::journal::JournalError;
use switchhook_api::{
    Callback, Failure, HandleContext, Handler, NewRecord, StateChanges, StateReader,
};

/// The state of a handler between calls of [`StoredState::run`], which also counts how often it was read.
#[derive(Debug, Default)]
pub struct StoredState {
    /// By key.
    pub state: HashMap<String, Bytes>,
    /// The number of reads so far.
    pub reads: AtomicUsize,
}

#[async_trait]
impl StateReader for StoredState {
    async fn state(&self, _: &str, key: &str) -> Result<Option<Bytes>, JournalError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.state.get(key).cloned())
    }
}

impl StoredState {
    /// Runs `handle` once, and stores its changes if it succeeds.
    ///
    /// # Errors
    /// The failure of the handler, or that its state is too large.
    pub async fn run(
        &mut self,
        handler: &dyn Handler,
        callback: &Callback,
    ) -> Result<Option<NewRecord>, Failure> {
        let before = StateChanges::new();
        let mut cx = HandleContext::new("mine", self, &before);
        let record = handler.handle(callback, &mut cx).await?;
        for (key, value) in cx.into_changes()? {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        Ok(record)
    }
}

/// One run with an empty state, and the state after it.
pub async fn handled(
    handler: &dyn Handler,
    callback: &Callback,
) -> (Result<Option<NewRecord>, Failure>, StoredState) {
    let mut stored = StoredState::default();
    let record = stored.run(handler, callback).await;
    (record, stored)
}
